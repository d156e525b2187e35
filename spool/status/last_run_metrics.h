/*
 * What both programs' metrics tell of a table by the spool's status alone: how its last run went, and
 * what was set aside. Each program has metrics of its own for it (shared/metrics/metrics.h).
 *
 *     static const struct last_run_metrics meters = {.side = RUN_HISTORY_LOAD, .duration = LOAD_METRIC_LAST_DURATION, ...};
 *     last_run_set(metrics, &meters, status_table);
 */
#ifndef NETTY_SPOOL_STATUS_LAST_RUN_METRICS_H
#define NETTY_SPOOL_STATUS_LAST_RUN_METRICS_H

#include "shared/metrics/metrics.h"
#include "spool/status/status.h"

struct last_run_metrics {
    enum run_history_side side;
    size_t duration;     /* seconds it was busy */
    size_t timestamp;    /* when it ended */
    size_t success;      /* 1 where nothing failed; to be interrupted is no failure */
    size_t dead_letters; /* by reason; added to, so that the caller clears it before */
};

/* Of a table that was never run nothing is told but what was set aside. */
void last_run_set(struct metrics *m, const struct last_run_metrics *to,
                  const struct status_table *t);

#endif

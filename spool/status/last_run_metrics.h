/*
 * Sets the metrics that both programs derive from a table's status: how its last run went, and how many dead letters it
 * has. Each program has its own indexes for them (shared/metrics/metrics.h).
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
    size_t success;      /* 1 if it did not fail; being interrupted is no failure */
    size_t dead_letters; /* by reason; added to, so the caller clears the family before */
};

/* A table that never had a run gets only its dead letters. */
void last_run_set(struct metrics *m, const struct last_run_metrics *to,
                  const struct status_table *t);

#endif

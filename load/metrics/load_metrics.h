/*
 * What the loader shows to people and monitoring: its runs' lines of history in the spool (spool/status/run_history.h) and the metrics,
 * in the metrics file and at --listen (spool/status/monitor.h).
 *
 *     load_metrics_open(&a, &conf, e);
 *     load_metrics_table(a, "contacts", counts);    // counts of all its loads so far; read until
 *                                              // load_metrics_done
 *     load_metrics_loaded(a, "contacts", err);      // each time a load of the table ends
 *     load_metrics_done(a, code);                   // the run has ended: its tables begin anew
 *     load_metrics_close(a);                        // the memory goes with the loop's handles
 *
 * With --follow a table is loaded every few seconds. One line of history then stands for all of a
 * table's loads within LOAD_METRICS_SPAN, the first at once, so that a day fits whatever happens.
 *
 * A metrics file that cannot be written counts for the exit code. Any other failure here is logged, and fails no run.
 */
#ifndef NETTY_LOAD_METRICS_LOAD_METRICS_H
#define NETTY_LOAD_METRICS_LOAD_METRICS_H

#include "load/metrics/load_counts.h"
#include "shared/options/options.h"
#include "spool/store/spool.h"
#include <uv.h>

#define LOAD_METRICS_SPAN (INT64_C(300) * 1000000)

struct load_metrics;
/* All borrowed. */
struct load_metrics_conf {
    const struct options *options;
    uv_loop_t *loop;
    const struct spool *spool; /* load_metrics_spool */
    const char *kind;          /* of its runs: "load", "replay", "redrive" */
    bool follow;
    bool unseen;   /* one account of several: no file, and nobody is listened to */
    int64_t every; /* microseconds; 0: once, or --follow */
};

/* Fails with ERR_USAGE or ERR_CONFIG for wrong settings. */
enum err_code load_metrics_open(struct load_metrics **a, const struct load_metrics_conf *conf,
                                struct err *e) MUST_CHECK;
/* Here and below, a may be NULL: then nothing is counted. */
void load_metrics_table(struct load_metrics *a, const char *table,
                        const struct load_counts *counts);
void load_metrics_loaded(struct load_metrics *a, const char *table, const struct err *err);
/* Returns the exit code: the run's, or a graver one. */
int load_metrics_done(struct load_metrics *a, int code);
/* Uses another spool from now on, or none (NULL), since the one before is about to be closed. */
void load_metrics_spool(struct load_metrics *a, const struct spool *s);
void load_metrics_close(struct load_metrics *a);

#endif

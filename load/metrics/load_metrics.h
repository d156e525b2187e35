/*
 * What the loader shows to those who watch: its runs' lines of history in the spool (spool/status/run_history.h),
 * its metrics, and by way of spool/status/monitor.h the metrics' file and --listen.
 *
 *     account_open(&a, &conf, e);
 *     account_table(a, "contacts", counts);    // counts of all its loads so far; read until
 *                                              // account_done
 *     account_loaded(a, "contacts", err);      // each time a load of the table ends
 *     account_done(a, code);                   // the run has ended: its tables begin anew
 *     account_close(a);                        // the memory goes with the loop's handles
 *
 * With --follow a table is loaded every few seconds. One line of history then stands for all of a
 * table's loads within ACCOUNT_SPAN, the first at once, so that a day fits whatever happens.
 *
 * Nothing here fails a run but a metrics' file that cannot be written: what else cannot be is
 * logged.
 */
#ifndef NETTY_LOAD_METRICS_LOAD_METRICS_H
#define NETTY_LOAD_METRICS_LOAD_METRICS_H

#include "load/metrics/load_counts.h"
#include "shared/cli/options.h"
#include "spool/store/spool.h"
#include <uv.h>

#define ACCOUNT_SPAN (INT64_C(300) * 1000000)

struct account;
/* All borrowed. */
struct account_conf {
    const struct options *options;
    uv_loop_t *loop;
    const struct spool *spool; /* account_spool */
    const char *kind;          /* of its runs: "load", "replay", "redrive" */
    bool follow;
    int64_t every; /* microseconds; 0: once, or --follow */
};

/* ERR_USAGE, ERR_CONFIG for settings that cannot be. */
enum err_code account_open(struct account **a, const struct account_conf *conf,
                           struct err *e) MUST_CHECK;
/* a may be NULL, here and below: then nobody watches. */
void account_table(struct account *a, const char *table, const struct table_counts *counts);
void account_loaded(struct account *a, const char *table, const struct err *err);
/* The exit code: the run's, or a graver one. */
int account_done(struct account *a, int code);
/* Another spool from now on, or none (NULL): the one before is about to be closed. */
void account_spool(struct account *a, const struct spool *s);
void account_close(struct account *a);

#endif

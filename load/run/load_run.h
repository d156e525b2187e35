/*
 * A run of the loader: loads its tables over a few connections, writes what is loaded and the catalog into the spool, prunes the spool, and
 * makes the summary.
 *
 *     load_run_open(&r, loop, &conf, e);
 *     load_run_start(r, ended, ctx);        // ended(ctx) once, when all is loaded; with conf.follow after load_run_stop
 *     load_run_stop(r);                     // any time: ends at the next batch boundary
 *     load_run_report(r, out, json, e);     // the summary
 *     load_run_close(r);
 *
 * A table that fails does not stop the others, unless no connection can be had at all. The run's exit code is the gravest of its tables', and 74 if
 * what is loaded could not be written into the spool.
 */
#ifndef NETTY_LOAD_RUN_LOAD_RUN_H
#define NETTY_LOAD_RUN_LOAD_RUN_H

#include "load/metrics/load_metrics.h"
#include "load/publish/loaded_publish.h"
#include "load/table/table_load.h"
#include <stdio.h>

struct options;

struct load_run_conf {
    struct table_load_conf table; /* for each table; its name is not used */
    const char *conninfo;         /* NULL: libpq's environment */
    const char *const *tables;
    size_t count; /* 0: all that the spool holds */
    bool named;   /* the command line names the tables: one that the spool does not hold is an
                     error */
    size_t
        jobs; /* connections in all; one without a table is lent to a table that has much to load */
    bool follow;
    bool enlist;                   /* a replay: from now on, prune waits for this database */
    unsigned max_deletes;          /* percent (load/reconcile/reconcile.h) */
    struct load_metrics *metrics;  /* borrowed; or NULL */
    bool progress;                 /* show the progress on standard error */
    struct prune_conf limits;      /* of the spool: keep and max */
    const struct options *options; /* borrowed; of --views (table.views) */
    struct tables_seen
        *seen; /* what was seen of the tables already; load_run_open takes it over. NULL: nothing */
};

struct load_run;
typedef void load_run_ended_fn(void *ctx);

enum err_code load_run_open(struct load_run **r, uv_loop_t *loop, const struct load_run_conf *conf,
                            struct err *e) MUST_CHECK;
void load_run_start(struct load_run *r, load_run_ended_fn *ended, void *ctx);
void load_run_stop(struct load_run *r);
int load_run_exit(const struct load_run *r);
/* What all tables together came to. */
struct load_run_sums {
    size_t tables, failed;
    struct load_counts counts; /* read, inserted, updated, unchanged, dead_letters */
    struct err err;            /* the gravest, with its table's name; or OK */
};
void load_run_sum(const struct load_run *r, struct load_run_sums *sums);
enum err_code load_run_report(const struct load_run *r, FILE *out, bool json,
                              struct err *e) MUST_CHECK;
void load_run_close(struct load_run *r); /* after its end */

#endif

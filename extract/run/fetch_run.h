/*
 * One run over several tables: a few at a time, the one furthest behind first.
 *
 *     fetch_run_open(&r, &conf, wants, n, done, ctx, e);   // opens every table: takes their locks,
 * learns their positions fetch_run_start(r);                                  // done(ctx, r) once, from
 * the loop, when all have ended and closed fetch_run_stop(r, &why);                             // all
 * end at their last page boundary fetch_run_rows(r, &n); fetch_run_exit(r);                  // from within
 * done() at the latest fetch_run_close(r);                                  // after done()
 *
 * A table that fails holds up no other, nor does one that the API refuses to this key or does not have. A refused
 * key, throttling and a signal end them all. While
 * the breaker lets only one request through, or the key has never worked, only one table runs until
 * the API has taken the key.
 */
#ifndef NETTY_EXTRACT_RUN_FETCH_RUN_H
#define NETTY_EXTRACT_RUN_FETCH_RUN_H

#include "extract/metrics/fetch_metrics.h"
#include "extract/run/fetch_run_row.h"
#include "extract/table/table_fetch.h"
#include "shared/cli/progress.h"

struct fetch_run;
typedef void fetch_run_done_fn(void *ctx, struct fetch_run *r);

struct fetch_run_conf {
    const struct table_fetch_env *env; /* borrowed */
    struct fetch_metrics *metrics;     /* borrowed, or NULL */
    enum fetch_source source;
    unsigned jobs;             /* tables at a time */
    bool patient;              /* waits for a table that another run has, however long */
    struct progress *progress; /* borrowed, or NULL: what is drawn while the run is under way */
};

struct fetch_run_want {
    const char *name; /* borrowed */
    const char *key;  /* the database's key column, as the catalog has it; or NULL; borrowed */
    int64_t floor;    /* what the catalog says the database has; or WHEN_NONE */
};

enum err_code fetch_run_open(struct fetch_run **r, const struct fetch_run_conf *conf,
                             const struct fetch_run_want *wants, size_t n, fetch_run_done_fn *done,
                             void *ctx, struct err *e) MUST_CHECK;
void fetch_run_start(struct fetch_run *r);
void fetch_run_stop(struct fetch_run *r, const struct err *why);
/* In the order in which they were started. */
const struct fetch_run_row *fetch_run_rows(const struct fetch_run *r, size_t *n);
/* The run's tables for metrics and progress: a fetch_each_fn. */
void fetch_run_each(const void *run, fetch_see_fn *see, void *to);
/* The gravest exit code of all tables. */
int fetch_run_exit(const struct fetch_run *r);
void fetch_run_close(struct fetch_run *r);

#endif

/*
 * One run over several tables: a few at a time, the one that is furthest behind first.
 *
 *     fetch_run_open(&r, &conf, wants, n, done, ctx, e);   // opens every table: takes their locks, reads their positions
 *     fetch_run_start(r);               // done(ctx, r) once, from the loop, when all tables have ended and are closed
 *     fetch_run_stop(r, &why);          // any time: all tables end at their last page boundary
 *     fetch_run_rows(r, &n);            // these two until done() returns
 *     fetch_run_exit(r);
 *     fetch_run_close(r);               // after done()
 *
 * A table that fails, or that the API refuses or does not have, holds up no other. A refused key, throttling and a signal end
 * all of them; so does, in a run that is to be brief, a table that was given up while no request of the run had any answer.
 * Only one table runs while the breaker lets only one request through, and until a key that has never worked has
 * been accepted.
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
    bool patient;              /* waits without limit for a table that another run has */
    bool brief;                /* others wait for this run's place */
    struct progress *progress; /* the progress lines; borrowed, or NULL */
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
/* Returns the tables in the order in which they were started. */
const struct fetch_run_row *fetch_run_rows(const struct fetch_run *r, size_t *n);
/* Walks over the run's tables, for metrics and progress; a fetch_each_fn. */
void fetch_run_each(const void *run, fetch_see_fn *see, void *to);
/* Returns the gravest exit code of all tables. */
int fetch_run_exit(const struct fetch_run *r);
void fetch_run_close(struct fetch_run *r);

#endif

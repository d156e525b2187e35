/*
 * One run over several tables: a few at a time, the one furthest behind first.
 *
 *     run_open(&r, &conf, wants, n, done, ctx, e);   // opens every table: takes their locks,
 * learns their positions run_start(r);                                  // done(ctx, r) once, from
 * the loop, when all have ended and closed run_stop(r, &why);                             // all
 * end at their last page boundary run_rows(r, &n); run_exit(r);                  // from within
 * done() at the latest run_close(r);                                  // after done()
 *
 * A table that fails holds up no other. A refused key, throttling and a signal end them all. While
 * the breaker lets only one request through, or the key has never worked, only one table runs until
 * the API has taken the key.
 */
#ifndef NETTY_EXTRACT_RUN_FETCH_RUN_H
#define NETTY_EXTRACT_RUN_FETCH_RUN_H

#include "extract/table/table_fetch.h"

struct fetch_metrics;
struct run;
typedef void run_done_fn(void *ctx, struct run *r);

struct run_conf {
    const struct table_fetch_env *env; /* borrowed */
    struct fetch_metrics *account;     /* borrowed, or NULL */
    unsigned jobs;                     /* tables at a time */
    bool progress;                     /* a line a table on standard error, drawn again and again */
};

struct run_want {
    const char *name; /* borrowed */
    int64_t floor;    /* what the catalog says the database has; or WHEN_NONE */
};

struct run_row {
    const char *name;
    struct table_fetch *table; /* while it is open */
    struct table_fetch_result result;
    bool started;
    bool ended;
};

enum err_code run_open(struct run **r, const struct run_conf *conf, const struct run_want *wants,
                       size_t n, run_done_fn *done, void *ctx, struct err *e) MUST_CHECK;
void run_start(struct run *r);
void run_stop(struct run *r, const struct err *why);
/* In the order in which they were started. */
const struct run_row *run_rows(const struct run *r, size_t *n);
/* The run's tables for metrics and progress: a fetch_each_fn. */
void run_each(const void *run, fetch_see_fn *see, void *to);
/* The gravest exit code of all tables. */
int run_exit(const struct run *r);
void run_close(struct run *r);

#endif

/*
 * Applies the views of some tables in a thread of its own, while other tables load. For netty-load --views.
 *
 *     views_job_start(&job, loop, &conf, tables, n, done, ctx, e);   // copies the tables
 *     views_job_stop(job);                  // ends it soon; what is made stays made
 *         done(ctx, tables, n)              // once, from the loop; the job is gone then
 *
 * Changes and failures are logged; a table's failure stops no other.
 */
#ifndef NETTY_LOAD_VIEWS_VIEWS_JOB_H
#define NETTY_LOAD_VIEWS_VIEWS_JOB_H

#include "load/row/member_set.h"
#include "shared/base/backoff.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <uv.h>

struct options;
struct views_job;

struct views_job_conf {
    const struct options *options; /* borrowed, as are the texts */
    const char *conninfo;          /* NULL: libpq's environment */
    const char *schema;            /* where the tables are; NULL: what search_path shows */
    struct backoff backoff;
};

struct views_job_table {
    const char *table;             /* the API's name; borrowed */
    const struct member_new *news; /* that may have no column yet */
    size_t count;
    bool whole;     /* `news` has all new members */
    struct err err; /* how it ended */
    bool read;      /* the table was read, or was about to be */
};

typedef void views_job_done_fn(void *ctx, const struct views_job_table *tables, size_t n);

enum err_code views_job_start(struct views_job **job, uv_loop_t *loop,
                              const struct views_job_conf *conf,
                              const struct views_job_table *tables, size_t n,
                              views_job_done_fn *done, void *ctx, struct err *e) MUST_CHECK;
void views_job_stop(struct views_job *job);

#endif

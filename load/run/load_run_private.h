/*
 * The inside of a run, shared by these files only:
 *   load_run.c              what can be done next, the beginning and the end
 *   load_run_tables.c       which tables a run has
 *   load_run_connections.c  which table has which connection
 *   load_run_publish.c      when a run that stays tells the spool what is loaded
 *   load_run_views.c        views that have to be applied
 *   load_run_progress.c     the progress lines
 *   load_run_report.c       the exit code and the summary
 */
#ifndef NETTY_LOAD_RUN_LOAD_RUN_PRIVATE_H
#define NETTY_LOAD_RUN_LOAD_RUN_PRIVATE_H

#include "load/database/connection_pool.h"
#include "load/publish/catalog_publish.h"
#include "load/reconcile/reconcile.h"
#include "load/run/load_run.h"
#include "load/run/spool_watch.h"
#include "shared/cli/progress.h"
#include "spool/reader/reader.h"

struct load_run_table {
    struct load_run *run;
    struct table_load *table;
    struct db *db;              /* by which it is being loaded, or NULL */
    bool dirty;                 /* the spool may have more */
    bool aside;                 /* table_load_is_aside: others go first */
    struct err err;             /* how the last load failed */
    int64_t failed;             /* when_tick() of that */
    int64_t began;              /* when_tick() of this load */
    struct load_tracks *tracks; /* for the progress lines; NULL: not needed so far */
    size_t missing;             /* holes and gaps, when the spool was last told */
    bool views_left;            /* its views could not be applied: the next run tries again */
    struct reconcile_row
        reconciled; /* the reconciles of this run, summed up; err: of the last one */
};

struct load_run {
    uv_loop_t *loop;
    struct load_run_conf conf;
    uv_timer_t dispatch_timer;
    load_run_ended_fn *ended;
    void *ctx;
    struct load_run_table **tables;
    size_t count;
    struct connection_pool *pool;
    struct tables_look *look;  /* at all tables */
    bool seen;                 /* ... which conf.seen was put into */
    struct progress *progress; /* or NULL */
    struct spool_watch *follow;
    struct catalog_publish *catalog;
    struct db *catalog_db;
    struct loaded_publish *loaded_publish;
    bool catalog_written;     /* the catalog has been written */
    bool unpublished;         /* something was committed that the spool was not told of yet */
    enum err_code untold;     /* why the spool could not be told the last time, or OK */
    int64_t published;        /* when_tick() when the spool was last told; 0: never */
    uint64_t published_lines; /* how many lines had been read then */
    int64_t pruned;           /* when_tick() when it was last told and pruned; 0: never */
    struct db *lent; /* the connection for telling the spool while tables are loaded, or NULL */
    struct reconcile *reconcile; /* under way, or NULL */
    bool compared;           /* the reconcile for what was loaded has been done, or is under way */
    int64_t compared_at;     /* when_tick() of that; 0: never */
    struct views_job *views; /* under way, or NULL */
    bool views_failed;       /* some view of the last job failed */
    int64_t viewed_at;       /* when_tick() of its beginning; 0: never */
    bool stopping, over;
    struct err err; /* of the run itself */
};

/* load_run.c: does what can be done now; and the same soon, from the loop. */
void load_run_dispatch(struct load_run *r);
void load_run_dispatch_soon(struct load_run *r);

#define LOAD_RUN_MARK_US (60 * WHEN_SECOND) /* --follow: between two words to the spool */

/* load_run.c: begins to tell the spool what is loaded, asking the database by this connection. Returns false if there is nothing to tell. */
bool load_run_publish_loaded(struct load_run *r, struct db *db);

/* load_run_tables.c */
struct load_run_table *load_run_find(const struct load_run *r, const char *table); /* or NULL */
/* Adds the spool's tables that are asked for and that the run does not have yet. */
enum err_code load_run_find_tables(struct load_run *r, struct err *e) MUST_CHECK;
void load_run_name_missing(
    struct load_run *r); /* logs tables that are asked for and not in the spool */

/* load_run_publish.c */
uint64_t load_run_lines(const struct load_run *r); /* lines read so far, of all tables */
bool load_run_publish_is_due(const struct load_run *r);
void load_run_publish_beside(struct load_run *r);

/* load_run_views.c: whether a load has brought a new member; and begins to apply the views, or returns false. */
bool load_run_views_are_due(const struct load_run *r);
bool load_run_start_views(struct load_run *r);

/* load_run_report.c: notes that the spool was told what is loaded, or could not be told (err). */
void load_run_told(struct load_run *r, const struct err *err);

/* load_run_progress.c */
enum err_code load_run_open_progress(struct load_run *r, struct err *e) MUST_CHECK;
void load_run_no_progress(struct load_run_table *entry); /* the table's load has ended */

/* load_run_connections.c */
struct connection_lender load_run_lender(struct load_run *r); /* for a table */
struct load_run_table *
load_run_next_table(const struct load_run *r); /* the next table to load, or NULL */
bool load_run_is_looking(
    const struct load_run *r);               /* some table may turn out to have nothing to load */
void load_run_is_short(struct load_run *r);  /* the server gives no more connections */
void load_run_hand_over(struct load_run *r); /* gives idle connections to tables that wait */

#endif

/* The inside of a run, shared by load_run.c, load_run_connections.c, load_run_progress.c, load_run_publish.c, load_run_report.c, load_run_tables.c and load_run_views.c only. */
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
    struct load_tracks *tracks; /* how far it is; NULL: nobody has looked yet */
    size_t missing;             /* holes and gaps, when the spool was last told */
    bool views_left;            /* its views could not be applied: the next run tries again */
    struct reconcile_row
        reconciled; /* what the source no longer has: in all; err: of the last time */
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
    struct progress *progress; /* or NULL */
    struct spool_watch *follow;
    struct catalog_publish *catalog;
    struct db *catalog_db;
    struct loaded_publish *loaded_publish;
    bool catalog_written;     /* the catalog has been written */
    bool unpublished;         /* something was committed that the spool does not know of yet */
    enum err_code untold;     /* why it could not be told the last time, or OK */
    int64_t published;        /* when_tick() of the last time it was told; 0: never */
    uint64_t published_lines; /* so many had been read then */
    int64_t pruned;  /* when_tick() of the last time that was followed by pruning; 0: never */
    struct db *lent; /* by which it is being told while tables are loaded, or NULL */
    struct reconcile *reconcile; /* under way, or NULL */
    bool compared;               /* what was loaded has been held against the rolls, or is being */
    int64_t compared_at;         /* when_tick() of that; 0: never */
    struct views_job *views;     /* under way, or NULL */
    bool views_failed;           /* some of the last one's */
    int64_t viewed_at;           /* when_tick() of its beginning; 0: never */
    bool stopping, over;
    struct err err; /* of the run itself */
};

/* load_run.c: looks for what can be done; and: from the loop. */
void load_run_dispatch(struct load_run *r);
void load_run_dispatch_soon(struct load_run *r);

#define LOAD_RUN_MARK_US (60 * WHEN_SECOND) /* --follow: between two words to the spool */

/* load_run.c: has the spool told what is loaded, by that connection; false: there is nothing to tell. */
bool load_run_publish_loaded(struct load_run *r, struct db *db);

/* load_run_tables.c */
struct load_run_table *load_run_find(const struct load_run *r, const char *table); /* or NULL */
/* The spool's tables that are asked for and not there yet. */
enum err_code load_run_find_tables(struct load_run *r, struct err *e) MUST_CHECK;
void load_run_name_missing(struct load_run *r); /* those that are asked for and not there */

/* load_run_publish.c */
uint64_t load_run_lines(const struct load_run *r); /* read so far, of all tables */
bool load_run_publish_is_due(const struct load_run *r);
void load_run_publish_beside(struct load_run *r);

/* load_run_views.c: after a load that brought a new member; true: it has begun. */
bool load_run_views_are_due(const struct load_run *r);
bool load_run_start_views(struct load_run *r);

/* load_run_report.c: the spool has been told what is loaded, or could not be (err). */
void load_run_told(struct load_run *r, const struct err *err);

/* load_run_progress.c */
enum err_code load_run_open_progress(struct load_run *r, struct err *e) MUST_CHECK;
void load_run_no_progress(struct load_run_table *entry); /* the table's load has ended */

/* load_run_connections.c */
struct connection_lender load_run_lender(struct load_run *r); /* for a table */
struct load_run_table *
load_run_next_table(const struct load_run *r); /* that wants to be loaded, or NULL */
bool load_run_is_looking(
    const struct load_run *r);               /* some table may turn out to have nothing to load */
void load_run_is_short(struct load_run *r);  /* no more connections can be had than there are */
void load_run_hand_over(struct load_run *r); /* idle ones to tables that wait for theirs */

#endif

/*
 * The inside of a table's load, shared by the files table_load*.c only. table_load.c has the load as a whole: connection, retries, its end;
 * table_load_batches.c takes one batch after the other; the others say at their head what they do.
 */
#ifndef NETTY_LOAD_TABLE_TABLE_LOAD_PRIVATE_H
#define NETTY_LOAD_TABLE_TABLE_LOAD_PRIVATE_H

#include "load/batch/batch_slot.h"
#include "load/replay/roll_forward.h"
#include "load/table/table_load.h"
#include "load/upsert/parallel_upsert.h"
#include "spool/attempt/failed_try.h"
#include "spool/dead_report/dead_reasons.h"

enum table_load_state {
    TABLE_LOAD_IDLE,
    TABLE_LOAD_CONNECTING,
    TABLE_LOAD_WAITING,
    TABLE_LOAD_TALKING
};

/* A batch on its way. */
struct batch_in_flight {
    struct table_load *table;
    struct batch_slot *slot; /* the builder's */
    enum batch_path guess;   /* of what its rows all are */
    size_t rejected;         /* refused before it was sent: lane 0's */
    uint64_t inserted, updated;
    unsigned validated; /* lanes whose commit can be learned from */
    int64_t sent;       /* since when, by when_tick */
};

struct table_load {
    struct table_load_conf conf;
    char *name;
    uv_timer_t
        timer; /* back-off, turns of the loop between batches, and the patience of table_load_stop */
    uv_idle_t
        ahead; /* while a batch is on its way: the next one is filled, a page a turn of the loop */
    uv_timer_t watch;    /* while a statement is under way */
    struct db *watch_db; /* lent, to ask who is in its way; or NULL */
    int64_t lock_told;   /* when_tick of the last line about that, or 0 */
    bool blocked;        /* somebody was, since the batch was sent */
    struct db *db;
    table_load_done_fn *done;
    void *ctx;
    enum table_load_state state;
    bool stopping, unreachable;
    bool waiting;   /* table_load_is_waiting */
    bool aside;     /* table_load_is_aside */
    bool was_aside; /* the load before ended so: this one waits for locks */
    bool nowait;    /* its first batch, which is under way, does not wait for the progress' lock */
    unsigned cancels; /* stopping: how often the statement under way was cancelled */
    struct target_table *target;
    struct batch_builder *builder;
    struct roll_forward *roll_forward; /* for what is loaded out of its turn, else NULL */
    bool rolls_all;                    /* all batches of the builder are */
    struct parallel_upsert *upsert;
    struct unchanged *unchanged; /* or NULL */
    struct member_set *members;  /* --views; or NULL */
    char members_of[64];         /* the relation that they are of, or "" */
    bool emptied;                /* ... since the builder was sent to where it reads from */
    bool looking;                /* table_load_is_looking */
    bool apart;                  /* table_load_goes_apart */
    bool found;                  /* relation and progress are known */
    bool
        reload; /* the table was emptied or rewritten: all that the spool holds is rolled forward and loaded again */
    char stored_in[64];   /* its identity when it was loaded; "": not known */
    bool archived, noted; /* txn_job's, as long as it is another */
    int64_t found_at;     /* when_tick of the last look at it */
    bool looked;          /* the relation has been looked at again since the last commit */
    bool waited; /* what passes by itself was waited for as often as may be: it is of rows now */
    bool
        narrowing; /* ... though the connection ends with them: over transactions down to one row, ... */
    bool went;      /* ... some rows have gone in meanwhile, ... */
    unsigned alone; /* ... so often that one row was sent alone, ... */
    bool suspected; /* ... which is to blame if a neighbour goes in: */
    int64_t suspect;
    struct err suspicion;
    unsigned moves; /* another loader was there first, but had come no further than ... */
    struct lanes moved_from;
    struct lanes at;          /* what is committed */
    struct lanes stands;      /* where the database was when this load began */
    char branch[BRANCH_NAME]; /* load/target/known_progress.h */
    int64_t late;             /* pages fetched before that are late (batch_slot.h), or WHEN_NONE */
    struct buf sql;
    /* A hole that is read again: */
    size_t hole;              /* which of the known ones; SIZE_MAX: none, it is the pages' turn */
    struct progress hole_end; /* up to where */
    bool hole_stays;
    bool behind; /* the spool ends before what is loaded: nobody knows which branch it is */
    struct page_hole *found_holes; /* what of it is damaged now, LOADED_PAGES_HOLES at most */
    size_t found_count;
    unsigned lanes;            /* that the next batch is of, ... */
    struct progress committed; /* ... and where they are */
    size_t rows;               /* a batch's, at present */
    unsigned well;
    enum batch_path path;  /* that all rows of the last batches went, or BATCH_COMPARE; */
    unsigned alike, trust; /* so many batches; so many of them tell of the next */
    bool rising;           /* the keys of all batches since the last seek go up, as far as ... */
    int64_t top;           /* ... the greatest so far */
    struct batch_odd_times odd_times; /* of what this load has committed */
    bool keyed;                       /* some record had the table's key */
    struct dead_reasons
        set_aside;    /* likewise: letters that are news, or with redrive those that stay */
    unsigned attempt; /* since something last went well */
    unsigned lost; /* how often the connection has ended with the rows, since some were committed */
    bool some_in;  /* rows have gone in since this load began */
    bool probing;  /* a constraint refuses all rows of a batch: the newest pages are tried, ... */
    struct err probed; /* ... before it is told so; ... */
    bool each;         /* or some of them go in: then rows are refused one by one */
    /* One batch: */
    bool rolling_forward; /* of what later lines say of it */
    bool ready;           /* it is complete, and on its way */
    struct batch_in_flight in_flight[2];
    struct batch_in_flight *
        current; /* of the builder's batch; the other's is the one that was read ahead, once that is on its way */
    bool bisect; /* some row up to bisect_to is refused */
    struct progress bisect_to;
    struct load_counts total;
    struct failed_try tries; /* what total.trying tells, for those who look at the spool */
    uint64_t damaged;        /* of fills that were closed */
    int64_t began;
};

/* table_load.c */
void table_load_finish(struct table_load *t, const struct err *err); /* NULL: all is loaded */
void table_load_give_up(struct table_load *t, const struct err *why);
void table_load_resume_after(struct table_load *t,
                             int64_t us); /* goes on from the loop, after so many microseconds */
void table_load_failed(struct table_load *t, enum db_phase phase,
                       const struct err *err); /* tries again, or gives up */
/* What is tried again from now on; OK: nothing. */
void table_load_trying(struct table_load *t, enum err_code code);
void table_load_retry(struct table_load *t, enum db_phase phase, const struct err *err);
/* False: that was done since the last commit. */
bool table_load_look_again(struct table_load *t, const struct err *err);
void table_load_stopped(struct table_load *t, enum db_phase phase, const struct err *err);

/* table_load_stop.c: the end that table_load_stop asked for. */
void table_load_interrupted(struct table_load *t);

/* table_load_reload.c: a table that was emptied or rewritten since it was loaded. */
void table_load_compare_identity(struct table_load *t); /* then table_load_judge_other */
void table_load_all_in(
    struct table_load
        *t); /* all that the spool holds: notes the identity; goes on, or table_load_ended */
void table_load_drop_reload(struct table_load *t); /* the next load begins it anew */

/* table_load_watch.c: a line about whoever holds a lock, for as long as statements are waited for. */
void table_load_watch(struct table_load *t); /* from now on; the time begins anew */
void table_load_watch_stop(struct table_load *t);

/* table_load_look.c: */
enum err_code table_load_open_target(struct table_load *t, struct err *e) MUST_CHECK;
void table_load_decided(void *ctx); /* ctx: the table_load. Others may be looked at from now on */
/* A statement of this table's own, which may wait for a lock: others are looked at meanwhile. */
void table_load_ask(struct table_load *t, const char *sql, db_done_fn *done);
/* The look at all tables (of this run, or of several accounts) serves the table, and no connection is there: whether there is anything to load
 * is found out without one. Once a connection is needed, table_load_connect begins the load anew with one. */
bool table_load_goes_apart(const struct table_load *t);
void table_load_connect(struct table_load *t);
/* Of a table that was found by the look at all: true, and then table_load_built. */
bool table_load_try_triggers(struct table_load *t);

/* True: a lock on the progress need not be waited for, for others can be loaded meanwhile. */
bool table_load_may_step_aside(struct table_load *t);
/* True: the batch failed for that lock, and the load has ended. */
bool table_load_step_aside(struct table_load *t, const struct err *err);

/* table_load_report.c: */
/* The batch is in. */
void table_load_note_odd_times(struct table_load *t, const struct batch_slot *lot);
/* At the load's end. */
void table_load_report(struct table_load *t);

/* Makes the builder, and what rolls records forward where they are loaded out of their turn. */
enum err_code table_load_make_builder(struct table_load *t, struct err *e) MUST_CHECK;
enum err_code table_load_open_roll_forward(struct table_load *t, struct err *e) MUST_CHECK;
void table_load_close_roll_forward(struct table_load *t);
/* The pages behind what is loaded, from the first batch on. */
void table_load_pages(struct table_load *t);

/* table_load_other.c: the first load into a table that another spool has fed; then table_load_locate. */
void table_load_judge_other(struct table_load *t);

/* table_load_position.c: */
/* Relation and progress are known: finds the place to go on from; then table_load_begin. */
void table_load_locate(struct table_load *t);
/* The spool does not hold any more, where it is loaded up to, the page that was loaded. */
bool table_load_parted(const struct table_load *t);
/* No page is behind what is loaded. */
bool table_load_is_at_end(const struct table_load *t);
/* *there: between that place and what the spool begins with pages are missing. */
enum err_code table_load_find_gap(struct table_load *t, struct page_place from,
                                  struct page_hole *gap, bool *there, struct err *e) MUST_CHECK;
/* The table is as this spool has loaded it, and the spool holds no page behind that, nor lacks one. */
bool table_load_has_nothing(struct table_load *t);
/* Some pages before the spool's end. */
enum err_code table_load_near_end(const struct table_load *t, struct page_place *place,
                                  struct err *e) MUST_CHECK;
/* The lane that is furthest behind. */
struct progress table_load_least(const struct lanes *l);

/* table_load_holes.c: */
/* First what was missing, then the pages. */
void table_load_begin(struct table_load *t);
/* Is damage here known? (batch_builder_conf) */
bool table_load_knows_hole(void *ctx, struct page_place place);
/* A batch has gone in that had to pass these over. */
void table_load_note_holes(struct table_load *t, const struct loaded_pages *pages);
/* The hole at hand is read to its end; and: so are the pages. */
void table_load_hole_done(struct table_load *t);
void table_load_ended(struct table_load *t);

/* table_load_cache.c: */
/* Opens the cache of unchanged lines, where there may be one; then the first batch. */
void table_load_open_cache(struct table_load *t);
void table_load_close_cache(struct table_load *t);
/* --views: the builder's records are looked at. What is read before the relation is known better counts for it, too. */
void table_load_watch_members(struct table_load *t);
/* These lanes' share is in. */
void table_load_validate_cache(struct batch_in_flight *f, unsigned lanes,
                               const struct txn_result *r);
/* The batch at hand is going to be filled again. */
void table_load_seek_cache(struct table_load *t);
/* The batch is in: what it has taught. */
void table_load_add_to_cache(struct table_load *t);
/* A cached row is not what it was; NULL: nothing of the cache is to be believed (txn_job). */
void table_load_invalidate_cache(struct table_load *t, const struct batch_row *row);

/* table_load_batches.c: */
/* What comes next, from what is committed; drops what is in the batch. */
enum err_code table_load_seek(struct table_load *t, struct err *e) MUST_CHECK;
void table_load_built(struct table_load *t); /* the batch at hand is complete */
/* The next batch, or the one that is ready and was not committed. */
void table_load_batch(struct table_load *t);

/* Reads the batch anew from what is committed; false: the load has ended. */
bool table_load_seek_again(struct table_load *t);

/* table_load_failures.c: what comes after a batch that did not go in. */
void table_load_probe_ended(struct table_load *t); /* those pages have no row */
void table_load_batch_failed(struct table_load *t, const struct parallel_upsert_result *r);
void table_load_moved(struct table_load *t); /* another loader was there first */

#endif

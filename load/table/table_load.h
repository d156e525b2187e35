/*
 * Loads one table into the database: from its progress to the end of the spool, batch by batch.
 *
 *     table_load_open(&t, loop, &conf, e);
 *     table_load_load(t, db, done, ctx);     // done(ctx, err) once; err NULL: all that the spool holds is in
 *     table_load_load(t, db, done, ctx);     // --follow: again, when more has come
 *     table_load_close(t);
 *
 * The connection is the table's until done; it is connected, dropped and connected again as needed. An error that waiting can help is tried again
 * (conf.backoff); any other ends the load with a message that says what to do. table_load_stop ends the load with ERR_INTERRUPTED at the next batch
 * boundary. A statement that has not ended some seconds later (it may wait for a lock) is cancelled, and if the server does not answer to
 * that either, the connection is dropped. Nothing is lost: the next run loads what was not committed. Counts are of what is committed.
 */
#ifndef NETTY_LOAD_TABLE_TABLE_LOAD_H
#define NETTY_LOAD_TABLE_TABLE_LOAD_H

#include "load/batch/batch_builder.h"
#include "load/database/db_decide.h"
#include "load/metrics/load_counts.h"
#include "load/target/target_table.h"
#include "load/upsert/parallel_upsert.h"
#include "shared/base/backoff.h"

struct table_load_conf {
    const struct spool *spool;
    const char *name;   /* the API's */
    const char *schema; /* where the table is; NULL: what search_path shows */
    struct zone *zone;
    struct backoff backoff;
    struct batch_conf batch;
    struct tables_look *
        look; /* at all tables of the run; NULL, or of no use to replay, redrive and dry_run: none */
    struct connection_lender lender; /* of idle connections; may be empty */
    unsigned connections;            /* for one batch, at most */
    bool replace_nul;
    bool create;  /* --create-tables */
    bool adopt;   /* --adopt: the table is this spool's, whichever spool fed it before */
    bool dry_run; /* read and report, write nothing */
    bool redrive; /* load the dead letters, instead of the spool's pages */
    bool follow; /* pages that come during a load are left to the next one, which is told of them */
    bool replay; /* load all pages that fit the next three, whatever is loaded already */
    int64_t fetched_from, fetched_to; /* or WHEN_NONE */
    uint64_t segment;                 /* or 0 */
    bool views;                       /* --views: notice members that no record had before */
    unsigned depth;                   /* how many levels below the outermost members */
};

struct table_load;
typedef void table_load_done_fn(void *ctx, const struct err *err);

enum err_code table_load_open(struct table_load **t, uv_loop_t *loop,
                              const struct table_load_conf *conf, struct err *e) MUST_CHECK;
void table_load_close(
    struct table_load *t); /* not while table_load_load is under way; the memory goes with the
                                      loop's handles */
void table_load_load(struct table_load *t, struct db *db, table_load_done_fn *done, void *ctx);
void table_load_stop(struct table_load *t);

const char *table_load_name(const struct table_load *t);
const struct load_counts *table_load_counts(const struct table_load *t);
/* Returns true if the last load ended because no connection could be had, so that other tables need not try. */
bool table_load_unreachable(const struct table_load *t);
/* Returns true if the last load ended because no connection could be had while other tables have one: its turn comes when one is free. */
bool table_load_is_waiting(const struct table_load *t);
/* Returns true if the last load ended because another session (such as another loader) has locked the table's progress while other tables wait
 * for a connection. The table's turn comes after theirs, and that load waits for the lock. */
bool table_load_is_aside(const struct table_load *t);
/* Fills *from with the page from which on it loads, and *at with the page up to which all is committed. Returns false if it is not known yet. */
bool table_load_span(const struct table_load *t, struct page_place *from, struct page_place *at);
/* Holes and gaps that the database remembers of it (load/target/known_progress.h). */
size_t table_load_missing(const struct table_load *t);
/* Returns true if it has no answer yet on the connection that it was given, and would rather have another. */
bool table_load_wants_other(const struct table_load *t);
/* --views: the members that the table's records have had; or NULL. */
struct member_set *table_load_members(const struct table_load *t);
/* Returns true while it is not known whether it has anything to load, and it has sent no statement of its own. lender.decided is called when
 * that is over. */
bool table_load_is_looking(const struct table_load *t);
/* Gives it a connected connection; the one it had is free again. */
void table_load_use(struct table_load *t, struct db *db);

#endif

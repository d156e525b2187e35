/*
 * One table's way into the database: from its progress to the end of the spool, batch by batch.
 *
 *     table_load_open(&t, loop, &conf, e);
 *     table_load_load(t, db, done, ctx);     // done(ctx, err) once: NULL when all that the spool holds
 * is in table_load_load(t, db, done, ctx);     // --follow: again, when more has come table_load_close(t);
 *
 * The connection is the table's until done; it is connected, dropped and connected again as needed.
 * What helps by waiting is tried again (conf.backoff); what does not ends the load with a message
 * that says what to do. table_stop ends it with ERR_INTERRUPTED: at the next batch boundary; a statement
 * that has not come to its end some seconds later (it may wait for a lock) is cancelled, and a server that does not answer to
 * that either is left. Nothing is lost: what was not committed the next run loads. Counts are of what is committed.
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
    bool adopt;   /* --adopt: the table is this spool's, whichever fed it before */
    bool dry_run; /* read, tell, write nothing */
    bool redrive; /* the records set aside, instead of the spool's pages */
    bool replay;  /* all pages that fit the next three, whatever has been loaded */
    int64_t fetched_from, fetched_to; /* or WHEN_NONE */
    uint64_t segment;                 /* or 0 */
    bool views;     /* --views: members that no record had before are noticed, ... */
    unsigned depth; /* ... so many levels below the outermost */
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
/* The last load ended because no connection could be had: others need not try. */
bool table_load_unreachable(const struct table_load *t);
/* The same, but others of this process have one: it is this table's turn when one of those is free. */
bool table_load_is_waiting(const struct table_load *t);
/* The last load ended because another session, such as another loader, has locked the table's progress, and because other tables
 * wait for a connection. Its turn comes after theirs, and that load waits for the lock. */
bool table_load_is_aside(const struct table_load *t);
/* From which page on it loads, and up to which all is committed. False: it does not know yet. */
bool table_load_span(const struct table_load *t, struct page_place *from, struct page_place *at);
/* Holes and gaps that the database remembers of it (load/target/known_progress.h). */
size_t table_load_missing(const struct table_load *t);
/* It has no answer yet on the connection that it was given, and would rather have another. */
bool table_load_wants_other(const struct table_load *t);
/* --views: the members that the table's records have had; or NULL. */
struct member_set *table_load_members(const struct table_load *t);
/* Whether it has anything to load is not known yet, and it has asked for nothing of its own. lender.decided tells when that is over. */
bool table_load_is_looking(const struct table_load *t);
/* Gives it one, which is connected; what it had is free again. */
void table_load_use(struct table_load *t, struct db *db);

#endif

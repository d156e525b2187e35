/*
 * One look at all tables of a run, in one read-only transaction on one connection: the database's identity, the list of its tables,
 * what it knows of the spool for each, and the greatest time_modified of each table that has an index for it.
 *
 *     tables_look_open(&l, spool_id, schema, e);
 *     tables_look_start(l, db, table, done, ctx);    // false: not now (one is under way, failed in the last ten minutes, or found a
 *                                                    // database that cannot be written to, in the last minute)
 *     tables_look_take(l, table, &row)               // each table once; false: look at this table alone
 *     tables_look_close(l);
 *
 * Guarantees: nothing is written. No row of a netty-* table is locked, and the look waits for a lock on such a table no longer than a
 * tenth of a second, for the greatest times. For locks on the bookkeeping, and on an unlogged table, it waits without limit, as each
 * table's own look does; the log names who holds them, as for any statement of the table that asked.
 *
 * What the look saw is one snapshot, and is used for a minute, as long as --follow trusts what it knows of a table. A table that was
 * taken may have been loaded since, so it cannot be taken a second time. If the bookkeeping lacks something, or the database is a
 * standby, nothing can be taken: then each table is looked at alone, which makes what is missing and says what is wrong.
 * Every transaction that loads compares the progress anew, under its lock, and so notices what others did meanwhile.
 */
#ifndef NETTY_LOAD_TARGET_TABLES_LOOK_H
#define NETTY_LOAD_TARGET_TABLES_LOOK_H

#include "load/database/db.h"
#include <libpq-fe.h>
#include <stdbool.h>

struct tables_look;
typedef void tables_look_done_fn(void *ctx,
                                 const struct err *err); /* err: the connection is lost */

/* What a look at the tables of several accounts saw of one account (load/accounts/shared_look.h). greatest may be NULL. */
struct tables_seen {
    int64_t at; /* when_tick() of the look's beginning */
    PGresult *identity, *list, *progress, *loaded, *greatest;
};
void tables_seen_free(struct tables_seen *seen);

enum err_code tables_look_open(struct tables_look **l, const char *spool, const char *schema,
                               struct err *e) MUST_CHECK;
/* Not to be called while a look is under way, unless db is dropped. NULL is fine. */
void tables_look_close(struct tables_look *l);
/* Calls done once, from the loop. If db is dropped, the look is over without it. */
bool tables_look_start(struct tables_look *l, struct db *db, const char *table,
                       tables_look_done_fn *done, void *ctx);
/* Takes over *seen, as if a look had been made, of this spool and schema, that sent no statement: what follows may need no connection. */
void tables_look_use(struct tables_look *l, struct tables_seen *seen);
/* Whether a look whose first answer (sql_look's) is this one can be used: the database may be written to, and its bookkeeping lacks nothing. */
bool tables_look_is_useful(const PGresult *identity);

/* Fills *row with the table's row in tables_look_list. Returns false if the table was taken before, or is not in the list, or if the look
 * is too old. */
bool tables_look_take(struct tables_look *l, const char *table, int *row);
/* Takes that back: the table can be taken once more. */
void tables_look_give_back(struct tables_look *l, const char *table);
bool tables_look_has(const struct tables_look *l, const char *table); /* it can be taken */
bool tables_look_serves(const struct tables_look *l,
                        const char *table); /* ... and it says of no trouble with the table */
bool tables_look_lacks(const struct tables_look *l, const char *table); /* it is not in the list */
/* Tells that this process has changed something that the list shows: a look that was made, or is under way, is no longer used. */
void tables_look_forget(struct tables_look *l);
/* Tells that this process has made what the bookkeeping lacked. If nothing else was in the way, another look can be made. */
void tables_look_made(struct tables_look *l);
/* Lets the looks to come leave out the greatest times. */
void tables_look_without_greatest(struct tables_look *l);

/* Returns true if a look was made and is no older than a minute. To be asked once before what it saw is used, which must be done before
 * the loop goes on. */
bool tables_look_counts(const struct tables_look *l);
int64_t tables_look_at(const struct tables_look *l); /* when_tick() of its beginning */
/* What the look saw, however old; NULL, or "": nothing. */
const PGresult *tables_look_list(const struct tables_look *l);     /* sql_list_tables */
const PGresult *tables_look_progress(const struct tables_look *l); /* sql_progress_find */
const PGresult *tables_look_loaded(const struct tables_look *l);   /* sql_loaded_progress */
const char *tables_look_database(const struct tables_look *l);     /* its identity */
const char *tables_look_name(const struct tables_look *l);         /* its name, for people */
/* The cluster's timeline, valid for what is done on this very connection; another connection may have another. */
const char *tables_look_timeline(const struct tables_look *l, const struct db *db);
/* Tells that this connection has another way said which database and timeline it is on. If these are the look's, they are valid for it, too. */
void tables_look_prove(struct tables_look *l, struct db *db, const char *database,
                       const char *timeline);
/* Returns how many statements all looks have sent so far. */
uint64_t tables_look_statements(const struct tables_look *l);
/* Fills *at with the greatest time_modified of the list's row, or WHEN_NONE. Returns false if it is not known, or if the look is too
 * old. */
bool tables_look_greatest(const struct tables_look *l, int row, int64_t *at);

#endif

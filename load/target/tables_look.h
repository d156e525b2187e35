/*
 * One look at all tables of a run, in one read-only transaction on one connection: the database's identity, the list of its tables, what it
 * knows of the spool in each, the greatest time_modified of those that have an index for it.
 *
 *     tables_look_open(&l, spool_id, schema, e);
 *     tables_look_start(l, db, table, done, ctx);    // false: not now (one is under way, failed in the last ten minutes, or found a
 *                                                    // database that cannot be written to, in the last minute)
 *     tables_look_take(l, table, &row)               // each table once; false: look at it alone
 *     tables_look_close(l);
 *
 * Guarantees: nothing is written, no row of a netty-* table is locked or waited for (but for a tenth of a second, for
 * the greatest times). It has no other limit for locks: it waits for those of the bookkeeping and for one on an unlogged table, for which
 * each table's own look waits, too, and whoever holds them is told as for any statement of the table that asks.
 * What it saw is of one snapshot, and counts for a minute, as --follow trusts what it knows of a table. A table that
 * has been taken may have been loaded since, so it is not taken a second time. Where the bookkeeping lacks something, or the database is a
 * standby, nothing can be taken: then each table is looked at alone, which makes what lacks and says what is wrong.
 * A transaction that loads compares the progress anew, under its lock: what others did meanwhile is seen there.
 */
#ifndef NETTY_LOAD_TARGET_TABLES_LOOK_H
#define NETTY_LOAD_TARGET_TABLES_LOOK_H

#include "load/database/db.h"
#include <libpq-fe.h>
#include <stdbool.h>

struct tables_look;
typedef void tables_look_done_fn(void *ctx,
                                 const struct err *err); /* err: the connection is lost */

enum err_code tables_look_open(struct tables_look **l, const char *spool, const char *schema,
                               struct err *e) MUST_CHECK;
/* Not while one is under way, unless db is dropped. NULL is fine. */
void tables_look_close(struct tables_look *l);
/* done comes once, from the loop; unless db is dropped, and then the look is over, too. */
bool tables_look_start(struct tables_look *l, struct db *db, const char *table,
                       tables_look_done_fn *done, void *ctx);
/* The table's row in tables_look_list; false: it was taken, or is not there, or the look is too old. */
bool tables_look_take(struct tables_look *l, const char *table, int *row);
bool tables_look_has(const struct tables_look *l, const char *table);   /* it can be taken */
bool tables_look_lacks(const struct tables_look *l, const char *table); /* it is not in the list */
/* Something in the list has changed, by this process: what was seen before, or is being seen, counts no more. */
void tables_look_forget(struct tables_look *l);
/* What the bookkeeping lacked was made, by this process: where that alone was in the way, another look is worth while. */
void tables_look_made(struct tables_look *l);
/* The looks to come need not ask for the greatest times. */
void tables_look_without_greatest(struct tables_look *l);

/* It was made, and is no older than a minute. Whoever uses what it saw asks this first, once, and uses it before the loop goes on. */
bool tables_look_counts(const struct tables_look *l);
int64_t tables_look_at(const struct tables_look *l); /* when_tick() of its beginning */
/* What it saw, however old; NULL, or "": nothing. */
const PGresult *tables_look_list(const struct tables_look *l);     /* sql_list_tables */
const PGresult *tables_look_progress(const struct tables_look *l); /* sql_progress_find */
const PGresult *tables_look_loaded(const struct tables_look *l);   /* sql_loaded_progress */
const char *tables_look_database(const struct tables_look *l);     /* its identity */
const char *tables_look_name(const struct tables_look *l);         /* its name, for people */
/* The cluster's timeline, for what is done on that very connection; on another one it may be another. */
const char *tables_look_timeline(const struct tables_look *l, const struct db *db);
/* Statements that it has sent so far, this look and those before it. */
uint64_t tables_look_statements(const struct tables_look *l);
/* The greatest time_modified of the list's row, or WHEN_NONE. False: not known, or the look does not count any more. */
bool tables_look_greatest(const struct tables_look *l, int row, int64_t *at);

#endif

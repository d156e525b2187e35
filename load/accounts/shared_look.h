/*
 * One look at the tables of several accounts that go to one database, in one read-only transaction on a connection of its own: for each
 * account what tables_look.h sees of its tables.
 *
 *     shared_look_open(&l, loop, conninfo, e);
 *     shared_look_add(l, spool_id, schema, e);          // SHARED_LOOK_MOST at most
 *     shared_look_start(l, done, ctx);                  // done(ctx, err) once, from the loop
 *     shared_look_take(l, i, &seen)                     // the i-th account that was added; false: nothing was seen of it
 *     shared_look_close(l);                             // any time; done is not called any more
 *
 * Nothing is written, and nothing of a session outlives the transaction. The look is of use, and never needed: it is given up after
 * SHARED_LOOK_LIMIT seconds, or where anything goes wrong. Then err says why, and each account has to be looked at alone. It waits no
 * longer than a second for a lock on the bookkeeping, and a tenth of a second for one on a table.
 *
 * The number of statements is the same for one account and for many. Accounts whose tables are more than
 * TABLE_LIST_GREATEST_MOST together are seen up to that number: nothing is seen of those behind.
 */
#ifndef NETTY_LOAD_ACCOUNTS_SHARED_LOOK_H
#define NETTY_LOAD_ACCOUNTS_SHARED_LOOK_H

#include "load/target/tables_look.h"

#define SHARED_LOOK_MOST  32
#define SHARED_LOOK_LIMIT 10u /* seconds, connecting included */

struct shared_look;
typedef void shared_look_done_fn(void *ctx, const struct err *err);

/* conninfo NULL: libpq's environment. */
enum err_code shared_look_open(struct shared_look **l, uv_loop_t *loop, const char *conninfo,
                               struct err *e) MUST_CHECK;
/* schema is not "". */
enum err_code shared_look_add(struct shared_look *l, const char *spool, const char *schema,
                              struct err *e) MUST_CHECK;
void shared_look_start(struct shared_look *l, shared_look_done_fn *done, void *ctx);
/* After done. The caller owns what *seen holds: tables_look_use, or tables_seen_free. */
bool shared_look_take(const struct shared_look *l, size_t i, struct tables_seen *seen);
void shared_look_close(struct shared_look *l); /* NULL is fine */

#endif

/*
 * The connections of a run: whoever has something to load takes one, and gives it back.
 *
 *     pool_open(&p, loop, conninfo, n, e);
 *     db = pool_take(p);          // NULL: all are taken. Not necessarily connected: db_lost tells
 *     pool_give(p, db);
 *     pool_close(p);
 */
#ifndef NETTY_LOAD_DATABASE_CONNECTION_POOL_H
#define NETTY_LOAD_DATABASE_CONNECTION_POOL_H

#include "load/database/db.h"
#include <stddef.h>

struct pool;

enum err_code pool_open(struct pool **p, uv_loop_t *loop, const char *conninfo, size_t n,
                        struct err *e) MUST_CHECK;
void pool_close(struct pool *p); /* those that are taken, too; NULL is fine */

struct db *pool_take(struct pool *p); /* rather a connected one */
void pool_give(struct pool *p, struct db *db);
struct db *pool_connected(const struct pool *p); /* taken or not, or NULL */
/* Ends the connections that nobody has used for so many microseconds. */
void pool_rest(struct pool *p, int64_t us);

#endif

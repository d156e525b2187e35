/*
 * The connections of a run: whoever has something to load takes one, and gives it back.
 *
 *     connection_pool_open(&p, loop, conninfo, n, e);
 *     db = connection_pool_take(p);          // NULL: all are taken, or no more can be had. Not necessarily connected: db_lost tells
 *     connection_pool_give(p, db);
 *     connection_pool_close(p);
 */
#ifndef NETTY_LOAD_DATABASE_CONNECTION_POOL_H
#define NETTY_LOAD_DATABASE_CONNECTION_POOL_H

#include "load/database/db.h"
#include <stddef.h>

struct connection_pool;

enum err_code connection_pool_open(struct connection_pool **p, uv_loop_t *loop,
                                   const char *conninfo, size_t n, struct err *e) MUST_CHECK;
void connection_pool_close(struct connection_pool *p); /* those that are taken, too; NULL is fine */

struct db *connection_pool_take(struct connection_pool *p); /* rather a connected one */
/* No more can be had than are connected now: for some minutes none is handed out that would have to be connected. */
void connection_pool_short(struct connection_pool *p);
bool connection_pool_is_short(const struct connection_pool *p);
struct db *connection_pool_idle(
    struct connection_pool *p); /* takes one that is connected and was answered on, or NULL */
void connection_pool_give(struct connection_pool *p, struct db *db);
/* Another one than this is connected, or about to be. */
bool connection_pool_has_other(const struct connection_pool *p, const struct db *db);
struct db *connection_pool_connected(const struct connection_pool *p); /* taken or not, or NULL */
/* Statements sent over all of them so far. */
uint64_t connection_pool_statements(const struct connection_pool *p);
/* Ends the connections that nobody has used for so many microseconds. */
void connection_pool_rest(struct connection_pool *p, int64_t us);

#endif

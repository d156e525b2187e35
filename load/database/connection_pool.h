/*
 * The connections of a run. A table that has something to load takes one, and gives it back.
 *
 *     connection_pool_open(&p, loop, conninfo, n, e);
 *     db = connection_pool_take(p);          // NULL: all are taken, or no more can be had. It may not be connected yet (db_lost)
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
void connection_pool_close(struct connection_pool *p); /* taken ones, too; NULL is fine */

struct db *connection_pool_take(struct connection_pool *p); /* rather a connected one */
/* Tells that the server gives no more connections than are connected now: for some minutes only connected ones are handed out. */
void connection_pool_short(struct connection_pool *p);
bool connection_pool_is_short(const struct connection_pool *p);
struct db *connection_pool_idle(
    struct connection_pool *p); /* takes one that is connected and was answered on, or NULL */
void connection_pool_give(struct connection_pool *p, struct db *db);
/* Returns true if a connection other than db is connected, or about to be. */
bool connection_pool_has_other(const struct connection_pool *p, const struct db *db);
struct db *connection_pool_connected(const struct connection_pool *p); /* taken or not, or NULL */
/* Returns the first one, connected or not, taken or not. */
struct db *connection_pool_any(const struct connection_pool *p);
/* Returns how many statements were sent over all connections so far. */
uint64_t connection_pool_statements(const struct connection_pool *p);
/* Closes the connections that were not used for so many microseconds. */
void connection_pool_rest(struct connection_pool *p, int64_t us);

#endif

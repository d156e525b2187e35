/*
 * One PostgreSQL connection on the libuv loop: libpq, non-blocking, one statement (or COPY) at a time.
 *
 *     db_open(&db, loop, conninfo, e);                  // does not connect yet
 *     db_connect(db, connected, ctx);                   // calls back once
 *     db_query(db, sql, params, n, done, ctx);          // extended protocol, text results; or n = 0: simple protocol,
 *                                                       // which may hold several statements (the last result counts)
 *     db_query_bare(db, sql, done, ctx);                // simple protocol, on the session's own search_path
 *     db_copy(db, sql, source, done, ctx);              // COPY ... FROM STDIN fed by source()
 *     db_close(db);                                     // memory goes when the loop has closed the handles
 *
 * Other people's functions and operators are never called: a statement that db_query sends in the simple protocol outside a
 * transaction becomes a transaction of its own with search_path pinned to pg_catalog, as sql_begin pins it for longer ones.
 *
 * No prepared statement, pipeline or session state outlives a transaction, since a pooler in transaction mode may stand between.
 * Callbacks come from the loop, never from within the call. After an error with db_lost(db) the connection is gone; call db_connect
 * again. Resolving host names blocks. Several hosts, and the addresses of each, are tried in turn, each for connect_timeout (if it
 * is not set, 10 s, and 30 s for the last one).
 *
 * Errors carry the SQLSTATE; db_decide.h says what they mean for the loader. Messages hold the server's primary message only, never
 * its DETAIL, which quotes values.
 */
#ifndef NETTY_LOAD_DATABASE_DB_H
#define NETTY_LOAD_DATABASE_DB_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include <libpq-fe.h>
#include <uv.h>

struct db;

struct db_param {
    const char *text; /* NULL: SQL NULL */
    int len;          /* for binary ones */
    Oid type;         /* 0: let the server tell */
    bool binary;
};

typedef void db_done_fn(void *ctx, const PGresult *result,
                        const struct err *err); /* one of the two is NULL */
/* Fills out with the next piece of the COPY, or leaves it empty at the end. If it fails, the COPY is cancelled. */
typedef enum err_code db_source_fn(void *ctx, struct buf *out, struct err *e);

enum err_code db_open(struct db **d, uv_loop_t *loop, const char *conninfo,
                      struct err *e) MUST_CHECK;
void db_close(struct db *d);
void db_connect(struct db *d, db_done_fn *done, void *ctx);
/* Connects a connection that is useful but not needed. It is given up after a few seconds, and counts as connected only when a
 * statement was answered, since a pooler accepts clients for whom it has no server. */
void db_connect_spare(struct db *d, db_done_fn *done, void *ctx);
void db_query(struct db *d, const char *sql, const struct db_param *params, size_t n,
              db_done_fn *done, void *ctx);
/* Sends the text as it is. For the two kinds that db_query cannot send: a statement that cannot be in a transaction (CREATE INDEX
 * CONCURRENTLY), and one that looks at the session's own search_path. Each name in it must be qualified. */
void db_query_bare(struct db *d, const char *sql, db_done_fn *done, void *ctx);
/* The same as db_query with binary results. */
void db_query_binary(struct db *d, const char *sql, const struct db_param *params, size_t n,
                     db_done_fn *done, void *ctx);
void db_copy(struct db *d, const char *sql, db_source_fn *source, db_done_fn *done, void *ctx);
bool db_lost(const struct db *d);
bool db_connecting(const struct db *d);
/* Returns true if a statement was answered since the connection was made, so that there is a server behind it. */
bool db_proven(const struct db *d);
/* Returns how many statements were sent, over all connections that db has had. */
uint64_t db_statements(const struct db *d);
/* Asks the server, without waiting, to cancel the statement under way (also through a pooler). The operation then ends with SQLSTATE
 * 57014; or in its own way, if it had ended before, or if the request did not arrive: ask again then. Does nothing if no
 * statement is under way. */
void db_cancel(struct db *d);
/* Drops the connection. The server rolls back a transaction that is under way. No callback comes for it. */
void db_drop(struct db *d);
int db_server_version(const struct db *d);
bool db_tls(const struct db *d);
int db_backend(const struct db *d); /* the server process as announced: a pooler announces others */

#endif

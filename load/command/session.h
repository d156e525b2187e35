/*
 * A database connection with calls that wait, for commands that do one thing after the other. It turns the loop that load/database/db.h
 * needs, so none of these calls may be made from one of the loop's callbacks.
 *
 *     session_open(&s, loop, conninfo, &backoff, e);
 *     session_try(s, transaction, ctx, e);       // connects; calls transaction(ctx, s, e); after a failure again, with
 *                                                // a pause, if that can help
 *         session_query(s, sql, params, n, &result, e);   // within it; PQclear(result)
 *     session_close(s);
 *
 * After a failed try the connection is gone, with all that was not committed. So each try begins with BEGIN, or is a single statement. No
 * state of the session is relied on from one transaction to the next, since a pooler in transaction mode may stand between.
 */
#ifndef NETTY_LOAD_COMMAND_SESSION_H
#define NETTY_LOAD_COMMAND_SESSION_H

#include "load/database/db.h"
#include "shared/base/backoff.h"

struct session;
typedef enum err_code session_fn(void *ctx, struct session *s, struct err *e);

/* conninfo NULL: libpq's environment. */
enum err_code session_open(struct session **s, uv_loop_t *loop, const char *conninfo,
                           const struct backoff *backoff, struct err *e) MUST_CHECK;
void session_close(struct session *s); /* the memory goes with the loop's handles */

/* Runs fn until it succeeds, or fails with an error that waiting does not help; the error then says what to do, if that is known.
 * ERR_INTERRUPTED after session_stop. */
enum err_code session_try(struct session *s, session_fn *fn, void *ctx, struct err *e) MUST_CHECK;
/* Returns true if the last try failed on a time limit, so that less should be done at a time. */
bool session_too_slow(const struct session *s);
/* Returns true if it failed because no connection could be had, so that other work need not be begun. */
bool session_unreachable(const struct session *s);

/* Runs one statement; with n = 0 also several, of which the last result counts. result may be NULL; *result is cleared by the caller. */
enum err_code session_query(struct session *s, const char *sql, const struct db_param *params,
                            size_t n, PGresult **result, struct err *e) MUST_CHECK;
/* The same with the text's variables filled in (load/database/sql.h), without parameters. */
struct sql_var;
enum err_code session_run(struct session *s, const char *text, const struct sql_var *vars, size_t n,
                          PGresult **result, struct err *e) MUST_CHECK;

/* As db_query_bare, with the text's variables filled in. */
enum err_code session_run_bare(struct session *s, const char *text, const struct sql_var *vars,
                               size_t n, struct err *e) MUST_CHECK;
/* The rows of sql_list_tables, for the schema (NULL: what search_path shows). */
enum err_code session_list(struct session *s, const char *schema, PGresult **result,
                           struct err *e) MUST_CHECK;

/* From one of the loop's callbacks: end soon. A transaction under way is finished first, a pause or
 * an attempt to connect is not; nor is what was announced as long: its statement is cancelled, once a second until it ends. */
void session_stop(struct session *s);
bool session_stopping(const struct session *s);
/* What follows takes long, and can be broken off at any point: after session_stop no statement of it is begun any more. */
void session_long(struct session *s, bool yes);

#endif

#include "load/command/session.h"
#include "load/database/db_decide.h"
#include "load/database/sql.h"
#include "load/target/target_table.h"
#include "shared/log/log.h"
#include <stdlib.h>
#include <string.h>

#define SQL_MAX ((size_t)1 << 20)
/* The time between two requests to cancel. A request may come before its statement, or may not arrive. */
#define ASK_MS 1000u

struct session {
    uv_loop_t *loop;
    struct db *db;
    struct backoff backoff;
    uv_timer_t timer;
    unsigned attempt; /* since something last went well */
    bool slow, unreachable;
    bool stopping;
    bool breakable; /* what is waited for may be broken off */
    bool lengthy;   /* session_long */
    bool waiting;
    bool asking; /* ... for a statement's end */
    PGresult *result;
    struct err err;
};

enum err_code session_open(struct session **out, uv_loop_t *loop, const char *conninfo,
                           const struct backoff *backoff, struct err *e)
{
    struct session *s = calloc(1, sizeof *s);
    enum err_code rc;

    if (s == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    if ((rc = db_open(&s->db, loop, conninfo, e)) != OK) {
        free(s);
        return rc;
    }
    s->loop = loop;
    s->backoff = *backoff;
    (void)uv_timer_init(loop, &s->timer); /* cannot fail */
    s->timer.data = s;
    *out = s;
    return OK;
}

static void on_closed(uv_handle_t *h)
{
    free(h->data);
}

void session_close(struct session *s)
{
    if (s == NULL)
        return;
    db_close(s->db);
    PQclear(s->result);
    uv_close((uv_handle_t *)&s->timer, on_closed);
}

/* ---- waiting ---- */

static void on_done(void *ctx, const PGresult *r, const struct err *err)
{
    struct session *s = ctx;

    s->waiting = false;
    PQclear(s->result);
    s->result = r != NULL ? PQcopyResult(r, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES) : NULL;
    if (err != NULL)
        s->err = *err;
    else if (r != NULL && s->result == NULL)
        err_set(&s->err, ERR_NOMEM, "out of memory for the database's answer");
}

static enum err_code wait_here(struct session *s, bool breakable, struct err *e)
{
    s->breakable = breakable;
    if (s->stopping && breakable)
        session_stop(s);
    while (s->waiting)
        (void)uv_run(s->loop, UV_RUN_ONCE);
    (void)uv_timer_stop(&s->timer);
    s->breakable = false;
    if (s->err.code != OK && e != NULL)
        *e = s->err;
    return s->err.code;
}

static void begin_waiting(struct session *s)
{
    s->waiting = true;
    s->err = ERR_INIT;
}

static enum err_code stopped(struct err *e)
{
    return err_set(e, ERR_INTERRUPTED, "stopped before the end; what is done stays done");
}

static void on_ask_again(uv_timer_t *timer)
{
    struct session *s = timer->data;

    db_cancel(s->db);
}

void session_stop(struct session *s)
{
    s->stopping = true;
    if (!s->waiting || !s->breakable)
        return;
    if (s->asking) {
        db_cancel(s->db); /* else the server would go on with it; it calls back */
        (void)uv_timer_start(&s->timer, on_ask_again, ASK_MS, ASK_MS);
        return;
    }
    (void)uv_timer_stop(&s->timer);
    db_drop(s->db); /* nobody calls back then */
    s->waiting = false;
    (void)stopped(&s->err);
}

bool session_stopping(const struct session *s)
{
    return s->stopping;
}

void session_long(struct session *s, bool yes)
{
    s->lengthy = yes;
}

bool session_too_slow(const struct session *s)
{
    return s->slow;
}

bool session_unreachable(const struct session *s)
{
    return s->unreachable;
}

/* ---- statements ---- */

static enum err_code wait_for_answer(struct session *s, PGresult **result, struct err *e)
{
    s->asking = true;
    enum err_code rc = wait_here(s, s->lengthy, e);
    s->asking = false;
    if (rc == OK && result != NULL) {
        *result = s->result;
        s->result = NULL;
    }
    return rc;
}

enum err_code session_query(struct session *s, const char *sql, const struct db_param *params,
                            size_t n, PGresult **result, struct err *e)
{
    if (s->stopping && s->lengthy)
        return stopped(e);
    begin_waiting(s);
    db_query(s->db, sql, params, n, on_done, s);
    return wait_for_answer(s, result, e);
}

enum err_code session_run(struct session *s, const char *text, const struct sql_var *vars, size_t n,
                          PGresult **result, struct err *e)
{
    struct buf sql;
    enum err_code rc;

    buf_init(&sql, SQL_MAX);
    if ((rc = sql_expand(&sql, text, vars, n, e)) == OK)
        rc = session_query(s, sql.data, NULL, 0, result, e);
    buf_free(&sql);
    return rc;
}

static enum err_code run_bare(struct session *s, const char *sql, PGresult **result, struct err *e)
{
    if (s->stopping && s->lengthy)
        return stopped(e);
    begin_waiting(s);
    db_query_bare(s->db, sql, on_done, s);
    return wait_for_answer(s, result, e);
}

enum err_code session_run_bare(struct session *s, const char *text, const struct sql_var *vars,
                               size_t n, struct err *e)
{
    struct buf sql;
    enum err_code rc;

    buf_init(&sql, SQL_MAX);
    if ((rc = sql_expand(&sql, text, vars, n, e)) == OK)
        rc = run_bare(s, sql.data, NULL, e);
    buf_free(&sql);
    return rc;
}

enum err_code session_list(struct session *s, const char *schema, PGresult **result, struct err *e)
{
    struct buf sql;
    enum err_code rc;

    buf_init(&sql, SQL_MAX);
    if ((rc = target_table_list(&sql, schema, e)) == OK)
        rc = run_bare(s, sql.data, result, e);
    buf_free(&sql);
    return rc;
}

/* ---- trying again ---- */

static enum err_code connect_first(struct session *s, struct err *e)
{
    if (!db_lost(s->db))
        return OK;
    begin_waiting(s);
    db_connect(s->db, on_done, s);
    enum err_code rc = wait_here(s, true, e);
    s->unreachable = rc != OK && rc != ERR_INTERRUPTED;
    return rc;
}

static void on_timer(uv_timer_t *timer)
{
    struct session *s = timer->data;

    s->waiting = false;
}

static enum err_code pause_for(struct session *s, int64_t us, struct err *e)
{
    begin_waiting(s);
    (void)uv_timer_start(&s->timer, on_timer, (uint64_t)((us + 999) / 1000), 0);
    return wait_here(s, true, e);
}

/* Called after a failed try. Returns OK if there is to be another one. */
static enum err_code again(struct session *s, enum db_phase phase, struct err *err, struct err *e)
{
    enum db_action action = db_decide(phase, err).action;
    bool helps = action == DB_WAIT || action == DB_RECONNECT || action == DB_SMALLER;

    db_drop(s->db); /* what was under way is rolled back */
    if (helps && s->stopping)
        return stopped(e);
    if (!helps || s->attempt >= s->backoff.tries) {
        db_explain(phase, err);
        if (helps && s->backoff.tries > 0)
            err_prefix(err, "given up after %u retries", s->backoff.tries);
        if (e != NULL)
            *e = *err;
        return err->code;
    }
    s->attempt++;
    s->slow = action == DB_SMALLER;
    int64_t wait = backoff_wait(&s->backoff, s->attempt, backoff_random(), 0);
    LOG(LOG_WARN, "retry", "the database is tried again after a pause", F_ERR(err),
        F_STR("sqlstate", err->sqlstate), F_INT("attempt", s->attempt),
        F_SECONDS_AND_MS("wait_seconds", "wait_ms", wait));
    return pause_for(s, wait, e);
}

enum err_code session_try(struct session *s, session_fn *fn, void *ctx, struct err *e)
{
    for (;;) {
        struct err err = ERR_INIT;
        enum err_code rc;

        if (s->stopping)
            return stopped(e);
        enum db_phase phase = DB_PHASE_CONNECT;
        if ((rc = connect_first(s, &err)) == OK) {
            phase = DB_PHASE_MAINTENANCE;
            rc = fn(ctx, s, &err);
        }
        if (rc == OK) {
            s->attempt = 0;
            s->slow = false;
            return OK;
        }
        if (rc == ERR_INTERRUPTED) {
            db_drop(s->db);
            if (e != NULL)
                *e = err;
            return rc;
        }
        if ((rc = again(s, phase, &err, e)) != OK)
            return rc;
    }
}

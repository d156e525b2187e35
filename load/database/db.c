/* One connection on the loop: statements and their results. */
#include "load/address/db_conninfo.h"
#include "load/database/db_private.h"
#include <stdlib.h>
#include <string.h>

#define PIECE_MAX  ((size_t)1 << 30) /* one row may be as large */
#define PARAMS_MAX 16
#define HOSTS_MAX  65536u

static void on_timer_closed(uv_handle_t *h)
{
    struct db *d = h->data;

    if (--d->handles > 0)
        return;
    buf_free(&d->piece);
    buf_free(&d->pinned);
    buf_free(&d->at);
    buf_free(&d->tried);
    free(d->conninfo);
    free(d);
}

static void on_poll_closed(uv_handle_t *h)
{
    free(h);
}

void db_unpoll(struct db *d)
{
    if (d->poll == NULL)
        return;
    uv_close((uv_handle_t *)d->poll, on_poll_closed);
    d->poll = NULL;
}

/* Takes the results that have come. Returns true when the statement has ended. */
static bool take_results(struct db *d)
{
    while (!PQisBusy(d->conn)) {
        PGresult *r = PQgetResult(d->conn);
        if (r == NULL)
            return true;
        ExecStatusType status = PQresultStatus(r);
        if (status == PGRES_COPY_IN && d->source != NULL) {
            PQclear(r);
            d->state = DB_COPYING;
            return false;
        }
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
            status == PGRES_EMPTY_QUERY) {
            PQclear(d->result);
            d->result = r;
            d->proven = true;
            continue;
        }
        if (d->err.code == OK && status == PGRES_FATAL_ERROR)
            db_err_result(&d->err, r, d->conn);
        else if (d->err.code == OK)
            err_set(&d->err, ERR_INTERNAL, "the statement asks for a COPY that nobody feeds");
        PQclear(r);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            db_finish_conn(d);
            return true;
        }
    }
    return false;
}

/* Feeds a COPY once. Returns true when the connection is of no more use. */
static bool feed(struct db *d)
{
    if (db_copy_feed(d)) {
        if (d->copied)
            d->state = DB_STATEMENT;
        return false;
    }
    if (d->err.code == OK)
        db_err_conn(&d->err, d->conn, "lost the database");
    db_finish_conn(d);
    return true;
}

static void pump(struct db *d)
{
    /* A lost connection shows here; the server's last words may still stand in libpq's buffer. */
    bool broken = PQconsumeInput(d->conn) == 0;
    bool over = d->state == DB_STATEMENT && take_results(d);

    if (!over && d->state == DB_COPYING) {
        over = feed(d);
        /* An error that came during the COPY stands in libpq's buffer: the socket has no more to
         * say. */
        if (!over && d->state == DB_STATEMENT)
            over = take_results(d);
    }
    if (!over && broken) {
        db_err_conn(&d->err, d->conn, "lost the database");
        over = true;
    }
    if (over) {
        db_finish(d);
        return;
    }
    /* Failed to send: why, the server tells; the socket is readable then. */
    if (!db_poll(d, PQflush(d->conn) > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE))
        db_finish(d);
}

static void on_ready(uv_poll_t *h, int status, int events)
{
    struct db *d = h->data;

    (void)status; /* libpq finds out itself what is wrong with its socket */
    (void)events;
    if (d->state == DB_CONNECTING)
        db_connect_step(d);
    else if (d->state == DB_STATEMENT || d->state == DB_COPYING)
        pump(d);
}

bool db_poll(struct db *d, int events)
{
    int fd = PQsocket(d->conn);

    if (fd < 0) {
        db_err_conn(&d->err, d->conn, "lost the database");
        return false;
    }
    if (d->poll != NULL && d->fd != fd)
        db_unpoll(d);
    if (d->poll == NULL) {
        uv_poll_t *poll = calloc(1, sizeof *poll);
        if (poll == NULL || uv_poll_init(d->loop, poll, fd) != 0) {
            free(poll);
            err_set(&d->err, ERR_INTERNAL, "cannot watch the database's socket");
            return false;
        }
        poll->data = d;
        d->poll = poll;
        d->fd = fd;
    }
    if (uv_poll_start(d->poll, events, on_ready) == 0)
        return true;
    err_set(&d->err, ERR_INTERNAL, "cannot watch the database's socket");
    return false;
}

void db_finish(struct db *d)
{
    db_done_fn *done = d->done;
    void *ctx = d->ctx;
    PGresult *result = d->result;
    struct err err = d->err;

    (void)uv_timer_stop(&d->limit);
    (void)uv_timer_stop(&d->defer);
    d->done = NULL;
    d->source = NULL;
    d->result = NULL;
    d->err = ERR_INIT;
    buf_free(&d->piece);
    if (d->conn == NULL || PQstatus(d->conn) != CONNECTION_OK) {
        db_finish_conn(d);
        if (err.code == OK)
            err_set(&err, ERR_UNAVAILABLE, "lost the database");
    } else {
        d->state = DB_READY;
        if (d->poll != NULL)
            (void)uv_poll_stop(d->poll);
    }
    if (done != NULL)
        done(ctx, err.code == OK ? result : NULL, err.code == OK ? NULL : &err);
    PQclear(result);
}

static void on_defer(uv_timer_t *timer)
{
    db_finish(timer->data);
}

void db_fail(struct db *d)
{
    /* Starting a timer fails only without a callback. */
    (void)uv_timer_start(&d->defer, on_defer, 0, 0);
}

enum err_code db_open(struct db **out, uv_loop_t *loop, const char *conninfo, struct err *e)
{
    struct db *d = NULL;
    enum err_code rc = OK;

    if (conninfo != NULL && (rc = db_check_conninfo(conninfo, e)) != OK)
        return rc;
    d = calloc(1, sizeof *d);
    if (d == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    d->loop = loop;
    d->fd = -1;
    buf_init(&d->piece, PIECE_MAX);
    buf_init(&d->pinned, PIECE_MAX);
    buf_init(&d->at, HOSTS_MAX);
    buf_init(&d->tried, HOSTS_MAX);
    if (conninfo != NULL && (d->conninfo = strdup(conninfo)) == NULL) {
        free(d);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    (void)uv_timer_init(loop, &d->defer); /* cannot fail */
    (void)uv_timer_init(loop, &d->limit);
    d->handles = 2;
    d->defer.data = d;
    d->limit.data = d;
    *out = d;
    return OK;
}

void db_drop(struct db *d)
{
    PQclear(d->result);
    d->result = NULL;
    d->done = NULL;
    d->source = NULL;
    buf_free(&d->piece);
    (void)uv_timer_stop(&d->limit);
    (void)uv_timer_stop(&d->defer);
    db_finish_conn(d);
}

void db_close(struct db *d)
{
    if (d == NULL)
        return;
    db_drop(d);
    uv_close((uv_handle_t *)&d->defer, on_timer_closed);
    uv_close((uv_handle_t *)&d->limit, on_timer_closed);
}

bool db_lost(const struct db *d)
{
    return d->conn == NULL || PQstatus(d->conn) != CONNECTION_OK;
}

bool db_connecting(const struct db *d)
{
    return d->state == DB_CONNECTING;
}

bool db_proven(const struct db *d)
{
    return !db_lost(d) && d->proven;
}

uint64_t db_statements(const struct db *d)
{
    return d->asked;
}

int db_server_version(const struct db *d)
{
    return d->conn != NULL ? PQserverVersion(d->conn) : 0;
}

bool db_tls(const struct db *d)
{
    return d->conn != NULL && PQsslInUse(d->conn) != 0;
}

int db_backend(const struct db *d)
{
    return d->conn != NULL ? PQbackendPID(d->conn) : 0;
}

static int send_params(struct db *d, const char *sql, const struct db_param *params, size_t n,
                       bool binary)
{
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX];
    int formats[PARAMS_MAX];
    Oid types[PARAMS_MAX];

    for (size_t i = 0; i < n; i++) {
        values[i] = params[i].text;
        lengths[i] = params[i].len;
        formats[i] = params[i].binary;
        types[i] = params[i].type;
    }
    return PQsendQueryParams(d->conn, sql, (int)n, types, values, lengths, formats, binary);
}

/* Sends the text with search_path pinned. Several statements in one message are one transaction if none is open, and SET LOCAL lasts to its end. */
static int send_pinned(struct db *d, const char *sql)
{
    static const char pin[] = "SET LOCAL search_path = pg_catalog, pg_temp;\n";

    buf_reset(&d->pinned);
    if (buf_adds(&d->pinned, pin) != OK || buf_adds(&d->pinned, sql) != OK)
        return 0;
    return PQsendQuery(d->conn, d->pinned.data);
}

enum query_form {
    QUERY_TEXT,
    QUERY_BINARY,
    QUERY_BARE
};

static int send_query(struct db *d, const char *sql, const struct db_param *params, size_t n,
                      enum query_form form)
{
    if (n > 0)
        return send_params(d, sql, params, n, form == QUERY_BINARY);
    if (form != QUERY_BARE && PQtransactionStatus(d->conn) == PQTRANS_IDLE)
        return send_pinned(d, sql);
    return PQsendQuery(d->conn, sql);
}

static void query(struct db *d, const char *sql, const struct db_param *params, size_t n,
                  enum query_form form, db_done_fn *done, void *ctx)
{
    d->done = done;
    d->ctx = ctx;
    d->err = ERR_INIT;
    if (d->state != DB_READY || n > PARAMS_MAX) {
        if (d->state == DB_GONE)
            err_set(&d->err, ERR_UNAVAILABLE, "not connected to the database");
        else
            err_set(&d->err, ERR_INTERNAL, "a statement while another is under way");
        db_fail(d);
        return;
    }
    if (send_query(d, sql, params, n, form) == 0) {
        db_err_conn(&d->err, d->conn, "cannot send to the database");
        db_fail(d);
        return;
    }
    d->state = DB_STATEMENT;
    d->asked++;
    int left = PQflush(d->conn);
    if (!db_poll(d, left > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE))
        db_fail(d);
}

void db_query(struct db *d, const char *sql, const struct db_param *params, size_t n,
              db_done_fn *done, void *ctx)
{
    query(d, sql, params, n, QUERY_TEXT, done, ctx);
}

void db_query_bare(struct db *d, const char *sql, db_done_fn *done, void *ctx)
{
    query(d, sql, NULL, 0, QUERY_BARE, done, ctx);
}

void db_query_binary(struct db *d, const char *sql, const struct db_param *params, size_t n,
                     db_done_fn *done, void *ctx)
{
    query(d, sql, params, n, QUERY_BINARY, done, ctx);
}

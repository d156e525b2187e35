/* Connecting without blocking, and the end of a connection. */
#include "load/db_priv.h"
#include "shared/log.h"
#include <stdlib.h>
#include <string.h>

#define LIMIT_STANDARD 30u /* seconds, where connect_timeout says nothing */
#define LIMIT_MOST     3600u

/* Notices are for whoever looks closely; DETAIL would quote rows. */
static void on_notice(void *ctx, const PGresult *r)
{
    const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

    (void)ctx;
    LOG(LOG_DEBUG, "notice", "the database notes", F_STR("sqlstate", state), F_STR("text", text));
}

void db_finish_conn(struct db *d)
{
    db_unpoll(d); /* before libpq closes the socket: its number may be another's at once */
    PQfinish(d->conn);
    d->conn = NULL;
    d->state = DB_GONE;
}

static void on_limit(uv_timer_t *timer)
{
    struct db *d = timer->data;

    err_set(&d->err, ERR_UNAVAILABLE,
            "the database at %s does not answer; look at its address, or give connect_timeout "
            "more time",
            PQhost(d->conn) != NULL ? PQhost(d->conn) : "its host");
    db_finish(d);
}

/* Secrets that came by way of the environment or a service file, and the time limit. */
static unsigned settle(struct db *d)
{
    unsigned limit = LIMIT_STANDARD;
    PQconninfoOption *all = PQconninfo(d->conn);

    for (PQconninfoOption *o = all; o != NULL && o->keyword != NULL; o++) {
        if (o->val == NULL || o->val[0] == '\0')
            continue;
        if (strcmp(o->keyword, "password") == 0 || strcmp(o->keyword, "sslpassword") == 0)
            log_secret(o->val);
        if (strcmp(o->keyword, "connect_timeout") == 0) {
            unsigned long n = strtoul(o->val, NULL, 10);
            if (n > 0)
                limit = n < LIMIT_MOST ? (unsigned)n : LIMIT_MOST;
        }
    }
    PQconninfoFree(all);
    if (PQpass(d->conn) != NULL && PQpass(d->conn)[0] != '\0')
        log_secret(PQpass(d->conn)); /* from a password file */
    return limit;
}

void db_connect(struct db *d, db_done_fn *done, void *ctx)
{
    /* What stands before dbname, conninfo may override; what stands after it overrides. Keepalives
     * and tcp_user_timeout find a peer that vanished without a word. */
    static const char *const names[] = {
        "fallback_application_name", "keepalives_idle", "keepalives_interval", "keepalives_count",
        "tcp_user_timeout",          "dbname",          "client_encoding",     NULL};
    const char *const values[] = {"netty-load", "30",    "10",
                                  "3",          "60000", d->conninfo != NULL ? d->conninfo : "",
                                  "UTF8",       NULL};

    db_drop(d);
    d->done = done;
    d->ctx = ctx;
    d->err = ERR_INIT;
    d->conn = PQconnectStartParams(names, values, 1);
    if (d->conn == NULL || PQstatus(d->conn) == CONNECTION_BAD) {
        db_err_conn(&d->err, d->conn, "cannot connect to the database");
        db_fail(d);
        return;
    }
    PQsetNoticeReceiver(d->conn, on_notice, NULL);
    (void)PQsetErrorVerbosity(d->conn, PQERRORS_VERBOSE);
    d->state = DB_CONNECTING;
    if (uv_timer_start(&d->limit, on_limit, 1000u * (uint64_t)settle(d), 0) != 0 ||
        !db_poll(d, UV_WRITABLE)) {
        err_set(&d->err, ERR_INTERNAL, "cannot watch the database's socket");
        db_fail(d);
    }
}

void db_connect_step(struct db *d)
{
    bool watching = true;

    db_unpoll(d); /* the next address has another socket */
    switch (PQconnectPoll(d->conn)) {
    case PGRES_POLLING_READING:
        watching = db_poll(d, UV_READABLE);
        break;
    case PGRES_POLLING_WRITING:
        watching = db_poll(d, UV_WRITABLE);
        break;
    case PGRES_POLLING_OK:
        (void)PQsetErrorVerbosity(d->conn, PQERRORS_DEFAULT);
        if (PQsetnonblocking(d->conn, 1) != 0)
            db_err_conn(&d->err, d->conn, "cannot use the connection");
        d->state = DB_READY;
        db_finish(d);
        return;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE:
        db_err_conn(&d->err, d->conn, "cannot connect to the database");
        db_finish(d);
        return;
    }
    if (!watching)
        db_finish(d);
}

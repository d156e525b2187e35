/* Connecting without blocking, and the end of a connection. */
#include "load/address/db_address.h"
#include "load/address/db_hosts.h"
#include "load/database/db_private.h"
#include "shared/log/log.h"
#include "shared/log/redact.h"
#include <stdlib.h>
#include <string.h>

#define LIMIT_STANDARD 30u /* seconds, where connect_timeout says nothing */
#define LIMIT_OTHERS   10u /* the same, while there are others to try */
#define LIMIT_SPARE    5u  /* for a connection that is not needed */
#define LIMIT_MOST     3600u

/* Logs the server's notices at debug level, without DETAIL, which would quote rows. */
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
    d->proven = false;
    d->state = DB_GONE;
}

static void on_limit(uv_timer_t *timer);

/* Returns one of the connection's settings, with environment and service file taken into account; NULL: not set. */
static const char *setting(const PQconninfoOption *all, const char *name)
{
    for (const PQconninfoOption *o = all; o != NULL && o->keyword != NULL; o++)
        if (strcmp(o->keyword, name) == 0)
            return o->val != NULL && o->val[0] != '\0' ? o->val : NULL;
    return NULL;
}

static void keep_secrets(const struct db *d)
{
    static const char *const names[] = {"password", "sslpassword"};
    PQconninfoOption *all = PQconninfo(d->conn);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setting(all, names[i]) != NULL)
            redact_secret(setting(all, names[i]));
    PQconninfoFree(all);
    if (PQpass(d->conn) != NULL && PQpass(d->conn)[0] != '\0')
        redact_secret(PQpass(d->conn)); /* from a password file */
}

/* Returns how many seconds the current address may take. */
static unsigned limit_of(const struct db *d)
{
    PQconninfoOption *all = PQconninfo(d->conn);
    const char *given = setting(all, "connect_timeout");
    unsigned long n = given != NULL ? strtoul(given, NULL, 10) : 0;
    unsigned limit = d->last ? LIMIT_STANDARD - LIMIT_OTHERS : LIMIT_OTHERS;

    if (n > 0)
        limit = n < LIMIT_MOST ? (unsigned)n : LIMIT_MOST;
    else if (given != NULL)
        limit = LIMIT_STANDARD;
    PQconninfoFree(all);
    return d->spare && limit > LIMIT_SPARE ? LIMIT_SPARE : limit;
}

static const char *or_empty(const char *s)
{
    return s != NULL ? s : "";
}

/* Starts the time limit anew with each address that libpq goes on to. */
static bool watch_limit(struct db *d)
{
    struct buf now;
    bool again = false;
    bool same;
    bool good;

    buf_init(&now, d->at.max);
    good = db_hosts_note(&now, or_empty(PQhost(d->conn)), or_empty(PQport(d->conn)),
                         or_empty(PQhostaddr(d->conn)), &again) == OK;
    same = good && uv_is_active((uv_handle_t *)&d->limit) && now.len == d->at.len &&
           memcmp(now.data, d->at.data, now.len) == 0;
    if (good && !same) {
        d->last = false;
        buf_reset(&d->at);
        good = buf_add(&d->at, now.data, now.len) == OK &&
               uv_timer_start(&d->limit, on_limit, 1000u * (uint64_t)limit_of(d), 0) == 0;
    }
    buf_free(&now);
    return good;
}

/* Begins to connect. hosts replace those of the settings, unless NULL. */
static void start(struct db *d, const struct db_hosts *hosts)
{
    /* What stands before dbname, conninfo may override; what stands after it overrides. Keepalives
     * and tcp_user_timeout find a peer that vanished without a word. */
    const char *const names[] = {"fallback_application_name",
                                 "keepalives_idle",
                                 "keepalives_interval",
                                 "keepalives_count",
                                 "tcp_user_timeout",
                                 "dbname",
                                 "client_encoding",
                                 hosts != NULL ? "host" : NULL,
                                 "hostaddr",
                                 "port",
                                 NULL};
    const char *const values[] = {"netty-load",
                                  "30",
                                  "10",
                                  "3",
                                  "60000",
                                  d->conninfo != NULL ? d->conninfo : "",
                                  "UTF8",
                                  hosts != NULL ? hosts->host.data : NULL,
                                  hosts != NULL ? hosts->hostaddr.data : NULL,
                                  hosts != NULL ? hosts->port.data : NULL,
                                  NULL};

    d->conn = PQconnectStartParams(names, values, 1);
    if (d->conn == NULL || PQstatus(d->conn) == CONNECTION_BAD) {
        db_err_connect(&d->err, d->conn);
        db_fail(d);
        return;
    }
    PQsetNoticeReceiver(d->conn, on_notice, NULL);
    (void)PQsetErrorVerbosity(d->conn, PQERRORS_VERBOSE);
    d->state = DB_CONNECTING;
    keep_secrets(d);
    if (!watch_limit(d) || !db_poll(d, UV_WRITABLE)) {
        err_set(&d->err, ERR_INTERNAL, "cannot watch the database's socket");
        db_fail(d);
    }
}

static void connect_as(struct db *d, bool spare, db_done_fn *done, void *ctx)
{
    db_drop(d);
    d->spare = spare;
    d->done = done;
    d->ctx = ctx;
    d->err = ERR_INIT;
    buf_reset(&d->tried);
    db_address_renew(&d->conninfo);
    start(d, NULL);
}

void db_connect(struct db *d, db_done_fn *done, void *ctx)
{
    connect_as(d, false, done, ctx);
}

void db_connect_spare(struct db *d, db_done_fn *done, void *ctx)
{
    connect_as(d, true, done, ctx);
}

/* Goes on to other hosts, since the current address has taken too long. Returns false if there is no other. */
static bool try_others(struct db *d)
{
    PQconninfoOption *all = PQconninfo(d->conn);
    struct db_hosts left;
    bool again = false;
    bool good = db_hosts_note(&d->tried, or_empty(PQhost(d->conn)), or_empty(PQport(d->conn)),
                              or_empty(PQhostaddr(d->conn)), &again) == OK &&
                !again;

    good = db_hosts_left(&left, setting(all, "host"), setting(all, "hostaddr"),
                         setting(all, "port"), &d->tried, db_hosts_resolve) == OK &&
           good && left.count > 0;
    PQconninfoFree(all);
    if (good) {
        LOG(LOG_WARN, "silent-host", "a host of the database does not answer; others are tried",
            F_STR("host", PQhost(d->conn)), F_STR("address", PQhostaddr(d->conn)));
        db_finish_conn(d);
        start(d, &left);
    }
    db_hosts_free(&left);
    return good;
}

static void on_limit(uv_timer_t *timer)
{
    struct db *d = timer->data;
    unsigned waited = limit_of(d);

    if (d->state != DB_CONNECTING) {
        err_set(&d->err, ERR_UNAVAILABLE, "the database, or its pooler, has no server to spare");
        db_finish_conn(d);
        db_finish(d);
        return;
    }
    if (!d->last && try_others(d))
        return;
    if (!d->last && !d->spare && waited == LIMIT_OTHERS) {
        d->last = true;
        if (limit_of(d) != waited &&
            uv_timer_start(&d->limit, on_limit, 1000u * (uint64_t)limit_of(d), 0) == 0)
            return;
    }
    err_set(&d->err, ERR_UNAVAILABLE,
            "the database at %s does not answer; look at its address, or give connect_timeout "
            "more time",
            PQhost(d->conn) != NULL ? PQhost(d->conn) : "its host");
    db_finish(d);
}

/* The connection is made. A spare one (db_connect_spare) is first asked something, and the time limit of connecting runs until it has answered. */
static void connected(struct db *d)
{
    d->state = DB_READY;
    if (d->spare && d->err.code == OK) {
        if (PQsendQuery(d->conn, "SELECT 1") != 0 && PQflush(d->conn) >= 0) {
            d->state = DB_STATEMENT;
            if (db_poll(d, UV_READABLE))
                return;
        } else {
            db_err_conn(&d->err, d->conn, "cannot send to the database");
        }
    }
    db_finish(d);
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
        db_address_tried(&d->err);
        connected(d);
        return;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE:
        db_err_connect(&d->err, d->conn);
        db_address_tried(&d->err);
        db_finish(d);
        return;
    }
    if (watching && !watch_limit(d)) {
        err_set(&d->err, ERR_NOMEM, "out of memory");
        watching = false;
    }
    if (!watching)
        db_finish(d);
}

#include "load/doctor/doctor.h"
#include "load/database/sql.h"
#include "load/database/target_table.h"
#include "load/doctor/diagnosis.h"
#include "shared/log/log.h"
#include <stdlib.h>

#define LOOKS                                                                                      \
    5 /* of the second connection at its backend: other clients of the pool may be in between */

#define SQL_MAX 65536u

struct doctor {
    struct doctor_conf conf;
    struct server_address address;
    struct findings *findings;
    struct db *db;
    struct db *second;
    uv_timer_t timer;
    doctor_ended_fn *ended;
    void *ctx;
    struct buf sql;
    PGresult *session; /* of sql_check */
    int64_t backend;
    int queries;
    enum pooling pooling;
};

static const char backend_sql[] = "SELECT pg_catalog.pg_backend_pid()";

static void on_backend(void *ctx, const PGresult *r, const struct err *err);

enum err_code doctor_open(struct doctor **out, uv_loop_t *loop, const struct doctor_conf *conf,
                          struct err *e)
{
    struct doctor *c = calloc(1, sizeof *c);
    enum err_code rc;

    if (c == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    c->conf = *conf;
    (void)uv_timer_init(loop, &c->timer); /* cannot fail */
    c->timer.data = c;
    buf_init(&c->sql, SQL_MAX);
    if ((rc = findings_open(&c->findings, conf->json, e)) != OK ||
        (rc = db_open(&c->db, loop, conf->conninfo, e)) != OK ||
        (rc = db_open(&c->second, loop, conf->conninfo, e)) != OK ||
        (rc = server_address_read(&c->address, conf->conninfo, e)) != OK) {
        doctor_close(c);
        return rc;
    }
    findings_add(c->findings, FINDING_OK, OK, "settings", "configuration file: %s",
                 conf->config != NULL ? conf->config : "none is there");
    *out = c;
    return OK;
}

static void finish(struct doctor *c)
{
    (void)uv_timer_stop(&c->timer);
    c->ended(c->ctx);
}

static void broken(struct doctor *c, const struct err *err)
{
    findings_add(c->findings, FINDING_WRONG, err->code, "connection", "%s", err->msg);
    finish(c);
}

/* ---- tables ---- */

static void on_hints(void *ctx, const PGresult *r, const struct err *err)
{
    struct doctor *c = ctx;

    if (err != NULL) {
        broken(c, err);
        return;
    }
    diagnose_hints(c->findings, &c->conf, r);
    finish(c);
}

static void on_list(void *ctx, const PGresult *r, const struct err *err)
{
    struct doctor *c = ctx;

    if (err != NULL) {
        broken(c, err);
        return;
    }
    diagnose_tables(c->findings, &c->conf, c->session, r);
    db_query(c->db, sql_check_tables, NULL, 0, on_hints, c);
}

static void diagnose_session(struct doctor *c)
{
    diagnose_pooling(c->findings, &c->address, c->pooling);
    diagnose_server(c->findings, c->session);
    diagnose_rights(c->findings, c->session);
    struct err e = ERR_INIT;
    if (target_table_list(&c->sql, c->conf.schema, &e) != OK)
        broken(c, &e);
    else
        db_query_bare(c->db, c->sql.data, on_list, c);
}

/* ---- what stands between ---- */

static void query_backend(struct doctor *c)
{
    db_query(c->second, backend_sql, NULL, 0, on_backend, c);
}

static void on_backend(void *ctx, const PGresult *r, const struct err *err)
{
    struct doctor *c = ctx;

    if (err == NULL && target_table_number(r, 0, 0) == c->backend)
        c->pooling = POOLING_TRANSACTION;
    else if (err == NULL && ++c->queries < LOOKS) {
        query_backend(c);
        return;
    }
    db_drop(c->second);
    diagnose_session(c);
}

static void on_second(void *ctx, const PGresult *r, const struct err *err)
{
    struct doctor *c = ctx;

    (void)r;
    if (err != NULL)
        diagnose_session(c); /* the pool may be full: then its mode does not show */
    else
        query_backend(c);
}

static void on_session(void *ctx, const PGresult *r, const struct err *err)
{
    struct doctor *c = ctx;

    if (err == NULL &&
        (c->session = PQcopyResult(r, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES)) != NULL) {
        c->backend = target_table_number(r, 0, PQfnumber(r, "backend"));
        c->pooling = c->backend == db_backend(c->db) ? POOLING_NONE : POOLING_SOME;
        if (c->pooling == POOLING_NONE)
            diagnose_session(c);
        else
            db_connect(c->second, on_second, c);
        return;
    }
    struct err e = ERR_INIT;
    if (err == NULL)
        err_set(&e, ERR_NOMEM, "out of memory");
    broken(c, err != NULL ? err : &e);
}

/* ---- the connection ---- */

static void on_connected(void *ctx, const PGresult *r, const struct err *err)
{
    struct doctor *c = ctx;

    (void)r;
    if (err != NULL) {
        diagnose_no_connection(c->findings, &c->address, err);
        finish(c);
        return;
    }
    diagnose_tls(c->findings, &c->address, db_tls(c->db));
    db_query_bare(c->db, sql_check, on_session, c); /* it asks for the role's own search_path */
}

static void on_timer(uv_timer_t *timer)
{
    struct doctor *c = timer->data;

    server_address_resolve(&c->address);
    diagnose_address(c->findings, &c->address);
    db_connect(c->db, on_connected, c);
}

void doctor_start(struct doctor *c, doctor_ended_fn *ended, void *ctx)
{
    c->ended = ended;
    c->ctx = ctx;
    (void)uv_timer_start(&c->timer, on_timer, 0, 0);
}

void doctor_stop(struct doctor *c)
{
    db_drop(c->db); /* nobody calls back then */
    db_drop(c->second);
    findings_add(c->findings, FINDING_WRONG, ERR_INTERRUPTED, "check", "stopped before its end");
    finish(c);
}

enum err_code doctor_report(const struct doctor *c, FILE *out, struct err *e)
{
    return findings_report(c->findings, out, e);
}

int doctor_exit(const struct doctor *c)
{
    return findings_exit(c->findings);
}

static void on_closed(uv_handle_t *h)
{
    free(h->data);
}

void doctor_close(struct doctor *c)
{
    if (c == NULL)
        return;
    db_close(c->db);
    db_close(c->second);
    PQclear(c->session);
    buf_free(&c->sql);
    findings_close(c->findings);
    uv_close((uv_handle_t *)&c->timer, on_closed);
}

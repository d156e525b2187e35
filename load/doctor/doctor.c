#include "load/doctor/doctor.h"
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/doctor/diagnosis.h"
#include "load/doctor/trial.h"
#include "load/target/target_table.h"
#include "shared/log/log.h"
#include <stdlib.h>
#include <string.h>

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
    struct trial *trial;
    struct buf sql;
    struct buf oids;
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
    buf_init(&c->oids, SQL_MAX);
    if ((rc = findings_open(&c->findings, conf->json, conf->each ? conf->account : NULL, e)) !=
            OK ||
        (rc = db_open(&c->db, loop, conf->conninfo, e)) != OK ||
        (rc = db_open(&c->second, loop, conf->conninfo, e)) != OK ||
        (rc = server_address_read(&c->address, conf->conninfo, e)) != OK) {
        doctor_close(c);
        return rc;
    }
    findings_add(c->findings, FINDING_OK, OK, "settings", "configuration file: %s",
                 conf->config != NULL ? conf->config : "none is there");
    if (conf->account != NULL)
        findings_add(c->findings, FINDING_OK, OK, "settings", "account: %s", conf->account);
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

static void on_tried(void *ctx, const struct err *err)
{
    struct doctor *c = ctx;

    if (err != NULL)
        broken(c, err);
    else
        finish(c);
}

static void on_views(void *ctx, const PGresult *r, const struct err *err);

static void ask_of_views(struct doctor *c)
{
    const char *schema = c->conf.views_schema;
    const struct sql_var vars[] = {{"oids", c->oids.data},
                                   {"views_schema", schema != NULL ? schema : ""},
                                   {"wanted", c->conf.views ? "true" : "false"}};
    struct err e = ERR_INIT;

    buf_reset(&c->sql);
    if (sql_expand(&c->sql, sql_check_views, vars, 3, &e) != OK)
        broken(c, &e);
    else
        db_query(c->db, c->sql.data, NULL, 0, on_views, c);
}

static void on_access(void *ctx, const PGresult *r, const struct err *err)
{
    struct doctor *c = ctx;

    if (err != NULL) {
        broken(c, err);
        return;
    }
    diagnose_access(c->findings, &c->conf, r);
    ask_of_views(c);
}

static void on_views(void *ctx, const PGresult *r, const struct err *err)
{
    struct doctor *c = ctx;

    if (err != NULL) {
        broken(c, err);
        return;
    }
    diagnose_access(c->findings, &c->conf, r);
    if (diagnosis_keeps_progress(c->session))
        trial_add_bookkeeping(c->trial);
    if (c->pooling == POOLING_STATEMENT || !diagnosis_may_write(c->session))
        finish(c);
    else
        trial_run(c->trial, on_tried, c);
}

static void ask_of_tables(struct doctor *c, const char *text, db_done_fn *done)
{
    const struct sql_var vars[] = {{"oids", c->oids.data}};
    struct err e = ERR_INIT;

    buf_reset(&c->sql);
    if (sql_expand(&c->sql, text, vars, 1, &e) != OK)
        broken(c, &e);
    else
        db_query(c->db, c->sql.data, NULL, 0, done, c);
}

static void on_hints(void *ctx, const PGresult *r, const struct err *err)
{
    struct doctor *c = ctx;

    if (err != NULL) {
        broken(c, err);
        return;
    }
    diagnose_hints(c->findings, &c->conf, r);
    ask_of_tables(c, sql_check_access, on_access);
}

/* Lists the relations' oids as text of an array, {16385,16400}, for the statements about them. */
static enum err_code list_oids(struct doctor *c, const PGresult *list, struct err *e)
{
    enum err_code rc = buf_addc(&c->oids, '{');

    for (int i = 0; rc == OK && i < PQntuples(list); i++)
        rc = buf_addf(&c->oids, "%s%.*s", i > 0 ? "," : "",
                      (int)strspn(PQgetvalue(list, i, LIST_IDENTITY), "0123456789"),
                      PQgetvalue(list, i, LIST_IDENTITY));
    if (rc == OK)
        rc = buf_addc(&c->oids, '}');
    return rc == OK ? OK : buf_err(e, rc, &c->oids, "the list of tables");
}

static void on_list(void *ctx, const PGresult *r, const struct err *err)
{
    struct doctor *c = ctx;
    struct err e = ERR_INIT;

    if (err != NULL) {
        broken(c, err);
        return;
    }
    diagnose_tables(c->findings, &c->conf, c->session, r);
    if (list_oids(c, r, &e) != OK || trial_open(&c->trial, c->db, c->findings, &e) != OK)
        broken(c, &e);
    for (int i = 0; c->trial != NULL && i < PQntuples(r); i++) {
        if (!diagnosis_may_try(&c->conf, r, i))
            continue;
        diagnose_key(c->findings, r, i,
                     spool_key_look(c->conf.spool, PQgetvalue(r, i, LIST_TABLE),
                                    PQgetvalue(r, i, LIST_KEY)));
        if (trial_add(c->trial, r, i, &e) != OK) {
            broken(c, &e);
            return;
        }
    }
    if (c->trial != NULL)
        ask_of_tables(c, sql_check_tables, on_hints);
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

/* Takes the answer to BEGIN. A pooler in statement mode takes several statements in one message, and refuses a longer transaction. */
static void on_begun(void *ctx, const PGresult *r, const struct err *err)
{
    struct doctor *c = ctx;

    (void)r;
    if (err != NULL && strstr(err->msg, "statement pooling") != NULL)
        c->pooling = POOLING_STATEMENT;
    db_drop(c->second);
    diagnose_session(c);
}

static void on_backend(void *ctx, const PGresult *r, const struct err *err)
{
    struct doctor *c = ctx;

    if (err == NULL && db_answer_number(r, 0, 0) == c->backend)
        c->pooling = POOLING_TRANSACTION;
    else if (err == NULL && ++c->queries < LOOKS) {
        query_backend(c);
        return;
    }
    db_query_bare(c->second, "BEGIN", on_begun, c);
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
        c->backend = db_answer_number(r, 0, PQfnumber(r, "backend"));
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

/* Asks about the session, on the role's own search_path, which is one of the things to find out. */
static void ask_of_session(struct doctor *c)
{
    const struct sql_var vars[] = {{"schema", c->conf.schema != NULL ? c->conf.schema : ""},
                                   {"first_schema", sql_first_schema}};
    struct err e = ERR_INIT;

    buf_reset(&c->sql);
    if (sql_expand(&c->sql, sql_check, vars, 2, &e) != OK)
        broken(c, &e);
    else
        db_query_bare(c->db, c->sql.data, on_session, c);
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
    ask_of_session(c);
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
    trial_close(c->trial);
    buf_free(&c->sql);
    buf_free(&c->oids);
    findings_close(c->findings);
    uv_close((uv_handle_t *)&c->timer, on_closed);
}

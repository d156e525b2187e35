#include "load/row_moves/rows_to_file.h"
#include "load/database/sql.h"
#include "load/row_moves/archive_file.h"
#include "load/row_moves/row_mover.h"
#include "shared/log/log.h"
#include <string.h>

struct noting {
    const struct relation *relation;
    bool may;
};

/* Makes the bookkeeping where this role may and it lacks. */
static enum err_code look_at_notes(void *ctx, struct session *s, struct err *e)
{
    struct noting *n = ctx;
    const struct sql_var vars[] = {{"schema", n->relation->schema},
                                   {"relation", n->relation->name}};
    PGresult *r = NULL;
    enum err_code rc = session_query(s, sql_schema, NULL, 0, NULL, e);

    if (rc == OK && (rc = session_run(s, sql_put_away_look, vars, 2, &r, e)) == OK)
        n->may = !PQgetisnull(r, 0, 1);
    PQclear(r);
    return rc != OK && strcmp(e->sqlstate, "42501") == 0 ? OK : rc;
}

/* A reload of the table (load/table/table_load_reload.c) is not to bring the rows back. */
static enum err_code may_note(struct command_context *c, const struct command_table *t, bool *may,
                              struct err *e)
{
    struct noting n = {.relation = &t->relation};
    enum err_code rc = c->dry_run ? OK : session_try(c->session, look_at_notes, &n, e);

    if (rc == OK && !n.may && !c->dry_run)
        LOG(LOG_WARN, "not-noted",
            "rows that are taken out cannot be noted, so that they come back when the table is "
            "emptied or rewritten, and loaded again; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL "
            "TABLES IN SCHEMA netty_sync to this role",
            F_STR("table", t->table));
    *may = n.may;
    return rc;
}

/* The rows are locked, and durable here before they go. */
static enum err_code to_file(void *ctx, const PGresult *rows, struct err *e)
{
    struct archive_file *k = ctx;
    enum err_code rc = OK;

    archive_file_drop(k);
    for (int i = 0; rc == OK && i < PQntuples(rows); i++)
        rc = archive_file_add(k, PQgetvalue(rows, i, 1), (size_t)PQgetlength(rows, i, 1), e);
    return rc == OK ? archive_file_commit(k, e) : rc;
}

static enum err_code report(struct command_context *c, const struct command_table *t,
                            const struct row_mover *m, const struct archive_file *k, int64_t began,
                            struct err *e)
{
    const struct cell cells[] = {
        {"table", CELL_STR, t->table, 0},
        {"rows", CELL_INT, NULL, (int64_t)m->counts.rows},
        {"bytes", CELL_INT, NULL, (int64_t)m->counts.bytes},
        {"referenced", CELL_INT, NULL, (int64_t)m->counts.held},
        {"file", CELL_STR, archive_file_path(k), 0},
        {"seconds", CELL_SECONDS, NULL, when_tick() - began},
    };

    return summary_row(c->summary, cells, sizeof cells / sizeof *cells, e);
}

enum err_code rows_to_file_run(struct command_context *c, const struct command_table *t,
                               const struct rows_to_file_conf *conf, struct err *e)
{
    struct archive_file *k = NULL;
    struct err late = ERR_INIT;
    int64_t began = when_tick();
    struct row_mover m = {.relation = &t->relation,
                          .condition = conf->condition,
                          .rows = c->rows,
                          .bytes = c->bytes,
                          .dry_run = c->dry_run,
                          .take = to_file};
    enum err_code rc = archive_file_open(&k, conf->dir, t->table, e);

    if (rc != OK)
        return rc;
    m.ctx = k;
    if ((rc = may_note(c, t, &m.noted, e)) == OK)
        rc = row_mover_run(&m, c->session, e);
    if (m.counts.rows > 0 && !c->dry_run)
        LOG(LOG_INFO, "taken", "rows are in the file and out of the database",
            F_STR("table", t->table), F_INT("rows", m.counts.rows),
            F_STR("file", archive_file_path(k)));
    /* What was done before a failure is done, and told. */
    if (report(c, t, &m, k, began, &late) != OK && rc == OK) {
        *e = late;
        rc = late.code;
    }
    archive_file_close(k);
    return rc;
}

#include "load/row_moves/archive_table.h"
#include "load/database/sql.h"
#include "shared/log/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct archive_table {
    const struct command_table *target;
    struct relation archive; /* schema, key and their types are the target's */
    char *columns;
    bool replace;
};

enum err_code archive_table_open(struct archive_table **out, const struct command_table *t,
                                 bool replace, struct err *e)
{
    struct archive_table *s = calloc(1, sizeof *s);

    if (s == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    s->target = t;
    s->replace = replace;
    s->archive = t->relation;
    if (asprintf(&s->archive.name, "%s-archive", t->relation.name) < 0) {
        free(s);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    *out = s;
    return OK;
}

void archive_table_close(struct archive_table *s)
{
    if (s == NULL)
        return;
    free(s->archive.name);
    free(s->columns);
    free(s);
}

const struct relation *archive_table_archive(const struct archive_table *s)
{
    return &s->archive;
}

/* As the loader puts a newer version over an older one (sql_merged in load/database/sql.h), the live row being the
 * newer one unless its time says otherwise: whether a record is gone the live row tells. It came, or came
 * again, after the other was archived, and a mark from before then would call a record deleted that the
 * source has sent since. */
#define MARK "'deleted_detected_at'"
#define MERGED(archived, live)                                                                     \
    "CASE WHEN pg_catalog.jsonb_typeof(" archived                                                  \
    ".data) OPERATOR(pg_catalog.=) 'object' THEN (" archived ".data OPERATOR(pg_catalog.-) " MARK  \
    ") OPERATOR(pg_catalog.||) " live ".data ELSE " live ".data END"

static const char *merged_into_archive(const struct archive_table *s)
{
    return s->replace ? "excluded.data" : MERGED("t", "excluded");
}

const char *archive_table_merged_back(const struct archive_table *s)
{
    return s->replace ? "t.data" : MERGED("excluded", "t");
}

/* ---- moving rows ---- */

enum err_code archive_table_move(const struct archive_table *s,
                                 enum archive_table_direction direction, const char *condition,
                                 struct session *session, const struct row_mover_window *w,
                                 PGresult **moved, struct err *e)
{
    const struct relation *r = &s->target->relation;
    bool put = direction == ARCHIVE_TABLE_PUT;
    char from[ROW_MOVER_NUMBER];
    char to[ROW_MOVER_NUMBER];
    char rows[ROW_MOVER_NUMBER];
    const struct sql_var vars[] = {
        {"schema", r->schema},
        {"from_table", put ? r->name : s->archive.name},
        {"to_table", put ? s->archive.name : r->name},
        {"key", r->key},
        {"columns", s->columns},
        {"condition", condition},
        {"archived", put ? "t" : "excluded"},
        {"live", put ? "excluded" : "t"},
        {"merged", put ? merged_into_archive(s) : archive_table_merged_back(s)},
        {"from", row_mover_number(w->from, from)},
        {"to", row_mover_number(w->to, to)},
        {"rows", row_mover_number((int64_t)w->rows, rows)},
    };

    return session_run(session, sql_shelf_move, vars, sizeof vars / sizeof *vars, moved, e);
}

/* ---- making it ---- */

static enum err_code follow_plan(const struct archive_table *s, struct session *session,
                                 const PGresult *plan, struct err *e)
{
    enum err_code rc = OK;

    for (int i = 0; i < PQntuples(plan); i++)
        if (strcmp(PQgetvalue(plan, i, 0), "refuse") == 0)
            return err_set(e, ERR_REFUSED, "%s", PQgetvalue(plan, i, 1));
    for (int i = 0; rc == OK && i < PQntuples(plan); i++)
        rc = session_query(session, PQgetvalue(plan, i, 1), NULL, 0, NULL, e);
    if (rc == OK && PQntuples(plan) > 0)
        LOG(LOG_INFO, "archive-made",
            "the archive and the view of both were made or brought up to date",
            F_STR("table", s->target->table), F_INT("statements", PQntuples(plan)));
    return rc;
}

/* In one transaction, with nobody else at it. */
static enum err_code make(void *ctx, struct session *session, struct err *e)
{
    struct archive_table *s = ctx;
    const struct relation *r = &s->target->relation;
    const struct sql_var vars[] = {{"schema", r->schema}, {"relation", r->name}, {"key", r->key}};
    PGresult *plan = NULL;
    enum err_code rc;

    if ((rc = session_query(session, sql_begin, NULL, 0, NULL, e)) == OK &&
        (rc = session_query(session, sql_archive_lock, NULL, 0, NULL, e)) == OK &&
        (rc = session_run(session, sql_archive_plan, vars, 3, &plan, e)) == OK &&
        (rc = follow_plan(s, session, plan, e)) == OK)
        rc = session_query(session, "COMMIT", NULL, 0, NULL, e);
    PQclear(plan);
    return rc;
}

static enum err_code read_columns(void *ctx, struct session *session, struct err *e)
{
    struct archive_table *s = ctx;
    const struct relation *r = &s->target->relation;
    const struct sql_var vars[] = {{"schema", r->schema}, {"relation", r->name}};
    PGresult *found = NULL;
    enum err_code rc = session_run(session, sql_archive_columns, vars, 2, &found, e);

    free(s->columns);
    s->columns = NULL;
    if (rc == OK && !PQgetisnull(found, 0, 0) &&
        (s->columns = strdup(PQgetvalue(found, 0, 0))) == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    PQclear(found);
    return rc;
}

enum err_code archive_table_look(struct archive_table *s, struct session *session, bool *there,
                                 struct err *e)
{
    enum err_code rc = session_try(session, read_columns, s, e);

    *there = rc == OK && s->columns != NULL;
    return rc;
}

enum err_code archive_table_make(struct archive_table *s, struct session *session, struct err *e)
{
    bool there = false;
    enum err_code rc = session_try(session, make, s, e);

    if (rc == OK)
        rc = archive_table_look(s, session, &there, e);
    if (rc == OK && !there)
        rc = err_set(e, ERR_INTERNAL, "%s was made and is not there", s->archive.name);
    return rc;
}

#include "load/maintenance/restore_file.h"
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/row_moves/archive_file.h"
#include "shared/log/log.h"
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX ((size_t)250 << 20) /* PostgreSQL's jsonb ends at 255 MB */
#define SQL_MAX   ((size_t)1 << 16)

struct work {
    const struct command_table *target;
    const char *path, *merged;
    char *columns;
    struct buf batch; /* "[line,line" */
    size_t rows;
    struct buf sql;
    struct row_mover_counts *counts;
};

enum {
    LINES_UNFIT,
    LINES_WRITTEN,
    LINES_MERGED
};

static enum err_code prepare(struct work *w, struct session *s, struct err *e)
{
    const struct relation *r = &w->target->relation;
    const struct sql_var where[] = {{"schema", r->schema}, {"relation", r->name}};
    PGresult *found = NULL;
    enum err_code rc = session_run(s, sql_row_columns, where, 2, &found, e);

    if (rc == OK && (w->columns = strdup(PQgetvalue(found, 0, 0))) == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    PQclear(found);
    if (rc != OK)
        return rc;
    const struct sql_var vars[] = {{"schema", r->schema},
                                   {"relation", r->name},
                                   {"key", r->key},
                                   {"columns", w->columns},
                                   {"merged", w->merged}};
    return sql_expand(&w->sql, sql_restore_lines, vars, sizeof vars / sizeof *vars, e);
}

/* One statement, one transaction. After a lost answer it is simply done again. */
static enum err_code send_batch(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    const struct db_param param = {.text = w->batch.data};
    PGresult *r = NULL;
    enum err_code rc = OK;

    if (w->columns == NULL && (rc = prepare(w, s, e)) != OK)
        return rc;
    if (w->rows == 0)
        return OK;
    if ((rc = session_query(s, w->sql.data, &param, 1, &r, e)) == OK) {
        int64_t unfit = db_answer_number(r, 0, LINES_UNFIT);
        w->counts->rows += (uint64_t)db_answer_number(r, 0, LINES_WRITTEN);
        w->counts->merged += (uint64_t)db_answer_number(r, 0, LINES_MERGED);
        if (unfit > 0)
            rc = err_set(
                e, ERR_DATA,
                "%lld lines are no rows of %s, so that none of their batch was brought back",
                (long long)unfit, w->target->relation.name);
    }
    PQclear(r);
    return rc;
}

static enum err_code flush(struct command_context *c, struct work *w, struct err *e)
{
    enum err_code rc = OK;

    if (w->rows > 0)
        rc = buf_addc(&w->batch, ']');
    if (rc != OK)
        return buf_err(e, rc, &w->batch, "a batch of rows");
    if (c->dry_run)
        w->counts->rows += w->rows;
    else if ((rc = session_try(c->session, send_batch, w, e)) != OK)
        return rc;
    buf_reset(&w->batch);
    w->rows = 0;
    return OK;
}

static enum err_code take_line(struct command_context *c, struct work *w, const char *line,
                               size_t n, struct err *e)
{
    enum err_code rc = OK;

    if (w->rows > 0 && (w->rows >= c->rows || w->batch.len + n > c->bytes))
        rc = flush(c, w, e);
    if (rc != OK)
        return rc;
    if ((rc = buf_addc(&w->batch, w->rows == 0 ? '[' : ',')) != OK ||
        (rc = buf_add(&w->batch, line, n)) != OK)
        return buf_err(e, rc, &w->batch, "a batch of rows");
    w->rows++;
    return OK;
}

/* They are in the table again. A role that may not say so has not noted them. */
static enum err_code forget_notes(void *ctx, struct session *s, struct err *e)
{
    const struct work *w = ctx;
    const struct relation *r = &w->target->relation;
    const struct sql_var vars[] = {{"schema", r->schema}, {"relation", r->name}, {"key", r->key}};
    enum err_code rc = session_run(s, sql_put_away_forget, vars, 3, NULL, e);
    bool none = strcmp(e->sqlstate, "42P01") == 0 || strcmp(e->sqlstate, "42501") == 0;

    return rc != OK && none ? OK : rc;
}

static enum err_code read_all(struct command_context *c, struct work *w,
                              struct archive_file_reader *r, struct err *e)
{
    struct err damage = ERR_INIT;
    const char *line = NULL;
    size_t n = 0;
    enum err_code found;
    enum err_code rc = OK;

    while ((found = archive_file_line(r, &line, &n, &damage)) == OK && line != NULL)
        if ((rc = take_line(c, w, line, n, e)) != OK)
            return rc;
    if ((rc = flush(c, w, e)) != OK)
        return rc;
    if (found != OK) {
        *e = damage;
        return found;
    }
    if (archive_file_read_torn(r))
        LOG(LOG_WARN, "torn",
            "the file ends within a batch, whose rows had not been removed when its writer died",
            F_STR("file", w->path));
    return OK;
}

enum err_code restore_file(struct command_context *c, const struct command_table *t,
                           const char *path, const char *merged, struct row_mover_counts *n,
                           struct err *e)
{
    struct work w = {.target = t, .path = path, .merged = merged, .counts = n};
    struct archive_file_reader *r = NULL;
    enum err_code rc = archive_file_read_open(&r, path, true, e);

    if (rc != OK)
        return rc;
    buf_init(&w.batch, BATCH_MAX);
    buf_init(&w.sql, SQL_MAX);
    rc = read_all(c, &w, r, e);
    if (rc == OK && !c->dry_run)
        rc = session_try(c->session, forget_notes, &w, e);
    if (rc != OK && rc != ERR_DAMAGED && rc != ERR_INTERRUPTED)
        err_prefix(e, "%s", path);
    buf_free(&w.batch);
    buf_free(&w.sql);
    free(w.columns);
    archive_file_read_close(r);
    return rc;
}

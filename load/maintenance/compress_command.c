/* netty-load compress: lz4 for data, where the server has it. */
#include "load/command/command.h"
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/maintenance/maintenance.h"
#include "load/row_moves/row_mover.h"
#include <string.h>

/* The condition for rows to be rewritten. Values that are no objects would be changed by that, and are no records anyway. */
#define OLD_WAY                                                                                    \
    "pg_catalog.pg_column_compression(t.data) OPERATOR(pg_catalog.=) 'pglz' AND "                  \
    "pg_catalog.jsonb_typeof(t.data) OPERATOR(pg_catalog.=) 'object'"

struct work {
    struct command_context *context;
    const struct command_table *target;
    bool has_lz4;
    char compression[16];
    int64_t size;
};

static enum err_code read_state(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    const struct relation *rel = &w->target->relation;
    const struct sql_var vars[] = {{"schema", rel->schema}, {"relation", rel->name}};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_compress_look, vars, 2, &r, e);

    if (rc == OK && PQntuples(r) == 1) {
        w->has_lz4 = strcmp(PQgetvalue(r, 0, 0), "t") == 0;
        (void)snprintf(w->compression, sizeof w->compression, "%s", PQgetvalue(r, 0, 1));
        w->size = db_answer_number(r, 0, 2);
    }
    PQclear(r);
    return rc;
}

static enum err_code set_lz4(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    const struct relation *rel = &w->target->relation;
    const struct sql_var vars[] = {{"schema", rel->schema}, {"relation", rel->name}};
    enum err_code rc = session_query(s, sql_begin, NULL, 0, NULL, e);

    if (rc == OK)
        rc = session_run(s, sql_compress_set, vars, 2, NULL, e);
    return rc == OK ? session_query(s, "COMMIT", NULL, 0, NULL, e) : rc;
}

static enum err_code rewrite(void *ctx, struct session *s, const struct row_mover_window *win,
                             PGresult **moved, struct err *e)
{
    const struct work *w = ctx;
    const struct relation *r = &w->target->relation;
    char from[ROW_MOVER_NUMBER];
    char to[ROW_MOVER_NUMBER];
    char rows[ROW_MOVER_NUMBER];
    const struct sql_var vars[] = {
        {"schema", r->schema},
        {"relation", r->name},
        {"key", r->key},
        {"condition", win->condition},
        {"from", row_mover_number(win->from, from)},
        {"to", row_mover_number(win->to, to)},
        {"rows", row_mover_number((int64_t)win->rows, rows)},
    };

    return session_run(s, sql_compress_rows, vars, sizeof vars / sizeof *vars, moved, e);
}

static enum err_code report(const struct work *w, const char *before,
                            const struct row_mover_counts *n, int64_t size_before, int64_t began,
                            struct err *e)
{
    const struct cell cells[] = {
        {"table", CELL_STR, w->target->table, 0},
        {"before", CELL_STR, before, 0},
        {"now", CELL_STR, w->compression, 0},
        {"rows", CELL_INT, NULL, (int64_t)n->rows},
        {"bytes_before", CELL_INT, NULL, size_before},
        {"bytes", CELL_INT, NULL, w->size},
        {"seconds", CELL_SECONDS, NULL, when_tick() - began},
    };

    return summary_row(w->context->summary, cells, sizeof cells / sizeof *cells, e);
}

static enum err_code compress_table(void *ctx, struct command_context *c,
                                    const struct command_table *t, struct err *e)
{
    struct work w = {.context = c, .target = t};
    struct row_mover m = {.relation = &t->relation,
                          .in_place = true,
                          .condition = OLD_WAY,
                          .rows = c->rows,
                          .bytes = c->bytes,
                          .dry_run = c->dry_run,
                          .move = rewrite,
                          .ctx = &w};
    int64_t began = when_tick();
    enum err_code rc = session_try(c->session, read_state, &w, e);
    char before[sizeof w.compression];
    int64_t size = w.size;

    (void)ctx;
    if (rc != OK)
        return rc;
    if (!w.has_lz4)
        return err_set(e, ERR_CONFIG,
                       "the server has no lz4: that needs PostgreSQL 14 or newer, built with it");
    memcpy(before, w.compression, sizeof before);
    if (strcmp(before, "lz4") != 0 && !c->dry_run)
        rc = session_try(c->session, set_lz4, &w, e);
    if (rc == OK && options_int(c->options, OPT_REWRITE) != 0)
        rc = row_mover_run(&m, c->session, e);
    struct err late = ERR_INIT;
    if (session_stopping(c->session) || session_try(c->session, read_state, &w, &late) == OK)
        late.code = report(&w, before, &m.counts, size, began, &late);
    if (rc == OK && late.code != OK) {
        *e = late;
        rc = late.code;
    }
    return rc;
}

enum err_code cmd_compress(struct command_context *c, struct err *e)
{
    return command_each_table(c, compress_table, NULL, e);
}

/* netty-load views: a view a table, with a typed column a member. */
#include "load/views/views_command.h"
#include "load/database/sql.h"
#include "load/views/view_plan.h"
#include "load/views/view_sql.h"
#include "shared/log/log.h"
#include <stdio.h>
#include <string.h>

#define SQL_MAX ((size_t)16 << 20)

enum view_status {
    VIEW_MADE,
    VIEW_CHANGED, /* columns were added */
    VIEW_THERE,   /* as it was */
    VIEW_REBUILT,
    VIEW_KEPT /* only --rebuild could make it what it should be */
};

struct work {
    struct command_context *context;
    struct view_place at;
    const struct table_profile *profile;
    bool apply, rebuild;
    struct view_plan *plan;
    struct buf sql;
    enum view_status status;
};

enum {
    LOOK_OLD,
    LOOK_SCHEMA,
    LOOK_REFUSED,
    LOOK_THERE,
    LOOK_OF_TABLE,
    LOOK_OTHERS,
    LOOK_GRANTS
};

/* ---- looking ---- */

static enum err_code refuse(const struct work *w, const PGresult *look, struct err *e)
{
    const char *table = w->at.target->table;

    if (target_table_true(look, LOOK_OLD))
        return err_set(e, ERR_CONFIG,
                       "the server is older than PostgreSQL 15, where a view reads with the rights "
                       "of its owner, past the tables' row-level security");
    if (target_table_true(look, LOOK_REFUSED))
        return err_set(
            e, ERR_REFUSED,
            "%s.%s is there, and is no view that netty-load has made; rename it, or give "
            "another schema with --views-schema",
            w->at.schema, table);
    if (w->rebuild && !PQgetisnull(look, 0, LOOK_OTHERS))
        return err_set(
            e, ERR_REFUSED,
            "%.500s would have to be dropped, for what depends on the view %s.%s keeps it "
            "from being made anew; drop and make them yourself",
            PQgetvalue(look, 0, LOOK_OTHERS), w->at.schema, table);
    return OK;
}

static enum err_code read_columns(struct work *w, struct session *s, struct err *e)
{
    const struct sql_var vars[] = {{"schema", w->at.schema}, {"view", w->at.target->table}};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_view_columns, vars, 2, &r, e);

    if (rc == OK)
        rc = view_plan_read(w->plan, r, e);
    PQclear(r);
    return rc;
}

/* ---- the statements ---- */

static enum err_code add(struct work *w, const char *text, struct err *e)
{
    const struct sql_var vars[] = {{"schema", w->at.schema}, {"view", w->at.target->table}};
    bool view = strstr(text, ":\"view\"") != NULL || strstr(text, ":'view'") != NULL;

    return sql_expand(&w->sql, text, vars, view ? 2 : 1, e);
}

static enum err_code build(struct work *w, const PGresult *look, struct err *e)
{
    bool there = target_table_true(look, LOOK_THERE);
    enum err_code rc = OK;

    if (!target_table_true(look, LOOK_SCHEMA))
        rc = add(w, "CREATE SCHEMA IF NOT EXISTS :\"schema\";\n", e);
    if (rc == OK && there && w->rebuild)
        rc = add(w, "DROP VIEW :\"schema\".:\"view\";\n", e);
    if (rc == OK)
        rc = view_sql_create(&w->sql, &w->at, w->plan, e);
    if (rc == OK && (!there || w->rebuild))
        rc = add(w, sql_view_private, e);
    if (rc == OK && there && w->rebuild && !PQgetisnull(look, 0, LOOK_GRANTS) &&
        (rc = buf_addf(&w->sql, "%s\n", PQgetvalue(look, 0, LOOK_GRANTS))) != OK)
        rc = buf_err(e, rc, &w->sql, "the view's statements");
    w->status = !there                ? VIEW_MADE
                : w->rebuild          ? VIEW_REBUILT
                : w->plan->added == 0 ? VIEW_THERE
                                      : VIEW_CHANGED;
    return rc;
}

static enum err_code plan(struct work *w, struct session *s, struct err *e)
{
    const struct options *o = w->context->options;
    const struct relation *r = &w->at.target->relation;
    const struct sql_var vars[] = {{"schema", w->at.schema},
                                   {"view", w->at.target->table},
                                   {"table_schema", r->schema},
                                   {"relation", r->name}};
    PGresult *look = NULL;
    enum err_code rc = session_run(s, sql_view_look, vars, 4, &look, e);

    view_plan_close(w->plan);
    w->plan = NULL;
    buf_reset(&w->sql);
    if (rc == OK)
        rc = refuse(w, look, e);
    if (rc == OK)
        rc = view_plan_open(&w->plan, options_int(o, OPT_WITH_DELETED) != 0, e);
    if (rc == OK && !w->rebuild)
        rc = read_columns(w, s, e);
    if (rc == OK)
        rc = view_plan_fill(w->plan, w->at.target->table, r->key, w->profile,
                            (unsigned)options_int(o, OPT_DEPTH), e);
    if (rc == OK)
        rc = build(w, look, e);
    PQclear(look);
    return rc;
}

/* PostgreSQL lets a view be replaced by one with more columns, of the same names and types. Else it stays. */
static enum err_code keep(struct work *w, struct session *s, struct err *e)
{
    if (strcmp(e->sqlstate, "42P16") != 0 || w->rebuild)
        return e->code;
    LOG(LOG_WARN, "view-kept", "only --rebuild can make this view what it should be; it stays",
        F_STR("table", w->at.target->table), F_ERR(e));
    w->status = VIEW_KEPT;
    return session_query(s, "ROLLBACK", NULL, 0, NULL, e);
}

/* Each try looks again: somebody may have made the view meanwhile. */
static enum err_code make(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    enum err_code rc = session_query(s, sql_begin, NULL, 0, NULL, e);

    if (rc == OK && w->apply)
        rc = session_query(s, "SELECT pg_catalog.pg_advisory_xact_lock(7954892360421172323)", NULL,
                           0, NULL, e);
    if (rc == OK)
        rc = plan(w, s, e);
    if (rc == OK && w->apply && (rc = session_query(s, w->sql.data, NULL, 0, NULL, e)) != OK)
        return keep(w, s, e);
    return rc == OK ? session_query(s, "COMMIT", NULL, 0, NULL, e) : rc;
}

/* ---- telling ---- */

static enum err_code print(struct work *w, struct err *e)
{
    static const char about[] =
        "-- What lets a role read it; the view asks the table with the reader's own rights:\n";
    struct buf grants;
    enum err_code rc;

    buf_init(&grants, SQL_MAX);
    rc = view_sql_grants(&grants, &w->at, "--", e);
    if (rc == OK &&
        fprintf(stdout, "BEGIN;\n%sCOMMIT;\n%s%s\n", w->sql.data, about, grants.data) < 0)
        rc = err_set(e, ERR_IO, "cannot write to standard output");
    buf_free(&grants);
    return rc;
}

static enum err_code tell_grants(const struct work *w, struct err *e)
{
    struct buf grants;
    enum err_code rc;

    buf_init(&grants, SQL_MAX);
    if ((rc = view_sql_grants(&grants, &w->at, "", e)) != OK)
        goto done;
    for (char *line = grants.data; (line = strchr(line, '\n')) != NULL;)
        *line = line[1] == '\0' ? '\0' : ' '; /* one line, as a log's are */
    LOG(LOG_INFO, "view", "a view was made, which nobody else can read; these let a role read it",
        F_STR("table", w->at.target->table), F_STR("schema", w->at.schema),
        F_STR("grants", grants.data + strspn(grants.data, " ")));
done:
    buf_free(&grants);
    return rc;
}

static enum err_code report(struct work *w, struct err *e)
{
    static const char *const done[] = {"made", "changed", "there", "made again", "kept"};
    static const char *const planned[] = {"to make", "to change", "there", "to make again", "kept"};
    const struct view_plan *p = w->plan;
    const struct cell cells[] = {
        {"table", CELL_STR, w->at.target->table, 0},
        {"schema", CELL_STR, w->at.schema, 0},
        {"status", CELL_STR, (w->apply ? done : planned)[w->status], 0},
        {"columns", CELL_INT, NULL, (int64_t)p->count},
        {"added", CELL_INT, NULL, (int64_t)p->added},
        {"narrow", CELL_INT, NULL, (int64_t)p->narrow},
        {"left_out", CELL_INT, NULL, (int64_t)p->left_out},
        {"sql", CELL_STR, w->sql.data, 0},
    };
    size_t n = sizeof cells / sizeof *cells;

    return summary_row(w->context->summary, cells, w->context->json ? n : n - 1, e);
}

static enum err_code view_table(void *ctx, struct command_context *c, const struct command_table *t,
                                struct err *e)
{
    const struct options *o = c->options;
    struct table_profile profile;
    struct work w = {.context = c,
                     .at = {options_text(o, OPT_VIEWS_SCHEMA), t},
                     .profile = &profile,
                     .apply = options_int(o, OPT_APPLY) != 0 && !c->dry_run,
                     .rebuild = options_int(o, OPT_REBUILD) != 0};
    enum err_code rc = table_profile_read(&profile, c, t, options_int(o, OPT_DEPTH), e);

    (void)ctx;
    if (rc != OK)
        return rc;
    buf_init(&w.sql, SQL_MAX);
    rc = session_try(c->session, make, &w, e);
    if (rc == OK && !c->json && options_int(o, OPT_APPLY) == 0)
        rc = print(&w, e);
    else if (rc == OK)
        rc = report(&w, e);
    if (rc == OK && w.apply && w.status == VIEW_MADE)
        rc = tell_grants(&w, e);
    buf_free(&w.sql);
    view_plan_close(w.plan);
    table_profile_free(&profile);
    return rc;
}

enum err_code cmd_views(struct command_context *c, struct err *e)
{
    return command_each_table(c, view_table, NULL, e);
}

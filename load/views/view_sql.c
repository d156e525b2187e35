#include "load/views/view_sql.h"
#include "load/database/sql.h"
#include "shared/log/log.h"
#include <stdio.h>
#include <string.h>

#define MARK_MAX ((size_t)1 << 16)

static enum err_code add_columns(struct buf *sql, const struct view_plan *plan, struct err *e)
{
    enum err_code rc = OK;

    for (size_t i = 0; i < plan->count && rc == OK; i++) {
        const struct view_column *c = &plan->columns[i];
        const struct sql_var name = {"name", c->name};
        if ((rc = buf_adds(sql, i > 0 ? ",\n    " : "    ")) != OK)
            return buf_err(e, rc, sql, "the view's statement");
        if (c->path[0] == NULL)
            rc = sql_expand(sql, "t.:\"name\"", &name, 1, e);
        else if ((rc = member_cast_sql(sql, c->cast, c->path, e)) == OK)
            rc = sql_expand(sql, " AS :\"name\"", &name, 1, e);
    }
    return rc;
}

static enum err_code add_marks(struct buf *sql, const struct view_place *at,
                               const struct view_plan *plan, struct err *e)
{
    struct buf mark;
    enum err_code rc = OK;

    buf_init(&mark, MARK_MAX);
    for (size_t i = 0; i < plan->count && rc == OK; i++) {
        const struct view_column *c = &plan->columns[i];
        if (c->path[0] == NULL || c->there)
            continue;
        buf_reset(&mark);
        if ((rc = view_mark_add(&mark, c->cast, c->path)) != OK) {
            rc = buf_err(e, rc, &mark, "a column's comment");
            break;
        }
        const struct sql_var vars[] = {{"schema", at->schema},
                                       {"view", at->target->table},
                                       {"name", c->name},
                                       {"mark", mark.data}};
        rc = sql_expand(sql, "COMMENT ON COLUMN :\"schema\".:\"view\".:\"name\" IS :'mark';\n",
                        vars, 4, e);
    }
    buf_free(&mark);
    return rc;
}

enum err_code view_sql_create(struct buf *sql, const struct view_place *at,
                              const struct view_plan *plan, int64_t depth, struct err *e)
{
    const struct relation *r = &at->target->relation;
    const struct sql_var view[] = {{"schema", at->schema}, {"view", at->target->table}};
    const struct sql_var table[] = {{"table_schema", r->schema}, {"relation", r->name}};
    char about[128]; /* the relation's name has at most 63 bytes */
    int n = snprintf(about, sizeof about, "netty-load: view of %s", r->name);
    if (depth != 1) /* the default; as the views of before say nothing of it */
        (void)snprintf(about + n, sizeof about - (size_t)n, VIEW_ABOUT_DEPTH "%d", (int)depth);
    const struct sql_var both[] = {view[0], view[1], {"about", about}};
    enum err_code rc = sql_expand(sql,
                                  "CREATE OR REPLACE VIEW :\"schema\".:\"view\" WITH "
                                  "(security_invoker = true) AS\nSELECT\n",
                                  view, 2, e);

    if (rc == OK)
        rc = add_columns(sql, plan, e);
    if (rc == OK)
        rc = sql_expand(sql, "\nFROM :\"table_schema\".:\"relation\" AS t", table, 2, e);
    if (rc == OK && !plan->deleted &&
        (rc = buf_adds(sql, "\nWHERE coalesce((data OPERATOR(pg_catalog.->>) 'deleted'), 'false') "
                            "OPERATOR(pg_catalog.<>) 'true'")) != OK)
        return buf_err(e, rc, sql, "the view's statement");
    if (rc == OK)
        rc = sql_expand(sql, ";\nCOMMENT ON VIEW :\"schema\".:\"view\" IS :'about';\n", both, 3, e);
    return rc == OK ? add_marks(sql, at, plan, e) : rc;
}

enum err_code view_sql_grants(struct buf *sql, const struct view_place *at, const char *before,
                              struct err *e)
{
    const struct relation *r = &at->target->relation;
    const struct sql_var vars[] = {{"schema", at->schema},
                                   {"view", at->target->table},
                                   {"table_schema", r->schema},
                                   {"relation", r->name},
                                   {"before", before}};

    return sql_expand(
        sql,
        ":before GRANT USAGE ON SCHEMA :\"schema\", :\"table_schema\" TO ROLE;\n"
        ":before GRANT SELECT ON :\"schema\".:\"view\", :\"table_schema\".:\"relation\" "
        "TO ROLE;\n"
        ":before CREATE POLICY \"read\" ON :\"table_schema\".:\"relation\" FOR SELECT TO "
        "ROLE USING (true);\n",
        vars, 5, e);
}

enum err_code view_sql_tell_grants(const struct view_place *at, struct err *e)
{
    struct buf grants;
    enum err_code rc;

    buf_init(&grants, MARK_MAX);
    if ((rc = view_sql_grants(&grants, at, "", e)) != OK)
        goto done;
    for (char *line = grants.data; (line = strchr(line, '\n')) != NULL;)
        *line = line[1] == '\0' ? '\0' : ' '; /* one line, as a log's are */
    LOG(LOG_INFO, "view", "a view was made, which nobody else can read; these let a role read it",
        F_STR("table", at->target->table), F_STR("schema", at->schema),
        F_STR("grants", grants.data + strspn(grants.data, " ")));
done:
    buf_free(&grants);
    return rc;
}

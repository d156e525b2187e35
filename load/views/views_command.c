/* netty-load views: a view a table, with a typed column a member. */
#include "load/views/views_command.h"
#include "load/views/view_make.h"
#include "shared/log/log.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SQL_MAX ((size_t)16 << 20)

static enum err_code print(const struct view_make *m, struct err *e)
{
    static const char about[] =
        "-- What lets a role read it; the view asks the table with the reader's own rights:\n";
    struct buf grants;
    enum err_code rc;

    buf_init(&grants, SQL_MAX);
    rc = view_sql_grants(&grants, &m->at, "--", e);
    if (rc == OK &&
        (fprintf(stdout, "BEGIN;\n%sCOMMIT;\n%s%s\n", m->sql.data, about, grants.data) < 0 ||
         fflush(stdout) != 0) &&
        errno != EPIPE) /* a reader that has gone, as `head` does, has had enough */
        rc = err_sys(e, ERR_IO, "cannot write to standard output");
    buf_free(&grants);
    return rc;
}

static enum err_code report(const struct view_make *m, struct err *e)
{
    static const char *const done[] = {"made", "changed", "there", "made again", "kept"};
    static const char *const planned[] = {"to make", "to change", "there", "to make again", "kept"};
    const struct view_plan *p = m->plan;
    const struct cell cells[] = {
        {"table", CELL_STR, m->at.target->table, 0},
        {"schema", CELL_STR, m->at.schema, 0},
        {"status", CELL_STR, (m->apply ? done : planned)[m->status], 0},
        {"columns", CELL_INT, NULL, (int64_t)p->count},
        {"added", CELL_INT, NULL, (int64_t)p->added},
        {"narrow", CELL_INT, NULL, (int64_t)p->narrow},
        {"left_out", CELL_INT, NULL, (int64_t)p->left_out},
        {"sql", CELL_STR, m->sql.data, 0},
    };
    size_t n = sizeof cells / sizeof *cells;

    return summary_row(m->context->summary, cells, m->context->json ? n : n - 1, e);
}

static enum err_code view_table(void *ctx, struct command_context *c, const struct command_table *t,
                                struct err *e)
{
    bool apply = options_int(c->options, OPT_APPLY) != 0;
    struct view_make m;
    enum err_code rc;

    (void)ctx;
    view_make_init(&m, c, t);
    m.apply = apply && !c->dry_run;
    m.rebuild = options_int(c->options, OPT_REBUILD) != 0;
    rc = view_make_run(&m, e);
    if (rc == OK && !c->json && !apply)
        rc = print(&m, e);
    else if (rc == OK)
        rc = report(&m, e);
    if (rc == OK && m.apply && m.status == VIEW_MADE)
        rc = view_sql_tell_grants(&m.at, e);
    view_make_free(&m);
    return rc;
}

enum err_code cmd_views(struct command_context *c, struct err *e)
{
    return command_each_table(c, view_table, NULL, e);
}

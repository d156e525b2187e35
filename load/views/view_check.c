#include "load/views/view_check.h"
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/profile/view_schema.h"
#include "load/views/view_plan.h"
#include <stdio.h>
#include <string.h>

#define NAMES_MAX 1024 /* of members that have no column; what is longer is cut */

struct work {
    struct command_context *context;
    const struct command_table *target;
    char schema[VIEW_SCHEMA];
    PGresult *state, *columns;
};

enum {
    STALE_OTHERS,
    STALE_THERE,
    STALE_OF_TABLE,
    STALE_MEMBER
};

static enum err_code look(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    const struct relation *r = &w->target->relation;
    const struct sql_var vars[] = {{"schema", w->schema},
                                   {"view", w->target->table},
                                   {"table_schema", r->schema},
                                   {"relation", r->name}};
    enum err_code rc;

    PQclear(w->state);
    PQclear(w->columns);
    w->state = w->columns = NULL;
    if ((rc = session_run(s, sql_view_stale, vars, 4, &w->state, e)) == OK)
        rc = session_run(s, sql_view_columns, vars, 2, &w->columns, e);
    return rc;
}

static bool is_shown(const struct view_plan *p, const char *member)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->columns[i].path[0] != NULL && strcmp(p->columns[i].path[0], member) == 0)
            return true;
    return strcmp(member, "deleted") == 0;
}

/* Finds members that have no column: some names, and how many there are. */
static enum err_code unseen(const struct work *w, char names[NAMES_MAX], int *count, struct err *e)
{
    struct view_plan *shown = NULL;
    size_t len = 0;

    *count = 0;
    names[0] = '\0';
    enum err_code rc = view_plan_open(&shown, false, e);
    if (rc == OK)
        rc = view_plan_read(shown, w->columns, e);
    for (int i = 0; rc == OK && i < PQntuples(w->state); i++) {
        const char *member = PQgetvalue(w->state, i, STALE_MEMBER);
        if (PQgetisnull(w->state, i, STALE_MEMBER) || is_shown(shown, member))
            continue;
        int more = snprintf(names + len, NAMES_MAX - len, "%s%s", *count > 0 ? ", " : "", member);
        len += more > 0 && (size_t)more < NAMES_MAX - len ? (size_t)more : 0;
        (*count)++;
    }
    view_plan_close(shown);
    return rc;
}

static enum err_code tell(const struct work *w, struct findings *f, struct err *e)
{
    const char *table = w->target->table;
    const char *schema = w->schema;
    char names[NAMES_MAX];
    int count = 0;
    enum err_code rc;

    if (!db_answer_true(w->state, STALE_OTHERS))
        return OK;
    if (!db_answer_true(w->state, STALE_THERE)) {
        findings_add(f, FINDING_CHANGE, OK, table,
                     "it has no view in the schema %s, as other tables have: netty-load views "
                     "--apply %s",
                     schema, table);
        return OK;
    }
    if (!db_answer_true(w->state, STALE_OF_TABLE)) {
        findings_add(f, FINDING_CHANGE, OK, table,
                     "the view %s.%s is stale: it reads a table that was %s, and is not the one of "
                     "that name now: netty-load views --apply %s",
                     schema, table, w->target->relation.name, table);
        return OK;
    }
    if ((rc = unseen(w, names, &count, e)) != OK)
        return rc;
    if (count > 0)
        findings_add(f, FINDING_CHANGE, OK, table,
                     "the view %s.%s is stale: it does not show %d members that rows have (%s): "
                     "netty-load views --apply %s",
                     schema, table, count, names, table);
    else
        findings_add(f, FINDING_OK, OK, table, "its view shows all members of the newest rows");
    return OK;
}

enum err_code view_check(struct command_context *c, const struct command_table *t,
                         struct findings *f, struct err *e)
{
    struct work w = {.context = c, .target = t};

    enum err_code rc = view_schema(w.schema, c->options, t->relation.schema, e);
    if (rc != OK)
        return rc;
    session_long(c->session, true);
    rc = session_try(c->session, look, &w, e);
    session_long(c->session, false);
    if (rc == OK)
        rc = tell(&w, f, e);
    PQclear(w.state);
    PQclear(w.columns);
    return rc;
}

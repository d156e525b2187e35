#include "load/views/view_check.h"
#include "load/database/sql.h"
#include "load/profile/view_mark.h"
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 1024 /* of members that have no column; what is longer is cut */

struct work {
    struct command_context *context;
    const struct command_table *target;
    PGresult *state, *columns;
};

enum {
    STALE_OTHERS,
    STALE_THERE,
    STALE_OF_TABLE,
    STALE_MEMBER
};

static bool yes(const PGresult *r, int column)
{
    return strcmp(PQgetvalue(r, 0, column), "t") == 0;
}

static enum err_code look(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    const struct relation *r = &w->target->relation;
    const struct sql_var vars[] = {{"schema", options_text(w->context->options, OPT_VIEWS_SCHEMA)},
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

/* The first names of the marks' paths, NULL where a column has none. The caller frees them all. */
static char **shown_members(const PGresult *columns, struct err *e)
{
    int n = PQntuples(columns);
    char **marks = calloc((size_t)n + 1, sizeof *marks);

    for (int i = 0; marks != NULL && i < n; i++)
        if ((marks[i] = strdup(PQgetvalue(columns, i, 1))) == NULL) {
            while (i-- > 0)
                free(marks[i]);
            free(marks);
            marks = NULL;
            break;
        }
    if (marks == NULL)
        err_set(e, ERR_NOMEM, "out of memory");
    return marks;
}

static bool is_shown(const char *member, const char *const first[], int n)
{
    for (int i = 0; i < n; i++)
        if (first[i] != NULL && strcmp(first[i], member) == 0)
            return true;
    return strcmp(member, "deleted") == 0;
}

/* Adds those that have no column to names. How many they are. */
static enum err_code unseen(const struct work *w, char names[NAMES_MAX], int *count, struct err *e)
{
    int n = PQntuples(w->columns);
    char **marks = shown_members(w->columns, e);
    const char **first = calloc((size_t)n + 1, sizeof *first);
    size_t len = 0;

    *count = 0;
    names[0] = '\0';
    for (int i = 0; marks != NULL && first != NULL && i < n; i++) {
        const char *path[MEMBER_LEVELS];
        enum member_cast cast;
        first[i] = view_mark_read(marks[i], &cast, path) ? path[0] : NULL;
    }
    for (int i = 0; marks != NULL && first != NULL && i < PQntuples(w->state); i++) {
        const char *member = PQgetvalue(w->state, i, STALE_MEMBER);
        if (PQgetisnull(w->state, i, STALE_MEMBER) || is_shown(member, first, n))
            continue;
        int more = snprintf(names + len, NAMES_MAX - len, "%s%s", *count > 0 ? ", " : "", member);
        len += more > 0 && (size_t)more < NAMES_MAX - len ? (size_t)more : 0;
        (*count)++;
    }
    for (int i = 0; marks != NULL && i < n; i++)
        free(marks[i]);
    bool whole = marks != NULL && first != NULL;
    free(marks);
    free(first);
    return whole ? OK : err_set(e, ERR_NOMEM, "out of memory");
}

static enum err_code tell(const struct work *w, struct findings *f, struct err *e)
{
    const char *table = w->target->table;
    const char *schema = options_text(w->context->options, OPT_VIEWS_SCHEMA);
    char names[NAMES_MAX];
    int count = 0;
    enum err_code rc;

    if (!yes(w->state, STALE_OTHERS))
        return OK;
    if (!yes(w->state, STALE_THERE)) {
        findings_add(f, FINDING_CHANGE, OK, table,
                     "it has no view in the schema %s, as other tables have: netty-load views "
                     "--apply %s",
                     schema, table);
        return OK;
    }
    if (!yes(w->state, STALE_OF_TABLE)) {
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

    session_long(c->session, true);
    enum err_code rc = session_try(c->session, look, &w, e);
    session_long(c->session, false);
    if (rc == OK)
        rc = tell(&w, f, e);
    PQclear(w.state);
    PQclear(w.columns);
    return rc;
}

#include "load/views/view_plan.h"
#include "shared/base/array.h"
#include "shared/base/utf8.h"
#include "shared/log/log.h"
#include <stdlib.h>
#include <string.h>

enum err_code view_plan_open(struct view_plan **out, bool deleted, struct err *e)
{
    struct view_plan *p = calloc(1, sizeof *p);

    if (p == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    p->deleted = deleted;
    *out = p;
    return OK;
}

void view_plan_close(struct view_plan *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->count; i++)
        free(p->columns[i].mark);
    free(p->columns);
    free(p);
}

static struct view_column *new_column(struct view_plan *p, struct err *e)
{
    struct view_column *more = array_room(p->columns, &p->room, p->count, sizeof *more, e);
    if (more == NULL)
        return NULL;
    p->columns = more;
    p->columns[p->count] = (struct view_column){.cast = CAST_JSONB};
    return &p->columns[p->count++];
}

static bool is_deleted(const char *const path[])
{
    return path[0] != NULL && strcmp(path[0], "deleted") == 0 && path[1] == NULL;
}

static bool known(const struct view_plan *p, const char *const path[])
{
    for (size_t i = 0; i < p->count; i++)
        if (p->columns[i].path[0] != NULL && member_path_same(p->columns[i].path, path))
            return true;
    return false;
}

static enum err_code there(struct view_plan *p, const char *name, const char *mark, struct err *e)
{
    struct view_column *c = new_column(p, e);

    if (c == NULL)
        return e->code;
    (void)snprintf(c->name, sizeof c->name, "%s", name);
    c->there = true;
    if (mark == NULL)
        return OK;
    if ((c->mark = strdup(mark)) == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    if (!view_mark_read(c->mark, &c->cast, c->path))
        c->path[0] = NULL;
    p->deleted = p->deleted || is_deleted(c->path);
    return OK;
}

enum err_code view_plan_read(struct view_plan *p, const PGresult *columns, struct err *e)
{
    enum err_code rc = OK;

    for (int i = 0; i < PQntuples(columns) && rc == OK; i++)
        rc = there(p, PQgetvalue(columns, i, 0),
                   PQgetisnull(columns, i, 1) ? NULL : PQgetvalue(columns, i, 1), e);
    return rc;
}

/* ---- names ---- */

static bool taken(const struct view_plan *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->columns[i].name, name) == 0)
            return true;
    return false;
}

/* Joins the path to a name, as long as a name may be; *cut: the name was cut. */
static void join(const char *const path[], char out[VIEW_NAME], bool *cut)
{
    char all[4 * VIEW_NAME];
    size_t n = 0;

    *cut = false;
    for (unsigned i = 0; i < MEMBER_LEVELS && path[i] != NULL; i++) {
        for (const char *s = i > 0 ? "_" : ""; *s != '\0' && n < sizeof all - 1; s++)
            all[n++] = *s;
        for (const char *s = path[i]; *s != '\0'; s++) {
            if (n == sizeof all - 1) {
                *cut = true;
                break;
            }
            all[n++] = *s;
        }
    }
    if (n == 0)
        all[n++] = '_'; /* a name cannot be empty */
    all[n] = '\0';
    *cut = *cut || n >= VIEW_NAME;
    n = n >= VIEW_NAME ? utf8_whole(all, VIEW_NAME - 1) : n;
    memcpy(out, all, n);
    out[n] = '\0';
}

static void name_column(const struct view_plan *p, const char *table, const char *const path[],
                        char out[VIEW_NAME])
{
    char base[VIEW_NAME];
    char tail[16] = "";
    bool cut;

    join(path, base, &cut);
    (void)snprintf(out, VIEW_NAME, "%s", base);
    for (unsigned n = 2; taken(p, out); n++) {
        (void)snprintf(tail, sizeof tail, "_%u", n);
        size_t room = VIEW_NAME - 1 - strlen(tail);
        size_t kept = strlen(base) > room ? utf8_whole(base, room) : strlen(base);
        (void)snprintf(out, VIEW_NAME, "%.*s%s", (int)kept, base, tail);
    }
    if (cut || tail[0] != '\0')
        LOG(LOG_WARN, "view-name",
            "a member has another name in the view: it is too long, or taken",
            F_STR("table", table), F_STR("member", path[0]), F_STR("column", out));
}

/* ---- filling ---- */

/* For a column that the view has already: finds out whether its type loses values that another type would hold. */
static void judge(struct view_plan *p, const char *table, const struct view_column *c,
                  const struct member *m)
{
    enum member_cast wanted = member_cast_of(m);
    int64_t lost = member_misfits(m, c->cast);

    if (c->cast == CAST_TEXT || c->cast == CAST_JSONB || lost <= member_misfits(m, wanted))
        return;
    p->narrow++;
    LOG(LOG_WARN, "view-type",
        "a column's type no longer fits all values, which are NULL there; --rebuild changes it",
        F_STR("table", table), F_STR("column", c->name), F_STR("type", member_cast_name(c->cast)),
        F_STR("fits", member_cast_name(wanted)), F_INT("misfits", lost));
}

static enum err_code add_member(struct view_plan *p, const char *table, const struct member *m,
                                enum member_cast cast, struct err *e)
{
    char name[VIEW_NAME];
    struct view_column *c;

    if (known(p, m->path) || (is_deleted(m->path) && !p->deleted))
        return OK;
    if (p->count >= VIEW_COLUMNS) {
        p->left_out++;
        return OK;
    }
    name_column(p, table, m->path, name);
    if ((c = new_column(p, e)) == NULL)
        return e->code;
    memcpy(c->name, name, sizeof c->name);
    memcpy(c->path, m->path, sizeof c->path);
    c->cast = is_deleted(m->path) ? CAST_BOOLEAN : cast;
    p->added++;
    return OK;
}

static unsigned level(const struct member *m)
{
    unsigned n = 0;

    while (n + 1 < MEMBER_LEVELS && m->path[n + 1] != NULL)
        n++;
    return n;
}

/* Adds columns for the members. Members below an object follow it directly; `open` is the level down to which all are objects. */
static enum err_code add_members(struct view_plan *p, const char *table,
                                 const struct table_profile *f, unsigned depth, struct err *e)
{
    enum err_code rc = OK;
    unsigned open = 0;

    for (size_t i = 0; i < f->count && rc == OK; i++) {
        const struct member *m = &f->members[i];
        unsigned at = level(m);
        if (at > open)
            continue;
        open = at;
        bool parent = i + 1 < f->count && level(&f->members[i + 1]) == at + 1;
        if (parent && !f->wide[i] && at < depth && member_is_object(m))
            open = at + 1;
        else
            rc = add_member(p, table, m, f->wide[i] ? CAST_JSONB : member_cast_of(m), e);
    }
    return rc;
}

#define OWN 3 /* columns of the table itself */

static bool in(const char *const own[], const char *name)
{
    return strcmp(own[0], name) == 0 || strcmp(own[1], name) == 0 || strcmp(own[2], name) == 0;
}

static enum err_code add_own(struct view_plan *p, const char *name, struct err *e)
{
    struct view_column *c = new_column(p, e);

    if (c == NULL)
        return e->code;
    (void)snprintf(c->name, sizeof c->name, "%s", name);
    return OK;
}

enum err_code view_plan_fill(struct view_plan *p, const char *table, const char *key,
                             const struct table_profile *f, unsigned depth, struct err *e)
{
    static const char *const deleted[MEMBER_LEVELS] = {"deleted"};
    const struct member no_rows = {.path = {deleted[0]}};
    const char *const own[] = {key, "time_created", "time_modified"};
    enum err_code rc;

    for (size_t i = 0; i < p->count; i++)
        if (p->columns[i].path[0] == NULL && !in(own, p->columns[i].name))
            return err_set(
                e, ERR_REFUSED,
                "the column \"%s\" of the view of %s has lost the comment by which it is "
                "known; --rebuild makes the view anew",
                p->columns[i].name, table);
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < f->count; k++)
            if (p->columns[i].path[0] != NULL &&
                member_path_same(p->columns[i].path, f->members[k].path))
                judge(p, table, &p->columns[i], &f->members[k]);
    for (size_t i = 0; i < OWN; i++)
        if (!taken(p, own[i]) && (rc = add_own(p, own[i], e)) != OK)
            return rc;
    if (p->deleted && (rc = add_member(p, table, &no_rows, CAST_BOOLEAN, e)) != OK)
        return rc;
    if ((rc = add_members(p, table, f, depth, e)) == OK && p->left_out > 0)
        LOG(LOG_WARN, "view-full", "a view has at most 1600 columns; the other members have none",
            F_STR("table", table), F_INT("members", p->left_out));
    return rc;
}

/* netty-load profile: what the members of data are, without showing a value of a text. */
#include "load/profile/profile_command.h"
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/profile/member_cast.h"
#include "load/profile/table_profile.h"
#include "load/profile/view_columns.h"
#include "load/profile/view_mark.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX      ((size_t)16 << 20)
#define NAME_LEN     4096  /* of a member's names, joined; beyond it is cut for the eye */
#define MISFITS_MOST 10000 /* keys of a table */

static const char *joined(const struct member *m, char out[NAME_LEN])
{
    size_t n = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < MEMBER_LEVELS && m->path[i] != NULL && n < NAME_LEN; i++) {
        int more = snprintf(out + n, NAME_LEN - n, "%s%s", i > 0 ? "." : "", m->path[i]);
        n += more > 0 ? (size_t)more : 0;
    }
    return out;
}

/* ---- the members' types ---- */

/* Of each member: the type of its column where the table has a view, else the one that fits. */
struct types {
    struct command_context *context;
    const struct command_table *target;
    const struct table_profile *profile;
    enum member_cast *casts;
};

static enum err_code take_column(struct types *w, const char *mark, struct err *e)
{
    const char *path[MEMBER_LEVELS];
    enum member_cast cast;
    char *text = strdup(mark);

    if (text == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    if (view_mark_read(text, &cast, path))
        for (size_t i = 0; i < w->profile->count; i++)
            if (member_path_same(path, w->profile->members[i].path))
                w->casts[i] = cast;
    free(text);
    return OK;
}

static enum err_code read_types(void *ctx, struct session *s, struct err *e)
{
    struct types *w = ctx;
    PGresult *r = NULL;
    enum err_code rc = view_columns_read(w->context, w->target, s, &r, e);

    for (size_t i = 0; rc == OK && i < w->profile->count; i++)
        w->casts[i] = w->profile->wide[i] ? CAST_JSONB : member_cast_of(&w->profile->members[i]);
    for (int i = 0; rc == OK && i < PQntuples(r); i++)
        if (!PQgetisnull(r, i, 1))
            rc = take_column(w, PQgetvalue(r, i, 1), e);
    PQclear(r);
    return rc;
}

/* ---- the table of members ---- */

static enum err_code add_member(struct command_context *c, const struct command_table *t,
                                const struct member *m, enum member_cast cast, struct err *e)
{
    char name[NAME_LEN];
    struct cell cells[20 + FORMS] = {
        {"table", CELL_STR, t->table, 0},
        {"member", CELL_STR, joined(m, name), 0},
        {"records", CELL_INT, NULL, m->records},
        {"type", CELL_STR, member_cast_name(cast), 0},
        {"misfits", CELL_INT, NULL, member_misfits(m, cast)},
        {"distinct", CELL_INT, NULL, m->distinct},
        {"since", CELL_TIME, NULL, m->seen},
        {"strings", CELL_INT, NULL, m->strings},
        {"numbers", CELL_INT, NULL, m->numbers},
        {"least", m->least != NULL ? CELL_STR : CELL_NONE, m->least, 0},
        {"greatest", m->greatest != NULL ? CELL_STR : CELL_NONE, m->greatest, 0},
        {"first", m->first != NULL ? CELL_STR : CELL_NONE, m->first, 0},
        {"last", m->last != NULL ? CELL_STR : CELL_NONE, m->last, 0},
    };
    size_t n = 13;

    for (unsigned f = 0; f < FORMS; f++)
        cells[n++] =
            (struct cell){member_form_name((enum member_form)f), CELL_INT, NULL, m->forms[f]};
    return summary_row(c->summary, cells, n, e);
}

/* ---- --misfits ---- */

struct misfits {
    const struct command_table *target;
    const struct table_profile *profile;
    const enum member_cast *casts;
    struct command_context *context;
    PGresult *rows;
};

static bool has_misfits(const struct misfits *w, size_t i)
{
    return member_misfits(&w->profile->members[i], w->casts[i]) > 0;
}

static enum err_code build(const struct misfits *w, struct buf *sql, size_t *count, struct err *e)
{
    static const char head[] =
        "SELECT x.n, t.:\"key\" FROM :\"schema\".:\"relation\" AS t CROSS JOIN LATERAL (VALUES ";
    const struct relation *r = &w->target->relation;
    const struct sql_var vars[] = {{"schema", r->schema}, {"relation", r->name}, {"key", r->key}};
    enum err_code rc = sql_expand(sql, head, vars, 3, e);

    for (size_t i = 0; i < w->profile->count && rc == OK; i++) {
        const struct member *m = &w->profile->members[i];
        if (!has_misfits(w, i))
            continue;
        if ((rc = buf_addf(sql, "%s(%zu, ", (*count)++ > 0 ? ", " : "", i)) != OK)
            return buf_err(e, rc, sql, "the statement");
        if ((rc = member_misfit_sql(sql, w->casts[i], m->path, e)) == OK &&
            (rc = buf_addc(sql, ')')) != OK)
            return buf_err(e, rc, sql, "the statement");
    }
    if (rc == OK &&
        (rc = buf_addf(sql, ") AS x (n, misfit) WHERE x.misfit LIMIT %d", MISFITS_MOST)) != OK)
        rc = buf_err(e, rc, sql, "the statement");
    return rc;
}

static enum err_code query(void *ctx, struct session *s, struct err *e)
{
    struct misfits *w = ctx;
    struct buf sql;
    size_t count = 0;

    buf_init(&sql, SQL_MAX);
    enum err_code rc = build(w, &sql, &count, e);
    if (rc == OK && count > 0 && (rc = session_query(s, sql.data, NULL, 0, &w->rows, e)) != OK)
        rc = table_profile_explain(w->context, w->target, e);
    buf_free(&sql);
    return rc;
}

static enum err_code list_misfits(struct command_context *c, const struct command_table *t,
                                  const struct table_profile *p, const enum member_cast *casts,
                                  struct err *e)
{
    struct misfits w = {.target = t, .profile = p, .casts = casts, .context = c};
    char name[NAME_LEN];

    session_long(c->session, true);
    enum err_code rc = session_try(c->session, query, &w, e);
    session_long(c->session, false);
    int n = rc == OK && w.rows != NULL ? PQntuples(w.rows) : 0;
    for (int i = 0; i < n && rc == OK; i++) {
        int64_t at = db_answer_number(w.rows, i, 0);
        const struct member *m = &p->members[at];
        const struct cell cells[] = {
            {"table", CELL_STR, t->table, 0},
            {"member", CELL_STR, joined(m, name), 0},
            {"type", CELL_STR, member_cast_name(casts[at]), 0},
            {"key", CELL_INT, NULL, db_answer_number(w.rows, i, 1)},
        };
        rc = summary_row(c->summary, cells, sizeof cells / sizeof *cells, e);
    }
    if (rc == OK && n == MISFITS_MOST)
        LOG(LOG_WARN, "misfits", "not all are listed", F_STR("table", t->table),
            F_INT("listed", n));
    PQclear(w.rows);
    return rc;
}

/* ---- the command ---- */

static enum err_code tell_cost(struct command_context *c, const struct command_table *t,
                               struct err *e)
{
    int64_t rows = 0;
    int64_t bytes = 0;
    enum err_code rc = table_profile_cost(c, t, &rows, &bytes, e);
    const struct cell cells[] = {
        {"table", CELL_STR, t->table, 0},
        {"rows", CELL_INT, NULL, rows},
        {"bytes", CELL_INT, NULL, bytes},
    };

    return rc == OK ? summary_row(c->summary, cells, sizeof cells / sizeof *cells, e) : rc;
}

static enum err_code profile_table(void *ctx, struct command_context *c,
                                   const struct command_table *t, struct err *e)
{
    struct table_profile p;
    enum err_code rc;

    (void)ctx;
    if (c->dry_run)
        return tell_cost(c, t, e);
    if ((rc = table_profile_read(&p, c, t, options_int(c->options, OPT_DEPTH), e)) != OK)
        return rc;
    struct types types = {.context = c,
                          .target = t,
                          .profile = &p,
                          .casts = calloc(p.count + 1, sizeof *types.casts)};
    if (types.casts == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    else
        rc = session_try(c->session, read_types, &types, e);
    if (rc == OK && options_int(c->options, OPT_MISFITS) != 0)
        rc = list_misfits(c, t, &p, types.casts, e);
    else
        for (size_t i = 0; i < p.count && rc == OK; i++)
            rc = add_member(c, t, &p.members[i], types.casts[i], e);
    free(types.casts);
    table_profile_free(&p);
    return rc;
}

enum err_code cmd_profile(struct command_context *c, struct err *e)
{
    return command_each_table(c, profile_table, NULL, e);
}

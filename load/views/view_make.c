#include "load/views/view_make.h"
#include "load/database/db_answer.h"
#include "load/database/lock_holder.h"
#include "load/database/sql.h"
#include "load/target/target_table.h"
#include "shared/log/log.h"
#include <stdlib.h>
#include <string.h>

#define SQL_MAX ((size_t)16 << 20)
#define TURN    "7954892360421172323" /* the advisory lock of those that make views */

enum {
    LOOK_OLD,
    LOOK_SCHEMA,
    LOOK_REFUSED,
    LOOK_THERE,
    LOOK_OF_TABLE,
    LOOK_ELSEWHERE,
    LOOK_OTHERS,
    LOOK_GRANTS,
    LOOK_DENIED,
    LOOK_ABOUT
};

void view_make_init(struct view_make *m, struct command_context *c, const struct command_table *t)
{
    *m = (struct view_make){.context = c, .at = {.target = t}, .status = VIEW_THERE};
    m->depth = options_int(c->options, OPT_DEPTH);
    buf_init(&m->sql, SQL_MAX);
}

void view_make_free(struct view_make *m)
{
    buf_free(&m->sql);
    view_plan_close(m->plan);
    table_profile_free(&m->profile);
}

/* ---- looking ---- */

static enum err_code refuse(const struct view_make *m, const PGresult *look, struct err *e)
{
    const char *table = m->at.target->table;

    if (db_answer_true(look, LOOK_OLD))
        return err_set(e, ERR_CONFIG,
                       "the server is older than PostgreSQL 15, where a view reads with the rights "
                       "of its owner, past the tables' row-level security");
    if (db_answer_true(look, LOOK_REFUSED))
        return err_set(
            e, ERR_REFUSED,
            "%s.%s is there, and is no view that netty-load has made; rename it, or give "
            "another schema with --views-schema",
            m->at.schema, table);
    if (!PQgetisnull(look, 0, LOOK_ELSEWHERE))
        return err_set(e, ERR_REFUSED,
                       "%s.%s is the view of %s, a table of another schema; give this one's views "
                       "a schema of their own with --views-schema",
                       m->at.schema, table, PQgetvalue(look, 0, LOOK_ELSEWHERE));
    if (m->apply && !PQgetisnull(look, 0, LOOK_DENIED))
        return err_set(e, ERR_DENIED, "%.700s", PQgetvalue(look, 0, LOOK_DENIED));
    if (m->rebuild && !PQgetisnull(look, 0, LOOK_OTHERS))
        return err_set(
            e, ERR_REFUSED,
            "%.500s would have to be dropped, for what depends on the view %s.%s keeps it "
            "from being made anew; drop and make them yourself",
            PQgetvalue(look, 0, LOOK_OTHERS), m->at.schema, table);
    return OK;
}

static enum err_code ask(struct view_make *m, struct session *s, PGresult **look, struct err *e)
{
    const struct relation *r = &m->at.target->relation;
    const struct sql_var vars[] = {{"schema", m->at.schema},
                                   {"view", m->at.target->table},
                                   {"table_schema", r->schema},
                                   {"relation", r->name}};
    enum err_code rc = session_run(s, sql_view_look, vars, 4, look, e);

    return rc == OK ? refuse(m, *look, e) : rc;
}

static enum err_code read_columns(struct view_plan *plan, const struct view_make *m,
                                  struct session *s, struct err *e)
{
    const struct sql_var vars[] = {{"schema", m->at.schema}, {"view", m->at.target->table}};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_view_columns, vars, 2, &r, e);

    if (rc == OK)
        rc = view_plan_read(plan, r, e);
    PQclear(r);
    return rc;
}

/* ---- is there anything to do? ---- */

static uint64_t hash_of(const char *const path[], unsigned levels)
{
    uint64_t hash = MEMBER_ROOT;

    for (unsigned i = 0; i < levels; i++)
        hash = member_hash(hash, path[i], strlen(path[i]));
    return hash;
}

/* Whether the view shows the member: by a column of its own, of the object that it is in, or of the members below it. */
static bool shows(const struct view_plan *p, const struct member_new *member)
{
    for (size_t i = 0; i < p->count; i++)
        for (unsigned n = 1; n <= MEMBER_LEVELS && p->columns[i].path[n - 1] != NULL; n++) {
            bool whole = n == MEMBER_LEVELS || p->columns[i].path[n] == NULL;
            uint64_t hash = hash_of(p->columns[i].path, n);
            if (hash == member->hash || (whole && hash == member->parent))
                return true;
        }
    return false;
}

static bool shows_all(const struct view_plan *p, const struct view_make *m)
{
    for (size_t i = 0; i < m->members_count; i++)
        if (!shows(p, &m->members[i]))
            return false;
    return p->count < VIEW_COLUMNS || m->members_count == 0;
}

/* Keeps the depth that the view was made with, unless another is asked for. */
static void take_depth(struct view_make *m, const char *about)
{
    const char *text = strstr(about, VIEW_ABOUT_DEPTH);

    if (text != NULL && !options_given(m->context->options, OPT_DEPTH) && !m->rebuild)
        m->depth = strtol(text + strlen(VIEW_ABOUT_DEPTH), NULL, 10);
}

struct first_look {
    struct view_make *make;
    bool idle;
};

static enum err_code look_first(void *ctx, struct session *s, struct err *e)
{
    struct first_look *w = ctx;
    struct view_make *m = w->make;
    PGresult *look = NULL;
    struct view_plan *plan = NULL;
    enum err_code rc = ask(m, s, &look, e);

    w->idle = false;
    if (rc == OK && !PQgetisnull(look, 0, LOOK_ABOUT))
        take_depth(m, PQgetvalue(look, 0, LOOK_ABOUT));
    bool known = rc == OK && m->members != NULL && db_answer_true(look, LOOK_THERE) &&
                 db_answer_true(look, LOOK_OF_TABLE);
    if (known && (rc = view_plan_open(&plan, false, e)) == OK &&
        (rc = read_columns(plan, m, s, e)) == OK)
        w->idle = shows_all(plan, m);
    view_plan_close(plan);
    PQclear(look);
    return rc;
}

/* ---- the statements ---- */

static enum err_code add(struct view_make *m, const char *text, struct err *e)
{
    const struct sql_var vars[] = {{"schema", m->at.schema}, {"view", m->at.target->table}};
    bool view = strstr(text, ":\"view\"") != NULL || strstr(text, ":'view'") != NULL;

    return sql_expand(&m->sql, text, vars, view ? 2 : 1, e);
}

static enum err_code build(struct view_make *m, const PGresult *look, struct err *e)
{
    bool there = db_answer_true(look, LOOK_THERE);
    enum err_code rc = OK;

    if (!db_answer_true(look, LOOK_SCHEMA))
        rc = add(m, "CREATE SCHEMA IF NOT EXISTS :\"schema\";\n", e);
    if (rc == OK && there && m->rebuild)
        rc = add(m, "DROP VIEW :\"schema\".:\"view\";\n", e);
    if (rc == OK)
        rc = view_sql_create(&m->sql, &m->at, m->plan, m->depth, e);
    if (rc == OK && (!there || m->rebuild))
        rc = add(m, sql_view_private, e);
    if (rc == OK && there && m->rebuild && !PQgetisnull(look, 0, LOOK_GRANTS) &&
        (rc = buf_addf(&m->sql, "%s\n", PQgetvalue(look, 0, LOOK_GRANTS))) != OK)
        rc = buf_err(e, rc, &m->sql, "the view's statements");
    m->status = !there                ? VIEW_MADE
                : m->rebuild          ? VIEW_REBUILT
                : m->plan->added == 0 ? VIEW_THERE
                                      : VIEW_CHANGED;
    return rc;
}

static enum err_code plan(struct view_make *m, struct session *s, struct err *e)
{
    const struct options *o = m->context->options;
    PGresult *look = NULL;
    enum err_code rc = ask(m, s, &look, e);

    view_plan_close(m->plan);
    m->plan = NULL;
    buf_reset(&m->sql);
    if (rc == OK)
        rc = view_plan_open(&m->plan, options_int(o, OPT_WITH_DELETED) != 0, e);
    if (rc == OK && !m->rebuild)
        rc = read_columns(m->plan, m, s, e);
    if (rc == OK)
        rc = view_plan_fill(m->plan, m->at.target->table, m->at.target->relation.key, &m->profile,
                            (unsigned)m->depth, e);
    if (rc == OK)
        rc = build(m, look, e);
    PQclear(look);
    return rc;
}

/* Keeps the view if it cannot be replaced: PostgreSQL lets a view only get more columns, with the names and types of the others unchanged. */
static enum err_code keep(struct view_make *m, struct session *s, struct err *e)
{
    if (strcmp(e->sqlstate, "42P16") != 0 || m->rebuild)
        return e->code;
    LOG(LOG_WARN, "view-kept", "only --rebuild can make this view what it should be; it stays",
        F_STR("table", m->at.target->table), F_ERR(e));
    m->status = VIEW_KEPT;
    return session_query(s, "ROLLBACK", NULL, 0, NULL, e);
}

/* ---- whom it waits for ---- */

static enum err_code tell_holder(const struct view_make *m, struct session *s, struct err *e)
{
    const struct relation *t = &m->at.target->relation;
    const struct sql_var vars[] = {{"turn", TURN},
                                   {"schema", m->at.schema},
                                   {"view", m->at.target->table},
                                   {"table_schema", t->schema},
                                   {"relation", t->name}};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_view_holder, vars, 5, &r, e);

    if (rc == OK && PQntuples(r) == 1)
        lock_holder_log(LOG_INFO,
                        "the view waits for a lock that another session holds, for no longer than "
                        "five seconds at a time",
                        m->at.target->table, m->at.schema, r);
    PQclear(r);
    return rc;
}

static enum err_code take_turn(const struct view_make *m, struct session *s, struct err *e)
{
    const struct sql_var vars[] = {{"turn", TURN}};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_view_lock, vars, 1, &r, e);
    bool ours = rc == OK && db_answer_true(r, 0);

    PQclear(r);
    if (rc != OK || ours || (rc = tell_holder(m, s, e)) != OK)
        return rc;
    return session_run(s, sql_view_turn, vars, 1, NULL, e);
}

/* Applies the statements. The first try hardly waits for a lock, since a connection that waits cannot ask who holds it. */
static enum err_code apply(struct view_make *m, struct session *s, struct err *e)
{
    struct err first = ERR_INIT;
    enum err_code rc = session_query(s, sql_view_try, NULL, 0, NULL, e);

    if (rc != OK || session_query(s, m->sql.data, NULL, 0, NULL, &first) == OK)
        return rc;
    if (strcmp(first.sqlstate, "55P03") != 0) {
        *e = first;
        return first.code;
    }
    rc = session_query(s, "ROLLBACK TO SAVEPOINT netty_tried", NULL, 0, NULL, e);
    if (rc == OK)
        rc = tell_holder(m, s, e);
    return rc == OK ? session_query(s, m->sql.data, NULL, 0, NULL, e) : rc;
}

/* ---- the transaction ---- */

/* Makes the view. Each try looks again at what is there, since the view may have been made meanwhile. */
static enum err_code make(void *ctx, struct session *s, struct err *e)
{
    struct view_make *m = ctx;

    session_long(s, true); /* nothing is lost with it before COMMIT */
    enum err_code rc = session_query(s, sql_begin, NULL, 0, NULL, e);
    if (rc == OK && m->apply)
        rc = take_turn(m, s, e);
    if (rc == OK)
        rc = plan(m, s, e);
    if (rc == OK && m->apply)
        rc = apply(m, s, e);
    session_long(s, false);
    if (rc != OK)
        return keep(m, s, e);
    return session_query(s, "COMMIT", NULL, 0, NULL, e);
}

enum err_code view_make_run(struct view_make *m, struct err *e)
{
    struct session *s = m->context->session;
    struct first_look first = {.make = m};
    enum err_code rc =
        view_schema(m->schema, m->context->options, m->at.target->relation.schema, e);

    m->at.schema = m->schema;
    if (rc != OK)
        return rc;
    session_long(s, true);
    rc = session_try(s, look_first, &first, e);
    session_long(s, false);
    if (rc != OK || first.idle)
        return rc;
    m->read = true;
    rc = table_profile_read(&m->profile, m->context, m->at.target, m->depth, e);
    return rc == OK ? session_try(s, make, m, e) : rc;
}

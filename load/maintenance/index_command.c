/* netty-load index: the index that is recommended, and those of members that are often asked for. */
#include "load/command/command.h"
#include "load/database/db_answer.h"
#include "load/database/db_decide.h"
#include "load/database/sql.h"
#include "load/maintenance/index_plan.h"
#include "load/maintenance/maintenance.h"
#include "load/profile/view_columns.h"
#include "load/profile/view_mark.h"
#include "shared/log/log.h"
#include <stdlib.h>
#include <string.h>

struct work {
    struct command_context *context;
    const struct command_table *target;
    const char *member; /* NULL: time_modified */
    struct buf mark;    /* of the view's column of that name, which path points into */
    const char *path[MEMBER_LEVELS];
    enum member_cast cast;
    struct buf value, text, typed; /* the member in SQL: as jsonb, as text, as the view has it */
    char name[INDEX_NAME];
    struct index_seen seen;
    char kept[INDEX_NAME]; /* the index that is there in its place */
    int64_t rows, size, index_size;
    enum index_step step, begun; /* now, and at first */
};

#define SQL_MAX ((size_t)1 << 16) /* an expression */

/* ---- what the member is in SQL ---- */

/* Finds the member: if the view has a column of that name, by its path and type; else it is an outermost member. */
static enum err_code find_column(struct work *w, struct session *s, struct err *e)
{
    PGresult *r = NULL;
    enum err_code rc = view_columns_read(w->context, w->target, s, &r, e);

    w->cast = CAST_JSONB;
    w->path[0] = w->member;
    w->path[1] = NULL;
    for (int i = 0; rc == OK && i < PQntuples(r); i++) {
        if (strcmp(PQgetvalue(r, i, 0), w->member) != 0 || PQgetisnull(r, i, 1))
            continue;
        buf_reset(&w->mark);
        if ((rc = buf_adds(&w->mark, PQgetvalue(r, i, 1))) != OK)
            rc = buf_err(e, rc, &w->mark, "a column's comment");
        else if (!view_mark_read(w->mark.data, &w->cast, w->path))
            w->path[0] = w->member;
    }
    PQclear(r);
    return rc;
}

/* The view has a column for it that is neither text nor jsonb. */
static bool is_typed(const struct work *w)
{
    return w->member != NULL && w->cast != CAST_TEXT && w->cast != CAST_JSONB;
}

static enum err_code read_expressions(struct work *w, struct session *s, struct err *e)
{
    enum err_code rc;

    if (w->member == NULL)
        return OK;
    buf_reset(&w->value);
    buf_reset(&w->text);
    buf_reset(&w->typed);
    if ((rc = find_column(w, s, e)) != OK ||
        (rc = member_value_sql(&w->value, w->path, false, e)) != OK ||
        (rc = member_value_sql(&w->text, w->path, true, e)) != OK ||
        (rc = member_cast_sql(&w->typed, w->cast, w->path, e)) != OK)
        return rc;
    char what[INDEX_NAME * 4];
    (void)snprintf(what, sizeof what, "%.200s_%s", w->member, member_cast_name(w->cast));
    index_name(w->target->relation.name, is_typed(w) ? what : w->member, w->name);
    return OK;
}

/* ---- looking ---- */

enum {
    STATE_THERE,
    STATE_VALID,
    STATE_OURS,
    STATE_FOUND,
    STATE_NESTED,
    STATE_LONGEST,
    STATE_ROWS,
    STATE_SIZE,
    STATE_BUSY,
    STATE_INDEX_SIZE,
    STATE_PARTITIONED,
    STATE_BY_TIME
};

static enum err_code read_state(struct work *w, struct session *s, struct err *e)
{
    const struct relation *rel = &w->target->relation;
    const struct sql_var vars[] = {
        {"schema", rel->schema},
        {"relation", rel->name},
        {"name", w->name},
        {"sampled", w->member != NULL ? "true" : "false"},
        {"value", w->member != NULL ? w->value.data : "t.data"},
        {"text", w->member != NULL ? w->text.data : "NULL::pg_catalog.text"},
    };
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_index_look, vars, sizeof vars / sizeof *vars, &r, e);

    if (rc == OK && PQntuples(r) != 1)
        rc = err_set(e, ERR_REFUSED, "the table %s is gone", rel->name);
    if (rc == OK) {
        bool by_time = !PQgetisnull(r, 0, STATE_BY_TIME);
        w->seen = (struct index_seen){.there = db_answer_true(r, STATE_THERE),
                                      .valid = db_answer_true(r, STATE_VALID),
                                      .ours = db_answer_true(r, STATE_OURS),
                                      .found = db_answer_true(r, STATE_FOUND),
                                      .nested = db_answer_true(r, STATE_NESTED),
                                      .typed = is_typed(w),
                                      .longest = db_answer_number(r, 0, STATE_LONGEST),
                                      .busy = db_answer_true(r, STATE_BUSY),
                                      .partitioned = db_answer_true(r, STATE_PARTITIONED),
                                      .by_time = by_time};
        w->rows = db_answer_number(r, 0, STATE_ROWS);
        w->size = db_answer_number(r, 0, STATE_SIZE);
        w->index_size = db_answer_number(r, 0, STATE_INDEX_SIZE);
        w->step = index_step(w->member, &w->seen);
        (void)snprintf(w->kept, sizeof w->kept, "%s",
                       w->member == NULL && by_time ? PQgetvalue(r, 0, STATE_BY_TIME) : w->name);
    }
    PQclear(r);
    return rc;
}

/* ---- making ---- */

/* Makes a time limit an error that is not tried again: each try would end in the same way, and the server's work would be lost. */
static enum err_code too_slow(struct err *e, const struct session *s, const struct work *w)
{
    char why[sizeof e->msg];

    if (db_trouble_of(DB_PHASE_MAINTENANCE, e) != DB_TOO_SLOW || session_stopping(s))
        return e->code;
    (void)snprintf(why, sizeof why, "%s", e->msg);
    e->sqlstate[0] = '\0';
    return err_set(e, ERR_REFUSED,
                   "%.500s; the index %s takes longer than this role's statement_timeout: ALTER "
                   "ROLE ... SET statement_timeout = 0, make it, and set it back",
                   why, w->name);
}

static enum err_code create(struct work *w, struct session *s, struct err *e)
{
    static const char *const texts[] = {[INDEX_TIME] = sql_index_time,
                                        [INDEX_TEXT] = sql_index_member,
                                        [INDEX_TYPED] = sql_index_member,
                                        [INDEX_HASH] = sql_index_hash,
                                        [INDEX_NESTED] = sql_index_nested};
    const struct relation *rel = &w->target->relation;
    enum index_kind kind = index_kind(w->member, &w->seen);
    const char *expression = kind == INDEX_TYPED    ? w->typed.data
                             : kind == INDEX_NESTED ? w->value.data
                                                    : w->text.data;
    const struct sql_var vars[] = {{"schema", rel->schema},
                                   {"relation", rel->name},
                                   {"name", w->name},
                                   {"expression", expression}};

    LOG(LOG_INFO, "index", "an index is being made; nobody is kept from reading and writing",
        F_STR("table", w->target->table), F_STR("index", w->name), F_INT("rows", w->rows),
        F_INT("bytes", w->size));
    if (session_run_bare(s, texts[kind], vars, kind == INDEX_TIME ? 3 : 4, e) != OK)
        return too_slow(e, s, w);
    return OK;
}

static enum err_code refuse(const struct work *w, struct err *e)
{
    if (w->step == INDEX_TAKEN)
        return err_set(e, ERR_REFUSED, "%s is there, and is no index of %s; rename it", w->name,
                       w->target->relation.name);
    if (w->step == INDEX_ABSENT)
        return err_set(e, ERR_USAGE, "no row of %s has a member \"%.200s\" in data",
                       w->target->relation.name, w->member);
    if (w->step == INDEX_PARTS)
        return err_set(e, ERR_REFUSED,
                       "%s is partitioned, and the partitions' indexes have to be made one by one",
                       w->target->relation.name);
    return err_set(e, ERR_BUSY, "somebody is making an index on %s; run again later",
                   w->target->relation.name);
}

/* Makes the index. Each try looks again at what is there, since the one before may have ended anywhere. */
static enum err_code make(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    const struct sql_var vars[] = {{"schema", w->target->relation.schema}, {"name", w->name}};
    enum err_code rc = read_expressions(w, s, e);

    if (rc != OK || (rc = read_state(w, s, e)) != OK)
        return rc;
    if (w->begun == INDEX_KEEP)
        w->begun = w->step;
    if (w->step == INDEX_KEEP || (w->context->dry_run && w->step <= INDEX_REBUILD))
        return OK;
    if (w->step > INDEX_REBUILD)
        return refuse(w, e);
    if (w->step == INDEX_REBUILD && session_run_bare(s, sql_index_drop, vars, 2, e) != OK)
        return too_slow(e, s, w);
    if ((rc = create(w, s, e)) != OK || (rc = read_state(w, s, e)) != OK)
        return rc;
    if (w->step != INDEX_KEEP)
        return err_set(e, ERR_BUSY,
                       "the index %s is still being made by somebody else; run again "
                       "later",
                       w->name);
    return OK;
}

static enum err_code report(struct work *w, int64_t began, struct err *e)
{
    static const char *const states[] = {
        [INDEX_KEEP] = "there", [INDEX_MAKE] = "made", [INDEX_REBUILD] = "made again"};
    static const char *const planned[] = {
        [INDEX_KEEP] = "there", [INDEX_MAKE] = "to make", [INDEX_REBUILD] = "to make again"};
    static const char *const kinds[] = {[INDEX_TIME] = "btree",
                                        [INDEX_TEXT] = "btree",
                                        [INDEX_TYPED] = "btree",
                                        [INDEX_HASH] = "hash",
                                        [INDEX_NESTED] = "gin"};
    const struct cell cells[] = {
        {"table", CELL_STR, w->target->table, 0},
        {"member", CELL_STR, w->member != NULL ? w->member : "time_modified", 0},
        {"index", CELL_STR, w->kept, 0},
        {"kind", CELL_STR, kinds[index_kind(w->member, &w->seen)], 0},
        {"status", CELL_STR, (w->context->dry_run ? planned : states)[w->begun], 0},
        {"table_bytes", CELL_INT, NULL, w->size},
        {"bytes", CELL_INT, NULL, w->index_size},
        {"seconds", CELL_SECONDS, NULL, when_tick() - began},
    };

    return summary_row(w->context->summary, cells, sizeof cells / sizeof *cells, e);
}

static enum err_code one_index(struct command_context *c, const struct command_table *t,
                               const char *member, struct err *e)
{
    struct work w = {.context = c, .target = t, .member = member};
    int64_t began = when_tick();

    index_name(t->relation.name, member, w.name);
    buf_init(&w.mark, SQL_MAX);
    buf_init(&w.value, SQL_MAX);
    buf_init(&w.text, SQL_MAX);
    buf_init(&w.typed, SQL_MAX);
    session_long(c->session, true);
    enum err_code rc = session_try(c->session, make, &w, e);
    session_long(c->session, false);
    if (rc == OK)
        rc = report(&w, began, e);
    buf_free(&w.mark);
    buf_free(&w.value);
    buf_free(&w.text);
    buf_free(&w.typed);
    return rc;
}

struct members {
    const char *const *names;
    size_t count;
};

/* One that cannot be made does not stop the others. */
static enum err_code index_table(void *ctx, struct command_context *c,
                                 const struct command_table *t, struct err *e)
{
    const struct members *m = ctx;
    enum err_code rc = one_index(c, t, NULL, e);

    for (size_t i = 0; i < m->count && rc != ERR_INTERRUPTED; i++) {
        if (rc != OK)
            command_failed(c, t->table, e);
        rc = one_index(c, t, m->names[i], e);
    }
    return rc;
}

/* ---- --suggest ---- */

struct question {
    const struct command_table *target;
    char *source; /* of pg_stat_statements */
    PGresult *rows;
};

static enum err_code query_where(void *ctx, struct session *s, struct err *e)
{
    struct question *q = ctx;
    PGresult *r = NULL;
    enum err_code rc = session_query(s, sql_suggest_where, NULL, 0, &r, e);

    if (rc == OK && PQntuples(r) == 1 && q->source == NULL &&
        (q->source = strdup(PQgetvalue(r, 0, 0))) == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    PQclear(r);
    return rc;
}

static enum err_code query_statements(void *ctx, struct session *s, struct err *e)
{
    struct question *q = ctx;
    const struct sql_var vars[] = {{"source", q->source}, {"relation", q->target->relation.name}};

    return session_run(s, sql_suggest, vars, 2, &q->rows, e);
}

static enum err_code suggest(void *ctx, struct command_context *c, const struct command_table *t,
                             struct err *e)
{
    struct question *q = ctx;
    q->target = t;
    enum err_code rc = session_try(c->session, query_statements, q, e);

    for (int i = 0; rc == OK && i < PQntuples(q->rows); i++) {
        const struct cell cells[] = {
            {"table", CELL_STR, t->table, 0},
            {"about", CELL_STR, PQgetvalue(q->rows, i, 0), 0},
            {"calls", CELL_INT, NULL, db_answer_number(q->rows, i, 1)},
            {"seconds", CELL_SECONDS, NULL, db_answer_number(q->rows, i, 2) * 1000},
            {"statement", CELL_STR, PQgetvalue(q->rows, i, 3), 0},
            /* As it was called before there was one unit, for programs. */
            {"milliseconds", CELL_INT, NULL, db_answer_number(q->rows, i, 2)},
        };
        rc = summary_row(c->summary, cells, sizeof cells / sizeof *cells - (c->json ? 0 : 1), e);
    }
    PQclear(q->rows);
    q->rows = NULL;
    return rc;
}

enum err_code cmd_index(struct command_context *c, struct err *e)
{
    const char *const *words = NULL;
    size_t n = options_words(c->options, &words);
    struct members members = {words + 1, n > 1 ? n - 1 : 0};
    struct question q = {.source = NULL};
    enum err_code rc;

    if (options_int(c->options, OPT_SUGGEST) == 0)
        return n > 0 ? command_one_table(c, words[0], index_table, &members, e)
                     : command_each_table(c, index_table, &members, e);
    if ((rc = session_try(c->session, query_where, &q, e)) != OK)
        return rc;
    if (q.source == NULL)
        return err_set(e, ERR_CONFIG,
                       "pg_stat_statements is not installed in this database: have it in "
                       "shared_preload_libraries, then CREATE EXTENSION pg_stat_statements");
    rc = command_each_table(c, suggest, &q, e);
    free(q.source);
    return rc;
}

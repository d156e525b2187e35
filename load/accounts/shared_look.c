#include "load/accounts/shared_look.h"

#include "load/database/sql.h"
#include "load/target/table_list.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>

#define SQL_MAX ((size_t)16 << 20)

/* The statements, in their order. */
enum step {
    STEP_IDENTITY,
    STEP_LIST,
    STEP_PROGRESS,
    STEP_LOADED,
    STEP_GREATEST,
    STEP_COMMIT,
    STEPS
};

struct account {
    char *spool, *schema;
    int from, to; /* its rows in the list */
};

struct shared_look {
    struct db *db;
    uv_timer_t limit;
    struct account list[SHARED_LOOK_MOST];
    size_t count;
    size_t seen; /* so many of them, the first ones */
    shared_look_done_fn *done;
    void *ctx;
    enum step step;
    int64_t at; /* when_tick() of the transaction's beginning */
    PGresult *answers[STEPS];
    struct buf sql;
    struct err err;
};

static void on_answer(void *ctx, const PGresult *r, const struct err *err);

enum err_code shared_look_open(struct shared_look **out, uv_loop_t *loop, const char *conninfo,
                               struct err *e)
{
    struct shared_look *l = calloc(1, sizeof *l);

    if (l == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    enum err_code rc = db_open(&l->db, loop, conninfo, e);
    if (rc != OK) {
        free(l);
        return rc;
    }
    buf_init(&l->sql, SQL_MAX);
    (void)uv_timer_init(loop, &l->limit); /* cannot fail */
    l->limit.data = l;
    *out = l;
    return OK;
}

enum err_code shared_look_add(struct shared_look *l, const char *spool, const char *schema,
                              struct err *e)
{
    struct account *a = &l->list[l->count];

    if (l->count >= SHARED_LOOK_MOST)
        return err_set(e, ERR_INTERNAL, "more than %d accounts", SHARED_LOOK_MOST);
    l->count++;
    a->spool = strdup(spool);
    a->schema = strdup(schema);
    return a->spool != NULL && a->schema != NULL ? OK : err_set(e, ERR_NOMEM, "out of memory");
}

static void on_closed(uv_handle_t *h)
{
    free(h->data);
}

void shared_look_close(struct shared_look *l)
{
    if (l == NULL)
        return;
    db_close(l->db);
    for (size_t i = 0; i < l->count; i++) {
        free(l->list[i].spool);
        free(l->list[i].schema);
    }
    for (int i = 0; i < STEPS; i++)
        PQclear(l->answers[i]);
    buf_free(&l->sql);
    uv_close((uv_handle_t *)&l->limit, on_closed);
}

/* Drops the connection: where the transaction is not over, the server ends it. */
static void end(struct shared_look *l, const struct err *err)
{
    (void)uv_timer_stop(&l->limit);
    db_drop(l->db);
    buf_free(&l->sql);
    if (err != NULL)
        l->seen = 0;
    l->done(l->ctx, err);
}

static void on_limit(uv_timer_t *timer)
{
    struct shared_look *l = timer->data;

    err_set(&l->err, ERR_UNAVAILABLE, "the look at several accounts took more than %u seconds",
            SHARED_LOOK_LIMIT);
    db_cancel(l->db);
    end(l, &l->err);
}

/* ---- the statements ---- */

/* Adds the rows that a statement is asked for, one an account: its number, its spool, and what `more` says. */
static enum err_code add_accounts(struct shared_look *l, size_t n,
                                  enum err_code (*more)(struct shared_look *, struct account *))
{
    enum err_code rc = buf_adds(&l->sql, "(VALUES ");

    for (size_t i = 0; rc == OK && i < n; i++) {
        const struct sql_var vars[] = {{"spool", l->list[i].spool}};
        rc = buf_addf(&l->sql, "%s(%zu, ", i > 0 ? ", " : "", i);
        if (rc == OK)
            rc = sql_expand(&l->sql, ":'spool'", vars, 1, &l->err);
        if (rc == OK && more != NULL)
            rc = more(l, &l->list[i]);
        if (rc == OK)
            rc = buf_addc(&l->sql, ')');
    }
    return rc == OK ? buf_adds(&l->sql, ") AS asked") : rc;
}

static enum err_code add_schema(struct shared_look *l, struct account *a)
{
    const struct sql_var vars[] = {{"schema", a->schema}};

    return sql_expand(&l->sql, ", :'schema'", vars, 1, &l->err);
}

static enum err_code add_tables(struct shared_look *l, struct account *a)
{
    struct table_arrays tables;
    enum err_code rc = table_arrays_fill(&tables, l->answers[STEP_LIST], a->from, a->to, &l->err);
    const struct sql_var vars[] = {{"table_names", tables.names.data},
                                   {"schemas", tables.schemas.data},
                                   {"relations", tables.relations.data}};

    if (rc == OK)
        rc = sql_expand(&l->sql, ", :'table_names', :'schemas', :'relations'", vars, 3, &l->err);
    table_arrays_free(&tables);
    return rc;
}

/* A statement of one account, for each of them: its variables are columns of the accounts' rows. The planner sees it once. Behind its columns
 * stands the account's number. */
struct each {
    const char *text;
    const char *columns; /* of the accounts' rows */
    const char *order;   /* of an account's rows */
    enum err_code (*more)(struct shared_look *, struct account *);
    const struct sql_var *vars;
    size_t n;
};

static enum err_code each_sql(struct shared_look *l, const struct each *s, size_t accounts)
{
    enum err_code rc = buf_adds(&l->sql, "SELECT q.*, asked.account FROM ");

    if (rc == OK)
        rc = add_accounts(l, accounts, s->more);
    if (rc == OK)
        rc = buf_addf(&l->sql, " (%s) CROSS JOIN LATERAL (\n", s->columns);
    if (rc == OK)
        rc = sql_expand_bare(&l->sql, s->text, s->vars, s->n, &l->err);
    while (rc == OK && l->sql.len > 0 && strchr(";\n", l->sql.data[l->sql.len - 1]) != NULL)
        buf_truncate(&l->sql, l->sql.len - 1);
    return rc == OK ? buf_addf(&l->sql, "\n) AS q ORDER BY asked.account, %s", s->order) : rc;
}

static enum err_code identity_sql(struct shared_look *l)
{
    static const char begin[] = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;\n"
                                "SET LOCAL search_path = pg_catalog, pg_temp;\n"
                                "SET LOCAL jit = off;\nSET LOCAL lock_timeout = '1s';\n";
    enum err_code rc = buf_adds(&l->sql, begin);

    return rc == OK ? buf_adds(&l->sql, sql_look) : rc;
}

static enum err_code list_sql(struct shared_look *l)
{
    static const struct sql_var vars[] = {{"schema", "asked.schema"}};
    static const struct each list = {
        sql_list_tables, "account, spool, schema", "q.relation", add_schema, vars, 1};

    return each_sql(l, &list, l->count);
}

static enum err_code progress_sql(struct shared_look *l)
{
    static const struct sql_var vars[] = {{"spool", "asked.spool"},
                                          {"table_names", "asked.table_names"},
                                          {"schemas", "asked.schemas"},
                                          {"relations", "asked.relations"},
                                          {"stored_in", SQL_STORED_IN}};
    static const struct each progress = {sql_progress_find,
                                         "account, spool, table_names, schemas, relations",
                                         "q.segment, q.page",
                                         add_tables,
                                         vars,
                                         5};

    return each_sql(l, &progress, l->seen);
}

static enum err_code loaded_sql(struct shared_look *l)
{
    static const struct sql_var vars[] = {{"spool", "asked.spool"}, {"unchecked", SQL_UNCHECKED}};
    static const struct each loaded = {sql_loaded_progress,
                                       "account, spool",
                                       "q.table_name, q.schema_name, q.branch",
                                       NULL,
                                       vars,
                                       2};

    return each_sql(l, &loaded, l->seen);
}

static enum err_code make_sql(struct shared_look *l, int *n)
{
    switch (l->step) {
    case STEP_IDENTITY:
        return identity_sql(l);
    case STEP_LIST:
        return list_sql(l);
    case STEP_PROGRESS:
        return progress_sql(l);
    case STEP_LOADED:
        return loaded_sql(l);
    case STEP_GREATEST:
        return table_list_greatest(&l->sql, l->answers[STEP_LIST], n, &l->err);
    case STEP_COMMIT:
    case STEPS:
        break;
    }
    return buf_adds(&l->sql, "COMMIT");
}

static void ask(struct shared_look *l)
{
    int n = 1;
    enum err_code rc = sql_begin_tagged(&l->sql, "accounts", &l->err);

    if (rc == OK)
        rc = make_sql(l, &n);
    if (rc == OK && n == 0) {
        l->step = STEP_COMMIT;
        buf_reset(&l->sql);
        rc = make_sql(l, &n);
    }
    if (rc != OK && l->err.code == OK)
        buf_err(&l->err, rc, &l->sql, "the statement");
    if (rc != OK)
        end(l, &l->err);
    else
        db_query_bare(l->db, l->sql.data, on_answer, l);
}

/* ---- the answers ---- */

static long account_of(const PGresult *r, int row)
{
    return strtol(PQgetvalue(r, row, PQnfields(r) - 1), NULL, 10);
}

/* Notes each account's rows of the list, and how many accounts are seen. */
static void find_rows(struct shared_look *l)
{
    const PGresult *list = l->answers[STEP_LIST];
    int row = 0;

    for (size_t i = 0; i < l->count; i++) {
        l->list[i].from = row;
        while (row < PQntuples(list) && account_of(list, row) == (long)i)
            row++;
        l->list[i].to = row;
        if (row <= TABLE_LIST_GREATEST_MOST)
            l->seen = i + 1;
    }
}

static void on_answer(void *ctx, const PGresult *r, const struct err *err)
{
    struct shared_look *l = ctx;
    bool useful = true;

    if (err != NULL && l->step == STEP_GREATEST && !db_lost(l->db)) {
        end(l, NULL); /* each account asks for these where it needs them */
        return;
    }
    if (err == NULL &&
        (l->answers[l->step] = PQcopyResult(r, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES)) == NULL)
        err_set(&l->err, ERR_NOMEM, "out of memory");
    if (err != NULL || l->err.code != OK) {
        end(l, err != NULL ? err : &l->err);
        return;
    }
    if (l->step == STEP_IDENTITY)
        useful = tables_look_is_useful(r);
    if (l->step == STEP_LIST) {
        find_rows(l);
        useful = l->seen > 0;
    }
    if (!useful || l->step == STEP_COMMIT) {
        end(l, NULL);
        return;
    }
    l->step++;
    ask(l);
}

static void on_connected(void *ctx, const PGresult *r, const struct err *err)
{
    struct shared_look *l = ctx;

    (void)r;
    l->at = when_tick();
    if (err != NULL)
        end(l, err);
    else
        ask(l);
}

void shared_look_start(struct shared_look *l, shared_look_done_fn *done, void *ctx)
{
    l->done = done;
    l->ctx = ctx;
    (void)uv_timer_start(&l->limit, on_limit, 1000u * SHARED_LOOK_LIMIT, 0);
    db_connect(l->db, on_connected, l);
}

/* ---- what it saw of one account ---- */

#define COLUMNS_MOST 32

/* A result without rows, of the first n columns. NULL: out of memory. */
static PGresult *make_result(const PGresult *like, int n)
{
    PGresAttDesc columns[COLUMNS_MOST] = {{0}};
    PGresult *made = n <= COLUMNS_MOST ? PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK) : NULL;

    for (int c = 0; made != NULL && c < n; c++)
        columns[c] = (PGresAttDesc){.name = PQfname(like, c),
                                    .typid = PQftype(like, c),
                                    .typlen = PQfsize(like, c),
                                    .atttypmod = PQfmod(like, c)};
    if (made == NULL || PQsetResultAttrs(made, n, columns) != 0)
        return made;
    PQclear(made);
    return NULL;
}

static bool copy_row(PGresult *to, const PGresult *from, int row)
{
    int n = PQntuples(to);
    bool good = true;

    for (int c = 0; good && c < PQnfields(to); c++)
        good = PQsetvalue(to, n, c, PQgetvalue(from, row, c),
                          PQgetisnull(from, row, c) ? -1 : PQgetlength(from, row, c)) != 0;
    return good;
}

/* An account's rows, without its number. */
static PGresult *part(const PGresult *all, size_t account)
{
    PGresult *own = make_result(all, PQnfields(all) - 1);
    bool good = own != NULL;

    for (int i = 0; good && i < PQntuples(all); i++)
        if (account_of(all, i) == (long)account)
            good = copy_row(own, all, i);
    if (good)
        return own;
    PQclear(own);
    return NULL;
}

/* The greatest times name the list's rows, which are numbered anew in the account's own list. */
static PGresult *part_greatest(const PGresult *all, const struct account *a)
{
    PGresult *own = make_result(all, PQnfields(all));
    bool good = own != NULL;

    for (int i = 0; good && i < PQntuples(all); i++) {
        char text[24];
        long row = strtol(PQgetvalue(all, i, 0), NULL, 10);
        if (row < a->from || row >= a->to)
            continue;
        int len = snprintf(text, sizeof text, "%ld", row - a->from);
        int n = PQntuples(own);
        good = copy_row(own, all, i) && PQsetvalue(own, n, 0, text, len) != 0;
    }
    if (good)
        return own;
    PQclear(own);
    return NULL;
}

bool shared_look_take(const struct shared_look *l, size_t i, struct tables_seen *seen)
{
    *seen = (struct tables_seen){.at = l->at};
    if (i >= l->seen || l->answers[STEP_LOADED] == NULL)
        return false;
    seen->identity = PQcopyResult(l->answers[STEP_IDENTITY], PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
    seen->list = part(l->answers[STEP_LIST], i);
    seen->progress = part(l->answers[STEP_PROGRESS], i);
    seen->loaded = part(l->answers[STEP_LOADED], i);
    if (l->answers[STEP_GREATEST] != NULL)
        seen->greatest = part_greatest(l->answers[STEP_GREATEST], &l->list[i]);
    if (seen->identity != NULL && seen->list != NULL && seen->progress != NULL &&
        seen->loaded != NULL)
        return true;
    tables_seen_free(seen);
    return false;
}

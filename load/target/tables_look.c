#include "load/target/tables_look.h"

#include "load/database/sql.h"
#include "load/target/table_list.h"
#include "shared/base/table_names.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX  ((size_t)4 << 20)
#define FRESH_US (60 * WHEN_SECOND)
#define PAUSE_US (600 * WHEN_SECOND) /* after one that failed */
enum {
    SEEN_ID,
    SEEN_NAME,
    SEEN_TIMELINE,
    SEEN_WRITABLE,
    SEEN_WHOLE,
    SEEN_COLUMNS
};

struct tables_look {
    char *spool, *schema;
    struct db *db; /* the one it is, or was, made on; */
    int backend;   /* ... its server process */
    tables_look_done_fn *done;
    void *ctx;
    char table[NAMES_TABLE_MAX + 1]; /* that asks */
    bool under_way;
    bool old; /* what it is seeing has changed meanwhile */
    bool no_greatest;
    int64_t failed;  /* when_tick() of the last failure; 0: none */
    int64_t useless; /* when_tick() of the last one that found nothing to take; 0: none */
    bool lacks;      /* ... since the bookkeeping lacked something, and for nothing else */
    bool seen;       /* all of it was read */
    uint64_t before; /* db_statements of when it began */
    uint64_t asked;
    struct tables_seen saw;
    bool *taken; /* of the list's rows */
    struct buf sql;
    struct err err;
};

static void on_list(void *ctx, const PGresult *r, const struct err *err);
static void on_identity(void *ctx, const PGresult *r, const struct err *err);
static void on_progress(void *ctx, const PGresult *r, const struct err *err);
static void on_loaded(void *ctx, const PGresult *r, const struct err *err);
static void on_greatest(void *ctx, const PGresult *r, const struct err *err);
static void on_ended(void *ctx, const PGresult *r, const struct err *err);

void tables_seen_free(struct tables_seen *seen)
{
    PQclear(seen->identity);
    PQclear(seen->list);
    PQclear(seen->progress);
    PQclear(seen->loaded);
    PQclear(seen->greatest);
    *seen = (struct tables_seen){0};
}

static void clear(struct tables_look *l)
{
    tables_seen_free(&l->saw);
    free(l->taken);
    l->taken = NULL;
    l->seen = false;
    l->err = ERR_INIT;
}

enum err_code tables_look_open(struct tables_look **out, const char *spool, const char *schema,
                               struct err *e)
{
    struct tables_look *l = calloc(1, sizeof *l);

    if (l == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    buf_init(&l->sql, SQL_MAX);
    l->spool = strdup(spool);
    l->schema = strdup(schema != NULL ? schema : "");
    if (l->spool == NULL || l->schema == NULL) {
        tables_look_close(l);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    *out = l;
    return OK;
}

void tables_look_close(struct tables_look *l)
{
    if (l == NULL)
        return;
    clear(l);
    buf_free(&l->sql);
    free(l->spool);
    free(l->schema);
    free(l);
}

/* Ends the look. Frees the statements, which are large, since a run makes one look. */
static void end(struct tables_look *l, const struct err *err)
{
    l->under_way = false;
    l->asked += db_statements(l->db) - l->before;
    buf_free(&l->sql);
    if (!l->seen)
        clear(l);
    l->done(l->ctx, err);
}

/* The server has refused the look, and would do so again soon after: none is made for some minutes. */
static void on_refused(void *ctx, const PGresult *r, const struct err *err)
{
    struct tables_look *l = ctx;

    (void)r;
    if (err == NULL)
        l->failed = when_tick();
    end(l, err);
}

/* Gives the look up. What could not be read is reported when a table is looked at alone. */
static void give_up(struct tables_look *l, const struct err *why)
{
    if (db_lost(l->db)) {
        end(l, why);
        return;
    }
    LOG(LOG_DEBUG, "look", "the tables are looked at one by one", F_ERR(why),
        F_STR("sqlstate", why->sqlstate));
    db_query(l->db, "ROLLBACK", NULL, 0, on_refused, l);
}

static PGresult *keep(const PGresult *r, struct tables_look *l)
{
    PGresult *copy = PQcopyResult(r, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);

    if (copy == NULL)
        err_set(&l->err, ERR_NOMEM, "out of memory");
    return copy;
}

/* Keeps the result in *slot; without one the look ends, and false is returned. */
static bool have(struct tables_look *l, PGresult **slot, const PGresult *r, const struct err *err)
{
    if (err == NULL && (*slot = keep(r, l)) != NULL)
        return true;
    give_up(l, err != NULL ? err : &l->err);
    return false;
}

/* ---- one statement after the other ---- */

static enum err_code begin(struct tables_look *l)
{
    return sql_begin_tagged(&l->sql, l->table, &l->err);
}

static void ask(struct tables_look *l, const char *text, const struct sql_var *vars, size_t n,
                db_done_fn *done)
{
    if (begin(l) != OK || sql_expand(&l->sql, text, vars, n, &l->err) != OK)
        give_up(l, &l->err);
    else
        db_query(l->db, l->sql.data, NULL, 0, done, l);
}

/* Whether another connection is making the look, and was not dropped meanwhile. */
static bool is_busy(const struct tables_look *l, const struct db *db)
{
    return l->under_way && l->db != db && !db_lost(l->db) && db_backend(l->db) == l->backend;
}

static bool is_pointless(const struct tables_look *l)
{
    int64_t now = when_tick();

    return (l->failed != 0 && now - l->failed < PAUSE_US) ||
           (l->useless != 0 && now - l->useless < FRESH_US);
}

bool tables_look_start(struct tables_look *l, struct db *db, const char *table,
                       tables_look_done_fn *done, void *ctx)
{
    static const char transaction[] = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;\n"
                                      "SET LOCAL jit = off;\n";
    const struct sql_var vars[] = {{"schema", l->schema}};

    if (is_pointless(l) || is_busy(l, db))
        return false;
    clear(l);
    (void)snprintf(l->table, sizeof l->table, "%s", table);
    if (begin(l) != OK || buf_adds(&l->sql, transaction) != OK ||
        sql_expand(&l->sql, sql_list_tables, vars, 1, &l->err) != OK)
        return false;
    l->db = db;
    l->backend = db_backend(db);
    l->before = db_statements(db);
    l->done = done;
    l->ctx = ctx;
    l->saw.at = when_tick();
    l->under_way = true;
    l->old = false;
    db_query_bare(db, l->sql.data, on_list, l); /* on the session's own search_path */
    return true;
}

static void on_list(void *ctx, const PGresult *r, const struct err *err)
{
    struct tables_look *l = ctx;

    if (!have(l, &l->saw.list, r, err))
        return;
    if (begin(l) != OK ||
        buf_adds(&l->sql, "SET LOCAL search_path = pg_catalog, pg_temp;\n") != OK ||
        buf_adds(&l->sql, sql_look) != OK) {
        err_set(&l->err, ERR_NOMEM, "out of memory");
        give_up(l, &l->err);
        return;
    }
    db_query(l->db, l->sql.data, NULL, 0, on_identity, l);
}

static void ask_progress(struct tables_look *l)
{
    struct table_arrays tables;
    enum err_code rc = table_arrays_fill(&tables, l->saw.list, 0, PQntuples(l->saw.list), &l->err);
    const struct sql_var vars[] = {{"spool", l->spool},
                                   {"table_names", tables.names.data},
                                   {"schemas", tables.schemas.data},
                                   {"relations", tables.relations.data},
                                   {"stored_in", SQL_STORED_IN}};

    if (rc == OK)
        ask(l, sql_progress_find, vars, 5, on_progress);
    else
        give_up(l, &l->err);
    table_arrays_free(&tables);
}

static bool is_true(const PGresult *identity, int column)
{
    return PQntuples(identity) == 1 && PQnfields(identity) == SEEN_COLUMNS &&
           strcmp(PQgetvalue(identity, 0, column), "t") == 0;
}

bool tables_look_is_useful(const PGresult *identity)
{
    return is_true(identity, SEEN_WRITABLE) && is_true(identity, SEEN_WHOLE);
}

static void on_identity(void *ctx, const PGresult *r, const struct err *err)
{
    struct tables_look *l = ctx;

    if (!have(l, &l->saw.identity, r, err))
        return;
    l->useless = tables_look_is_useful(r) ? 0 : when_tick();
    l->lacks = is_true(r, SEEN_WRITABLE) && !is_true(r, SEEN_WHOLE);
    if (l->useless == 0)
        ask_progress(l);
    else
        db_query(l->db, "ROLLBACK", NULL, 0, on_ended, l);
}

static void on_progress(void *ctx, const PGresult *r, const struct err *err)
{
    struct tables_look *l = ctx;
    const struct sql_var vars[] = {{"spool", l->spool}, {"unchecked", SQL_UNCHECKED}};

    if (have(l, &l->saw.progress, r, err))
        ask(l, sql_loaded_progress, vars, 2, on_loaded);
}

static void on_loaded(void *ctx, const PGresult *r, const struct err *err)
{
    struct tables_look *l = ctx;
    int n = 0;

    if (!have(l, &l->saw.loaded, r, err))
        return;
    l->taken = calloc((size_t)PQntuples(l->saw.list) + 1, sizeof *l->taken);
    if (l->taken == NULL)
        err_set(&l->err, ERR_NOMEM, "out of memory");
    if (l->taken == NULL || begin(l) != OK ||
        (!l->no_greatest && table_list_greatest(&l->sql, l->saw.list, &n, &l->err) != OK)) {
        give_up(l, &l->err);
        return;
    }
    l->seen = true;
    if (n > 0)
        db_query(l->db, l->sql.data, NULL, 0, on_greatest, l);
    else
        db_query(l->db, "COMMIT", NULL, 0, on_ended, l);
}

/* Takes the greatest times. Without them, they are asked for when the catalog is made. */
static void on_greatest(void *ctx, const PGresult *r, const struct err *err)
{
    struct tables_look *l = ctx;

    if (err != NULL && db_lost(l->db)) {
        on_ended(l, NULL, err);
        return;
    }
    if (err == NULL)
        l->saw.greatest = keep(r, l);
    db_query(l->db, err == NULL ? "COMMIT" : "ROLLBACK", NULL, 0, on_ended, l);
}

static void on_ended(void *ctx, const PGresult *r, const struct err *err)
{
    struct tables_look *l = ctx;

    (void)r;
    if (err != NULL || l->old)
        l->seen = false;
    end(l, err);
}

void tables_look_use(struct tables_look *l, struct tables_seen *seen)
{
    clear(l);
    l->saw = *seen;
    *seen = (struct tables_seen){0};
    l->taken = calloc((size_t)PQntuples(l->saw.list) + 1, sizeof *l->taken);
    if (l->taken == NULL)
        clear(l);
    else
        l->seen = true;
}

/* ---- what it saw ---- */

static bool is_there(const struct tables_look *l)
{
    return l->seen && !l->under_way;
}

bool tables_look_counts(const struct tables_look *l)
{
    return is_there(l) && when_tick() - l->saw.at < FRESH_US;
}

int64_t tables_look_at(const struct tables_look *l)
{
    return l->saw.at;
}

/* Returns the table's row in the list; -1: there is none. */
static int find_row(const struct tables_look *l, const char *table)
{
    for (int i = 0; i < PQntuples(l->saw.list); i++)
        if (strcmp(PQgetvalue(l->saw.list, i, LIST_TABLE), table) == 0)
            return i;
    return -1;
}

bool tables_look_has(const struct tables_look *l, const char *table)
{
    int row = tables_look_counts(l) ? find_row(l, table) : -1;

    return row >= 0 && !l->taken[row];
}

bool tables_look_serves(const struct tables_look *l, const char *table)
{
    if (!tables_look_has(l, table))
        return false;
    int row = find_row(l, table);
    return PQgetisnull(l->saw.list, row, LIST_PROBLEM) &&
           strcmp(PQgetvalue(l->saw.list, row, LIST_RLS), "t") != 0;
}

bool tables_look_lacks(const struct tables_look *l, const char *table)
{
    return tables_look_counts(l) && find_row(l, table) < 0;
}

bool tables_look_take(struct tables_look *l, const char *table, int *row)
{
    if (!tables_look_has(l, table))
        return false;
    *row = find_row(l, table);
    l->taken[*row] = true;
    return true;
}

void tables_look_give_back(struct tables_look *l, const char *table)
{
    int row = is_there(l) ? find_row(l, table) : -1;

    if (row >= 0)
        l->taken[row] = false;
}

void tables_look_forget(struct tables_look *l)
{
    l->old = l->under_way;
    if (!l->under_way)
        clear(l);
}

void tables_look_made(struct tables_look *l)
{
    if (l->lacks)
        l->useless = 0;
}

void tables_look_without_greatest(struct tables_look *l)
{
    l->no_greatest = true;
}

const PGresult *tables_look_list(const struct tables_look *l)
{
    return is_there(l) ? l->saw.list : NULL;
}

const PGresult *tables_look_progress(const struct tables_look *l)
{
    return is_there(l) ? l->saw.progress : NULL;
}

const PGresult *tables_look_loaded(const struct tables_look *l)
{
    return is_there(l) ? l->saw.loaded : NULL;
}

const char *tables_look_database(const struct tables_look *l)
{
    return is_there(l) ? PQgetvalue(l->saw.identity, 0, SEEN_ID) : "";
}

const char *tables_look_name(const struct tables_look *l)
{
    return is_there(l) ? PQgetvalue(l->saw.identity, 0, SEEN_NAME) : "";
}

const char *tables_look_timeline(const struct tables_look *l, const struct db *db)
{
    bool same = l->db == db && !db_lost(db) && l->backend == db_backend(db);

    return is_there(l) && same ? PQgetvalue(l->saw.identity, 0, SEEN_TIMELINE) : "";
}

void tables_look_prove(struct tables_look *l, struct db *db, const char *database,
                       const char *timeline)
{
    if (!is_there(l) || strcmp(database, tables_look_database(l)) != 0 ||
        strcmp(timeline, PQgetvalue(l->saw.identity, 0, SEEN_TIMELINE)) != 0)
        return;
    l->db = db;
    l->backend = db_backend(db);
}

uint64_t tables_look_statements(const struct tables_look *l)
{
    return l->asked;
}

bool tables_look_greatest(const struct tables_look *l, int row, int64_t *at)
{
    bool known = tables_look_counts(l) && l->saw.greatest != NULL;

    for (int i = 0; known && i < PQntuples(l->saw.greatest); i++)
        if (strtol(PQgetvalue(l->saw.greatest, i, 0), NULL, 10) == row) {
            *at = PQgetisnull(l->saw.greatest, i, 1)
                      ? WHEN_NONE
                      : strtoll(PQgetvalue(l->saw.greatest, i, 1), NULL, 10);
            return true;
        }
    return false;
}

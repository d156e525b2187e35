#include "load/doctor/trial.h"
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/target/target_table.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX         65536u
#define UPSERT_UNSTORED 5 /* column of sql_upsert */

struct tried {
    char *table; /* the API's name */
    struct relation relation;
    char *triggers; /* that may change, skip or redirect a row; NULL: none */
    bool hidden;    /* row-level security is on for this role, which is told already */
};

struct trial {
    struct db *db;
    struct findings *findings;
    struct tried *tables;
    size_t count, next;
    bool bookkeeping;
    bool changing; /* the row is in: now it is changed */
    struct buf sql;
    trial_done_fn *done;
    void *ctx;
};

static void try_next(struct trial *t);
static void on_tried(void *ctx, const PGresult *r, const struct err *err);

enum err_code trial_open(struct trial **out, struct db *db, struct findings *f, struct err *e)
{
    struct trial *t = calloc(1, sizeof *t);

    if (t == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    t->db = db;
    t->findings = f;
    buf_init(&t->sql, SQL_MAX);
    *out = t;
    return OK;
}

void trial_close(struct trial *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->count; i++) {
        relation_free(&t->tables[i].relation);
        free(t->tables[i].table);
        free(t->tables[i].triggers);
    }
    free(t->tables);
    buf_free(&t->sql);
    free(t);
}

enum err_code trial_add(struct trial *t, const PGresult *list, int row, struct err *e)
{
    struct tried *tables = realloc(t->tables, (t->count + 1) * sizeof *tables);

    if (tables == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    t->tables = tables;
    tables[t->count] = (struct tried){.table = strdup(PQgetvalue(list, row, LIST_TABLE))};
    tables[t->count].hidden = strcmp(PQgetvalue(list, row, LIST_RLS), "t") == 0;
    bool triggers = !PQgetisnull(list, row, LIST_TRIGGERS);
    if (triggers)
        tables[t->count].triggers = strdup(PQgetvalue(list, row, LIST_TRIGGERS));
    t->count++;
    if (tables[t->count - 1].table == NULL || (triggers && tables[t->count - 1].triggers == NULL))
        return err_set(e, ERR_NOMEM, "out of memory");
    return relation_read(&tables[t->count - 1].relation, list, row, e);
}

void trial_add_bookkeeping(struct trial *t)
{
    t->bookkeeping = true;
}

static void end(struct trial *t, const struct err *err)
{
    t->done(t->ctx, err);
}

/* ---- what came of it ---- */

/* Whether the error is about the content of the row. That is no finding, since the row is not a record. */
static bool is_about_the_row(const char *sqlstate)
{
    static const char *const classes[] = {"22", "23", "P0", "44", "45"};

    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strncmp(sqlstate, classes[i], 2) == 0)
            return true;
    return false;
}

static bool is_about_time(const char *sqlstate)
{
    return strcmp(sqlstate, "57014") == 0 || strcmp(sqlstate, "55P03") == 0;
}

static void tell(const struct trial *t, const struct err *err)
{
    const struct tried *x = &t->tables[t->next];
    const char *state = err->sqlstate;
    const char *deed = t->changing ? "changed in" : "put into";

    bool policy = strcmp(state, "42501") == 0 && strstr(err->msg, "row-level security") != NULL;

    if (is_about_the_row(state) || (policy && x->hidden))
        return;
    if (is_about_time(state))
        findings_add(t->findings, FINDING_CHANGE, OK, x->table,
                     "a row could not be %s netty-%s in time: %s; look who holds locks on it, in "
                     "pg_locks",
                     deed, x->table, err->msg);
    else if (policy)
        findings_add(t->findings, FINDING_CHANGE, OK, x->table,
                     "a policy of netty-%s refuses a row of this role's: %s; records that it "
                     "refuses become dead letters; use the table's owner or a role with BYPASSRLS",
                     x->table, err->msg);
    else
        findings_add(t->findings, FINDING_WRONG,
                     strcmp(state, "42501") == 0 ? ERR_DENIED : ERR_CONFIG, x->table,
                     "no row can be %s netty-%s: %s [%s]", deed, x->table, err->msg, state);
}

/* Reports that a trigger has skipped the row, or put it elsewhere, as it would do with every record. */
static void tell_unstored(const struct trial *t)
{
    const struct tried *x = &t->tables[t->next];
    bool one = x->triggers != NULL && strchr(x->triggers, ',') == NULL;

    findings_add(t->findings, FINDING_WRONG, ERR_CONFIG, x->table,
                 "a row that is put into netty-%s is not stored there: a trigger skips or "
                 "redirects it; look at %s%s%s%s%s%s%s",
                 x->table, x->triggers != NULL ? x->triggers : "its triggers",
                 one ? "; ALTER TABLE \"" : "", one ? x->relation.schema : "", one ? "\".\"" : "",
                 one ? x->relation.name : "", one ? "\" DISABLE TRIGGER " : "",
                 one ? x->triggers : "");
}

static void on_rolled_back(void *ctx, const PGresult *r, const struct err *err)
{
    (void)r;
    end(ctx, err);
}

static void on_tried(void *ctx, const PGresult *r, const struct err *err)
{
    struct trial *t = ctx;

    if (err != NULL && db_lost(t->db)) {
        end(t, err);
        return;
    }
    bool unstored = err == NULL && !t->changing && t->tables[t->next].relation.triggers &&
                    db_answer_number(r, 0, UPSERT_UNSTORED) > 0;
    if (err != NULL)
        tell(t, err);
    if (unstored)
        tell_unstored(t);
    t->changing = err == NULL && !unstored && !t->changing;
    t->next += !t->changing;
    try_next(t);
}

/* ---- the tries ---- */

static enum err_code add_upsert(struct trial *t, struct err *e)
{
    const struct relation *r = &t->tables[t->next].relation;
    char source[256];
    struct buf merged;
    enum err_code rc;

    (void)snprintf(source, sizeof source,
                   "(VALUES (%" PRId64 "::bigint, '{\"deleted\": %s}'::pg_catalog.text, "
                   "pg_catalog.now(), pg_catalog.now()))",
                   r->key_max, t->changing ? "true" : "false");
    buf_init(&merged, SQL_MAX);
    if ((rc = sql_merged(&merged, true, false, "{}", e)) == OK) {
        const struct sql_var vars[] = {{"schema", r->schema},   {"relation", r->name},
                                       {"key", r->key},         {"keytype", r->key_type},
                                       {"merged", merged.data}, {"held", SQL_HELD_NEWER},
                                       {"time", SQL_TIME},      {"source", source}};
        rc = sql_expand(&t->sql, sql_upsert, vars, sizeof vars / sizeof *vars, e);
    }
    buf_free(&merged);
    return rc;
}

/* Tries the next table. Each has a savepoint, so that the others are tried after one has failed. */
static void try_next(struct trial *t)
{
    const char *before = t->changing ? "" : "ROLLBACK TO netty_trial;\n";
    struct err e = ERR_INIT;

    buf_reset(&t->sql);
    if (t->next == t->count)
        db_query(t->db, "ROLLBACK", NULL, 0, on_rolled_back, t);
    else if (buf_adds(&t->sql, before) != OK || add_upsert(t, &e) != OK)
        end(t, &e);
    else
        db_query(t->db, t->sql.data, NULL, 0, on_tried, t);
}

/* ---- the bookkeeping ---- */

static void on_bookkeeping(void *ctx, const PGresult *r, const struct err *err)
{
    struct trial *t = ctx;

    if (err != NULL && db_lost(t->db)) {
        end(t, err);
        return;
    }
    bool earlier = err != NULL && strcmp(err->sqlstate, "42703") == 0 &&
                   strstr(err->msg, "schema_name") != NULL;
    if (earlier)
        findings_add(t->findings, FINDING_OK, OK, "netty_sync",
                     "of an earlier netty-load's; the next load brings it up to date");
    else if (err != NULL)
        findings_add(t->findings, FINDING_WRONG,
                     strcmp(err->sqlstate, "42501") == 0 ? ERR_DENIED : ERR_CONFIG, "netty_sync",
                     "the progress cannot be written: %s [%s]; look at the triggers, rules and "
                     "policies of netty_sync.progress: nobody but netty-load should change it",
                     err->msg, err->sqlstate);
    else if (PQntuples(r) != LANES)
        findings_add(t->findings, FINDING_WRONG, ERR_CONFIG, "netty_sync",
                     "rows of netty_sync.progress cannot be read back; look at its triggers, rules "
                     "and policies: ALTER TABLE netty_sync.progress DISABLE ROW LEVEL SECURITY");
    try_next(t);
}

static void try_bookkeeping(struct trial *t)
{
    const struct sql_var make[] = {{"spool", "netty-load doctor"},
                                   {"schema", "netty_sync"},
                                   {"table_name", "doctor"},
                                   {"branch", ""},
                                   {"relation", "progress"}};
    const struct sql_var lock[] = {{"spool", "netty-load doctor"}, {"schema", "netty_sync"},
                                   {"table_name", "doctor"},       {"branch", ""},
                                   {"lanes", "{0,1,2,3}"},         {"wait", ""}};
    struct err e = ERR_INIT;

    buf_reset(&t->sql);
    if (sql_expand(&t->sql, sql_progress_make, make, sizeof make / sizeof *make, &e) != OK ||
        sql_expand(&t->sql, sql_progress_lock, lock, sizeof lock / sizeof *lock, &e) != OK)
        end(t, &e);
    else
        db_query(t->db, t->sql.data, NULL, 0, on_bookkeeping, t);
}

static void on_begun(void *ctx, const PGresult *r, const struct err *err)
{
    struct trial *t = ctx;

    (void)r;
    if (err != NULL)
        end(t, err);
    else if (t->bookkeeping)
        try_bookkeeping(t);
    else
        try_next(t);
}

void trial_run(struct trial *t, trial_done_fn *done, void *ctx)
{
    static const char limits[] = "SET LOCAL statement_timeout = '20s';\n"
                                 "SET LOCAL lock_timeout = '3s';\n"
                                 "SAVEPOINT netty_trial";
    struct err e = ERR_INIT;

    t->done = done;
    t->ctx = ctx;
    t->next = 0;
    t->changing = false;
    buf_reset(&t->sql);
    if (buf_adds(&t->sql, sql_begin) != OK || buf_adds(&t->sql, limits) != OK) {
        err_set(&e, ERR_NOMEM, "out of memory");
        end(t, &e);
        return;
    }
    db_query(t->db, t->sql.data, NULL, 0, on_begun, t);
}

#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/reconcile/reconcile_private.h"
#include "shared/files/fault_point.h"
#include "shared/time/when.h"
#include <inttypes.h>
#include <string.h>

#define ARRAY_MAX ((size_t)1 << 20)
#define NUMBER    24

/* The work of one transaction, kept while it is tried again. */
struct batch {
    struct reconcile_task *task;
    const struct inventory_pair *pairs;
    size_t n;
    int64_t at;
    uint64_t lookups; /* 0: not to be stored */
    const struct revival *revivals;
    uint64_t deleted;
    uint64_t done;
    struct buf arrays[3];
};

static void batch_init(struct batch *b, struct reconcile_task *t)
{
    *b = (struct batch){.task = t};
    for (size_t i = 0; i < 3; i++)
        buf_init(&b->arrays[i], ARRAY_MAX);
}

static void batch_free(struct batch *b)
{
    for (size_t i = 0; i < 3; i++)
        buf_free(&b->arrays[i]);
}

static const char *decimal(uint64_t value, char out[NUMBER])
{
    (void)snprintf(out, NUMBER, "%" PRIu64, value);
    return out;
}

/* ---- statements ---- */

/* The text with the table's variables, then with these parameters. */
static enum err_code run_arrays(struct batch *b, const char *text, const char *const *params,
                                size_t n, PGresult **result, struct err *e)
{
    const struct relation *r = &b->task->relation;
    const struct sql_var vars[] = {
        {"schema", r->schema}, {"relation", r->name}, {"key", r->key}, {"keytype", r->key_type}};
    struct db_param given[3];
    struct buf sql;
    buf_init(&sql, ARRAY_MAX);
    for (size_t i = 0; i < n; i++)
        given[i] = (struct db_param){.text = params[i]};
    enum err_code rc = sql_expand(&sql, text, vars, 4, e);
    if (rc == OK)
        rc = session_query(b->task->session, sql.data, given, n, result, e);
    buf_free(&sql);
    return rc;
}

static enum err_code add_number(struct buf *b, int64_t value)
{
    const char *before = b->len > 0 ? "," : "{";
    return value == WHEN_NONE ? buf_addf(b, "%sNULL", before)
                              : buf_addf(b, "%s%" PRId64, before, value);
}

static enum err_code end_arrays(struct batch *b, enum err_code rc, size_t n, struct err *e)
{
    for (size_t i = 0; i < n && rc == OK; i++)
        rc = buf_adds(&b->arrays[i], b->arrays[i].len > 0 ? "}" : "{}");
    return rc == OK ? OK : buf_err(e, rc, &b->arrays[0], "a batch of keys");
}

/* Makes the arrays of keys. Keys beyond the column's type belong to another database, and are left out. */
static enum err_code make_pairs(struct batch *b, struct err *e)
{
    const struct relation *r = &b->task->relation;
    enum err_code rc = OK;
    buf_reset(&b->arrays[0]);
    buf_reset(&b->arrays[1]);
    for (size_t i = 0; i < b->n && rc == OK; i++) {
        const struct inventory_pair *p = &b->pairs[i];
        if (p->key < r->key_min || p->key > r->key_max)
            continue;
        if ((rc = add_number(&b->arrays[0], p->key)) == OK)
            rc = add_number(&b->arrays[1], p->time);
    }
    return end_arrays(b, rc, 2, e);
}

/* ---- the bookkeeping ---- */

static enum err_code read_book(struct reconcile_task *t, const char *text, struct err *e)
{
    const struct sql_var vars[] = {{"spool", spool_id(t->conf->spool)}, {"table_name", t->table}};
    PGresult *r = NULL;
    enum err_code rc = session_run(t->session, text, vars, 2, &r, e);
    t->lookups = t->deleted = 0;
    if (rc == OK && PQntuples(r) == 1) {
        int64_t inventory = db_answer_number(r, 0, 0);
        if (inventory > t->state.began)
            rc = err_set(e, ERR_BUSY, "another loader is at a later roll already");
        if (inventory == t->state.began) {
            t->lookups = (uint64_t)db_answer_number(r, 0, 1);
            t->deleted = (uint64_t)db_answer_number(r, 0, 2);
        }
    }
    PQclear(r);
    return rc;
}

static enum err_code try_read(void *ctx, struct session *s, struct err *e)
{
    (void)s;
    return read_book(ctx, sql_reconcile_read, e);
}

enum err_code reconcile_state_read(struct reconcile_task *t, struct err *e)
{
    return session_try(t->session, try_read, t, e);
}

static enum err_code try_allowed(void *ctx, struct session *s, struct err *e)
{
    struct reconcile_task *t = ctx;
    const struct sql_var vars[] = {{"schema", t->relation.schema}, {"relation", t->relation.name}};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_count_rows, vars, 2, &r, e);
    if (rc == OK) {
        uint64_t rows = (uint64_t)db_answer_number(r, 0, 0);
        t->allowed = (rows * t->conf->max_deletes + 99) / 100;
    }
    PQclear(r);
    return rc;
}

enum err_code reconcile_delete_limit(struct reconcile_task *t, struct err *e)
{
    return session_try(t->session, try_allowed, t, e);
}

/* ---- counting and marking ---- */

static enum err_code try_count(void *ctx, struct session *s, struct err *e)
{
    struct batch *b = ctx;
    const char *const params[] = {b->arrays[0].data, b->arrays[1].data};
    PGresult *r = NULL;
    (void)s;
    enum err_code rc = run_arrays(b, sql_reconcile_gone, params, 2, &r, e);
    if (rc == OK) {
        b->deleted = (uint64_t)db_answer_number(r, 0, 0);
        b->done = (uint64_t)db_answer_number(r, 0, 1);
    }
    PQclear(r);
    return rc;
}

enum err_code reconcile_delete_count(struct reconcile_task *t, const struct inventory_pair *pairs,
                                     size_t n, uint64_t *deleted, struct err *e)
{
    struct batch b;
    enum err_code rc = OK;
    *deleted = 0;
    batch_init(&b, t);
    for (size_t i = 0; i < n && rc == OK; i += RECONCILE_ROWS) {
        b.pairs = pairs + i;
        b.n = n - i < RECONCILE_ROWS ? n - i : RECONCILE_ROWS;
        if ((rc = make_pairs(&b, e)) == OK)
            rc = session_try(t->session, try_count, &b, e);
        *deleted += b.deleted;
    }
    batch_free(&b);
    return rc;
}

static enum err_code store_book(const struct batch *b, struct session *s, struct err *e)
{
    const struct reconcile_task *t = b->task;
    char inventory[NUMBER];
    char lookups[NUMBER];
    char deleted[NUMBER];
    const struct sql_var vars[] = {
        {"spool", spool_id(t->conf->spool)},
        {"table_name", t->table},
        {"roll", decimal((uint64_t)t->state.began, inventory)},
        {"looks", decimal(b->lookups > 0 ? b->lookups : t->lookups, lookups)},
        {"marked", decimal(t->deleted + b->deleted, deleted)},
    };
    return session_run(s, sql_reconcile_store, vars, 5, NULL, e);
}

/* Takes the lock first: the bookkeeping then shows what another loader has done meanwhile. */
static enum err_code try_delete(void *ctx, struct session *s, struct err *e)
{
    struct batch *b = ctx;
    struct reconcile_task *t = b->task;
    char at[WHEN_TEXT];
    const char *const params[] = {b->arrays[0].data, b->arrays[1].data, when_iso(b->at, at)};
    PGresult *r = NULL;
    enum err_code rc;
    b->deleted = b->done = 0;
    if ((rc = session_query(s, sql_begin, NULL, 0, NULL, e)) != OK ||
        (rc = read_book(t, sql_reconcile_lock, e)) != OK)
        return rc;
    if (b->lookups > 0 && t->lookups >= b->lookups)
        return session_query(s, "ROLLBACK", NULL, 0, NULL, e);
    if (b->n > 0) {
        if ((rc = run_arrays(b, sql_reconcile_mark, params, 3, &r, e)) != OK)
            return rc;
        b->deleted = (uint64_t)db_answer_number(r, 0, 0);
        b->done = (uint64_t)db_answer_number(r, 0, 1);
        PQclear(r);
    }
    FAULT("reconcile-marked");
    if ((rc = store_book(b, s, e)) != OK ||
        (rc = session_query(s, "COMMIT", NULL, 0, NULL, e)) != OK)
        return rc;
    FAULT("reconcile-committed");
    return OK;
}

enum err_code reconcile_delete_rows(struct reconcile_task *t, const struct inventory_pair *pairs,
                                    size_t n, int64_t at, uint64_t lookups, struct err *e)
{
    struct batch b;
    enum err_code rc = OK;
    size_t i = 0;
    batch_init(&b, t);
    b.at = at;
    do {
        b.pairs = pairs + i;
        b.n = n - i < RECONCILE_ROWS ? n - i : RECONCILE_ROWS;
        b.lookups = i + b.n == n ? lookups : 0;
        i += b.n;
        if ((rc = make_pairs(&b, e)) == OK &&
            (rc = session_try(t->session, try_delete, &b, e)) == OK) {
            t->row->deleted += b.done;
            t->deleted += b.deleted;
            t->lookups = b.lookups > t->lookups ? b.lookups : t->lookups;
        }
    } while (rc == OK && i < n);
    batch_free(&b);
    return rc;
}

/* ---- taking marks back ---- */

static enum err_code make_revivals(struct batch *b, struct err *e)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < 3; i++)
        buf_reset(&b->arrays[i]);
    for (size_t i = 0; i < b->n && rc == OK; i++) {
        const struct revival *r = &b->revivals[i];
        const char *before = i > 0 ? "," : "{";
        if ((rc = add_number(&b->arrays[0], r->key)) == OK &&
            (rc = buf_addf(&b->arrays[1], "%s\"%s\"", before, r->deletion)) == OK)
            rc = buf_addf(&b->arrays[2], "%s%s", before, r->deleted ? "true" : "false");
    }
    return end_arrays(b, rc, 3, e);
}

static enum err_code try_revive(void *ctx, struct session *s, struct err *e)
{
    struct batch *b = ctx;
    const char *const params[] = {b->arrays[0].data, b->arrays[1].data, b->arrays[2].data};
    PGresult *r = NULL;
    enum err_code rc;
    if ((rc = session_query(s, sql_begin, NULL, 0, NULL, e)) != OK ||
        (rc = run_arrays(b, sql_reconcile_revive, params, 3, &r, e)) != OK)
        return rc;
    b->done = (uint64_t)db_answer_number(r, 0, 0);
    PQclear(r);
    rc = session_query(s, "COMMIT", NULL, 0, NULL, e);
    FAULT("reconcile-revived");
    return rc;
}

enum err_code reconcile_undelete(struct reconcile_task *t, const struct revival *revivals, size_t n,
                                 struct err *e)
{
    struct batch b;
    if (t->conf->dry_run) {
        t->row->revived += n;
        return OK;
    }
    batch_init(&b, t);
    b.revivals = revivals;
    b.n = n;
    enum err_code rc = make_revivals(&b, e);
    if (rc == OK)
        rc = session_try(t->session, try_revive, &b, e);
    if (rc == OK)
        t->row->revived += b.done;
    batch_free(&b);
    return rc;
}

#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/upsert/txn_private.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX     65536u
#define ALONE_PAUSE "0.1" /* seconds between them */
#define COMMIT_SOON "SET LOCAL synchronous_commit = off;\nCOMMIT"

static void on_locked(void *ctx, const PGresult *r, const struct err *err);
static void on_saved(void *ctx, const PGresult *r, const struct err *err);
static void on_part(void *ctx, const PGresult *r, const struct err *err);
static void on_commit(void *ctx, const PGresult *r, const struct err *err);
static void on_rollback(void *ctx, const PGresult *r, const struct err *err);
static void commit(struct txn *t);
static void end_probe(struct txn *t, bool good);

enum err_code txn_open(struct txn **out, struct err *e)
{
    struct txn *t = calloc(1, sizeof *t);

    if (t == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    buf_init(&t->sql, 2 * SQL_MAX); /* the merging expression stands in it twice */
    buf_init(&t->merged, SQL_MAX);
    for (size_t i = 0; i < BATCH_ARRAYS; i++)
        buf_init(&t->arrays[i], TXN_ARRAY_MAX);
    *out = t;
    return OK;
}

void txn_close(struct txn *t)
{
    if (t == NULL)
        return;
    buf_free(&t->sql);
    buf_free(&t->merged);
    for (size_t i = 0; i < BATCH_ARRAYS; i++)
        buf_free(&t->arrays[i]);
    free(t);
}

/* Whether the cache can be validated afterwards (unchanged_validate): the lanes' progress was the known one, and this transaction moves it. */
static bool will_be_validated(const struct txn *t)
{
    return t->job.guard && t->job.store;
}

void txn_end(struct txn *t, enum txn_end how)
{
    struct txn_result result = {.end = how,
                                .counts = t->counts,
                                .refused = t->refused,
                                .xid = how == TXN_DONE && will_be_validated(t) ? t->xid : 0,
                                .arrived = t->arrived,
                                .unknown = t->unknown,
                                .phase = t->phase,
                                .everyone = t->everyone,
                                .good = t->good,
                                .err = how == TXN_FAILED ? &t->err : NULL};

    t->done(t->ctx, &result);
}

/* Fails the transaction, and ends it on the server, without which the connection could not be used again. */
void txn_fail(struct txn *t, const struct err *why)
{
    if (why != &t->err)
        t->err = *why;
    if (db_lost(t->db)) {
        db_drop(t->db);
        txn_end(t, TXN_FAILED);
        return;
    }
    db_query(t->db, "ROLLBACK", NULL, 0, on_rollback, t);
}

static void on_rollback(void *ctx, const PGresult *r, const struct err *err)
{
    struct txn *t = ctx;

    (void)r;
    if (err != NULL)
        db_drop(t->db);
    txn_end(t, TXN_FAILED);
}

static void txn_begin(struct txn *t);

static void on_back(void *ctx, const PGresult *r, const struct err *err)
{
    struct txn *t = ctx;

    (void)r;
    if (err != NULL)
        txn_fail(t, err);
    else
        txn_begin(t);
}

void txn_again(struct txn *t)
{
    db_query(t->db, "ROLLBACK", NULL, 0, on_back, t);
}

/* "{0,1,2,3}" */
static const char *lanes_text(unsigned lanes, char text[4 * LANES + 3])
{
    size_t n = 0;

    for (unsigned i = 0; i < LANES; i++)
        if ((lanes >> i & 1u) != 0)
            n += (size_t)snprintf(text + n, 4, "%c%u", n == 0 ? '{' : ',', i);
    memcpy(text + n, "}", 2);
    return text;
}

static enum err_code add_lock(struct txn *t, struct err *e)
{
    char lanes[4 * LANES + 3];
    const struct sql_var vars[] = {{"relation", t->job.relation->name},
                                   {"spool", t->job.spool},
                                   {"schema", t->job.relation->schema},
                                   {"table_name", t->job.table},
                                   {"branch", t->job.branch},
                                   {"lanes", lanes_text(t->job.lanes, lanes)},
                                   {"wait", t->job.nowait ? "NOWAIT" : ""}};

    enum err_code rc = t->made ? OK : sql_expand(&t->sql, sql_progress_make, vars, 5, e);

    return rc == OK ? sql_expand(&t->sql, sql_progress_lock, vars + 1, 6, e) : rc;
}

static enum err_code add_store(struct txn *t, const struct progress *p, struct err *e)
{
    char lanes[4 * LANES + 3];
    char segment[24];
    char page[24];
    char line[24];
    char chain[BRANCH_NAME];
    char fetched[24] = "null";
    const struct loaded_pages *pages = t->job.pages;

    (void)snprintf(segment, sizeof segment, "%" PRIu64, p->place.segment);
    (void)snprintf(page, sizeof page, "%" PRIu64, p->place.page);
    (void)snprintf(line, sizeof line, "%" PRIu64, p->line);
    if (pages != NULL && pages->fetched != WHEN_NONE)
        (void)snprintf(fetched, sizeof fetched, "%" PRId64, pages->fetched);
    const struct sql_var vars[] = {{"spool", t->job.spool},
                                   {"schema", t->job.relation->schema},
                                   {"table_name", t->job.table},
                                   {"branch", t->job.branch},
                                   {"lanes", lanes_text(t->job.lanes, lanes)},
                                   {"segment", segment},
                                   {"page", page},
                                   {"line", line},
                                   {"chain", chain_text(chain, p->chain)},
                                   {"fetched", fetched}};
    enum err_code rc = sql_expand(&t->sql, sql_progress_store, vars, sizeof vars / sizeof *vars, e);
    /* Lane 0's transaction tells for all. */
    return rc != OK || pages == NULL
               ? rc
               : loaded_pages_sql(pages, (t->job.lanes & 1u) != 0, vars, &t->sql, e);
}

void txn_run(struct txn *t, struct db *db, const struct txn_job *job, txn_done_fn *done, void *ctx)
{
    t->db = db;
    t->job = *job;
    t->done = done;
    t->ctx = ctx;
    t->plain = t->ask = false;
    txn_begin(t);
}

/* Makes a part of the rows that are news and one of the others, since other stored rows hold them back (txn_part.c). */
static void make_late_parts(struct txn *t)
{
    size_t ends[BATCH_PATHS];

    for (size_t i = t->job.first; i < t->job.end; i++) {
        struct batch_row *row = batch_at(t->job.batch, i);
        row->path = row->news ? BATCH_COMPARE : BATCH_OLDER;
    }
    batch_group(t->job.batch, t->job.first, t->job.end, ends);
    if (ends[BATCH_OLDER] > ends[BATCH_COMPARE])
        t->parts[t->count++] = (struct part){ends[BATCH_COMPARE], ends[BATCH_OLDER], BATCH_OLDER};
    if (ends[BATCH_COMPARE] > t->job.first)
        t->parts[t->count++] = (struct part){t->job.first, ends[BATCH_COMPARE], BATCH_COMPARE};
}

static void txn_begin(struct txn *t)
{
    enum err_code rc;

    t->count = 0;
    t->saved = t->part_failed = t->unknown = t->everyone = t->good = t->arrived = false;
    t->phase = DB_PHASE_BOOKKEEPING;
    t->went = t->alone = t->guilty = 0;
    t->alike = t->content = true;
    t->first = ERR_INIT;
    t->tabled = t->job.bisect;
    t->fast = t->job.late != BATCH_LATE && (txn_may_be_fast(t) || (!t->plain && txn_has_cached(t)));
    t->guessed =
        t->job.guess != BATCH_COMPARE && !t->ask && txn_may_be_fast(t) && !txn_has_cached(t);
    t->refused = 0;
    t->counts = (struct txn_counts){0};
    t->err = ERR_INIT;
    batch_same_path(t->job.batch, t->job.first, t->job.end, BATCH_COMPARE);
    for (size_t i = t->job.first; i < t->job.end; i++)
        if (!batch_at(t->job.batch, i)->cached)
            batch_at(t->job.batch, i)->xid = 0;
    if (t->job.late == BATCH_LATE)
        make_late_parts(t);
    else if (t->job.end > t->job.first)
        t->parts[t->count++] = (struct part){t->job.first, t->job.end, BATCH_COMPARE};
    buf_reset(&t->sql);
    if ((rc = buf_addf(&t->sql, SQL_TAG, t->job.table)) != OK ||
        (rc = buf_adds(&t->sql, sql_begin)) != OK)
        buf_err(&t->err, rc, &t->sql, "the statement");
    else
        rc = add_lock(t, &t->err);
    if (rc != OK)
        txn_fail(t, &t->err);
    else
        db_query(t->db, t->sql.data, NULL, 0, on_locked, t);
}

static bool lanes_there(const struct txn *t, const PGresult *r)
{
    unsigned seen = 0;

    for (int i = 0; i < PQntuples(r); i++)
        seen |= 1u << ((unsigned)db_answer_number(r, i, 0) % LANES);
    return seen == t->job.lanes && PQntuples(r) <= (int)LANES;
}

static bool all_at(const PGresult *r, const struct progress *p)
{
    bool all = true;

    for (int i = 0; i < PQntuples(r); i++) {
        struct progress at = known_place(r, i, 1);
        all = all && progress_compare(&at, p) == 0;
    }
    return all;
}

/* Another loader was here: the caller goes on from where that one stopped. */
static void on_moved(void *ctx, const PGresult *r, const struct err *err)
{
    struct txn *t = ctx;

    (void)r;
    if (err != NULL)
        txn_fail(t, err);
    else
        txn_end(t, TXN_MOVED);
}

static enum err_code report_locked(struct txn *t, const PGresult *r)
{
    struct lanes at = {0};

    for (int i = 0; i < PQntuples(r); i++)
        at.at[(unsigned)db_answer_number(r, i, 0) % LANES] = known_place(r, i, 1);
    return t->job.locked(t->job.ctx, t->job.lanes, &at, &t->err);
}

static void on_locked(void *ctx, const PGresult *r, const struct err *err)
{
    struct txn *t = ctx;

    if (err != NULL) {
        txn_fail(t, err);
        return;
    }
    if (!lanes_there(t, r) && t->made) { /* somebody has removed them */
        t->made = false;
        txn_again(t);
        return;
    }
    if (!lanes_there(t, r)) {
        err_set(&t->err, ERR_INTERNAL,
                "the progress of table %s cannot be read back from netty_sync.progress; look for "
                "rules, triggers or row-level security on it",
                t->job.table);
        txn_fail(t, &t->err);
        return;
    }
    if (t->job.guard && !all_at(r, &t->job.from)) {
        t->arrived = all_at(r, &t->job.to);
        db_query(t->db, "ROLLBACK", NULL, 0, on_moved, t);
        return;
    }
    t->made = true;
    t->xid = (uint64_t)db_answer_number(r, 0, 6);
    if ((t->job.locked != NULL && report_locked(t, r) != OK) ||
        (t->job.bisect && t->job.suspect != NULL && !txn_refuse_suspect(t))) {
        txn_fail(t, &t->err);
        return;
    }
    bool cached = txn_has_cached(t);
    bool kept = (!cached && !will_be_validated(t)) || txn_cache_valid(t, r);
    if (!kept)
        t->job.revalidate(t->job.ctx, NULL);
    if (cached && !kept)
        txn_revalidate(t);
    else if (t->guessed)
        txn_take_guess(t);
    else if (t->fast || cached)
        txn_ask(t);
    else
        txn_next_part(t);
}

/* ---- parts ---- */

/* Sets the savepoint. Deferred constraints are checked at once, since at COMMIT they would refuse the whole, and it could not be told which row is to
 * blame. */
static void save(struct txn *t)
{
    const char *sql = "SET CONSTRAINTS ALL IMMEDIATE; SAVEPOINT netty_part";

    t->phase = DB_PHASE_BOOKKEEPING;
    if (t->part_failed && t->alone > 0)
        sql = "ROLLBACK TO netty_part; SELECT pg_catalog.pg_sleep(" ALONE_PAUSE ")";
    else if (t->part_failed)
        sql = "ROLLBACK TO netty_part";
    else if (t->saved)
        sql = "RELEASE netty_part; SAVEPOINT netty_part";
    t->saved = true;
    t->part_failed = false;
    db_query(t->db, sql, NULL, 0, on_saved, t);
}

static void on_saved(void *ctx, const PGresult *r, const struct err *err)
{
    struct txn *t = ctx;

    (void)r;
    if (err != NULL)
        txn_fail(t, err);
    else if (t->part.from == t->part.to)
        commit(t);
    else
        txn_send_part(t, on_part);
}

void txn_next_part(struct txn *t)
{
    t->part = (struct part){0};
    if (t->count > 0)
        t->part = t->parts[--t->count];
    if (t->job.bisect && (t->count > 0 || t->part.to > 0 || t->part_failed))
        save(t);
    else if (t->part.to == 0)
        commit(t);
    else
        txn_send_part(t, on_part);
}

/* The server refused a row, and the connection ended before the next statement. Nothing is known of the other rows; this counts as an error that
 * passes by itself. */
static void refusal_lost(struct txn *t, const struct err *err)
{
    struct err e = ERR_INIT;

    err_set(&e, ERR_UNAVAILABLE, "the connection ended while a refused row was looked for (%.300s)",
            err->msg);
    memcpy(e.sqlstate, "08006", sizeof "08006");
    txn_fail(t, &e);
}

static void part_failed(struct txn *t, const struct err *err)
{
    if (t->job.bisect && db_lost(t->db) && db_decide(DB_PHASE_ROWS, err).action == DB_ISOLATE) {
        refusal_lost(t, err);
    } else if (t->job.bisect && !db_lost(t->db) && txn_about_rows(t, err)) {
        if (txn_halve(t, err))
            txn_next_part(t);
        else
            txn_fail(t, &t->err);
    } else if (t->fast) {
        txn_fast_failed(t, err);
    } else {
        txn_fail(t, err);
    }
}

static void on_part(void *ctx, const PGresult *r, const struct err *err)
{
    struct txn *t = ctx;
    struct err e = ERR_INIT;
    bool held = false;

    if (err == NULL && txn_count_part(t, r, &held, &e) != OK)
        err = &e;
    if (err != NULL) {
        part_failed(t, err);
        return;
    }
    t->went += t->part.to - t->part.from;
    t->alone = 0;
    if (t->job.probe)
        end_probe(t, true);
    else if (held && t->guessed)
        txn_guessed_wrong(t);
    else
        txn_next_part(t);
}

/* ---- the end ---- */

/* Whether COMMIT need not wait for the server's disk, since a later commit will bring this one there. */
static bool may_wait(const struct txn *t)
{
    return t->job.guard && t->job.store && t->job.more != NULL && t->job.more(t->job.ctx);
}

static void end_probe(struct txn *t, bool good)
{
    t->phase = DB_PHASE_ROWS;
    t->good = good;
    t->everyone = !good;
    err_set(&t->err, ERR_CONFIG, "rows were tried, and taken back");
    txn_fail(t, &t->err);
}

static void commit(struct txn *t)
{
    enum err_code rc = OK;

    if (t->job.probe) {
        end_probe(t, false);
        return;
    }
    if (txn_is_everyone(t)) {
        t->phase = DB_PHASE_ROWS;
        t->everyone = true;
        txn_fail(t, &t->first);
        return;
    }
    t->phase = DB_PHASE_COMMIT;
    buf_reset(&t->sql);
    /* So that it is the transaction itself that moves the progress: unchanged_validate. */
    if (t->saved && (rc = buf_adds(&t->sql, "RELEASE netty_part;\n")) != OK) {
        buf_err(&t->err, rc, &t->sql, "the statement");
        txn_fail(t, &t->err);
        return;
    }
    if (t->job.write_rejects != NULL &&
        (rc = t->job.write_rejects(t->job.ctx, t->job.lanes, &t->err)) != OK) {
        txn_fail(t, &t->err);
        return;
    }
    if (t->job.store)
        rc = add_store(t, &t->job.to, &t->err);
    if (rc == OK && (rc = buf_adds(&t->sql, may_wait(t) ? COMMIT_SOON : "COMMIT")) != OK)
        buf_err(&t->err, rc, &t->sql, "the statement");
    if (rc != OK)
        txn_fail(t, &t->err);
    else
        db_query(t->db, t->sql.data, NULL, 0, on_commit, t);
}

static void on_commit(void *ctx, const PGresult *r, const struct err *err)
{
    struct txn *t = ctx;

    if (err != NULL) {
        t->unknown = db_lost(t->db);
        txn_fail(t, err);
        return;
    }
    /* COMMIT of a failed transaction is answered by ROLLBACK, and no error. */
    if (strcmp(PQcmdStatus((PGresult *)r), "COMMIT") != 0) {
        err_set(&t->err, ERR_INTERNAL, "the database rolled back instead of committing");
        txn_fail(t, &t->err);
        return;
    }
    txn_end(t, TXN_DONE);
}

#include "load/txn.h"
#include "load/sql.h"
#include "shared/log.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX 65536u
#define PIECE   65536u
#define SMALL                                                                                      \
    500u /* rows: these go as parameters; a temporary table a batch would bloat the catalogs */
#define SMALL_DATA ((size_t)8 << 20)
#define PARTS_MAX  80u /* halves of halves of a batch, and their other halves */

struct part {
    size_t from, to;
};

enum copy_step {
    COPY_BEGIN,
    COPY_ROWS,
    COPY_END,
    COPY_OVER
};

struct txn {
    struct db *db;
    struct txn_job job;
    txn_done_fn *done;
    void *ctx;
    struct buf sql;
    struct buf arrays[BATCH_ARRAYS];
    struct part parts[PARTS_MAX]; /* still to load, the next one last */
    size_t count;
    struct part part; /* being loaded */
    size_t sent;
    enum copy_step step;
    bool saved;       /* bisect: a savepoint stands */
    bool part_failed; /* ... and has to be rolled back to */
    struct txn_counts counts;
    uint64_t refused;
    struct err err;
    bool unknown, in_rows, arrived;
};

static void on_locked(void *ctx, const PGresult *r, const struct err *err);
static void on_saved(void *ctx, const PGresult *r, const struct err *err);
static void on_part(void *ctx, const PGresult *r, const struct err *err);
static void on_commit(void *ctx, const PGresult *r, const struct err *err);
static void on_rollback(void *ctx, const PGresult *r, const struct err *err);
static void next_part(struct txn *t);
static void commit(struct txn *t);

enum err_code txn_open(struct txn **out, struct err *e)
{
    struct txn *t = calloc(1, sizeof *t);

    if (t == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    buf_init(&t->sql, SQL_MAX);
    for (size_t i = 0; i < BATCH_ARRAYS; i++)
        buf_init(&t->arrays[i], 2 * SMALL_DATA);
    *out = t;
    return OK;
}

void txn_close(struct txn *t)
{
    if (t == NULL)
        return;
    buf_free(&t->sql);
    for (size_t i = 0; i < BATCH_ARRAYS; i++)
        buf_free(&t->arrays[i]);
    free(t);
}

static void end(struct txn *t, enum txn_end how)
{
    struct txn_result result = {.end = how,
                                .counts = t->counts,
                                .refused = t->refused,
                                .arrived = t->arrived,
                                .unknown = t->unknown,
                                .in_rows = t->in_rows,
                                .err = how == TXN_FAILED ? &t->err : NULL};

    t->done(t->ctx, &result);
}

/* After a failure: the connection is of use again only without the transaction. */
static void fail(struct txn *t, const struct err *why)
{
    if (why != &t->err)
        t->err = *why;
    if (db_lost(t->db)) {
        db_drop(t->db);
        end(t, TXN_FAILED);
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
    end(t, TXN_FAILED);
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
    const struct sql_var vars[] = {{"spool", t->job.spool},
                                   {"table_name", t->job.table},
                                   {"lanes", lanes_text(t->job.lanes, lanes)}};

    return sql_expand(&t->sql, sql_progress_lock, vars, 3, e);
}

static enum err_code add_store(struct txn *t, const struct progress *p, struct err *e)
{
    char lanes[4 * LANES + 3];
    char segment[24];
    char page[24];
    char line[24];

    (void)snprintf(segment, sizeof segment, "%" PRIu64, p->place.segment);
    (void)snprintf(page, sizeof page, "%" PRIu64, p->place.page);
    (void)snprintf(line, sizeof line, "%" PRIu64, p->line);
    const struct sql_var vars[] = {{"spool", t->job.spool},
                                   {"table_name", t->job.table},
                                   {"lanes", lanes_text(t->job.lanes, lanes)},
                                   {"segment", segment},
                                   {"page", page},
                                   {"line", line}};
    return sql_expand(&t->sql, sql_progress_store, vars, 6, e);
}

void txn_run(struct txn *t, struct db *db, const struct txn_job *job, txn_done_fn *done, void *ctx)
{
    enum err_code rc;

    t->db = db;
    t->job = *job;
    t->done = done;
    t->ctx = ctx;
    t->count = 0;
    t->saved = t->part_failed = t->unknown = t->in_rows = t->arrived = false;
    t->refused = 0;
    t->counts = (struct txn_counts){0};
    t->err = ERR_INIT;
    if (job->end > job->first)
        t->parts[t->count++] = (struct part){job->first, job->end};
    buf_reset(&t->sql);
    if ((rc = buf_adds(&t->sql, sql_begin)) != OK)
        buf_err(&t->err, rc, &t->sql, "the statement");
    else
        rc = add_lock(t, &t->err);
    if (rc != OK)
        fail(t, &t->err);
    else
        db_query(db, t->sql.data, NULL, 0, on_locked, t);
}

static bool lanes_there(const struct txn *t, const PGresult *r)
{
    unsigned seen = 0;

    for (int i = 0; i < PQntuples(r); i++)
        seen |= 1u << ((unsigned)schema_number(r, i, 0) % LANES);
    return seen == t->job.lanes && PQntuples(r) <= (int)LANES;
}

static bool all_at(const PGresult *r, const struct progress *p)
{
    bool all = true;

    for (int i = 0; i < PQntuples(r); i++) {
        struct progress at = schema_place(r, i, 1);
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
        fail(t, err);
    else
        end(t, TXN_MOVED);
}

static void on_locked(void *ctx, const PGresult *r, const struct err *err)
{
    struct txn *t = ctx;

    if (err != NULL) {
        fail(t, err);
        return;
    }
    if (!lanes_there(t, r)) {
        err_set(&t->err, ERR_INTERNAL,
                "the progress of table %s cannot be read back from netty_sync.progress; look for "
                "rules, triggers or row-level security on it",
                t->job.table);
        fail(t, &t->err);
        return;
    }
    if (t->job.guard && !all_at(r, &t->job.from)) {
        t->arrived = all_at(r, &t->job.to);
        db_query(t->db, "ROLLBACK", NULL, 0, on_moved, t);
        return;
    }
    next_part(t);
}

/* ---- rows ---- */

static enum err_code give_rows(void *ctx, struct buf *out, struct err *e)
{
    struct txn *t = ctx;
    enum err_code rc = OK;

    while (rc == OK && t->step != COPY_OVER && out->len < PIECE) {
        switch (t->step) {
        case COPY_BEGIN:
            rc = batch_encode_begin(out);
            t->step = COPY_ROWS;
            break;
        case COPY_ROWS:
            if (t->sent < t->part.to)
                rc = batch_encode(t->job.batch, &t->sent, t->part.to, PIECE, out);
            else
                t->step = COPY_END;
            break;
        case COPY_END:
            rc = batch_encode_end(out);
            t->step = COPY_OVER;
            break;
        case COPY_OVER:
            break;
        }
    }
    return rc == OK ? OK : buf_err(e, rc, out, "a piece of the batch");
}

static enum err_code add_upsert(struct txn *t, const char *source, struct err *e)
{
    const struct relation *r = t->job.relation;
    const struct sql_var vars[] = {{"schema", r->schema},
                                   {"relation", r->name},
                                   {"key", r->key},
                                   {"keytype", r->key_type},
                                   {"source", source}};

    return sql_expand(&t->sql, t->job.replace ? sql_upsert_replace : sql_upsert_merge, vars, 5, e);
}

/* A few rows: as the upsert's parameters. */
static void send_arrays(struct txn *t)
{
    struct err e = ERR_INIT;
    struct db_param params[BATCH_ARRAYS];
    enum err_code rc;

    buf_reset(&t->sql);
    for (size_t i = 0; i < BATCH_ARRAYS; i++)
        buf_reset(&t->arrays[i]);
    if ((rc = batch_encode_arrays(t->job.batch, t->part.from, t->part.to, t->arrays)) != OK)
        buf_err(&e, rc, &t->arrays[1], "the batch");
    else
        rc = add_upsert(t, SQL_SOURCE_ARRAYS, &e);
    if (rc != OK) {
        fail(t, &e);
        return;
    }
    for (size_t i = 0; i < BATCH_ARRAYS; i++)
        params[i] = (struct db_param){
            .text = t->arrays[i].data, .len = (int)t->arrays[i].len, .binary = true};
    db_query(t->db, t->sql.data, params, BATCH_ARRAYS, on_part, t);
}

/* The temporary table, the COPY and the upsert: one round trip. */
static void send_table(struct txn *t)
{
    /* Of the part before, if that went in. */
    const char *drop = t->job.bisect ? "DROP TABLE IF EXISTS pg_temp.netty_batch;\n" : "";
    struct err e = ERR_INIT;
    enum err_code rc;

    buf_reset(&t->sql);
    t->sent = t->part.from;
    t->step = COPY_BEGIN;
    if ((rc = buf_adds(&t->sql, drop)) != OK || (rc = buf_adds(&t->sql, sql_batch_begin)) != OK ||
        (rc = buf_adds(&t->sql, sql_batch_copy)) != OK)
        buf_err(&e, rc, &t->sql, "the statement");
    else
        rc = add_upsert(t, SQL_SOURCE_TABLE, &e);
    if (rc != OK)
        fail(t, &e);
    else
        db_copy(t->db, t->sql.data, give_rows, on_part, t);
}

static void send_rows(struct txn *t)
{
    if (t->part.to - t->part.from <= SMALL && batch_bytes(t->job.batch) <= SMALL_DATA)
        send_arrays(t);
    else
        send_table(t);
}

/* Constraints that wait for COMMIT would refuse the whole then, and nobody could tell which row it
 * was. */
static void save(struct txn *t)
{
    const char *sql = "SET CONSTRAINTS ALL IMMEDIATE; SAVEPOINT netty_part";

    if (t->part_failed)
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
        fail(t, err);
    else if (t->part.from == t->part.to)
        commit(t);
    else
        send_rows(t);
}

static void next_part(struct txn *t)
{
    t->part = (struct part){0, 0};
    if (t->count > 0)
        t->part = t->parts[--t->count];
    if (t->job.bisect && (t->count > 0 || t->part.to > 0 || t->part_failed))
        save(t);
    else if (t->part.to == 0)
        commit(t);
    else
        send_rows(t);
}

/* A part that is refused: halves, or the row that is to blame. False: failed. */
static bool halve(struct txn *t, const struct err *why)
{
    const char *data;
    struct part p = t->part;

    t->part_failed = true;
    if (p.to - p.from == 1)
        t->refused++;
    if (p.to - p.from == 1)
        return t->job.refused(t->job.ctx, batch_row(t->job.batch, p.from, &data), why, &t->err) ==
               OK;
    size_t middle = p.from + (p.to - p.from) / 2;
    if (t->count + 2 > PARTS_MAX) {
        err_set(&t->err, ERR_INTERNAL, "a batch of %zu rows cannot be halved so often",
                batch_rows(t->job.batch));
        return false;
    }
    t->parts[t->count++] = (struct part){middle, p.to};
    t->parts[t->count++] = (struct part){p.from, middle};
    return true;
}

static void on_part(void *ctx, const PGresult *r, const struct err *err)
{
    struct txn *t = ctx;

    if (err != NULL && t->job.bisect && db_classify(err) == DB_BAD_ROW && !db_lost(t->db)) {
        if (halve(t, err))
            next_part(t);
        else
            fail(t, &t->err);
        return;
    }
    if (err != NULL) {
        t->in_rows = true;
        fail(t, err);
        return;
    }
    uint64_t total = (uint64_t)schema_number(r, 0, 4);
    if (total != t->part.to - t->part.from) {
        err_set(&t->err, ERR_INTERNAL, "the upsert counts %" PRIu64 " rows of %zu", total,
                t->part.to - t->part.from);
        fail(t, &t->err);
        return;
    }
    t->counts.inserted += (uint64_t)schema_number(r, 0, 0);
    t->counts.updated += (uint64_t)schema_number(r, 0, 1);
    t->counts.unchanged += (uint64_t)schema_number(r, 0, 2);
    t->counts.stale += (uint64_t)schema_number(r, 0, 3);
    next_part(t);
}

/* ---- the end ---- */

static void commit(struct txn *t)
{
    enum err_code rc = OK;

    buf_reset(&t->sql);
    if (t->job.settle != NULL && (rc = t->job.settle(t->job.ctx, &t->err)) != OK) {
        fail(t, &t->err);
        return;
    }
    if (t->job.store)
        rc = add_store(t, &t->job.to, &t->err);
    if (rc == OK && (rc = buf_adds(&t->sql, "COMMIT")) != OK)
        buf_err(&t->err, rc, &t->sql, "the statement");
    if (rc != OK)
        fail(t, &t->err);
    else
        db_query(t->db, t->sql.data, NULL, 0, on_commit, t);
}

static void on_commit(void *ctx, const PGresult *r, const struct err *err)
{
    struct txn *t = ctx;

    if (err != NULL) {
        t->unknown = db_lost(t->db);
        t->in_rows = !t->unknown;
        fail(t, err);
        return;
    }
    /* COMMIT of a failed transaction is answered by ROLLBACK, and no error. */
    if (strcmp(PQcmdStatus((PGresult *)r), "COMMIT") != 0) {
        err_set(&t->err, ERR_INTERNAL, "the database rolled back instead of committing");
        fail(t, &t->err);
        return;
    }
    end(t, TXN_DONE);
}

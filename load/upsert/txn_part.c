/* Sends one part of a transaction's rows: straight into the table, by way of a temporary table, or as parameters. */
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/upsert/txn_private.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PIECE            16384u
#define COUNTED_UNSTORED 5 /* column of sql_upsert */
#define ARCHIVE_NAME     160
#define SOURCE_MAX       ((size_t)1 << 14)

static enum err_code encode(struct txn *t, struct buf *out)
{
    if (t->part.path == BATCH_INSERT)
        return batch_encode_target(t->job.batch, t->job.relation->key_size, &t->sent, t->part.to,
                                   PIECE, out);
    return batch_encode(t->job.batch, &t->sent, t->part.to, PIECE, out);
}

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
                rc = encode(t, out);
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

static void start_copy(struct txn *t)
{
    t->sent = t->part.from;
    t->step = COPY_BEGIN;
}

/* Whether the table sets time_modified itself: then rows count in the order in which they were fetched, not by their time. */
static bool in_order(const struct txn *t)
{
    return t->job.relation->retimed && t->job.late != BATCH_LATE;
}

/* Returns the condition under which a stored row stays as it is. */
static const char *held_rows(const struct txn *t)
{
    if (in_order(t))
        return SQL_HELD_NONE;
    switch (t->job.late) {
    case BATCH_AGAIN:
        return SQL_HELD_AGAIN;
    case BATCH_LATE:
        if (t->job.relation->retimed)
            return SQL_HELD_ALL;
        return t->part.path == BATCH_OLDER ? SQL_HELD_LATE : SQL_HELD_AGAIN;
    case BATCH_ON_TIME:
        break;
    }
    return SQL_HELD_NEWER;
}

static enum err_code add_upsert_of(struct txn *t, const char *source, struct err *e)
{
    const struct relation *r = t->job.relation;
    enum err_code rc;

    buf_reset(&t->merged);
    if ((rc = sql_merged(&t->merged, t->job.replace, !t->job.guard || t->job.late != BATCH_ON_TIME,
                         t->job.names, e)) != OK)
        return rc;
    bool newer = t->part.path == BATCH_NEWER;
    const struct sql_var when = {"when", t->guessed ? SQL_WHEN_OLDER : SQL_WHEN_NOT_NEWER};
    const struct sql_var held = {"held", held_rows(t)};
    const struct sql_var time = {"time", in_order(t) ? SQL_TIME_STORED : SQL_TIME};
    const struct sql_var vars[] = {{"schema", r->schema}, {"relation", r->name},
                                   {"key", r->key},       {"keytype", r->key_type},
                                   {"source", source},    {"merged", t->merged.data},
                                   newer ? when : held,   time};
    return newer ? sql_expand(&t->sql, sql_upsert_newer, vars, 7, e)
                 : sql_expand(&t->sql, sql_upsert, vars, 8, e);
}

/* Makes the sources of the upserts: the rows, without those that are not to come back. */
static enum err_code add_sources(const struct txn *t, const char *source, struct buf sources[2],
                                 struct err *e)
{
    const struct relation *r = t->job.relation;
    char archive[ARCHIVE_NAME];
    enum err_code rc = OK;

    (void)snprintf(archive, sizeof archive, "%s-archive", r->name);
    const struct sql_var vars[] = {{"schema", r->schema},
                                   {"relation", r->name},
                                   {"key", r->key},
                                   {"source", source},
                                   {"archive", archive}};
    if (t->job.noted)
        rc = sql_expand(&sources[0], sql_source_noted, vars, 4, e);
    const struct sql_var over[] = {
        vars[0], vars[1], vars[2], {"source", t->job.noted ? sources[0].data : source}, vars[4]};
    if (rc == OK && t->job.archived)
        rc = sql_expand(&sources[1], sql_source_archived, over, 5, e);
    return rc;
}

static enum err_code add_upsert(struct txn *t, const char *source, struct err *e)
{
    struct buf sources[2];

    buf_init(&sources[0], SOURCE_MAX);
    buf_init(&sources[1], SOURCE_MAX);
    enum err_code rc = add_sources(t, source, sources, e);
    if (rc == OK)
        rc = add_upsert_of(t,
                           t->job.archived ? sources[1].data
                           : t->job.noted  ? sources[0].data
                                           : source,
                           e);
    buf_free(&sources[0]);
    buf_free(&sources[1]);
    return rc;
}
/* Sends a few rows as parameters of the upsert. */
static void send_arrays(struct txn *t, db_done_fn *done)
{
    struct err e = ERR_INIT;
    struct db_param params[BATCH_ARRAYS];
    enum err_code rc;

    for (size_t i = 0; i < BATCH_ARRAYS; i++)
        buf_reset(&t->arrays[i]);
    rc = sql_begin_tagged(&t->sql, t->job.table, &e);
    if (rc == OK &&
        (rc = batch_encode_arrays(t->job.batch, t->part.from, t->part.to, t->arrays)) != OK)
        buf_err(&e, rc, &t->arrays[1], "the batch");
    else if (rc == OK)
        rc = add_upsert(t, SQL_SOURCE_ARRAYS, &e);
    if (rc != OK) {
        txn_fail(t, &e);
        return;
    }
    for (size_t i = 0; i < BATCH_ARRAYS; i++)
        params[i] = (struct db_param){
            .text = t->arrays[i].data, .len = (int)t->arrays[i].len, .binary = true};
    db_query(t->db, t->sql.data, params, BATCH_ARRAYS, done, t);
}

/* Sends the rows by the temporary table, the COPY and the upsert, in one round trip. */
static void send_table(struct txn *t, db_done_fn *done)
{
    /* Of a part before, if that went in. */
    const char *drop = t->tabled ? "DROP TABLE IF EXISTS pg_temp.netty_batch;\n" : "";
    struct err e = ERR_INIT;
    enum err_code rc;

    buf_reset(&t->sql);
    t->tabled = true;
    start_copy(t);
    if ((rc = buf_addf(&t->sql, SQL_TAG, t->job.table)) != OK ||
        (rc = buf_adds(&t->sql, drop)) != OK || (rc = buf_adds(&t->sql, sql_batch_begin)) != OK ||
        (rc = buf_adds(&t->sql, sql_batch_copy)) != OK)
        buf_err(&e, rc, &t->sql, "the statement");
    else
        rc = add_upsert(t, SQL_SOURCE_TABLE, &e);
    if (rc != OK)
        txn_fail(t, &e);
    else
        db_copy(t->db, t->sql.data, give_rows, done, t);
}

/* Sends new rows by COPY straight into the table. */
static void send_inserts(struct txn *t, db_done_fn *done)
{
    const struct relation *r = t->job.relation;
    const struct sql_var vars[] = {{"schema", r->schema}, {"relation", r->name}, {"key", r->key}};
    struct err e = ERR_INIT;

    start_copy(t);
    if (sql_begin_tagged(&t->sql, t->job.table, &e) != OK ||
        sql_expand(&t->sql, sql_insert_copy, vars, 3, &e) != OK)
        txn_fail(t, &e);
    else
        db_copy(t->db, t->sql.data, give_rows, done, t);
}

void txn_send_part(struct txn *t, db_done_fn *done)
{
    t->phase = DB_PHASE_ROWS;
    if (t->part.path == BATCH_INSERT)
        send_inserts(t, done);
    else if (t->part.to - t->part.from <= TXN_SMALL && batch_bytes(t->job.batch) <= TXN_SMALL_DATA)
        send_arrays(t, done);
    else
        send_table(t, done);
}

/* Notes for each row of the part which transaction's version it has now. */
static void note_xid(struct txn *t, uint64_t written, uint64_t unchanged)
{
    size_t rows = t->part.to - t->part.from;

    for (size_t i = t->part.from; i < t->part.to; i++) {
        struct batch_row *row = batch_at(t->job.batch, i);
        if (written == rows && !t->job.bisect)
            row->xid = t->xid;
        else if (unchanged != rows)
            row->xid = 0;
    }
}

/* Sums up what the last result of each path says. */
static struct txn_counts counts_of(const struct txn *t, const PGresult *r, uint64_t *total)
{
    uint64_t rows = t->part.to - t->part.from;
    struct txn_counts n = {.inserted = 0};

    *total = rows;
    if (t->part.path == BATCH_INSERT) {
        *total = n.inserted = strtoull(PQcmdTuples((PGresult *)r), NULL, 10);
        return n;
    }
    n.inserted = (uint64_t)db_answer_number(r, 0, 0);
    n.updated = (uint64_t)db_answer_number(r, 0, 1);
    if (t->part.path == BATCH_NEWER) {
        n.updated += t->guessed ? 0 : n.inserted; /* it was there */
        n.inserted = 0;
    } else {
        n.unchanged = (uint64_t)db_answer_number(r, 0, 2);
        *total = (uint64_t)db_answer_number(r, 0, 4);
        if ((t->job.archived || t->job.noted) && *total < rows)
            *total = rows; /* they are not to come back */
    }
    n.stale = *total - n.inserted - n.updated - n.unchanged;
    return n;
}

/* The error for rows that were not stored though no error came: "no data". */
static enum err_code unstored(struct err *e)
{
    err_set(e, ERR_CONFIG,
            "a trigger of the table does not let the row be stored, or stores it elsewhere");
    memcpy(e->sqlstate, "02000", 6);
    return e->code;
}

enum err_code txn_count_part(struct txn *t, const PGresult *r, bool *held, struct err *e)
{
    uint64_t rows = t->part.to - t->part.from;
    uint64_t total;
    struct txn_counts n = counts_of(t, r, &total);

    if (t->job.relation->triggers && db_answer_number(r, 0, COUNTED_UNSTORED) > 0)
        return unstored(e);
    if (total != rows)
        return err_set(e, ERR_INTERNAL, "the statement counts %" PRIu64 " rows of %" PRIu64, total,
                       rows);
    *held = n.stale > 0;
    t->counts.inserted += n.inserted;
    t->counts.updated += n.updated;
    t->counts.unchanged += n.unchanged;
    t->counts.stale += n.stale;
    note_xid(t, n.inserted + n.updated, n.unchanged);
    return OK;
}

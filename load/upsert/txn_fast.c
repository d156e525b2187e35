/*
 * The fast way (txn.h): asks what is stored of the keys, and groups the batch's rows by what is to be done with each. The answer is a guess, since
 * nothing is locked. If another transaction comes between, the statements that follow notice it (by a unique violation, or by the condition on
 * the time), and then all is done again the plain way.
 */
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/upsert/txn_private.h"
#include "shared/log/log.h"
#include <endian.h>
#include <string.h>

/* PostgreSQL's clock starts at 2000-01-01T00:00:00Z. */
#define EPOCH_2000 (INT64_C(946684800) * WHEN_SECOND)

/* A transaction's number wraps around; half of the numbers are the past. */
#define XID_AGE_MAX UINT64_C(1000000000)
#define FIRST_XID   3u /* those below are no transactions */

enum {
    ASKED_KEY,
    ASKED_XMIN,
    ASKED_MODIFIED
};

static void on_asked(void *ctx, const PGresult *r, const struct err *err);

bool txn_may_be_fast(const struct txn *t)
{
    return !t->job.bisect && !t->plain && !t->denied && t->job.relation->direct &&
           !t->job.archived && !t->job.noted && t->job.end - t->job.first > TXN_ASK;
}

/* Whether all rows are cached: then only their versions have to be compared. */
static bool all_cached(const struct txn *t)
{
    for (size_t i = t->job.first; i < t->job.end; i++)
        if (!batch_at(t->job.batch, i)->cached)
            return false;
    return true;
}

void txn_take_guess(struct txn *t)
{
    batch_same_path(t->job.batch, t->job.first, t->job.end, t->job.guess);
    t->parts[0].path = t->job.guess;
    txn_next_part(t);
}

void txn_ask(struct txn *t)
{
    const struct relation *rel = t->job.relation;
    const struct sql_var vars[] = {{"schema", rel->schema},
                                   {"relation", rel->name},
                                   {"key", rel->key},
                                   {"times", all_cached(t) ? "" : ", time_modified"}};
    struct buf *keys = &t->arrays[0];
    struct err e = ERR_INIT;
    enum err_code rc;

    t->phase = DB_PHASE_QUESTION;
    buf_reset(keys);
    if ((rc = batch_encode_keys(t->job.batch, rel->key_size, t->job.first, t->job.end, keys)) != OK)
        buf_err(&e, rc, keys, "the batch's keys");
    else if ((rc = sql_begin_tagged(&t->sql, t->job.table, &e)) == OK)
        rc = sql_expand(&t->sql, sql_classify, vars, 4, &e);
    if (rc != OK) {
        txn_fail(t, &e);
        return;
    }
    struct db_param param = {.text = keys->data, .len = (int)keys->len, .binary = true};
    db_query_binary(t->db, t->sql.data, &param, 1, on_asked, t);
}

/* An integer of a binary result, of whatever size. */
static int64_t integer(const PGresult *r, int row, int column)
{
    const char *p = PQgetvalue(r, row, column);
    int n = PQgetlength(r, row, column);
    int64_t v = n > 0 && (p[0] & 0x80) != 0 ? -1 : 0;

    for (int i = 0; i < n; i++)
        v = (int64_t)((uint64_t)v << 8 | (unsigned char)p[i]);
    return v;
}

/* All 64 bits of a transaction's number that is not long past; 0 for those that are not numbers. */
static uint64_t whole_xid(const struct txn *t, uint32_t xmin)
{
    return xmin < FIRST_XID ? 0 : t->xid - (uint32_t)((uint32_t)t->xid - xmin);
}

static bool recent(const struct txn *t, uint64_t xid)
{
    return xid != 0 && xid <= t->xid && t->xid - xid < XID_AGE_MAX;
}

bool txn_cache_valid(const struct txn *t, const PGresult *locked)
{
    bool all = t->job.validity != NULL;

    for (int i = 0; all && i < PQntuples(locked); i++) {
        const struct unchanged_validity *c =
            &t->job.validity[(unsigned)db_answer_number(locked, i, 0) % LANES];
        struct progress at = known_place(locked, i, 1);
        all = recent(t, c->xid) && (uint32_t)c->xid == (uint32_t)db_answer_number(locked, i, 5) &&
              progress_compare(&at, &c->at) == 0;
    }
    return all;
}

bool txn_has_cached(const struct txn *t)
{
    for (size_t i = t->job.first; i < t->job.end; i++)
        if (batch_at(t->job.batch, i)->cached)
            return true;
    return false;
}

static enum batch_path path_of(const struct txn *t, const struct batch_row *mine, const PGresult *r,
                               int row)
{
    if (t->plain || mine->row.time_modified == WHEN_NONE)
        return BATCH_COMPARE;
    if (PQgetisnull(r, row, ASKED_MODIFIED))
        return BATCH_NEWER;
    int64_t stored = integer(r, row, ASKED_MODIFIED);
    int64_t time = mine->row.time_modified - EPOCH_2000;
    return stored < time ? BATCH_NEWER : stored > time ? BATCH_OLDER : BATCH_COMPARE;
}

static void classify_row(struct txn *t, const PGresult *r, int row)
{
    struct batch_row *mine = batch_find(t->job.batch, integer(r, row, ASKED_KEY));
    uint32_t xmin = (uint32_t)integer(r, row, ASKED_XMIN);

    if (mine == NULL)
        return;
    if (!mine->cached) {
        mine->path = path_of(t, mine, r, row);
        mine->xid = whole_xid(t, xmin);
    } else if ((uint32_t)mine->xid == xmin && recent(t, mine->xid)) {
        mine->path = BATCH_SAME;
    }
}

/* Compares the cached rows with what is stored. Returns false if some row is not what the cache says. */
static bool confirm_cached(struct txn *t)
{
    bool all = true;

    for (size_t i = t->job.first; i < t->job.end; i++) {
        const struct batch_row *row = batch_at(t->job.batch, i);
        if (!row->cached || row->path == BATCH_SAME)
            continue;
        t->job.revalidate(t->job.ctx, row);
        all = false;
    }
    return all;
}

static void make_parts(struct txn *t)
{
    size_t ends[BATCH_PATHS];
    size_t from[BATCH_PATHS];

    batch_group(t->job.batch, t->job.first, t->job.end, ends);
    t->count = 0;
    for (unsigned path = 0; path < BATCH_PATHS; path++)
        from[path] = path == 0 ? t->job.first : ends[path - 1];
    for (unsigned path = BATCH_PATHS; path-- > BATCH_SAME + 1;)
        if (ends[path] > from[path])
            t->parts[t->count++] = (struct part){from[path], ends[path], (enum batch_path)path};
    t->counts.unchanged += ends[BATCH_SAME] - from[BATCH_SAME];
}

static void go_plain(struct txn *t, const struct err *why)
{
    t->err = *why;
    LOG(LOG_DEBUG, "plain", "the batch is loaded the plain way", F_STR("table", t->job.table),
        F_ERR(why), F_STR("sqlstate", why->sqlstate));
    t->plain = true;
    txn_again(t);
}

/* Whether the question may be asked again in this load: its error passes by itself, or says that the table has changed. */
static bool worth_another(const struct txn *t, const struct err *why)
{
    struct db_decision d = db_decide(DB_PHASE_QUESTION, why);

    if (d.action == DB_LOOK_AGAIN)
        return !t->job.looked;
    return d.lock || (d.action != DB_PLAIN && !t->job.waited);
}

static void not_asked(struct txn *t, const struct err *why)
{
    if (db_lost(t->db) || worth_another(t, why)) {
        txn_fail(t, why);
        return;
    }
    t->denied = true;
    if (txn_has_cached(t)) {
        t->job.revalidate(t->job.ctx, NULL);
        txn_revalidate(t);
    } else {
        go_plain(t, why);
    }
}

static void on_asked(void *ctx, const PGresult *r, const struct err *err)
{
    struct txn *t = ctx;

    if (err != NULL) {
        not_asked(t, err);
        return;
    }
    batch_same_path(t->job.batch, t->job.first, t->job.end,
                    t->plain ? BATCH_COMPARE : BATCH_INSERT);
    for (int i = 0; i < PQntuples(r); i++)
        classify_row(t, r, i);
    if (!confirm_cached(t)) {
        txn_revalidate(t);
        return;
    }
    make_parts(t);
    txn_next_part(t);
}

static void on_revalidate(void *ctx, const PGresult *r, const struct err *err)
{
    struct txn *t = ctx;

    (void)r;
    if (err != NULL)
        txn_fail(t, err);
    else
        txn_end(t, TXN_REVALIDATE);
}

void txn_revalidate(struct txn *t)
{
    db_query(t->db, "ROLLBACK", NULL, 0, on_revalidate, t);
}

void txn_fast_failed(struct txn *t, const struct err *why)
{
    /* Another row of that key has come between. Whatever else is refused would be refused again. */
    bool taken = strcmp(why->sqlstate, "23505") == 0;

    if (db_lost(t->db) || !taken) {
        txn_fail(t, why);
    } else if (t->guessed) {
        t->err = *why;
        txn_guessed_wrong(t);
    } else {
        go_plain(t, why);
    }
}

void txn_guessed_wrong(struct txn *t)
{
    LOG(LOG_DEBUG, "guess", "the batch is not all new, or all newer: it is asked what is there",
        F_STR("table", t->job.table));
    t->ask = true;
    txn_again(t);
}

#include "load/upsert/parallel_upsert.h"
#include "shared/log/log.h"
#include <stdlib.h>

#define SHARE_ROWS 500u /* fewer are not worth a transaction of their own */
#define BATCHES    2u   /* batches at a time */

struct upsert_batch;

struct share {
    struct upsert_batch *batch;
    struct txn *txn;
    struct db *db; /* while it runs */
    unsigned lanes;
    size_t first, end;
    bool in;                 /* committed */
    bool tried;              /* since parallel_upsert_run */
    bool unknown;            /* it may have been committed ... */
    struct txn_result found; /* ... with this result */
};

/* A batch. */
struct upsert_batch {
    struct parallel_upsert *owner;
    struct parallel_upsert_job job;
    struct share shares[LANES];
    unsigned count;
};

struct parallel_upsert {
    struct connection_lender lender;
    unsigned connections;
    struct upsert_batch batches[BATCHES];
    struct upsert_batch *first;      /* the one that is loaded; the other comes next */
    unsigned in_flight;              /* of them */
    const struct upsert_batch *held; /* nothing more of it is begun, or NULL */
    unsigned shares;                 /* of the last batch */
    struct db *own;
    struct db *lent[LANES]; /* borrowed, not in use */
    unsigned lent_count;
    bool own_busy;
    unsigned running;
    bool
        busy; /* shares are being given out, or the caller told: what ends meanwhile is looked at then */
    bool failed, moved, revalidate, everyone, good;
    enum db_phase phase; /* of what failed */
    struct err err;
    parallel_upsert_done_fn *done;
    void *ctx;
};

static void advance(struct parallel_upsert *c);

enum err_code parallel_upsert_open(struct parallel_upsert **out,
                                   const struct connection_lender *lender, unsigned connections,
                                   struct err *e)
{
    struct parallel_upsert *c = calloc(1, sizeof *c);

    if (c == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    c->lender = *lender;
    c->connections = connections < LANES ? connections : LANES;
    if (c->connections == 0)
        c->connections = 1;
    c->shares = 1;
    c->first = &c->batches[0];
    for (unsigned k = 0; k < BATCHES; k++) {
        c->batches[k].owner = c;
        for (unsigned i = 0; i < LANES; i++)
            c->batches[k].shares[i].batch = &c->batches[k];
    }
    *out = c;
    return OK;
}

void parallel_upsert_clear(struct parallel_upsert *c)
{
    c->in_flight = 0;
    c->held = NULL;
}

void parallel_upsert_release(struct parallel_upsert *c)
{
    parallel_upsert_clear(c);
    for (unsigned k = 0; k < BATCHES; k++)
        for (unsigned i = 0; i < LANES; i++) {
            txn_close(c->batches[k].shares[i].txn);
            c->batches[k].shares[i].txn = NULL;
        }
}

void parallel_upsert_close(struct parallel_upsert *c)
{
    if (c == NULL)
        return;
    parallel_upsert_release(c);
    free(c);
}

/* ---- connections ---- */

static unsigned at_work(const struct parallel_upsert *c)
{
    return c->running - (c->own_busy ? 1 : 0);
}

/* Borrows connections until there are `most`, if they can be had. Returns how many there are. */
static unsigned borrow(struct parallel_upsert *c, unsigned most)
{
    while (c->lender.borrow != NULL && 1 + at_work(c) + c->lent_count < most) {
        struct db *db = c->lender.borrow(c->lender.ctx);
        if (db == NULL)
            break;
        c->lent[c->lent_count++] = db;
    }
    return 1 + at_work(c) + c->lent_count;
}

static void give_back(struct parallel_upsert *c, struct db *db)
{
    c->lender.give_back(c->lender.ctx, db);
}

static void give_all_back(struct parallel_upsert *c)
{
    while (c->lent_count > 0)
        give_back(c, c->lent[--c->lent_count]);
}

/* ---- shares ---- */

static struct upsert_batch *next_batch(struct parallel_upsert *c)
{
    return c->first == &c->batches[0] ? &c->batches[1] : &c->batches[0];
}

unsigned parallel_upsert_shares(const struct parallel_upsert *c)
{
    return c->shares;
}

/* Returns into how many shares the batch is divided. Rows that are known to be unchanged do not count, since they cost next to nothing. */
static unsigned share_out(struct parallel_upsert *c, const struct batch *batch,
                          const struct parallel_upsert_job *job)
{
    size_t most = (batch_rows(batch) - batch_cached(batch)) / SHARE_ROWS;

    if (job->whole || job->txn.lanes != LANES_ALL || most <= 1)
        return 1;
    if (most > c->connections)
        most = c->connections;
    unsigned there = borrow(c, (unsigned)most);
    return there < most ? there : (unsigned)most;
}

void parallel_upsert_submit(struct parallel_upsert *c, struct batch *batch,
                            const struct parallel_upsert_job *job)
{
    size_t ends[LANES];
    size_t first = 0;
    struct upsert_batch *t = c->in_flight++ == 0 ? c->first : next_batch(c);

    t->job = *job;
    t->count = c->shares = share_out(c, batch, job);
    batch_sort_shares(batch, t->count, ends);
    for (unsigned i = 0; i < t->count; i++) {
        struct share *s = &t->shares[i];
        s->lanes = t->count == 1 ? job->txn.lanes : lanes_share(i, t->count);
        s->first = first;
        s->end = first = ends[i];
        s->in = s->unknown = s->tried = false;
    }
    if (c->in_flight > 1)
        advance(c);
}

unsigned parallel_upsert_pending(const struct parallel_upsert *c)
{
    return c->in_flight;
}

void parallel_upsert_hold(struct parallel_upsert *c)
{
    if (c->in_flight < 2)
        return;
    c->held = next_batch(c);
    c->revalidate = true;
}

static void committed(struct share *s, const struct txn_result *r)
{
    const struct parallel_upsert_job *job = &s->batch->job;

    s->in = true;
    job->committed(job->txn.ctx, s->lanes, r);
}

static void failed(struct share *s, const struct txn_result *r)
{
    struct parallel_upsert *c = s->batch->owner;

    if (r->unknown) {
        s->unknown = true;
        s->found = *r;
        s->found.err = NULL;
        s->found.xid = 0; /* whether it was this one that came there, nobody knows */
    }
    if (!c->failed || (c->phase == DB_PHASE_BOOKKEEPING && r->phase > c->phase)) {
        c->err = *r->err; /* of a server that crashes: whose rows they were */
        c->phase = r->phase;
        c->everyone = r->everyone;
        c->good = r->good;
    }
    c->failed = true;
}

static void over(struct share *s)
{
    struct parallel_upsert *c = s->batch->owner;

    if (s->db == c->own)
        c->own_busy = false;
    else
        c->lent[c->lent_count++] = s->db;
    s->db = NULL;
    c->running--;
    advance(c);
}

static void on_txn(void *ctx, const struct txn_result *r)
{
    struct share *s = ctx;

    switch (r->end) {
    case TXN_DONE:
        committed(s, r);
        break;
    case TXN_MOVED:
        if (s->unknown && r->arrived) {
            LOG(LOG_INFO, "commit-found", "the COMMIT whose answer was lost had succeeded",
                F_STR("table", s->batch->job.txn.table));
            committed(s, &s->found);
        } else {
            s->batch->owner->moved = true;
        }
        break;
    case TXN_REVALIDATE:
        s->batch->owner->revalidate = true;
        break;
    case TXN_FAILED:
        failed(s, r);
        break;
    }
    over(s);
}

static void start(struct share *s)
{
    struct txn_job job = s->batch->job.txn;
    struct err e = ERR_INIT;

    s->tried = true;
    if (s->txn == NULL && txn_open(&s->txn, &e) != OK) {
        failed(s, &(struct txn_result){.end = TXN_FAILED, .err = &e});
        over(s);
        return;
    }
    job.lanes = s->lanes;
    job.first = s->first;
    job.end = s->end;
    txn_run(s->txn, s->db, &job, on_txn, s);
}

/* A borrowed connection that cannot connect is no failure: its share waits for the table's own connection. */
static void on_connected(void *ctx, const PGresult *r, const struct err *err)
{
    struct share *s = ctx;
    struct parallel_upsert *c = s->batch->owner;

    (void)r;
    if (err == NULL) {
        start(s);
        return;
    }
    LOG(LOG_DEBUG, "connection", "one connection fewer can be had",
        F_STR("table", s->batch->job.txn.table), F_ERR(err));
    s->tried = false;
    if (c->lender.scarce != NULL)
        c->lender.scarce(c->lender.ctx);
    give_back(c, s->db);
    s->db = NULL;
    c->running--;
    advance(c);
}

static void start_on(struct share *s, struct db *db)
{
    struct parallel_upsert *c = s->batch->owner;

    s->db = db;
    s->tried = true;
    c->running++;
    c->own_busy = c->own_busy || db == c->own;
    if (db_lost(db) && db != c->own)
        db_connect_spare(db, on_connected, s);
    else if (db_lost(db))
        db_connect(db, on_connected, s);
    else
        start(s);
}

/* Whether a share of these lanes may begin: the same lanes' rows of the batch before must be in, so that a key's lines stay in order. */
static bool may_follow(const struct upsert_batch *before, unsigned lanes)
{
    for (unsigned i = 0; i < before->count; i++)
        if ((before->shares[i].lanes & lanes) != 0 && !before->shares[i].in)
            return false;
    return true;
}

/* Returns the next share of this batch that can begin. before: the batch before it, or NULL. */
static struct share *waiting_in(struct upsert_batch *t, const struct upsert_batch *before)
{
    for (unsigned i = 0; i < t->count && t != t->owner->held; i++) {
        struct share *s = &t->shares[i];
        if (!s->in && !s->tried && (before == NULL || may_follow(before, s->lanes)))
            return s;
    }
    return NULL;
}

static struct share *waiting(struct parallel_upsert *c)
{
    struct share *s = c->in_flight > 0 && !c->failed ? waiting_in(c->first, NULL) : NULL;

    if (s == NULL && c->in_flight > 1 && !c->failed && !c->moved && !c->revalidate)
        s = waiting_in(next_batch(c), c->first);
    return s;
}

static struct db *free_connection(struct parallel_upsert *c)
{
    if (!c->own_busy)
        return c->own;
    return c->lent_count > 0 ? c->lent[--c->lent_count] : NULL;
}

static bool all_in(const struct upsert_batch *t)
{
    for (unsigned i = 0; i < t->count; i++)
        if (!t->shares[i].in)
            return false;
    return true;
}

static void give_out(struct parallel_upsert *c)
{
    struct share *s;
    struct db *db;

    while ((s = waiting(c)) != NULL && (db = free_connection(c)) != NULL)
        start_on(s, db);
    if (c->in_flight < 2 || c->failed || c->lender.wanted == NULL ||
        c->lender.wanted(c->lender.ctx))
        give_all_back(c);
}

/* Reports the result, once nothing is under way. */
static void end(struct parallel_upsert *c)
{
    struct parallel_upsert_result result = {
        .end = c->failed  ? TXN_FAILED
               : c->moved ? TXN_MOVED
                          : TXN_REVALIDATE,
        .phase = c->phase,
        .everyone = c->everyone,
        .good = c->good,
        .err = c->failed ? &c->err : NULL,
    };

    give_all_back(c);
    c->done(c->ctx, &result);
}

/* Begins what can begin, after a share or a batch was added or has ended. */
static void advance(struct parallel_upsert *c)
{
    struct parallel_upsert_result done = {.end = TXN_DONE};
    bool reported = true;

    if (c->busy)
        return;
    c->busy = true;
    while (reported) {
        give_out(c);
        reported = c->in_flight > 0 && all_in(c->first);
        if (reported) {
            c->first = next_batch(c);
            c->in_flight--;
            c->done(c->ctx, &done);
        }
    }
    c->busy = false;
    if (c->running == 0 && c->in_flight > 0)
        end(c);
}

void parallel_upsert_run(struct parallel_upsert *c, struct db *db, parallel_upsert_done_fn *done,
                         void *ctx)
{
    c->own = db;
    c->done = done;
    c->ctx = ctx;
    c->failed = c->moved = c->revalidate = c->everyone = c->good = c->own_busy = false;
    c->held = NULL;
    for (unsigned k = 0; k < BATCHES; k++)
        for (unsigned i = 0; i < LANES; i++)
            c->batches[k].shares[i].tried = false;
    (void)borrow(c, c->first->count);
    advance(c);
}

bool parallel_upsert_cancel(struct parallel_upsert *c)
{
    for (unsigned k = 0; k < BATCHES; k++)
        for (unsigned i = 0; i < LANES; i++)
            if (c->batches[k].shares[i].db != NULL)
                db_cancel(c->batches[k].shares[i].db);
    return c->running > 0;
}

static void drop(struct parallel_upsert *c, struct share *s)
{
    if (s->db == NULL)
        return;
    db_drop(s->db);
    if (s->db != c->own)
        give_back(c, s->db);
    s->db = NULL;
}

void parallel_upsert_drop(struct parallel_upsert *c)
{
    for (unsigned k = 0; k < BATCHES; k++)
        for (unsigned i = 0; i < LANES; i++)
            drop(c, &c->batches[k].shares[i]);
    give_all_back(c);
    c->running = 0;
    parallel_upsert_clear(c);
}

#include "load/crew.h"
#include "shared/log.h"
#include <stdlib.h>

#define SHARE_ROWS 500u /* fewer are not worth a transaction of their own */

struct share {
    struct crew *crew;
    struct txn *txn;
    struct db *db; /* while it runs */
    unsigned lanes;
    size_t first, end;
    bool in;                 /* committed */
    bool tried;              /* in this crew_run */
    bool unknown;            /* it may have been committed ... */
    struct txn_result found; /* ... with this result */
};

struct crew {
    struct lender lender;
    unsigned connections;
    struct crew_job job;
    struct share shares[LANES];
    unsigned count;
    struct db *own;
    struct db *lent[LANES]; /* borrowed for this batch, not in use */
    unsigned lent_count;
    bool own_busy;
    unsigned running;
    bool starting; /* crew_run is still giving out shares */
    bool failed, moved, distrust, in_rows;
    struct err err;
    crew_done_fn *done;
    void *ctx;
};

static void go_on(struct crew *c);

enum err_code crew_open(struct crew **out, const struct lender *lender, unsigned connections,
                        struct err *e)
{
    struct crew *c = calloc(1, sizeof *c);

    if (c == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    c->lender = *lender;
    c->connections = connections < LANES ? connections : LANES;
    if (c->connections == 0)
        c->connections = 1;
    for (unsigned i = 0; i < LANES; i++)
        c->shares[i].crew = c;
    *out = c;
    return OK;
}

void crew_rest(struct crew *c)
{
    for (unsigned i = 0; i < LANES; i++) {
        txn_close(c->shares[i].txn);
        c->shares[i].txn = NULL;
    }
}

void crew_close(struct crew *c)
{
    if (c == NULL)
        return;
    crew_rest(c);
    free(c);
}

/* ---- connections ---- */

static void borrow(struct crew *c, unsigned most)
{
    while (c->lender.borrow != NULL && c->lent_count < most) {
        struct db *db = c->lender.borrow(c->lender.ctx);
        if (db == NULL)
            return;
        c->lent[c->lent_count++] = db;
    }
}

static void give_back(struct crew *c, struct db *db)
{
    c->lender.give_back(c->lender.ctx, db);
}

static void give_all_back(struct crew *c)
{
    while (c->lent_count > 0)
        give_back(c, c->lent[--c->lent_count]);
}

/* ---- shares ---- */

unsigned crew_shares(const struct crew *c)
{
    return c->count > 0 ? c->count : 1;
}

void crew_take(struct crew *c, struct batch *batch, const struct crew_job *job)
{
    size_t ends[LANES];
    size_t most = batch_rows(batch) / SHARE_ROWS;
    size_t first = 0;

    c->job = *job;
    c->count = 1;
    if (!job->whole && job->txn.lanes == LANES_ALL && most > 1) {
        if (most > c->connections)
            most = c->connections;
        borrow(c, (unsigned)most - 1);
        c->count = 1 + c->lent_count;
    }
    batch_sort_shares(batch, c->count, ends);
    for (unsigned i = 0; i < c->count; i++) {
        struct share *s = &c->shares[i];
        s->lanes = c->count == 1 ? job->txn.lanes : lanes_share(i, c->count);
        s->first = first;
        s->end = first = ends[i];
        s->in = s->unknown = false;
    }
}

static void committed(struct share *s, const struct txn_result *r)
{
    s->in = true;
    s->crew->job.committed(s->crew->job.txn.ctx, s->lanes, r);
}

static void failed(struct share *s, const struct txn_result *r)
{
    struct crew *c = s->crew;

    if (r->unknown) {
        s->unknown = true;
        s->found = *r;
        s->found.err = NULL;
        s->found.xid = 0; /* whether it was this one that came there, nobody knows */
    }
    if (!c->failed) {
        c->err = *r->err;
        c->in_rows = r->in_rows;
    }
    c->failed = true;
}

static void over(struct share *s)
{
    struct crew *c = s->crew;

    if (s->db == c->own)
        c->own_busy = false;
    else
        give_back(c, s->db);
    s->db = NULL;
    c->running--;
    go_on(c);
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
                F_STR("table", s->crew->job.txn.table));
            committed(s, &s->found);
        } else {
            s->crew->moved = true;
        }
        break;
    case TXN_DISTRUST:
        s->crew->distrust = true;
        break;
    case TXN_FAILED:
        failed(s, r);
        break;
    }
    over(s);
}

static void start(struct share *s)
{
    struct txn_job job = s->crew->job.txn;
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

/* One connection fewer is no failure: its share waits for the table's own. */
static void on_connected(void *ctx, const PGresult *r, const struct err *err)
{
    struct share *s = ctx;

    (void)r;
    if (err == NULL) {
        start(s);
        return;
    }
    LOG(LOG_DEBUG, "connection", "one connection fewer can be had",
        F_STR("table", s->crew->job.txn.table), F_ERR(err));
    s->tried = false;
    over(s);
}

static void start_on(struct share *s, struct db *db)
{
    struct crew *c = s->crew;

    s->db = db;
    s->tried = true;
    c->running++;
    c->own_busy = c->own_busy || db == c->own;
    if (db_lost(db))
        db_connect(db, on_connected, s);
    else
        start(s);
}

static struct share *waiting(struct crew *c)
{
    for (unsigned i = 0; i < c->count && !c->failed; i++)
        if (!c->shares[i].in && !c->shares[i].tried)
            return &c->shares[i];
    return NULL;
}

static void go_on(struct crew *c)
{
    struct share *s = c->starting || c->own_busy ? NULL : waiting(c);

    if (s != NULL)
        start_on(s, c->own);
    if (c->running > 0 || c->starting)
        return;
    struct crew_result result = {
        .end = c->failed     ? TXN_FAILED
               : c->moved    ? TXN_MOVED
               : c->distrust ? TXN_DISTRUST
                             : TXN_DONE,
        .in_rows = c->in_rows,
        .err = c->failed ? &c->err : NULL,
    };
    give_all_back(c);
    c->done(c->ctx, &result);
}

void crew_run(struct crew *c, struct db *db, crew_done_fn *done, void *ctx)
{
    struct share *s;

    c->own = db;
    c->done = done;
    c->ctx = ctx;
    c->failed = c->moved = c->distrust = c->in_rows = c->own_busy = false;
    for (unsigned i = 0; i < c->count; i++)
        c->shares[i].tried = false;
    borrow(c, c->count - 1);
    c->starting = true;
    if ((s = waiting(c)) != NULL)
        start_on(s, db);
    while (c->lent_count > 0 && (s = waiting(c)) != NULL)
        start_on(s, c->lent[--c->lent_count]);
    c->starting = false;
    if (c->running == 0)
        go_on(c);
}

bool crew_cancel(struct crew *c)
{
    for (unsigned i = 0; i < c->count; i++)
        if (c->shares[i].db != NULL)
            db_cancel(c->shares[i].db);
    return c->running > 0;
}

void crew_drop(struct crew *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        struct db *db = c->shares[i].db;
        if (db == NULL)
            continue;
        db_drop(db);
        if (db != c->own)
            give_back(c, db);
        c->shares[i].db = NULL;
    }
    give_all_back(c);
    c->running = 0;
}

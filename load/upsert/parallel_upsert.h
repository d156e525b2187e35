/*
 * Loads one batch over several connections: each loads some lanes' share of its rows (load/row/lane.h) in a transaction of its own
 * (load/upsert/txn.h). The next batch may be submitted meanwhile. Each of its shares begins as soon as the same lanes' share of the batch before is
 * in. So no connection waits for the others, and the lines of each key stay in order.
 *
 *     parallel_upsert_open(&c, &lender, connections, e);
 *     parallel_upsert_submit(c, batch, &job);        // a new batch: sorts it
 *     parallel_upsert_run(c, db, done, ctx);       // done(ctx, &result), from the loop
 *     parallel_upsert_submit(c, next, &job);       // meanwhile, at any time: begins by itself; done comes for this batch, too
 *     parallel_upsert_run(c, db, done, ctx);       // after a failure: runs the shares that are not in yet; or
 *     parallel_upsert_clear(c);                    // ... gives up the submitted batches
 *     parallel_upsert_close(c);
 *
 * done is called with TXN_DONE for each batch, in order, once all its shares are in; another batch may be under way then
 * (parallel_upsert_pending). It is called with anything else once nothing is under way any more. job.committed is called for each share once it
 * is in, so that it is known what is in when other shares fail. If the answer to a COMMIT was lost, it is looked up when the share is
 * run again.
 *
 * The first connection is the caller's, and connected. Others are borrowed from tables that have nothing to do, and given back between batches,
 * or when a table wants one. If there is none, or it cannot connect, the batch is not divided, or its shares go one after the other. A
 * batch is not divided into shares below a few hundred rows, which would not be worth a transaction.
 */
#ifndef NETTY_LOAD_UPSERT_PARALLEL_UPSERT_H
#define NETTY_LOAD_UPSERT_PARALLEL_UPSERT_H

#include "load/upsert/txn.h"

struct connection_lender {
    struct db *(*borrow)(void *ctx); /* NULL: none is idle */
    void (*give_back)(void *ctx, struct db *db);
    bool (*wanted)(void *ctx); /* a table waits for a connection */
    void (*scarce)(void *ctx); /* a borrowed connection could not be connected; may be NULL */
    bool (*others)(void *ctx,
                   const struct db *db); /* a connection other than db is connected; may be NULL */
    void (*decided)(void *ctx);          /* the table has something to load; may be NULL */
    void *ctx;
};

struct parallel_upsert_job {
    struct txn_job txn; /* of each share; its rows are filled in, and its lanes narrowed */
    bool whole;         /* load the batch in one transaction, whatever its size */
    void (*committed)(void *ctx, unsigned lanes, const struct txn_result *result);
};

struct parallel_upsert_result {
    enum txn_end
        end; /* TXN_DONE: all shares of the oldest batch are in. TXN_MOVED: others have been at a share's lanes */
    enum db_phase phase; /* TXN_FAILED: as txn_result's, of the first share that failed */
    bool everyone, good;
    const struct err *err;
};

struct parallel_upsert;
typedef void parallel_upsert_done_fn(void *ctx, const struct parallel_upsert_result *result);

/* connections: at most so many for one batch, from 1 to LANES. lender.borrow may be NULL. */
enum err_code parallel_upsert_open(struct parallel_upsert **c,
                                   const struct connection_lender *lender, unsigned connections,
                                   struct err *e) MUST_CHECK;
void parallel_upsert_close(
    struct parallel_upsert *
        c); /* not while parallel_upsert_run is under way, unless the dbs were dropped; NULL is fine */
/* Frees memory until the next parallel_upsert_run. */
void parallel_upsert_release(struct parallel_upsert *c);
/* Submits a batch; at most two at a time. Neither job may be whole if there are two, and both are for all lanes. */
void parallel_upsert_submit(struct parallel_upsert *c, struct batch *batch,
                            const struct parallel_upsert_job *job);
unsigned parallel_upsert_pending(
    const struct parallel_upsert *c); /* batches, of which done has not been called yet */
/* Begins no further share of the next batch: when all that is under way has ended, done is called with TXN_REVALIDATE for that batch. */
void parallel_upsert_hold(struct parallel_upsert *c);
/* Drops the submitted batches. Nothing may be under way. */
void parallel_upsert_clear(struct parallel_upsert *c);
/* Returns into how many shares the last batch was divided, as the next one probably will be. */
unsigned parallel_upsert_shares(const struct parallel_upsert *c);
/* Asks the server to cancel what is under way, which then ends as failed. Returns false if nothing is. */
bool parallel_upsert_cancel(struct parallel_upsert *c);
/* Drops what is under way, with its connections. done is not called. */
void parallel_upsert_drop(struct parallel_upsert *c);
void parallel_upsert_run(struct parallel_upsert *c, struct db *db, parallel_upsert_done_fn *done,
                         void *ctx);

#endif

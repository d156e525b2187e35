/*
 * One batch over several connections at a time: each loads some lanes' share of its rows (load/row/lane.h)
 * in a transaction of its own (load/upsert/txn.h). The next batch may be taken while it is under way: each of its
 * shares begins as soon as the one of the same lanes before it is in, so that no connection waits for the
 * others, and a key's lines keep their order.
 *
 *     parallel_upsert_open(&c, &lender, connections, e);
 *     parallel_upsert_submit(c, batch, &job);        // a new batch: sorts it
 *     parallel_upsert_run(c, db, done, ctx);       // done(ctx, &result), from the loop
 *     parallel_upsert_submit(c, next, &job);         // meanwhile, at any time: begins by itself; done comes for it, too
 *     parallel_upsert_run(c, db, done, ctx);       // after a failure: the shares that are not in yet, again; or
 *     parallel_upsert_clear(c);                    // ... it is given up what was taken
 *     parallel_upsert_close(c);
 *
 * done is called with TXN_DONE for each batch, in their order, once all its shares are in (another may be
 * under way then: parallel_upsert_pending); with anything else when nothing is under way any more. job.committed is
 * called for each share once it is in, so what is in when others fail is known. A COMMIT whose answer was
 * lost is looked up when its share is run again.
 *
 * The first connection is the caller's, and connected. Others are borrowed from those that have nothing
 * to do, and given back between batches, or when somebody wants one; where there is none, or it cannot connect,
 * the batch is not shared out, or the shares go one after the other. A share below a few hundred rows would
 * not be worth its transaction.
 */
#ifndef NETTY_LOAD_UPSERT_PARALLEL_UPSERT_H
#define NETTY_LOAD_UPSERT_PARALLEL_UPSERT_H

#include "load/upsert/txn.h"

struct connection_lender {
    struct db *(*borrow)(void *ctx); /* NULL: none is idle */
    void (*give_back)(void *ctx, struct db *db);
    bool (*wanted)(void *ctx); /* somebody waits for one */
    void (*scarce)(void *ctx); /* one that was lent could not be connected; may be NULL */
    bool (*others)(void *ctx,
                   const struct db *db); /* another than this is connected; may be NULL */
    void (*decided)(void *ctx);          /* the table has something to load; may be NULL */
    void *ctx;
};

struct parallel_upsert_job {
    struct txn_job txn; /* of each share; its rows are filled in, and its lanes narrowed */
    bool whole;         /* in one transaction, whatever its size */
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
/* Gives memory back until the next parallel_upsert_run. */
void parallel_upsert_release(struct parallel_upsert *c);
/* At most two batches at a time. The second one's job is not whole, and all lanes', as the first one's. */
void parallel_upsert_submit(struct parallel_upsert *c, struct batch *batch,
                            const struct parallel_upsert_job *job);
unsigned parallel_upsert_pending(
    const struct parallel_upsert *c); /* batches, of which done has not been called yet */
/* Begins nothing more of the next batch: when all that is under way has ended, done is called with TXN_REVALIDATE for it. */
void parallel_upsert_hold(struct parallel_upsert *c);
/* Forgets what was taken; nothing is under way. */
void parallel_upsert_clear(struct parallel_upsert *c);
/* In how many shares the last batch went, as the next one probably will. */
unsigned parallel_upsert_shares(const struct parallel_upsert *c);
/* Asks the server to give up what is under way, which ends as failed; false: nothing is. */
bool parallel_upsert_cancel(struct parallel_upsert *c);
/* Drops what is under way, with its connections; nobody calls back then. */
void parallel_upsert_drop(struct parallel_upsert *c);
void parallel_upsert_run(struct parallel_upsert *c, struct db *db, parallel_upsert_done_fn *done,
                         void *ctx);

#endif

/*
 * One batch over several connections at a time: each loads some lanes' share of its rows (load/lane.h)
 * in a transaction of its own (load/txn.h).
 *
 *     crew_open(&c, &lender, connections, e);
 *     crew_take(c, batch, &job);        // a new batch: sorts it
 *     crew_run(c, db, done, ctx);       // done(ctx, &result) once, from the loop
 *     crew_run(c, db, done, ctx);       // after a failure: the shares that are not in yet, again
 *     crew_close(c);
 *
 * job.committed is called for each share once it is in, so what is in when others fail is known. A
 * COMMIT whose answer was lost is looked up when its share is run again.
 *
 * The first connection is the caller's, and connected. Others are borrowed from those that have nothing
 * to do, for one batch; where there is none, or it cannot connect, the batch is not shared out, or the
 * shares go one after the other. A share below a few hundred rows would not be worth its transaction.
 */
#ifndef NETTY_LOAD_CREW_H
#define NETTY_LOAD_CREW_H

#include "load/txn.h"

struct lender {
    struct db *(*borrow)(void *ctx); /* NULL: none is idle */
    void (*give_back)(void *ctx, struct db *db);
    void *ctx;
};

struct crew_job {
    struct txn_job txn; /* of each share; its rows are filled in, and its lanes narrowed */
    bool whole;         /* in one transaction, whatever its size */
    void (*committed)(void *ctx, unsigned lanes, const struct txn_result *result);
};

struct crew_result {
    enum txn_end
        end;      /* TXN_DONE: all shares are in. TXN_MOVED: others have been at a share's lanes */
    bool in_rows; /* TXN_FAILED: as txn_result's, of the first share that failed */
    const struct err *err;
};

struct crew;
typedef void crew_done_fn(void *ctx, const struct crew_result *result);

/* connections: at most so many for one batch, from 1 to LANES. lender.borrow may be NULL. */
enum err_code crew_open(struct crew **c, const struct lender *lender, unsigned connections,
                        struct err *e) MUST_CHECK;
void crew_close(
    struct crew
        *c); /* not while crew_run is under way, unless the dbs were dropped; NULL is fine */
/* Gives memory back until the next crew_run. */
void crew_rest(struct crew *c);
void crew_take(struct crew *c, struct batch *batch, const struct crew_job *job);
/* In how many shares the last batch went, as the next one probably will. */
unsigned crew_shares(const struct crew *c);
/* Asks the server to give up what is under way, which ends as failed; false: nothing is. */
bool crew_cancel(struct crew *c);
/* Drops what is under way, with its connections; nobody calls back then. */
void crew_drop(struct crew *c);
void crew_run(struct crew *c, struct db *db, crew_done_fn *done, void *ctx);

#endif

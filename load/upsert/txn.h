/*
 * One batch, or some lanes' share of it (load/row/lane.h), in one transaction: lock the lanes' progress,
 * load the rows, set aside what is refused, store the progress, COMMIT.
 *
 *     txn_open(&t, e);
 *     txn_run(t, db, &job, done, ctx);      // done(ctx, &result) once, from the loop
 *
 * Three round trips where nothing is wrong: BEGIN with the lock; the rows with the upsert; the
 * progress with COMMIT. That is the plain way, which is always right.
 *
 * The fast way, for batches of more than a hundred rows and tables that are relation->direct, asks
 * first what is stored of the keys, and then does with each row the cheapest that is right for it: a row
 * that is not there goes by COPY straight into the table; one that is newer than what is there is upserted
 * without being compared; all others (of the same time, of none, older) go the plain way. Another
 * transaction may come between: a row that it has put there is a unique violation, which has all
 * done again the plain way; one that it has made newer is held back by the upsert's guard, under the row's lock. With
 * job.guess not even the question is asked: all rows go straight into the table, or are upserted over older ones; a
 * unique violation, or a row that is held back, has it asked after all. Measured (server, 1.3 KB a row): new rows 17 instead of 27 us, changed ones 28 instead of 43.
 * After TXN_FAILED the transaction is gone (rolled back, or its connection
 * lost and dropped); nothing of it is in the database unless `unknown` is set: then the COMMIT's
 * answer was lost, and the next transaction's look at the progress, which waits for the lost one's
 * lock, tells.
 *
 * COMMIT waits for the server's disk (as the role's synchronous_commit has it) only where no other batch follows, or where
 * the database's word is not what the next load goes by (not job.guard and job.store): rows and progress of a commit that a
 * crash of the server takes back go together, commits go in their order, and the next transaction finds the progress where it
 * was. Whoever takes the progress for more than that, as one who removes loaded pages does, has to see to it first that it
 * is on disk: sql_progress_flush.
 *
 * With job.bisect the batch is loaded in parts, each under a savepoint: a part that the database
 * refuses is halved, and the single row that it still refuses is handed to job.refused. The parts
 * that went in stay in, so that one bad row of n costs O(log n) round trips. What counts as refused db_decide.h says: where
 * the SQLSTATE speaks of content, one failure proves the row guilty; with any other the row has to fail alone three
 * times, with pauses, and a neighbour has to go in. Where none goes in and all fail in the same words, the table is to blame:
 * TXN_FAILED with `everyone`, and nothing is set aside. Where the SQLSTATE speaks of content that takes twenty rows, or three of
 * an empty table; and of a constraint or a type that no row went in before (some_in).
 */
#ifndef NETTY_LOAD_UPSERT_TXN_H
#define NETTY_LOAD_UPSERT_TXN_H

#include "load/batch/batch.h"
#include "load/database/db_decide.h"
#include "load/target/loaded_pages.h"
#include "load/target/target_table.h"
#include "load/unchanged/unchanged_cache.h"

struct txn_counts {
    uint64_t inserted, updated, unchanged, stale;
};

struct txn_job {
    const char *spool, *table;
    const char *branch; /* load/target/known_progress.h */
    const struct relation *relation;
    struct batch *batch; /* sorted; rows [first, end) are put into another order as needed */
    size_t first, end;
    const struct unchanged_validity
        *validity;     /* of LANES: who was last at their progress; NULL: no cached rows */
    const char *names; /* that all rows of the batch have, for sql_merged */
    unsigned lanes;    /* whose rows these are, and whose progress moves */
    bool replace;
    bool bisect;
    bool
        looked; /* the table's shape was read since the last commit: what may come of it comes of rows */
    bool waited; /* so does what passes by itself: it was waited for as often as may be */
    /* bisect: this key's row ended the connection each time it was sent alone, with that error: it is refused without being sent
     * again, if another row goes in, or has gone in meanwhile (proven). NULL: none. */
    const int64_t *suspect;
    const struct err *suspected;
    bool proven;
    bool rows_alone; /* bisect: even where all rows fail alike they are refused one by one */
    bool
        some_in; /* rows of batches before it have gone in: what a constraint refuses are rows, however many */
    bool
        probe; /* bisect: only whether any row would go in: TXN_FAILED with good, or everyone; nothing stays */
    bool empty; /* the table has no row */
    enum batch_path
        guess; /* what its rows probably all are: BATCH_INSERT, BATCH_NEWER; BATCH_COMPARE: no idea */
    bool
        nowait; /* another transaction's lock on the lanes' progress is not waited for: TXN_FAILED, with 55P03 */
    bool guard;           /* these lanes' progress must be `from`, or nothing is done: TXN_MOVED */
    bool store;           /* ... and becomes `to`, unless it is further already */
    bool archived, noted; /* the table is loaded again: versions of rows that are in its archive, or
                             were noted as put away, do not come back (sql_source_archived, sql_source_noted); they count as stale */
    enum batch_late late;
    struct progress from, to;
    const struct loaded_pages *pages; /* to go with the progress; may be NULL */
    void *ctx;                        /* of these: */
    /* Where these lanes are, now that nobody else moves them: rows may still be given other content
     * (not another key). May be NULL. */
    enum err_code (*locked)(void *ctx, unsigned lanes, const struct lanes *at, struct err *e);
    /* A row that the database refuses (bisect). */
    enum err_code (*refused)(void *ctx, const struct batch_row *row, const struct err *why,
                             struct err *e);
    /* Of this cached row: TXN_REVALIDATE is to come. NULL: these lanes' entries are not valid (unchanged_cache.h), all that the cache
     * has is to be dropped; TXN_REVALIDATE is to come where rows of this transaction are cached. */
    void (*revalidate)(void *ctx, const struct batch_row *row);
    /* Asked before a row is held guilty whose SQLSTATE does not speak of content: did a statement of this transaction wait for a
     * lock? Then it fails with 55P03. May be NULL: no. */
    bool (*explained)(void *ctx);
    /* The last thing before COMMIT: make durable what was set aside. */
    enum err_code (*write_rejects)(void *ctx, unsigned lanes, struct err *e);
    /* Will a later batch of the table be committed? Asked before COMMIT, which then need not wait for the server's disk.
     * May be NULL: it won't. */
    bool (*more)(void *ctx);
};

enum txn_end {
    TXN_DONE,
    TXN_MOVED,
    TXN_REVALIDATE, /* cached rows are not what they were: fill the batch again without them */
    TXN_FAILED
};

struct txn_result {
    enum txn_end end;
    struct txn_counts counts;
    uint64_t refused; /* rows handed to job.refused */
    uint64_t
        xid; /* TXN_DONE: the transaction, where it has moved the progress; each row's tells its version */
    bool arrived;        /* TXN_MOVED: all these lanes are at `to` */
    bool unknown;        /* TXN_FAILED: it may have been committed nevertheless */
    enum db_phase phase; /* TXN_FAILED: in which */
    bool everyone;       /* TXN_FAILED: no row goes in, and all fail in these words */
    bool good;           /* TXN_FAILED of a probe: some row would go in */
    const struct err *err;
};

struct txn;
typedef void txn_done_fn(void *ctx, const struct txn_result *result);

enum err_code txn_open(struct txn **t, struct err *e) MUST_CHECK;
void txn_close(struct txn *t); /* not while one is under way, unless its db was dropped */
void txn_run(struct txn *t, struct db *db, const struct txn_job *job, txn_done_fn *done, void *ctx);

#endif

/*
 * One batch, or some lanes' share of it (load/row/lane.h), in one transaction: lock the lanes' progress, load the rows, make dead letters of
 * refused ones, store the progress, COMMIT.
 *
 *     txn_open(&t, e);
 *     txn_run(t, db, &job, done, ctx);      // done(ctx, &result) once, from the loop
 *
 * The plain way, which is always right, takes three round trips: BEGIN with the lock; the rows with the upsert; the progress with COMMIT.
 *
 * The fast way is for batches of more than a hundred rows, and for tables that are relation->direct. It first asks what is stored of the keys, and
 * then does for each row the cheapest thing that is right. A row whose key is not there goes by COPY straight into the table. A row that is newer
 * than the stored one is upserted without comparison. All others (of the same time, of none, older) go the plain way. Another transaction may come
 * between: a row that it has put there causes a unique violation, and then all is done again the plain way; a row that it has made newer is held back
 * by the upsert's condition, under the row's lock. With job.guess the question is not asked either: all rows go straight into the table, or are
 * upserted over older ones; after a unique violation, or if a row is held back, it is asked after all. Measured (server, 1.3 KB a row): new rows
 * 17 us instead of 27, changed rows 28 us instead of 43.
 *
 * After TXN_FAILED the transaction is gone: rolled back, or its connection lost and dropped. Nothing of it is in the database, unless `unknown` is
 * set: then the answer to COMMIT was lost, and the next transaction finds out by the progress, whose lock it waits for.
 *
 * COMMIT waits for the server's disk (as the role's synchronous_commit says) only if no other batch follows, or if the next load does not go by
 * what the database says (not both job.guard and job.store). If a crash of the server takes back a commit, it takes back rows and progress
 * together, and all later commits, so the next transaction finds the progress where it was. Code that relies on the progress for more, as the
 * removal of loaded pages does, must first make sure that it is on disk: sql_progress_flush.
 *
 * With job.bisect the batch is loaded in parts, each under a savepoint. A part that the database refuses is halved, and the single row that is
 * still refused is handed to job.refused. The parts that went in stay in, so one bad row of n costs O(log n) round trips. db_decide.h says which
 * errors count as a refusal. If the SQLSTATE speaks of content, one failure proves the row guilty. With any other, the row has to fail alone
 * three times, with pauses, and a neighbour has to go in. If no row goes in and all fail in the same words, the table is to blame: the result is
 * TXN_FAILED with `everyone`, and there is no dead letter. If the SQLSTATE speaks of content, that takes twenty rows, or three of an empty table;
 * and for a constraint or a type also that no row went in before (some_in).
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
        *validity;     /* of LANES, from the cache of unchanged lines; NULL: no row is cached */
    const char *names; /* names that all rows of the batch have, for sql_merged */
    unsigned lanes;    /* the lanes of these rows, whose progress moves */
    bool replace;
    bool bisect;
    bool
        looked; /* the table's shape was read since the last commit: an error that a change of it could cause is now blamed on rows */
    bool
        waited; /* likewise for errors that pass by themselves: they were waited for as often as is allowed */
    /* bisect: the row with this key ended the connection each time it was sent alone, with the error `suspected`. It is refused without being
     * sent again, if another row goes in, or has gone in meanwhile (proven). NULL: none. */
    const int64_t *suspect;
    const struct err *suspected;
    bool proven;
    bool rows_alone; /* bisect: even if all rows fail alike, they are refused one by one */
    bool
        some_in; /* rows of earlier batches have gone in: a constraint that refuses rows is then not the table's fault, however many */
    bool
        probe; /* bisect: only find out whether any row would go in: TXN_FAILED with good, or everyone; nothing stays */
    bool empty; /* the table has no row */
    enum batch_path
        guess; /* the path that probably fits all rows: BATCH_INSERT, BATCH_NEWER; BATCH_COMPARE: no guess */
    bool
        nowait; /* does not wait for another transaction's lock on the lanes' progress: TXN_FAILED with 55P03 */
    bool guard; /* the lanes' progress must be `from`, else nothing is done: TXN_MOVED */
    bool store; /* the lanes' progress becomes `to`, unless it is further already */
    bool archived,
        noted; /* the table is loaded again: versions of rows that are in its archive, or that were noted as
                             put away, do not come back (sql_source_archived, sql_source_noted); they count as stale */
    enum batch_late late;
    struct progress from, to;
    const struct loaded_pages *pages; /* written together with the progress; may be NULL */
    void *ctx;                        /* for the functions below */
    /* Called once the lanes are locked, with their progress. It may still give rows another content, but not another key. May be NULL. */
    enum err_code (*locked)(void *ctx, unsigned lanes, const struct lanes *at, struct err *e);
    /* Takes a row that the database refuses (bisect). */
    enum err_code (*refused)(void *ctx, const struct batch_row *row, const struct err *why,
                             struct err *e);
    /* Tells that this cached row is not what the cache says; TXN_REVALIDATE follows. row NULL: the entries of these lanes are not valid
     * (unchanged_cache.h), and the whole cache must be cleared; TXN_REVALIDATE follows if rows of this transaction are cached. */
    void (*revalidate)(void *ctx, const struct batch_row *row);
    /* Asked before a row is held guilty by an SQLSTATE that does not speak of content: returns true if a statement of this transaction waited
     * for a lock; the transaction then fails with 55P03. May be NULL: no. */
    bool (*explained)(void *ctx);
    /* Makes the dead letters durable. Called right before COMMIT. */
    enum err_code (*write_rejects)(void *ctx, unsigned lanes, struct err *e);
    /* Asked before COMMIT: returns true if a later batch of the table will be committed, so that this COMMIT need not wait for the server's
     * disk. May be NULL: no. */
    bool (*more)(void *ctx);
};

enum txn_end {
    TXN_DONE,
    TXN_MOVED,
    TXN_REVALIDATE, /* cached rows are not what the cache says: build the batch again without them */
    TXN_FAILED
};

struct txn_result {
    enum txn_end end;
    struct txn_counts counts;
    uint64_t refused; /* rows handed to job.refused */
    uint64_t
        xid; /* TXN_DONE: the transaction's number, if it moved the progress; each row has its own version's */
    bool arrived;        /* TXN_MOVED: all these lanes are at `to` already */
    bool unknown;        /* TXN_FAILED: it may have been committed nevertheless */
    enum db_phase phase; /* TXN_FAILED: in which phase */
    bool everyone;       /* TXN_FAILED: no row goes in, and all fail in the same words */
    bool good;           /* TXN_FAILED of a probe: some row would go in */
    const struct err *err;
};

struct txn;
typedef void txn_done_fn(void *ctx, const struct txn_result *result);

enum err_code txn_open(struct txn **t, struct err *e) MUST_CHECK;
void txn_close(struct txn *t); /* not while one is under way, unless its db was dropped */
void txn_run(struct txn *t, struct db *db, const struct txn_job *job, txn_done_fn *done, void *ctx);

#endif

/*
 * What txn.c (the transaction: lock, parts, savepoints, COMMIT), txn_part.c (one part's rows on their
 * way) and txn_fast.c (the fast path's question and its fallback) share. Nobody else includes this.
 */
#ifndef NETTY_LOAD_UPSERT_TXN_PRIVATE_H
#define NETTY_LOAD_UPSERT_TXN_PRIVATE_H

#include "load/upsert/txn.h"

#define TXN_SMALL                                                                                  \
    500u /* rows: these go as parameters; a temporary table a batch would bloat the catalogs */
#define TXN_ASK        100u              /* rows: fewer are not worth a question */
#define TXN_SMALL_DATA ((size_t)1 << 20) /* more would stand in memory three times */
#define TXN_ARRAY_MAX  ((size_t)16 << 20)
#define TXN_PARTS      80u /* halves of halves of a batch, and their other halves */

struct part {
    size_t from, to;
    enum batch_path path;
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
    struct buf sql, merged;
    struct buf arrays[BATCH_ARRAYS];
    struct part parts[TXN_PARTS]; /* still to load, the next one last */
    size_t count;
    struct part part; /* being loaded */
    size_t sent;
    enum copy_step step;
    bool fast;        /* the rows are asked about, and go in by what the answer was */
    bool guessed;     /* or are taken to be what job.guess says, ... */
    bool ask;         /* ... which did not do: this batch's are asked about */
    bool plain;       /* that did not do: this batch goes the plain path */
    bool denied;      /* ... and so does each: the role may not ask */
    bool made;        /* the progress has its rows */
    bool tabled;      /* the temporary table has been made */
    bool saved;       /* bisect: a savepoint stands */
    bool part_failed; /* ... and has to be rolled back to */
    struct txn_counts counts;
    uint64_t refused;
    uint64_t xid;    /* its own */
    size_t went;     /* bisect: rows that went in, ... */
    unsigned alone;  /* ... how often the single row at hand has failed, ... */
    unsigned guilty; /* ... rows that failed alone as often as it takes, with first's SQLSTATE, */
    bool alike;      /* ... and that all rows that are refused are in first's words, */
    bool content;    /* ... which speak of content */
    struct err first;
    struct err err;
    enum db_phase phase;
    bool unknown, everyone, good, arrived;
};

/* txn.c */
void txn_again(struct txn *t);     /* from BEGIN on, after a ROLLBACK of what there was of it */
void txn_next_part(struct txn *t); /* ... COMMIT after the last */
void txn_fail(struct txn *t, const struct err *why);
void txn_end(struct txn *t, enum txn_end how);

/* txn_bisect.c */
bool txn_about_rows(const struct txn *t, const struct err *err);
/* The part at hand is refused: its halves, the same row again, or the row is to blame. False: failed, t->err tells. */
bool txn_halve(struct txn *t, const struct err *why);
bool txn_is_everyone(const struct txn *t);
/* Refuses job.suspect's row, and has the others loaded in two parts. False: failed, t->err tells. */
bool txn_refuse_suspect(struct txn *t);

/* txn_part.c: sends t->part; done gets the statement's result. */
void txn_send_part(struct txn *t, db_done_fn *done);
/* Counts what it did. *held: some rows are counted stale. ERR_INTERNAL where it is not what it should be. */
enum err_code txn_count_part(struct txn *t, const PGresult *r, bool *held,
                             struct err *e) MUST_CHECK;

/* txn_fast.c */
bool txn_may_be_fast(const struct txn *t);
bool txn_has_cached(const struct txn *t);
/* Are the cached rows still to be believed? locked is sql_progress_lock's result. */
bool txn_cache_valid(const struct txn *t, const PGresult *locked);
void txn_revalidate(struct txn *t); /* ends it so */
void txn_ask(struct txn *t);        /* what is stored of the rows; then txn_next_part */
void txn_take_guess(struct txn *t); /* instead, where t->guessed */
/* The fast path failed: again the plain one, where that may help. */
void txn_fast_failed(struct txn *t, const struct err *why);
/* The guess was wrong. */
void txn_guessed_wrong(struct txn *t);

#endif

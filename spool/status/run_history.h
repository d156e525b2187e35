/*
 * What the last runs did, for those who watch: one line a table and run, at least the newest RUN_HISTORY_KEPT of
 * each program, in <spool>/<table>/runs-extract.ndjson and runs-load.ndjson (FORMAT.md).
 *
 *     struct run_history_entry run = {.began = began, .ended = when_now(), .busy = us, .kind = "changes",
 *                              .status = "complete", .complete_to = t};
 *     run.counts[RUN_REQUESTS] = 12;
 *     run_history_add(spool, "contacts", RUN_HISTORY_EXTRACT, &run, e);
 *
 * Counts, times, stable words, and the text of the error that ended the run: no record and no key. A line that is damaged
 * is passed over, and a failure to add one is a reason to log and not to fail. A line is appended by who holds the folder's
 * lock (small_file.h), so several writers lose nothing. A usual run's line is short, and is not synced. A file that holds anything but whole lines, after a
 * crash, or has grown to RUN_HISTORY_BYTES, is replaced whole by one of its newest lines.
 */
#ifndef NETTY_SPOOL_STATUS_RUN_HISTORY_H
#define NETTY_SPOOL_STATUS_RUN_HISTORY_H

#include "spool/store/spool.h"
#include <stddef.h>
#include <stdint.h>

#define RUN_HISTORY_KEPT    1100 /* a week, at one each ten minutes */
#define RUN_HISTORY_BYTES   (1 << 20)
#define RUN_HISTORY_WORD    16
#define RUN_HISTORY_REASON  64
#define RUN_HISTORY_MESSAGE 400

enum run_history_side {
    RUN_HISTORY_EXTRACT,
    RUN_HISTORY_LOAD
};

/* In the order of the file's members. Which of them a side has: run_history_count_of. */
enum run_count {
    RUN_REQUESTS,
    RUN_PAGES,
    RUN_RECORDS,
    RUN_BYTES,
    RUN_ERRORS, /* answers that were none, of any kind */
    RUN_SET_ASIDE,
    RUN_READ,
    RUN_INSERTED,
    RUN_UPDATED,
    RUN_UNCHANGED,
    RUN_STALE,
    RUN_FOLDED,
    RUN_DEAD,
    RUN_BATCHES,
    RUN_RETRIES,
    RUN_COUNTS
};

struct run_history_entry {
    int64_t began;
    int64_t ended;
    int64_t busy;        /* microseconds of work in between */
    int64_t complete_to; /* of the extractor's, or WHEN_NONE */
    int64_t backfill; /* when the backfill began that the run brought to its end; 0: it did not */
    char kind[RUN_HISTORY_WORD];     /* changes full since reconcile; load replay redrive */
    char status[RUN_HISTORY_WORD];   /* complete unproven partial throttled failed */
    char error[RUN_HISTORY_WORD];    /* err_word of what ended it, or "" */
    char reason[RUN_HISTORY_REASON]; /* of unproven: words with blanks between, or "" */
    char message
        [RUN_HISTORY_MESSAGE]; /* what ended it, for a person; cut where it is longer; or "" */
    int64_t counts[RUN_COUNTS];
};

struct run_history {
    struct run_history_entry *entries; /* the oldest first */
    size_t count;
};

const char *run_history_file(enum run_history_side side); /* its name in the table's folder */
const char *run_history_count_name(enum run_count count);
bool run_history_count_of(enum run_count count, enum run_history_side side);

enum err_code run_history_add(const struct spool *s, const char *table, enum run_history_side side,
                              const struct run_history_entry *run, struct err *e) MUST_CHECK;

/* The newest `most`. No file: OK, with no entries. The list is the caller's: run_history_free, also after a failure. */
enum err_code run_history_read(const struct spool *s, const char *table, enum run_history_side side,
                               size_t most, struct run_history *r, struct err *e) MUST_CHECK;
/* ERR_DAMAGED where a whole line is not what was written. */
enum err_code run_history_check(const struct spool *s, const char *table,
                                enum run_history_side side, struct err *e) MUST_CHECK;
/* Puts the error that ended the run in. */
void run_history_failed(struct run_history_entry *run, const struct err *err);
void run_history_free(struct run_history *r);
/* Has the extractor fetched everything anew since, from beginning to end? False also where that cannot be read. */
bool run_history_full_since(const struct spool *s, const char *table, int64_t since);

#endif

/*
 * What the last runs did: one line for each table and run, the newest RUN_HISTORY_KEPT of each program, in
 * <spool>/<table>/runs-extract.ndjson and runs-load.ndjson (FORMAT.md, 15).
 *
 *     struct run_history_entry run = {.began = began, .ended = when_now(), .busy = us, .kind = "changes",
 *                              .status = "complete", .complete_to = t};
 *     run.counts[RUN_REQUESTS] = 12;
 *     run_history_add(spool, "contacts", RUN_HISTORY_EXTRACT, &run, e);
 *
 * A line has counts, times, stable words, and the text of the error that ended the run; no record and no key. A damaged line is
 * passed over. A run does not fail because its line cannot be added; that is logged. Lines are appended under the folder's lock
 * (small_file.h), so several writers lose nothing. The line of a usual run is short, and is not synced. A file that has anything
 * but whole lines (after a crash), or has grown to RUN_HISTORY_BYTES, is replaced by a file of its newest lines.
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

/* In the order of the file's members. run_history_count_of says which of them a side has. */
enum run_count {
    RUN_REQUESTS,
    RUN_PAGES,
    RUN_RECORDS,
    RUN_BYTES,
    RUN_ERRORS, /* failed requests, of any kind */
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
    int64_t complete_to; /* the extractor's: complete up to here; or WHEN_NONE */
    int64_t backfill;    /* when the backfill began that this run brought to its end; 0: none */
    char kind[RUN_HISTORY_WORD];     /* changes full since reconcile; load replay redrive */
    char status[RUN_HISTORY_WORD];   /* complete unproven partial throttled failed */
    char error[RUN_HISTORY_WORD];    /* err_word of the error that ended it, or "" */
    char reason[RUN_HISTORY_REASON]; /* of unproven: words with blanks between, or "" */
    char message
        [RUN_HISTORY_MESSAGE]; /* the text of the error that ended it, cut where it is longer; or "" */
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

/* Reads the newest `most` entries. Without a file: OK, with no entries. The caller frees r with run_history_free, also after a
 * failure. */
enum err_code run_history_read(const struct spool *s, const char *table, enum run_history_side side,
                               size_t most, struct run_history *r, struct err *e) MUST_CHECK;
/* Fails with ERR_DAMAGED when a whole line of the file is damaged. */
enum err_code run_history_check(const struct spool *s, const char *table,
                                enum run_history_side side, struct err *e) MUST_CHECK;
/* Sets the entry's error and message to the error that ended the run. */
void run_history_failed(struct run_history_entry *run, const struct err *err);
void run_history_free(struct run_history *r);
/* Has the extractor fetched the whole table anew since that time, from beginning to end? False also where the file cannot be read. */
bool run_history_full_since(const struct spool *s, const char *table, int64_t since);

#endif

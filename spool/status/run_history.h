/*
 * What the last runs did, for those who watch: one line a table and run, the newest RUNS_KEPT of
 * each program, in <spool>/<table>/runs-extract.ndjson and runs-load.ndjson (FORMAT.md).
 *
 *     struct runs_entry run = {.began = began, .ended = when_now(), .busy = us, .kind = "changes",
 *                              .status = "complete", .complete_to = t};
 *     run.counts[RUN_REQUESTS] = 12;
 *     runs_add(spool, "contacts", RUNS_EXTRACT, &run, e);
 *
 * Counts, times and stable words only: nothing of a record, no key, no error's text. Nobody decides
 * anything by it, so a line that is damaged is passed over, and a failure to add one is a reason to
 * log and not to fail. The file is replaced whole, by who holds the folder's lock (small_file.h): several
 * writers lose nothing, a crash leaves the old one or the new one.
 */
#ifndef NETTY_SPOOL_STATUS_RUN_HISTORY_H
#define NETTY_SPOOL_STATUS_RUN_HISTORY_H

#include "spool/store/spool.h"
#include <stddef.h>
#include <stdint.h>

#define RUNS_KEPT 144 /* a day, at one each ten minutes */
#define RUNS_WORD 16

enum runs_side {
    RUNS_EXTRACT,
    RUNS_LOAD
};

/* In the order of the file's members. Which of them a side has: runs_count_of. */
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

struct runs_entry {
    int64_t began;
    int64_t ended;
    int64_t busy;           /* microseconds of work in between */
    int64_t complete_to;    /* of the extractor's, or WHEN_NONE */
    char kind[RUNS_WORD];   /* changes full reconcile; load replay redrive */
    char status[RUNS_WORD]; /* complete partial throttled failed */
    char error[RUNS_WORD];  /* err_word of what ended it, or "" */
    int64_t counts[RUN_COUNTS];
};

struct runs {
    struct runs_entry *entries; /* the oldest first */
    size_t count;
};

const char *runs_file(enum runs_side side); /* its name in the table's folder */
const char *runs_count_name(enum run_count count);
bool runs_count_of(enum run_count count, enum runs_side side);

enum err_code runs_add(const struct spool *s, const char *table, enum runs_side side,
                       const struct runs_entry *run, struct err *e) MUST_CHECK;

/* No file: OK, with no entries. The list is the caller's: runs_free, also after a failure. */
enum err_code runs_read(const struct spool *s, const char *table, enum runs_side side,
                        struct runs *r, struct err *e) MUST_CHECK;
void runs_free(struct runs *r);

#endif

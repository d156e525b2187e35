/*
 * What a run under way tries again because it failed: <table>/trying-extract.json and <table>/trying-load.json, left by the run
 * while that lasts, so that the verdict (spool/status/health.h) tells of it long before the run gives up and is in the history,
 * and whoever asks. Hints (hint_file.h): never synced, and lost they cost nothing but the sight of it.
 *
 *     struct failed_try tries = {.spool = s, .table = name, .load = true};
 *     failed_try_note(&tries, ERR_UNAVAILABLE);   // a try has failed, and another one follows
 *     failed_try_note(&tries, OK);                // it goes well, or the run has ended: cheap where nothing was noted
 */
#ifndef NETTY_SPOOL_ATTEMPT_FAILED_TRY_H
#define NETTY_SPOOL_ATTEMPT_FAILED_TRY_H

#include "spool/store/spool.h"
#include <stdbool.h>
#include <stdint.h>

/* A run that was killed leaves its word: it counts no longer than this, in microseconds. */
#define FAILED_TRY_COUNTS (INT64_C(3600) * 1000000)

struct failed_try {
    const struct spool *spool; /* these three are the caller's, and borrowed */
    const char *table;
    bool load;          /* the loader's; else the extractor's */
    bool looked;        /* what an earlier run may have left is gone */
    enum err_code told; /* what the file tells; OK: there is none */
};

/* Failures are no trouble, and told at debug level only. */
void failed_try_note(struct failed_try *t, enum err_code code);
/* What is tried again now; OK: nothing, as far as anybody has told. */
enum err_code failed_try_read(const struct spool *s, const char *table, bool load);

#endif

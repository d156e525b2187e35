/*
 * What a run under way tries again after a failure: <table>/trying-extract.json and <table>/trying-load.json. The run leaves
 * the file while it goes on trying, so that the verdict (spool/status/health.h) shows the failure long before the run gives up
 * and stands in the history. The files are hints (hint_file.h): never synced, and harmless to lose.
 *
 *     struct failed_try tries = {.spool = s, .table = name, .load = true};
 *     failed_try_note(&tries, ERR_UNAVAILABLE);   // a try has failed, and another one follows
 *     failed_try_note(&tries, OK);                // a try went well, or the run has ended; cheap if nothing was noted
 */
#ifndef NETTY_SPOOL_ATTEMPT_FAILED_TRY_H
#define NETTY_SPOOL_ATTEMPT_FAILED_TRY_H

#include "spool/store/spool.h"
#include <stdbool.h>
#include <stdint.h>

/* A run that was killed leaves its file behind, so a file counts for no longer than this. Microseconds. */
#define FAILED_TRY_COUNTS (INT64_C(3600) * 1000000)

struct failed_try {
    const struct spool *spool; /* set by the caller, with the next two; borrowed */
    const char *table;
    bool load;          /* the loader's file; else the extractor's */
    bool looked;        /* a file that an earlier run may have left was dealt with */
    enum err_code told; /* what the file says; OK: there is no file */
};

/* Does not fail: what goes wrong is logged at debug level. */
void failed_try_note(struct failed_try *t, enum err_code code);
/* Returns the failure after which a run tries again now; OK: none is known. */
enum err_code failed_try_read(const struct spool *s, const char *table, bool load);

#endif

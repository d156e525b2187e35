/*
 * The loader's caches of unchanged lines and of known members (FORMAT.md, 2), as far as the spool has to do with them: those
 * of databases that nobody loads any more go. What is in one is the loader's business alone.
 *
 * A cache is in use while a loader holds it with flock, and each load that uses it writes to it or at
 * least touches it. It goes when it was not written for so long, and its flock can be had. A loader that opens the file in the very
 * moment it goes finds it locked, or writes to one that has no name any more: either costs time, no more.
 */
#ifndef NETTY_SPOOL_MAINTENANCE_STALE_CACHES_H
#define NETTY_SPOOL_MAINTENANCE_STALE_CACHES_H

#include "shared/base/err.h"
#include <stdint.h>

/* However short pages are kept: what is loaded once a day is not to begin anew each time. */
#define STALE_CACHES_LEAST (INT64_C(86400) * 1000000)

struct stale_caches_sum {
    int64_t files; /* removed, or with dry_run: that would be */
    int64_t bytes; /* of them, as long as they are */
};

/* Of the table's folder dir, those last written before that time; adds to sum. A folder that is not
 * there has none. */
enum err_code stale_caches_prune(const char *dir, int64_t before, bool dry_run,
                                 struct stale_caches_sum *sum, struct err *e) MUST_CHECK;

#endif

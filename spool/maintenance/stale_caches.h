/*
 * Removes the loader's caches of unchanged lines and of known members (FORMAT.md, 2) that no load has used for long: those of
 * databases that are no longer loaded. What is in a cache is the loader's own affair.
 *
 * A loader holds a cache with flock while it uses it, and each load that uses it writes to it or touches it. A cache is removed
 * when it was not written for long enough and its flock is free. A loader that opens the file at that very moment finds it locked,
 * or writes to a file that has no name any more; both cost time only.
 */
#ifndef NETTY_SPOOL_MAINTENANCE_STALE_CACHES_H
#define NETTY_SPOOL_MAINTENANCE_STALE_CACHES_H

#include "shared/base/err.h"
#include <stdint.h>

/* A cache stays for a day at least, however short pages are kept: a database that is loaded once a day keeps its cache. */
#define STALE_CACHES_LEAST (INT64_C(86400) * 1000000)

struct stale_caches_sum {
    int64_t files; /* removed; with dry_run: that would be removed */
    int64_t bytes; /* of these files, by their lengths */
};

/* Removes those in the table's folder dir that were last written before that time, and adds them to sum. A folder that is not there
 * has none. */
enum err_code stale_caches_prune(const char *dir, int64_t before, bool dry_run,
                                 struct stale_caches_sum *sum, struct err *e) MUST_CHECK;

#endif

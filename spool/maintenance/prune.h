/*
 * Removes segments that are loaded and old, so that the spool stays bounded: of each table from the
 * front, the oldest first over all tables.
 *
 * A segment is removed only when
 *   - it is not its table's newest (the extractor's position is there),
 *   - there is an entry in loaded.json, and every database with an entry has all its pages (loaded.h),
 *   - every remote that the spool is pushed to has all its pages (ship_note.h),
 *   - all its pages can be read: damaged ones were never loaded (`netty-spool heal` comes first), and
 *   - it ended longer ago than conf.keep, or the spool is larger than conf.max.
 * The caller has had loaded.json written anew from the database just before.
 *
 * Removing a segment is one durable step (pruned.h); then its files are removed. A crash in between
 * leaves files that no reader looks at and that the next call removes. Safe beside extractor, loader
 * and readers. prune_run logs nothing, so that it can run in a worker thread.
 *
 * First of all the loader's caches are removed that no load has used for conf.keep, a day at least
 * (stale_caches.h).
 */
#ifndef NETTY_SPOOL_MAINTENANCE_PRUNE_H
#define NETTY_SPOOL_MAINTENANCE_PRUNE_H

#include "spool/control/loaded.h"
#include "spool/maintenance/stale_caches.h"

struct prune_conf {
    int64_t keep; /* microseconds */
    int64_t max;  /* bytes; 0: no bound */
    int64_t now;
    int64_t
        forget_after; /* microseconds: a database that was not asked for so long keeps nothing; 0: it does */
    bool dry_run;
    const char *const *tables; /* only these; the spool's size is that of all tables */
    size_t count;              /* 0: all */
};

/* One segment that was removed, or with dry_run would be. */
struct pruned {
    const char *table;
    uint64_t segment;
    int64_t bytes; /* of its files */
    int64_t ended; /* when the next segment began */
};
typedef enum err_code prune_fn(void *ctx, const struct pruned *p, struct err *e);

struct prune_sum {
    int64_t segments;               /* removed */
    int64_t bytes;                  /* of these segments */
    int64_t left;                   /* bytes of the spool afterwards */
    int64_t damaged;                /* segments that stay because they cannot be read */
    int64_t unknown;                /* tables that stay because their loaded.json is damaged */
    int64_t unclear;                /* ... because a note of what was pushed is damaged: */
    struct err note;                /* this one */
    struct stale_caches_sum caches; /* removed; not part of bytes */
    int64_t forgotten;              /* dropped entries of databases that were silent for too long */
    struct loaded_entry silent;     /* the last of these; or one that will be dropped soon */
    int64_t silent_soon;            /* entries that will be dropped soon */
};

/* Logs which databases were forgotten, or will be soon. To be called from the loop's thread. */
void prune_report_silent(const struct prune_sum *sum);

/* Logs what keeps loaded pages in the spool and is not whole. To be called from the loop's thread. */
void prune_report_stays(const struct prune_sum *sum);

/* Calls fn (which may be NULL) for each segment. What was removed before an error stays removed. */
enum err_code prune_run(const struct spool *s, const struct prune_conf *conf, prune_fn *fn,
                        void *ctx, struct prune_sum *sum, struct err *e) MUST_CHECK;

#endif

/*
 * Removes what is loaded and old, so that the spool stays bounded: whole segments, of each table
 * from the front, oldest first over all tables.
 *
 * A segment goes only when
 *   - it is not its table's newest (the extractor's position is there),
 *   - every database that has an entry in loaded.json has all of it (loaded.h), and there is one,
 *   - all its pages can be read: what is damaged was never loaded (`heal` comes first), and
 *   - it ended longer ago than conf.keep, or the spool is larger than conf.max.
 * Whoever calls has had loaded.json written anew from the database just now.
 *
 * A segment's end is one durable step (pruned.h), then its files go; a crash in between leaves
 * files that nobody looks at and that the next call removes. Safe beside extractor, loader and
 * viewers. Logs nothing, so that it can run in a worker thread.
 *
 * The loader's caches go first, those of databases that nobody loads any more (stale_caches.h): not written
 * for conf.keep, a day at least.
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
        forget_after; /* microseconds: a database that is silent for so long holds nothing up; 0: any does */
    bool dry_run;
    const char *const *tables; /* only these; the size counts all */
    size_t count;              /* 0: all */
};

/* One segment that was removed (or would be). */
struct pruned {
    const char *table;
    uint64_t segment;
    int64_t bytes; /* its files' */
    int64_t ended; /* when its successor began */
};
typedef enum err_code prune_fn(void *ctx, const struct pruned *p, struct err *e);

struct prune_sum {
    int64_t segments; /* removed */
    int64_t bytes;    /* of them */
    int64_t left;     /* bytes of the spool afterwards */
    int64_t damaged;  /* segments that stay because they cannot be read */
    int64_t unknown;  /* tables of which nobody can say what is loaded: loaded.json is damaged */
    struct stale_caches_sum caches; /* removed; not part of bytes */
    int64_t forgotten;              /* entries of databases that were silent for too long, */
    struct loaded_entry silent;     /* ... the last of them; or one that soon will be: */
    int64_t silent_soon;            /* entries of such */
};

/* Logs who was forgotten, or soon will be. For the loop's thread. */
void prune_report_silent(const struct prune_sum *sum);

/* fn may be NULL. What was done before an error stays done. */
enum err_code prune_run(const struct spool *s, const struct prune_conf *conf, prune_fn *fn,
                        void *ctx, struct prune_sum *sum, struct err *e) MUST_CHECK;

#endif

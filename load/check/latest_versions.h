/*
 * What the spool holds of a table, read as the loader reads it: every row, up to where a database has loaded the spool; and for a set of keys,
 * time and members of the newest version.
 *
 *     latest_versions_each(&conf, fn, ctx, &tally, e);          // every row, in order
 *
 *     latest_versions_open(&n, e);
 *     latest_versions_key(n, key, e) ...                        // ascending, at most LATEST_VERSIONS_KEYS
 *     latest_versions_read(n, &conf, names, &tally, e);         // reads the whole spool
 *     latest_versions_of(n, i) ...
 *     latest_versions_reset(n);                                 // on to the next keys
 *
 * The newest version is the one that upserts one by one would leave: the last one that is not older than the one before. With `names`, the sets of
 * members (shapes) are remembered by name. Memory: some tens of bytes a key, the shapes, and a few keys that are not in the set.
 */
#ifndef NETTY_LOAD_CHECK_LATEST_VERSIONS_H
#define NETTY_LOAD_CHECK_LATEST_VERSIONS_H

#include "load/row/lane.h"
#include "load/row/row.h"
#include "spool/store/spool.h"

#define LATEST_VERSIONS_KEYS     ((size_t)1 << 17)
#define LATEST_VERSIONS_STRAY    1000  /* keys that are not of the set which are remembered */
#define LATEST_VERSIONS_SHAPES   65536 /* different sets of members */
#define LATEST_VERSIONS_NO_SHAPE UINT32_MAX

struct latest_versions_conf {
    const struct spool *spool;
    const char *table;
    const char *schema; /* where it is in the database */
    struct row_conf row;
    struct lanes at; /* rows behind this place are not read */
};
struct latest_versions_tally {
    uint64_t rows;
    uint64_t refused; /* records that become dead letters */
    uint64_t damaged; /* pages */
    uint64_t behind;  /* rows that the database has not loaded yet */
};
typedef enum err_code latest_versions_fn(void *ctx, const struct row *row, const char *line,
                                         size_t n, struct err *e);
enum err_code latest_versions_each(const struct latest_versions_conf *conf, latest_versions_fn *fn,
                                   void *ctx, struct latest_versions_tally *tally,
                                   struct err *e) MUST_CHECK;

struct latest_versions_version {
    int64_t key;
    int64_t time; /* WHEN_NONE: no version has one */
    uint32_t shape;
    bool seen;    /* the spool has a version */
    bool deleted; /* of strays only: the newest version says so */
};

struct latest_versions;
enum err_code latest_versions_open(struct latest_versions **n, struct err *e) MUST_CHECK;
void latest_versions_close(struct latest_versions *n);
void latest_versions_reset(struct latest_versions *n); /* the shapes stay */
enum err_code latest_versions_key(struct latest_versions *n, int64_t key, struct err *e) MUST_CHECK;
enum err_code latest_versions_read(struct latest_versions *n,
                                   const struct latest_versions_conf *conf, bool names,
                                   struct latest_versions_tally *tally, struct err *e) MUST_CHECK;
size_t latest_versions_count(const struct latest_versions *n);
const struct latest_versions_version *latest_versions_of(const struct latest_versions *n, size_t i);
/* Keys from `low` to `high` that the spool has and the set has not. *more: there are others. */
void latest_versions_range(struct latest_versions *n, int64_t low, int64_t high);
size_t latest_versions_strays(const struct latest_versions *n,
                              const struct latest_versions_version **strays, bool *more);
/* The names of a shape's members, as a JSON array. */
const char *latest_versions_names(const struct latest_versions *n, uint32_t shape);
size_t latest_versions_shapes(const struct latest_versions *n);

#endif

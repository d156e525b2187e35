/*
 * What the spool holds of a table, as the loader reads it: each record's row, up to where a database
 * has loaded it; and, of a set of keys, the newest version's time and members.
 *
 *     newest_each(&conf, fn, ctx, &tally, e);          // every row, in order
 *
 *     newest_open(&n, e);
 *     newest_key(n, key, e) ...                        // ascending, at most NEWEST_KEYS
 *     newest_read(n, &conf, names, &tally, e);         // reads the whole spool
 *     newest_of(n, i) ...
 *     newest_reset(n);                                 // on to the next keys
 *
 * Memory: some tens of bytes a key, the shapes, and a few keys that are not of the set. The newest
 * version is the one that upserts one by one leave: the last one that is not older than the one
 * before. With `names` shapes are remembered, with the names of the members that data has.
 */
#ifndef NETTY_LOAD_CHECK_LATEST_VERSIONS_H
#define NETTY_LOAD_CHECK_LATEST_VERSIONS_H

#include "load/row/lane.h"
#include "load/row/row.h"
#include "spool/store/spool.h"

#define NEWEST_KEYS     ((size_t)1 << 17)
#define NEWEST_STRAY    1000  /* keys that are not of the set which are remembered */
#define NEWEST_SHAPES   65536 /* different sets of members */
#define NEWEST_NO_SHAPE UINT32_MAX

struct newest_conf {
    const struct spool *spool;
    const char *table;
    struct row_conf row;
    struct lanes at; /* no further than this */
};
struct newest_tally {
    uint64_t rows;
    uint64_t refused; /* records that are set aside */
    uint64_t damaged; /* pages */
    uint64_t behind;  /* rows that the database has not loaded yet */
};
typedef enum err_code newest_fn(void *ctx, const struct row *row, const char *line, size_t n,
                                struct err *e);
enum err_code newest_each(const struct newest_conf *conf, newest_fn *fn, void *ctx,
                          struct newest_tally *tally, struct err *e) MUST_CHECK;

struct newest_version {
    int64_t key;
    int64_t time; /* WHEN_NONE: no version has one */
    uint32_t shape;
    bool seen;    /* the spool has a version */
    bool deleted; /* of strays only: the newest version says so */
};

struct newest;
enum err_code newest_open(struct newest **n, struct err *e) MUST_CHECK;
void newest_close(struct newest *n);
void newest_reset(struct newest *n); /* the shapes stay */
enum err_code newest_key(struct newest *n, int64_t key, struct err *e) MUST_CHECK;
enum err_code newest_read(struct newest *n, const struct newest_conf *conf, bool names,
                          struct newest_tally *tally, struct err *e) MUST_CHECK;
size_t newest_count(const struct newest *n);
const struct newest_version *newest_of(const struct newest *n, size_t i);
/* Keys from `low` to `high` that the spool has and the set has not. *more: there are others. */
void newest_range(struct newest *n, int64_t low, int64_t high);
size_t newest_strays(const struct newest *n, const struct newest_version **strays, bool *more);
/* The names of a shape's members, as a JSON array. */
const char *newest_names(const struct newest *n, uint32_t shape);
size_t newest_shapes(const struct newest *n);

#endif

/*
 * The rows of one transaction, in memory: whole pages (or, of a page larger than a batch, a run of
 * its lines), folded, sorted by key, encoded as PostgreSQL's binary COPY or as binary arrays.
 *
 *     batch_open(&b, &conf, e);
 *     while (batch_add(b, &row, data, &outcome, e) == OK && outcome != BATCH_FULL) ...
 *     batch_sort(b);
 *     batch_encode_begin(out), batch_encode(b, &from, to, want, out) ..., batch_encode_end(out)
 *     batch_reset(b, NULL);
 *
 * Folding must give exactly what one-by-one upserts would. A one-by-one upsert of version v onto a
 * stored row is:
 *     both have a time and v's is older -> stale, nothing changes
 *     else data = stored.data || v.data, time_modified = v's or else the stored one,
 *     time_created = the stored one or else v's
 * So of two versions of a key in one batch:
 *   - both timed, the later line older: the later line is stale (it always would be)
 *   - both timed or both timeless, same shape (so that v1 || v2 = v2; with --update replace any
 *     shape), and v1's time_created none or equal to v2's: the later line replaces the earlier,
 *     which is counted folded
 *   - ... but not if a line was found stale because of the earlier line: BATCH_FULL. If the earlier line were folded away, the
 *     database could not refuse it, and the stale line would have been dropped for nothing
 *   - anything else: BATCH_FULL, the batch ends before the later line
 * If the database refuses some record of the batch, the batch is built again with fold = false.
 */
#ifndef NETTY_LOAD_BATCH_BATCH_H
#define NETTY_LOAD_BATCH_BATCH_H

#include "load/row/lane.h"
#include "load/row/row.h"
#include "spool/format/page.h"

/* The upper limits of rows_max and bytes_max. BATCH_DATA_MAX is also the most data of one row, somewhat less than PostgreSQL's text can
 * hold. */
#define BATCH_ROWS_MAX (1u << 20)
#define BATCH_DATA_MAX ((size_t)1000 << 20)

struct batch;

struct batch_conf {
    size_t rows_max;
    size_t bytes_max; /* of data; a single larger row makes a batch of its own */
    bool replace;     /* --update replace */
    bool fold;        /* false: a second version of a key ends the batch */
};

/* Whether the batch's pages are loaded in their turn. */
enum batch_late {
    BATCH_ON_TIME,
    BATCH_AGAIN, /* later pages are in already; the rows are rolled forward through them */
    BATCH_LATE /* the pages were fetched before what another branch has loaded: a stored row changes only if its time is smaller; or,
                    with the same time or none, if the new row is news */
};

/* How a row goes into the database (load/upsert/txn.h). */
enum batch_path {
    BATCH_SAME,    /* not at all: it is known to be unchanged, and was found to be so */
    BATCH_INSERT,  /* as a new row: its key was not there */
    BATCH_NEWER,   /* over a stored row that is older */
    BATCH_COMPARE, /* by a comparison in the server, in all other cases */
    BATCH_OLDER,   /* the same, and the stored row is newer */
};
#define BATCH_PATHS 5

struct batch_row {
    struct row row;
    size_t data_at;          /* in the batch's data; filled by batch_add */
    struct page_place place; /* where it came from, for dead letters */
    uint64_t line;           /* in the segment */
    bool kept_over_stale; /* private to batch.c: a later line was found stale because of this one */
    bool news; /* with BATCH_LATE: this branch had the record with the same time, and other data */
    enum batch_path path;
    bool
        cached; /* there is no data: the line leaves the row version of xid as it is (unchanged_cache.h) */
    uint64_t xid; /* if not cached: the transaction of the version that it left; 0: not known */
    union {
        uint64_t digest[2]; /* of the line; not of lines that were folded away */
        uint64_t at;        /* if cached: where (struct unchanged_seen) */
    };
};

enum batch_add {
    BATCH_ADDED,
    BATCH_FOLDED,
    BATCH_STALE,
    BATCH_FULL
};

enum err_code batch_open(struct batch **b, const struct batch_conf *conf, struct err *e) MUST_CHECK;
void batch_close(struct batch *b);                                /* NULL is fine */
void batch_reset(struct batch *b, const struct batch_conf *conf); /* NULL: as before */

/* Takes a row and its data, row->row.data_len bytes (copied). BATCH_FULL: not taken; send the batch
 * and offer the row again. ERR_INTERNAL for a time that PostgreSQL has not, ERR_TOO_BIG beyond
 * BATCH_DATA_MAX. */
enum err_code batch_add(struct batch *b, const struct batch_row *row, const char *data,
                        enum batch_add *outcome, struct err *e) MUST_CHECK;

/* Replaces the batch's row with the same key by this one, whatever the batch's bounds. */
enum err_code batch_put(struct batch *b, const struct batch_row *row, const char *data,
                        struct err *e) MUST_CHECK;

size_t batch_rows(const struct batch *b);  /* rows to send, without folded ones */
size_t batch_bytes(const struct batch *b); /* of their data */

/* Sorts the rows by key, so that two loaders lock them in the same order. Before that, rows are in the order of the first version of each
 * key. Valid until the next batch_add. */
void batch_sort(struct batch *b);
/* Sorts the rows into n shares (load/row/lane.h, lanes_share), one after the other: share i ends before row ends[i]. */
void batch_sort_shares(struct batch *b, unsigned n, size_t ends[]);
const struct batch_row *batch_row(const struct batch *b, size_t i, const char **data);

size_t batch_cached(const struct batch *b); /* rows without data */
/* The shapes (struct row) of the rows with data, each once; more than max: not all of them. */
size_t batch_shapes(const struct batch *b, uint64_t *shapes, size_t max);
/* The row with this key, or NULL. */
struct batch_row *batch_find(struct batch *b, int64_t key);
/* The i-th row of the order, to be written to. */
struct batch_row *batch_at(struct batch *b, size_t i);
/* The i-th row in the order of the first version of each key, sorted or not. */
const struct batch_row *batch_came(const struct batch *b, size_t i);
/* Returns true if in that order no key is less than the one before it, and the first is not less than *top. Sets *top to the greatest
 * key. */
bool batch_rises(const struct batch *b, int64_t *top);
/* Rows [first, end) of the order in groups by path, each sorted by key: group w ends before ends[w].
 * batch_same_path: all of them in one, sorted by key. */
void batch_group(struct batch *b, size_t first, size_t end, size_t ends[BATCH_PATHS]);
void batch_same_path(struct batch *b, size_t first, size_t end, enum batch_path path);

/* Rows [from, to) as binary COPY data, piecewise: adds to out until it has grown by `want` bytes or
 * more and moves *from on. begin and end add COPY's header and trailer. Columns: key int8, data
 * text, time_created timestamptz, time_modified timestamptz. On failure out is as before. */
enum err_code batch_encode_begin(struct buf *out) MUST_CHECK;
enum err_code batch_encode(const struct batch *b, size_t *from, size_t to, size_t want,
                           struct buf *out) MUST_CHECK;
enum err_code batch_encode_end(struct buf *out) MUST_CHECK;

/* The same for the table itself: key as an integer of key_size bytes, data as jsonb. */
enum err_code batch_encode_target(const struct batch *b, unsigned key_size, size_t *from, size_t to,
                                  size_t want, struct buf *out) MUST_CHECK;

/* The keys of rows [from, to) as a binary array of integers of key_size (2, 4, 8) bytes. */
enum err_code batch_encode_keys(const struct batch *b, unsigned key_size, size_t from, size_t to,
                                struct buf *out) MUST_CHECK;

/* Rows [from, to) as the four binary parameters of SQL_SOURCE_ARRAYS (load/database/sql.h), each added to
 * its buffer: bigint[], text[], timestamptz[], timestamptz[]. */
#define BATCH_ARRAYS 4
enum err_code batch_encode_arrays(const struct batch *b, size_t from, size_t to,
                                  struct buf out[BATCH_ARRAYS]) MUST_CHECK;

#endif

/*
 * The rows of one transaction, in memory: whole pages (or, of a page larger than a batch, a run of its
 * lines), folded, sorted by key, encoded as PostgreSQL's binary COPY.
 *
 * Folding must give exactly what one-by-one upserts would. A one-by-one upsert of version v onto a stored row is:
 *     both have a time and v's is older     -> stale, nothing changes
 *     else data = stored.data || v.data, time_modified = v's or else the stored one, time_created = the stored one or else v's
 * So of two versions of a key in one batch:
 *   - both timed, the later line older      -> the later line is stale (it always would be)
 *   - both timed or both timeless, same shape (so that v1 || v2 = v2), and v1's time_created none or equal to v2's (--update
 *     replace: any shape)                   -> the later line replaces the earlier, which is counted folded
 *   - anything else                         -> BATCH_FULL: the batch ends before the later line
 * Where the database refuses some record of the batch, folding is undone by building it again with fold = false.
 */
#ifndef NETTY_LOAD_BATCH_H
#define NETTY_LOAD_BATCH_H

#include "load/row.h"
#include "spool/page.h"

struct batch;

struct batch_conf {
    size_t rows_max;
    size_t bytes_max; /* of data; a single larger row makes a batch of its own */
    bool replace;     /* --update replace */
    bool fold;        /* false: a second version of a key ends the batch */
};

struct batch_row {
    struct row row;
    size_t data_at;          /* in the batch's data */
    struct page_place place; /* where it came from, for dead letters */
    uint64_t line;           /* in the segment */
};

enum batch_add { BATCH_ADDED, BATCH_FOLDED, BATCH_STALE, BATCH_FULL };

enum err_code batch_open(struct batch **b, const struct batch_conf *conf, struct err *e) MUST_CHECK;
void batch_close(struct batch *b);
void batch_reset(struct batch *b, const struct batch_conf *conf); /* NULL: as before */

/* Takes a row and its data (copied). BATCH_FULL: not taken; send the batch and offer the row again. */
enum err_code batch_add(struct batch *b, const struct batch_row *row, const char *data,
                        enum batch_add *outcome, struct err *e) MUST_CHECK;

size_t batch_rows(const struct batch *b); /* those to send: folded ones are gone */
size_t batch_bytes(const struct batch *b);

/* Sort by key (so that two loaders lock rows in the same order), then the i-th row. */
void batch_sort(struct batch *b);
const struct batch_row *batch_row(const struct batch *b, size_t i, const char **data);

/* Rows [from, to) as binary COPY data, piecewise: fills out up to about `want` bytes and moves *from on. begin and end
 * add COPY's header and trailer. Columns: key int8, data text, time_created timestamptz, time_modified timestamptz. */
enum err_code batch_encode_begin(struct buf *out) MUST_CHECK;
enum err_code batch_encode(const struct batch *b, size_t *from, size_t to, size_t want,
                           struct buf *out) MUST_CHECK;
enum err_code batch_encode_end(struct buf *out) MUST_CHECK;

#endif

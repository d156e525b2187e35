/*
 * The one writer of a table's segments (the extractor's side of the spool).
 *
 * Guarantee: a page, its position and its place are one durable step. When a page's callback says
 * OK the page survives a crash of program and machine; before that it may be there or not, but
 * never in part. Data is synced before the journal line that makes it visible is written, the
 * journal before the callback; the folder after a segment's creation and renaming. Pages that end
 * while a sync is under way share the next one (group commit), so fast pages cost fewer than two
 * syncs each.
 *
 *     writer_open(&w, loop, spool, "contacts", &conf, e);  // takes the table's lock, recovers
 *     writer_position(w)                                   // the last durable position, or NULL
 *     writer_begin(w, e);
 *       writer_append(w, line, n, e); ...                  // one record, without line end
 *     writer_end(w, &info, position, done, ctx, e);        // or writer_abort(w, e): nothing stays
 *     ... uv_run: done(ctx, rc, &info, err) in the order of writer_end ...
 *     writer_close(w, closed, ctx);                        // after the last commit
 *
 * A failed sync is never tried again: the segment is given up at its last acknowledged page, every
 * page after that is called back with ERR_IO (or ERR_FULL), and the next writer_begin starts a new
 * segment whose header carries the last acknowledged position. A segment found with a torn or
 * damaged journal is given up the same way on opening; the position is then that of the last page
 * before the damage. A place (segment, page) that a reader may have seen is never used for other
 * content.
 *
 * After an error of writer_append or writer_end the page is gone as if aborted; writer_abort may be
 * called and does nothing. With ERR_FULL and ERR_IO the same page can be tried again.
 *
 * Sealing: a segment that has reached conf.segment_size (records and journal), or whose first page
 * is older than conf.segment_age, is left before the next page. Once the next segment's first page
 * is durable, a worker thread compresses the old one, adds a footer with totals and the checksum of
 * the whole to its journal, and removes the plain file. Nobody waits for it but writer_close; a
 * failure is logged, and tried again later.
 *
 * All calls from the loop's thread. One page at a time is open; memory is one write buffer
 * (256 KiB), and the journal lines of the pages that are pending.
 */
#ifndef NETTY_SPOOL_WRITER_WRITER_H
#define NETTY_SPOOL_WRITER_WRITER_H

#include "spool/format/page.h"
#include "spool/store/spool.h"
#include <uv.h>

struct writer;

struct writer_conf {
    int64_t segment_size; /* bytes of NDJSON */
    int64_t segment_age;  /* microseconds */
    bool yields;          /* says from the first that others may have the lock (spool_lock_yield) */
};

typedef void writer_closed_fn(void *ctx);

enum err_code writer_open(struct writer **w, uv_loop_t *loop, const struct spool *s,
                          const char *table, const struct writer_conf *conf,
                          struct err *e) MUST_CHECK;

/* The position of the last durable page of the table (JSON text), or NULL when there is none. */
const char *writer_position(const struct writer *w);

enum err_code writer_begin(struct writer *w, struct err *e) MUST_CHECK;
enum err_code writer_append(struct writer *w, const char *line, size_t n, struct err *e) MUST_CHECK;
/* info: fetched, complete_to, low and high are the caller's. position: JSON text of one object, at
 * most PAGE_POSITION_MAX. Errors that are returned are not called back. */
enum err_code writer_end(struct writer *w, const struct page_info *info, const char *position,
                         writer_done_fn *done, void *ctx, struct err *e) MUST_CHECK;
/* The same, but a page that says nothing new is left out: one without a record, or one that repeats the table's last
 * page byte for byte. Then only the position moves (moved.h), which a crash of the machine may undo: done is called with
 * OK, and with the last page's place. For a position of which nothing but a further look depends. */
enum err_code writer_end_or_move(struct writer *w, const struct page_info *info,
                                 const char *position, writer_done_fn *done, void *ctx,
                                 struct err *e) MUST_CHECK;
enum err_code writer_abort(struct writer *w, struct err *e) MUST_CHECK;

/* Pages ended and not yet called back: a caller far ahead of the disk waits until this falls. */
size_t writer_pending(const struct writer *w);

/* Waits (on the loop) for pending commits and compressions, releases the lock, calls closed. */
void writer_close(struct writer *w, writer_closed_fn *closed, void *ctx);

#endif

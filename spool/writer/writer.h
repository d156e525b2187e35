/*
 * The one writer of a table's segments (the extractor's side of the spool).
 *
 * Guarantee: a page, its position and its place become durable in one step. Once a page's callback has
 * got OK, the page survives a crash of the program and of the machine. Before that the page may be there
 * or not, but never in part. Records are synced before the journal line that makes them visible is
 * written, the journal before the callback, and the folder after a segment's creation and renaming.
 * Pages that end while a sync is under way share the next sync (group commit), so fast pages cost fewer
 * than two syncs each.
 *
 *     writer_open(&w, loop, spool, "contacts", &conf, e);  // takes the table's lock, recovers
 *     writer_position(w)                                   // the last durable position, or NULL
 *     writer_begin(w, e);
 *       writer_append(w, line, n, e); ...                  // one record, without line end
 *     writer_end(w, &info, position, done, ctx, e);        // or writer_abort(w, e): the page is dropped
 *     ... uv_run: done(ctx, rc, &info, err) in the order of writer_end ...
 *     writer_close(w, closed, ctx);                        // after the last commit
 *
 * A failed sync is never repeated. The segment is given up at its last acknowledged page; every later
 * page of it is called back with ERR_IO (or ERR_FULL), and the next writer_begin starts a new segment
 * whose header has the last acknowledged position. When writer_open finds a segment with a torn or
 * damaged journal, it gives the segment up in the same way; the position is then that of the last page
 * before the damage. A place (segment, page) that a reader may have seen is never used for other
 * content.
 *
 * After an error of writer_append or writer_end the page is dropped; a call of writer_abort then does
 * nothing. After ERR_FULL and ERR_IO the same page can be tried again.
 *
 * Sealing: a segment that has reached conf.segment_size (records and journal), or whose first page is
 * older than conf.segment_age, gets no further page. Once the next segment's first page is durable, a
 * worker thread compresses the old segment, adds a footer with totals and the checksum of all records to
 * its journal, and removes the plain file. Only writer_close waits for this. A failure is logged, and
 * sealing is tried again later.
 *
 * All calls are made from the loop's thread. One page is open at a time. Memory: one write buffer
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
    bool yields;          /* others may have the lock between two pages (spool_lock_yield) */
};

typedef void writer_closed_fn(void *ctx);

enum err_code writer_open(struct writer **w, uv_loop_t *loop, const struct spool *s,
                          const char *table, const struct writer_conf *conf,
                          struct err *e) MUST_CHECK;

/* Returns the position of the last durable page of the table (JSON text), or NULL when there is none. */
const char *writer_position(const struct writer *w);

enum err_code writer_begin(struct writer *w, struct err *e) MUST_CHECK;
enum err_code writer_append(struct writer *w, const char *line, size_t n, struct err *e) MUST_CHECK;
/* Ends the page. The caller sets fetched, complete_to, low and high of info. position is the JSON text of one object, at most
 * PAGE_POSITION_MAX bytes. After an error `done` is not called. */
enum err_code writer_end(struct writer *w, const struct page_info *info, const char *position,
                         writer_done_fn *done, void *ctx, struct err *e) MUST_CHECK;
/* The same, but a page that says nothing new is not written: a page without a record, or one that repeats the table's last page
 * byte for byte. Then only the position changes (moved.h), which a crash of the machine may undo. `done` is called with OK and
 * with the last page's place. Only for positions whose loss costs nothing but another request. */
enum err_code writer_end_or_move(struct writer *w, const struct page_info *info,
                                 const char *position, writer_done_fn *done, void *ctx,
                                 struct err *e) MUST_CHECK;
enum err_code writer_abort(struct writer *w, struct err *e) MUST_CHECK;

/* Returns how many pages have ended and were not called back yet. A caller that is far ahead of the disk waits until the number
 * falls. */
size_t writer_pending(const struct writer *w);

/* Waits, on the loop, for pending commits and compressions; then releases the lock and calls closed. */
void writer_close(struct writer *w, writer_closed_fn *closed, void *ctx);

#endif

/*
 * A segment's journal file: which pages there are, and where the table stands after each. Its lines
 * (journal_codec.h) are checksummed; FORMAT.md is the standard.
 *
 * Reading takes complete lines only, as they come, beside a writer:
 *
 *     journal_open(&j, dir, 7, e);
 *     for (;;) {
 *         journal_next(j, &line, e);
 *         switch (line->kind) {
 *         case JOURNAL_HEADER: case JOURNAL_PAGE: case JOURNAL_FOOTER: ...
 *         case JOURNAL_BAD:     a complete line that is not what was written; go on
 *         case JOURNAL_BAD_END: only the line end after the last line is damaged
 *         case JOURNAL_END:     no complete line now; line->tail: bytes of one begun
 *         }
 *     }
 *
 * Memory: one buffer of JOURNAL_BUFFER bytes.
 */
#ifndef NETTY_SPOOL_JOURNAL_JOURNAL_H
#define NETTY_SPOOL_JOURNAL_JOURNAL_H

#include "spool/journal/journal_codec.h"
#include "spool/segment/segment.h"

#define JOURNAL_BUFFER (2 * JOURNAL_LINE_MAX)

struct journal;
/* ERR_IO with e->sys == ENOENT where there is none. */
enum err_code journal_open(struct journal **j, const char *dir, uint64_t segment,
                           struct err *e) MUST_CHECK;
void journal_close(struct journal *j);
/* The line lives until the next call. Errors: ERR_IO; ERR_CONFIG for a newer format. */
enum err_code journal_next(struct journal *j, const struct journal_line **line,
                           struct err *e) MUST_CHECK;
/* The line that the last call gave. */
const struct journal_line *journal_line(const struct journal *j);
/* Makes what has been read so far last: what a reader has acted on must not vanish with the
 * machine's memory, or its place would be given to other content. */
enum err_code journal_sync(struct journal *j, struct err *e) MUST_CHECK;
/* How far into the file what has been read reaches, lines that are still to be handed out included.
 */
uint64_t journal_read_to(const struct journal *j);

/* The header alone. ERR_DAMAGED when the first line is not one. */
enum err_code journal_read_header(const char *dir, uint64_t segment, struct journal_header *h,
                                  struct err *e) MUST_CHECK;

/* The footer alone; *there tells whether the last line is one. */
enum err_code journal_read_footer(const char *dir, uint64_t segment, struct journal_footer *f,
                                  bool *there, struct err *e) MUST_CHECK;

#endif

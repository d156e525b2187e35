/*
 * A segment's journal file: which pages there are, and the table's position after each. Its lines
 * (journal_codec.h) are checksummed; FORMAT.md is the standard.
 *
 * A reader gets complete lines only, while a writer may be adding more:
 *
 *     journal_open(&j, dir, 7, e);
 *     for (;;) {
 *         journal_next(j, &line, e);
 *         switch (line->kind) {
 *         case JOURNAL_HEADER: case JOURNAL_PAGE: case JOURNAL_FOOTER: ...
 *         case JOURNAL_BAD:     a complete line that is damaged; go on
 *         case JOURNAL_BAD_END: the line end behind the last line is damaged, nothing else
 *         case JOURNAL_END:     no further complete line now; line->tail: bytes of an incomplete one
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
/* ERR_IO with e->sys == ENOENT where there is no journal. */
enum err_code journal_open(struct journal **j, const char *dir, uint64_t segment,
                           struct err *e) MUST_CHECK;
void journal_close(struct journal *j);
/* For a caller that wants pages from `page` on: of the intact lines of earlier pages, the checksum is verified, but only
 * the page's number is told: line->page is otherwise 0, and line->position stays as it was. */
void journal_skim(struct journal *j, uint64_t page);
/* The line lives until the next call. Errors: ERR_IO; ERR_CONFIG for a newer format. */
enum err_code journal_next(struct journal *j, const struct journal_line **line,
                           struct err *e) MUST_CHECK;
/* The line that the last call gave. */
const struct journal_line *journal_line(const struct journal *j);
/* Syncs the file, so that the lines read so far are durable. A page that a reader has acted on must not vanish when the
 * machine stops, since its place would then be used for other content. */
enum err_code journal_sync(struct journal *j, struct err *e) MUST_CHECK;
/* Returns how many bytes of the file have been read, including lines that are yet to be handed out. */
uint64_t journal_read_to(const struct journal *j);

/* Reads the header alone. ERR_DAMAGED when the first line is no header. */
enum err_code journal_read_header(const char *dir, uint64_t segment, struct journal_header *h,
                                  struct err *e) MUST_CHECK;

/* Reads the footer alone; *there is whether the last line is a footer. */
enum err_code journal_read_footer(const char *dir, uint64_t segment, struct journal_footer *f,
                                  bool *there, struct err *e) MUST_CHECK;

#endif

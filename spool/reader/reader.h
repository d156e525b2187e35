/*
 * Reads a table's committed pages in order, from open, sealed and compressed segments alike, while a
 * writer may be adding more. The loader and netty-spool read with this.
 *
 *     reader_open(&r, spool, "contacts", e);
 *     reader_seek(r, place, e);           // the last page that is not wanted; {0,0}: from the start
 *     for (;;) {
 *         rc = reader_next(r, &info, &what, e);
 *         READER_PAGE:    a page whose checksum is right;
 *                         while (reader_line(r, &line, &n, e) == OK && line) ...
 *         READER_DAMAGED: e says which file, page and byte are damaged; the next call goes on behind it
 *         READER_END:     no further page now; a writer may add one later
 *     }
 *
 * A page is handed out only when the checksum of the whole page is right and its journal line is known
 * to be durable. So a page that a reader has acted on keeps its place, whatever the machine does next.
 * Memory: one read buffer and the longest line (cap: PAGE_LINE_MAX). Pages of up to READER_PAGE_CACHE
 * bytes are read once, larger ones twice. A segment that is missing between two others is damage, and
 * reported once, unless it was pruned. Damage that was healed (healed.h) is passed over.
 */
#ifndef NETTY_SPOOL_READER_READER_H
#define NETTY_SPOOL_READER_READER_H

#include "spool/format/page.h"
#include "spool/store/spool.h"

#define READER_PAGE_CACHE (1u << 20)

struct reader;
enum reader_what {
    READER_PAGE,
    READER_DAMAGED,
    READER_END
};

enum err_code reader_open(struct reader **r, const struct spool *s, const char *table,
                          struct err *e) MUST_CHECK;
/* For callers that only count: pages as the journals list them. Records are neither read nor checked, and reader_line gives
 * none. */
enum err_code reader_open_trusting(struct reader **r, const struct spool *s, const char *table,
                                   struct err *e) MUST_CHECK;
void reader_close(struct reader *r);

enum err_code reader_seek(struct reader *r, struct page_place after, struct err *e) MUST_CHECK;

/* info is valid until the next call. With READER_DAMAGED, info->place is the place to seek to in order to go on behind the
 * damage without being told of it again; it is {n,0}, and all else in info is 0, where the damage is not that of one page.
 * Damage is no error: the result is OK, and e describes it. Errors are those of the disk (ERR_IO) and of a newer format
 * (ERR_CONFIG). */
enum err_code reader_next(struct reader *r, const struct page_info **info, enum reader_what *what,
                          struct err *e) MUST_CHECK;

/* Sets *line to the page's next line, without its line end; NULL after the last one. Valid until the next call. A line longer
 * than PAGE_LINE_MAX is ERR_TOO_BIG, with its length in the message; the next call gives the line after it. */
enum err_code reader_line(struct reader *r, const char **line, size_t *n, struct err *e) MUST_CHECK;
/* Goes back to the page's first line. */
enum err_code reader_rewind(struct reader *r, struct err *e) MUST_CHECK;

/* Instead of reader_line: gives the page's bytes piece by piece; *n is 0 after the last piece. A piece is valid until the next
 * call. */
enum err_code reader_bytes(struct reader *r, const char **p, size_t *n, struct err *e) MUST_CHECK;

/* Returns the page's line in the journal, without its line end. Valid until the next call of reader_next. */
const char *reader_journal_line(const struct reader *r, size_t *n);

/* Returns the file of the current page, relative to the spool ("contacts/0000000001.ndjson"). */
const char *reader_file(const struct reader *r);
/* Returns the position in the line of the last page that was read: JSON text. */
const char *reader_position(const struct reader *r);

#endif

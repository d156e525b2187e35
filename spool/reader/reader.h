/*
 * Reads a table's committed pages in order: open, sealed and compressed segments alike, beside a
 * running writer (the loader's side of the spool, and netty-spool's).
 *
 *     reader_open(&r, spool, "contacts", e);
 *     reader_seek(r, place, e);           // the last page already had; {0,0}: from the start
 *     for (;;) {
 *         rc = reader_next(r, &info, &what, e);
 *         READER_PAGE:    its checksum has been verified;
 *                         while (reader_line(r, &line, &n, e) == OK && line) ...
 *         READER_DAMAGED: this cannot be trusted; e says file, page and byte; go on with
 *                         the next call
 *         READER_END:     no more now; ask again later: a writer may be adding
 *     }
 *
 * Nothing of a page is handed out before the checksum of the whole page was right, nor before its
 * journal line is durable: a place that was acted on stays taken, whatever the machine does next.
 * Memory: one read buffer and the longest line (cap: PAGE_LINE_MAX); pages up to
 * READER_PAGE_CACHE are read once, larger ones twice. A segment missing between two others is
 * damage (named once) unless pruned from the front. Damage that was healed (healed.h) is passed over.
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
/* For those who only count: pages by the journals' word alone, their records neither read nor
 * checked (reader_line gives none). */
enum err_code reader_open_trusting(struct reader **r, const struct spool *s, const char *table,
                                   struct err *e) MUST_CHECK;
void reader_close(struct reader *r);

enum err_code reader_seek(struct reader *r, struct page_place after, struct err *e) MUST_CHECK;

/* info lives until the next call. info->place is also set for READER_DAMAGED: the place to seek to
 * in order to go on behind the damage, without being told of it again ({n,0} where it is not one
 * page's; then all else in info is 0). Errors returned are those of the disk (ERR_IO) and of a
 * newer format (ERR_CONFIG); damage is not an error but an answer, with its description in e. */
enum err_code reader_next(struct reader *r, const struct page_info **info, enum reader_what *what,
                          struct err *e) MUST_CHECK;

/* The page's next line without its line end; *line is NULL after the last. Lives until the next
 * call. ERR_TOO_BIG for a line longer than PAGE_LINE_MAX, told with its length: it is passed over,
 * and the next call gives the one after it. */
enum err_code reader_line(struct reader *r, const char **line, size_t *n, struct err *e) MUST_CHECK;
/* Back to the page's first line. */
enum err_code reader_rewind(struct reader *r, struct err *e) MUST_CHECK;

/* The page's bytes as they stand, piece by piece, in place of its lines; *n is 0 behind the last. A piece lives until the next
 * call. */
enum err_code reader_bytes(struct reader *r, const char **p, size_t *n, struct err *e) MUST_CHECK;

/* The page's line in the journal, without its line end. Lives until the next call of reader_next. */
const char *reader_journal_line(const struct reader *r, size_t *n);

/* The file behind the page at hand, relative to the spool ("contacts/0000000001.ndjson"). */
const char *reader_file(const struct reader *r);
/* The position that the last page read carried: JSON text. */
const char *reader_position(const struct reader *r);

#endif

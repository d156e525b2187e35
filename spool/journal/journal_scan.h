/*
 * Reads a table's journals as one sequence of pages, across segments, while a writer may be adding
 * more. Finds damaged and missing pages; passes over those that the writer gave up. The records
 * themselves are not looked at; the reader (reader.h) does that.
 *
 *     journal_scan_open(&s, dir, table, flags, e);
 *     journal_scan_seek(s, place);
 *     for (;;) {
 *         journal_scan_next(s, &what, e);
 *         JOURNAL_SCAN_PAGE:    journal_scan_page(s) is the page
 *         JOURNAL_SCAN_DAMAGED: e has the message; journal_scan_page(s)->place is where to go on from
 *         JOURNAL_SCAN_END:     no further page now
 *     }
 */
#ifndef NETTY_SPOOL_JOURNAL_JOURNAL_SCAN_H
#define NETTY_SPOOL_JOURNAL_JOURNAL_SCAN_H

#include "spool/format/page.h"
#include "spool/journal/journal.h"

enum journal_scan_what {
    JOURNAL_SCAN_PAGE,
    JOURNAL_SCAN_DAMAGED,
    JOURNAL_SCAN_END
};
/* JOURNAL_SCAN_ACT: the caller acts on the pages, so each must be known to be durable before it is handed out (acked.h). */
enum journal_scan_use {
    JOURNAL_SCAN_LOOK,
    JOURNAL_SCAN_ACT
};

struct journal_scan;
enum err_code journal_scan_open(struct journal_scan **s, const char *dir, const char *table,
                                enum journal_scan_use use, struct err *e) MUST_CHECK;
void journal_scan_close(struct journal_scan *s);
void journal_scan_seek(struct journal_scan *s, struct page_place after);
enum err_code journal_scan_next(struct journal_scan *s, enum journal_scan_what *what,
                                struct err *e) MUST_CHECK;

const struct page_info *journal_scan_page(const struct journal_scan *s);
const char *journal_scan_position(
    const struct journal_scan *s); /* of that page, or the header's; "" for none */
/* Returns that page's line as it stands in the journal, without its line end. Valid until the next call. */
const char *journal_scan_line(const struct journal_scan *s, size_t *n);
/* To be asked when a file of the current segment is missing: has the segment been pruned since the folder was read? */
enum err_code journal_scan_is_pruned(struct journal_scan *s, bool *pruned,
                                     struct err *e) MUST_CHECK;
/* Leaves the current segment: the next call goes on with the segment after it. */
void journal_scan_skip_segment(struct journal_scan *s);

#endif

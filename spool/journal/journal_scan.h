/*
 * A table's journals as one sequence of pages, across segments, beside a writer: what is there,
 * what was given up, and what is missing. The records themselves are not looked at: that is the
 * reader's part.
 *
 *     journal_scan_open(&s, dir, table, flags, e);
 *     journal_scan_seek(s, place);
 *     for (;;) {
 *         journal_scan_next(s, &what, e);
 *         JOURNAL_SCAN_PAGE:    journal_scan_page(s) tells which
 *         JOURNAL_SCAN_DAMAGED: e says what; journal_scan_page(s)->place is where to go on from
 *         JOURNAL_SCAN_END:     no more now
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
/* JOURNAL_SCAN_ACT: what it hands out will be acted on, so it must be durable first (acked.h). */
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
/* That page's line as it stands in the journal, without its line end. Lives until the next call. */
const char *journal_scan_line(const struct journal_scan *s, size_t *n);
/* The segment at hand is not there any more: has it been pruned since the folder was read? */
enum err_code journal_scan_is_pruned(struct journal_scan *s, bool *pruned,
                                     struct err *e) MUST_CHECK;
/* Leaves the segment at hand: the next call goes on with the one after it. */
void journal_scan_skip_segment(struct journal_scan *s);

#endif

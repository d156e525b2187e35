/*
 * A table's journals as one sequence of pages, across segments, beside a writer: what is there,
 * what was given up, and what is missing. The records themselves are not looked at: that is the
 * reader's part.
 *
 *     scan_open(&s, dir, table, flags, e);
 *     scan_seek(s, place);
 *     for (;;) {
 *         scan_next(s, &what, e);
 *         SCAN_PAGE:    scan_page(s) tells which
 *         SCAN_DAMAGED: e says what; scan_page(s)->place is where to go on from
 *         SCAN_END:     no more now
 *     }
 */
#ifndef NETTY_SPOOL_JOURNAL_JOURNAL_SCAN_H
#define NETTY_SPOOL_JOURNAL_JOURNAL_SCAN_H

#include "spool/format/page.h"
#include "spool/journal/journal.h"

enum scan_what {
    SCAN_PAGE,
    SCAN_DAMAGED,
    SCAN_END
};
/* SCAN_ACT: what it hands out will be acted on, so it must be durable first (acked.h). */
enum scan_use {
    SCAN_LOOK,
    SCAN_ACT
};

struct scan;
enum err_code scan_open(struct scan **s, const char *dir, const char *table, enum scan_use use,
                        struct err *e) MUST_CHECK;
void scan_close(struct scan *s);
void scan_seek(struct scan *s, struct page_place after);
enum err_code scan_next(struct scan *s, enum scan_what *what, struct err *e) MUST_CHECK;

const struct page_info *scan_page(const struct scan *s);
const char *scan_position(const struct scan *s); /* of that page, or the header's; "" for none */
/* The segment at hand is not there any more: has it been pruned since the folder was read? */
enum err_code scan_is_pruned(struct scan *s, bool *pruned, struct err *e) MUST_CHECK;
/* Leaves the segment at hand: the next call goes on with the one after it. */
void scan_skip_segment(struct scan *s);

#endif

/*
 * The lines of a segment's journal: what they hold, and how they are written as text and read back.
 * FORMAT.md is the standard. The file that the lines are in is journal.h's.
 */
#ifndef NETTY_SPOOL_JOURNAL_JOURNAL_CODEC_H
#define NETTY_SPOOL_JOURNAL_JOURNAL_CODEC_H

#include "shared/base/buf.h"
#include "shared/base/table_names.h"
#include "spool/format/page.h"

#define JOURNAL_FORMAT 1
#define JOURNAL_LINE_MAX                                                                           \
    (PAGE_POSITION_MAX + 4096) /* a page's times are escaped at worst six-fold */

enum journal_kind {
    JOURNAL_HEADER,
    JOURNAL_PAGE,
    JOURNAL_FOOTER,
    JOURNAL_BAD,
    JOURNAL_BAD_END,
    JOURNAL_END
};

struct journal_header {
    char table[NAMES_TABLE_MAX + 1];
    uint64_t segment;
    int64_t created;
    struct page_place previous; /* the last page that counts before this segment; {0,0}: none */
    uint64_t chain;             /* of the last page that counts before this segment; 0: not told */
};
struct journal_footer {
    int64_t sealed;
    uint64_t pages;
    uint64_t records;
    uint64_t bytes;
    uint64_t hash; /* XXH3-64 of the segment's whole NDJSON */
};
struct journal_line {
    enum journal_kind kind;
    uint64_t at; /* byte of the journal where it begins */
    size_t tail; /* JOURNAL_END */
    const char
        *text; /* read from a file: the line itself, n bytes without its line end; else NULL */
    size_t n;
    const char *position; /* JOURNAL_HEADER, JOURNAL_PAGE: JSON text; "" where there is none yet */
    const char *why;      /* JOURNAL_BAD */
    struct journal_header header;
    struct page_info page;
    struct journal_footer footer;
};

/* text[0..n) is one line without its line end. Fills kind and what belongs to it, and position
 * (untouched for a footer). ERR_DAMAGED when it is not a line that was written so; ERR_CONFIG: a
 * newer format. */
enum err_code journal_decode(const char *text, size_t n, struct journal_line *line,
                             char position[PAGE_POSITION_MAX + 1], struct err *e) MUST_CHECK;

/* One line each, appended to b. position: NULL or "" for none. */
enum err_code journal_add_header(struct buf *b, const struct journal_header *h,
                                 const char *position) MUST_CHECK;
/* p->chain is that of the page before (0: none) when called, and this page's own afterwards: the
 * XXH3-64 of the one before and of what the line says of the page. A place with its chain is one
 * page in all histories of a spool. A line from before chains is read as if no page came before. */
enum err_code journal_add_page(struct buf *b, struct page_info *p, const char *position) MUST_CHECK;
enum err_code journal_add_footer(struct buf *b, const struct journal_footer *f) MUST_CHECK;

#endif

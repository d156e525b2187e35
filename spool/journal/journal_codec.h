/*
 * The lines of a segment's journal: what they hold, and how they are written as text and read back.
 * FORMAT.md is the standard. journal.h reads the file that holds the lines.
 */
#ifndef NETTY_SPOOL_JOURNAL_JOURNAL_CODEC_H
#define NETTY_SPOOL_JOURNAL_JOURNAL_CODEC_H

#include "shared/base/buf.h"
#include "shared/base/table_names.h"
#include "spool/format/page.h"

#define JOURNAL_FORMAT 1
#define JOURNAL_LINE_MAX                                                                           \
    (PAGE_POSITION_MAX + 4096) /* escaping makes a page's times six times longer at worst */

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
    uint64_t chain;             /* of the last page that counts before this segment; 0: not known */
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

/* Decodes text[0..n), one line without its line end. Sets line->kind and the members of that kind, and position (untouched for
 * a footer). ERR_DAMAGED when the line is damaged or of no known kind; ERR_CONFIG for a newer format. */
enum err_code journal_decode(const char *text, size_t n, struct journal_line *line,
                             char position[PAGE_POSITION_MAX + 1], struct err *e) MUST_CHECK;

/* Each appends one line to b. position: NULL or "" for none. */
enum err_code journal_add_header(struct buf *b, const struct journal_header *h,
                                 const char *position) MUST_CHECK;
/* When called, p->chain is the chain of the page before (0: none); afterwards it is this page's own: the XXH3-64 of the chain
 * before and of what the line says of the page. In all histories of a spool, a place and a chain together name one page. A line
 * without a chain (an older version wrote it) is read as if no page came before it. */
enum err_code journal_add_page(struct buf *b, struct page_info *p, const char *position) MUST_CHECK;
enum err_code journal_add_footer(struct buf *b, const struct journal_footer *f) MUST_CHECK;

#endif

/*
 * What the spool knows of one page. A page holds the records of one answer of the API, and becomes visible
 * whole or not at all.
 *
 * A page's place is (segment, page) within its table. Segments are numbered from 1, and a number is never
 * used again; pages are numbered from 1 within a segment. Pages are in the order in which they were
 * fetched. A page may hold no record; then only the table's position changes.
 */
#ifndef NETTY_SPOOL_FORMAT_PAGE_H
#define NETTY_SPOOL_FORMAT_PAGE_H

#include "shared/base/err.h"
#include <stdint.h>

#define PAGE_TIME_MAX     40    /* a source time as text, e.g. 2024-05-13 10:22:33.123456+02:00 */
#define PAGE_POSITION_MAX 16384 /* the extractor's position, JSON text */
#define PAGE_LINE_MAX     (64u << 20) /* the longest record, in bytes */

struct page_place {
    uint64_t segment; /* 0: before everything */
    uint64_t page;    /* 0: before the segment's first */
};

struct page_info {
    struct page_place place;
    uint64_t offset;     /* of its first byte in the segment's NDJSON */
    uint64_t bytes;      /* its records with their line ends */
    uint64_t records;    /* = lines */
    uint64_t first_line; /* number in the segment of its first line, from 1 */
    uint64_t hash;       /* XXH3-64 of those bytes */
    uint64_t durable;    /* pages of its segment that were durable when it ended; 0: not known */
    uint64_t chain;  /* which page it is, by all pages up to it (journal_codec.h); 0: not known */
    int64_t fetched; /* when its answer was complete, microseconds (shared/time/when.h) */
    int64_t
        complete_to; /* with this page the table is complete up to here; WHEN_NONE: that is not known */
    /* The least and the greatest outermost time_modified of the records, as the source wrote them; "" where no record has one.
     * They tell what to fetch again if the page is damaged. */
    char low[PAGE_TIME_MAX];
    char high[PAGE_TIME_MAX];
};

/* The writer calls this when a page is durable (rc is OK), or cannot be made durable (rc and err). The writer has set place,
 * offset, bytes, records, first_line and hash of info. */
typedef void writer_done_fn(void *ctx, enum err_code rc, const struct page_info *info,
                            const struct err *err);

/* Returns -1, 0 or 1: a is before, at or after b. */
static inline int page_compare(struct page_place a, struct page_place b)
{
    if (a.segment != b.segment)
        return a.segment < b.segment ? -1 : 1;
    if (a.page != b.page)
        return a.page < b.page ? -1 : 1;
    return 0;
}

#endif

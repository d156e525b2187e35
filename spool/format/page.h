/*
 * What the spool knows of one page: the unit that becomes visible whole or not at all.
 *
 * A page's name is (table, segment, page): segments count up from 1 and are never used again, pages
 * count up from 1 within one. Order of pages is order of fetching. A page may hold no record: then
 * only the position moves.
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
    uint64_t durable;    /* pages of its segment that were durable when it ended; 0: not told */
    uint64_t chain;  /* which page it is, by all pages up to it (journal_codec.h); 0: not known */
    int64_t fetched; /* when its answer was complete, microseconds (shared/time/when.h) */
    int64_t
        complete_to; /* the table is complete up to here once this page is there; or WHEN_NONE */
    char low[PAGE_TIME_MAX]; /* least and greatest outermost time_modified of its records, as the */
    char high[PAGE_TIME_MAX]; /* source wrote them; "" where none has one: what to fetch again if it
                                 is damaged */
};

/* Called when a page is durable, or cannot be made so (rc, err). The writer has filled in place,
 * offset, bytes, records, first_line and hash of info. */
typedef void writer_done_fn(void *ctx, enum err_code rc, const struct page_info *info,
                            const struct err *err);

/* -1, 0, 1 */
static inline int page_compare(struct page_place a, struct page_place b)
{
    if (a.segment != b.segment)
        return a.segment < b.segment ? -1 : 1;
    if (a.page != b.page)
        return a.page < b.page ? -1 : 1;
    return 0;
}

#endif

/*
 * The page at hand: from an answer's bytes to lines in the spool, with all that the crawl and the
 * journal want to know of it.
 *
 *     page_open(&p, &parts, e);
 *     page_start(p);                        // before each request
 *       page_body(p, bytes, n, e); ...      // may fail: the page must be taken back then
 *     page_finish(p, e);                    // the body has ended: was it a whole page?
 *     page_keep(p, position, complete_to, done, ctx, e);   // or page_take_back(p, e): nothing of
 * it stays
 *
 * Elements that are no objects go to the table's dead letters, durably, before the page is kept;
 * one that lies there already is not added again.
 */
#ifndef NETTY_EXTRACT_PAGE_FETCHED_PAGE_H
#define NETTY_EXTRACT_PAGE_FETCHED_PAGE_H

#include "extract/crawl/crawl.h"
#include "extract/page/page_parser.h"
#include "spool/store/spool.h"
#include "spool/writer/writer.h"

struct page;

/* Who wants to see the records of a page, and not to keep them. */
struct page_sink {
    enum err_code (*record)(void *ctx, const struct parse_record *r, struct err *e);
    void (*odd)(void *ctx); /* an element that is no object */
    void *ctx;
};

/* All borrowed. */
struct page_parts {
    const struct spool *spool;
    const char *table;
    struct writer *writer; /* NULL: sink is there instead; page_keep is not called then */
    const struct page_sink *sink;
    struct crawl *crawl;
    struct zone *zone;
    size_t record_max;
    uint64_t page_max;
};

enum err_code page_open(struct page **p, const struct page_parts *parts, struct err *e) MUST_CHECK;
void page_close(struct page *p);

void page_start(struct page *p);
/* The records of the answers to come are counted by this crawl; NULL: by none. */
void page_crawl(struct page *p, struct crawl *crawl);
enum err_code page_body(struct page *p, const char *bytes, size_t n, struct err *e) MUST_CHECK;
enum err_code page_finish(struct page *p, struct parse_result *result, struct err *e) MUST_CHECK;
enum err_code page_take_back(struct page *p, struct err *e) MUST_CHECK;
enum err_code page_keep(struct page *p, const char *position, int64_t complete_to,
                        writer_done_fn *done, void *ctx, struct err *e) MUST_CHECK;

#endif

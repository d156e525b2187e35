/*
 * One page of one table, from the bytes of an answer to lines in the spool. The crawl is told of each record.
 *
 *     fetched_page_open(&p, &parts, e);
 *     fetched_page_start(p, &request, sum);         // before each request
 *       fetched_page_body(p, bytes, n, e); ...      // if it fails, the page must be discarded
 *     fetched_page_finish(p, &result, e);           // the body has ended: was it a whole page?
 *     fetched_page_store_aside(p, e);               // makes the page's dead letters durable, before any position relies on them
 *     then one of
 *       fetched_page_keep(p, position, complete_to, done, ctx, e)
 *       fetched_page_discard(p, e)                  // nothing of the page stays
 *       fetched_page_take_back(p, e)                // only the bytes of places that were stepped over stay, as dead letters
 *
 * Elements that are no objects, malformed, or larger than a record may be become dead letters of the table. An element that
 * is among these already is not added again.
 */
#ifndef NETTY_EXTRACT_PAGE_FETCHED_PAGE_H
#define NETTY_EXTRACT_PAGE_FETCHED_PAGE_H

#include "extract/crawl/crawl.h"
#include "extract/page/page_key.h"
#include "extract/parser/page_parser.h"
#include "spool/dead_report/dead_reasons.h"
#include "spool/store/spool.h"
#include "spool/writer/writer.h"

struct fetched_page;

/* Takes the records of a page that is only looked at, and not kept. */
struct fetched_page_sink {
    enum err_code (*record)(void *ctx, const struct page_parser_record *r, struct err *e);
    void (*non_record)(void *ctx); /* an element that is no object */
    void *ctx;
};

/* All borrowed. */
struct fetched_page_parts {
    const struct spool *spool;
    const char *table;
    struct page_key *key;  /* the key's name; page_key_judge checks it when the answer has ended */
    struct writer *writer; /* NULL: the records go to sink; fetched_page_keep is not called then */
    const struct fetched_page_sink *sink;
    struct crawl *crawl;
    struct zone *zone;
    size_t record_max;
    uint64_t page_max;
};

enum err_code fetched_page_open(struct fetched_page **p, const struct fetched_page_parts *parts,
                                struct err *e) MUST_CHECK;
void fetched_page_close(struct fetched_page *p);

/* Begins an answer. request says what is asked for (limit 0: not known); sum is malformed_sum of the last answer to the same
 * request, or 0. A page of several parts is begun by the first part and continued by requests that `goes_on` (crawl.h). A
 * request that only `looks` leaves the page as it is. */
void fetched_page_start(struct fetched_page *p, const struct crawl_request *request, uint64_t sum);
/* After fetched_page_start: as page_parser_expect_elements. */
void fetched_page_expect_elements(struct fetched_page *p, uint64_t elements, uint64_t last_sum);
/* After a request for one record (request.alone) has failed: returns true if the record's bytes came, and fills seen, which is
 * valid until the next fetched_page_start. *sum: a checksum of the bytes. */
bool fetched_page_bytes(const struct fetched_page *p, struct crawl_seen *seen, uint64_t *sum);
/* Adds those bytes to the page's dead letters. */
enum err_code fetched_page_set_aside(struct fetched_page *p, struct err *e) MUST_CHECK;
/* Reports the records of the answers to come to this crawl; NULL: to none. */
void fetched_page_crawl(struct fetched_page *p, struct crawl *crawl);
enum err_code fetched_page_body(struct fetched_page *p, const char *bytes, size_t n,
                                struct err *e) MUST_CHECK;
enum err_code fetched_page_finish(struct fetched_page *p, struct page_parser_result *result,
                                  struct err *e) MUST_CHECK;
/* As page_parser_is_whole. */
bool fetched_page_is_whole(struct fetched_page *p);
/* Returns how many dead letters the kept pages have added; and the same by reason. */
uint64_t fetched_page_new_letters(const struct fetched_page *p);
const struct dead_reasons *fetched_page_reasons(const struct fetched_page *p);
enum err_code fetched_page_discard(struct fetched_page *p, struct err *e) MUST_CHECK;
enum err_code fetched_page_take_back(struct fetched_page *p, struct err *e) MUST_CHECK;
enum err_code fetched_page_store_aside(struct fetched_page *p, struct err *e) MUST_CHECK;
enum err_code fetched_page_keep(struct fetched_page *p, const char *position, int64_t complete_to,
                                writer_done_fn *done, void *ctx, struct err *e) MUST_CHECK;
/* As fetched_page_keep, but a page without news is not written (writer_end_or_move). */
enum err_code fetched_page_keep_news(struct fetched_page *p, const char *position,
                                     int64_t complete_to, writer_done_fn *done, void *ctx,
                                     struct err *e) MUST_CHECK;

#endif

/*
 * The page at hand: from an answer's bytes to lines in the spool, with all that the crawl and the
 * journal want to know of it.
 *
 *     fetched_page_open(&p, &parts, e);
 *     fetched_page_start(p, &request, sum);                // before each request
 *       fetched_page_body(p, bytes, n, e); ...      // may fail: the page must be taken back then
 *     fetched_page_finish(p, e);                    // the body has ended: was it a whole page?
 *     fetched_page_store_aside(p, e);               // what is set aside is durable, before anything counts on it
 *     fetched_page_keep(p, position, complete_to, done, ctx, e);   // or fetched_page_discard(p, e): nothing of
 * it stays; or fetched_page_take_back(p, e): nothing but the bytes of what was stepped over
 *
 * Elements that are no objects, malformed, or larger than a record may be, go to the table's dead letters;
 * one that lies there already is not added again.
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

/* Who wants to see the records of a page, and not to keep them. */
struct fetched_page_sink {
    enum err_code (*record)(void *ctx, const struct page_parser_record *r, struct err *e);
    void (*non_record)(void *ctx); /* an element that is no object */
    void *ctx;
};

/* All borrowed. */
struct fetched_page_parts {
    const struct spool *spool;
    const char *table;
    struct page_key *key;  /* its name; page_key_judge tells of it when the answer has ended */
    struct writer *writer; /* NULL: sink is there instead; fetched_page_keep is not called then */
    const struct fetched_page_sink *sink;
    struct crawl *crawl;
    struct zone *zone;
    size_t record_max;
    uint64_t page_max;
};

enum err_code fetched_page_open(struct fetched_page **p, const struct fetched_page_parts *parts,
                                struct err *e) MUST_CHECK;
void fetched_page_close(struct fetched_page *p);

/* What is asked for (limit 0: not known); sum: malformed_sum of the last answer to the same request, or 0. A page of
 * several parts is begun by the first, and may be added to by those that go on (crawl.h); answers that are only looked
 * at leave it as it is. */
void fetched_page_start(struct fetched_page *p, const struct crawl_request *request, uint64_t sum);
/* The answer to a request for one record, which failed: are its bytes there? seen lives until the next start. */
bool fetched_page_bytes(const struct fetched_page *p, struct crawl_seen *seen);
/* They belong to what is set aside when the page is kept. */
enum err_code fetched_page_set_aside(struct fetched_page *p, struct err *e) MUST_CHECK;
/* The records of the answers to come are counted by this crawl; NULL: by none. */
void fetched_page_crawl(struct fetched_page *p, struct crawl *crawl);
enum err_code fetched_page_body(struct fetched_page *p, const char *bytes, size_t n,
                                struct err *e) MUST_CHECK;
enum err_code fetched_page_finish(struct fetched_page *p, struct page_parser_result *result,
                                  struct err *e) MUST_CHECK;
/* page_parser_is_whole */
bool fetched_page_is_whole(struct fetched_page *p);
/* Elements of the kept pages that were set aside and were not among the dead letters before. */
uint64_t fetched_page_new_letters(const struct fetched_page *p);
const struct dead_reasons *fetched_page_reasons(const struct fetched_page *p); /* the same */
enum err_code fetched_page_discard(struct fetched_page *p, struct err *e) MUST_CHECK;
enum err_code fetched_page_take_back(struct fetched_page *p, struct err *e) MUST_CHECK;
enum err_code fetched_page_store_aside(struct fetched_page *p, struct err *e) MUST_CHECK;
enum err_code fetched_page_keep(struct fetched_page *p, const char *position, int64_t complete_to,
                                writer_done_fn *done, void *ctx, struct err *e) MUST_CHECK;
/* The same; a page that says nothing new is left out (writer_end_or_move). */
enum err_code fetched_page_keep_news(struct fetched_page *p, const char *position,
                                     int64_t complete_to, writer_done_fn *done, void *ctx,
                                     struct err *e) MUST_CHECK;

#endif

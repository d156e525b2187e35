#include "extract/page/fetched_page.h"
#include "extract/page/non_records.h"
#include "extract/parser/page_salvage.h"
#include "shared/json/json_hint.h"
#include "shared/time/when.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define MESSAGE_MAX 256
#define LARGE_KEPT  ((size_t)64 << 10) /* bytes of a record that is too large */

struct fetched_page {
    struct fetched_page_parts parts;
    struct page_parser *parser;
    struct non_records *non_records;
    bool begun;            /* with the writer */
    bool looks;            /* the answer's records belong to no page */
    bool open;             /* a page is under way */
    struct record_raw raw; /* of the answer to a request for one record; n 0: none */
    char why[MESSAGE_MAX];
    uint64_t bytes;
    struct page_info info; /* low and high as far as known */
    int64_t low;
    int64_t high;
};

static enum err_code begin(struct fetched_page *p, struct err *e)
{
    if (p->begun || p->parts.writer == NULL)
        return OK;
    enum err_code rc = non_records_look(p->non_records, e);
    if (rc == OK)
        rc = writer_begin(p->parts.writer, e);
    p->begun = rc == OK;
    return rc;
}

/* Keeps the source's own text of a time; the parsed time only tells which is less. */
static void note_time(struct fetched_page *p, const char *s, size_t n)
{
    int64_t t = WHEN_NONE;
    if (n == 0 || n >= PAGE_TIME_MAX || when_parse(s, n, p->parts.zone, &t) != OK || t == WHEN_NONE)
        return;
    if (p->low == WHEN_NONE || t < p->low) {
        p->low = t;
        memcpy(p->info.low, s, n);
        p->info.low[n] = 0;
    }
    if (p->high == WHEN_NONE || t > p->high) {
        p->high = t;
        memcpy(p->info.high, s, n);
        p->info.high[n] = 0;
    }
}

/* What a column of PostgreSQL's type integer can hold; a string of digits, too. */
static bool integer_key(const char *s, size_t n, int64_t *key)
{
    size_t i = n > 0 && s[0] == '-' ? 1 : 0;
    int64_t value = 0;
    if (n == i || n > i + 10)
        return false;
    for (size_t at = i; at < n; at++) {
        if (s[at] < '0' || s[at] > '9')
            return false;
        value = value * 10 + (s[at] - '0');
    }
    *key = i > 0 ? -value : value;
    return *key >= INT32_MIN && *key <= INT32_MAX;
}

static enum err_code on_record(void *ctx, const struct page_parser_record *r, struct err *e)
{
    struct fetched_page *p = ctx;
    struct crawl_seen seen = {
        .identity = r->key != NULL ? XXH3_64bits(r->key, r->key_len) : XXH3_64bits(r->line, r->len),
        .time = r->time,
        .time_len = r->time_len,
    };
    seen.keyed = r->key != NULL && integer_key(r->key, r->key_len, &seen.key);
    enum err_code rc = page_key_record(p->parts.key, r, e);
    if (rc == OK && p->parts.crawl != NULL)
        rc = crawl_record(p->parts.crawl, &seen, e);
    if (rc != OK || p->looks)
        return rc;
    if (p->parts.sink != NULL)
        rc = p->parts.sink->record(p->parts.sink->ctx, r, e);
    else
        rc = writer_append(p->parts.writer, r->line, r->len, e);
    if (rc != OK)
        return rc;
    if (seen.keyed && p->parts.sink == NULL)
        non_records_note_record(p->non_records, seen.key);
    p->bytes += r->len + 1;
    note_time(p, r->time, r->time_len);
    return OK;
}

/* The element has a place in the API's list like any other, so the crawl must count it. */
static enum err_code on_non_record(void *ctx, const char *raw, size_t n, uint64_t number,
                                   struct err *e)
{
    struct fetched_page *p = ctx;
    struct crawl_seen seen = {.identity = XXH3_64bits(raw, n), .odd = true};
    enum err_code rc = p->parts.crawl != NULL ? crawl_record(p->parts.crawl, &seen, e) : OK;
    if (p->looks)
        return rc;
    if (p->parts.sink != NULL) {
        p->parts.sink->non_record(p->parts.sink->ctx);
        return rc;
    }
    struct non_record found = {.reason = "not-an-object",
                               .message = "an element of data that is no object",
                               .raw = raw,
                               .len = n,
                               .number = number};
    return rc == OK ? non_records_add(p->non_records, &found, e) : rc;
}

/* A record that is no JSON, or too large. It has len bytes, the first n of which are at raw. */
static enum err_code set_aside(struct fetched_page *p, const struct record_raw *r, uint64_t number,
                               bool stepped, const char *why, struct err *e)
{
    char message[MESSAGE_MAX];
    size_t kept = r->too_large && r->n > LARGE_KEPT ? LARGE_KEPT : r->n;
    if (p->parts.sink != NULL) {
        p->parts.sink->non_record(p->parts.sink->ctx);
        return OK;
    }
    if (r->too_large)
        (void)snprintf(message, sizeof message,
                       "a record of %" PRIu64
                       " bytes, more than --max-record-bytes; its XXH3 is %016" PRIx64
                       ", and these are the first %zu bytes",
                       r->len, r->hash, kept);
    else
        (void)snprintf(message, sizeof message, "%s", why);
    struct non_record found = {.reason = r->too_large ? "too-large" : "malformed",
                               .message = message,
                               .raw = r->raw,
                               .len = kept,
                               .number = number,
                               .stepped = stepped};
    return non_records_add(p->non_records, &found, e);
}

/* Identifies the record to the crawl by its key and time, if these can be made out: as after it is mended. */
static struct crawl_seen seen_of(const char *key, const char *raw, size_t n, struct json_hint *hint)
{
    *hint = json_hint_read(key, raw, n);
    struct crawl_seen seen = {.identity = hint->key_len > 0 ? XXH3_64bits(hint->key, hint->key_len)
                                                            : XXH3_64bits(raw, n),
                              .time = hint->time_len > 0 ? hint->time : NULL,
                              .time_len = hint->time_len};
    return seen;
}

static enum err_code on_malformed(void *ctx, const struct page_parser_malformed *m, struct err *e)
{
    struct fetched_page *p = ctx;
    struct json_hint hint;
    struct crawl_seen seen = seen_of(page_key_name(p->parts.key), m->raw, m->len, &hint);
    seen.aside = true;
    seen.hinted = hint.key_len > 0 && integer_key(hint.key, hint.key_len, &seen.key);
    struct record_raw raw = {.raw = m->raw, .n = m->len, .len = m->len, .too_large = m->too_large};
    if (m->too_large)
        raw.hash = XXH3_64bits(m->raw, m->len);
    enum err_code rc = p->parts.crawl != NULL ? crawl_record(p->parts.crawl, &seen, e) : OK;
    return rc == OK && !p->looks ? set_aside(p, &raw, m->number, false, m->why, e) : rc;
}

enum err_code fetched_page_open(struct fetched_page **p, const struct fetched_page_parts *parts,
                                struct err *e)
{
    static const struct page_parser_handler handler = {
        .record = on_record, .non_record = on_non_record, .malformed = on_malformed};
    *p = NULL;
    struct fetched_page *made = calloc(1, sizeof *made);
    if (made == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a page");
    made->parts = *parts;
    struct page_parser_conf conf = {.key = page_key_name(parts->key),
                                    .record_max = parts->record_max,
                                    .page_max = parts->page_max};
    enum err_code rc = page_parser_open(&made->parser, &conf, &handler, made, e);
    struct non_records_conf set_aside = {.spool = parts->spool,
                                         .table = parts->table,
                                         .key = page_key_name(parts->key),
                                         .zone = parts->zone,
                                         .max = parts->record_max};
    if (rc == OK)
        rc = non_records_open(&made->non_records, &set_aside, e);
    if (rc != OK)
        fetched_page_close(made);
    else
        *p = made;
    return rc;
}

void fetched_page_close(struct fetched_page *p)
{
    if (p == NULL)
        return;
    page_parser_close(p->parser);
    non_records_close(p->non_records);
    free(p);
}

void fetched_page_crawl(struct fetched_page *p, struct crawl *crawl)
{
    p->parts.crawl = crawl;
}

uint64_t fetched_page_new_letters(const struct fetched_page *p)
{
    return non_records_new(p->non_records);
}

const struct dead_reasons *fetched_page_reasons(const struct fetched_page *p)
{
    return non_records_reasons(p->non_records);
}

void fetched_page_start(struct fetched_page *p, const struct crawl_request *request, uint64_t sum)
{
    page_parser_set_key(p->parser, page_key_name(p->parts.key));
    page_key_begin(p->parts.key);
    bool part = request->looks || request->goes_on;
    page_parser_start(p->parser);
    page_parser_expect(p->parser, request->offset, request->apart ? 0 : request->limit, sum);
    if (request->alone)
        page_parser_alone(p->parser);
    p->looks = request->looks;
    p->raw.n = 0;
    if (request->goes_on && p->parts.sink != NULL)
        for (unsigned i = 0; i < request->gap; i++)
            p->parts.sink->non_record(p->parts.sink->ctx);
    if (part && p->open)
        return;
    non_records_reset(p->non_records);
    p->open = true;
    p->bytes = 0;
    p->info = (struct page_info){.fetched = WHEN_NONE};
    p->low = p->high = WHEN_NONE;
}

void fetched_page_expect_elements(struct fetched_page *p, uint64_t elements, uint64_t last_sum)
{
    page_parser_expect_elements(p->parser, elements, last_sum);
}

enum err_code fetched_page_body(struct fetched_page *p, const char *bytes, size_t n, struct err *e)
{
    enum err_code rc = p->looks ? OK : begin(p, e);
    return rc == OK ? page_parser_feed(p->parser, bytes, n, e) : rc;
}

enum err_code fetched_page_finish(struct fetched_page *p, struct page_parser_result *result,
                                  struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = page_parser_finish(p->parser, result, &why);
    (void)snprintf(p->why, sizeof p->why, "%.*s", MESSAGE_MAX - 1, why.msg);
    if (rc == OK || !page_parser_raw(p->parser, &p->raw))
        p->raw.n = 0;
    if (rc != OK && e != NULL)
        *e = why;
    return rc;
}

bool fetched_page_is_whole(struct fetched_page *p)
{
    return page_parser_is_whole(p->parser);
}

bool fetched_page_bytes(const struct fetched_page *p, struct crawl_seen *seen, uint64_t *sum)
{
    struct json_hint hint;
    if (p->raw.n == 0)
        return false;
    *seen = seen_of(page_key_name(p->parts.key), p->raw.raw, p->raw.n, &hint);
    *sum = p->raw.hash;
    if (hint.key_len > 0)
        seen->keyed = integer_key(hint.key, hint.key_len, &seen->key);
    return true;
}

enum err_code fetched_page_set_aside(struct fetched_page *p, struct err *e)
{
    return set_aside(p, &p->raw, 1, true, p->why, e);
}

enum err_code fetched_page_discard(struct fetched_page *p, struct err *e)
{
    p->open = false;
    if (!p->begun)
        return OK;
    p->begun = false;
    return writer_abort(p->parts.writer, e);
}

enum err_code fetched_page_take_back(struct fetched_page *p, struct err *e)
{
    enum err_code rc =
        p->open && p->parts.sink == NULL ? non_records_store_stepped(p->non_records, e) : OK;
    return rc == OK ? fetched_page_discard(p, e) : rc;
}

enum err_code fetched_page_store_aside(struct fetched_page *p, struct err *e)
{
    enum err_code rc = begin(p, e);
    return rc == OK ? non_records_store(p->non_records, e) : rc;
}

static enum err_code ended(struct fetched_page *p, int64_t complete_to, struct err *e)
{
    enum err_code rc = begin(p, e);
    if (rc != OK)
        return rc;
    p->open = false;
    p->info.fetched = when_now();
    p->info.complete_to = complete_to;
    p->begun = false;
    return OK;
}

enum err_code fetched_page_keep(struct fetched_page *p, const char *position, int64_t complete_to,
                                writer_done_fn *done, void *ctx, struct err *e)
{
    enum err_code rc = ended(p, complete_to, e);
    return rc == OK ? writer_end(p->parts.writer, &p->info, position, done, ctx, e) : rc;
}

enum err_code fetched_page_keep_news(struct fetched_page *p, const char *position,
                                     int64_t complete_to, writer_done_fn *done, void *ctx,
                                     struct err *e)
{
    enum err_code rc = ended(p, complete_to, e);
    return rc == OK ? writer_end_or_move(p->parts.writer, &p->info, position, done, ctx, e) : rc;
}

#include "extract/parser/page_parser.h"
#include "extract/parser/page_parser_private.h"
#include "shared/json/json_memory.h"
#include <stdlib.h>
#include <string.h>

/* yajl scans a token that is cut by a chunk's end again from its beginning. Beyond this size, more
 * is gathered before it tries again, so that the work stays linear. It is also how much of a record
 * is held back until it is there whole, for then it can be scanned (element_scan.h). */
#define GATHER_FROM ((size_t)64 << 10)

enum err_code page_parser_fail(struct page_parser *p, enum err_code code, const char *reason,
                               uint64_t at)
{
    if (p->failed == OK)
        p->failed = err_set(&p->err, code, "the answer is no page: %s (byte %llu)", reason,
                            (unsigned long long)at);
    return p->failed;
}

enum err_code page_parser_open(struct page_parser **p, const struct page_parser_conf *conf,
                               const struct page_parser_handler *handler, void *ctx, struct err *e)
{
    *p = calloc(1, sizeof **p);
    if (*p == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a parser");
    (*p)->conf = *conf;
    page_parser_set_key(*p, conf->key);
    (*p)->handler = *handler;
    (*p)->ctx = ctx;
    buf_init(&(*p)->partial, conf->record_max);
    buf_init(&(*p)->gathered, 2 * conf->record_max + GATHER_FROM);
    buf_init(&(*p)->body, PAGE_PARSER_BODY_MAX);
    page_parser_open_edges(*p);
    page_parser_start(*p);
    return OK;
}

void page_parser_set_key(struct page_parser *p, const char *key)
{
    p->conf.key = key;
    p->key_len = strlen(key);
}

void page_parser_close(struct page_parser *p)
{
    if (p == NULL)
        return;
    if (p->yajl != NULL)
        yajl_free(p->yajl);
    buf_free(&p->partial);
    buf_free(&p->gathered);
    buf_free(&p->body);
    buf_free(&p->lead);
    record_bytes_close(p->bytes);
    free(p);
}

void page_parser_restart(struct page_parser *p)
{
    if (p->yajl != NULL)
        yajl_free(p->yajl);
    p->yajl = json_memory_yajl(&page_parser_callbacks, p);
    yajl_config(p->yajl, yajl_dont_validate_strings, 1); /* json_text_check does it, and strictly */
    yajl_config(p->yajl, yajl_allow_trailing_garbage, 1); /* page_parser_behind judges it */
    p->text = (struct json_text_check){0};
    buf_reset(&p->partial);
    buf_reset(&p->gathered);
    p->base = p->last_token = 0;
    p->enough = 0;
    p->scanned = NULL;
    p->where = IN_ANSWER;
    p->meaning = MEMBER_OTHER;
    p->depth = 0;
    p->complete = p->data_seen = p->spaced = p->numbered = p->bare = false;
}

void page_parser_start(struct page_parser *p)
{
    page_parser_restart(p);
    buf_reset(&p->body);
    buf_reset(&p->lead);
    p->received = p->behind = 0;
    p->begun = p->emptied = p->hollow = p->error_seen = p->named = false;
    p->body_lost = p->collecting = p->replaying = false;
    p->element_at = PAGE_PARSER_NOWHERE;
    p->offset = 0;
    p->limit = 0;
    p->alone = false;
    p->known_sum = p->known_elements = 0;
    p->result = (struct page_parser_result){.count = -1};
    p->failed = OK;
}

void page_parser_expect(struct page_parser *p, uint64_t offset, unsigned limit, uint64_t sum)
{
    p->known_sum = sum;
    p->offset = offset;
    p->limit = limit;
}

void page_parser_expect_elements(struct page_parser *p, uint64_t elements, uint64_t last_sum)
{
    p->known_elements = elements;
    p->known_last = last_sum;
}

void page_parser_alone(struct page_parser *p)
{
    if (p->bytes == NULL)
        p->bytes = record_bytes_open();
    if (p->bytes != NULL)
        record_bytes_start(p->bytes);
    p->alone = p->bytes != NULL;
}

bool page_parser_raw(const struct page_parser *p, struct record_raw *out)
{
    bool read = p->failed == ERR_PROTOCOL || p->failed == ERR_TOO_BIG;
    if (!p->alone || !read || p->received > p->conf.page_max || !record_bytes_end(p->bytes, out))
        return false;
    out->too_large = p->failed == ERR_TOO_BIG || out->len > p->conf.record_max;
    return true;
}

/* Keeps the part of an element that has come, since its chunk goes away. */
static void save_partial(struct page_parser *p, size_t n)
{
    if (p->where == IN_DATA)
        page_parser_skip_separators(p, n);
    if (p->where == IN_ANSWER || p->from >= n)
        return;
    enum err_code rc = buf_add(&p->partial, p->chunk + p->from, n - p->from);
    if (rc == ERR_TOO_BIG)
        page_parser_fail(p, rc, "a record is larger than max-record-bytes", p->base + n);
    else if (rc != OK)
        p->failed = buf_err(&p->err, rc, &p->partial, "a record");
}

static void yajl_failed(struct page_parser *p)
{
    if (p->failed != OK)
        return;
    unsigned char *text = yajl_get_error(p->yajl, 0, NULL, 0);
    char reason[160] = "not valid JSON";
    if (text != NULL) {
        size_t n = strcspn((const char *)text, "\n");
        n = n < sizeof reason ? n : sizeof reason - 1;
        memcpy(reason, text, n);
        reason[n] = 0;
        yajl_free_error(p->yajl, text);
    }
    page_parser_fail(p, ERR_PROTOCOL, reason, p->base + yajl_get_bytes_consumed(p->yajl));
}

/* Lets yajl read n bytes, which stand for `real` bytes of the body. */
static void feed_yajl(struct page_parser *p, const char *bytes, size_t n, size_t real)
{
    p->chunk = bytes;
    p->from = p->last = 0;
    if (yajl_parse(p->yajl, (const unsigned char *)bytes, n) != yajl_status_ok)
        yajl_failed(p);
    if (p->last > 0)
        p->last_token = p->base + (p->last == n ? real : p->last);
    if (p->failed == OK)
        save_partial(p, n);
    if (p->failed != OK)
        page_parser_note_element(p);
    if (p->failed == OK && p->complete)
        page_parser_behind(p, bytes + p->last, n - p->last, p->base + p->last);
    p->base += real;
    p->from = 0;
    if (p->failed == OK && p->base - p->last_token > p->conf.record_max) {
        page_parser_fail(p, ERR_TOO_BIG, "one value is larger than max-record-bytes", p->base);
        page_parser_note_element(p);
    }
}

/* Whether the parser is in `data` between two elements, where a record may begin. */
static bool between_elements(const struct page_parser *p)
{
    return p->where == IN_DATA && p->partial.len == 0;
}

/* Returns how much yajl is to read before it is worth looking again whether a record begins: up to a byte behind which one may begin. If the last
 * piece ended no token, the next piece is larger than all that yajl will read again for it, so that the work stays linear. */
static size_t next_piece(const struct page_parser *p, const char *s, size_t n)
{
    static const char stops[] = {
        [IN_ANSWER] = '[', [IN_DATA] = ',', [IN_RECORD] = '}', [IN_NON_RECORD] = ']'};
    uint64_t least = p->base - p->last_token;
    if (least >= n || (p->where == IN_ANSWER && p->data_seen))
        return n;
    const char *stop = memchr(s + least, stops[p->where], n - (size_t)least);
    return stop != NULL ? (size_t)(stop - s) + 1 : n;
}

/* Takes the record that s begins with, if it is there as a whole and the fast scan accepts it. yajl is given {} in its place.
 * Returns the record's length, or 0. */
static size_t take_record(struct page_parser *p, const char *s, size_t n)
{
    struct scanned r;
    if (*s != '{' || !element_scan_record(p->conf.key, p->key_len, s, n, &r) ||
        r.len > p->conf.record_max)
        return 0;
    p->scanned = &r;
    p->scanned_text = s;
    feed_yajl(p, "{}", 2, r.len);
    p->scanned = NULL;
    return r.len;
}

/* Reads what can be read, and returns how much that was. The rest is the beginning of a record, which is better read once more of it has come
 * (last: no more will come). */
static size_t run(struct page_parser *p, const char *s, size_t n, bool last)
{
    size_t hold = p->conf.record_max < GATHER_FROM ? p->conf.record_max : GATHER_FROM;
    size_t at = 0;
    while (at < n && p->failed == OK) {
        size_t len = 0;
        if (between_elements(p)) {
            while (at + len < n && (json_text_blank(s[at + len]) || s[at + len] == ','))
                len++;
            if (len > 0) {
                feed_yajl(p, s + at, len, len);
                at += len;
                continue;
            }
            len = take_record(p, s + at, n - at);
            at += len;
            if (len > 0)
                continue;
            if (s[at] == '{' && !last && n - at <= hold)
                break;
        }
        len = next_piece(p, s + at, n - at);
        feed_yajl(p, s + at, len, len);
        at += len;
    }
    return at;
}

/* Gathers bytes until there are enough to be read: at least half as many again as were not enough. */
static bool enough_gathered(const struct page_parser *p)
{
    return p->gathered.len >= p->base - p->last_token && p->gathered.len >= p->enough;
}

static void gather(struct page_parser *p, const char *bytes, size_t n)
{
    enum err_code rc = buf_add(&p->gathered, bytes, n);
    if (rc == ERR_TOO_BIG)
        page_parser_fail(p, rc, "one value is larger than max-record-bytes", p->received);
    else if (rc != OK)
        p->failed = buf_err(&p->err, rc, &p->gathered, "one value");
    if (rc == ERR_TOO_BIG)
        page_parser_note_element(p);
}

static void take(struct page_parser *p, const char *bytes, size_t n)
{
    while (n > 0 && p->failed == OK) {
        size_t step = n;
        if (p->gathered.len == 0 && p->base - p->last_token <= GATHER_FROM) {
            step = run(p, bytes, n, false);
            p->enough = n - step + (n - step) / 2;
            if (p->failed == OK)
                gather(p, bytes + step, n - step);
            return;
        }
        step = n < GATHER_FROM ? n : GATHER_FROM;
        gather(p, bytes, step);
        if (p->failed == OK && enough_gathered(p)) {
            buf_consume(&p->gathered, run(p, p->gathered.data, p->gathered.len, false));
            p->enough = p->gathered.len + p->gathered.len / 2;
        }
        bytes += step;
        n -= step;
    }
}

/* Counts the bytes, and returns how many of them are valid text. */
static size_t check(struct page_parser *p, const char *bytes, size_t n)
{
    size_t good = n;
    (void)json_text_check(&p->text, bytes, n, &good);
    p->received += n;
    if (p->failed == OK && p->received > p->conf.page_max)
        page_parser_fail(p, ERR_TOO_BIG, "it is larger than max-page-bytes", p->conf.page_max);
    return good;
}

/* Reads what was held back, since no more of it will come. */
static void take_held(struct page_parser *p)
{
    if (p->failed == OK && !p->collecting && p->gathered.len > 0)
        (void)run(p, p->gathered.data, p->gathered.len, true);
    buf_reset(&p->gathered);
}

/* Takes bytes of the body. What stands before invalid text is read first, so that it is known in which element that is. */
static void take_text(struct page_parser *p, const char *bytes, size_t n)
{
    uint64_t at = p->received;
    if (p->complete)
        p->text = (struct json_text_check){0}; /* what is behind the JSON need be no text */
    size_t good = check(p, bytes, n);
    if (p->failed == OK)
        take(p, bytes, good);
    if (p->failed != OK || good == n)
        return;
    take_held(p);
    if (p->failed != OK) /* within what was held; where that begins is noted */
        return;
    if (p->complete) {
        page_parser_behind(p, bytes + good, n - good, at + good);
        return;
    }
    page_parser_fail(p, ERR_PROTOCOL, "invalid UTF-8 or a control character", at + good);
    page_parser_note_element(p);
}

static enum err_code report_failure(const struct page_parser *p, struct err *e)
{
    if (p->failed != OK && e != NULL)
        *e = p->err;
    return p->failed;
}

/* Counts a chunk of a body whose rest is only collected. */
static void count_rest(struct page_parser *p, size_t n)
{
    p->received += n;
    if ((p->body_lost && !p->alone) || p->received > p->conf.page_max) {
        p->collecting = false;
        p->err = p->cause;
        p->failed = p->cause.code;
    }
}

static void feed_json(struct page_parser *p, const char *bytes, size_t n)
{
    if (p->failed == OK && p->alone)
        record_bytes_add(p->bytes, bytes, n);
    else if (p->failed == OK)
        page_parser_keep_body(p, bytes, n);
    if (p->collecting)
        count_rest(p, n);
    else if (p->failed == OK)
        take_text(p, bytes, n);
    if (p->failed != OK && !p->collecting)
        (void)page_parser_collect(p);
}

enum err_code page_parser_feed(struct page_parser *p, const char *bytes, size_t n, struct err *e)
{
    while (n > 0 && !p->begun && p->failed == OK) {
        size_t from = 0;
        size_t passed = page_parser_begin(p, bytes, n, &from);
        bytes += passed;
        n -= passed;
        if (p->begun && p->lead.len > 0)
            feed_json(p, p->lead.data + from, p->lead.len - from);
    }
    if (n > 0)
        feed_json(p, bytes, n);
    return report_failure(p, e);
}

void page_parser_read(struct page_parser *p, const char *s, size_t n)
{
    if (p->failed == OK)
        (void)run(p, s, n, true);
}

/* `count` is the number of matching records, or the size of the page: the API's documentation does not say which. */
static bool may_be_empty(const struct page_parser *p)
{
    return p->result.count == 0 || (p->result.count > 0 && (uint64_t)p->result.count <= p->offset);
}

/* An empty answer in PHP's spellings is believed where nothing in it says otherwise: an empty page can prove
 * a list's end. */
static const char *why_not_empty(const struct page_parser *p)
{
    bool counted = p->result.count >= 0;
    bool says_so = counted && may_be_empty(p);
    bool bare = !p->data_seen && !p->named; /* {} */
    if (!p->data_seen && !bare && (p->error_seen || !says_so))
        return "an object without data";
    if (p->emptied && (p->error_seen || (counted && !says_so)))
        return "data is not an array";
    if (p->hollow && (p->error_seen || p->result.count != 0))
        return "data is not an array";
    if (p->error_seen)
        return "it tells of an error, and has no records";
    if (p->result.noise + p->behind > 0 && !says_so)
        return "it has no records, but text around its JSON";
    return NULL;
}

static void check_empty(struct page_parser *p)
{
    const struct page_parser_result *r = &p->result;
    const char *why = why_not_empty(p);
    if (r->records + r->non_records + r->malformed > 0 || why == NULL)
        return;
    page_parser_fail(p, ERR_PROTOCOL, why, p->received);
    p->result.nothing = r->count < 0 || may_be_empty(p);
}

enum err_code page_parser_finish(struct page_parser *p, struct page_parser_result *result,
                                 struct err *e)
{
    take_held(p);
    if (p->collecting || (p->failed != OK && page_parser_collect(p)))
        page_parser_salvage(p);
    if (p->failed == OK && !p->begun)
        page_parser_judge_lead(p);
    if (p->failed == OK && !p->complete)
        page_parser_fail(p, ERR_PROTOCOL, "cut short, or longer than its Content-Length says",
                         p->received);
    if (p->failed == OK)
        check_empty(p);
    page_parser_sum_alone(p);
    p->result.noise += p->behind;
    p->result.bytes = p->received;
    *result = p->result;
    return report_failure(p, e);
}

bool page_parser_is_whole(struct page_parser *p)
{
    take_held(p);
    return p->failed == OK && p->complete && !p->collecting && p->behind == 0;
}

#include "extract/parser/page_parser_private.h"
#include "shared/json/json_record.h"
#include <string.h>

static int stop(struct page_parser *p, const char *reason)
{
    page_parser_fail(p, ERR_PROTOCOL, reason, p->base + p->last);
    return 0;
}

/* Blanks can only stand at a token's end or after the comma or colon behind it. A record that spans
 * chunks is not looked at: its pieces are compacted in any case. */
static void token(struct page_parser *p)
{
    size_t end = yajl_get_bytes_consumed(p->yajl);
    if (p->where == IN_RECORD && p->partial.len == 0 && end > p->last) {
        const char *s = p->chunk + p->last;
        char c = *s == ',' || *s == ':' ? s[1] : *s;
        p->spaced |= json_text_blank(c);
    }
    p->last = end;
}

/* The element's text in one piece, from the chunk where it lies there whole. */
static enum err_code element_text(struct page_parser *p, const char **text, size_t *n)
{
    enum err_code rc = OK;
    size_t len = p->last - p->from;
    if (p->partial.len == 0 && !p->spaced) {
        *text = p->chunk + p->from;
        *n = len;
    } else {
        bool compact = p->spaced || p->where == IN_RECORD;
        rc = buf_add(&p->partial, p->chunk + p->from, len);
        *text = p->partial.data;
        *n = compact && rc == OK ? json_text_compact(p->partial.data, p->partial.len)
                                 : p->partial.len;
    }
    if (rc == ERR_TOO_BIG || *n > p->conf.record_max)
        return page_parser_fail(p, ERR_TOO_BIG, "a record is larger than max-record-bytes",
                                p->base + p->last);
    if (rc != OK && p->failed == OK)
        p->failed = buf_err(&p->err, rc, &p->partial, "a record");
    return p->failed;
}

static void hand_out(struct page_parser *p, const struct page_parser_record *record)
{
    p->result.records++;
    p->failed = p->handler.record(p->ctx, record, &p->err);
}

static int element_done(struct page_parser *p)
{
    buf_reset(&p->partial);
    p->where = IN_DATA;
    p->spaced = false;
    p->from = p->last;
    return p->failed == OK;
}

static int element_end(struct page_parser *p)
{
    const char *text;
    size_t n;
    bool non_record = p->where != IN_RECORD;
    if (element_text(p, &text, &n) != OK)
        return 0;
    if (non_record) {
        p->result.non_records++;
        p->failed = p->handler.non_record(p->ctx, text, n,
                                          p->result.records + p->result.non_records, &p->err);
    } else {
        hand_out(p, &(struct page_parser_record){
                        .line = text,
                        .len = n,
                        .key = p->record_key_len > 0 ? p->key : NULL,
                        .key_len = p->record_key_len,
                        .time = p->time_len > 0 ? p->time : NULL,
                        .time_len = p->time_len,
                    });
    }
    return element_done(p);
}

/* The same for a record that yajl has not seen. */
static int scanned_end(struct page_parser *p)
{
    const struct scanned *r = p->scanned;
    bool keyed = r->key_len > 0 && r->key_len <= PAGE_PARSER_KEY_MAX;
    bool timed = r->time_len > 0 && r->time_len <= PAGE_PARSER_TIME_MAX;
    struct page_parser_record record = {
        .line = p->scanned_text,
        .len = r->len,
        .key = keyed ? r->key : NULL,
        .key_len = keyed ? r->key_len : 0,
        .time = timed ? r->time : NULL,
        .time_len = timed ? r->time_len : 0,
    };
    if (r->spaced) {
        enum err_code rc = buf_add(&p->partial, record.line, record.len);
        if (rc != OK) {
            p->failed = buf_err(&p->err, rc, &p->partial, "a record");
            return 0;
        }
        record.line = p->partial.data;
        record.len = json_text_compact(p->partial.data, p->partial.len);
    }
    hand_out(p, &record);
    return element_done(p);
}

void page_parser_skip_separators(struct page_parser *p, size_t end)
{
    if (p->partial.len > 0)
        return;
    while (p->from < end && (json_text_blank(p->chunk[p->from]) || p->chunk[p->from] == ','))
        p->from++;
}

static void capture(char *to, size_t max, size_t *len, const char *s, size_t n)
{
    *len = n <= max ? n : 0;
    if (*len > 0)
        memcpy(to, s, n);
}

static void record_scalar(struct page_parser *p, enum scalar kind, const char *s, size_t n)
{
    if (p->meaning == MEMBER_KEY && (kind == SCALAR_NUMBER || kind == SCALAR_STRING))
        capture(p->key, sizeof p->key, &p->record_key_len, s, n);
    else if (p->meaning == MEMBER_TIME && kind == SCALAR_STRING)
        capture(p->time, sizeof p->time, &p->time_len, s, n);
}

static void read_count(struct page_parser *p, const char *s, size_t n)
{
    int64_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9' || count > (INT64_MAX - 9) / 10)
            return;
        count = count * 10 + (s[i] - '0');
    }
    p->result.count = count;
}

static int begin_data(struct page_parser *p)
{
    if (p->data_seen)
        return stop(p, "data stands twice");
    p->data_seen = true;
    return 1;
}

/* What PHP makes of an empty array: whether the page may be empty shows at the answer's end. */
static int empty_data(struct page_parser *p)
{
    p->emptied = true;
    return begin_data(p);
}

/* "error":null, false, 0 and "" are none. */
static bool tells_error(enum scalar kind, const char *s, size_t n)
{
    return kind == SCALAR_TRUE || (kind == SCALAR_STRING && n > 0) ||
           (kind == SCALAR_NUMBER && !(n == 1 && *s == '0'));
}

static int answer_scalar(struct page_parser *p, enum scalar kind, const char *s, size_t n)
{
    if (p->depth == 0)
        return stop(p, "not an object");
    if (p->depth > DEPTH_ANSWER)
        return 1;
    if (p->meaning == MEMBER_DATA)
        return kind == SCALAR_NULL ? empty_data(p) : stop(p, "data is not an array");
    if (p->meaning == MEMBER_COUNT && kind == SCALAR_NUMBER)
        read_count(p, s, n);
    if (p->meaning == MEMBER_ERROR)
        p->error_seen |= tells_error(kind, s, n);
    return 1;
}

static int scalar(struct page_parser *p, enum scalar kind, const char *s, size_t n)
{
    token(p);
    switch (p->where) {
    case IN_RECORD:
        if (p->depth == DEPTH_ELEMENT && p->meaning != MEMBER_OTHER)
            record_scalar(p, kind, s, n);
        return 1;
    case IN_DATA:
        page_parser_skip_separators(p, p->last);
        return element_end(p);
    case IN_ANSWER:
        return answer_scalar(p, kind, s, n);
    case IN_NON_RECORD:
        break;
    }
    return 1;
}

static int on_null(void *ctx)
{
    return scalar(ctx, SCALAR_NULL, NULL, 0);
}

static int on_boolean(void *ctx, int value)
{
    return scalar(ctx, value ? SCALAR_TRUE : SCALAR_FALSE, NULL, 0);
}

static int on_number(void *ctx, const char *s, size_t n)
{
    return scalar(ctx, SCALAR_NUMBER, s, n);
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
    return scalar(ctx, SCALAR_STRING, (const char *)s, n);
}

static bool is(const unsigned char *s, size_t n, const char *name, size_t name_len)
{
    return n == name_len && memcmp(s, name, n) == 0;
}

static void record_name(struct page_parser *p, const unsigned char *s, size_t n)
{
    p->meaning = MEMBER_OTHER;
    if (is(s, n, "time_modified", sizeof "time_modified" - 1)) {
        p->meaning = MEMBER_TIME;
        p->time_len = 0;
    } else if (is(s, n, p->conf.key, p->key_len)) {
        p->meaning = MEMBER_KEY;
        p->record_key_len = 0;
    }
}

static int on_name(void *ctx, const unsigned char *s, size_t n)
{
    struct page_parser *p = ctx;
    token(p);
    if (p->where == IN_RECORD && p->depth == DEPTH_ELEMENT)
        record_name(p, s, n);
    else if (p->where == IN_ANSWER && p->depth == DEPTH_ANSWER)
        p->meaning = is(s, n, "data", 4)    ? MEMBER_DATA
                     : is(s, n, "count", 5) ? MEMBER_COUNT
                     : is(s, n, "error", 5) ? MEMBER_ERROR
                                            : MEMBER_OTHER;
    else if (p->where == IN_ANSWER && p->depth == DEPTH_DATA && p->meaning == MEMBER_DATA)
        return stop(p, "data is not an array");
    return 1;
}

static int answer_start(struct page_parser *p, bool array)
{
    if (p->depth == DEPTH_ANSWER && array)
        return stop(p, "an array where an object with data is expected");
    if (p->depth == DEPTH_DATA && p->meaning == MEMBER_ERROR)
        p->error_seen = true;
    if (p->depth != DEPTH_DATA || p->meaning != MEMBER_DATA)
        return 1;
    if (!array)
        return empty_data(p);
    if (!begin_data(p))
        return 0;
    p->where = IN_DATA;
    p->from = p->last;
    return 1;
}

static int start(struct page_parser *p, bool array)
{
    token(p);
    if (++p->depth > RECORD_DEPTH + DEPTH_DATA)
        return stop(p, "nested too deeply");
    if (p->where == IN_ANSWER)
        return answer_start(p, array);
    if (p->where == IN_DATA) {
        p->where = array ? IN_NON_RECORD : IN_RECORD;
        p->from = p->last - 1;
        p->record_key_len = 0;
        p->time_len = 0;
    }
    p->meaning = MEMBER_OTHER;
    return 1;
}

static int on_map_start(void *ctx)
{
    return start(ctx, false);
}

static int on_array_start(void *ctx)
{
    return start(ctx, true);
}

static int on_end(void *ctx)
{
    struct page_parser *p = ctx;
    token(p);
    p->depth--;
    if (p->where == IN_DATA)
        p->where = IN_ANSWER;
    else if (p->where == IN_ANSWER)
        p->complete = p->depth == 0;
    else if (p->depth == DEPTH_DATA)
        return p->scanned != NULL ? scanned_end(p) : element_end(p);
    return 1;
}

const yajl_callbacks page_parser_callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_map_start,
    .yajl_map_key = on_name,
    .yajl_end_map = on_end,
    .yajl_start_array = on_array_start,
    .yajl_end_array = on_end,
};

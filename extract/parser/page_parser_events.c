#include "extract/parser/page_parser_private.h"
#include "shared/json/json_record.h"
#include <string.h>
#include <strings.h>

#define BARE "an array where an object with data is expected"

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

/* Returns the element's text in one piece, without a copy if the chunk has all of it. */
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
    p->where = p->numbered ? IN_ANSWER : IN_DATA;
    p->meaning = MEMBER_DATA;
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
    if (n == 0)
        return;
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

/* PHP's spellings of an empty array: whether the page may be empty shows at the answer's end. */
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

/* "success":false, "status":"error" */
static bool tells_failure(enum meaning meaning, enum scalar kind, const char *s, size_t n)
{
    static const char *const words[] = {"error", "fail", "failed", "failure", "ko", "false"};
    if (meaning == MEMBER_SUCCESS && kind != SCALAR_STRING)
        return kind == SCALAR_FALSE || (kind == SCALAR_NUMBER && n == 1 && *s == '0');
    for (size_t i = 0; kind == SCALAR_STRING && i < sizeof words / sizeof *words; i++)
        if (n == strlen(words[i]) && strncasecmp(s, words[i], n) == 0)
            return true;
    return false;
}

static int data_scalar(struct page_parser *p, enum scalar kind, size_t n)
{
    if (kind == SCALAR_NULL)
        return empty_data(p);
    p->hollow = kind == SCALAR_FALSE || (kind == SCALAR_STRING && n == 0);
    return p->hollow ? begin_data(p) : stop(p, "data is not an array");
}

/* An element of data that is numbered. Of a text its quotes and escapes are lost. */
static int numbered_scalar(struct page_parser *p, enum scalar kind, const char *s, size_t n)
{
    static const char *const words[] = {
        [SCALAR_NULL] = "null", [SCALAR_FALSE] = "false", [SCALAR_TRUE] = "true"};
    if (kind == SCALAR_NULL || kind == SCALAR_FALSE || kind == SCALAR_TRUE) {
        s = words[kind];
        n = strlen(s);
    }
    p->result.non_records++;
    p->failed =
        p->handler.non_record(p->ctx, s, n, p->result.records + p->result.non_records, &p->err);
    return p->failed == OK;
}

static int answer_scalar(struct page_parser *p, enum scalar kind, const char *s, size_t n)
{
    if (p->depth == 0 && kind == SCALAR_NULL) {
        p->complete = true;
        return empty_data(p);
    }
    if (p->depth == 0)
        return stop(p, "not an object");
    if (p->bare)
        return stop(p, BARE);
    if (p->meaning == MEMBER_ERROR)
        p->error_seen |= tells_error(kind, s, n);
    if (p->numbered && p->depth == DEPTH_DATA && p->meaning == MEMBER_DATA)
        return numbered_scalar(p, kind, s, n);
    if (p->depth > DEPTH_ANSWER)
        return 1;
    if (p->meaning == MEMBER_DATA)
        return data_scalar(p, kind, n);
    if (p->meaning == MEMBER_COUNT && (kind == SCALAR_NUMBER || kind == SCALAR_STRING))
        read_count(p, s, n);
    if (p->meaning == MEMBER_SUCCESS || p->meaning == MEMBER_STATUS)
        p->error_seen |= tells_failure(p->meaning, kind, s, n);
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

static enum meaning answer_name(const unsigned char *s, size_t n)
{
    static const struct {
        const char *name;
        enum meaning meaning;
    } names[] = {{"data", MEMBER_DATA},    {"count", MEMBER_COUNT},     {"error", MEMBER_ERROR},
                 {"errors", MEMBER_ERROR}, {"success", MEMBER_SUCCESS}, {"ok", MEMBER_SUCCESS},
                 {"status", MEMBER_STATUS}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is(s, n, names[i].name, strlen(names[i].name)))
            return names[i].meaning;
    return MEMBER_OTHER;
}

static bool is_number(const unsigned char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return n > 0;
}

/* The first name tells. */
static int numbered_name(struct page_parser *p, const unsigned char *s, size_t n)
{
    if (!is_number(s, n))
        return stop(p, "data is not an array");
    p->numbered = true;
    p->emptied = false;
    return 1;
}

static int on_name(void *ctx, const unsigned char *s, size_t n)
{
    struct page_parser *p = ctx;
    token(p);
    if (p->where == IN_RECORD && p->depth == DEPTH_ELEMENT)
        record_name(p, s, n);
    else if (p->where == IN_ANSWER && p->depth == DEPTH_ANSWER) {
        p->named = true;
        p->meaning = answer_name(s, n);
    } else if (p->where == IN_ANSWER && p->depth == DEPTH_DATA && p->meaning == MEMBER_DATA)
        return numbered_name(p, s, n);
    return 1;
}

static int answer_start(struct page_parser *p, bool array)
{
    if (p->depth == DEPTH_ANSWER && array) {
        p->bare = true;
        return empty_data(p);
    }
    if (p->bare)
        return stop(p, BARE);
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
    bool element = p->where == IN_DATA || (p->where == IN_ANSWER && p->numbered &&
                                           p->meaning == MEMBER_DATA && p->depth == DEPTH_DATA);
    if (++p->depth > RECORD_DEPTH + DEPTH_DATA)
        return stop(p, "nested too deeply");
    if (!element && p->where == IN_ANSWER)
        return answer_start(p, array);
    if (element) {
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

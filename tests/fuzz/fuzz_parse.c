/*
 * An answer's body through the page parser, whole and in pieces whose sizes are the input's first
 * byte: both ways hand out the same, every record is one that the loader's reader takes too, with the
 * key and time that it finds there, and stands in one line; and yajl takes the body, where no text stands around its JSON.
 */
#include "tests/fuzz/fuzz.h"

#include "extract/parser/page_parser.h"
#include "shared/json/json_record.h"
#include "shared/json/json_strict.h"
#include <xxhash.h>
#include <yajl/yajl_parse.h>

#define RECORD_CAP 2048
#define PAGE_CAP   16384

struct heard {
    uint64_t hash;
    uint64_t count;
};

static struct page_parser *parser;
static struct json_splitter *splitter;
static struct heard heard;

static void hear(const char *p, size_t n)
{
    heard.hash = XXH3_64bits_withSeed(p ? p : "", p ? n : 0, heard.hash + n + (p ? 1 : 0));
}

/* What the parser must have found: the text of the last member of that name, where it counts. */
static void demand_member(const struct record *r, const char *name, bool number, size_t max,
                          const char *found, size_t found_len)
{
    char text[PAGE_CAP];
    const struct member *m = record_find(r, name);
    size_t n = 0;
    if (m && m->kind == JSON_STRING)
        n = json_unescape(m->value + 1, m->value_len - 2, text);
    else if (m && m->kind == JSON_NUMBER && number)
        memcpy(text, m->value, n = m->value_len);
    if (n > max)
        n = 0;
    DEMAND((found != NULL) == (n > 0) && found_len == n);
    DEMAND(n == 0 || memcmp(found, text, n) == 0);
}

static enum err_code on_record(void *ctx, const struct page_parser_record *r, struct err *e)
{
    struct record record;
    (void)ctx;
    DEMAND(!memchr(r->line, '\n', r->len) && r->len <= RECORD_CAP);
    DEMAND(json_splitter_run(splitter, r->line, r->len, &record, e) == OK);
    if ((record.flags & RECORD_LONE_SURROGATE) == 0) { /* they are decoded in two ways */
        demand_member(&record, "contact_id", true, PAGE_PARSER_KEY_MAX, r->key, r->key_len);
        demand_member(&record, "time_modified", false, PAGE_PARSER_TIME_MAX, r->time, r->time_len);
    }
    DEMAND(r->key_len <= PAGE_PARSER_KEY_MAX && r->time_len <= PAGE_PARSER_TIME_MAX);
    hear(r->line, r->len);
    hear(r->key, r->key_len);
    hear(r->time, r->time_len);
    heard.count++;
    return OK;
}

static enum err_code on_odd(void *ctx, const char *raw, size_t n, uint64_t number, struct err *e)
{
    (void)ctx, (void)number, (void)e;
    hear(raw, n);
    heard.count++;
    return OK;
}

static void fuzz_setup(void)
{
    static const struct page_parser_conf conf = {
        .key = "contact_id", .record_max = RECORD_CAP, .page_max = PAGE_CAP};
    static const struct page_parser_handler handler = {.record = on_record, .non_record = on_odd};
    struct err e = ERR_INIT;
    DEMAND(page_parser_open(&parser, &conf, &handler, NULL, &e) == OK);
    DEMAND(json_splitter_open(&splitter, &e) == OK);
}

/* Each piece is a block of its own, so that a byte read beyond it shows. */
static enum err_code feed(const uint8_t *data, size_t size, size_t step,
                          struct page_parser_result *result)
{
    struct err e = ERR_INIT;
    enum err_code rc = OK;
    heard = (struct heard){0};
    page_parser_start(parser);
    while (size > 0 && rc == OK) {
        size_t n = size < step ? size : step;
        char *copy = malloc(n);
        DEMAND(copy);
        memcpy(copy, data, n);
        rc = page_parser_feed(parser, copy, n, &e);
        free(copy);
        data += n;
        size -= n;
    }
    enum err_code end = page_parser_finish(parser, result, &e);
    DEMAND(rc == OK || end == rc);
    DEMAND(end == OK || (e.code == end && e.msg[0]));
    return end;
}

static bool yajl_takes(const uint8_t *data, size_t size)
{
    yajl_handle h = yajl_alloc(NULL, NULL, NULL);
    DEMAND(h);
    bool good =
        yajl_parse(h, data, size) == yajl_status_ok && yajl_complete_parse(h) == yajl_status_ok;
    yajl_free(h);
    return good;
}

/* Of a body without text around its JSON: byte order marks and blanks before it mean nothing. */
static size_t marks(const uint8_t *data, size_t size)
{
    size_t at = 0;
    for (;;) {
        size_t was = at;
        while (at < size && strchr(" \n\r\t", data[at]) && data[at])
            at++;
        if (size - at >= 3 && memcmp(data + at, "\xef\xbb\xbf", 3) == 0)
            at += 3;
        if (at == was)
            return at;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct page_parser_result whole = {0};
    struct page_parser_result pieces = {0};
    if (size < 2)
        return 0;
    size_t step = data[0] % 32 + 1;
    data++;
    size--;
    enum err_code rc = feed(data, size, size, &whole);
    struct heard first = heard;
    enum err_code again = feed(data, size, step, &pieces);
    /* A body can be wrong in two ways, and which is met first is up to the pieces. */
    DEMAND((rc == OK) == (again == OK));
    /* Of a body that is no page the records before the fault may come or not: nobody keeps them. */
    if (rc == OK) {
        size_t at = marks(data, size);
        DEMAND(whole.noise > 0 || yajl_takes(data + at, size - at));
        DEMAND(whole.noise == pieces.noise);
        DEMAND(first.count == heard.count && first.hash == heard.hash);
        DEMAND(whole.records + whole.non_records == heard.count && whole.bytes == size);
        DEMAND(whole.records == pieces.records && whole.count == pieces.count);
    }
    return 0;
}

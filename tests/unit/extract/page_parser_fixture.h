/* A page parser that is fed in chunks of all sizes, and what it hands out, as text. */
#ifndef NETTY_TESTS_UNIT_EXTRACT_PAGE_PARSER_FIXTURE_H
#define NETTY_TESTS_UNIT_EXTRACT_PAGE_PARSER_FIXTURE_H

#include "extract/parser/page_parser.h"
#include "shared/base/buf.h"
#include "shared/json/json_record.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RECORD_CAP 4096
#define PAGE_CAP   20000

/* What was handed out, as text: "R line|key|time;" and "O raw|number;". */
struct heard {
    struct buf text;
    unsigned refuse; /* the record whose handler fails; 0: none */
    unsigned records;
};

static enum err_code on_record(void *ctx, const struct page_parser_record *r, struct err *e)
{
    struct heard *h = ctx;
    if (++h->records == h->refuse)
        return err_set(e, ERR_FULL, "no room");
    assert_null(memchr(r->line, (int)'\n', r->len));
    return buf_addf(&h->text, "R %.*s|%.*s|%.*s;", (int)r->len, r->line, (int)r->key_len,
                    r->key != NULL ? r->key : "", (int)r->time_len, r->time != NULL ? r->time : "");
}

static enum err_code on_odd(void *ctx, const char *raw, size_t n, uint64_t number, struct err *e)
{
    struct heard *h = ctx;
    (void)e;
    return buf_addf(&h->text, "O %.*s|%llu;", (int)n, raw, (unsigned long long)number);
}

struct outcome {
    enum err_code rc;
    struct err err;
    struct page_parser_result result;
};

static struct page_parser *open_parser(struct heard *h)
{
    static const struct page_parser_conf conf = {
        .key = "contact_id", .record_max = RECORD_CAP, .page_max = PAGE_CAP};
    static const struct page_parser_handler handler = {.record = on_record, .non_record = on_odd};
    struct page_parser *p;
    struct err e = ERR_INIT;
    buf_init(&h->text, 1 << 20);
    assert_int_equal(page_parser_open(&p, &conf, &handler, h, &e), OK);
    return p;
}

/* Every chunk is a heap block of its own, so that the sanitizer sees a byte read beyond it. */
static struct outcome feed(struct page_parser *p, const char *body, size_t n, size_t chunk)
{
    struct outcome o = {.rc = OK};
    for (size_t i = 0; i < n && o.rc == OK; i += chunk) {
        size_t len = n - i < chunk ? n - i : chunk;
        char *copy = malloc(len);
        assert_non_null(copy);
        memcpy(copy, body + i, len);
        o.rc = page_parser_feed(p, copy, len, &o.err);
        memset(copy, '!', len);
        free(copy);
    }
    struct err e = ERR_INIT;
    enum err_code end = page_parser_finish(p, &o.result, &e);
    if (o.rc != OK)
        assert_int_equal(end, o.rc); /* an error stays */
    else
        o.err = e;
    o.rc = end;
    return o;
}

static const size_t sizes[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                               16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

static void expect_bytes(const char *body, size_t n, enum err_code rc, const char *heard)
{
    struct heard h = {0};
    struct page_parser *p = open_parser(&h);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        buf_reset(&h.text);
        page_parser_start(p);
        struct outcome o = feed(p, body, n, sizes[i] == 0 ? n + 1 : sizes[i]);
        if (o.rc != rc)
            fail_msg("%.60s: chunk %zu: %s (%s)", body, sizes[i], err_word(o.rc), o.err.msg);
        if (heard != NULL && strcmp(h.text.data, heard) != 0)
            fail_msg("%.60s: chunk %zu: heard %s, not %s", body, sizes[i], h.text.data, heard);
        if (rc == OK)
            assert_int_equal(o.result.bytes, n);
        else
            assert_true(strlen(o.err.msg) > 10);
    }
    page_parser_close(p);
    buf_free(&h.text);
}

static void expect(const char *body, enum err_code rc, const char *heard)
{
    expect_bytes(body, strlen(body), rc, heard);
}

#endif

/* The parser of pages: what it hands out, in which form, and what it calls a body that is no page;
 * each case whole and in chunks of 1 to 31 bytes. */
#include "tests/unit/extract/page_parser_fixture.h"
#include <stdio.h>

static void hands_out_records_as_sent(void **state)
{
    (void)state;
    expect("{\"count\":2,\"data\":[{\"contact_id\":1,\"time_modified\":\"2024-05-13 "
           "10:22:33\",\"a\":1.50e+10},"
           "{\"time_modified\":\"2025\",\"x\":{\"contact_id\":7,\"time_modified\":\"no\"},"
           "\"contact_id\":2}]}",
           OK,
           "R {\"contact_id\":1,\"time_modified\":\"2024-05-13 "
           "10:22:33\",\"a\":1.50e+10}|1|2024-05-13 10:22:33;"
           "R "
           "{\"time_modified\":\"2025\",\"x\":{\"contact_id\":7,\"time_modified\":\"no\"},"
           "\"contact_id\":2}|2|2025;");
    expect("{\"data\":[]}", OK, "");
    expect("{\"data\":[{}]}", OK, "R {}||;");
    expect("{\"data\":[{\"n\":123456789012345678901234567890,\"m\":-0.0,\"z\":1E400}]}", OK,
           "R {\"n\":123456789012345678901234567890,\"m\":-0.0,\"z\":1E400}||;");
}

static void drops_blanks_between_tokens_only(void **state)
{
    (void)state;
    expect(" \r\n{ \"data\" : [ { \"contact_id\" : 5 , \"s\" : \"a b\\\" : , c\" , \"l\" : [ 1 , 2 "
           "] } \n,\t{\"b\":\n[ ]} ] }\n ",
           OK, "R {\"contact_id\":5,\"s\":\"a b\\\" : , c\",\"l\":[1,2]}|5|;R {\"b\":[]}||;");
    expect("{\"data\":[{\"a\":[1, 2]},{\"a\":1 },{ \"a\":1},{\"a\" :1},{\"a\": 1},{\"a\":1 "
           ",\"b\":2},{\"a\":1,\n\"b\":2},{\"a\":{ }}]}",
           OK,
           "R {\"a\":[1,2]}||;R {\"a\":1}||;R {\"a\":1}||;R {\"a\":1}||;R {\"a\":1}||;R "
           "{\"a\":1,\"b\":2}||;"
           "R {\"a\":1,\"b\":2}||;R {\"a\":{}}||;");
    expect("{\"data\":[{\"a\":\"\\\\\" , \"b\":\"x y\"}]}", OK,
           "R {\"a\":\"\\\\\",\"b\":\"x y\"}||;");
}

static void keeps_escapes_and_foreign_letters(void **state)
{
    (void)state;
    expect("{\"data\":[{\"a\":\"\\u00e9\\/\\n\\\"\\ud83d\\ude00\",\"b\":\"Zo\xc3\xab "
           "\xf0\x9f\x98\x80\",\"contact_id\":\"k\xc3\xa9\"}]}",
           OK,
           "R {\"a\":\"\\u00e9\\/\\n\\\"\\ud83d\\ude00\",\"b\":\"Zo\xc3\xab "
           "\xf0\x9f\x98\x80\",\"contact_id\":\"k\xc3\xa9\"}|k\xc3\xa9|;");
    /* What jsonb refuses is the loader's to judge. */
    expect("{\"data\":[{\"a\":\"\\u0000\",\"b\":\"\\ud800\"}]}", OK,
           "R {\"a\":\"\\u0000\",\"b\":\"\\ud800\"}||;");
    /* Names are compared decoded. */
    expect("{\"d\\u0061ta\":[{\"contact\\u005fid\":3,\"time_modifie\\u0064\":\"T\"}]}", OK,
           "R {\"contact\\u005fid\":3,\"time_modifie\\u0064\":\"T\"}|3|T;");
}

static void reads_key_and_time_of_any_kind(void **state)
{
    (void)state;
    expect("{\"data\":[{\"contact_id\":null,\"time_modified\":null},{\"contact_id\":[1],\"time_"
           "modified\":17},"
           "{\"contact_id\":{\"contact_id\":2},\"time_modified\":{\"time_modified\":\"x\"}},{"
           "\"contact_id\":true,\"time_modified\":\"\"}]}",
           OK,
           "R {\"contact_id\":null,\"time_modified\":null}||;R "
           "{\"contact_id\":[1],\"time_modified\":17}||;"
           "R {\"contact_id\":{\"contact_id\":2},\"time_modified\":{\"time_modified\":\"x\"}}||;"
           "R {\"contact_id\":true,\"time_modified\":\"\"}||;");
    /* The last of two counts. */
    expect(
        "{\"data\":[{\"contact_id\":1,\"contact_id\":2,\"time_modified\":\"a\",\"time_modified\":"
        "\"b\"},"
        "{\"contact_id\":1,\"contact_id\":null}]}",
        OK,
        "R {\"contact_id\":1,\"contact_id\":2,\"time_modified\":\"a\",\"time_modified\":\"b\"}|2|b;"
        "R {\"contact_id\":1,\"contact_id\":null}||;");
    /* A time too long to be one. */
    expect("{\"data\":[{\"time_modified\":\"2024-05-13 10:22:33 and then some more text\"}]}", OK,
           "R {\"time_modified\":\"2024-05-13 10:22:33 and then some more text\"}||;");
}

static void takes_only_the_outermost_data(void **state)
{
    (void)state;
    expect("{\"meta\":{\"data\":[{\"a\":1}]},\"x\":[{\"data\":[{}]}],\"data\":[{\"data\":[{\"b\":2}"
           "]}],\"count\":1}",
           OK, "R {\"data\":[{\"b\":2}]}||;");
    expect("{\"x\":\"data\",\"y\":[[{}]],\"data\":[{\"a\":1}],\"z\":{\"q\":[]}}", OK,
           "R {\"a\":1}||;");
}

static void hands_odd_elements_out(void **state)
{
    (void)state;
    expect("{\"data\":[1,\"two\",null , true,false,[3, {\"a\":[]}],{\"a\":1},-4.5e6 "
           ",\"\\\"x\\u00e9\"]}",
           OK,
           "O 1|1;O \"two\"|2;O null|3;O true|4;O false|5;O [3, {\"a\":[]}]|6;R {\"a\":1}||;O "
           "-4.5e6|8;O \"\\\"x\\u00e9\"|9;");
    expect("{\"data\":[[]]}", OK, "O []|1;");
    expect("{\"data\":[ 12 ]}", OK, "O 12|1;");
}

/* Bodies that are no page, each to be told as ERR_PROTOCOL. */
static const char *const no_pages[] = {
    "",
    "  \n",
    "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
    " \r\n<html>",
    "\"text\"",
    "12",
    "[{\"data\":[]}]",
    "{\"count\":1}",
    "{\"error\":{\"code\":500,\"message\":\"oops\"}}",
    "{\"count\":1,\"data\":null}",
    "{\"data\":{},\"count\":1}",
    "{\"error\":\"busy\",\"data\":null}",
    "{\"count\":0,\"error\":[\"busy\"]}",
    "{\"count\":0,\"error\":true}",
    "{\"data\":null,\"data\":[]}",
    "{\"data\":{},\"data\":{}}",
    "{\"data\":{}",
    "{\"data\":false}",
    "{\"data\":12}",
    "{\"data\":\"x\"}",
    "{\"data\":{\"a\":1}}",
    "{\"data\":[],\"data\":[]}",
    "{\"data\":[]",
    "{\"data\":[{\"a\":1}",
    "{\"data\":[{\"a\":1},",
    "{\"data\":[{\"a\":\"x",
    "{\"data\":[{\"a\":tru",
    "{\"data\":[1",
    "{\"data\":[]}}",
    "{\"data\":[]} {\"data\":[]}",
    "{\"data\":[]} \"abc",
    "{\"data\":[]}tru",
    "{\"data\":[]}1",
    "{\"data\":[],}",
    "{\"data\":[1,]}",
    "{\"data\":[,1]}",
    "{\"data\":[{\"a\":1,}]}",
    "{\"data\":[{\"a\" 1}]}",
    "{\"data\":[{\"a\":1 \"b\":2}]}",
    "{\"data\":[{a:1}]}",
    "{\"data\":[{'a':1}]}",
    "{\"data\":[{\"a\":01}]}",
    "{\"data\":[{\"a\":1.}]}",
    "{\"data\":[{\"a\":.5}]}",
    "{\"data\":[{\"a\":+1}]}",
    "{\"data\":[{\"a\":-}]}",
    "{\"data\":[{\"a\":1e}]}",
    "{\"data\":[{\"a\":0x10}]}",
    "{\"data\":[{\"a\":NaN}]}",
    "{\"data\":[{\"a\":Infinity}]}",
    "{\"data\":[{\"a\":nul}]}",
    "{\"data\":[{\"a\":True}]}",
    "{\"data\":[{\"a\":\"\\x41\"}]}",
    "{\"data\":[{\"a\":\"\\u12g4\"}]}",
    "{\"data\":[{\"a\":\"line\nbreak\"}]}",
    "{\"data\":[{\"a\":\"tab\there\"}]}",
    "{\"data\":[{\"a\":1}/* no */]}",
    "{\"data\":[{\"a\":1}] // no\n}",
    "{\"data\":[{\"a\":1}\v]}",
    "\f{\"data\":[]}",
    "{\"data\":[{1:2}]}",
    "{\"data\":[{\"a\":1]}",
    "{\"data\":[}",
    "\xef\xbb\xbf",
    "\xef\xbb{\"data\":[]}",
    "\xef{\"data\":[]}",
    "{\"data\":[\xef\xbb\xbf]}",
    "{\"data\":[{\"a\":\"\xff\"}]}",
    "{\"data\":[{\"a\":\"\xc0\xaf\"}]}",         /* overlong */
    "{\"data\":[{\"a\":\"\xe0\x80\xaf\"}]}",     /* overlong */
    "{\"data\":[{\"a\":\"\xed\xa0\x80\"}]}",     /* a surrogate */
    "{\"data\":[{\"a\":\"\xf4\x90\x80\x80\"}]}", /* above U+10FFFF */
    "{\"data\":[{\"a\":\"\xc3\"}]}",
    "{\"data\":[{\"a\":\"\x80\"}]}",
    "{\"data\":[{\"a\":\"\xf0\x9f\x98",
};

static void names_what_is_no_page(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof no_pages / sizeof *no_pages; i++)
        expect(no_pages[i], ERR_PROTOCOL, NULL);
    expect_bytes("{\"data\":[]}\0", 12, ERR_PROTOCOL, NULL);
    expect_bytes("{\"data\":[{\"a\":\"\0\"}]}", 20, ERR_PROTOCOL, NULL);
}

static void says_where_and_why(void **state)
{
    (void)state;
    struct heard h = {0};
    struct page_parser *p = open_parser(&h);
    struct outcome o = feed(p, "{\"data\":[{\"a\":\"secret\xff\"}]}", 26, 100);
    assert_non_null(strstr(o.err.msg, "UTF-8"));
    assert_non_null(strstr(o.err.msg, "byte 21"));
    assert_null(strstr(o.err.msg, "secret"));
    page_parser_start(p);
    o = feed(p, "<html>", 6, 100);
    assert_non_null(strstr(o.err.msg, "HTML"));
    page_parser_start(p);
    o = feed(p, "{\"error\":\"secret\"}", 18, 3);
    assert_non_null(strstr(o.err.msg, "without data"));
    assert_null(strstr(o.err.msg, "secret"));
    page_parser_close(p);
    buf_free(&h.text);
}

static void shows_the_count(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int64_t count;
    } cases[] = {
        {"{\"count\":12,\"data\":[]}", 12},
        {"{\"data\":[{\"count\":3}],\"count\":9007199254740993}", INT64_C(9007199254740993)},
        {"{\"data\":[],\"count\":\"7\"}", 7},
        {"{\"data\":[],\"count\":\"\"}", -1},
        {"{\"data\":[],\"count\":-7}", -1},
        {"{\"data\":[],\"count\":99999999999999999999}", -1},
        {"{\"data\":[]}", -1}};
    struct heard h = {0};
    struct page_parser *p = open_parser(&h);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        page_parser_start(p);
        struct outcome o = feed(p, cases[i].body, strlen(cases[i].body), 5);
        assert_int_equal(o.rc, OK);
        assert_int_equal(o.result.count, cases[i].count);
    }
    page_parser_close(p);
    buf_free(&h.text);
}

/* `levels` objects, one in the other, as the one record. */
static char *nested(size_t levels)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(buf_adds(&b, "{\"data\":["), OK);
    for (size_t i = 0; i < levels; i++)
        assert_int_equal(buf_adds(&b, i + 1 < levels ? "{\"a\":" : "{"), OK);
    for (size_t i = 0; i < levels; i++)
        assert_int_equal(buf_addc(&b, '}'), OK);
    assert_int_equal(buf_adds(&b, "]}"), OK);
    char *text = strdup(b.data);
    buf_free(&b);
    assert_non_null(text);
    return text;
}

static void limits_nesting(void **state)
{
    (void)state;
    char *good = nested(RECORD_DEPTH);
    char *bad = nested(RECORD_DEPTH + 1);
    expect(good, OK, NULL);
    expect(bad, ERR_PROTOCOL, "");
    free(good);
    free(bad);
}

static char *record_of(size_t bytes, const char *before, const char *after)
{
    size_t fixed = strlen(before) + strlen(after);
    char *s = malloc(bytes + fixed + 1);
    assert_non_null(s);
    memcpy(s, before, strlen(before));
    memset(s + strlen(before), 'x', bytes);
    memcpy(s + strlen(before) + bytes, after, strlen(after) + 1);
    return s;
}

static void limits_records_and_pages(void **state)
{
    (void)state;
    char *good = record_of(RECORD_CAP - 8, "{\"data\":[{\"a\":\"", "\"}]}");
    char *bad = record_of(RECORD_CAP - 7, "{\"data\":[{\"a\":\"", "\"}]}");
    char *odd = record_of(RECORD_CAP + 100, "{\"data\":[\"", "\"]}");
    char *outside = record_of(RECORD_CAP * 2, "{\"x\":\"", "\",\"data\":[]}");
    char *page = record_of(RECORD_CAP - 8, "{\"data\":[{\"a\":\"", "\"}");
    expect(good, OK, NULL);
    expect(bad, ERR_TOO_BIG, "");
    expect(odd, ERR_TOO_BIG, "");
    struct heard h = {0};
    struct page_parser *p = open_parser(&h);
    assert_int_equal(feed(p, outside, strlen(outside), 1000).rc, ERR_TOO_BIG);
    page_parser_start(p);
    struct err e = ERR_INIT;
    enum err_code rc = page_parser_feed(p, page, strlen(page), &e);
    for (int i = 0; i < 10 && rc == OK; i++)
        rc = page_parser_feed(p, "                                ,{\"a\":1}", 40, &e);
    assert_int_equal(rc, OK);
    for (int i = 0; i < 1000 && rc == OK; i++)
        rc = page_parser_feed(p, "                                ,{\"a\":1}", 40, &e);
    assert_int_equal(rc, ERR_TOO_BIG);
    assert_non_null(strstr(e.msg, "max-page-bytes"));
    page_parser_close(p);
    buf_free(&h.text);
    free(good);
    free(bad);
    free(odd);
    free(outside);
    free(page);
}

static void hands_out_nothing_after_an_error(void **state)
{
    (void)state;
    struct heard h = {.refuse = 2};
    struct page_parser *p = open_parser(&h);
    const char *body = "{\"data\":[{\"a\":1},{\"a\":2},{\"a\":3}]}";
    struct outcome o = feed(p, body, strlen(body), 100);
    assert_int_equal(o.rc, ERR_FULL);
    assert_string_equal(o.err.msg, "no room");
    assert_string_equal(h.text.data, "R {\"a\":1}||;");
    struct err e = ERR_INIT;
    assert_int_equal(page_parser_feed(p, ",{\"a\":4}", 8, &e), ERR_FULL);
    assert_string_equal(h.text.data, "R {\"a\":1}||;");
    /* and is as new after page_parser_start */
    h.refuse = 0;
    buf_reset(&h.text);
    page_parser_start(p);
    o = feed(p, body, strlen(body), 7);
    assert_int_equal(o.rc, OK);
    assert_int_equal(o.result.records, 3);
    page_parser_close(p);
    buf_free(&h.text);
}

/* A text of a megabyte in small pieces: gathered, and still exact. */
static void reads_long_strings(void **state)
{
    (void)state;
    static const struct page_parser_conf conf = {
        .key = "contact_id", .record_max = 2 << 20, .page_max = 8 << 20};
    static const struct page_parser_handler handler = {.record = on_record, .non_record = on_odd};
    struct heard h = {0};
    struct page_parser *p;
    struct err e = ERR_INIT;
    buf_init(&h.text, 8 << 20);
    assert_int_equal(page_parser_open(&p, &conf, &handler, &h, &e), OK);
    char *body = record_of(1 << 20, "{\"data\":[{\"a\":\"", "\",\"contact_id\":4},{\"b\":1}]}");
    struct outcome o = feed(p, body, strlen(body), 1000);
    assert_int_equal(o.rc, OK);
    assert_int_equal(o.result.records, 2);
    assert_int_equal(h.text.len,
                     (1 << 20) + strlen("R {\"a\":\"\",\"contact_id\":4}|4|;R {\"b\":1}||;"));
    page_parser_close(p);
    buf_free(&h.text);
    free(body);
}

static enum err_code on_malformed(void *ctx, const struct page_parser_malformed *m, struct err *e)
{
    struct heard *h = ctx;
    (void)e;
    return buf_addf(&h->text, "M %.*s;", (int)m->len, m->raw);
}

/* In two chunks, asked a second time as malformed elements are: so many from an offset on. want: NULL: it fails then, too. */
static void expect_page_salvaged(const char *body, size_t n, size_t first, uint64_t offset,
                                 unsigned limit, const char *want)
{
    static const struct page_parser_conf conf = {
        .key = "contact_id", .record_max = RECORD_CAP, .page_max = PAGE_CAP};
    static const struct page_parser_handler handler = {
        .record = on_record, .non_record = on_odd, .malformed = on_malformed};
    struct page_parser_result r = {0};
    struct page_parser *p;
    struct err e = ERR_INIT;
    struct heard h = {0};
    buf_init(&h.text, 1 << 20);
    assert_int_equal(page_parser_open(&p, &conf, &handler, &h, &e), OK);
    for (unsigned turn = 0; turn < 2; turn++) {
        buf_reset(&h.text);
        page_parser_start(p);
        page_parser_expect(p, offset, limit, r.malformed_sum);
        enum err_code rc = page_parser_feed(p, body, first, &e);
        if (rc == OK)
            rc = page_parser_feed(p, body + first, n - first, &e);
        enum err_code end = page_parser_finish(p, &r, &e);
        assert_int_equal(end, turn == 0 || want == NULL ? ERR_PROTOCOL : OK);
        assert_true(rc == OK || rc == end);
    }
    assert_int_equal(buf_add(&h.text, "", 1), OK);
    if (want != NULL)
        assert_string_equal(h.text.data, want);
    page_parser_close(p);
    buf_free(&h.text);
}

static void expect_salvaged(const char *body, size_t n, size_t first, const char *want)
{
    expect_page_salvaged(body, n, first, 0, 4, want);
}

/* Of fewer elements than asked for, where `count` says how many there are: of the answer, or of the list. */
static void salvages_a_last_page_by_its_count(void **state)
{
    static const char body[] =
        "{\"count\":%d,\"data\":[{\"contact_id\":1},{\"notes\":NaN},{\"notes\":NaN},"
        "{\"contact_id\":4}]}";
    static const char all[] =
        "R {\"contact_id\":1}|1|;M {\"notes\":NaN};M {\"notes\":NaN};R {\"contact_id\":4}|4|;";
    static const struct {
        int count;
        unsigned offset;
        unsigned limit;
        bool good;
    } cases[] = {
        {4, 0, 100, true},   {4, 96, 100, true}, {100, 96, 100, true},
        {3, 0, 100, false},  {5, 0, 100, false}, {0, 0, 100, false},
        {-1, 0, 100, false}, {4, 0, 0, false},   {100, 0, 100, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        int n = snprintf(text, sizeof text, body, cases[i].count);
        for (size_t first = 1; first < (size_t)n; first++)
            expect_page_salvaged(text, (size_t)n, first, cases[i].offset, cases[i].limit,
                                 cases[i].good ? all : NULL);
    }
    static const char closing[] =
        "{\"count\":2,\"data\":[{\"contact_id\":1},{\"notes\":NaN},{\"x\":2}]}";
    expect_page_salvaged(closing, sizeof closing - 1, 9, 0, 100, NULL);
    static const char open[] =
        "{\"count\":2,\"data\":[{\"contact_id\":1,\"notes\":\"},"
        "{\"contact_id\":2},{\"contact_id\":3}]}"; /* and a count of before */
    expect_page_salvaged(open, sizeof open - 1, 9, 0, 100, NULL);
}

/* What was held back until more came fails only then; the bytes behind it that are no text fail no element once more. */
static void tells_where_a_malformed_element_before_foreign_bytes_begins(void **state)
{
    static const char body[] = "{\"data\":[{\"contact_id\":1},{\"contact_id\":2,\"name\":"
                               "\"Zo\xc3\xab\",\"notes\":\"a\nb\xe9\"},"
                               "{\"contact_id\":3,\"notes\":\"caf\xe9\"},{\"contact_id\":4}]}";
    (void)state;
    for (size_t first = 1; first < sizeof body - 1; first++)
        expect_salvaged(body, sizeof body - 1, first,
                        "R {\"contact_id\":1}|1|;M "
                        "{\"contact_id\":2,\"name\":\"Zo\xc3\xab\",\"notes\":\"a\nb\xe9\"};"
                        "M {\"contact_id\":3,\"notes\":\"caf\xe9\"};R {\"contact_id\":4}|4|;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_out_records_as_sent),
        cmocka_unit_test(drops_blanks_between_tokens_only),
        cmocka_unit_test(keeps_escapes_and_foreign_letters),
        cmocka_unit_test(reads_key_and_time_of_any_kind),
        cmocka_unit_test(takes_only_the_outermost_data),
        cmocka_unit_test(hands_odd_elements_out),
        cmocka_unit_test(names_what_is_no_page),
        cmocka_unit_test(says_where_and_why),
        cmocka_unit_test(shows_the_count),
        cmocka_unit_test(limits_nesting),
        cmocka_unit_test(limits_records_and_pages),
        cmocka_unit_test(hands_out_nothing_after_an_error),
        cmocka_unit_test(reads_long_strings),
        cmocka_unit_test(tells_where_a_malformed_element_before_foreign_bytes_begins),
        cmocka_unit_test(salvages_a_last_page_by_its_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

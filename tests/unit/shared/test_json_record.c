#include "shared/base/buf.h"
#include "shared/json/json_record.h"
#include "tests/unit/shared/json_cases.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct json_splitter *splitter;

static int setup(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    return json_splitter_open(&splitter, &e) == OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    json_splitter_close(splitter);
    return 0;
}

static char *exact; /* the text, in memory of just its size */

/* The quick half and the general one agree, whatever the text. */
static void expect_as_general(size_t n, enum err_code rc, const struct record *r)
{
    struct json_splitter *general;
    struct err e = ERR_INIT;
    struct record g;

    assert_int_equal(json_splitter_open(&general, &e), OK);
    assert_int_equal(json_splitter_run_general(general, exact, n, &g, &e), rc);
    assert_int_equal(g.count, r->count);
    assert_int_equal(g.flags, r->flags);
    for (size_t i = 0; i < g.count; i++) {
        const struct member *a = &g.members[i];
        const struct member *b = &r->members[i];
        assert_int_equal(a->name_len, b->name_len);
        assert_memory_equal(a->name, b->name, a->name_len);
        assert_ptr_equal(a->raw_name, b->raw_name);
        assert_int_equal(a->raw_name_len, b->raw_name_len);
        assert_ptr_equal(a->value, b->value);
        assert_int_equal(a->value_len, b->value_len);
        assert_int_equal(a->kind, b->kind);
    }
    json_splitter_close(general);
}

static enum err_code run_bytes(const char *text, size_t n, struct record *r, struct err *e)
{
    free(exact);
    exact = malloc(n > 0 ? n : 1);
    assert_non_null(exact);
    memcpy(exact, text, n);
    enum err_code rc = json_splitter_run(splitter, exact, n, r, e);
    expect_as_general(n, rc, r);
    return rc;
}

static void split(const char *text, struct record *r)
{
    struct err e = ERR_INIT;
    if (run_bytes(text, strlen(text), r, &e) != OK)
        fail_msg("%s: %s", text, e.msg);
}

static void is(const char *p, size_t n, const char *want)
{
    if (strlen(want) != n || memcmp(p, want, n) != 0)
        fail_msg("'%.*s' is not '%s'", (int)n, p, want);
}

static void member(const struct record *r, size_t i, const char *raw_name, const char *name,
                   const char *value, enum json_kind kind)
{
    const struct member *m = &r->members[i];
    is(m->raw_name, m->raw_name_len, raw_name);
    is(m->name, m->name_len, name);
    is(m->value, m->value_len, value);
    assert_int_equal(m->kind, kind);
}

static void test_every_kind(void **state)
{
    (void)state;
    struct record r;
    split("{\"a\":1,\"b\":\"x\",\"c\":null,\"d\":true,\"e\":false,\"f\":{\"a\":[1,{\"b\":2}]},"
          "\"g\":[[],{}],"
          "\"h\":-12345678901234567890.123e+10,\"\":\"\"}",
          &r);
    assert_int_equal(r.count, 9);
    member(&r, 0, "\"a\"", "a", "1", JSON_NUMBER);
    member(&r, 1, "\"b\"", "b", "\"x\"", JSON_STRING);
    member(&r, 2, "\"c\"", "c", "null", JSON_NULL);
    member(&r, 3, "\"d\"", "d", "true", JSON_BOOL);
    member(&r, 4, "\"e\"", "e", "false", JSON_BOOL);
    member(&r, 5, "\"f\"", "f", "{\"a\":[1,{\"b\":2}]}", JSON_OBJECT);
    member(&r, 6, "\"g\"", "g", "[[],{}]", JSON_ARRAY);
    member(&r, 7, "\"h\"", "h", "-12345678901234567890.123e+10", JSON_NUMBER);
    member(&r, 8, "\"\"", "", "\"\"", JSON_STRING);
    assert_int_equal(r.flags, 0);
}

static void test_blanks(void **state)
{
    (void)state;
    struct record r;
    split(" \r\n\t{ \"a\" : 1 ,\n\t\"b\"\r:\t[ 1 , 2 ] , \"c\" :\"x\" , \"d\":{ } } \n", &r);
    assert_int_equal(r.count, 4);
    member(&r, 0, "\"a\"", "a", "1", JSON_NUMBER);
    member(&r, 1, "\"b\"", "b", "[ 1 , 2 ]", JSON_ARRAY);
    member(&r, 2, "\"c\"", "c", "\"x\"", JSON_STRING);
    member(&r, 3, "\"d\"", "d", "{ }", JSON_OBJECT);
    is(r.text, r.len, "{ \"a\" : 1 ,\n\t\"b\"\r:\t[ 1 , 2 ] , \"c\" :\"x\" , \"d\":{ } }");
    split("{}", &r);
    assert_int_equal(r.count, 0);
    split(" { } ", &r);
    is(r.text, r.len, "{ }");
}

static void test_escapes_in_names(void **state)
{
    (void)state;
    struct record r;
    split("{\"a\\u0062c\":1,\"plain\":2,\"\\\"\\\\\\/"
          "\\n\":3,\"d\\u00e9j\\u00e0\":4,\"\\ud83d\\ude00\":5,"
          "\"x\\ud83d\":6,\"\\\\u0041\":7}",
          &r);
    assert_int_equal(r.count, 7);
    member(&r, 0, "\"a\\u0062c\"", "abc", "1", JSON_NUMBER);
    member(&r, 1, "\"plain\"", "plain", "2", JSON_NUMBER);
    member(&r, 2, "\"\\\"\\\\\\/\\n\"", "\"\\/\n", "3", JSON_NUMBER);
    member(&r, 3, "\"d\\u00e9j\\u00e0\"", "d\xc3\xa9j\xc3\xa0", "4", JSON_NUMBER);
    member(&r, 4, "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", "5", JSON_NUMBER);
    member(&r, 5, "\"x\\ud83d\"", "x\xef\xbf\xbd", "6", JSON_NUMBER);
    member(&r, 6, "\"\\\\u0041\"", "\\u0041", "7", JSON_NUMBER);
    assert_int_equal(r.flags, RECORD_LONE_SURROGATE);
    assert_ptr_equal(record_find(&r, "abc"), &r.members[0]);
    assert_ptr_equal(record_find(&r, "d\xc3\xa9j\xc3\xa0"), &r.members[3]);
    split("{\"plain\":1}", &r); /* the names of before are gone */
    member(&r, 0, "\"plain\"", "plain", "1", JSON_NUMBER);
}

static void test_find_and_repeats(void **state)
{
    (void)state;
    struct record r;
    split("{\"a\":1,\"b\":{\"a\":2,\"a\":3},\"c\":4}", &r);
    assert_int_equal(r.flags, 0); /* only the outermost names count */
    assert_ptr_equal(record_find(&r, "c"), &r.members[2]);
    assert_null(record_find(&r, "d"));
    assert_null(record_find(&r, ""));
    split("{\"a\":1,\"b\":2,\"\\u0061\":3}", &r);
    assert_int_equal(r.count, 3);
    assert_ptr_equal(record_find(&r, "a"), &r.members[2]);
    split("{\"time_modified\":1,\"time_modifie\":2,\"time_modified1\":3,\"xtime_modified\":4}", &r);
    assert_int_equal(r.flags, 0);
}

static void test_repeats_among_many(void **state)
{
    (void)state;
    struct buf b;
    struct record r;
    struct err e = ERR_INIT;
    for (int last = 3000; last <= 3001; last++) {
        buf_init(&b, 1 << 20);
        assert_int_equal(buf_addc(&b, '{'), OK);
        for (int i = 0; i <= 3000; i++)
            assert_int_equal(buf_addf(&b, "\"custom_field_%d_of_the_form\":%d,", i, i), OK);
        assert_int_equal(buf_addf(&b, "\"custom_field_%d_of_the_form\":null}", last), OK);
        assert_int_equal(run_bytes(b.data, b.len, &r, &e), OK);
        assert_int_equal(r.count, 3002);
        assert_int_equal(r.flags, 0);
        buf_free(&b);
    }
}

static void test_flags(void **state)
{
    (void)state;
    struct record r;
    split("{\"a\":{\"b\":[\"x\\u0000\"]}}", &r);
    assert_int_equal(r.flags, RECORD_HAS_NUL);
    split("{\"a\":\"\\\\u0000\"}", &r);
    assert_int_equal(r.flags, 0);
    split("{\"a\\u0000\":1}", &r);
    assert_int_equal(r.flags, RECORD_HAS_NUL);
    assert_int_equal(r.members[0].name_len, 2);
    split("{\"a\":\"\\ud83d\\ude00\"}", &r);
    assert_int_equal(r.flags, 0);
    split("{\"a\":\"\\ude00\",\"a\":\"\\u0000\"}", &r);
    assert_int_equal(r.flags, RECORD_LONE_SURROGATE | RECORD_HAS_NUL);
}

static void test_wide_numbers(void **state)
{
    (void)state;
    static const char *const narrow[] = {"1",
                                         "-12.5",
                                         "123456789012345678901234567890.123",
                                         "\"1e5000\"",
                                         "[true]",
                                         "1e5",
                                         "-1.5E-3",
                                         "0e0",
                                         "6.02E+023",
                                         "{\"b\":[[1e400]]}"};
    static const char *const wide[] = {"1e5000", "-1.5E-3000", "0e0000", "1E+0001",
                                       "{\"b\":[[1e4000]]}"};
    char text[RECORD_NUMBER + 50];
    struct record r;
    for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++) {
        (void)snprintf(text, sizeof(text), "{\"a\":%s}", narrow[i]);
        split(text, &r);
        assert_int_equal(r.flags, 0);
    }
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        (void)snprintf(text, sizeof(text), "{\"a\":%s}", wide[i]);
        split(text, &r);
        assert_int_equal(r.flags, RECORD_WIDE_NUMBER);
    }
    for (int digits = RECORD_NUMBER; digits <= RECORD_NUMBER + 1; digits++) {
        (void)snprintf(text, sizeof(text), "{\"a\":1%0*d}", digits - 1, 0);
        split(text, &r);
        assert_int_equal(r.members[0].value_len, digits);
        assert_int_equal(r.flags, digits == RECORD_NUMBER ? 0 : RECORD_WIDE_NUMBER);
    }
    split("{\"a\":1}", &r);
    assert_int_equal(r.flags, 0);
}

static void test_conformance(void **state)
{
    (void)state;
    struct record r;
    char text[200];
    for (size_t i = 0; i < sizeof(json_good) / sizeof(json_good[0]); i++) {
        (void)snprintf(text, sizeof(text), "{\"a\":%s,\"b\":[%s]}", json_good[i], json_good[i]);
        split(text, &r);
        assert_int_equal(r.count, 2);
    }
    for (size_t i = 0; i < sizeof(json_bad) / sizeof(json_bad[0]); i++) {
        static const char *const around[] = {"{\"a\":%s}", "{\"b\":1,\"a\":%s,\"c\":2}",
                                             "{\"a\":[1,%s]}", "{\"a\":{\"b\":%s}}"};
        for (size_t k = 0; k < sizeof(around) / sizeof(around[0]); k++) {
            struct err e = ERR_INIT;
            const char *at = strchr(around[k], '%');
            int n = snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - around[k]), around[k],
                             json_bad[i], at + 2);
            if (run_bytes(text, (size_t)n, &r, &e) != ERR_DATA)
                fail_msg("taken: %s", text);
            assert_int_equal(e.code, ERR_DATA);
            assert_int_equal(r.count, 0);
            assert_non_null(strstr(e.msg, " near byte "));
            split("{\"a\":1}", &r); /* a refusal leaves nothing behind */
            assert_int_equal(r.count, 1);
        }
    }
}

static void test_not_one_object(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "\n",
        "1",
        "\"x\"",
        "null",
        "true",
        "[]",
        "[{}]",
        "{}{}",
        "{} {}",
        "{},",
        "{}1",
        "{} x",
        "{}\n{}",
        "{}]",
        "{}}",
        "{}\"",
        "x{}",
        ",{}",
        "\xef\xbb\xbf{}",
        "{}/**/",
        "{}//",
        "\x0b{}",
        "{}\x0c",
        "{\"a\":1}{\"b\":2}",
    };
    struct record r;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct err e = ERR_INIT;
        if (run_bytes(texts[i], strlen(texts[i]), &r, &e) != ERR_DATA)
            fail_msg("taken: %s", texts[i]);
        assert_int_equal(r.count, 0);
    }
    struct err e = ERR_INIT;
    assert_int_equal(run_bytes("{}\0", 3, &r, &e), ERR_DATA);
    assert_int_equal(run_bytes("{\"a\0\":1}", 8, &r, &e), ERR_DATA);
}

static void refusal(const char *text, enum err_code code, const char *message)
{
    struct record r;
    struct err e = ERR_INIT;
    assert_int_equal(run_bytes(text, strlen(text), &r, &e), code);
    assert_string_equal(e.msg, message);
}

static void test_messages(void **state)
{
    (void)state;
    refusal("  ", ERR_DATA, "not one JSON object: nothing but blanks near byte 2");
    refusal(" [1]", ERR_DATA, "not one JSON object: it does not begin with { near byte 1");
    refusal(" {\"a\":\"\xe9\"}", ERR_DATA,
            "not one JSON object: bytes that are not UTF-8 near byte 7");
    refusal("{\"a\":1,\x0b\"b\":2}", ERR_DATA,
            "not one JSON object: a control character near byte 7");
    refusal("{\"a\":1", ERR_DATA, "not one JSON object: the end is missing near byte 6");
    refusal("{\"a\":1} {}", ERR_DATA, "not one JSON object: something follows it near byte 7");
    refusal(" {\"a\":1,}", ERR_DATA,
            "not one JSON object: parse error: invalid object key (must be a string) near byte 9");
    refusal("{\"secret\":hunter2}", ERR_DATA,
            "not one JSON object: lexical error: invalid char in json text near byte 11");
}

/* Cut anywhere, an object is none. */
static void test_every_cut(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\\u0062\":-12.5e+3,\"b\":[true,false,null,{\"c\":\"d\\ud83d\\ude00\"}],"
        "\"\xc3\xa9\":\"\xf0\x9f\x98\x80\",\"z\":{}}";
    struct record r;
    for (size_t n = 0; n < sizeof(text) - 1; n++) {
        struct err e = ERR_INIT;
        assert_int_equal(run_bytes(text, n, &r, &e), ERR_DATA);
    }
    split(text, &r);
    assert_int_equal(r.count, 4);
}

/* Any byte changed to any other: an answer, and slices within the text. */
static void test_every_byte_changed(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\\u0062\":-1.5e3,\"b\":[null,{\"c\":\"d\"}] ,\"\xc3\xa9\":true}";
    char changed[sizeof(text)];
    struct record r;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        for (int c = 0; c < 256; c++) {
            struct err e = ERR_INIT;
            memcpy(changed, text, sizeof(text));
            changed[i] = (char)c;
            enum err_code rc = run_bytes(changed, sizeof(text) - 1, &r, &e);
            assert_true(rc == OK || rc == ERR_DATA);
            for (size_t k = 0; k < r.count; k++) {
                const struct member *m = &r.members[k];
                assert_true(m->raw_name_len >= 2 && m->raw_name[0] == '"' &&
                            m->raw_name[m->raw_name_len - 1] == '"');
                assert_true(m->raw_name > exact && m->value > m->raw_name + m->raw_name_len &&
                            m->value_len > 0 && m->value + m->value_len < exact + sizeof(text) - 1);
            }
        }
    }
}

static enum err_code nested(size_t levels, char open, char close, struct record *r, struct err *e)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(buf_adds(&b, open == '{' ? "{\"a\":1,\"b\":" : "{\"b\":"), OK);
    for (size_t i = 1; i < levels; i++)
        assert_int_equal(buf_adds(&b, open == '{' && i + 1 < levels ? "{\"a\":"
                                      : open == '{'                 ? "{"
                                                                    : "["),
                         OK);
    for (size_t i = 1; i < levels; i++)
        assert_int_equal(buf_addc(&b, close), OK);
    assert_int_equal(buf_addc(&b, '}'), OK);
    enum err_code rc = run_bytes(b.data, b.len, r, e);
    buf_free(&b);
    return rc;
}

static void test_depth(void **state)
{
    (void)state;
    struct record r;
    struct err e = ERR_INIT;
    assert_int_equal(nested(RECORD_DEPTH, '[', ']', &r, &e), OK);
    assert_int_equal(nested(RECORD_DEPTH, '{', '}', &r, &e), OK);
    assert_int_equal(r.count, 2);
    assert_int_equal(nested(RECORD_DEPTH + 1, '[', ']', &r, &e), ERR_TOO_BIG);
    assert_non_null(strstr(e.msg, "nested deeper than 512 levels"));
    assert_int_equal(nested(RECORD_DEPTH + 1, '{', '}', &r, &e), ERR_TOO_BIG);
    assert_int_equal(nested(100000, '[', ']', &r, &e), ERR_TOO_BIG);
    split("{\"a\":1}", &r);
    assert_int_equal(r.count, 1);
}

static void test_too_many_members(void **state)
{
    (void)state;
    struct record r;
    for (int extra = 0; extra <= 1; extra++) {
        struct buf b;
        struct err e = ERR_INIT;
        buf_init(&b, 4 << 20);
        for (int i = 0; i < RECORD_MEMBERS + extra; i++)
            assert_int_equal(buf_addf(&b, "%c\"%d\":0", i == 0 ? '{' : ',', i), OK);
        assert_int_equal(buf_addc(&b, '}'), OK);
        assert_int_equal(run_bytes(b.data, b.len, &r, &e), extra == 0 ? OK : ERR_TOO_BIG);
        if (extra == 0)
            assert_int_equal(r.count, RECORD_MEMBERS);
        else
            assert_non_null(strstr(e.msg, "more than 65536 members"));
        buf_free(&b);
    }
}

static void test_large_text(void **state)
{
    (void)state;
    struct buf b;
    struct record r;
    struct err e = ERR_INIT;
    buf_init(&b, 8 << 20);
    assert_int_equal(buf_adds(&b, "{\"a\":\""), OK);
    for (int i = 0; i < 300000; i++)
        assert_int_equal(buf_adds(&b, "d\xc3\xa9j\\u00e0 vu\\n"), OK);
    assert_int_equal(buf_adds(&b, "\",\"b\":2}"), OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run_bytes(b.data, b.len, &r, &e), OK);
        assert_int_equal(r.count, 2);
        assert_int_equal(r.members[0].value_len, b.len - strlen("{\"a\":,\"b\":2}"));
    }
    buf_free(&b);
    split("{\"a\":1}", &r);
    free(exact);
    exact = NULL;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_every_kind),
        T(test_blanks),
        T(test_escapes_in_names),
        T(test_find_and_repeats),
        T(test_repeats_among_many),
        T(test_flags),
        T(test_wide_numbers),
        T(test_conformance),
        T(test_not_one_object),
        T(test_messages),
        T(test_every_cut),
        T(test_every_byte_changed),
        T(test_depth),
        T(test_too_many_members),
        T(test_large_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

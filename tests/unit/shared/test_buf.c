#include "shared/base/buf.h"
#include <string.h>
#include <yajl/yajl_tree.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A refused allocation is a result here, not the end of a sanitized process. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void test_empty_is_an_empty_string(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_string_equal(b.data, "");
    assert_int_equal(b.len, 0);
    buf_reset(&b);
    buf_truncate(&b, 0);
    buf_consume(&b, 5);
    assert_int_equal(buf_add(&b, NULL, 0), OK);
    assert_int_equal(buf_adds(&b, ""), OK);
    assert_int_equal(buf_addf(&b, "%s", ""), OK);
    assert_string_equal(b.data, "");
    buf_free(&b);
    buf_free(&b);
}

static void test_adding_is_terminated(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(buf_add(&b, "a\0b", 3), OK);
    assert_int_equal(buf_addc(&b, 'c'), OK);
    assert_int_equal(buf_adds(&b, "de"), OK);
    assert_int_equal(buf_addf(&b, "%03d", 7), OK);
    assert_int_equal(b.len, 9);
    assert_memory_equal(b.data, "a\0bcde007", 10);
    buf_free(&b);
    assert_string_equal(b.data, "");
    assert_int_equal(b.max, 1000);
}

static void test_cap_is_exact(void **state)
{
    (void)state;
    for (size_t max = 0; max < 300; max++) {
        struct buf b;
        buf_init(&b, max);
        for (size_t i = 0; i < max; i++)
            assert_int_equal(buf_addc(&b, (char)('a' + i % 26)), OK);
        assert_int_equal(buf_addc(&b, 'x'), ERR_TOO_BIG);
        assert_int_equal(buf_adds(&b, "x"), ERR_TOO_BIG);
        assert_int_equal(buf_addf(&b, "x"), ERR_TOO_BIG);
        assert_int_equal(b.len, max);
        assert_int_equal(strlen(b.data), max);
        assert_true(b.cap <= max);
        buf_free(&b);
    }
}

/* Whether what is formatted fits into what is there, into what can be had, or not at all. */
static void test_formatting_is_all_or_nothing(void **state)
{
    char letters[401];
    (void)state;
    for (size_t i = 0; i < sizeof letters; i++)
        letters[i] = (char)('a' + i % 26);
    for (size_t before = 0; before < 140; before++)
        for (int n = 0; n <= 200; n++) {
            struct buf b;
            buf_init(&b, 200);
            assert_int_equal(buf_add(&b, letters, before), OK);
            bool fits = before + (size_t)n <= 200;
            assert_int_equal(buf_addf(&b, "%.*s", n, letters + before), fits ? OK : ERR_TOO_BIG);
            assert_int_equal(b.len, fits ? before + (size_t)n : before);
            assert_memory_equal(b.data, letters, b.len);
            assert_int_equal(b.data[b.len], 0);
            buf_free(&b);
        }
}

static void test_huge_requests_do_not_wrap(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, SIZE_MAX);
    assert_int_equal(buf_addc(&b, 'x'), OK);
    assert_int_equal(buf_reserve(&b, SIZE_MAX), ERR_TOO_BIG);
    assert_int_equal(buf_reserve(&b, SIZE_MAX - 1), ERR_TOO_BIG);
    assert_int_equal(buf_reserve(&b, (size_t)PTRDIFF_MAX / 2), ERR_NOMEM);
    assert_string_equal(b.data, "x"); /* what was there survives a refusal */
    buf_free(&b);
}

static void test_reserve_then_grown(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(buf_reserve(&b, 100), OK);
    memset(b.data + b.len, 'y', 100);
    buf_grown(&b, 40);
    assert_int_equal(strlen(b.data), 40);
    assert_int_equal(buf_reserve(&b, 61), ERR_TOO_BIG);
    assert_int_equal(buf_reserve(&b, 60), OK);
    buf_free(&b);
}

static void test_consume_and_truncate(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(buf_adds(&b, "0123456789"), OK);
    buf_consume(&b, 3);
    assert_string_equal(b.data, "3456789");
    buf_truncate(&b, 20);
    buf_truncate(&b, 4);
    assert_string_equal(b.data, "3456");
    buf_consume(&b, 99);
    assert_string_equal(b.data, "");
    assert_int_equal(b.len, 0);
    buf_free(&b);
}

static void check_json(const char *s, size_t n, const char *want)
{
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(buf_add_json(&b, s, n), OK);
    assert_string_equal(b.data, want);
    buf_free(&b);
}

static void test_json_escapes(void **state)
{
    (void)state;
    check_json("", 0, "\"\"");
    check_json("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
    check_json("\b\t\n\v\f\r", 6, "\"\\b\\t\\n\\u000b\\f\\r\"");
    check_json("\0\x1f\x7f", 3, "\"\\u0000\\u001f\\u007f\"");
    check_json("\xc2\x9b", 2, "\"\\u009b\"");
    check_json("\xc3\xa9 \xf0\x9f\x98\x80", 7, "\"\xc3\xa9 \xf0\x9f\x98\x80\"");
    check_json("a\xff\xe2\x82", 4, "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

/* Whatever the bytes, a JSON parser reads the text back; every byte pair is tried. */
static void test_json_is_always_json(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    for (unsigned i = 0; i < 0x10000; i++) {
        char pair[2] = {(char)(i >> 8), (char)(i & 0xff)};
        char reason[200];
        buf_reset(&b);
        assert_int_equal(buf_add_json(&b, pair, 2), OK);
        yajl_val v = yajl_tree_parse(b.data, reason, sizeof reason);
        if (v == NULL || !YAJL_IS_STRING(v))
            fail_msg("%04x: %s: %s", i, b.data, reason);
        yajl_tree_free(v);
    }
    buf_free(&b);
}

static void test_json_is_all_or_nothing(void **state)
{
    (void)state;
    static const char text[] = "ab\n\"\xff"
                               "c"; /* 12 bytes as JSON */
    for (size_t max = 2; max < 20; max++) {
        struct buf b;
        buf_init(&b, max);
        assert_int_equal(buf_adds(&b, "x:"), OK);
        enum err_code rc = buf_add_json(&b, text, sizeof text - 1);
        assert_int_equal(rc, max < 14 ? ERR_TOO_BIG : OK);
        assert_int_equal(b.len, max < 14 ? 2 : 14);
        buf_free(&b);
    }
}

static void test_text_for_people(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 40);
    assert_int_equal(buf_add_text(&b, "say \"hi\" \\ \x1b[1m\n", 16), OK);
    assert_string_equal(b.data, "say \"hi\" \\ \\u001b[1m\\n");
    assert_int_equal(buf_add_text(&b, "12345678901234567890", 20), ERR_TOO_BIG);
    assert_string_equal(b.data, "say \"hi\" \\ \\u001b[1m\\n");
    buf_free(&b);
}

static void test_messages(void **state)
{
    (void)state;
    struct buf b;
    struct err e = ERR_INIT;
    buf_init(&b, 16 << 10);
    assert_int_equal(buf_err(&e, OK, &b, "a page"), OK);
    assert_string_equal(e.msg, "");
    assert_int_equal(buf_err(&e, ERR_TOO_BIG, &b, "a page"), ERR_TOO_BIG);
    assert_string_equal(e.msg, "a page is larger than 16 KiB");
    assert_int_equal(buf_err(&e, ERR_NOMEM, &b, "a page"), ERR_NOMEM);
    assert_string_equal(e.msg, "a page: out of memory");
    assert_int_equal(buf_err(&e, ERR_INTERNAL, &b, "a page"), ERR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_is_an_empty_string),
        cmocka_unit_test(test_adding_is_terminated),
        cmocka_unit_test(test_cap_is_exact),
        cmocka_unit_test(test_formatting_is_all_or_nothing),
        cmocka_unit_test(test_huge_requests_do_not_wrap),
        cmocka_unit_test(test_reserve_then_grown),
        cmocka_unit_test(test_consume_and_truncate),
        cmocka_unit_test(test_json_escapes),
        cmocka_unit_test(test_json_is_always_json),
        cmocka_unit_test(test_json_is_all_or_nothing),
        cmocka_unit_test(test_text_for_people),
        cmocka_unit_test(test_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

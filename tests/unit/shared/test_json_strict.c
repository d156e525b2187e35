#include "shared/json/json_record.h"
#include "shared/json/json_strict.h"
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BYTES(s) (s), sizeof(s) - 1

/* At every place in a longer text, so that both the eight-byte steps and the single ones meet it.
 */
static void check(const char *s, size_t n, const char *reason, size_t reason_at, uint32_t want)
{
    for (size_t before = 0; before < 20; before++) {
        for (size_t after = 0; after < 20; after++) {
            uint32_t flags = 0;
            size_t at = 0;
            char *text = malloc(before + n + after + 1);
            assert_non_null(text);
            memset(text, 'x', before + n + after);
            memcpy(text + before, s, n);
            const char *got = json_strict_check(text, before + n + after, &flags, &at);
            if (reason == NULL) {
                assert_null(got);
                assert_int_equal(flags, want);
            } else {
                assert_non_null(got);
                assert_string_equal(got, reason);
                assert_int_equal(at, before + reason_at);
            }
            free(text);
        }
    }
}

static void good(const char *s, size_t n, uint32_t flags)
{
    check(s, n, NULL, 0, flags);
}

static void test_good(void **state)
{
    (void)state;
    good(BYTES(""), 0);
    good(BYTES(" \t\r\n{\"a\":[1,2,{}]}\x7f"), 0);
    good(BYTES("d\xc3\xa9j\xc3\xa0 vu \xe2\x82\xac \xf0\x9f\x98\x80"), 0);
    good(BYTES("\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80"
               "\xf4\x8f\xbf\xbf"),
         0);
    good(BYTES("\\n\\\"\\\\\\/\\u00e9\\u20AC"), 0);
}

static void test_bad_utf8(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfe",
        "\xff",
        "\xc3",
        "\xe2\x82",
        "\xf0\x9f\x98",
        "\xe9t",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check(bad[i], strlen(bad[i]), "bytes that are not UTF-8", 0, 0);
    check(BYTES("\xc3\xa9\xe9"), "bytes that are not UTF-8", 2, 0);
}

static void test_control_characters(void **state)
{
    (void)state;
    for (int c = 0; c < 0x20; c++) {
        char s[3] = {'a', (char)c, 'b'};
        if (c == '\t' || c == '\n' || c == '\r')
            good(s, 3, 0);
        else
            check(s, 3, "a control character", 1, 0);
    }
}

static void test_escaped_nul(void **state)
{
    (void)state;
    good(BYTES("\\u0000"), RECORD_HAS_NUL);
    good(BYTES("a\\\\\\u0000b"), RECORD_HAS_NUL);
    good(BYTES("\\\\u0000"), 0); /* an escaped backslash, then u0000 */
    good(BYTES("\\\\\\\\u0000"), 0);
    good(BYTES("\\u00000"), RECORD_HAS_NUL);
    good(BYTES("\\u0001"), 0);
    good(BYTES("\\u0030"), 0);
}

static void test_surrogates(void **state)
{
    (void)state;
    good(BYTES("\\ud83d\\ude00"), 0);
    good(BYTES("\\uD83D\\uDE00\\uD83D\\uDE00"), 0);
    good(BYTES("\\ud83d"), RECORD_LONE_SURROGATE);
    good(BYTES("\\ude00"), RECORD_LONE_SURROGATE);
    good(BYTES("\\ude00\\ud83d"), RECORD_LONE_SURROGATE);
    good(BYTES("\\ud83d\\ud83d\\ude00"), RECORD_LONE_SURROGATE);
    good(BYTES("\\ud83d \\ude00"), RECORD_LONE_SURROGATE);
    good(BYTES("\\ud83d\\n"), RECORD_LONE_SURROGATE);
    good(BYTES("\\ud83d\\\\ude00"), RECORD_LONE_SURROGATE);
    good(BYTES("\\ud83dude00"), RECORD_LONE_SURROGATE);
    good(BYTES("\\\\ud83d"), 0);
    good(BYTES("\\ud7ff\\ue000"), 0);
    good(BYTES("\\ud83d\\u0000"), RECORD_LONE_SURROGATE | RECORD_HAS_NUL);
}

/* Escapes that are none are yajl's to refuse; here they must only do no harm. */
static void test_malformed_escapes_at_the_end(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\\",         "\\u",           "\\u0",    "\\u00",   "\\u000",  "\\ud83d",    "\\ud83d\\",
        "\\ud83d\\u", "\\ud83d\\ude0", "\\uzzzz", "\\u 000", "\\u+000", "\\u00g0\\u0"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        size_t n = strlen(texts[i]);
        uint32_t flags = 0;
        size_t at = 0;
        char *exact = malloc(n);
        assert_non_null(exact);
        memcpy(exact, texts[i], n);
        assert_null(json_strict_check(exact, n, &flags, &at));
        assert_int_equal(flags & RECORD_HAS_NUL, 0);
        free(exact);
    }
}

static void unescape(const char *s, const char *want, size_t want_len)
{
    size_t n = strlen(s);
    char *out = malloc(n + 1); /* no more than it promises to need */
    assert_non_null(out);
    size_t len = json_unescape(s, n, out);
    assert_int_equal(len, want_len);
    assert_memory_equal(out, want, len);
    free(out);
}

static void test_unescape(void **state)
{
    (void)state;
    unescape("", BYTES(""));
    unescape("plain d\xc3\xa9j\xc3\xa0", BYTES("plain d\xc3\xa9j\xc3\xa0"));
    unescape("\\\"\\\\\\/\\b\\f\\n\\r\\t", BYTES("\"\\/\b\f\n\r\t"));
    unescape("\\u0041\\u00e9\\u20ac\\uFFFD", BYTES("A\xc3\xa9\xe2\x82\xac\xef\xbf\xbd"));
    unescape("\\u007f\\u0080\\u07ff\\u0800\\uffff",
             BYTES("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"));
    unescape("\\ud83d\\ude00!", BYTES("\xf0\x9f\x98\x80!"));
    unescape("\\ud800\\udc00\\udbff\\udfff", BYTES("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
    unescape("a\\u0000b", BYTES("a\0b"));
    unescape("\\\\u0041", BYTES("\\u0041"));
    unescape("\\ud83dx", BYTES("\xef\xbf\xbdx"));
    unescape("\\ude00\\ud83d", BYTES("\xef\xbf\xbd\xef\xbf\xbd"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad_utf8),
        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_escaped_nul),
        cmocka_unit_test(test_surrogates),
        cmocka_unit_test(test_malformed_escapes_at_the_end),
        cmocka_unit_test(test_unescape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

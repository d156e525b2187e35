#include "shared/base/utf8.h"
#include <stdbool.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The encoder is written apart from the decoder under test. */
static size_t encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 0; c >>= 6)
        out[i] = (char)(i == 0 ? (marks[n] | c) : (0x80u | (c & 0x3fu)));
    return n;
}

static void test_every_character_is_read_back(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char bytes[4];
        uint32_t got = 0;
        size_t n = encode(c, bytes);
        bool surrogate = c >= 0xd800 && c <= 0xdfff;
        size_t len = utf8_next(bytes, n, &got);
        if (len != (surrogate ? 0 : n) || (!surrogate && got != c))
            fail_msg("U+%04X: %zu bytes, U+%04X", c, len, got);
        if (utf8_next(bytes, n - 1, &got) != 0)
            fail_msg("U+%04X is read from %zu bytes", c, n - 1);
    }
}

static void test_what_is_not_utf8(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xe2\x28\xa1",
        "\xe2\x82\x28",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint32_t c = 0;
        assert_int_equal(utf8_next(wrong[i], strlen(wrong[i]), &c), 0);
    }
}

static void test_whole_never_cuts_a_character(void **state)
{
    (void)state;
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
    static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
    for (size_t n = 0; n < sizeof want / sizeof want[0]; n++)
        assert_int_equal(utf8_whole(text, n), want[n]);
    assert_int_equal(utf8_whole("\x80\x80\x80\x80\x80", 5), 5);
    assert_int_equal(utf8_whole("\x80", 1), 1);
}

static void test_columns(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t columns;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"\xc3\xa9t\xc3\xa9", 3},
        {"e\xcc\x81", 1},                /* e and a combining accent */
        {"\xe6\xbc\xa2\xe5\xad\x97", 4}, /* two CJK characters */
        {"\xf0\x9f\x98\x80", 2},
        {"1\xe2\x80\xaf"
         "234",
         5},
        {"a\xff"
         "b",
         3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(utf8_columns(cases[i].text, strlen(cases[i].text)), cases[i].columns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_character_is_read_back),
        cmocka_unit_test(test_what_is_not_utf8),
        cmocka_unit_test(test_whole_never_cuts_a_character),
        cmocka_unit_test(test_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

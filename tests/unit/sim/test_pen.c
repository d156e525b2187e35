#include "tests/sim/base/pen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_plain_escapes_what_must_be(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    struct pen p = {.out = &b};
    pen_plain(&p, "a\"b\\c\nd\te\r\b\f\x01/é🏠");
    assert_int_equal(p.rc, OK);
    assert_string_equal(b.data, "a\\\"b\\\\c\\nd\\te\\r\\b\\f\\u0001/é🏠");
    buf_free(&b);
}

/* Over many seeds all spellings come, each of them whole. */
static void test_string_spellings(void **state)
{
    (void)state;
    static const char *const spellings[] = {
        "\"é/🏠\"",
        "\"é\\/🏠\"",
        "\"\\u00e9/\\ud83c\\udfe0\"",
        "\"\\u00E9/\\uD83C\\uDFE0\"",
        "\"\\u00e9\\/\\ud83c\\udfe0\"",
        "\"\\u00E9\\/\\uD83C\\uDFE0\"",
    };
    const size_t n = sizeof spellings / sizeof *spellings;
    size_t seen[6] = {0};
    struct buf b;
    buf_init(&b, 1000);
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct pen p = {.out = &b, .rng = rng_seed(seed, 0, 0)};
        buf_reset(&b);
        pen_string(&p, "é/🏠");
        size_t i = 0;
        while (i < n && strcmp(b.data, spellings[i]) != 0)
            i++;
        if (i == n)
            fail_msg("%s", b.data);
        seen[i]++;
    }
    for (size_t i = 0; i < n; i++)
        assert_true(seen[i] > 0);
    buf_free(&b);
}

static void test_numbers(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    struct pen p = {.out = &b};
    pen_uint(&p, 0);
    pen_put(&p, " ");
    pen_uint(&p, UINT64_MAX);
    assert_string_equal(b.data, "0 18446744073709551615");
    buf_free(&b);
}

static void test_the_first_failure_stays(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4);
    struct pen p = {.out = &b};
    pen_put(&p, "abc");
    pen_put(&p, "too long");
    assert_int_equal(p.rc, ERR_TOO_BIG);
    pen_put(&p, "d");
    pen_string(&p, "e");
    assert_string_equal(b.data, "abc");
    assert_int_equal(p.rc, ERR_TOO_BIG);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_escapes_what_must_be),
        cmocka_unit_test(test_string_spellings),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_the_first_failure_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

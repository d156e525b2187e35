#include "load/row/json_number.h"
#include "tests/unit/load/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Both verdicts were asked of PostgreSQL 15: SELECT '<number>'::jsonb. */
static void test_numeric_holds_what_postgresql_says(void **state)
{
    static const char *const held[] = {
        "0",        "-0",         "1e131071",      "9.99e131071",   "10e131070",
        "1e-16383", "0e-16383",   "0e200000",      "0e1073741822",  "1.5e-16382",
        "-1.5",     "0.1e-16382", "0.0001e131075", "1e+0000000005", "9007199254740993",
    };
    static const char *const refused[] = {
        "1e131072",
        "-1e131072",
        "10e131071",
        "1e-16384",
        "0e-16384",
        "0e1073741823",
        "0e-1073741823",
        "0e2147483648",
        "1.5e-16383",
        "0.1e-16383",
        "0.0001e131076",
        "1E+99999999999999999999",
        "0e99999999999999999999",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
        assert_true(json_number_fits_numeric(held[i], strlen(held[i])));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_false(json_number_fits_numeric(refused[i], strlen(refused[i])));
}

static void test_numeric_counts_digits(void **state)
{
    size_t most = 140000;
    char *s = malloc(most);

    (void)state;
    assert_non_null(s);
    memset(s, '1', most);
    assert_true(json_number_fits_numeric(s, 131072));
    assert_false(json_number_fits_numeric(s, 131073));
    s[1] = '.';
    assert_true(json_number_fits_numeric(s, 2 + 16383));
    assert_false(json_number_fits_numeric(s, 2 + 16384));
    memset(s, '0', most);
    s[1] = '.';
    assert_true(json_number_fits_numeric(s, 2 + 16383));
    assert_false(json_number_fits_numeric(s, 2 + 16384));
    (void)snprintf(s + 2 + 20000, most - 2 - 20000, "e5000");
    assert_true(json_number_fits_numeric(s, strlen(s)));
    free(s);
}

static void expect_integer(const char *s, int64_t want)
{
    int64_t v = -1;

    assert_int_equal(json_number_to_int64(s, strlen(s), &v), JSON_NUMBER_INTEGER);
    assert_true(v == want);
}

static void expect_none(const char *s, enum json_number_integer want)
{
    int64_t v;

    assert_int_equal(json_number_to_int64(s, strlen(s), &v), want);
}

static void test_integers_in_all_forms(void **state)
{
    (void)state;
    expect_integer("12", 12);
    expect_integer("-12", -12);
    expect_integer("0", 0);
    expect_integer("-0", 0);
    expect_integer("12.0", 12);
    expect_integer("1e2", 100);
    expect_integer("1.2E+1", 12);
    expect_integer("1200e-2", 12);
    expect_integer("0.00012e5", 12);
    expect_integer("0e999999999999999999999", 0);
    expect_integer("0.0e-5", 0);
    expect_integer("9223372036854775807", INT64_MAX);
    expect_integer("-9223372036854775808", INT64_MIN);
    expect_integer("9.223372036854775807e18", INT64_MAX);
}

static void test_what_is_no_integer(void **state)
{
    (void)state;
    expect_none("12.5", JSON_NUMBER_FRACTION);
    expect_none("1e-1", JSON_NUMBER_FRACTION);
    expect_none("12e-99999999999999999999", JSON_NUMBER_FRACTION);
    expect_none("0.1e0", JSON_NUMBER_FRACTION);
    expect_none("9223372036854775808", JSON_NUMBER_BEYOND);
    expect_none("-9223372036854775809", JSON_NUMBER_BEYOND);
    expect_none("1e19", JSON_NUMBER_BEYOND);
    expect_none("99999999999999999999", JSON_NUMBER_BEYOND);
    expect_none("1e99999999999999999999", JSON_NUMBER_BEYOND);
}

/* An integer written with its point and exponent moved about is the same integer. */
static void test_random_forms_of_an_integer(void **state)
{
    uint64_t seed = 7;
    char digits[32];
    char s[128];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        int64_t v = (int64_t)(random_next(&seed) >> (2 + random_below(&seed, 62)));
        int n = snprintf(digits, sizeof(digits), "%lld", (long long)v);
        int shift = random_below(&seed, 8);
        int zeros = random_below(&seed, 4);
        if (random_below(&seed, 2) == 0)
            (void)snprintf(s, sizeof(s), "%s%.*se%d", digits, zeros, "0000", -zeros);
        else if (shift < n)
            (void)snprintf(s, sizeof(s), "%.*s.%s%.*se%d", n - shift, digits, digits + n - shift,
                           zeros + 1, "0000", shift);
        else
            (void)snprintf(s, sizeof(s), "0.%.*s%sE+%d", shift - n, "00000000", digits, shift);
        expect_integer(s, v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numeric_holds_what_postgresql_says),
        cmocka_unit_test(test_numeric_counts_digits),
        cmocka_unit_test(test_integers_in_all_forms),
        cmocka_unit_test(test_what_is_no_integer),
        cmocka_unit_test(test_random_forms_of_an_integer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

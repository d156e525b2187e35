#include "shared/base/units.h"
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef enum err_code parse_fn(const char *s, int64_t *out);

struct good {
    const char *text;
    int64_t value;
};

static void check_good(parse_fn *parse, const struct good *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t got = -1;
        if (parse(cases[i].text, &got) != OK || got != cases[i].value)
            fail_msg("'%s' is %lld", cases[i].text, (long long)got);
    }
}

static void check_bad(parse_fn *parse, const char *const *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t got = -7;
        if (parse(cases[i], &got) != ERR_USAGE || got != -7)
            fail_msg("'%s' is taken", cases[i]);
    }
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_durations(void **state)
{
    (void)state;
    static const struct good good[] = {
        {"0", 0},
        {"5", 5000000},
        {"10ms", 10000},
        {"5s", 5000000},
        {"10m", 600000000},
        {"2h", INT64_C(7200000000)},
        {"007s", 7000000},
        {"7d", INT64_C(604800000000)},
        {"9223372036854s", INT64_C(9223372036854000000)},
    };
    static const char *const bad[] = {"",
                                      "s",
                                      "-1s",
                                      "+1s",
                                      "1.5s",
                                      "1 s",
                                      " 1s",
                                      "1s ",
                                      "1M",
                                      "1S",
                                      "1sec",
                                      "1m30s",
                                      "0x10",
                                      "9223372036855s",
                                      "99999999999999999999",
                                      "1us",
                                      "ms"};
    check_good(units_duration, good, COUNT(good));
    check_bad(units_duration, bad, COUNT(bad));
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct good good[] = {
        {"0", 0},          {"512", 512},       {"64K", 65536},
        {"16M", 16777216}, {"1G", 1073741824}, {"9223372036854775807", INT64_MAX},
    };
    static const char *const bad[] = {
        "", "K", "1k", "1KB", "1 K", "-1", "1.5M", "9223372036854775808", "9007199254740992K"};
    check_good(units_size, good, COUNT(good));
    check_bad(units_size, bad, COUNT(bad));
}

static void test_counts(void **state)
{
    (void)state;
    static const struct good good[] = {{"0", 0}, {"100", 100}, {"9223372036854775807", INT64_MAX}};
    static const char *const bad[] = {"", "-1", "+1", "1K", "1s", "1e3", "9223372036854775808"};
    check_good(units_count, good, COUNT(good));
    check_bad(units_count, bad, COUNT(bad));
}

static void test_show_durations(void **state)
{
    (void)state;
    static const struct good cases[] = {
        {"0s", 0},
        {"7us", 7},
        {"999us", 999},
        {"250ms", 250000},
        {"999ms", 999999},
        {"1s", 1000000},
        {"1s", 1099999},
        {"1.5s", 1500000},
        {"59.9s", 59999999},
        {"1m", 60000000},
        {"1m30s", 90000000},
        {"2h", INT64_C(7200000000)},
        {"1h", INT64_C(3659000000)},
        {"1h1m", INT64_C(3660000000)},
        {"7d", INT64_C(604800000000)},
        {"-1m30s", -90000000},
        {"-106751991d4h", INT64_MIN},
    };
    char out[UNITS_TEXT];
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(units_show_duration(cases[i].value, out), cases[i].text);
    assert_string_equal(units_show_seconds(5312999, out), "5.312");
    assert_string_equal(units_show_seconds(-90000000, out), "-90.000");
    assert_string_equal(units_show_seconds(INT64_MIN, out), "-9223372036854.775");
}

static void test_show_sizes(void **state)
{
    (void)state;
    static const struct good cases[] = {
        {"0 B", 0},
        {"1023 B", 1023},
        {"1 KiB", 1024},
        {"1.5 KiB", 1536},
        {"1023.9 KiB", 1048575},
        {"1 MiB", 1048576},
        {"1.3 MiB", 1400000},
        {"16 GiB", INT64_C(17179869184)},
        {"7.9 EiB", INT64_MAX},
        {"-8 EiB", INT64_MIN},
        {"-1.5 KiB", -1536},
    };
    char out[UNITS_TEXT];
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(units_show_size(cases[i].value, out), cases[i].text);
}

#define NNBSP "\xe2\x80\xaf"

static void test_show_counts(void **state)
{
    (void)state;
    static const struct good cases[] = {
        {"0", 0},
        {"999", 999},
        {"1" NNBSP "000", 1000},
        {"-12" NNBSP "345", -12345},
        {"123" NNBSP "456", 123456},
        {"1" NNBSP "234" NNBSP "567", 1234567},
        {"-9" NNBSP "223" NNBSP "372" NNBSP "036" NNBSP "854" NNBSP "775" NNBSP "808", INT64_MIN},
    };
    char out[UNITS_TEXT];
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(units_show_count(cases[i].value, out), cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),  cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_counts),     cmocka_unit_test(test_show_durations),
        cmocka_unit_test(test_show_sizes), cmocka_unit_test(test_show_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "shared/time/when.h"
#include "shared/time/zone_changes_private.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_fixed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t offset;
    } zones[] = {{"UTC", 0},        {"Z", 0},
                 {"Etc/UTC", 0},    {"+02:00", 7200},
                 {"+0530", 19800},  {"-03", -10800},
                 {"+15:59", 57540}, {"Etc/GMT+5", -18000},
                 {"-00:00", 0},     {"Asia/Kolkata", 19800}};
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        struct zone *z = NULL;
        struct err e = ERR_INIT;
        assert_int_equal(zone_open(&z, zones[i].name, &e), OK);
        assert_string_equal(zone_name(z), zones[i].name);
        assert_true(zone_to_utc(z, 1700000000) == 1700000000 - zones[i].offset);
        zone_close(z);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "Nowhere/Paris",
        "europe/paris ",
        "../../etc/passwd",
        "Europe/../UTC",
        "/etc/passwd",
        "Europe",
        "tzdata.zi",
        "zone.tab",
        "right/Europe/Paris",
        "CET-1CEST",
        "Europe/Paris\n",
        "+2",
        "+16:00",
        "+02:00x",
        "Europe%2FParis",
        "a/very/long/name/that/no/zone/has/and/that/is/beyond/all/sixty/four/letters",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct zone *z = (struct zone *)&z;
        struct err e = ERR_INIT;
        assert_int_equal(zone_open(&z, names[i], &e), ERR_CONFIG);
        assert_int_equal(zone_open(&z, names[i], NULL), ERR_CONFIG);
        assert_null(z);
        assert_int_equal(e.code, ERR_CONFIG);
        assert_non_null(strstr(e.msg, "zone"));
    }
}

static void test_message_tells_what_to_do(void **state)
{
    (void)state;
    struct zone *z;
    struct err e = ERR_INIT;
    assert_int_equal(zone_open(&z, "Europe/Pariss", &e), ERR_CONFIG);
    assert_string_equal(
        e.msg, "there is no time zone 'Europe/Pariss': give UTC, an offset such as +02:00, "
               "or a name such as Europe/Paris");
}

/* libc's own reading of the same data, instant by instant: wall clocks lead back to where they came
 * from, and those that come twice to the later. */
static void agree_with_libc(const char *name, uint64_t seed)
{
    struct zone *z = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(zone_open(&z, name, &e), OK);
    assert_int_equal(setenv("TZ", name, 1), 0);
    tzset();
    for (int i = 0; i < 20000; i++) {
        struct tm tm;
        struct tm later;
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        /* 1900 to 2100 mostly, sometimes up to 9999 */
        int64_t range = i % 20 == 0 ? INT64_C(253000000000) : INT64_C(6310000000);
        time_t at =
            (time_t)((int64_t)(seed >> 20) % range) - (i % 20 == 0 ? 0 : INT64_C(2208988800));
        assert_non_null(localtime_r(&at, &tm));
        time_t wall = at + tm.tm_gmtoff;
        time_t got = zone_to_utc(z, wall);
        if (got == at)
            continue;
        assert_non_null(localtime_r(&got, &later));
        if (got < at || got + later.tm_gmtoff != wall)
            fail_msg("%s: wall clock %lld of instant %lld leads to %lld", name, (long long)wall,
                     (long long)at, (long long)got);
    }
    zone_close(z);
}

static void test_agrees_with_libc(void **state)
{
    (void)state;
    /* Plain; the other half of the world; three hours of a day's length apart; rules with negative
     * hours, inverted summer time, half an hour, 50 hours; a skipped day; changes that follow the
     * moon. */
    static const char *const names[] = {
        "Europe/Paris",
        "America/New_York",
        "Australia/Sydney",
        "America/Nuuk",
        "Europe/Dublin",
        "Australia/Lord_Howe",
        "Asia/Gaza",
        "Pacific/Apia",
        "Asia/Kolkata",
        "Asia/Tehran",
        "Africa/Casablanca",
        "America/Santiago",
        "America/Argentina/Tucuman",
        "EST5EDT",
        "Pacific/Kwajalein",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        agree_with_libc(names[i], i + 1);
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
}

/* Walks over a gap and an overlap second by second. */
static void test_every_second_of_a_change(void **state)
{
    (void)state;
    struct zone *z = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(zone_open(&z, "Europe/Paris", &e), OK);
    int64_t spring = when_days(2024, 3, 31) * 86400 + 3600; /* UTC */
    int64_t autumn = when_days(2024, 10, 27) * 86400 + 3600;
    for (int64_t s = -7200; s < 7200; s++) {
        /* wall = UTC + 1 h until then: beyond it, the next hour does not exist and is read as if it
         * went on */
        int64_t wall = spring + 3600 + s;
        assert_true(zone_to_utc(z, wall) == (s < 3600 ? spring + s : spring + s - 3600));
        /* wall = UTC + 2 h until then: the hour before comes again after it, and that one is meant
         */
        wall = autumn + 7200 + s;
        assert_true(zone_to_utc(z, wall) == (s < -3600 ? autumn + s : autumn + s + 3600));
    }
    zone_close(z);
}

static void test_both_readings_of_every_second_of_a_change(void **state)
{
    (void)state;
    struct zone *z = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(zone_open(&z, "Europe/Paris", &e), OK);
    /* The year 2450 stands behind the zone's own list, in its cycle of 400 years. */
    const int years[][3] = {{2024, 31, 27}, {2450, 27, 30}};
    for (size_t y = 0; y < sizeof years / sizeof *years; y++) {
        int64_t spring = when_days(years[y][0], 3, years[y][1]) * 86400 + 3600; /* UTC */
        int64_t autumn = when_days(years[y][0], 10, years[y][2]) * 86400 + 3600;
        for (int64_t s = -7200; s < 7200; s++) {
            int64_t first = 0;
            int64_t last = 0;
            int64_t wall = spring + 3600 + s;
            bool never = s >= 0 && s < 3600;
            assert_int_equal(zone_readings(z, wall, &first, &last), never ? ZONE_NEVER : ZONE_ONCE);
            assert_true(last == zone_to_utc(z, wall) && first == (never ? spring : last));
            wall = autumn + 7200 + s;
            bool twice = s >= -3600 && s < 0;
            assert_int_equal(zone_readings(z, wall, &first, &last), twice ? ZONE_TWICE : ZONE_ONCE);
            assert_true(last == zone_to_utc(z, wall) && first == (twice ? last - 3600 : last));
        }
    }
    zone_close(z);
    assert_int_equal(zone_open(&z, "+02:00", &e), OK);
    int64_t first = 0;
    int64_t last = 0;
    assert_int_equal(zone_readings(z, 7200, &first, &last), ZONE_ONCE);
    assert_true(first == 0 && last == 0);
    zone_close(z);
}

static void test_a_day_that_was_skipped(void **state)
{
    (void)state;
    struct zone *z = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(zone_open(&z, "Pacific/Apia", &e), OK); /* no 2011-12-30 there: -10 to +14 */
    int64_t day = when_days(2011, 12, 30) * 86400;
    assert_true(zone_to_utc(z, day - 1) == day - 1 + 36000);
    assert_true(zone_to_utc(z, day + 43200) == day + 43200 + 36000);
    assert_true(zone_to_utc(z, day + 86400) == day + 86400 - 50400);
    zone_close(z);
}

static void test_add_is_bounded(void **state)
{
    (void)state;
    struct zone_changes c = {0};
    enum err_code rc = OK;
    int64_t n = 0;
    while (rc == OK && n < 100000)
        rc = zone_add(&c, n++, 0);
    assert_int_equal(rc, ERR_TOO_BIG);
    assert_true(n > 1000);
    free(c.list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_message_tells_what_to_do),
        cmocka_unit_test(test_agrees_with_libc),
        cmocka_unit_test(test_every_second_of_a_change),
        cmocka_unit_test(test_both_readings_of_every_second_of_a_change),
        cmocka_unit_test(test_a_day_that_was_skipped),
        cmocka_unit_test(test_add_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "shared/time/when.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FAILS INT64_MAX /* no time is that large */

struct sample {
    const char *text;
    const char *iso; /* NULL: refused; "": no time */
};

static struct zone *zone(const char *name)
{
    struct zone *z = NULL;
    struct err e = ERR_INIT;
    if (zone_open(&z, name, &e) != OK)
        fail_msg("%s", e.msg);
    return z;
}

/* A copy in memory of just that size, so that the sanitizer sees a step beyond it. */
static enum err_code parse_exact(const char *text, size_t n, const struct zone *z, int64_t *t)
{
    char *exact = malloc(n > 0 ? n : 1);
    assert_non_null(exact);
    memcpy(exact, text, n);
    enum err_code rc = when_parse(exact, n, z, t);
    free(exact);
    return rc;
}

static int64_t parse(const char *text, const struct zone *z)
{
    int64_t t = 0;
    enum err_code rc = parse_exact(text, strlen(text), z, &t);
    assert_true(rc == OK || rc == ERR_DATA);
    return rc == OK ? t : FAILS;
}

static void check(const struct sample *samples, size_t n, const char *zone_called)
{
    char out[WHEN_TEXT];
    struct zone *z = zone(zone_called);
    for (size_t i = 0; i < n; i++) {
        int64_t t = parse(samples[i].text, z);
        const char *got = t == FAILS ? NULL : when_iso(t, out);
        const char *want = samples[i].iso;
        if ((got == NULL) != (want == NULL) || (got != NULL && strcmp(got, want) != 0))
            fail_msg("%s in %s: got %s, not %s", samples[i].text, zone_called,
                     got != NULL ? got : "a refusal", want != NULL ? want : "a refusal");
    }
    zone_close(z);
}
#define CHECK(samples, zone) check((samples), sizeof(samples) / sizeof((samples)[0]), (zone))

static void test_forms(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"2024-05-13 10:22:33", "2024-05-13T10:22:33.000000Z"},
        {"2024-05-13T10:22:33", "2024-05-13T10:22:33.000000Z"},
        {"2024-05-13t10:22:33z", "2024-05-13T10:22:33.000000Z"},
        {"2024-05-13T10:22:33.5", "2024-05-13T10:22:33.500000Z"},
        {"2024-05-13T10:22:33.123456Z", "2024-05-13T10:22:33.123456Z"},
        {"2024-05-13T10:22:33.1234569Z", "2024-05-13T10:22:33.123456Z"},
        {"2024-05-13T10:22:33.000000000000000000009Z", "2024-05-13T10:22:33.000000Z"},
        {"2024-05-13 10:22", "2024-05-13T10:22:00.000000Z"},
        {"2024-05-13", "2024-05-13T00:00:00.000000Z"},
        {"2024-05-13T10:22:33Z", "2024-05-13T10:22:33.000000Z"},
        {"2024-05-13T10:22:33+02", "2024-05-13T08:22:33.000000Z"},
        {"2024-05-13T10:22:33+0230", "2024-05-13T07:52:33.000000Z"},
        {"2024-05-13 10:22:33.25-02:30", "2024-05-13T12:52:33.250000Z"},
        {"2024-05-13T10:22:33-00:00", "2024-05-13T10:22:33.000000Z"},
        {"2024-01-01T00:30:00+01:00", "2023-12-31T23:30:00.000000Z"},
        {"2024-02-29", "2024-02-29T00:00:00.000000Z"},
        {"2000-02-29", "2000-02-29T00:00:00.000000Z"},
        {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
        {"1582-10-04", "1582-10-04T00:00:00.000000Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
        {"2024-05-13 24:00:00", "2024-05-14T00:00:00.000000Z"},
        {"0001-01-01", "0001-01-01T00:00:00.000000Z"},
        {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
    };
    CHECK(samples, "UTC");
}

static void test_no_time(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"0000-00-00 00:00:00", ""},
        {"0000-00-00", ""},
        {"0000-00-00T00:00:00.000Z", ""},
        {"0000-00-00 00:00:00+02:00", ""},
    };
    CHECK(samples, "UTC");
    CHECK(samples, "Europe/Paris");
}

static void test_refused(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"", NULL},
        {" ", NULL},
        {"null", NULL},
        {"2024", NULL},
        {"2024-05", NULL},
        {"2024-5-13", NULL},
        {"24-05-13", NULL},
        {"12024-05-13", NULL},
        {"-2024-05-13", NULL},
        {"2024/05/13", NULL},
        {"20240513", NULL},
        {"13/05/2024", NULL},
        {"1715595753", NULL},
        {"2024-00-13", NULL},
        {"2024-13-13", NULL},
        {"2024-05-00", NULL},
        {"2024-05-32", NULL},
        {"2023-02-29", NULL},
        {"1900-02-29", NULL},
        {"2024-04-31", NULL},
        {"0000-01-01", NULL},
        {"0000-00-01", NULL},
        {"2024-05-13 ", NULL},
        {" 2024-05-13", NULL},
        {"2024-05-13T", NULL},
        {"2024-05-13T10", NULL},
        {"2024-05-13T10:", NULL},
        {"2024-05-13T10:2", NULL},
        {"2024-05-13T10:22:", NULL},
        {"2024-05-13T10:22:3", NULL},
        {"2024-05-13T10:22:33.", NULL},
        {"2024-05-13T10:22:33.Z", NULL},
        {"2024-05-13T10:22:33,5", NULL},
        {"2024-05-13T24:00:01", NULL},
        {"2024-05-13T24:00:00.1", NULL},
        {"2024-05-13T25:00:00", NULL},
        {"2024-05-13T10:60:00", NULL},
        {"2024-05-13T10:22:61", NULL},
        {"2024-05-13T10:22:33+", NULL},
        {"2024-05-13T10:22:33+2", NULL},
        {"2024-05-13T10:22:33+02:", NULL},
        {"2024-05-13T10:22:33+02:0", NULL},
        {"2024-05-13T10:22:33+02:60", NULL},
        {"2024-05-13T10:22:33+16:00", NULL},
        {"2024-05-13T10:22:33+02:00:00", NULL},
        {"2024-05-13T10:22:33ZZ", NULL},
        {"2024-05-13T10:22:33 Z", NULL},
        {"2024-05-13T10:22:33 CEST", NULL},
        {"2024-05-13T1a:22:33", NULL},
        {"2024-05-13Z", NULL},
        {"0001-01-01T00:00:00+00:01", NULL},
        {"9999-12-31T23:59:59-00:01", NULL},
        {"9999-12-31T24:00:00Z", NULL},
    };
    CHECK(samples, "UTC");
}

/* Europe/Paris: the clock goes from 02:00 to 03:00 on 2024-03-31 and from 03:00 to 02:00 on
 * 2024-10-27. */
static void test_wall_clock_in_a_zone(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"2024-01-15 12:00:00", "2024-01-15T11:00:00.000000Z"},
        {"2024-07-15 12:00:00", "2024-07-15T10:00:00.000000Z"},
        {"2024-07-15 12:00:00Z", "2024-07-15T12:00:00.000000Z"},
        {"2024-07-15 12:00:00-05", "2024-07-15T17:00:00.000000Z"},
        {"2024-07-15", "2024-07-14T22:00:00.000000Z"},
        /* around the missing hour */
        {"2024-03-31 01:59:59", "2024-03-31T00:59:59.000000Z"},
        {"2024-03-31 02:00:00", "2024-03-31T01:00:00.000000Z"},
        {"2024-03-31 02:30:00", "2024-03-31T01:30:00.000000Z"},
        {"2024-03-31 02:59:59.9", "2024-03-31T01:59:59.900000Z"},
        {"2024-03-31 03:00:00", "2024-03-31T01:00:00.000000Z"},
        /* around the doubled one */
        {"2024-10-27 01:59:59", "2024-10-26T23:59:59.000000Z"},
        {"2024-10-27 02:00:00", "2024-10-27T01:00:00.000000Z"},
        {"2024-10-27 02:30:00", "2024-10-27T01:30:00.000000Z"},
        {"2024-10-27 02:59:59", "2024-10-27T01:59:59.000000Z"},
        {"2024-10-27 03:00:00", "2024-10-27T02:00:00.000000Z"},
        /* beyond the listed changes, and for ever */
        {"2099-07-15 12:00:00", "2099-07-15T10:00:00.000000Z"},
        {"2600-01-15 12:00:00", "2600-01-15T11:00:00.000000Z"},
        {"9999-12-31 23:59:59", "9999-12-31T22:59:59.000000Z"},
        /* local mean time, 9 minutes and 21 seconds ahead */
        {"1880-01-01 00:00:00", "1879-12-31T23:50:39.000000Z"},
        {"0001-01-01 00:00:00", NULL},
    };
    CHECK(samples, "Europe/Paris");
}

static void test_api_form_cuts_to_milliseconds(void **state)
{
    (void)state;
    char out[WHEN_TEXT];
    struct zone *z = zone("UTC");
    assert_string_equal(when_api(parse("2024-05-13T10:22:33", z), out), "2024-05-13T10:22:33.000Z");
    assert_string_equal(when_api(parse("2024-05-13T10:22:33.9999", z), out),
                        "2024-05-13T10:22:33.999Z");
    assert_string_equal(when_api(-1, out), "1969-12-31T23:59:59.999Z");
    assert_string_equal(when_api(WHEN_NONE, out), "");
    assert_string_equal(when_iso(0, out), "1970-01-01T00:00:00.000000Z");
    assert_string_equal(when_iso(-1, out), "1969-12-31T23:59:59.999999Z");
    assert_string_equal(when_iso(WHEN_NONE, out), "");
    zone_close(z);
}

/* Every day of 400 years and its neighbours, against the calendar counted by hand. */
static void test_days_and_back(void **state)
{
    (void)state;
    static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    char out[WHEN_TEXT];
    char want[32];
    int64_t day = -135140; /* 1600-01-01 */
    assert_true(when_days(1970, 1, 1) == 0);
    for (int year = 1600; year <= 2001; year++) {
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for (int month = 1; month <= 12; month++) {
            for (int d = 1; d <= lengths[month - 1] + (leap && month == 2); d++, day++) {
                assert_true(when_days(year, month, d) == day);
                (void)snprintf(want, sizeof(want), "%04d-%02d-%02dT", year, month, d);
                assert_memory_equal(when_iso(day * 86400 * WHEN_SECOND, out), want, 11);
            }
        }
    }
}

static void test_people_see_the_machines_zone(void **state)
{
    (void)state;
    char out[WHEN_TEXT];
    assert_int_equal(setenv("TZ", "Europe/Paris", 1), 0);
    tzset();
    struct zone *z = zone("America/New_York"); /* another zone in use changes nothing */
    int64_t t = parse("2024-05-13T06:22:33", z);
    assert_string_equal(when_people(t, out), "2024-05-13 12:22:33 CEST");
    assert_string_equal(getenv("TZ"), "Europe/Paris");
    assert_string_equal(when_people(WHEN_NONE, out), "-");
    assert_string_equal(when_people(-1, out), "1970-01-01 00:59:59 CET");
    zone_close(z);
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
    assert_string_equal(when_people(t, out), "2024-05-13 10:22:33 UTC");
}

static void test_clocks(void **state)
{
    (void)state;
    int64_t a = when_tick();
    int64_t b = when_tick();
    assert_true(a <= b);
    assert_true(when_now() > when_days(2024, 1, 1) * 86400 * WHEN_SECOND);
    assert_true(llabs((long long)(when_now() / WHEN_SECOND - time(NULL))) <= 1);
}

static void check_http(const char *text, const char *want)
{
    char out[WHEN_TEXT];
    int64_t t = 0;
    enum err_code rc = when_parse_http(text, strlen(text), &t);
    if (want == NULL && rc != ERR_DATA)
        fail_msg("%s is taken for %s", text, when_iso(t, out));
    if (want != NULL && (rc != OK || strcmp(when_api(t, out), want) != 0))
        fail_msg("%s is not taken for %s", text, want);
}

static void test_http_dates(void **state)
{
    (void)state;
    static const char *const good[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT",  "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",       "Sun Nov 06 08:49:37 1994",
        " Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT\t ",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        check_http(good[i], "1994-11-06T08:49:37.000Z");
    check_http("Mon, 13 May 2024 10:22:33 GMT", "2024-05-13T10:22:33.000Z");
    check_http("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00.000Z");
    check_http("Thu Feb 29 23:59:60 2024", "2024-03-01T00:00:00.000Z");
}

static void test_http_dates_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "120",
        "Sun",
        "Sun,",
        "Sun, ",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMTx",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 08:49:37.5 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sunday 06-Nov-94 08:49:37 GMT",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "Sun Nov  6 08:49:37 1994 GMT",
        "2024-05-13T10:22:33Z",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_http(bad[i], NULL);
}

/* Two digits of a year mean one that is at most 50 years ahead. */
static void test_http_short_years(void **state)
{
    (void)state;
    char text[64];
    char now_text[WHEN_TEXT];
    int now = (int)strtol(when_iso(when_now(), now_text), NULL, 10);
    for (int yy = 0; yy < 100; yy++) {
        int64_t t = 0;
        (void)snprintf(text, sizeof(text), "Monday, 15-Jun-%02d 12:00:00 GMT", yy);
        assert_int_equal(when_parse_http(text, strlen(text), &t), OK);
        char out[WHEN_TEXT];
        int year = (int)strtol(when_iso(t, out), NULL, 10);
        assert_int_equal(year % 100, yy);
        assert_in_range(year, now - 100, now + 50);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_no_time),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_wall_clock_in_a_zone),
        cmocka_unit_test(test_api_form_cuts_to_milliseconds),
        cmocka_unit_test(test_days_and_back),
        cmocka_unit_test(test_people_see_the_machines_zone),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_http_dates),
        cmocka_unit_test(test_http_dates_refused),
        cmocka_unit_test(test_http_short_years),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

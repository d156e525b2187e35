#include "tests/sim/base/stamp.h"

#include "shared/time/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AT(seconds) (INT64_C(seconds) * WHEN_SECOND)

static void expect(enum stamp_format f, uint64_t pick, int64_t t, const char *text)
{
    char out[STAMP_TEXT];
    size_t n = stamp_text(f, pick, t, out);
    assert_string_equal(out, text);
    assert_int_equal(n, strlen(text));
}

static void test_forms(void **state)
{
    (void)state;
    const int64_t summer = AT(1715595753), winter = AT(1705314153);
    expect(STAMP_ISO, 0, summer, "2024-05-13T10:22:33.000Z");
    expect(STAMP_Z, 0, summer, "2024-05-13T10:22:33Z");
    expect(STAMP_SPACE, 0, summer, "2024-05-13 10:22:33");
    expect(STAMP_T, 0, summer, "2024-05-13T10:22:33");
    expect(STAMP_FRACTION, 0, summer + 42, "2024-05-13T10:22:33.000042Z");
    expect(STAMP_OFFSET, 0, summer, "2024-05-13T12:22:33+02:00");
    expect(STAMP_OFFSET, 0, winter, "2024-01-15T11:22:33+01:00");
    expect(STAMP_PARIS, 0, summer, "2024-05-13 12:22:33");
    expect(STAMP_PARIS, 0, winter, "2024-01-15 11:22:33");
    expect(STAMP_MIXED, 0, summer, "2024-05-13T10:22:33.000Z");
    expect(STAMP_MIXED, 4, summer, "2024-05-13T12:22:33+02:00");
}

static void test_calendar_edges(void **state)
{
    (void)state;
    expect(STAMP_Z, 0, 0, "1970-01-01T00:00:00Z");
    expect(STAMP_Z, 0, AT(951782400), "2000-02-29T00:00:00Z");
    expect(STAMP_Z, 0, AT(1709164800), "2024-02-29T00:00:00Z");
    expect(STAMP_Z, 0, AT(1735689599), "2024-12-31T23:59:59Z");
    expect(STAMP_Z, 0, AT(4107542400), "2100-03-01T00:00:00Z");
    expect(STAMP_Z, 0, AT(4070908800), "2099-01-01T00:00:00Z");
}

/* An independent reader agrees, over five centuries and in every form that says its zone. */
static void test_read_back(void **state)
{
    (void)state;
    static const enum stamp_format forms[] = {STAMP_ISO, STAMP_Z, STAMP_FRACTION, STAMP_OFFSET};
    char text[STAMP_TEXT];
    struct err e = ERR_INIT;
    struct zone *utc;
    assert_int_equal(zone_open(&utc, "UTC", &e), OK);
    for (int64_t t = 0; t < AT(16000000000); t += AT(1234567)) {
        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
            int64_t back;
            size_t n = stamp_text(forms[i], 0, t, text);
            assert_int_equal(when_parse(text, n, utc, &back), OK);
            assert_true(back == t);
        }
    }
    zone_close(utc);
}

static void test_paris_agrees_with_the_zone_files(void **state)
{
    (void)state;
    char text[STAMP_TEXT];
    struct err e = ERR_INIT;
    struct zone *paris;
    if (zone_open(&paris, "Europe/Paris", &e) != OK)
        skip();
    /* From 1996 on the rule is today's. Hours, so that both changes of a year are met. */
    for (int64_t t = AT(830000000); t < AT(1900000000); t += AT(3600)) {
        int64_t back;
        size_t n = stamp_text(STAMP_PARIS, 0, t, text);
        assert_int_equal(when_parse(text, n, paris, &back), OK);
        /* Of an hour that comes twice the later is meant. */
        assert_true(back == t || (back == t + AT(3600) && stamp_paris_ahead(t) == AT(7200) &&
                                  stamp_paris_ahead(back) == AT(3600)));
    }
    zone_close(paris);
}

static void test_from_paris(void **state)
{
    (void)state;
    /* Every hour of a year comes back, but the first of the two that look alike. */
    size_t lost = 0;
    for (int64_t t = AT(1704067200); t < AT(1735689600); t += AT(1800)) {
        if (stamp_from_paris(t + stamp_paris_ahead(t)) != t)
            lost++;
    }
    assert_int_equal(lost, 2);
}

static void test_http_dates(void **state)
{
    (void)state;
    char out[STAMP_TEXT];
    stamp_http(AT(784111777), out);
    assert_string_equal(out, "Sun, 06 Nov 1994 08:49:37 GMT");
    stamp_http(AT(1709164800), out);
    assert_string_equal(out, "Thu, 29 Feb 2024 00:00:00 GMT");
}

static void test_names(void **state)
{
    (void)state;
    enum stamp_format f = STAMP_ISO;
    assert_true(stamp_format_named("paris", &f));
    assert_int_equal(f, STAMP_PARIS);
    assert_false(stamp_format_named("pari", &f));
    assert_false(stamp_format_named("", &f));
    assert_non_null(strstr(stamp_format_names(), "|mixed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),      cmocka_unit_test(test_calendar_edges),
        cmocka_unit_test(test_read_back),  cmocka_unit_test(test_paris_agrees_with_the_zone_files),
        cmocka_unit_test(test_from_paris), cmocka_unit_test(test_http_dates),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

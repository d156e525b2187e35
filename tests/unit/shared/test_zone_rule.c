#include "shared/time/when.h"
#include "shared/time/zone_changes_private.h"
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The changes that a rule makes in 2024, given one at its begin. */
static enum err_code extend(struct zone_changes *c, const char *rule)
{
    *c = (struct zone_changes){0};
    assert_int_equal(zone_add(c, ZONE_EVER, 0), OK);
    assert_int_equal(zone_add(c, when_days(2024, 1, 1) * 86400, 0), OK);
    return zone_rule_extend(c, rule);
}

static int64_t at(int month, int day, int hour)
{
    return when_days(2024, month, day) * 86400 + (int64_t)hour * 3600;
}

static void check(const char *rule, int64_t first, int64_t first_offset, int64_t second,
                  int64_t second_offset)
{
    struct zone_changes c;
    assert_int_equal(extend(&c, rule), OK);
    assert_true(c.n > 802);
    if (c.list[2].at != first || c.list[2].offset != first_offset || c.list[3].at != second ||
        c.list[3].offset != second_offset)
        fail_msg("%s: %lld %lld, %lld %lld", rule, (long long)c.list[2].at,
                 (long long)c.list[2].offset, (long long)c.list[3].at, (long long)c.list[3].offset);
    for (size_t i = 2; i < c.n; i++)
        assert_true(c.list[i].at > c.list[i - 1].at);
    /* 400 years later it all comes again */
    assert_true(c.list[802].at == first + ZONE_CYCLE && c.list[802].offset == first_offset);
    assert_true(c.cycle > c.list[801].at);
    free(c.list);
}

static void test_rules(void **state)
{
    (void)state;
    check("CET-1CEST,M3.5.0,M10.5.0/3", at(3, 31, 1), 7200, at(10, 27, 1), 3600);
    check("EST5EDT,M3.2.0,M11.1.0", at(3, 10, 7), -14400, at(11, 3, 6), -18000);
    /* the other half of the world: the year begins in summer time */
    check("AEST-10AEDT,M10.1.0,M4.1.0/3", at(4, 6, 16), 36000, at(10, 5, 16), 39600);
    /* names in brackets, hours before midnight and after the next */
    check("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", at(3, 31, 1), -3600, at(10, 27, 1), -7200);
    check("EET-2EEST,M3.4.4/50,M10.4.4/50", at(3, 30, 0), 10800, at(10, 25, 23), 7200);
    /* half an hour; winter as the exception */
    check("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", at(4, 6, 15), 37800, at(10, 5, 15) + 1800, 39600);
    check("IST-1GMT0,M10.5.0,M3.5.0/1", at(3, 31, 1), 3600, at(10, 27, 1), 0);
}

static void test_no_changes(void **state)
{
    (void)state;
    struct zone_changes c;
    assert_int_equal(extend(&c, "JST-9"), OK);
    assert_int_equal(c.n, 2);
    assert_true(c.cycle == 0);
    free(c.list);
    assert_int_equal(extend(&c, "<+0545>-5:45"), OK);
    assert_int_equal(c.n, 2);
    free(c.list);
}

static void test_changes_already_listed_stay(void **state)
{
    (void)state;
    struct zone_changes c = {0};
    assert_int_equal(zone_add(&c, ZONE_EVER, 3600), OK);
    assert_int_equal(zone_add(&c, at(3, 31, 1), 7200), OK);
    assert_int_equal(zone_rule_extend(&c, "CET-1CEST,M3.5.0,M10.5.0/3"), OK);
    assert_true(c.list[2].at == at(10, 27, 1));
    free(c.list);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "",
        "C",
        "CE-1",
        "CET",
        "CET-",
        "CET-25",
        "CET-1:60",
        "CET-1:00:60",
        "<+01-1",
        "<>-1",
        "CET-1CEST",
        "CET-1CEST,",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,",
        "CET-1CEST,M3.5.0,M10.5.0/3x",
        "CET-1CEST,M3.5.0,M10.5.0/168",
        "CET-1CEST,M0.5.0,M10.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J60,J300",
        "CET-1CEST,59,299",
        "CET-1CEST,M99999999999999999999.5.0,M10.5.0",
    };
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct zone_changes c;
        if (extend(&c, rules[i]) != ERR_DATA)
            fail_msg("'%s' is taken", rules[i]);
        free(c.list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_no_changes),
        cmocka_unit_test(test_changes_already_listed_stay),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

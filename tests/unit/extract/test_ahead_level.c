/* How many requests may be open at once: what makes it more, and what makes it one again. */
#include "extract/ahead/ahead_level.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS INT64_C(1000)

/* Pages that took so long, each of them rightly guessed. */
static unsigned after(struct ahead_level *l, unsigned pages, int64_t took)
{
    for (unsigned i = 0; i < pages; i++) {
        ahead_level_took(l, took);
        ahead_level_right(l, 1);
    }
    return ahead_level(l, 1000, 0);
}

static void test_starts_at_one_and_grows_by_one(void **state)
{
    struct ahead_level l;
    (void)state;
    ahead_level_init(&l, 16);
    assert_int_equal(ahead_level(&l, 1, 0), 1);
    assert_int_equal(after(&l, 2, 50 * MS), 1); /* what a page takes is not known yet */
    assert_int_equal(after(&l, 1, 50 * MS), 2);
    assert_int_equal(after(&l, 1, 50 * MS), 3);
    assert_int_equal(after(&l, 100, 50 * MS), 16);
}

static void test_a_right_guess_is_what_it_takes(void **state)
{
    struct ahead_level l;
    (void)state;
    ahead_level_init(&l, 16);
    for (unsigned i = 0; i < 20; i++)
        ahead_level_took(&l, 50 * MS);
    assert_int_equal(ahead_level(&l, 1000, 0), 1);
}

static void test_quick_pages_are_asked_for_one_by_one(void **state)
{
    struct ahead_level l;
    (void)state;
    ahead_level_init(&l, 16);
    assert_int_equal(after(&l, 50, 10 * MS - 1), 1);
    assert_int_equal(after(&l, 7, 10 * MS), 1); /* one of the last eight was quick */
    assert_int_equal(after(&l, 1, 10 * MS), 2);
    assert_int_equal(after(&l, 5, 10 * MS), 7);
    assert_int_equal(after(&l, 1, 9 * MS), 1);
}

static void test_after_a_failure_it_is_one_until_the_rest_has_come(void **state)
{
    struct ahead_level l;
    (void)state;
    ahead_level_init(&l, 16);
    assert_int_equal(after(&l, 10, 50 * MS), 9);
    ahead_level_failed(&l);
    assert_int_equal(ahead_level(&l, 1000, 0), 1);
    for (unsigned open = 8; open > 1; open--)
        ahead_level_right(&l, open);
    assert_int_equal(ahead_level(&l, 1000, 0), 1);
    ahead_level_right(&l, 1);
    assert_int_equal(ahead_level(&l, 1000, 0), 2);
}

static void test_more_than_two_percent_unused_are_too_many(void **state)
{
    struct ahead_level l;
    (void)state;
    ahead_level_init(&l, 16);
    assert_int_equal(after(&l, 10, 50 * MS), 9);
    assert_int_equal(ahead_level(&l, 1000, 20), 9);
    assert_int_equal(ahead_level(&l, 1000, 21), 1);
    assert_int_equal(ahead_level(&l, 1050, 21), 1); /* and it grows anew */
    ahead_level_right(&l, 1);
    assert_int_equal(ahead_level(&l, 1050, 21), 2);
}

static void test_one_stays_one(void **state)
{
    struct ahead_level l;
    (void)state;
    ahead_level_init(&l, 1);
    assert_int_equal(after(&l, 50, 1000 * MS), 1);
}

/* What a kill loses is what is open. */
static void test_what_may_be_lost_bounds_what_is_asked_ahead(void **state)
{
    (void)state;
    static const struct {
        unsigned most;
        uint64_t whole, lost, spare;
    } cases[] = {{16, 1000, 0, 12}, {16, 0, 0, 12},    {16, 50, 0, 12},       {4, 50, 0, 12},
                 {32, 0, 0, 16},    {16, 2000, 0, 20}, {16, 1000, 1, 9},      {16, 1000, 9, 1},
                 {16, 1000, 10, 0}, {16, 1000, 15, 0}, {16, 100000, 15, 985}, {16, 50, 3, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ahead_level l;
        ahead_level_init(&l, cases[i].most);
        assert_true(ahead_level_spares(&l, 9)); /* nothing is known yet */
        ahead_level_bound(&l, cases[i].whole, cases[i].lost);
        assert_false(ahead_level_spares(&l, cases[i].spare));
        assert_true(cases[i].spare == 0 || ahead_level_spares(&l, cases[i].spare - 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_may_be_lost_bounds_what_is_asked_ahead),
        cmocka_unit_test(test_starts_at_one_and_grows_by_one),
        cmocka_unit_test(test_a_right_guess_is_what_it_takes),
        cmocka_unit_test(test_quick_pages_are_asked_for_one_by_one),
        cmocka_unit_test(test_after_a_failure_it_is_one_until_the_rest_has_come),
        cmocka_unit_test(test_more_than_two_percent_unused_are_too_many),
        cmocka_unit_test(test_one_stays_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

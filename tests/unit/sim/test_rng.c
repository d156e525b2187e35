#include "tests/sim/base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_same_seeds_same_numbers(void **state)
{
    (void)state;
    struct rng a = rng_seed(1, 2, 3), b = rng_seed(1, 2, 3);
    for (int i = 0; i < 100; i++)
        assert_true(rng_next(&a) == rng_next(&b));
}

static void test_each_seed_counts(void **state)
{
    (void)state;
    struct rng base = rng_seed(1, 2, 3), other[] = {rng_seed(2, 1, 3), rng_seed(1, 3, 2),
                                                    rng_seed(1, 2, 4), rng_seed(0, 2, 3)};
    uint64_t first = rng_next(&base);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_true(rng_next(&other[i]) != first);
    assert_true(rng_text(1, "contacts") != rng_text(1, "contact"));
    assert_true(rng_text(1, "contacts") != rng_text(2, "contacts"));
}

static void test_below_is_below_and_even(void **state)
{
    (void)state;
    struct rng r = rng_seed(5, 5, 5);
    unsigned seen[10] = {0};
    for (int i = 0; i < 100000; i++) {
        uint64_t n = rng_below(&r, 10);
        assert_true(n < 10);
        seen[n]++;
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(seen[i], 9500, 10500);
    assert_true(rng_below(&r, 1) == 0);
}

static void test_chance(void **state)
{
    (void)state;
    struct rng r = rng_seed(6, 6, 6);
    unsigned yes = 0;
    for (int i = 0; i < 10000; i++) {
        yes += rng_chance(&r, 1, 4);
        assert_false(rng_chance(&r, 0, 4));
        assert_true(rng_chance(&r, 4, 4));
    }
    assert_in_range(yes, 2300, 2700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seeds_same_numbers),
        cmocka_unit_test(test_each_seed_counts),
        cmocka_unit_test(test_below_is_below_and_even),
        cmocka_unit_test(test_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

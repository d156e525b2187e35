#include "shared/base/backoff.h"
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct backoff policy = {.base_us = 5000, .max_us = 60000, .tries = 5};

static void test_bound_doubles_up_to_the_cap(void **state)
{
    (void)state;
    static const int64_t bounds[] = {5000, 5000, 10000, 20000, 40000, 60000, 60000};
    for (unsigned attempt = 0; attempt < 7; attempt++) {
        uint64_t bound = (uint64_t)bounds[attempt];
        assert_int_equal(backoff_wait(&policy, attempt, 0, 0), 0);
        assert_int_equal(backoff_wait(&policy, attempt, bound, 0), bound);
        assert_int_equal(backoff_wait(&policy, attempt, bound + 1, 0), 0);
        for (uint64_t random = 1; random != 0; random <<= 1)
            assert_in_range(backoff_wait(&policy, attempt, random, 0), 0, bound);
    }
    assert_in_range(backoff_wait(&policy, 4000000000u, UINT64_MAX, 0), 0, 60000);
}

static void test_the_server_is_obeyed(void **state)
{
    (void)state;
    assert_int_equal(backoff_wait(&policy, 1, 5000, 100000), 100000);
    assert_int_equal(backoff_wait(&policy, 1, 5000, 3000), 5000); /* later than asked is fine */
    assert_int_equal(backoff_wait(&policy, 1, 0, 240000), 240000);
    assert_int_equal(backoff_wait(&policy, 1, 0, 240001), 240000); /* but not for ever */
    assert_int_equal(backoff_wait(&policy, 1, 0, INT64_MAX), 240000);
    assert_int_equal(backoff_wait(&policy, 1, 0, -5), 0);
}

static void test_extremes_do_not_overflow(void **state)
{
    (void)state;
    struct backoff huge = {.base_us = INT64_MAX / 2, .max_us = INT64_MAX, .tries = 1};
    for (unsigned attempt = 1; attempt < 70; attempt++)
        assert_true(backoff_wait(&huge, attempt, UINT64_MAX, 0) >= 0);
    assert_true(backoff_wait(&huge, 1, 0, INT64_MAX) == INT64_MAX);
    struct backoff none = {0};
    assert_int_equal(backoff_wait(&none, 3, UINT64_MAX, 1000), 0);
}

static void test_random_differs(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("NETTY_SEED"), 0);
    uint64_t first = backoff_random();
    assert_true(backoff_random() != first || backoff_random() != first);
}

/* The published first numbers of splitmix64 for this seed. */
static void test_random_is_seeded(void **state)
{
    (void)state;
    assert_int_equal(setenv("NETTY_SEED", "1234567", 1), 0);
    assert_true(backoff_random() == UINT64_C(6457827717110365317));
    assert_true(backoff_random() == UINT64_C(3203168211198807973));
    assert_true(backoff_random() == UINT64_C(9817491932198370423));
    assert_int_equal(unsetenv("NETTY_SEED"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bound_doubles_up_to_the_cap),
        cmocka_unit_test(test_the_server_is_obeyed),
        cmocka_unit_test(test_extremes_do_not_overflow),
        cmocka_unit_test(test_random_differs),
        cmocka_unit_test(test_random_is_seeded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "shared/log/secret_trial.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MINUTE SECRET_TRIAL_PAUSE

static void test_a_secret_that_never_worked_is_not_on_trial(void **state)
{
    struct secret_trial t = {0};
    (void)state;
    for (int64_t now = 5; now < 100 * MINUTE; now += MINUTE)
        assert_false(secret_trial_refused(&t, now));
    assert_int_equal(secret_trial_pause(&t, 10 * MINUTE), 10 * MINUTE);
}

static void test_a_changed_one_is_tried_for_ten_minutes(void **state)
{
    struct secret_trial t = {0};
    (void)state;
    secret_trial_renewed(&t);
    assert_int_equal(secret_trial_pause(&t, 10 * MINUTE), 10 * MINUTE);
    for (int64_t tries = 0; tries < 10; tries++) {
        assert_false(secret_trial_refused(&t, 1000 + tries * MINUTE));
        assert_int_equal(secret_trial_pause(&t, 10 * MINUTE), MINUTE);
        assert_int_equal(secret_trial_pause(&t, MINUTE / 2), MINUTE / 2);
    }
    assert_true(secret_trial_refused(&t, 1000 + 10 * MINUTE));
}

static void test_what_is_taken_or_changed_again_begins_anew(void **state)
{
    struct secret_trial t = {0};
    (void)state;
    secret_trial_worked(&t);
    assert_false(secret_trial_refused(&t, 0));
    assert_false(secret_trial_refused(&t, 9 * MINUTE));
    secret_trial_worked(&t);
    assert_int_equal(secret_trial_pause(&t, 10 * MINUTE), 10 * MINUTE);
    assert_false(secret_trial_refused(&t, 11 * MINUTE));
    secret_trial_renewed(&t);
    assert_false(secret_trial_refused(&t, 22 * MINUTE));
    assert_true(secret_trial_refused(&t, 32 * MINUTE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_secret_that_never_worked_is_not_on_trial),
        cmocka_unit_test(test_a_changed_one_is_tried_for_ten_minutes),
        cmocka_unit_test(test_what_is_taken_or_changed_again_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "shared/base/err.h"
#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_set_fills_everything(void **state)
{
    (void)state;
    struct err e = {.code = ERR_IO, .sys = 5, .sqlstate = "21000", .msg = "old"};
    assert_int_equal(err_set(&e, ERR_DATA, "line %d of %s", 7, "f"), ERR_DATA);
    assert_int_equal(e.code, ERR_DATA);
    assert_int_equal(e.sys, 0);
    assert_string_equal(e.sqlstate, "");
    assert_string_equal(e.msg, "line 7 of f");
}

static void test_null_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_DATA, "x"), ERR_DATA);
    errno = ENOSPC;
    assert_int_equal(err_sys(NULL, ERR_IO, "x"), ERR_FULL);
    assert_int_equal(err_prefix(NULL, "x"), ERR_INTERNAL);
}

static void test_sys_adds_the_reason_and_keeps_errno(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    errno = ENOENT;
    assert_int_equal(err_sys(&e, ERR_IO, "cannot open %s", "/a"), ERR_IO);
    assert_string_equal(e.msg, "cannot open /a: No such file or directory");
    assert_int_equal(e.sys, ENOENT);
    assert_int_equal(errno, ENOENT);
}

static void test_sys_knows_a_full_disk(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    errno = ENOSPC;
    assert_int_equal(err_sys(&e, ERR_IO, "w"), ERR_FULL);
    errno = EDQUOT;
    assert_int_equal(err_sys(&e, ERR_CREATE, "w"), ERR_FULL);
    errno = EACCES;
    assert_int_equal(err_sys(&e, ERR_CREATE, "w"), ERR_CREATE);
    errno = EPERM;
    assert_int_equal(err_sys(&e, ERR_CREATE, "w"), ERR_CREATE);
}

static void test_sys_knows_that_memory_is_short(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    errno = ENOMEM;
    assert_int_equal(err_sys(&e, ERR_IO, "w"), ERR_NOMEM);
    assert_int_equal(e.code, ERR_NOMEM);
}

static void test_prefix_keeps_what_it_does_not_say(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    (void)err_set(&e, ERR_REFUSED, "no");
    (void)memcpy(e.sqlstate, "42501", 6);
    e.sys = 3;
    assert_int_equal(err_prefix(&e, "table %s", "t"), ERR_REFUSED);
    assert_string_equal(e.msg, "table t: no");
    assert_string_equal(e.sqlstate, "42501");
    assert_int_equal(e.sys, 3);
}

static void test_message_may_be_its_own_argument(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    (void)err_set(&e, ERR_DATA, "inner");
    (void)err_set(&e, ERR_IO, "outer (%s)", e.msg);
    assert_string_equal(e.msg, "outer (inner)");
    (void)err_prefix(&e, "[%s]", e.msg);
    assert_string_equal(e.msg, "[outer (inner)]: outer (inner)");
}

/* Every offset of a three-byte character at the message's end: it is there whole or not at all. */
static void test_long_messages_are_cut_between_characters(void **state)
{
    (void)state;
    for (size_t lead = 0; lead < 4; lead++) {
        char text[2000];
        memset(text, 'x', lead);
        for (size_t i = lead; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4);
        struct err e = ERR_INIT;
        (void)err_set(&e, ERR_DATA, "%s", text);
        size_t n = strlen(e.msg);
        assert_in_range(n, sizeof e.msg - 3, sizeof e.msg - 1);
        assert_int_equal((n - lead) % 3, 0);
        (void)err_prefix(&e, "%s", "p");
        n = strlen(e.msg);
        assert_in_range(n, sizeof e.msg - 3, sizeof e.msg - 1);
        assert_int_equal((n - lead - 3) % 3, 0);
    }
}

static void test_exit_codes_are_the_documented_ones(void **state)
{
    (void)state;
    static const int want[ERR_CODES] = {0,  64, 65, 66, 69, 69, 69, 70, 70, 73,
                                        74, 74, 75, 75, 75, 77, 78, 65, 65, 65};
    for (int i = 0; i < ERR_CODES; i++)
        assert_int_equal(err_exit((enum err_code)i), want[i]);
    assert_int_equal(err_exit((enum err_code)999), 70);
}

static void test_retryable_codes(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_CODES; i++) {
        bool want = i == ERR_UNAVAILABLE || i == ERR_PROTOCOL || i == ERR_FULL ||
                    i == ERR_THROTTLED || i == ERR_BUSY;
        assert_int_equal(err_retryable((enum err_code)i), want);
    }
}

static void test_words_are_distinct(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_CODES; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(err_word((enum err_code)i), err_word((enum err_code)j));
    assert_string_equal(err_word(ERR_UNAVAILABLE), "unavailable");
    assert_string_equal(err_word(ERR_THROTTLED), "throttled");
    assert_string_equal(err_word((enum err_code)999), "internal");
}

static void test_graver(void **state)
{
    (void)state;
    static const int order[] = {0, 65, 75, 69, 66, 64, 73, 74, 77, 78, 70};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        for (size_t j = 0; j <= i; j++) {
            assert_int_equal(exit_graver(order[i], order[j]), order[i]);
            assert_int_equal(exit_graver(order[j], order[i]), order[i]);
        }
    assert_int_equal(exit_graver(1, 70), 1); /* not ours: something is very wrong */
}

static void test_each_exit_code_has_a_meaning(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_CODES; i++) {
        const struct exit_meaning *m = exit_meanings;
        while (m->meaning != NULL && m->code != err_exit((enum err_code)i))
            m++;
        if (m->meaning == NULL)
            fail_msg("exit code %d is not explained", err_exit((enum err_code)i));
    }
    for (const struct exit_meaning *m = exit_meanings; m[1].meaning != NULL; m++)
        assert_true(m->code < m[1].code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_fills_everything),
        cmocka_unit_test(test_null_is_allowed),
        cmocka_unit_test(test_sys_adds_the_reason_and_keeps_errno),
        cmocka_unit_test(test_sys_knows_a_full_disk),
        cmocka_unit_test(test_sys_knows_that_memory_is_short),
        cmocka_unit_test(test_each_exit_code_has_a_meaning),
        cmocka_unit_test(test_prefix_keeps_what_it_does_not_say),
        cmocka_unit_test(test_message_may_be_its_own_argument),
        cmocka_unit_test(test_long_messages_are_cut_between_characters),
        cmocka_unit_test(test_exit_codes_are_the_documented_ones),
        cmocka_unit_test(test_retryable_codes),
        cmocka_unit_test(test_words_are_distinct),
        cmocka_unit_test(test_graver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

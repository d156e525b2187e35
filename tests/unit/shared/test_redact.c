#include "shared/base/buf.h"
#include "shared/log/redact.h"
#include "tests/unit/shared/redact_cases.h"
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int teardown(void **state)
{
    (void)state;
    redact_forget();
    return 0;
}

static void check_redacted(const char *text, const char *want)
{
    struct buf b;
    buf_init(&b, strlen(text));
    assert_int_equal(buf_adds(&b, text), OK);
    assert_int_equal(redact_text(&b), OK);
    assert_string_equal(b.data, want);
    buf_free(&b);
}

static void test_secrets_plain_and_encoded(void **state)
{
    (void)state;
    redact_secret(REDACT_SECRET);
    for (size_t i = 0; i < sizeof redact_cases / sizeof *redact_cases; i++)
        check_redacted(redact_cases[i].text, redact_cases[i].want);
}

static void test_several_secrets(void **state)
{
    (void)state;
    redact_secret("abcd");
    redact_secret("abcdef");
    redact_secret("abcd"); /* known */
    redact_secret("efgh");
    check_redacted("abcdefgh", "***gh"); /* the longest first: nothing of it stays */
    check_redacted("abcdxefgh", "***x***");
    check_redacted("abcabcd", "abc***");
}

static void test_short_secrets_are_not_redacted(void **state)
{
    (void)state;
    redact_secret("");
    redact_secret("abc");
    check_redacted("abcabc", "abcabc");
    redact_secret("abca");
    check_redacted("abcabc", "***bc");
}

static void test_a_cut_secret_is_redacted(void **state)
{
    (void)state;
    redact_secret("0123456789");
    check_redacted("x 01234567", "x ***");
    check_redacted("x 0123456%37%", "x ***");
    check_redacted("x 0123456%37%3", "x ***");
    check_redacted("x 0123456", "x 0123456"); /* too little to tell from other text */
    check_redacted("x 01234567y", "x 01234567y");
}

static void test_forgotten_secrets(void **state)
{
    (void)state;
    redact_secret("hunter22");
    redact_forget();
    check_redacted("hunter22", "hunter22");
}

static void test_redact_an_empty_buffer(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 0);
    redact_secret("hunter22");
    assert_int_equal(redact_text(&b), OK);
    assert_string_equal(b.data, "");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_secrets_plain_and_encoded, teardown),
        cmocka_unit_test_teardown(test_several_secrets, teardown),
        cmocka_unit_test_teardown(test_short_secrets_are_not_redacted, teardown),
        cmocka_unit_test_teardown(test_a_cut_secret_is_redacted, teardown),
        cmocka_unit_test_teardown(test_forgotten_secrets, teardown),
        cmocka_unit_test_teardown(test_redact_an_empty_buffer, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

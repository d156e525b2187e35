#include "extract/parser/php_warning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HTML "<br />\n<b>Warning</b>:  Undefined \"$x\" in <b>/a.php</b> on line <b>12</b><br />\n"
#define TEXT "\nDeprecated: Return type {a} on line x of f() in /a.php on line 3\n"

static void assert_left(const char *s, const char *want)
{
    size_t n = strlen(s);
    char *copy = malloc(n + 1); /* a byte too many would be seen by a sanitizer */
    char *out = calloc(1, n + 1);
    assert_non_null(copy);
    assert_non_null(out);
    memcpy(copy, s, n);
    assert_int_equal(php_warnings_cut(copy, n, out), strlen(want));
    assert_string_equal(out, want);
    free(copy);
    free(out);
}

static void test_a_warning_between_tokens_is_left_out(void **state)
{
    (void)state;
    assert_left(HTML "{\"a\":1}]}", "\n{\"a\":1}]}");
    assert_left("{\"a\"" HTML ":1}," TEXT "{\"b\":2}]}", "{\"a\"\n:1},\n\n{\"b\":2}]}");
    assert_left("{\"a\":1}" TEXT TEXT "]}", "{\"a\":1}\n\n\n\n]}");
    assert_left("{}]}" TEXT, "{}]}\n\n");
}

static void test_within_a_string_nothing_is(void **state)
{
    (void)state;
    static const char *const whole[] = {"{\"a\":\"<b>Warning</b>: x on line <b>3</b>\n\"}]}",
                                        "{\"a\":\"\\\"" TEXT "\"}]}", "\"", "\"\\"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        assert_left(whole[i], whole[i]);
}

static void test_what_is_no_warning_of_php_s_stays(void **state)
{
    (void)state;
    static const char *const whole[] = {"<br />",
                                        "Warning",
                                        "<b>Warning</b>: a on line 3 b\n",
                                        "Warning: a on line\n",
                                        "Warnings: a on line 3\n",
                                        "NaN",
                                        "",
                                        "<b>Fatal error</b>: a on line 3\n"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        assert_left(whole[i], whole[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_warning_between_tokens_is_left_out),
        cmocka_unit_test(test_within_a_string_nothing_is),
        cmocka_unit_test(test_what_is_no_warning_of_php_s_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

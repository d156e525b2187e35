#include "shared/json/json_forms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct member member(const char *value)
{
    enum json_kind kind = *value == '"'                    ? JSON_STRING
                          : *value == 't' || *value == 'f' ? JSON_BOOL
                          : *value == 'n'                  ? JSON_NULL
                          : *value == '{'                  ? JSON_OBJECT
                          : *value == '['                  ? JSON_ARRAY
                                                           : JSON_NUMBER;
    return (struct member){.value = value, .value_len = strlen(value), .kind = kind};
}

static void test_truth(void **state)
{
    (void)state;
    static const char *const yes[] = {"true", "1", "\"1\"", "\"true\""};
    static const char *const no[] = {"false", "0",  "\"0\"", "null", "\"\"", "\"TRUE\"",
                                     "1.0",   "11", "{}",    "[]",   "-1",   "\"yes\""};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        struct member m = member(yes[i]);
        assert_true(json_is_true(&m));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        struct member m = member(no[i]);
        assert_false(json_is_true(&m));
    }
    assert_false(json_is_true(NULL));
}

static void assert_number(const char *value, const char *want)
{
    struct member m = member(value);
    const char *s = NULL;
    size_t n = 0;
    assert_int_equal(json_number_text(&m, &s, &n), want != NULL);
    if (want != NULL) {
        assert_int_equal(n, strlen(want));
        assert_memory_equal(s, want, n);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    assert_number("12", "12");
    assert_number("-1.5e3", "-1.5e3");
    assert_number("\"12\"", "12");
    assert_number("\"0012\"", "0012");
    assert_number("\"\"", NULL);
    assert_number("\"-1\"", NULL);
    assert_number("\"1.0\"", NULL);
    assert_number("\"1 \"", NULL);
    assert_number("\"\\u0031\"", NULL);
    assert_number("true", NULL);
    assert_number("null", NULL);
    assert_number("{}", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

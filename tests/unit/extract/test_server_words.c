#include "extract/api/server_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_says(const char *body, const char *want)
{
    char words[SERVER_WORDS_TEXT];
    size_t n = strlen(body);
    char *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, body, n);
    server_words(copy, n, false, words);
    free(copy);
    assert_string_equal(words, want);
}

static void test_the_words_of_an_error_object(void **state)
{
    (void)state;
    assert_says("{\"error\":\"no such filter\"}", "no such filter");
    assert_says("\xef\xbb\xbf {\"message\":\"l\\u00e0\"}", "l\xc3\xa0");
    assert_says("{\"error\":{\"code\":403,\"message\":\"not for this key\"}}", "not for this key");
    assert_says("{\"error\":true,\"message\":\"m\"}", "m");
    assert_says("{\"error\":\"\",\"detail\":\"d\"}", "d");
}

static void test_else_the_first_line_of_text(void **state)
{
    (void)state;
    assert_says("\r\n  one  two \r\nthree", "one two");
    assert_says("{\"error\":", "{\"error\":");
    assert_says("{\"count\":0}", "{\"count\":0}");
    assert_says("", "");
    assert_says(" \n\t ", "");
}

static void test_of_html_what_is_no_tag(void **state)
{
    (void)state;
    assert_says(
        "<!DOCTYPE html>\r\n<html>\n<head><title>502 Bad Gateway</title></head>\n<body>x</body>",
        "502 Bad Gateway");
    assert_says("<p\nclass=\"a\"\n><b>a</b> b</p>", "a b");
    assert_says("<p", "");
    assert_says("<", "");
}

static void test_what_no_person_should_be_sent_is_taken_out(void **state)
{
    (void)state;
    assert_says("a\x1b[31mb\x01\x7f c\xff\xc2\x9b!", "a [31mb c\xef\xbf\xbd !");
    assert_says("{\"error\":\"a\\u0000b\\n\\u202ec\"}", "a b c");
}

static void test_no_more_than_200_characters(void **state)
{
    (void)state;
    char body[2 * 300 + 1] = "";
    char want[2 * SERVER_WORDS_MAX + 4] = "";
    for (size_t i = 0; i < 300; i++)
        memcpy(body + 2 * i, "\xc3\xa9", 3);
    memcpy(want, body, (size_t)2 * SERVER_WORDS_MAX);
    memcpy(want + (size_t)2 * SERVER_WORDS_MAX, "...", 4);
    assert_says(body, want);
}

static void test_of_what_may_be_records_only_an_error_object(void **state)
{
    (void)state;
    char words[SERVER_WORDS_TEXT];
    static const char object[] = "{\"error\":\"busy\"}";
    static const char page[] = "{\"count\":1,\"data\":[{\"message\":\"private\"";
    server_words(object, sizeof object - 1, true, words);
    assert_string_equal(words, "busy");
    server_words(page, sizeof page - 1, true, words);
    assert_string_equal(words, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_words_of_an_error_object),
        cmocka_unit_test(test_else_the_first_line_of_text),
        cmocka_unit_test(test_of_html_what_is_no_tag),
        cmocka_unit_test(test_what_no_person_should_be_sent_is_taken_out),
        cmocka_unit_test(test_no_more_than_200_characters),
        cmocka_unit_test(test_of_what_may_be_records_only_an_error_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

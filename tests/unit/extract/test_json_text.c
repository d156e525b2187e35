/* Bytes looked at by blocks against the same looked at one by one, at every offset and around every block's end. */
#include "extract/parser/json_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LONG 80

/* In a block of its own, so that a byte read beyond it shows. */
static size_t plain_of(const char *s, size_t n)
{
    char *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, s, n);
    size_t found = json_text_plain(copy, n);
    free(copy);
    return found;
}

static bool good(const char *s, size_t n, size_t *bad)
{
    struct json_text_check c = {0};
    return json_text_check(&c, s, n, bad) && json_text_ended(&c);
}

static void plain_runs_end_where_they_must(void **state)
{
    static const char stops[] = {'"', '\\', '\n', '\t', '\0', '\x1f'};
    char text[LONG];
    (void)state;
    for (size_t n = 0; n <= LONG; n++) {
        for (size_t at = 0; at <= n; at++) {
            memset(text, 'x', sizeof text);
            if (at < n)
                text[at] = stops[(n + at) % sizeof stops];
            assert_int_equal(plain_of(text, n), at);
        }
    }
    assert_int_equal(plain_of("\x7f\xc3\xa9\xf0\x9f\x98\x80 !~\xff\x80", 12), 12);
}

static void control_characters_are_found_at_every_place(void **state)
{
    char text[LONG];
    size_t bad = 0;
    (void)state;
    for (size_t at = 0; at < LONG; at++) {
        memset(text, ' ', sizeof text);
        assert_true(good(text, LONG, &bad));
        text[at] = '\x1f';
        assert_false(good(text, LONG, &bad));
        assert_int_equal(bad, at);
        text[at] = (char)0x80;
        assert_false(good(text, LONG, &bad));
        assert_int_equal(bad, at);
        text[at] = '\n';
        assert_true(good(text, LONG, &bad));
    }
}

static void foreign_letters_pass_at_every_place_and_cut_anywhere(void **state)
{
    static const char letter[] = "\xf0\x9f\x98\x80";
    char text[LONG];
    size_t bad = 0;
    (void)state;
    for (size_t at = 0; at + 4 <= LONG; at++) {
        memset(text, 'e', sizeof text);
        memcpy(text + at, letter, 4);
        assert_true(good(text, LONG, &bad));
        for (size_t cut = 0; cut <= LONG; cut++) {
            struct json_text_check c = {0};
            assert_true(json_text_check(&c, text, cut, &bad));
            assert_int_equal(json_text_ended(&c), cut <= at || cut >= at + 4);
            assert_true(json_text_check(&c, text + cut, LONG - cut, &bad));
            assert_true(json_text_ended(&c));
        }
    }
}

static void compacting_drops_blanks_between_tokens_only(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"{ }", "{}"},
        {"{\r\n\t \"a  b\" : \"  \\\" \\\\\" , \"c\":[ 1 , 2 ] }",
         "{\"a  b\":\"  \\\" \\\\\",\"c\":[1,2]}"},
        {"{\n                 \"a\": {\n                          \"b\":         null}}",
         "{\"a\":{\"b\":null}}"},
        {"{\"a long string that fills more than a block\\\\\":\n1}",
         "{\"a long string that fills more than a block\\\\\":1}"},
        {"", ""},
    };
    char text[LONG + 40];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy(text, cases[i].from, strlen(cases[i].from) + 1);
        size_t n = json_text_compact(text, strlen(text));
        assert_int_equal(n, strlen(cases[i].to));
        assert_memory_equal(text, cases[i].to, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_runs_end_where_they_must),
        cmocka_unit_test(control_characters_are_found_at_every_place),
        cmocka_unit_test(foreign_letters_pass_at_every_place_and_cut_anywhere),
        cmocka_unit_test(compacting_drops_blanks_between_tokens_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

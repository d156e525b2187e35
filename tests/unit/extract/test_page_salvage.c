#include "extract/parser/page_salvage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 64

/* The elements as "good|!malformed|...", or "" where their ends cannot be told. */
static void assert_found_in(const char *s, size_t n, size_t missing, const char *want)
{
    struct salvage_element elements[MOST];
    char found[4096] = "";
    size_t len = 0;
    /* A copy without a byte to spare, so that a sanitizer sees who reads beyond it. */
    char *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, s, n);
    bool all = page_salvage(copy, n, missing, 4096, elements);
    for (size_t i = 0; all && i < missing; i++)
        len += (size_t)snprintf(found + len, sizeof found - len, "%s%s%.*s", i > 0 ? "|" : "",
                                elements[i].malformed ? "!" : "", (int)elements[i].len,
                                copy + elements[i].at);
    free(copy);
    assert_string_equal(found, want);
}

static void assert_found(const char *s, size_t missing, const char *want)
{
    assert_found_in(s, strlen(s), missing, want);
}

static void test_a_malformed_element_costs_no_neighbour(void **state)
{
    (void)state;
    assert_found("{\"a\":NaN},{\"b\":1}]}", 2, "!{\"a\":NaN}|{\"b\":1}");
    assert_found("{\"a\":\\x41} , {\"b\":[1]} ]\n, \"count\":2 }\n", 2,
                 "!{\"a\":\\x41}|{\"b\":[1]}");
    assert_found("{\"a\":NaN}]}", 1, "!{\"a\":NaN}");
    assert_found("{\"a\":\"x\ny\"},{\"b\":nul},{\"c\":1},null,{\"d\":}]}", 5,
                 "!{\"a\":\"x\ny\"}|!{\"b\":nul}|{\"c\":1}|null|!{\"d\":}");
}

static void test_a_quote_within_shifts_nothing(void **state)
{
    (void)state;
    assert_found("{\"name\":\"Chez \"Paul\", {\"},{\"b\":1},{\"c\":2}]}", 3,
                 "!{\"name\":\"Chez \"Paul\", {\"}|{\"b\":1}|{\"c\":2}");
    assert_found("{\"a\":\"},{\"b\":\"1\"}]}", 2, "!{\"a\":\"}|{\"b\":\"1\"}");
    assert_found("{\"a\":-},{\"b\":\"\"}\",\"z\":1},{\"c\":1}]}", 3,
                 "!{\"a\":-}|!{\"b\":\"\"}\",\"z\":1}|{\"c\":1}");
}

static void test_what_is_nested_is_no_element(void **state)
{
    (void)state;
    assert_found(
        "{\"id\":1,\"x\":+1,\"of\":[{\"contact_id\":7},{\"contact_id\":8}],\"z\":1},{\"id\":2}]}",
        2,
        "!{\"id\":1,\"x\":+1,\"of\":[{\"contact_id\":7},{\"contact_id\":8}],\"z\":1}|{\"id\":2}");
    /* With a count that the nested ones fit, what follows them closes nothing. */
    assert_found("{\"id\":1,\"x\":+1,\"of\":[{\"contact_id\":7},{\"contact_id\":8}]}]}", 3, "");
    assert_found("{\"id\":1,\"x\":+1,\"of\":[{\"contact_id\":7},{\"contact_id\":8}]}]}", 1,
                 "!{\"id\":1,\"x\":+1,\"of\":[{\"contact_id\":7},{\"contact_id\":8}]}");
}

static void test_another_number_of_elements_proves_nothing(void **state)
{
    (void)state;
    assert_found("{\"a\":NaN},{\"b\":1}]}", 3, "");
    assert_found("{\"a\":NaN},{\"b\":1},{\"c\":-}]}", 4, "");
    assert_found("{\"a\":1},{\"b\":1}]}", 1, "");
}

static void test_a_body_that_does_not_close_proves_nothing(void **state)
{
    (void)state;
    assert_found("{\"a\":NaN},{\"b\":1}]", 2, "");
    assert_found("{\"a\":NaN},{\"b\":1}", 2, "");
    assert_found("{\"a\":NaN},{\"b\":1}]}}", 2, "");
    assert_found("{\"a\":NaN},{\"b\":1}],\"x\":nul}", 2, "");
    assert_found("{\"a\":NaN", 1, "");
    assert_found("", 1, "");
}

static void test_bytes_that_are_no_text_are_malformed(void **state)
{
    (void)state;
    assert_found("{\"a\":\"caf\xe9\"},{\"b\":1}]}", 2, "!{\"a\":\"caf\xe9\"}|{\"b\":1}");
    assert_found("{\"a\":1},{\"b\":\"\xc0\x80\"}]}", 2, "{\"a\":1}|!{\"b\":\"\xc0\x80\"}");
    static const char nul[] = "{\"a\":\"\0\"},{\"b\":1}]}";
    struct salvage_element elements[2];
    assert_true(page_salvage(nul, sizeof nul - 1, 2, 4096, elements));
    assert_true(elements[0].malformed && !elements[1].malformed);
}

static void test_deep_ones_are_malformed(void **state)
{
    (void)state;
    char s[8192];
    size_t n = 0;
    n += (size_t)snprintf(s, sizeof s, "{\"a\":");
    memset(s + n, '[', 2000);
    memset(s + n + 2000, ']', 2000);
    n += 4000;
    n += (size_t)snprintf(s + n, sizeof s - n, "},{\"b\":1}]}");
    struct salvage_element elements[2];
    assert_true(page_salvage(s, n, 2, 4096, elements));
    assert_true(elements[0].malformed && elements[0].len == 4006 && !elements[1].malformed);
}

/* Thousands of places where the element could end, none of which fits: the work is bounded. */
static void test_the_work_is_bounded(void **state)
{
    (void)state;
    size_t pairs = 20000;
    size_t n = 0;
    size_t room = pairs * 10 + 64;
    char *s = malloc(room);
    assert_non_null(s);
    n += (size_t)snprintf(s, room, "{\"a\":NaN,\"b\":[");
    for (size_t i = 0; i < pairs; i++)
        n += (size_t)snprintf(s + n, room - n, "{\"x\":-},");
    n += (size_t)snprintf(s + n, room - n, "{\"x\":1}]");
    struct salvage_element elements[MOST];
    assert_false(page_salvage(s, n, MOST, 4096, elements));
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_malformed_element_costs_no_neighbour),
        cmocka_unit_test(test_a_quote_within_shifts_nothing),
        cmocka_unit_test(test_what_is_nested_is_no_element),
        cmocka_unit_test(test_another_number_of_elements_proves_nothing),
        cmocka_unit_test(test_a_body_that_does_not_close_proves_nothing),
        cmocka_unit_test(test_bytes_that_are_no_text_are_malformed),
        cmocka_unit_test(test_deep_ones_are_malformed),
        cmocka_unit_test(test_the_work_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

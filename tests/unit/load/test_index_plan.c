#include "load/maintenance/index_plan.h"
#include "shared/base/utf8.h"
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_names_are_short_stable_and_their_own(void **state)
{
    (void)state;
    char a[INDEX_NAME];
    char b[INDEX_NAME];
    index_name("netty-contacts", NULL, a);
    assert_string_equal(a, "netty-contacts_time_modified_idx");
    index_name("netty-contacts", "email", a);
    assert_string_equal(a, "netty-contacts_email_idx");
    /* Every length around the limit, in two-byte letters: whole letters, at most 63 bytes. */
    char member[402];
    for (size_t n = 1; n <= 200; n++) {
        for (size_t i = 0; i < n; i++)
            memcpy(member + 2 * i, "\xc3\xa9", 2);
        member[2 * n] = '\0';
        index_name("netty-contacts", member, a);
        assert_true(strlen(a) < INDEX_NAME && utf8_whole(a, strlen(a)) == strlen(a));
        assert_string_equal(a + strlen(a) - 4, "_idx");
        index_name("netty-contacts", member, b);
        assert_string_equal(a, b);
        member[2 * n - 1] = '\xa8'; /* the last letter is another */
        index_name("netty-contacts", member, b);
        assert_string_not_equal(a, b);
    }
}

static void test_what_is_made_of_what(void **state)
{
    (void)state;
    assert_int_equal(index_kind(NULL, &(struct index_seen){.longest = 9999}), INDEX_TIME);
    assert_int_equal(index_kind("x", &(struct index_seen){.longest = 500}), INDEX_TEXT);
    assert_int_equal(index_kind("x", &(struct index_seen){.longest = 501}), INDEX_HASH);
    assert_int_equal(index_kind("x", &(struct index_seen){.nested = true, .longest = 9999}),
                     INDEX_NESTED);
}

static void test_what_is_to_be_done(void **state)
{
    (void)state;
    static const struct {
        const char *member;
        struct index_seen seen;
        enum index_step step;
    } cases[] = {
        {"x", {.found = true}, INDEX_MAKE},
        {"x", {.found = false}, INDEX_ABSENT},
        {NULL, {.found = false}, INDEX_MAKE},
        {NULL, {.by_time = true}, INDEX_KEEP},
        {"x", {.found = true, .by_time = true}, INDEX_MAKE},
        {"x", {.there = true, .ours = true, .valid = true}, INDEX_KEEP},
        {"x", {.there = true, .ours = true, .found = true}, INDEX_REBUILD},
        {"x", {.there = true, .ours = true, .found = true, .busy = true}, INDEX_BUSY},
        {"x", {.there = true, .valid = true, .found = true}, INDEX_TAKEN},
        {"x", {.found = true, .partitioned = true}, INDEX_PARTS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(index_step(cases[i].member, &cases[i].seen), cases[i].step);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_short_stable_and_their_own),
        cmocka_unit_test(test_what_is_made_of_what),
        cmocka_unit_test(test_what_is_to_be_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

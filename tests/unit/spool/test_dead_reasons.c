#include "spool/dead_report/dead_reasons.h"
#include "tests/unit/spool/helper.h"

static void add(struct dead_reasons *r, const char *reason, const char *sqlstate, const char *key)
{
    const struct dead_letter letter = {.reason = reason, .sqlstate = sqlstate, .message = "why"};
    assert_ok(dead_reasons_add(r, &letter, key, strlen(key), e));
}

static void each_reason_has_its_count_and_first_keys(void **state)
{
    struct dead_reasons r = {0};
    char out[DEAD_REASONS_TEXT];
    char key[16];
    (void)state;
    for (int i = 1; i <= 12; i++) {
        (void)snprintf(key, sizeof key, "%d0", i);
        add(&r, "nul", "22P05", key);
    }
    add(&r, "key-missing", "", "");
    add(&r, "nul", "", "7");
    assert_string_equal(dead_reasons_text(&r, out),
                        "12 nul 22P05 (10, 20, 30, 40, 50 ...), 1 key-missing, 1 nul (7)");
    assert_int_equal(r.total, 14);
    dead_reasons_clear(&r);
    assert_string_equal(dead_reasons_text(&r, out), "");
}

static void a_key_without_end_is_counted_and_not_kept(void **state)
{
    struct dead_reasons r = {0};
    char out[DEAD_REASONS_TEXT];
    (void)state;
    add(&r, "key-range", "", "123456789012345678901234");
    assert_string_equal(dead_reasons_text(&r, out), "1 key-range");
    dead_reasons_clear(&r);
}

static void the_reasons_are_capped(void **state)
{
    struct dead_reasons r = {0};
    char out[DEAD_REASONS_TEXT];
    char word[16];
    (void)state;
    for (unsigned i = 0; i < DEAD_REASONS_MAX + 9; i++) {
        (void)snprintf(word, sizeof word, "reason-%u", i);
        add(&r, word, "", "1");
    }
    assert_int_equal(r.count, DEAD_REASONS_MAX);
    assert_string_equal(r.list[DEAD_REASONS_MAX - 1].word, "others");
    assert_int_equal(r.list[DEAD_REASONS_MAX - 1].count, 10);
    assert_int_equal(r.total, DEAD_REASONS_MAX + 9);
    dead_reasons_text(&r, out);
    assert_true(strlen(out) < sizeof out);
    dead_reasons_clear(&r);
}

static void a_text_that_does_not_fit_ends_between_two_reasons(void **state)
{
    struct dead_reasons r = {0};
    char out[DEAD_REASONS_TEXT];
    char word[64];
    (void)state;
    for (unsigned i = 0; i < DEAD_REASONS_MAX - 1; i++) {
        (void)snprintf(word, sizeof word, "%060u", i);
        add(&r, word, "", "1");
    }
    dead_reasons_text(&r, out);
    assert_true(strlen(out) < sizeof out);
    assert_string_equal(out + strlen(out) - strlen(" (1), ..."), " (1), ...");
    dead_reasons_clear(&r);
}

static void what_to_do_ends_with_a_command_that_names_the_table(void **state)
{
    struct dead_advice a;
    struct dead_reason reason = {.word = "refused"};
    (void)state;
    dead_advice(&a, DEAD_LOAD, "contacts", &reason);
    assert_string_equal(a.command, "netty-load redrive contacts");
    (void)snprintf(reason.word, sizeof reason.word, "key-missing");
    dead_advice(&a, DEAD_EXTRACT, "contacts", &reason);
    assert_string_equal(a.command, "");
    assert_non_null(strstr(a.sentence, "fetched"));
    dead_advice(&a, DEAD_LOAD, "contacts", &reason);
    assert_non_null(strstr(a.sentence, "loaded"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reason_has_its_count_and_first_keys),
        cmocka_unit_test(a_key_without_end_is_counted_and_not_kept),
        cmocka_unit_test(the_reasons_are_capped),
        cmocka_unit_test(a_text_that_does_not_fit_ends_between_two_reasons),
        cmocka_unit_test(what_to_do_ends_with_a_command_that_names_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

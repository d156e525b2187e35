#include "spool/control/asked_tables.h"

#include "shared/base/table_names.h"
#include "tests/unit/spool/helper.h"

static void ask(struct fixture *f, bool named, const char *a, const char *b)
{
    const char *names[] = {a, b};
    assert_ok(asked_note(f->spool, names, b != NULL ? 2 : 1, named, e));
}

static bool given_up(struct fixture *f, const char *table)
{
    struct asked_tables a;
    assert_ok(asked_read(f->spool, &a, e));
    bool yes = asked_given_up(&a, table);
    asked_free(&a);
    return yes;
}

static bool scheduled(struct fixture *f, const char *table)
{
    struct asked_tables a;
    assert_ok(asked_read(f->spool, &a, e));
    bool yes = asked_by_command_line(&a, table);
    asked_free(&a);
    return yes;
}

static void test_a_list_replaces_what_it_shares_a_table_with(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    assert_false(given_up(&f, "users"));
    ask(&f, true, "users", "contacts");
    ask(&f, true, "tasks", NULL);
    assert_false(given_up(&f, "users"));
    ask(&f, true, "contacts", NULL);
    assert_true(given_up(&f, "users"));
    assert_false(given_up(&f, "contacts"));
    assert_false(given_up(&f, "contact"));
    assert_false(given_up(&f, "tasks"));
    ask(&f, true, "contacts", "users"); /* the same, in another order */
    assert_false(given_up(&f, "users"));
    fixture_close(&f);
}

static void test_what_comes_back_again_and_again_stands_beside(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    for (int i = 0; i < ASKED_BACK + 1; i++) {
        ask(&f, true, "contacts", "users");
        ask(&f, true, "contacts", NULL);
    }
    assert_false(given_up(&f, "users"));
    ask(&f, true, "contacts", "agencies"); /* but a new list replaces both */
    assert_true(given_up(&f, "users"));
    fixture_close(&f);
}

static void test_settings_replace_settings_and_count_as_no_command_line(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    for (int i = 0; i < ASKED_RUNS; i++)
        ask(&f, false, "users", NULL);
    assert_false(scheduled(&f, "users"));
    ask(&f, false, "contacts", NULL);
    assert_true(given_up(&f, "users"));
    for (int i = 0; i < ASKED_RUNS; i++) {
        assert_false(scheduled(&f, "tasks"));
        ask(&f, true, "tasks", NULL);
    }
    assert_true(scheduled(&f, "tasks"));
    fixture_close(&f);
}

/* The newest are remembered; of those that are gone nobody says that they were given up. */
static void test_more_lists_than_are_remembered(void **state)
{
    struct fixture f;
    struct asked_tables a;
    char name[16];
    (void)state;
    fixture_open(&f);
    for (unsigned i = 0; i < 2 * ASKED_MAX; i++) {
        (void)snprintf(name, sizeof name, "t%u", i);
        ask(&f, true, name, i % 2 == 0 ? "contacts" : NULL);
    }
    assert_ok(asked_read(f.spool, &a, e));
    assert_int_equal(a.count, ASKED_MAX);
    assert_string_equal(a.at[ASKED_MAX - 1].tables, "t63");
    asked_free(&a);
    assert_false(given_up(&f, "t0"));
    assert_false(given_up(&f, "contacts"));
    fixture_close(&f);
}

static void test_a_list_that_is_too_long_says_nothing(void **state)
{
    static char names[120][NAMES_TABLE_MAX + 1];
    const char *list[120];
    struct fixture f;
    (void)state;
    fixture_open(&f);
    for (size_t i = 0; i < 120; i++) {
        (void)snprintf(names[i], sizeof names[i], "a-table-with-a-name-that-is-rather-long-%zu", i);
        list[i] = names[i];
    }
    ask(&f, true, names[0], "users");
    assert_ok(asked_note(f.spool, list, 120, true, e));
    assert_false(given_up(&f, "users"));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list_replaces_what_it_shares_a_table_with),
        cmocka_unit_test(test_what_comes_back_again_and_again_stands_beside),
        cmocka_unit_test(test_settings_replace_settings_and_count_as_no_command_line),
        cmocka_unit_test(test_more_lists_than_are_remembered),
        cmocka_unit_test(test_a_list_that_is_too_long_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

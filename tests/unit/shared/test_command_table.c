#include "tests/unit/shared/options_fixture.h"

static size_t tables(const struct options *o, const char *first)
{
    const char *const *list;
    size_t n;
    assert_int_equal(options_tables(o, &list, &n, NULL), OK);
    if (n > 0)
        assert_string_equal(list[0], first);
    return n;
}

static void test_only_the_first_word_is_one(void **state)
{
    (void)state;
    const struct options *o = GOOD(LOAD, "purge", "contacts", "users");
    assert_string_equal(options_command(o), "purge");
    assert_int_equal(tables(o, "contacts"), 2);
    o = GOOD(LOAD, "--json", "purge", "--older-than", "3d", "purge");
    assert_string_equal(options_command(o), "purge");
    assert_int_equal(tables(o, "purge"), 1);
    o = GOOD(LOAD, "contacts", "purge");
    assert_null(options_command(o));
    assert_int_equal(tables(o, "contacts"), 2);
    o = GOOD(LOAD, "--", "purge");
    assert_null(options_command(o));
    assert_int_equal(tables(o, "purge"), 1);
    o = GOOD(EXTRACT, "purge");
    assert_null(options_command(o));
    o = GOOD(LOAD, "purge");
    assert_int_equal(tables(o, ""), 0);
}

static void slip(const struct options *o, const char *command)
{
    assert_null(options_command(o));
    if (command == NULL)
        assert_null(options_slip(o));
    else
        assert_string_equal(options_slip(o), command);
}

static void test_a_slip_of_the_first_word_is_known(void **state)
{
    (void)state;
    slip(GOOD(LOAD, "chek"), "check");
    slip(GOOD(LOAD, "--json", "pruge", "contacts"), "purge");
    slip(GOOD(LOAD, "restor"), "restore");
    slip(GOOD(LOAD, "contacts", "chek"), NULL);
    slip(GOOD(LOAD, "--", "chek"), NULL);
    slip(GOOD(LOAD, "contacts"), NULL);
    slip(GOOD(LOAD, "ind"), NULL);
    slip(GOOD(EXTRACT, "chek"), NULL);
    assert_null(options_slip(GOOD(LOAD, "check", "chek")));
    assert_null(command_near(PROGRAM_SPOOL, "chek"));
    assert_string_equal(command_near(PROGRAM_SPOOL, "verfy")->name, "verify");
    assert_string_equal(command_near(PROGRAM_SPOOL, "sl")->name, "ls");
    assert_null(command_near(PROGRAM_SPOOL, "ls"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_only_the_first_word_is_one),
        TEST(test_a_slip_of_the_first_word_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

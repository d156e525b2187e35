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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_only_the_first_word_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

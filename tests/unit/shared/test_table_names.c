#include "shared/base/table_names.h"
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_keys(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"users", "user_id"},
        {"companies", "company_id"},
        {"products", "product_id"},
        {"contacts", "contact_id"},
        {"tasks", "task_id"},
        {"mandates", "mandate_id"},
        {"affairs", "affair_id"},
        {"agencies", "agency_id"},
        {"properties", "property_id"},
        {"staff", "staff_id"},
        {"s", "s_id"},
        {"ies", "ie_id"},
    };
    char out[NAMES_TABLE_MAX + 8];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        names_key(cases[i][0], out);
        assert_string_equal(out, cases[i][1]);
    }
}

static void test_relations(void **state)
{
    (void)state;
    char out[NAMES_TABLE_MAX + 8];
    names_relation("contacts", out);
    assert_string_equal(out, "netty-contacts");
}

/* The longest name that is allowed fits PostgreSQL's 63 bytes, and a longer one at least the
 * buffer. */
static void test_longest(void **state)
{
    (void)state;
    char name[200];
    char out[NAMES_TABLE_MAX + 8];
    struct err e = ERR_INIT;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    names_key(name, out);
    assert_int_equal(strlen(out), NAMES_TABLE_MAX + 3);
    names_relation(name, out);
    assert_int_equal(strlen(out), 63);
    name[NAMES_TABLE_MAX + 1] = '\0';
    assert_int_equal(names_check_table(name, "--table", &e), ERR_USAGE);
    name[NAMES_TABLE_MAX] = '\0';
    assert_int_equal(names_check_table(name, "--table", &e), OK);
}

static void test_names_that_are_taken(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "Z9", "contacts", "a_b-c", "users2"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct err e = ERR_INIT;
        assert_int_equal(names_check_table(good[i], "here", &e), OK);
        assert_string_equal(e.msg, "");
    }
}

static void test_names_that_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "1a",  "_a",  "-a",  "a b",      "a/b",       "../a",
                                      "a.b", "a\"", "a;b", "a\n", "\xc3\xa9", "a\xc3\xa9", "a%20"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = ERR_INIT;
        assert_int_equal(names_check_table(bad[i], "netty.conf:3", &e), ERR_USAGE);
        assert_non_null(strstr(e.msg, "netty.conf:3"));
        assert_non_null(strstr(e.msg, bad[i]));
    }
}

static void test_distance(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        unsigned distance;
    } pairs[] = {
        {"limit", "limit", 0},       {"limt", "limit", 1},
        {"limitt", "limit", 1},      {"limti", "limit", 1},
        {"lamit", "limit", 1},       {"ilimt", "limit", 2},
        {"xlimitx", "limit", 2},     {"contakts", "contacts", 1},
        {"ocntacts", "contacts", 1}, {"", "ab", 2},
        {"abc", "xyz", 3},           {"users", "", 5},
        {"limit", "timeout", 4},     {"", "", 0},
    };
    char longer[NAMES_TABLE_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const char *a = pairs[i].a;
        const char *b = pairs[i].b;
        assert_int_equal(names_distance(a, strlen(a), b, strlen(b)), pairs[i].distance);
        assert_int_equal(names_distance(b, strlen(b), a, strlen(a)), pairs[i].distance);
    }
    memset(longer, 'a', sizeof longer);
    assert_int_equal(names_distance(longer, sizeof longer, "a", 1), NAMES_TABLE_MAX);
    assert_int_equal(names_distance("a", 1, longer, sizeof longer), NAMES_TABLE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_relations),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_names_that_are_taken),
        cmocka_unit_test(test_names_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

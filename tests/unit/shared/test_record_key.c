/* Which member is the key: by name, else the only integer that all records have and no two alike. */
#include "shared/json/record_key.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct told {
    char name[RECORD_KEY_NAME];
    char members[RECORD_KEY_TEXT];
    bool certain;
};

/* Of the records, as one text each; NULL ends them. */
static struct told ask(const char *table, const char *const *records)
{
    struct err e = ERR_INIT;
    struct record_key *k;
    struct told told = {0};
    assert_int_equal(record_key_open(&k, table, &e), OK);
    for (; *records != NULL; records++)
        assert_int_equal(record_key_add(k, *records, strlen(*records), &e), OK);
    const char *name = record_key_name(k);
    (void)snprintf(told.name, sizeof told.name, "%s", name != NULL ? name : "-");
    (void)record_key_members(k, told.members);
    told.certain = record_key_certain(k);
    record_key_close(k);
    return told;
}

#define ASK(table, ...) ask(table, (const char *const[]){__VA_ARGS__, NULL})

static void test_the_usual_name_comes_first(void **state)
{
    (void)state;
    struct told told = ASK("contacts", "{\"id\":1,\"contact_id\":7,\"n\":3}",
                           "{\"id\":2,\"contact_id\":8,\"n\":4}");
    assert_string_equal(told.name, "contact_id");
    assert_true(told.certain);
    assert_string_equal(ASK("companies", "{\"id\":4,\"company_id\":\"17\"}").name, "company_id");
}

static void test_a_foreign_key_of_that_name_is_none(void **state)
{
    (void)state;
    assert_string_equal(ASK("users", "{\"user_id\":5,\"id\":1}", "{\"user_id\":5,\"id\":2}").name,
                        "id");
    assert_string_equal(ASK("users", "{\"user_id\":5,\"id\":1}", "{\"id\":2}", "{\"id\":3}").name,
                        "id");
}

static void test_id_then_ref(void **state)
{
    (void)state;
    assert_string_equal(ASK("products", "{\"product_ref\":3,\"id\":1}").name, "id");
    assert_string_equal(
        ASK("products", "{\"product_ref\":3,\"price\":10}", "{\"product_ref\":4,\"price\":11}")
            .name,
        "product_ref");
}

static void test_the_only_integer(void **state)
{
    (void)state;
    struct told told =
        ASK("things", "{\"number\":3,\"name\":\"a\",\"phone\":\"0612\",\"price\":1.5,\"flag\":1}",
            "{\"number\":4,\"name\":\"b\",\"phone\":\"0613\",\"price\":2.5,\"flag\":1}");
    assert_string_equal(told.name, "number");
    assert_true(told.certain);
    assert_string_equal(ASK("things", "{\"code\":\"3\",\"n\":\"a\"}", "{\"code\":\"4\"}").name,
                        "code");
    assert_false(ASK("things", "{\"number\":3}").certain);
}

static void test_two_that_could_be_are_none(void **state)
{
    (void)state;
    struct told told =
        ASK("things", "{\"number\":3,\"rank\":1,\"name\":\"x\"}", "{\"number\":4,\"rank\":2}");
    assert_string_equal(told.name, "-");
    assert_string_equal(told.members, "number, rank, name");
    assert_string_equal(ASK("things", "{\"a\":1}", "{\"b\":2}").name, "-");
    assert_string_equal(ASK("things", "{\"a\":1}", "{\"a\":1}").name, "-");
    assert_string_equal(ASK("things", "{}").members, "no members");
}

static void test_half_of_the_records_may_be_broken(void **state)
{
    (void)state;
    assert_string_equal(ASK("contacts", "{\"contact_id\":1}", "{\"contact_id\":null}",
                            "{\"contact_id\":\"x\"}", "{\"contact_id\":2}", "{\"contact_id\":3}")
                            .name,
                        "contact_id");
    assert_string_equal(ASK("contacts", "{\"contact_id\":1}", "{\"a\":\"\"}", "{\"a\":\"\"}").name,
                        "-");
}

static void test_the_same_records_once_more(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct record_key *k;
    assert_int_equal(record_key_open(&k, "things", &e), OK);
    for (int page = 0; page < 2; page++) {
        record_key_next_page(k);
        assert_int_equal(record_key_add(k, "{\"number\":1,\"flag\":0}", 21, &e), OK);
        assert_int_equal(record_key_add(k, "{\"number\":2,\"flag\":0}", 21, &e), OK);
    }
    assert_string_equal(record_key_name(k), "number");
    record_key_reset(k);
    assert_null(record_key_name(k));
    assert_int_equal(record_key_add(k, "{\"id\":1,\"number\":2}", 19, &e), OK);
    assert_string_equal(record_key_name(k), "id");
    assert_true(record_key_has(k, "number"));
    assert_false(record_key_has(k, "flag"));
    record_key_close(k);
}

static void test_what_counts_of_a_record(void **state)
{
    (void)state;
    /* of a member that stands twice the last one, none that is deeper, no name that cannot be asked for */
    assert_string_equal(ASK("contacts", "{\"id\":1,\"id\":\"x\"}", "{\"id\":1,\"id\":\"y\"}").name,
                        "-");
    assert_string_equal(ASK("contacts", "{\"a\":{\"contact_id\":1}}").name, "-");
    assert_string_equal(ASK("contacts", "{\"a b\":1}", "{\"a b\":2}").name, "-");
    assert_string_equal(ASK("contacts", "no record", "[1]", "{\"id\":1}").name, "id");
}

static void test_members_for_a_person(void **state)
{
    (void)state;
    char record[4096];
    size_t n = 1;
    record[0] = '{';
    for (int i = 0; i < 30; i++)
        n += (size_t)snprintf(record + n, sizeof record - n, "%s\"member_%02d\":\"x\"",
                              i > 0 ? "," : "", i);
    (void)snprintf(record + n, sizeof record - n, "}");
    struct told told = ASK("contacts", record);
    assert_non_null(strstr(told.members, "member_00, member_01"));
    assert_non_null(strstr(told.members, "member_11 and 18 others"));
}

static void test_an_integer(void **state)
{
    (void)state;
    int64_t v = 0;
    assert_true(record_key_is_whole("-12", 3, &v));
    assert_int_equal(v, -12);
    assert_true(record_key_is_whole("2147483648", 10, &v));
    assert_false(record_key_is_whole("", 0, &v));
    assert_false(record_key_is_whole("-", 1, &v));
    assert_false(record_key_is_whole("1.0", 3, &v));
    assert_false(record_key_is_whole("1234567890123456789", 19, &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_usual_name_comes_first),
        cmocka_unit_test(test_a_foreign_key_of_that_name_is_none),
        cmocka_unit_test(test_id_then_ref),
        cmocka_unit_test(test_the_only_integer),
        cmocka_unit_test(test_two_that_could_be_are_none),
        cmocka_unit_test(test_half_of_the_records_may_be_broken),
        cmocka_unit_test(test_the_same_records_once_more),
        cmocka_unit_test(test_what_counts_of_a_record),
        cmocka_unit_test(test_members_for_a_person),
        cmocka_unit_test(test_an_integer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

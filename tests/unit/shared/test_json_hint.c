#include "shared/json/json_hint.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdint.h>
#include <string.h>

static void expect(const char *text, const char *key, const char *time)
{
    struct json_hint hint = json_hint_read("contact_id", text, strlen(text));
    assert_int_equal(hint.key_len, strlen(key));
    assert_int_equal(hint.time_len, strlen(time));
    if (*key)
        assert_memory_equal(hint.key, key, strlen(key));
    if (*time)
        assert_memory_equal(hint.time, time, strlen(time));
}

static void test_what_stands_plainly_is_found(void **state)
{
    (void)state;
    expect("{\"contact_id\":7,\"time_modified\":\"2024-05-13 10:22:33\"}", "7",
           "2024-05-13 10:22:33");
    expect("{\"contact_id\" : \"-12\" , \"name\":\"\x01\"}", "-12", "");
    expect("{\"in\":{\"contact_id\":1},\"contact_id\":2,\"l\":[{\"contact_id\":3}]}", "2", "");
    expect("{\"contact_id\":1,\"contact_id\":2}", "2", "");
    expect("{\"contact_id\":5,\"name\":\"cut", "5", "");
}

static void test_what_does_not_is_not(void **state)
{
    (void)state;
    expect("", "", "");
    expect("null", "", "");
    expect("{\"contact_id\":1.5}", "", "");
    expect("{\"contact_id\":\"x\"}", "", "");
    expect("{\"contact_id\":12345678901234567890}", "", "");
    expect("[\"contact_id\",7]", "", "");
    expect("{\"name\":\"contact_id\",\"time_modified\":\"\\u0032024\"}", "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_stands_plainly_is_found),
        cmocka_unit_test(test_what_does_not_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What of a position differs from another, and the other made of it again. */
#include "tests/unit/spool/helper.h"

#include "spool/format/position_change.h"

#define ROOM 4096

static void assert_found(const char *before, const char *now, const char *expected)
{
    struct buf changes;
    struct buf again;
    buf_init(&changes, ROOM);
    buf_init(&again, ROOM);
    assert_int_equal(position_change_find(&changes, before, now), OK);
    assert_string_equal(changes.data, expected);
    if (*expected) {
        assert_ok(position_change_apply(&again, before, changes.data, changes.len, e));
        assert_string_equal(again.data, now);
    }
    buf_free(&changes);
    buf_free(&again);
}

static void members_that_differ_are_found_and_put_back(void **state)
{
    (void)state;
    assert_found("{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":3}", "{\"b\":3}");
    assert_found("{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}", "{}");
    assert_found("{}", "{}", "{}");
    assert_found("{\"a\":1,\"b\":[1,{\"a\":5}],\"c\":\"x\"}",
                 "{\"a\":null,\"b\":[1,{\"a\":6}],\"c\":\"x\"}",
                 "{\"a\":null,\"b\":[1,{\"a\":6}]}");
    assert_found("{\"a\":\"}\",\"b\":\"\\\"\"}", "{\"a\":\"},{\",\"b\":\"\\\\\"}",
                 "{\"a\":\"},{\",\"b\":\"\\\\\"}");
    assert_found("{\"ab\":1,\"a\":2}", "{\"ab\":1,\"a\":3}", "{\"a\":3}");
    assert_found("{\"a\":{\"b\":[]},\"c\":[[],[2]]}", "{\"a\":{\"b\":[1]},\"c\":[[],[2]]}",
                 "{\"a\":{\"b\":[1]}}");
}

static void other_members_are_nothing_that_can_be_said_so(void **state)
{
    (void)state;
    assert_found("{\"a\":1}", "{\"a\":1,\"b\":2}", "");
    assert_found("{\"a\":1,\"b\":2}", "{\"a\":1}", "");
    assert_found("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", "");
    assert_found("{\"a\":1}", "{\"b\":1}", "");
    assert_found("{\"a\":1}", "{}", "");
}

static void what_is_no_object_is_said_so_neither(void **state)
{
    static const char *const none[] = {"",           "{",          "x",          "{\"a\"}",
                                       "{\"a\":1",   "{\"a\":1}x", "{\"a\":\"}", "{\"a\":[}",
                                       "{\"a\":1,}", "{\"a\\"};
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_found(none[i], none[i], "");
        assert_found("{\"a\":1}", none[i], "");
        assert_found(none[i], "{\"a\":1}", "");
    }
}

static void a_change_of_another_position_is_damage(void **state)
{
    static const char *const other[] = {
        "{\"c\":1}", "{\"a\":1,\"c\":1}", "{\"a\":1,\"a\":2}", "{\"a\":1", "[1]", ""};
    struct buf now;
    struct err err = ERR_INIT;
    (void)state;
    buf_init(&now, ROOM);
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        assert_int_equal(
            position_change_apply(&now, "{\"a\":1,\"b\":2}", other[i], strlen(other[i]), &err),
            ERR_DAMAGED);
    buf_free(&now);
}

static void what_is_too_long_fails(void **state)
{
    struct buf small;
    struct err err = ERR_INIT;
    (void)state;
    buf_init(&small, 8);
    assert_int_equal(position_change_find(&small, "{\"a\":1}", "{\"a\":123456}"), ERR_TOO_BIG);
    assert_int_equal(small.len, 0);
    assert_int_equal(position_change_apply(&small, "{\"a\":1,\"b\":1}", "{}", 2, &err),
                     ERR_TOO_BIG);
    buf_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_that_differ_are_found_and_put_back),
        cmocka_unit_test(other_members_are_nothing_that_can_be_said_so),
        cmocka_unit_test(what_is_no_object_is_said_so_neither),
        cmocka_unit_test(a_change_of_another_position_is_damage),
        cmocka_unit_test(what_is_too_long_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

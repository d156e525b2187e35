#include "load/row/jsonb_merge.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct jsonb_merge *m;

static int set_up(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    return jsonb_merge_open(&m, &e) == OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    jsonb_merge_close(m);
    return 0;
}

static void later_members_win_and_the_others_stay(void **state)
{
    static const struct {
        const char *old, *new, *both;
    } cases[] = {
        {"{}", "{}", "{}"},
        {"{\"a\":1}", "{}", "{\"a\":1}"},
        {"{}", "{\"a\":1}", "{\"a\":1}"},
        {"{\"a\":1,\"b\":2}", "{\"a\":3}", "{\"b\":2,\"a\":3}"},
        {"{\"a\":1,\"b\":2}", "{\"b\":{\"a\":1},\"a\":[2]}", "{\"b\":{\"a\":1},\"a\":[2]}"},
        {"{\"a\":{\"x\":1}}", "{\"a\":{\"y\":2}}", "{\"a\":{\"y\":2}}"},
        {"{\"\\u0061\":1,\"c\":0}", "{\"a\":2}", "{\"c\":0,\"a\":2}"},
        {"{\"a\":1}", "{\"\\u0061\":2}", "{\"\\u0061\":2}"},
        {"{ \"a\" : 1.0 , \"b\" : 2 }", " { \"c\" : 3 } ", "{\"a\" : 1.0,\"b\" : 2,\"c\" : 3 }"},
        {"{\"a\":1,\"a\":2,\"b\":0}", "{\"c\":1,\"c\":2}",
         "{\"a\":1,\"a\":2,\"b\":0,\"c\":1,\"c\":2}"},
    };
    struct buf out;
    struct err e = ERR_INIT;

    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_reset(&out);
        assert_int_equal(buf_adds(&out, "before"), OK);
        assert_int_equal(jsonb_merge_run(m, cases[i].old, strlen(cases[i].old), cases[i].new,
                                         strlen(cases[i].new), &out, &e),
                         OK);
        assert_memory_equal(out.data, "before", 6);
        assert_string_equal(out.data + 6, cases[i].both);
    }
    buf_free(&out);
}

static void many_members(void **state)
{
    struct buf old;
    struct buf new;
    struct buf out;
    struct buf both;
    struct err e = ERR_INIT;

    (void)state;
    buf_init(&old, 1 << 20);
    buf_init(&new, 1 << 20);
    buf_init(&out, 1 << 20);
    buf_init(&both, 1 << 20);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(buf_addf(&old, "%s\"m%d\":%d", i > 0 ? "," : "{", i, i), OK);
        if (i % 3 > 0)
            assert_int_equal(buf_addf(&both, "%s\"m%d\":%d", i > 1 ? "," : "{", i, i), OK);
        else
            assert_int_equal(buf_addf(&new, "%s\"m%d\":0", i > 0 ? "," : "{", i), OK);
    }
    assert_int_equal(buf_addf(&both, ",%s}", new.data + 1), OK);
    assert_int_equal(buf_addc(&old, '}'), OK);
    assert_int_equal(buf_addc(&new, '}'), OK);
    assert_int_equal(jsonb_merge_run(m, old.data, old.len, new.data, new.len, &out, &e), OK);
    assert_string_equal(out.data, both.data);
    buf_free(&old);
    buf_free(&new);
    buf_free(&out);
    buf_free(&both);
}

static void what_is_no_object_or_too_large_adds_nothing(void **state)
{
    struct buf out;
    struct err e = ERR_INIT;

    (void)state;
    buf_init(&out, 8);
    assert_int_equal(jsonb_merge_run(m, "[1]", 3, "{}", 2, &out, &e), ERR_DATA);
    assert_int_equal(jsonb_merge_run(m, "{}", 2, "{\"a\"}", 5, &out, &e), ERR_DATA);
    assert_int_equal(jsonb_merge_run(m, "{\"a\":1}", 7, "{\"b\":1}", 7, &out, &e), ERR_TOO_BIG);
    assert_int_equal(out.len, 0);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_members_win_and_the_others_stay),
        cmocka_unit_test(many_members),
        cmocka_unit_test(what_is_no_object_or_too_large_adds_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

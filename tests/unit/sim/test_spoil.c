#include "tests/sim/record/spoil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char good[] = "{\"contact_id\":7,\"name\":\"a\",\"notes\":\"b\"}";

static enum err_code add(struct spoils *s, const char *text)
{
    char copy[256];
    struct args args = {.n = 0};
    assert_true(strlen(text) < sizeof copy);
    memcpy(copy, text, strlen(text) + 1);
    assert_int_equal(args_split(&args, copy, NULL), OK);
    return spoils_add(s, &args, NULL);
}

static void assert_spoilt(const struct spoils *s, uint32_t id, const char *want)
{
    struct buf out;
    buf_init(&out, 1024);
    assert_int_equal(buf_adds(&out, "["), OK);
    assert_int_equal(buf_adds(&out, good), OK);
    assert_int_equal(spoil_text(spoils_find(s, id), &out, 1), OK);
    assert_string_equal(out.data + 1, want);
    buf_free(&out);
}

static void test_a_text_takes_the_place_of_all(void **state)
{
    (void)state;
    struct spoils s = {0};
    assert_int_equal(add(&s, "id=7,how=text,hex=7b22"), OK);
    assert_spoilt(&s, 7, "{\"");
    assert_null(spoils_find(&s, 6));
    spoils_free(&s);
}

static void test_a_member_gets_its_value_or_comes_to_be(void **state)
{
    (void)state;
    struct spoils s = {0};
    assert_int_equal(add(&s, "id=9,how=member,name=name,hex=4E614E"), OK);
    assert_int_equal(add(&s, "id=3,how=member,name=notes,hex="), OK);
    assert_int_equal(add(&s, "id=5,how=member,name=new,hex=31"), OK);
    assert_spoilt(&s, 9, "{\"contact_id\":7,\"name\":NaN,\"notes\":\"b\"}");
    assert_spoilt(&s, 3, "{\"contact_id\":7,\"name\":\"a\",\"notes\":}");
    assert_spoilt(&s, 5, "{\"contact_id\":7,\"name\":\"a\",\"notes\":\"b\",\"new\":1}");
    spoils_free(&s);
}

static void test_what_is_spoilt_anew_or_mended_is_so(void **state)
{
    (void)state;
    struct spoils s = {0};
    struct args one = {.at = {{"id", "5"}}, .n = 1};
    struct args all = {.n = 0};
    for (int i = 0; i < 100; i++)
        assert_int_equal(add(&s, i % 2 ? "id=5,how=status,status=502" : "id=5,how=text,hex=00"),
                         OK);
    assert_int_equal(add(&s, "id=4,how=hang"), OK);
    assert_int_equal(s.n, 2);
    assert_int_equal(spoils_find(&s, 5)->status, 502);
    assert_false(spoil_is_text(spoils_find(&s, 5)));
    assert_int_equal(spoils_mend(&s, &one, NULL), OK);
    assert_null(spoils_find(&s, 5));
    assert_int_equal(spoils_mend(&s, &all, NULL), OK);
    assert_int_equal(s.n, 0);
}

static void test_what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct spoils s = {0};
    assert_int_equal(add(&s, "id=7"), ERR_USAGE);
    assert_int_equal(add(&s, "id=7,how=loudly"), ERR_USAGE);
    assert_int_equal(add(&s, "id=7,how=member,hex=31"), ERR_USAGE);
    assert_int_equal(add(&s, "id=7,how=text,hex=3"), ERR_USAGE);
    assert_int_equal(s.n, 0);
    spoils_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_text_takes_the_place_of_all),
        cmocka_unit_test(test_a_member_gets_its_value_or_comes_to_be),
        cmocka_unit_test(test_what_is_spoilt_anew_or_mended_is_so),
        cmocka_unit_test(test_what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

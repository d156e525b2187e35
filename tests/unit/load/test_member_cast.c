#include "load/profile/member_cast.h"
#include "load/profile/view_mark.h"
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* 100 values, of which `odd` have the second form. */
static struct member member(enum member_form most, enum member_form other, int64_t odd)
{
    struct member m = {.path = {"m"}, .records = 100};

    m.forms[most] += 100 - odd;
    m.forms[other] += odd;
    for (unsigned f = 0; f < FORMS; f++) {
        if (f == FORM_BOOLEAN)
            m.booleans += m.forms[f];
        if (f == FORM_OBJECT)
            m.objects += m.forms[f];
        if (f == FORM_ARRAY)
            m.arrays += m.forms[f];
    }
    return m;
}

static void test_99_in_100_decide_the_family_and_all_of_it_the_type(void **state)
{
    static const struct {
        enum member_form most, other;
        int64_t odd;
        enum member_cast cast;
        int64_t misfits;
    } cases[] = {
        {FORM_DATE, FORM_TEXT, 1, CAST_DATE, 1},
        {FORM_DATE, FORM_TEXT, 2, CAST_TEXT, 0},
        {FORM_DATE, FORM_TIMESTAMP, 1, CAST_TIMESTAMP, 0},
        {FORM_DATE, FORM_EMPTY, 99, CAST_DATE, 0},
        {FORM_DATE, FORM_ZONED, 2, CAST_TEXT, 0},
        {FORM_INTEGER, FORM_BIGINT, 1, CAST_BIGINT, 0},
        {FORM_INTEGER, FORM_DECIMAL, 1, CAST_NUMERIC, 0},
        {FORM_INTEGER, FORM_CODE, 1, CAST_TEXT, 0},
        {FORM_INTEGER, FORM_NULL, 50, CAST_INTEGER, 0},
        {FORM_FLAG, FORM_NULL, 0, CAST_INTEGER, 0},
        {FORM_FLAG, FORM_BOOLEAN, 1, CAST_BOOLEAN, 0},
        {FORM_TRUTH, FORM_TEXT, 1, CAST_BOOLEAN, 1},
        {FORM_UUID, FORM_TEXT, 1, CAST_UUID, 1},
        {FORM_MAIL, FORM_TEXT, 50, CAST_TEXT, 0},
        {FORM_TEXT, FORM_ARRAY, 2, CAST_JSONB, 0},
        {FORM_OBJECT, FORM_NULL, 1, CAST_JSONB, 0},
        {FORM_NULL, FORM_NULL, 0, CAST_TEXT, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct member m = member(cases[i].most, cases[i].other, cases[i].odd);
        assert_int_equal(member_cast_of(&m), cases[i].cast);
        assert_int_equal(member_misfits(&m, cases[i].cast), cases[i].misfits);
    }
}

static void test_a_mark_is_read_as_it_was_written(void **state)
{
    static const char *const paths[][MEMBER_LEVELS] = {
        {"a"}, {""}, {"it's", "''"}, {"a->>'b' as text", "c", "d"}, {"\\\"\n"}};
    const char *path[MEMBER_LEVELS];
    struct buf mark;

    (void)state;
    buf_init(&mark, 1000);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        for (unsigned cast = 0; cast < CASTS; cast++) {
            enum member_cast read = CASTS;
            buf_reset(&mark);
            assert_int_equal(view_mark_add(&mark, (enum member_cast)cast, paths[i]), OK);
            assert_true(view_mark_read(mark.data, &read, path));
            assert_int_equal(read, cast);
            for (unsigned k = 0; k < MEMBER_LEVELS; k++) {
                assert_int_equal(path[k] == NULL, paths[i][k] == NULL);
                if (path[k] != NULL)
                    assert_string_equal(path[k], paths[i][k]);
            }
        }
    buf_free(&mark);
}

static void test_comments_of_people_are_no_marks(void **state)
{
    static const char *const comments[] = {"",
                                           "dat",
                                           "data",
                                           "data as text",
                                           "data->",
                                           "data->'a",
                                           "data->'a'",
                                           "data->'a' as",
                                           "data->'a' as money",
                                           "data->'a'->'b'->'c'->'d' as text",
                                           "the date of signature"};
    const char *path[MEMBER_LEVELS];
    enum member_cast cast;
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof comments / sizeof *comments; i++) {
        (void)snprintf(text, sizeof text, "%s", comments[i]);
        assert_false(view_mark_read(text, &cast, path));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_99_in_100_decide_the_family_and_all_of_it_the_type),
        cmocka_unit_test(test_a_mark_is_read_as_it_was_written),
        cmocka_unit_test(test_comments_of_people_are_no_marks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "shared/base/array.h"

#include <stdint.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_elements_stay_while_the_array_grows(void **state)
{
    (void)state;
    int *list = NULL;
    size_t capacity = 0;
    struct err e = ERR_INIT;
    for (size_t count = 0; count < 1000; count++) {
        int *more = array_room(list, &capacity, count, sizeof *more, &e);
        assert_non_null(more);
        list = more;
        assert_true(capacity > count);
        list[count] = (int)count;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(list[i], i);
    assert_int_equal(capacity, 1024);
    free(list);
}

static void test_an_array_with_room_is_left_where_it_is(void **state)
{
    (void)state;
    size_t capacity = 4;
    struct err e = ERR_INIT;
    int *list = calloc(capacity, sizeof *list);
    assert_non_null(list);
    assert_ptr_equal(array_room(list, &capacity, 3, sizeof *list, &e), list);
    assert_int_equal(capacity, 4);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements_stay_while_the_array_grows),
        cmocka_unit_test(test_an_array_with_room_is_left_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

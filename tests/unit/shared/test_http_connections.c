#include "shared/http/http_connections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_the_oldest_is_the_one_that_has_waited_longest(void **state)
{
    struct http_connections c = {.count = 0};
    uint64_t since = 0;
    (void)state;
    assert_int_equal(http_connections_oldest(&c, &since), -1);
    http_connections_add(&c, 7, 100);
    http_connections_add(&c, 8, 200);
    http_connections_add(&c, 9, 150);
    assert_int_equal(http_connections_oldest(&c, &since), 7);
    assert_int_equal(since, 100);
    http_connections_answered(&c, 7, 300);
    assert_int_equal(http_connections_oldest(&c, &since), 9);
    http_connections_remove(&c, 9);
    http_connections_remove(&c, 9);
    http_connections_answered(&c, 9, 1);
    assert_int_equal(http_connections_oldest(&c, &since), 8);
    assert_int_equal(since, 200);
    assert_int_equal(c.count, 2);
}

static void test_it_holds_so_many_and_no_more(void **state)
{
    struct http_connections c = {.count = 0};
    uint64_t since = 0;
    (void)state;
    for (int i = 0; i < HTTP_CONNECTIONS; i++) {
        assert_false(http_connections_full(&c));
        http_connections_add(&c, i, (uint64_t)(1000 - i));
    }
    assert_true(http_connections_full(&c));
    http_connections_add(&c, 99, 1);
    assert_int_equal(http_connections_oldest(&c, &since), HTTP_CONNECTIONS - 1);
    for (int i = 0; i < HTTP_CONNECTIONS; i++)
        http_connections_remove(&c, i);
    assert_int_equal(c.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_oldest_is_the_one_that_has_waited_longest),
        cmocka_unit_test(test_it_holds_so_many_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

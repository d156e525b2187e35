#include "load/database/db_private.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static enum db_trouble of(const char *sqlstate)
{
    struct err e = {.code = ERR_INTERNAL};

    memcpy(e.sqlstate, sqlstate, strlen(sqlstate) + 1);
    return db_classify(&e);
}

static void what_passes_is_tried_again(void **state)
{
    static const char *const states[] = {"08000", "08006", "57P01", "57P02", "57P03", "40001",
                                         "40P01", "53100", "53200", "53300", "25006", "58030",
                                         "XX000", "26000", "42P05", "55006", "25P03"};

    (void)state;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        assert_int_equal(of(states[i]), DB_AGAIN);
}

static void time_limits_ask_for_less(void **state)
{
    (void)state;
    assert_int_equal(of("57014"), DB_TOO_SLOW);
    assert_int_equal(of("55P03"), DB_TOO_SLOW);
    assert_int_equal(of("25P04"), DB_TOO_SLOW);
}

static void content_is_a_rows_fault(void **state)
{
    static const char *const states[] = {"22P05", "22003", "22P02", "23502", "23505", "23514",
                                         "54000", "54001", "P0001", "44000", "40002"};

    (void)state;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        assert_int_equal(of(states[i]), DB_BAD_ROW);
}

static void shapes_and_permissions_stop_the_table(void **state)
{
    static const char *const shapes[] = {"42P01", "42703", "42804", "42P10", "42883",
                                         "3F000", "428C9", "55000", "0A000"};

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        assert_int_equal(of(shapes[i]), DB_NO_TABLE);
    assert_int_equal(of("42501"), DB_FORBIDDEN);
    assert_int_equal(of("28P01"), DB_FORBIDDEN);
    assert_int_equal(of("28000"), DB_FORBIDDEN);
    assert_int_equal(of("3D000"), DB_FORBIDDEN);
    assert_int_equal(of("57P04"), DB_FORBIDDEN);
}

static void our_own_faults(void **state)
{
    (void)state;
    assert_int_equal(of("42601"), DB_FAULT);
    assert_int_equal(of("21000"), DB_FAULT);
    assert_int_equal(of("25P02"), DB_FAULT);
    assert_int_equal(of("ZZ999"), DB_FAULT);
}

static void without_sqlstate_the_code_tells(void **state)
{
    struct err e = {.code = ERR_UNAVAILABLE};

    (void)state;
    assert_int_equal(db_classify(&e), DB_AGAIN);
    e.code = ERR_DENIED;
    assert_int_equal(db_classify(&e), DB_FORBIDDEN);
    e.code = ERR_IO;
    assert_int_equal(db_classify(&e), DB_FAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_passes_is_tried_again),
        cmocka_unit_test(time_limits_ask_for_less),
        cmocka_unit_test(content_is_a_rows_fault),
        cmocka_unit_test(shapes_and_permissions_stop_the_table),
        cmocka_unit_test(our_own_faults),
        cmocka_unit_test(without_sqlstate_the_code_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "shared/cli/summary.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define STR(n, v)     ((struct cell){.name = (n), .type = CELL_STR, .str = (v)})
#define INT(n, v)     ((struct cell){.name = (n), .type = CELL_INT, .num = (v)})
#define SECONDS(n, v) ((struct cell){.name = (n), .type = CELL_SECONDS, .num = (v)})
#define TIME(n, v)    ((struct cell){.name = (n), .type = CELL_TIME, .num = (v)})
#define NONE(n)       ((struct cell){.name = (n), .type = CELL_NONE})

#define COLUMNS 4

static void check(bool json, struct cell rows[][COLUMNS], size_t n, const char *want)
{
    struct summary *s = NULL;
    struct err e = ERR_INIT;
    char *text = NULL;
    size_t len = 0;
    assert_int_equal(summary_open(&s, json, &e), OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(summary_row(s, rows[i], COLUMNS, &e), OK);
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    assert_int_equal(summary_print(s, out, &e), OK);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, want);
    free(text);
    summary_close(s);
}

#define MAY INT64_C(1715595753123456) /* 2024-05-13T10:22:33.123456Z */

static void test_table_for_people(void **state)
{
    (void)state;
    struct cell rows[][COLUMNS] = {
        {STR("table", "contacts"), INT("records", 1234567), SECONDS("seconds", 12345678),
         TIME("complete_to", MAY)},
        {STR("table", "affairs"), INT("records", 0), SECONDS("seconds", 999),
         TIME("complete_to", WHEN_NONE)},
    };
    check(false, rows, 2,
          "table     records  seconds  complete_to\n"
          "contacts  1234567   12.345  2024-05-13 10:22:33 UTC\n"
          "affairs         0    0.000  -\n");
}

/* Columns, not bytes: accents, wide characters and combining marks line up. */
static void test_widths_are_columns(void **state)
{
    (void)state;
    struct cell rows[][COLUMNS] = {
        {STR("t\xc3\xa9l", "\xe6\xbc\xa2\xe5\xad\x97"), STR("b", "e\xcc\x81"), NONE("c"),
         INT("d", 1)},
        {STR("t\xc3\xa9l", "abc"), STR("b", NULL), NONE("c"), INT("d", -12)},
    };
    check(false, rows, 2,
          "t\xc3\xa9l   b  c    d\n"
          "\xe6\xbc\xa2\xe5\xad\x97  e\xcc\x81  -    1\n"
          "abc   -  -  -12\n");
}

/* A column stays a column of numbers where a row has none, and control characters do no harm. */
static void test_holes_and_control_characters(void **state)
{
    (void)state;
    struct cell rows[][COLUMNS] = {
        {STR("a", "x\ny\x1b"), NONE("number"), STR("c", ""), STR("d", "last")},
        {STR("a", "z"), INT("number", 5), STR("c", "cc"), STR("d", "l")},
    };
    check(false, rows, 2,
          "a           number  c   d\n"
          "x\\ny\\u001b       -      last\n"
          "z                5  cc  l\n");
}

static void test_json_lines(void **state)
{
    (void)state;
    struct cell rows[][COLUMNS] = {
        {STR("table", "a\"b"), INT("records", 1234567), SECONDS("seconds", 1234999),
         TIME("complete_to", MAY)},
        {STR("table", NULL), NONE("records"), SECONDS("seconds", -1500000),
         TIME("complete_to", WHEN_NONE)},
        {STR("table", "min"), INT("records", INT64_MIN), SECONDS("seconds", INT64_MIN),
         TIME("complete_to", 0)},
    };
    check(true, rows, 3,
          "{\"table\":\"a\\\"b\",\"records\":1234567,\"seconds\":1.234,"
          "\"complete_to\":\"2024-05-13T10:22:33.123456Z\"}\n"
          "{\"table\":null,\"records\":null,\"seconds\":-1.500,\"complete_to\":null}\n"
          "{\"table\":\"min\",\"records\":-9223372036854775808,"
          "\"seconds\":-9223372036854.775,\"complete_to\":\"1970-01-01T00:00:00.000000Z\"}\n");
}

static void test_no_rows_print_nothing(void **state)
{
    (void)state;
    check(false, NULL, 0, "");
    check(true, NULL, 0, "");
}

static void test_rows_are_copied(void **state)
{
    (void)state;
    struct summary *s = NULL;
    struct err e = ERR_INIT;
    char name[] = "table";
    char value[] = "contacts";
    char *text = NULL;
    size_t len = 0;
    assert_int_equal(summary_open(&s, true, &e), OK);
    assert_int_equal(summary_row(s, &STR(name, value), 1, &e), OK);
    memset(name, 'x', sizeof name - 1);
    memset(value, 'x', sizeof value - 1);
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    assert_int_equal(summary_print(s, out, &e), OK);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "{\"table\":\"contacts\"}\n");
    free(text);
    summary_close(s);
}

static void test_uneven_rows_are_refused(void **state)
{
    (void)state;
    struct summary *s = NULL;
    struct err e = ERR_INIT;
    struct cell two[] = {INT("a", 1), INT("b", 2)};
    assert_int_equal(summary_open(&s, false, &e), OK);
    assert_int_equal(summary_row(s, two, 0, &e), ERR_INTERNAL);
    assert_int_equal(summary_row(s, two, 2, &e), OK);
    assert_int_equal(summary_row(s, two, 1, &e), ERR_INTERNAL);
    summary_close(s);
    summary_close(NULL);
}

static void test_output_that_cannot_be_written(void **state)
{
    (void)state;
    struct summary *s = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(summary_open(&s, false, &e), OK);
    assert_int_equal(summary_row(s, &INT("a", 1), 1, &e), OK);
    FILE *out = fopen("/dev/full", "we");
    assert_non_null(out);
    assert_int_equal(summary_print(s, out, &e), ERR_FULL);
    (void)fclose(out); /* fails again, having kept what it could not write */
    assert_non_null(strstr(e.msg, "cannot write the summary"));
    out = fopen("/dev/null", "re");
    assert_non_null(out);
    assert_int_equal(summary_print(s, out, &e), ERR_IO);
    assert_int_equal(fclose(out), 0);
    summary_close(s);
}

int main(void)
{
    if (setenv("TZ", "UTC", 1) != 0)
        return 1;
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_for_people),
        cmocka_unit_test(test_widths_are_columns),
        cmocka_unit_test(test_holes_and_control_characters),
        cmocka_unit_test(test_json_lines),
        cmocka_unit_test(test_no_rows_print_nothing),
        cmocka_unit_test(test_rows_are_copied),
        cmocka_unit_test(test_uneven_rows_are_refused),
        cmocka_unit_test(test_output_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

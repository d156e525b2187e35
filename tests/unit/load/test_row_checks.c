#include "load/check/row_checks.h"
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOON (INT64_C(1704110400) * WHEN_SECOND) /* 2024-01-01T12:00:00Z */

static struct zone *paris;

static struct row_checks judge(const struct row_checks_record *s)
{
    struct row_checks i = {.zone = paris};
    row_checks_row(&i, s);
    return i;
}

static void test_times_in_data_are_read_as_the_loader_reads_them(void **state)
{
    (void)state;
    static const char *const same[] = {"2024-01-01T12:00:00Z", "2024-01-01 13:00:00",
                                       "2024-01-01T14:00:00+02"};
    for (size_t k = 0; k < sizeof same / sizeof *same; k++) {
        struct row_checks i = judge(
            &(struct row_checks_record){.key = "7", .modified_text = same[k], .modified = NOON});
        assert_int_equal(row_checks_rows(&i, "time-differs"), 0);
        assert_int_equal(row_checks_rows(&i, "time-unreadable"), 0);
        assert_int_equal(row_checks_rows(&i, "said-twice"), 1);
    }
    struct row_checks i = judge(&(struct row_checks_record){
        .key = "7", .created_text = "2024-01-01 12:00:00", .created = NOON, .modified = WHEN_NONE});
    assert_int_equal(row_checks_rows(&i, "time-differs"), 1);
    i = judge(&(struct row_checks_record){.key = "7", .created_text = "noon", .created = NOON});
    assert_int_equal(row_checks_rows(&i, "time-unreadable"), 1);
    assert_int_equal(row_checks_rows(&i, "time-differs"), 0);
    /* No time, said in three ways. */
    static const char *const none[] = {"", "0000-00-00 00:00:00"};
    for (size_t k = 0; k < 2; k++) {
        i = judge(&(struct row_checks_record){
            .key = "7", .modified_text = none[k], .modified = WHEN_NONE});
        assert_int_equal(row_checks_rows(&i, "time-differs"), 0);
        i = judge(
            &(struct row_checks_record){.key = "7", .modified_text = none[k], .modified = NOON});
        assert_int_equal(row_checks_rows(&i, "time-differs"), 1);
    }
}

static void test_keys_and_when_a_deletion_was_found(void **state)
{
    (void)state;
    struct row_checks i = judge(&(struct row_checks_record){
        .key = "7", .key_text = "7", .detected_text = "2024-01-01T12:00:00.123Z"});
    assert_int_equal(row_checks_rows(&i, "key-differs"), 0);
    assert_int_equal(row_checks_rows(&i, "detected-unreadable"), 0);
    assert_int_equal(row_checks_rows(&i, "said-twice"), 1);
    i = judge(&(struct row_checks_record){.key = "7", .key_text = "8", .detected_text = ""});
    assert_int_equal(row_checks_rows(&i, "key-differs"), 1);
    assert_int_equal(row_checks_rows(&i, "detected-unreadable"), 1);
    i = judge(&(struct row_checks_record){.key = "7", .detected_text = "2024-01-01"});
    assert_int_equal(row_checks_rows(&i, "detected-unreadable"), 0);
    assert_int_equal(row_checks_rows(&i, "said-twice"), 0);
}

static char *told(const struct row_checks *i, int *code)
{
    char *text = NULL;
    size_t n = 0;
    struct findings *f = NULL;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    assert_int_equal(findings_open(&f, true, NULL, NULL), OK);
    row_checks_report(i, f, "contacts");
    assert_int_equal(findings_report(f, out, NULL), OK);
    *code = findings_exit(f);
    findings_close(f);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_what_is_told(void **state)
{
    (void)state;
    struct row_checks i = {.zone = paris};
    int code = 0;
    row_checks_add(&i, "rows", 1000, "{1,2,3}");
    char *text = told(&i, &code);
    assert_string_equal(text,
                        "{\"state\":\"ok\",\"about\":\"contacts\",\"finding\":\"rows looked at: "
                        "1000\"}\n");
    assert_int_equal(code, 0);
    free(text);
    row_checks_add(&i, "no-object", 2, "{-5,7}");
    row_checks_add(&i, "no-object", 2, "{9,11}");
    row_checks_add(&i, "of a later version", 2, "{1}");
    text = told(&i, &code);
    assert_non_null(strstr(text, "\"wrong\""));
    assert_non_null(strstr(text, "no object: 4 (keys -5, 7, 9 ...)"));
    assert_int_equal(code, 65);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_in_data_are_read_as_the_loader_reads_them),
        cmocka_unit_test(test_keys_and_when_a_deletion_was_found),
        cmocka_unit_test(test_what_is_told),
    };
    if (zone_open(&paris, "Europe/Paris", NULL) != OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zone_close(paris);
    return failed;
}

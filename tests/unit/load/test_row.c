#include "load/row/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY    "\"contact_id\":1"
#define MAY_13 INT64_C(1715595753) /* 2024-05-13T10:22:33Z */

struct fixture {
    struct zone *zone;
    struct row_builder *rower;
    struct buf data;
    struct row row;
    struct row_refusal refusal;
};

static void open_with(struct fixture *f, const char *zone, bool replace_nul)
{
    struct row_conf conf = {.key = "contact_id",
                            .key_min = INT32_MIN,
                            .key_max = INT32_MAX,
                            .replace_nul = replace_nul};
    struct err e = ERR_INIT;

    assert_int_equal(zone_open(&f->zone, zone, &e), OK);
    conf.zone = f->zone;
    assert_int_equal(row_builder_open(&f->rower, &conf, &e), OK);
    buf_init(&f->data, 1 << 20);
}

static void close_fixture(struct fixture *f)
{
    row_builder_close(f->rower);
    zone_close(f->zone);
    buf_free(&f->data);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    open_with(f, "UTC", false);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    close_fixture(*state);
    free(*state);
    return 0;
}

/* Builds behind what is there, as the loader does. */
static bool build(struct fixture *f, const char *line)
{
    struct err e = ERR_INIT;
    bool refused = false;

    buf_reset(&f->data);
    assert_int_equal(buf_adds(&f->data, "before"), OK);
    memset(&f->row, 0xAA, sizeof(f->row));
    assert_int_equal(
        row_build(f->rower, line, strlen(line), &f->data, &f->row, &refused, &f->refusal, &e), OK);
    if (refused)
        assert_string_equal(f->data.data, "before");
    else
        assert_int_equal(f->row.data_len, f->data.len - strlen("before"));
    return !refused;
}

static void expect_data(struct fixture *f, const char *line, const char *data)
{
    assert_true(build(f, line));
    assert_string_equal(f->data.data + strlen("before"), data);
}

static void expect_refused(struct fixture *f, const char *line, const char *reason,
                           const char *sqlstate)
{
    assert_false(build(f, line));
    assert_string_equal(f->refusal.reason, reason);
    assert_string_equal(f->refusal.sqlstate, sqlstate);
    assert_true(strlen(f->refusal.message) > 0);
}

static void test_key_and_times_are_taken_out(void **state)
{
    struct fixture *f = *state;

    expect_data(
        f,
        "{\"contact_id\":12,\"a\":1,\"time_created\":\"2024-05-13 10:22:33\",\"b\":"
        "{\"contact_id\":3,\"time_modified\":4},\"time_modified\":\"2024-05-13T10:22:34Z\"}",
        "{\"a\":1,\"b\":{\"contact_id\":3,\"time_modified\":4},\"deleted\":false}");
    assert_int_equal(f->row.key, 12);
    assert_true(f->row.time_created == MAY_13 * WHEN_SECOND);
    assert_true(f->row.time_modified == (MAY_13 + 1) * WHEN_SECOND);
}

static void test_members_are_taken_wherever_they_stand(void **state)
{
    struct fixture *f = *state;
    static const char *const lines[] = {
        "{\"contact_id\":1,\"a\":1,\"b\":2}",
        "{\"a\":1,\"contact_id\":1,\"b\":2}",
        "{\"a\":1,\"b\":2,\"contact_id\":1}",
        "{\"time_created\":null,\"a\":1,\"time_modified\":null,\"contact_id\":1,\"b\":2}",
        "{\"contact_id\":1,\"time_created\":null,\"a\":1,\"b\":2,\"time_modified\":null}",
        "{\"c\\u006fntact_id\":1,\"a\":1,\"b\":2}",
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        expect_data(f, lines[i], "{\"a\":1,\"b\":2,\"deleted\":false}");
    expect_data(f, "{\"contact_id\":1}", "{\"deleted\":false}");
}

static void test_deleted_stays_as_sent(void **state)
{
    struct fixture *f = *state;

    expect_data(f, "{" KEY ",\"deleted\":true}", "{\"deleted\":true}");
    expect_data(f, "{\"deleted\":false," KEY ",\"a\":{}}", "{\"a\":{},\"deleted\":false}");
    expect_data(f, "{\"a\":{\"deleted\":true}," KEY "}",
                "{\"a\":{\"deleted\":true},\"deleted\":false}");
}

static void test_every_other_byte_is_as_sent(void **state)
{
    struct fixture *f = *state;

    expect_data(f,
                " { " KEY " , \"n\" : [9007199254740993, 1.00, -0.0e-5,\n"
                "123456789012345678901234567890.123456789] , \"s\":\"\\u00e9\\/\xC3\xA9\\n\" } ",
                "{\"n\" : [9007199254740993, 1.00, -0.0e-5,\n"
                "123456789012345678901234567890.123456789] , \"s\":\"\\u00e9\\/\xC3\xA9\\n\","
                "\"deleted\":false}");
}

static void test_the_last_of_repeated_members_counts(void **state)
{
    struct fixture *f = *state;

    expect_data(f,
                "{\"contact_id\":1,\"a\":1,\"contact_id\":2,\"a\":2,\"time_created\":\"none\","
                "\"time_created\":null}",
                "{\"a\":2,\"deleted\":false}");
    assert_int_equal(f->row.key, 2);
    assert_true(f->row.time_created == WHEN_NONE);
}

static uint64_t shape(struct fixture *f, const char *line)
{
    assert_true(build(f, line));
    return f->row.shape;
}

static void test_shape_is_the_names(void **state)
{
    struct fixture *f = *state;
    uint64_t ab = shape(f, "{" KEY ",\"a\":1,\"b\":2}");

    assert_true(ab == shape(f, "{\"a\":\"x\"," KEY ",\"b\":{\"c\":1},\"deleted\":true}"));
    assert_true(ab == shape(f, "{\"\\u0061\":1,\"b\":2,\"time_created\":null," KEY "}"));
    assert_true(ab != shape(f, "{" KEY ",\"a\":1,\"c\":2}"));
    assert_true(ab != shape(f, "{" KEY ",\"a\":1}"));
    assert_true(ab != shape(f, "{" KEY ",\"ab\":1}"));
    assert_true(ab != shape(f, "{" KEY ",\"a\":1,\"b\":2,\"c\":3}"));
    assert_true(shape(f, "{" KEY ",\"ab\":1,\"c\":2}") != shape(f, "{" KEY ",\"a\":1,\"bc\":2}"));
}

static void test_keys(void **state)
{
    struct fixture *f = *state;

    assert_true(build(f, "{\"contact_id\":12.0}"));
    assert_int_equal(f->row.key, 12);
    assert_true(build(f, "{\"contact_id\":-1.2e1}"));
    assert_int_equal(f->row.key, -12);
    assert_true(build(f, "{\"contact_id\":2147483647}"));
    assert_true(build(f, "{\"contact_id\":-2147483648}"));
    expect_refused(f, "{\"contact_id\":2147483648}", "key-range", "22003");
    expect_refused(f, "{\"contact_id\":-2147483649}", "key-range", "22003");
    expect_refused(f, "{\"contact_id\":1e400}", "key-range", "22003");
    expect_refused(f, "{\"contact_id\":1.5}", "key-type", "22P02");
    assert_true(build(f, "{\"contact_id\":\"0017\"}"));
    assert_int_equal(f->row.key, 17);
    expect_refused(f, "{\"contact_id\":\"2147483648\"}", "key-range", "22003");
    expect_refused(f, "{\"contact_id\":\"-1\"}", "key-type", "22P02");
    expect_refused(f, "{\"contact_id\":\"1.0\"}", "key-type", "22P02");
    expect_refused(f, "{\"contact_id\":\" 1\"}", "key-type", "22P02");
    expect_refused(f, "{\"contact_id\":\"\\u0031\"}", "key-type", "22P02");
    expect_refused(f, "{\"contact_id\":\"\"}", "key-type", "22P02");
    expect_refused(f, "{\"contact_id\":true}", "key-type", "22P02");
    expect_refused(f, "{\"contact_id\":{}}", "key-type", "22P02");
    expect_refused(f, "{\"contact_id\":[1]}", "key-type", "22P02");
    expect_refused(f, "{\"contact_id\":null}", "key-missing", "23502");
    expect_refused(f, "{\"a\":{\"contact_id\":1}}", "key-missing", "23502");
    expect_refused(f, "{}", "key-missing", "23502");
}

static void test_messages_name_the_key_and_no_content(void **state)
{
    struct fixture *f = *state;
    char line[400];

    expect_refused(f, "{\"contact_id\":\"Dupont\"}", "key-type", "22P02");
    assert_non_null(strstr(f->refusal.message, "contact_id"));
    assert_null(strstr(f->refusal.message, "Dupont"));
    (void)snprintf(line, sizeof(line), "{\"contact_id\":%0300d}", 0);
    line[14] = '9';
    expect_refused(f, line, "key-range", "22003");
    assert_non_null(strstr(f->refusal.message, "9000"));
    assert_true(strlen(f->refusal.message) < 150);
}

static void test_deleted_is_a_boolean(void **state)
{
    struct fixture *f = *state;
    static const char *const yes[] = {"true", "1", "\"1\"", "\"true\""};
    static const char *const no[] = {"false",   "0",  "\"0\"", "null", "\"\"", "\"false\"",
                                     "\"yes\"", "{}", "[1]",   "2",    "1.0",  "\"TRUE\""};
    char line[200];

    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        (void)snprintf(line, sizeof line, "{\"a\":1," KEY ",\"deleted\":%s,\"b\":2}", yes[i]);
        expect_data(f, line, "{\"a\":1,\"b\":2,\"deleted\":true}");
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        (void)snprintf(line, sizeof line, "{" KEY ",\"deleted\" : %s , \"zzzzzzzz\":2}", no[i]);
        expect_data(f, line, "{\"deleted\" : false,\"zzzzzzzz\":2}");
    }
    expect_data(f, "{" KEY ",\"deleted\":0,\"a\\u0061\":{\"deleted\":0},\"deleted\":1}",
                "{\"a\\u0061\":{\"deleted\":0},\"deleted\":true}");
}

static int64_t modified(struct fixture *f, const char *value)
{
    char line[200];

    (void)snprintf(line, sizeof(line), "{" KEY ",\"time_modified\":%s}", value);
    assert_true(build(f, line));
    return f->row.time_modified;
}

static void test_times(void **state)
{
    struct fixture *f = *state;
    static const char *const none[] = {
        "\"\"",
        "\"yesterday\"",
        "1715595753",
        "true",
        "{}",
        "[]",
        "\"2024-13-01\"",
        "\"\\n\"",
        "\"2024-05-13\\t10:22:33\"",
        "\"\\u00e9\"",
    };
    char line[200];

    assert_true(modified(f, "\"2024-05-13T10:22:33\\u002B02:00\"") ==
                (MAY_13 - 7200) * WHEN_SECOND);
    assert_true(modified(f, "\"2024\\u002d05-13 10:22:33.5\"") ==
                MAY_13 * WHEN_SECOND + WHEN_SECOND / 2);
    assert_true(modified(f, "null") == WHEN_NONE);
    assert_true(modified(f, "\"0000-00-00 00:00:00\"") == WHEN_NONE);
    assert_int_equal(f->row.odd_times, 0);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        (void)snprintf(line, sizeof(line), "{" KEY ",\"time_modified\":%s}", none[i]);
        assert_true(build(f, line));
        assert_int_equal(f->row.odd_times, ROW_ODD_MODIFIED);
        assert_true(f->row.time_modified == WHEN_NONE && f->row.time_created == WHEN_NONE);
        (void)snprintf(line, sizeof(line), "{" KEY ",\"time_created\":%s}", none[i]);
        assert_true(build(f, line));
        assert_int_equal(f->row.odd_times, ROW_ODD_CREATED);
        assert_true(f->row.time_modified == WHEN_NONE && f->row.time_created == WHEN_NONE);
    }
}

static void test_zoneless_times_are_wall_clock(void **state)
{
    struct fixture f = {0};

    (void)state;
    open_with(&f, "+02:00", false);
    assert_true(modified(&f, "\"2024-05-13 10:22:33\"") == (MAY_13 - 7200) * WHEN_SECOND);
    assert_true(modified(&f, "\"2024-05-13 10:22:33Z\"") == MAY_13 * WHEN_SECOND);
    close_fixture(&f);
}

static void test_what_is_no_record(void **state)
{
    struct fixture *f = *state;
    char *deep = calloc(1, 5000);

    assert_non_null(deep);
    expect_refused(f, "", "not-json", "22P02");
    expect_refused(f, "[]", "not-json", "22P02");
    expect_refused(f, "{" KEY "", "not-json", "22P02");
    expect_refused(f, "{" KEY ",\"a\":\"\xFF\"}", "not-json", "22P02");
    expect_refused(f, "{" KEY ",\"a\":01}", "not-json", "22P02");
    for (size_t i = 0; i < 2000; i++)
        deep[i] = '[';
    char line[5200];
    (void)snprintf(line, sizeof(line), "{" KEY ",\"a\":%s}", deep);
    expect_refused(f, line, "too-deep", "54001");
    assert_true(build(f, "{" KEY "}")); /* and the rower goes on */
    free(deep);
}

static void test_what_jsonb_refuses(void **state)
{
    struct fixture *f = *state;

    expect_refused(f, "{" KEY ",\"a\":\"x\\u0000\"}", "nul", "22P05");
    expect_refused(f, "{" KEY ",\"\\u0000\":1}", "nul", "22P05");
    expect_refused(f, "{" KEY ",\"a\":\"\\\\\\u0000\"}", "nul", "22P05");
    expect_data(f, "{" KEY ",\"a\":\"\\\\u0000\"}", "{\"a\":\"\\\\u0000\",\"deleted\":false}");
    expect_refused(f, "{" KEY ",\"a\":\"\\ud83d\"}", "surrogate", "22P02");
    expect_refused(f, "{" KEY ",\"a\":\"\\ude00\\ud83d\"}", "surrogate", "22P02");
    expect_data(f, "{" KEY ",\"a\":\"\\ud83d\\ude00\"}",
                "{\"a\":\"\\ud83d\\ude00\",\"deleted\":false}");
    expect_refused(f, "{" KEY ",\"a\":1e131072}", "number-range", "22003");
    expect_refused(f, "{" KEY ",\"a\":[\"\\\"1\",{\"b\":-1E-16384}]}", "number-range", "22003");
    expect_data(f, "{" KEY ",\"a\":[\"1e999999\",\"\\\"1e999999\",1e131071]}",
                "{\"a\":[\"1e999999\",\"\\\"1e999999\",1e131071],\"deleted\":false}");
}

static void test_long_numbers(void **state)
{
    struct fixture *f = *state;
    static char line[140000];
    size_t at = (size_t)snprintf(line, sizeof(line), "{" KEY ",\"a\":");

    memset(line + at, '7', 131073);
    line[at + 131073] = '}';
    expect_refused(f, line, "number-range", "22003");
    line[at + 131072] = '}';
    line[at + 131073] = '\0';
    assert_true(build(f, line));
}

static void test_nul_can_be_replaced(void **state)
{
    struct fixture f = {0};

    (void)state;
    open_with(&f, "UTC", true);
    expect_data(&f, "{" KEY ",\"\\u0000\":\"\\u0000\\\\u0000\\\\\\u0000\"}",
                "{\"\\uFFFD\":\"\\uFFFD\\\\u0000\\\\\\uFFFD\",\"deleted\":false}");
    expect_refused(&f, "{" KEY ",\"a\":\"\\u0000\\ud83d\"}", "surrogate", "22P02");
    close_fixture(&f);
}

static void test_a_full_buffer_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct buf small;
    struct err e = ERR_INIT;
    bool refused;

    buf_init(&small, 20);
    assert_int_equal(buf_adds(&small, "before"), OK);
    assert_int_equal(row_build(f->rower, "{" KEY "}", strlen("{" KEY "}"), &small, &f->row,
                               &refused, &f->refusal, &e),
                     ERR_TOO_BIG);
    assert_string_equal(small.data, "before");
    buf_free(&small);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_key_and_times_are_taken_out),
        TEST(test_members_are_taken_wherever_they_stand),
        TEST(test_deleted_stays_as_sent),
        TEST(test_every_other_byte_is_as_sent),
        TEST(test_the_last_of_repeated_members_counts),
        TEST(test_shape_is_the_names),
        TEST(test_keys),
        TEST(test_messages_name_the_key_and_no_content),
        TEST(test_deleted_is_a_boolean),
        TEST(test_times),
        TEST(test_what_is_no_record),
        TEST(test_what_jsonb_refuses),
        TEST(test_long_numbers),
        TEST(test_a_full_buffer_is_an_error),
        cmocka_unit_test(test_zoneless_times_are_wall_clock),
        cmocka_unit_test(test_nul_can_be_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

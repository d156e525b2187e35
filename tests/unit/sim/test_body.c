#include "tests/sim/record/body.h"

#include "tests/unit/sim/fixture.h"

#include <yajl/yajl_parse.h>

static bool is_json(const char *text, size_t n)
{
    yajl_handle h = yajl_alloc(NULL, NULL, NULL);
    assert_non_null(h);
    bool good = yajl_parse(h, (const unsigned char *)text, n) == yajl_status_ok &&
                yajl_complete_parse(h) == yajl_status_ok;
    yajl_free(h);
    return good;
}

static void write_body(const struct body_conf *conf, const struct table *t, size_t i, struct buf *b)
{
    buf_reset(b);
    assert_int_equal(body_text(conf, t, table_at(t, i), b), OK);
    if (!is_json(b->data, b->len))
        fail_msg("not JSON: %s", b->data);
}

static size_t members(const char *text)
{
    /* At the outermost level only: commas there, and one. */
    size_t n = 1, depth = 0;
    bool quoted = false;
    for (const char *p = text; *p != '\0'; p++) {
        if (quoted && *p == '\\')
            p++;
        else if (*p == '"')
            quoted = !quoted;
        else if (!quoted && (*p == '{' || *p == '['))
            depth++;
        else if (!quoted && (*p == '}' || *p == ']'))
            depth--;
        else if (!quoted && *p == ',' && depth == 1)
            n++;
    }
    return n;
}

static void test_records_are_json_of_the_right_size(void **state)
{
    (void)state;
    static const char *const names[] = {"contacts", "properties", "unheardof"};
    const struct body_conf conf = {.format = STAMP_MIXED};
    struct buf b;
    buf_init(&b, BODY_MAX);
    for (size_t k = 0; k < 3; k++) {
        struct table_conf table = small_table(2000);
        memcpy(table.name, names[k], strlen(names[k]) + 1);
        struct table *t = open_table(&table);
        size_t sum = 0;
        for (size_t i = 0; i < 2000; i++) {
            write_body(&conf, t, i, &b);
            assert_in_range(b.len, 1000, 1536);
            assert_in_range(members(b.data), 38, 39);
            sum += b.len;
        }
        assert_in_range(sum / 2000, 1200, 1450);
        table_close(t);
    }
    buf_free(&b);
}

/* What makes a record hard to read is there, somewhere in a few hundred of them. */
static void test_traps(void **state)
{
    (void)state;
    static const char *const traps[] = {
        "é",
        "\\u00e9",
        "\\u00E9",
        "\\/",
        "🏠",
        "\\ud83c\\udfe0",
        "\\\"",
        "\\\\",
        "\\n",
        "\\t",
        ":null",
        ":\"\"",
        "true",
        ".50,",
        ".00,",
        "e-7",
        "E+23",
        "9007199254740993",
        "{\"user_",
        ",\"time_modified\":null}",
        "\"deleted\":true}",
        "[{\"contact_id\":",
    };
    struct table_conf table = small_table(400);
    struct table *t = open_table(&table);
    const struct body_conf conf = {.format = STAMP_ISO};
    struct buf all, one;
    buf_init(&all, 10 << 20);
    buf_init(&one, BODY_MAX);
    size_t missing = 0, yes = 0, no = 0;
    for (size_t i = 0; i < 400; i++) {
        const char *value;
        size_t n;
        write_body(&conf, t, i, &one);
        assert_int_equal(buf_add(&all, one.data, one.len), OK);
        if (!body_member(one.data, one.len, "deleted", &value, &n))
            missing++;
        else if (n == 4)
            yes++;
        else
            no++;
    }
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
        if (strstr(all.data, traps[i]) == NULL)
            fail_msg("no %s anywhere", traps[i]);
    }
    assert_true(missing > 200 && yes > 0 && no > 50);
    buf_free(&one);
    buf_free(&all);
    table_close(t);
}

static void test_the_state_decides(void **state)
{
    (void)state;
    struct table_conf table = small_table(50), other = table;
    other.seed++;
    struct table *t = open_table(&table), *u = open_table(&other);
    const struct body_conf conf = {.format = STAMP_ISO};
    struct buf a, b;
    buf_init(&a, BODY_MAX);
    buf_init(&b, BODY_MAX);
    struct rec rec = *table_at(t, 7);
    assert_int_equal(body_text(&conf, t, &rec, &a), OK);
    assert_int_equal(body_text(&conf, t, &rec, &b), OK);
    assert_string_equal(a.data, b.data);
    for (uint32_t version = 2; version < 40; version++) { /* the time stays, the text changes */
        rec.version = version;
        buf_reset(&b);
        assert_int_equal(body_text(&conf, t, &rec, &b), OK);
        assert_string_not_equal(a.data, b.data);
        assert_int_equal(members(a.data), members(b.data));
        buf_reset(&a);
        assert_int_equal(buf_add(&a, b.data, b.len), OK);
    }
    buf_reset(&b);
    assert_int_equal(body_text(&conf, u, &rec, &b), OK);
    assert_string_not_equal(a.data, b.data);
    buf_free(&a);
    buf_free(&b);
    table_close(t);
    table_close(u);
}

static void test_member(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\":{\"b\":[1,{\"c\":2}]},\"x\\\"y\":\"},{\",\"b\":-1.50,\"c\":null}";
    const char *value;
    size_t n;
    assert_true(body_member(text, sizeof text - 1, "b", &value, &n));
    assert_memory_equal(value, "-1.50", n);
    assert_int_equal(n, 5);
    assert_true(body_member(text, sizeof text - 1, "a", &value, &n));
    assert_int_equal(n, strlen("{\"b\":[1,{\"c\":2}]}"));
    assert_true(body_member(text, sizeof text - 1, "c", &value, &n));
    assert_memory_equal(value, "null", 4);
    assert_false(body_member(text, sizeof text - 1, "y", &value, &n));
    assert_false(body_member("{}", 2, "a", &value, &n));
}

static void test_no_time(void **state)
{
    (void)state;
    struct table_conf table = small_table(9);
    table.timeless = 9;
    struct table *t = open_table(&table);
    const struct body_conf conf = {.format = STAMP_ISO};
    struct buf b;
    buf_init(&b, BODY_MAX);
    size_t missing = 0, null = 0, zero = 0;
    for (size_t i = 0; i < 9; i++) {
        const char *value;
        size_t n;
        write_body(&conf, t, i, &b);
        if (!body_member(b.data, b.len, "time_modified", &value, &n))
            missing++;
        else if (strncmp(value, "null,", 5) == 0)
            null++;
        else if (strncmp(value, "\"0000-00-00 00:00:00\"", n) == 0)
            zero++;
    }
    assert_true(missing == 3 && null == 3 && zero == 3);
    buf_free(&b);
    table_close(t);
}

static void test_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {100, 150, 500, 1500, 3600, 65536, 1 << 20};
    struct table_conf table = small_table(20);
    struct table *t = open_table(&table);
    struct buf b;
    buf_init(&b, BODY_MAX);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const struct body_conf conf = {.format = STAMP_ISO, .bytes = sizes[k]};
        for (size_t i = 0; i < 20; i++) {
            write_body(&conf, t, i, &b);
            assert_in_range(b.len, sizes[k], sizes[k] + 30);
        }
    }
    buf_free(&b);
    table_close(t);
}

static void test_odd_ones(void **state)
{
    (void)state;
    struct table_conf table = small_table(10);
    struct table *t = open_table(&table);
    struct buf b;
    buf_init(&b, BODY_MAX);
    static const char *const marks[] = {[ODD_NUL] = "a\\u0000b",
                                        [ODD_SURROGATE] = "\"notes\":\"\\ud83d",
                                        [ODD_NO_KEY] = "{\"no_key\":",
                                        [ODD_TEXT_KEY] = "{\"contact_id\":\"",
                                        [ODD_BIG_KEY] = "{\"contact_id\":8589934"};
    for (int kind = ODD_NUL; kind < ODD_ANY; kind++) {
        const struct body_conf conf = {.odd = 2, .odd_kind = (enum body_odd)kind};
        for (size_t i = 0; i < 10; i++) {
            write_body(&conf, t, i, &b);
            bool odd = table_at(t, i)->id % 2 == 0;
            assert_int_equal(strstr(b.data, marks[kind]) != NULL, odd);
        }
    }
    buf_free(&b);
    table_close(t);
}

static void test_vanishing_members(void **state)
{
    (void)state;
    struct table_conf table = small_table(1);
    struct table *t = open_table(&table);
    const struct body_conf conf = {.vanish = true};
    struct rec rec = *table_at(t, 0);
    struct buf b;
    buf_init(&b, BODY_MAX);
    size_t there = 0;
    for (rec.version = 1; rec.version <= 9; rec.version++) {
        const char *value;
        size_t n;
        buf_reset(&b);
        assert_int_equal(body_text(&conf, t, &rec, &b), OK);
        there += body_member(b.data, b.len, "tags", &value, &n);
    }
    assert_int_equal(there, 6);
    buf_free(&b);
    table_close(t);
}

static void test_pretty(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1,{\"b\":\"x,:{\\\"\"}],\"c\":null}";
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(body_pretty(&b, text, sizeof text - 1, 0), OK);
    assert_string_equal(b.data, "{\n    \"a\": [\n        1,\n        {\n            \"b\": "
                                "\"x,:{\\\"\"\n        }\n    ],\n    \"c\": null\n}");
    buf_free(&b);
}

static void test_a_full_buffer_is_told(void **state)
{
    (void)state;
    struct table_conf table = small_table(1);
    struct table *t = open_table(&table);
    const struct body_conf conf = {.format = STAMP_ISO};
    struct buf b;
    buf_init(&b, 500);
    assert_int_equal(body_text(&conf, t, table_at(t, 0), &b), ERR_TOO_BIG);
    buf_free(&b);
    table_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_are_json_of_the_right_size),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_the_state_decides),
        cmocka_unit_test(test_member),
        cmocka_unit_test(test_no_time),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_odd_ones),
        cmocka_unit_test(test_vanishing_members),
        cmocka_unit_test(test_pretty),
        cmocka_unit_test(test_a_full_buffer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

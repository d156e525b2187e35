#include "tests/unit/spool/helper.h"

#include "spool/format/json_fields.h"

struct values {
    uint64_t count;
    int64_t time;
    uint64_t hash;
    char text[8];
    struct slice raw;
};

static enum err_code read_n(const char *text, size_t n, struct values *v)
{
    struct err err;
    struct field fields[] = {
        {.name = "count", .type = FIELD_COUNT, .to = &v->count},
        {.name = "time", .type = FIELD_TIME, .to = &v->time, .optional = true},
        {.name = "hash", .type = FIELD_HASH, .to = &v->hash, .optional = true},
        {.name = "text",
         .type = FIELD_TEXT,
         .to = v->text,
         .room = sizeof v->text,
         .optional = true},
        {.name = "raw", .type = FIELD_RAW, .to = &v->raw, .optional = true},
    };
    return fields_read(text, n, fields, FIELDS(fields), &err);
}

/* A blank behind the object has yajl read it, and no blank the quick way where that is sure: both say the same. */
static enum err_code read_text(const char *text, struct values *v)
{
    struct values other = {0};
    size_t n = strlen(text);
    char *longer = test_malloc(n + 1);
    memcpy(longer, text, n);
    longer[n] = ' ';
    enum err_code rc = read_n(longer, n + 1, &other);
    assert_int_equal(read_n(text, n, v), rc);
    if (rc == OK) {
        assert_true(v->count == other.count && v->time == other.time && v->hash == other.hash);
        assert_string_equal(v->text, other.text);
        assert_int_equal(v->raw.n, other.raw.n);
        assert_true(v->raw.n == 0 || memcmp(v->raw.p, other.raw.p, v->raw.n) == 0);
    }
    test_free(longer);
    return rc;
}

static void all_kinds_are_read(void **state)
{
    struct values v;
    (void)state;
    assert_int_equal(read_text("{\"x\":{\"count\":9},\"count\":9223372036854775807,"
                               "\"time\":\"2024-05-13T10:22:33.000001Z\","
                               "\"hash\":\"00000000000000ff\",\"text\":\"a\\u00e9\","
                               "\"raw\": {\"a\":[1,{}]} }",
                               &v),
                     OK);
    assert_true(v.count == INT64_MAX);
    assert_true(v.time % WHEN_SECOND == 1);
    assert_int_equal(v.hash, 255);
    assert_string_equal(v.text, "a\xc3\xa9");
    assert_int_equal(v.raw.n, strlen("{\"a\":[1,{}]}"));
    assert_memory_equal(v.raw.p, "{\"a\":[1,{}]}", v.raw.n);
}

/* Of a name that stands twice the last one counts, also where it is null; escapes are no other name or text. */
static void the_last_of_a_name_counts(void **state)
{
    struct values v;
    (void)state;
    assert_int_equal(read_text("{\"count\":1,\"text\":\"a\",\"count\":2,\"text\":null}", &v), OK);
    assert_int_equal(v.count, 2);
    assert_string_equal(v.text, "");
    assert_int_equal(read_text("{\"co\\u0075nt\":3,\"text\":\"\\\"\"}", &v), OK);
    assert_int_equal(v.count, 3);
    assert_string_equal(v.text, "\"");
    assert_int_not_equal(read_text("{\"count\":1,\"text\":{\"a\":1}}", &v), OK);
    assert_int_not_equal(read_text("{\"count\":1,\"raw\":\"a\"}", &v), OK);
    assert_int_not_equal(read_text("{\"count\":1,\"raw\":[1,{]}}", &v), OK);
}

static void what_is_absent_or_null_is_none(void **state)
{
    struct values v;
    (void)state;
    assert_int_equal(read_text("{\"count\":1,\"time\":null,\"raw\":null}", &v), OK);
    assert_true(v.time == WHEN_NONE);
    assert_string_equal(v.text, "");
    assert_null(v.raw.p);
}

static void what_cannot_be_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "1",
        "\"a\"",
        "null",
        "{",
        "{}",
        "{\"count\":null}",
        "{\"count\":-1}",
        "{\"count\":1.5}",
        "{\"count\":1e3}",
        "{\"count\":9223372036854775808}",
        "{\"count\":99999999999999999999}",
        "{\"count\":\"1\"}",
        "{\"count\":true}",
        "{\"count\":[]}",
        "{\"count\":1} x",
        "{\"count\":1,\"text\":\"12345678\"}",
        "{\"count\":1,\"text\":\"a\\u0000b\"}",
        "{\"count\":1,\"hash\":\"FF\"}",
        "{\"count\":1,\"hash\":\"00000000000000FF\"}",
        "{\"count\":1,\"time\":\"2024-05-13\"}",
        "{\"count\":1,\"time\":\"0000-00-00 00:00:00Z\"}",
        "{\"count\":1,\"raw\":1}",
        "{\"count\":1,\"raw\":\"{}\"}",
        "[{\"count\":1}]",
    };
    (void)state;
    for (size_t i = 0; i < FIELDS(texts); i++) {
        struct values v;
        if (read_text(texts[i], &v) != ERR_DAMAGED)
            fail_msg("taken: %s", texts[i]);
    }
}

static enum err_code read_head(const char *text, uint64_t *pages, struct err *err)
{
    uint64_t version;
    struct field fields[] = {
        {.name = "netty_x", .type = FIELD_COUNT, .to = &version},
        {.name = "pages", .type = FIELD_COUNT, .to = pages},
    };
    return fields_read_head(text, strlen(text), fields, FIELDS(fields), 1, err);
}

/* A later one may have other members, and is refused for what it is. */
static void another_format_is_refused_by_its_number(void **state)
{
    struct err err = ERR_INIT;
    uint64_t pages;
    (void)state;
    assert_int_equal(read_head("{\"netty_x\":1,\"pages\":7}", &pages, &err), OK);
    assert_true(pages == 7);
    assert_int_equal(read_head("{\"netty_x\":2,\"leaves\":7}", &pages, &err), ERR_CONFIG);
    assert_string_equal(err.msg, "is of format 2, this program knows 1; use a newer netty");
    assert_int_equal(read_head("{\"netty_x\":0,\"pages\":7}", &pages, &err), ERR_CONFIG);
    assert_int_equal(read_head("{\"netty_x\":1}", &pages, &err), ERR_DAMAGED);
    assert_int_equal(read_head("{\"pages\":7}", &pages, &err), ERR_DAMAGED);
}

static void what_is_written_is_read_again(void **state)
{
    struct buf b;
    struct values v = {0};
    (void)state;
    buf_init(&b, 256);
    assert_int_equal(buf_adds(&b, "{\"count\":1"), OK);
    assert_int_equal(fields_add_text(&b, "text", "\"\\\n"), OK);
    assert_int_equal(fields_add_time(&b, "time", 1000000), OK);
    assert_int_equal(buf_addc(&b, '}'), OK);
    assert_int_equal(read_n(b.data, b.len, &v), OK);
    assert_string_equal(v.text, "\"\\\n");
    assert_true(v.time == 1000000);
    buf_truncate(&b, strlen("{\"count\":1"));
    assert_int_equal(fields_add_time(&b, "time", WHEN_NONE), OK);
    assert_int_equal(buf_addc(&b, '}'), OK);
    assert_int_equal(read_n(b.data, b.len, &v), OK);
    assert_true(v.time == WHEN_NONE);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_are_read),
        cmocka_unit_test(the_last_of_a_name_counts),
        cmocka_unit_test(what_is_absent_or_null_is_none),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(another_format_is_refused_by_its_number),
        cmocka_unit_test(what_is_written_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

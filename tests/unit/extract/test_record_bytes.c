#include "extract/parser/record_bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include <cmocka.h>

static void feed(struct record_bytes *b, const char *s, size_t n, size_t step)
{
    record_bytes_start(b);
    for (size_t at = 0; at < n; at += step)
        record_bytes_add(b, s + at, n - at < step ? n - at : step);
}

static void test_what_stands_between_the_brackets(void **state)
{
    static const struct {
        const char *body;
        const char *record; /* NULL: none */
    } cases[] = {
        {"{\"data\":[{\"a\":\x01}]}", "{\"a\":\x01}"},
        {" {\"count\":1, \"data\" : [ {\"a\":]} ] }\n", "{\"a\":]}"},
        {"{\"data\":[{\"a\":1}}],\"count\":1}", "{\"a\":1}}"},
        {"{\"data\":[[]]]}", "[]]"},
        {"<html>\"data\":[1]</html>", NULL},
        {"{\"error\":\"no\"}", NULL},
        {"{\"data\":[{\"a\":1", NULL}, /* cut short */
        {"{\"data\":[]}", NULL},
        {"", NULL},
    };
    struct record_bytes *b = record_bytes_open();
    (void)state;
    assert_non_null(b);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t step = 1; step < 40; step += 6) {
            struct record_raw raw;
            feed(b, cases[i].body, strlen(cases[i].body), step);
            bool found = record_bytes_end(b, &raw);
            assert_int_equal(found, cases[i].record != NULL);
            if (!found)
                continue;
            assert_int_equal(raw.n, strlen(cases[i].record));
            assert_memory_equal(raw.raw, cases[i].record, raw.n);
            assert_int_equal(raw.len, raw.n);
            assert_true(raw.hash == XXH3_64bits(cases[i].record, raw.n));
        }
    }
    record_bytes_close(b);
}

/* Of one that is larger than what is kept, the length and the hash are of all. */
static void test_a_large_one(void **state)
{
    static const char before[] = "{\"data\":[";
    static const char after[] = "],\"count\":1}";
    static const size_t more[] = {0, 1, 5000, 100000, 3000000};
    (void)state;
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        size_t len = RECORD_BYTES_KEPT + 9000 + more[i];
        size_t n = sizeof before - 1 + len + sizeof after - 1;
        char *body = malloc(n);
        struct record_raw raw;
        struct record_bytes *b = record_bytes_open();
        assert_non_null(body);
        assert_non_null(b);
        memcpy(body, before, sizeof before - 1);
        for (size_t at = 0; at < len; at++)
            body[sizeof before - 1 + at] = (char)('a' + at * 7 % 23);
        memcpy(body + sizeof before - 1 + len, after, sizeof after - 1);
        feed(b, body, n, 16384 + i * 1000);
        assert_true(record_bytes_end(b, &raw));
        assert_true(raw.len == len);
        assert_true(raw.hash == XXH3_64bits(body + sizeof before - 1, len));
        assert_memory_equal(raw.raw, body + sizeof before - 1, raw.n);
        assert_true(raw.n > RECORD_BYTES_KEPT / 2);
        record_bytes_close(b);
        free(body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_stands_between_the_brackets),
        cmocka_unit_test(test_a_large_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the fast way takes, yajl takes too; cut anywhere it is short, never wrong. */
#include "extract/parser/element_scan.h"
#include "extract/parser/json_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include <cmocka.h>

#define KEY  "contact_id"
#define DEEP 64 /* levels in a record that are yajl's */

static const char *const records[] = {
    "{}",
    "{ }",
    "{\"contact_id\":12,\"time_modified\":\"2024-05-13 10:22:33\"}",
    "{\"a\":[],\"b\":{},\"c\":[[],[{}]],\"d\":[1,-0,0.5,-12.25e+3,1E5,7e-2,true,false,null,\"\"]}",
    "{\"\\u00e9\\n\\t\\r\\b\\f\\/\\\\\\\"\":\"\\uD83D\\uDE00 "
    "\xc3\xa9\xf0\x9f\x98\x80\",\"x\":9007199254740993}",
    "{\n  \"contact_id\" : \"k-1\" ,\n\t\"nested\": { \"contact_id\" : 99, "
    "\"time_modified\":\"no\" }\r\n}",
    "{\"a string that is longer than one block of sixteen\":\"and \\\"another\\\" that is "
    "longer\"}",
};

/* In a block of its own, so that a byte read beyond it shows. */
static bool scan(const char *s, size_t n, struct scanned *r)
{
    static struct scanned kept;
    char *copy = malloc(n);
    assert_non_null(copy);
    memcpy(copy, s, n);
    bool result = element_scan_record(KEY, strlen(KEY), copy, n, &kept);
    *r = kept;
    /* The slices as they would be of the text that was given. */
    if (result && r->key != NULL)
        r->key = s + (r->key - copy);
    if (result && r->time != NULL)
        r->time = s + (r->time - copy);
    free(copy);
    return result;
}

static bool yajl_takes(const char *s, size_t n)
{
    yajl_handle h = yajl_alloc(NULL, NULL, NULL);
    assert_non_null(h);
    yajl_config(h, yajl_dont_validate_strings, 1);
    bool good = yajl_parse(h, (const unsigned char *)s, n) == yajl_status_ok &&
                yajl_complete_parse(h) == yajl_status_ok;
    yajl_free(h);
    return good;
}

static void takes_whole_records_and_stops_behind_them(void **state)
{
    char text[512];
    struct scanned r;
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        size_t n = strlen(records[i]);
        assert_true(yajl_takes(records[i], n));
        assert_true(scan(records[i], n, &r));
        assert_int_equal(r.len, n);
        memcpy(text, records[i], n);
        memcpy(text + n, ",{\"b\"", 5);
        assert_true(scan(text, n + 5, &r));
        assert_int_equal(r.len, n);
    }
}

static void is_not_sure_wherever_it_is_cut(void **state)
{
    struct scanned r;
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        for (size_t n = 1; n < strlen(records[i]); n++)
            assert_false(scan(records[i], n, &r));
}

static void tells_blanks_between_tokens(void **state)
{
    struct scanned r;
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        char text[512];
        size_t n = strlen(records[i]);
        memcpy(text, records[i], n);
        assert_true(scan(records[i], n, &r));
        assert_int_equal(r.spaced, json_text_compact(text, n) != n);
    }
}

static void assert_slice(const char *s, size_t n, const char *expected)
{
    if (expected == NULL) {
        assert_null(s);
        assert_int_equal(n, 0);
        return;
    }
    assert_int_equal(n, strlen(expected));
    assert_memory_equal(s, expected, n);
}

static void finds_the_outermost_key_and_time(void **state)
{
    static const struct {
        const char *text, *key, *time;
    } cases[] = {
        {"{\"contact_id\":12,\"time_modified\":\"t\"}", "12", "t"},
        {"{\"contact_id\":\"ab\",\"time_modified\":5}", "ab", NULL},
        {"{\"contact_id\":null,\"time_modified\":null}", NULL, NULL},
        {"{\"contact_id\":[7],\"time_modified\":[\"x\"]}", NULL, NULL},
        {"{\"contact_id\":{\"a\":7},\"time_modified\":{\"a\":\"x\"}}", NULL, NULL},
        {"{\"a\":{\"contact_id\":7,\"time_modified\":\"x\"}}", NULL, NULL},
        {"{\"contact_id\":1,\"contact_id\":2,\"time_modified\":\"a\",\"time_modified\":\"b\"}", "2",
         "b"},
        {"{\"contact_id\":1,\"contact_id\":true,\"time_modified\":\"a\",\"time_modified\":null}",
         NULL, NULL},
        {"{\"contact_\\u0069d\":3,\"time\\u005Fmodified\":\"c\",\"contact_ie\":4}", "3", "c"},
    };
    struct scanned r;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(scan(cases[i].text, strlen(cases[i].text), &r));
        assert_slice(r.key, r.key_len, cases[i].key);
        assert_slice(r.time, r.time_len, cases[i].time);
    }
}

static void leaves_to_yajl_what_it_is_not_sure_of(void **state)
{
    static const char *const texts[] = {
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "{1:1}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":-}",
        "{\"a\":1e}",
        "{\"a\":1x}",
        "{\"a\":tru}",
        "{\"a\":nul1}",
        "{\"a\":[1,]}",
        "{\"a\":[1}",
        "{\"a\":{]}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\v1}",
        "{\"contact_id\":\"a\\u0062\"}",
        "{\"time_modified\":\"\\t\"}",
    };
    struct scanned r;
    char deep[2 * DEEP + 8];
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(scan(texts[i], strlen(texts[i]), &r));
    for (size_t depth = 1; depth <= DEEP; depth++) {
        size_t n = strlen(memcpy(deep, "{\"a\":", 6));
        memset(deep + n, '[', depth);
        memset(deep + n + depth, ']', depth);
        deep[n + 2 * depth] = '}';
        assert_int_equal(scan(deep, n + 2 * depth + 1, &r), depth < DEEP);
    }
}

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (uint32_t)(*seed >> 33);
}

/* Records with bytes changed at random: most are broken, and what is taken is what yajl takes. */
static void takes_no_more_than_yajl(void **state)
{
    static const char bytes[] = "{}[]\",:\\ \n0123.eE+-tfnu\x01\xc3\xa9";
    uint64_t seed = 1;
    size_t taken = 0;
    (void)state;
    for (size_t round = 0; round < 200000; round++) {
        char text[512];
        struct scanned r;
        const char *from = records[2 + next_random(&seed) % (sizeof records / sizeof *records - 2)];
        size_t n = strlen(from);
        memcpy(text, from, n);
        for (uint32_t changes = next_random(&seed) % 3 + 1; changes > 0; changes--)
            text[1 + next_random(&seed) % (n - 1)] = bytes[next_random(&seed) % (sizeof bytes - 1)];
        if (!scan(text, n, &r))
            continue;
        assert_true(yajl_takes(text, r.len));
        taken++;
    }
    assert_true(taken > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_whole_records_and_stops_behind_them),
        cmocka_unit_test(is_not_sure_wherever_it_is_cut),
        cmocka_unit_test(tells_blanks_between_tokens),
        cmocka_unit_test(finds_the_outermost_key_and_time),
        cmocka_unit_test(leaves_to_yajl_what_it_is_not_sure_of),
        cmocka_unit_test(takes_no_more_than_yajl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

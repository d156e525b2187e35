/*
 * The quick half as it is built, and without SSE2 (that one is compiled into this test): each says what the
 * other says, yes to what it is there for, and never yes where the general parser says anything else.
 */
#include "shared/json/json_record.h"
#include "shared/json/json_record_scan.h"
#include "tests/unit/shared/json_cases.h"

static bool record_scan_plain(struct record_scan *out, const char *text, size_t n);
static size_t record_scan_first_plain(struct record_scan *out, const char *text, size_t n);
#undef __SSE2__
#define record_scan(out, text, n)       record_scan_plain(out, text, n)
#define record_scan_first(out, text, n) record_scan_first_plain(out, text, n)
#include "shared/json/json_record_scan.c" /* NOLINT(bugprone-suspicious-include): another build of it */
#undef record_scan
#undef record_scan_first

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROOM 64

static struct json_splitter *general;

struct quick {
    struct member members[ROOM];
    struct buf names;
    struct record_scan scan;
};
static struct quick built;
static struct quick plain;

static void open_quick(struct quick *q)
{
    buf_init(&q->names, 1 << 20);
    q->scan = (struct record_scan){.members = q->members, .capacity = ROOM, .names = &q->names};
}

static int setup(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    open_quick(&built);
    open_quick(&plain);
    return json_splitter_open(&general, &e) == OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    buf_free(&built.names);
    buf_free(&plain.names);
    json_splitter_close(general);
    return 0;
}

static void expect_members(const struct quick *q, const struct record *r)
{
    size_t decoded = 0;

    assert_int_equal(q->scan.count, r->count);
    assert_int_equal(q->scan.flags, r->flags);
    for (size_t i = 0; i < r->count; i++) {
        const struct member *a = &q->members[i];
        const struct member *b = &r->members[i];
        const char *name = a->name != NULL ? a->name : q->names.data + decoded;
        decoded += a->name != NULL ? 0 : a->name_len;
        assert_int_equal(a->name_len, b->name_len);
        assert_memory_equal(name, b->name, a->name_len);
        assert_ptr_equal(a->raw_name, b->raw_name);
        assert_int_equal(a->raw_name_len, b->raw_name_len);
        assert_ptr_equal(a->value, b->value);
        assert_int_equal(a->value_len, b->value_len);
        assert_int_equal(a->kind, b->kind);
    }
}

/* The same object where more follows, and not where its end is missing. */
static void expect_first(const char *object, size_t n, const struct record *r)
{
    static const char *const behind[] = {"", "}", ",", " ", ",{\"a\":1}", "]}", "x\"{\\"};
    for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++) {
        size_t longer = n + strlen(behind[i]);
        char *text = malloc(longer);
        assert_non_null(text);
        memcpy(text, object, n);
        memcpy(text + n, behind[i], longer - n);
        buf_reset(&built.names);
        buf_reset(&plain.names);
        assert_int_equal(record_scan_first(&built.scan, text, longer), n);
        assert_int_equal(record_scan_first_plain(&plain.scan, text, longer), n);
        assert_int_equal(built.scan.count, r->count);
        assert_int_equal(plain.scan.count, r->count);
        assert_int_equal(built.scan.spaced, plain.scan.spaced);
        free(text);
    }
    assert_int_equal(record_scan_first(&built.scan, object, n - 1), 0);
}

/* In memory of just its size. Did both say yes? */
static bool taken(const char *text, size_t n)
{
    char *exact = malloc(n);
    struct record r;
    struct err e = ERR_INIT;

    assert_non_null(exact);
    memcpy(exact, text, n);
    buf_reset(&built.names);
    buf_reset(&plain.names);
    bool yes = record_scan(&built.scan, exact, n);
    if (record_scan_plain(&plain.scan, exact, n) != yes)
        fail_msg("%.*s: %s without SSE2", (int)n, text, yes ? "not sure" : "yes");
    if (yes) {
        if (json_splitter_run_general(general, exact, n, &r, &e) != OK)
            fail_msg("taken: %.*s", (int)n, text);
        expect_members(&built, &r);
        expect_members(&plain, &r);
    }
    if (yes)
        expect_first(exact, n, &r);
    free(exact);
    return yes;
}

static const char *const around[] = {"{\"a\":%s}", "{\"b\":1,\"a\":%s,\"c\":2}", "{\"a\":[1,%s]}",
                                     "{\"a\":{\"b\":%s}}", "{\"a\":[[],{\"b\":[%s,{}]}],\"c\":{}}"};
#define AROUND (sizeof around / sizeof around[0])

static bool taken_within(const char *frame, const char *value)
{
    char text[300];
    const char *at = strchr(frame, '%');
    int n = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - frame), frame, value, at + 2);

    return taken(text, (size_t)n);
}

static void test_values(void **state)
{
    (void)state;
    for (size_t k = 0; k < AROUND; k++) {
        for (size_t i = 0; i < sizeof json_good / sizeof json_good[0]; i++)
            if (!taken_within(around[k], json_good[i]))
                fail_msg("not sure of %s in %s", json_good[i], around[k]);
        for (size_t i = 0; i < sizeof json_bad / sizeof json_bad[0]; i++)
            if (taken_within(around[k], json_bad[i]))
                fail_msg("taken: %s in %s", json_bad[i], around[k]);
    }
}

/* In a name, in a string and in a name further in, at each place among the blocks of 16. */
static void test_every_byte_at_every_place(void **state)
{
    (void)state;
    static const char fill[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char *const before[] = {"{\"", "{\"x\":\"", "{\"x\":[{\""};
    static const char *const after[] = {"\":\"x\"}", "\"}", "\":[]}]}"};
    char text[100];

    for (size_t f = 0; f < sizeof before / sizeof before[0]; f++) {
        for (int at = 0; at < 36; at++) {
            for (int c = 1; c < 256; c++) {
                int n = snprintf(text, sizeof text, "%s%.*s%c%s%s", before[f], at, fill, c,
                                 fill + at, after[f]);
                bool good = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
                if (!taken(text, (size_t)n) && good)
                    fail_msg("not sure of %s", text);
            }
        }
    }
}

/* Half of a pair is not for the quick half; what lies beside the halves is. */
static void test_surrogates(void **state)
{
    (void)state;
    static const char *const good[] = {"\"\\uD7FF\"", "\"\\uE000\"", "\"\\uD800\\uDC00\"",
                                       "\"\\uDBFF\\uDFFF\"", "\"\\u0001\\u1000\""};
    static const char *const half[] = {
        "\"\\uD800\"",        "\"\\uDBFF\"",        "\"\\uDC00\"",        "\"\\uDFFF\"",
        "\"\\uDBFF\\uE000\"", "\"\\uD800\\uDBFF\"", "\"\\uDC00\\uDC00\"", "\"\\uD800\\n\\uDC00\""};

    for (size_t k = 0; k < AROUND; k++) {
        for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
            assert_true(taken_within(around[k], good[i]));
        for (size_t i = 0; i < sizeof half / sizeof half[0]; i++)
            assert_false(taken_within(around[k], half[i]));
    }
}

static const char whole[] =
    "{\"a\\u0062\":-12.5e+3,\"b\" : [true,false,null,{\"c\":\"d\\ud83d\\ude00 and sixteen more\"}, "
    "[ ] ],"
    "\"\xc3\xa9\":\"\xf0\x9f\x98\x80\\n\",\"n\":\"\\u0000\",\"z\":{ \"y\" : 0 } }";

static void test_every_cut(void **state)
{
    (void)state;
    assert_true(taken(whole, sizeof whole - 1));
    for (size_t n = 1; n < sizeof whole - 1; n++)
        assert_false(taken(whole, n));
    for (size_t from = 1; from < sizeof whole - 1; from++)
        assert_false(taken(whole + from, sizeof whole - 1 - from));
}

static void test_every_byte_changed(void **state)
{
    (void)state;
    char changed[sizeof whole];

    for (size_t i = 0; i < sizeof whole - 1; i++) {
        for (int c = 0; c < 256; c++) {
            memcpy(changed, whole, sizeof whole);
            changed[i] = (char)c;
            (void)taken(changed, sizeof whole - 1);
        }
    }
}

static void test_room_and_depth(void **state)
{
    (void)state;
    struct buf b;

    buf_init(&b, 1 << 20);
    for (int members = ROOM; members <= ROOM + 1; members++) {
        buf_reset(&b);
        for (int i = 0; i < members; i++)
            assert_int_equal(buf_addf(&b, "%c\"m%d\":%d", i == 0 ? '{' : ',', i, i), OK);
        assert_int_equal(buf_addc(&b, '}'), OK);
        assert_int_equal(taken(b.data, b.len), members == ROOM);
    }
    for (int depth = 1; depth <= 130; depth++) {
        buf_reset(&b);
        assert_int_equal(buf_adds(&b, "{\"a\":"), OK);
        for (int i = 0; i < depth; i++)
            assert_int_equal(buf_adds(&b, i % 3 == 0 ? "{\"b\":" : "["), OK);
        assert_int_equal(buf_addc(&b, '1'), OK);
        for (int i = depth; i-- > 0;)
            assert_int_equal(buf_addc(&b, i % 3 == 0 ? '}' : ']'), OK);
        assert_int_equal(buf_addc(&b, '}'), OK);
        assert_int_equal(taken(b.data, b.len), depth <= 63);
    }
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_surrogates),
        cmocka_unit_test(test_every_byte_at_every_place),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_every_byte_changed),
        cmocka_unit_test(test_room_and_depth),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

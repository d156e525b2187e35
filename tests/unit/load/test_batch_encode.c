#include "load/batch/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define YEAR_2000 INT64_C(946684800000000)
#define BYTES(s)  s, sizeof(s) - 1

static void add(struct batch *b, int64_t key, int64_t created, int64_t modified, const char *data)
{
    struct batch_row row = {.row = {.key = key,
                                    .time_created = created,
                                    .time_modified = modified,
                                    .data_len = strlen(data)}};
    enum batch_add outcome;

    assert_int_equal(batch_add(b, &row, data, &outcome, NULL), OK);
    assert_int_equal(outcome, BATCH_ADDED);
}

static struct batch *open_batch(void)
{
    struct batch_conf conf = {.rows_max = 100, .bytes_max = 10000, .fold = true};
    struct batch *b;

    assert_int_equal(batch_open(&b, &conf, NULL), OK);
    return b;
}

static void expect(const struct buf *out, const char *want, size_t n)
{
    assert_int_equal(out->len, n);
    assert_memory_equal(out->data, want, n);
}

static void test_copy_is_as_postgresql_documents_it(void **state)
{
    struct batch *b = open_batch();
    struct buf out;
    size_t from = 0;

    (void)state;
    buf_init(&out, 1000);
    add(b, -2, YEAR_2000 + 1, WHEN_NONE, "{}");
    add(b, 258, WHEN_NONE, YEAR_2000 - 1, "{\"a\":1}");
    assert_int_equal(batch_encode_begin(&out), OK);
    assert_int_equal(batch_encode(b, &from, 2, 1000, &out), OK);
    assert_int_equal(batch_encode_end(&out), OK);
    assert_int_equal(from, 2);
    expect(&out, BYTES("PGCOPY\n\377\r\n\0"
                       "\0\0\0\0"
                       "\0\0\0\0"
                       "\0\4"
                       "\0\0\0\10\377\377\377\377\377\377\377\376"
                       "\0\0\0\2{}"
                       "\0\0\0\10\0\0\0\0\0\0\0\1"
                       "\377\377\377\377"
                       "\0\4"
                       "\0\0\0\10\0\0\0\0\0\0\1\2"
                       "\0\0\0\7{\"a\":1}"
                       "\377\377\377\377"
                       "\0\0\0\10\377\377\377\377\377\377\377\377"
                       "\377\377"));
    buf_free(&out);
    batch_close(b);
}

static void test_copy_in_pieces_is_the_same(void **state)
{
    struct batch *b = open_batch();
    struct buf whole;
    struct buf pieces;
    size_t from = 0;

    (void)state;
    buf_init(&whole, 10000);
    buf_init(&pieces, 10000);
    for (int64_t i = 0; i < 50; i++)
        add(b, i, i * WHEN_SECOND, i, "{\"some\":\"data\"}");
    assert_int_equal(batch_encode(b, &from, 50, SIZE_MAX, &whole), OK);
    for (size_t want = 1; want < 300; want += 37) {
        int calls = 0;
        buf_reset(&pieces);
        for (from = 0; from < 50; calls++) {
            size_t before = pieces.len;
            assert_int_equal(batch_encode(b, &from, 50, want, &pieces), OK);
            assert_true(from == 50 || pieces.len - before >= want);
        }
        assert_true(calls > 1);
        expect(&pieces, whole.data, whole.len);
    }
    buf_free(&pieces);
    buf_free(&whole);
    batch_close(b);
}

static void test_copy_of_a_range(void **state)
{
    struct batch *b = open_batch();
    struct buf out;
    size_t from = 1;

    (void)state;
    buf_init(&out, 1000);
    add(b, 3, WHEN_NONE, WHEN_NONE, "ccc");
    add(b, 1, WHEN_NONE, WHEN_NONE, "a");
    add(b, 2, WHEN_NONE, WHEN_NONE, "bb");
    batch_sort(b);
    assert_int_equal(batch_encode(b, &from, 2, 1000, &out), OK);
    expect(&out, BYTES("\0\4"
                       "\0\0\0\10\0\0\0\0\0\0\0\2"
                       "\0\0\0\2bb"
                       "\377\377\377\377"
                       "\377\377\377\377"));
    buf_reset(&out);
    assert_int_equal(batch_encode(b, &from, 2, 1000, &out), OK);
    assert_int_equal(out.len, 0);
    buf_free(&out);
    batch_close(b);
}

static void test_copy_leaves_a_full_buffer_as_it_was(void **state)
{
    struct batch *b = open_batch();
    struct buf out;
    size_t from = 0;

    (void)state;
    buf_init(&out, 60);
    assert_int_equal(buf_adds(&out, "before"), OK);
    add(b, 1, WHEN_NONE, WHEN_NONE, "{}");
    add(b, 2, WHEN_NONE, WHEN_NONE, "{}");
    assert_int_equal(batch_encode(b, &from, 2, 1000, &out), ERR_TOO_BIG);
    assert_string_equal(out.data, "before");
    assert_int_equal(from, 0);
    buf_free(&out);
    batch_close(b);
}

static void test_arrays_are_as_postgresql_sends_them(void **state)
{
    struct batch *b = open_batch();
    struct buf out[BATCH_ARRAYS];

    (void)state;
    for (size_t i = 0; i < BATCH_ARRAYS; i++)
        buf_init(&out[i], 1000);
    add(b, 2, YEAR_2000 + 3, WHEN_NONE, "bb");
    add(b, 1, WHEN_NONE, YEAR_2000, "a");
    batch_sort(b);
    assert_int_equal(batch_encode_arrays(b, 0, 2, out), OK);
    expect(&out[0], BYTES("\0\0\0\1\0\0\0\0\0\0\0\24\0\0\0\2\0\0\0\1"
                          "\0\0\0\10\0\0\0\0\0\0\0\1"
                          "\0\0\0\10\0\0\0\0\0\0\0\2"));
    expect(&out[1], BYTES("\0\0\0\1\0\0\0\0\0\0\0\31\0\0\0\2\0\0\0\1"
                          "\0\0\0\1a\0\0\0\2bb"));
    expect(&out[2], BYTES("\0\0\0\1\0\0\0\1\0\0\4\240\0\0\0\2\0\0\0\1"
                          "\377\377\377\377"
                          "\0\0\0\10\0\0\0\0\0\0\0\3"));
    expect(&out[3], BYTES("\0\0\0\1\0\0\0\1\0\0\4\240\0\0\0\2\0\0\0\1"
                          "\0\0\0\10\0\0\0\0\0\0\0\0"
                          "\377\377\377\377"));
    for (size_t i = 0; i < BATCH_ARRAYS; i++)
        buf_reset(&out[i]);
    assert_int_equal(batch_encode_arrays(b, 1, 1, out), OK);
    expect(&out[0], BYTES("\0\0\0\0\0\0\0\0\0\0\0\24"));
    for (size_t i = 0; i < BATCH_ARRAYS; i++)
        buf_free(&out[i]);
    batch_close(b);
}

static void test_arrays_beyond_the_cap(void **state)
{
    struct batch *b = open_batch();
    struct buf out[BATCH_ARRAYS];

    (void)state;
    for (size_t i = 0; i < BATCH_ARRAYS; i++)
        buf_init(&out[i], i == 1 ? 26 : 1000);
    add(b, 1, WHEN_NONE, WHEN_NONE, "abc");
    assert_int_equal(batch_encode_arrays(b, 0, 1, out), ERR_TOO_BIG);
    assert_int_equal(out[0].len, 0);
    assert_int_equal(out[1].len, 0);
    for (size_t i = 0; i < BATCH_ARRAYS; i++)
        buf_free(&out[i]);
    batch_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy_is_as_postgresql_documents_it),
        cmocka_unit_test(test_copy_in_pieces_is_the_same),
        cmocka_unit_test(test_copy_of_a_range),
        cmocka_unit_test(test_copy_leaves_a_full_buffer_as_it_was),
        cmocka_unit_test(test_arrays_are_as_postgresql_sends_them),
        cmocka_unit_test(test_arrays_beyond_the_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "load/batch/batch.h"
#include "tests/unit/load/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Objects of up to four members, each a small number or absent: what the batch takes for data is
 * the struct's bytes, and upsert below does with them what the database does with jsonb. */
#define MEMBERS 4
#define ABSENT  0
struct object {
    uint8_t member[MEMBERS];
};
struct stored {
    bool there;
    struct object data;
    int64_t time_created;
    int64_t time_modified;
};
#define KEYS 8

enum outcome {
    INSERTED,
    UPDATED,
    UNCHANGED,
    STALE,
    OUTCOMES
};

static uint64_t shape_of(const struct object *o)
{
    uint64_t shape = 1;

    for (int i = 0; i < MEMBERS; i++)
        shape = shape * 2 + (o->member[i] != ABSENT);
    return shape;
}

/* The one-by-one upsert, as issue and batch.h word it. */
static enum outcome upsert(struct stored *s, const struct row *row, const struct object *o,
                           bool replace)
{
    struct stored before = *s;

    if (!s->there) {
        *s = (struct stored){true, *o, row->time_created, row->time_modified};
        return INSERTED;
    }
    if (row->time_modified != WHEN_NONE && s->time_modified != WHEN_NONE &&
        row->time_modified < s->time_modified)
        return STALE;
    for (int i = 0; i < MEMBERS; i++) {
        if (replace || o->member[i] != ABSENT)
            s->data.member[i] = o->member[i];
    }
    if (row->time_modified != WHEN_NONE)
        s->time_modified = row->time_modified;
    if (s->time_created == WHEN_NONE)
        s->time_created = row->time_created;
    return memcmp(&before.data, &s->data, sizeof(s->data)) == 0 &&
                   before.time_created == s->time_created &&
                   before.time_modified == s->time_modified
               ? UNCHANGED
               : UPDATED;
}

static struct batch *open_batch(size_t rows, size_t bytes, bool replace, bool fold)
{
    struct batch_conf conf = {
        .rows_max = rows, .bytes_max = bytes, .replace = replace, .fold = fold};
    struct batch *b;

    assert_int_equal(batch_open(&b, &conf, NULL), OK);
    return b;
}

static struct batch_row a_row(int64_t key, int64_t modified, uint64_t shape, size_t len)
{
    return (struct batch_row){.row = {.key = key,
                                      .time_created = WHEN_NONE,
                                      .time_modified = modified,
                                      .shape = shape,
                                      .data_len = len}};
}

static enum batch_add add(struct batch *b, struct batch_row row, const char *data)
{
    enum batch_add outcome;
    struct err e = ERR_INIT;

    assert_int_equal(batch_add(b, &row, data, &outcome, &e), OK);
    return outcome;
}

static void expect_row(const struct batch *b, size_t i, int64_t key, const char *want)
{
    const char *data;
    const struct batch_row *row = batch_row(b, i, &data);

    assert_true(row->row.key == key);
    assert_int_equal(row->row.data_len, strlen(want));
    assert_memory_equal(data, want, strlen(want));
}

static void test_rows_come_sorted_with_their_data(void **state)
{
    struct batch *b = open_batch(100, 1000, false, true);
    struct batch_row first = a_row(5, 10, 1, 3);

    (void)state;
    first.place = (struct page_place){.segment = 7, .page = 2};
    first.line = 99;
    assert_int_equal(add(b, first, "fiv"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(INT64_MIN, 10, 1, 2), "mi"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(INT64_MAX, WHEN_NONE, 1, 2), "ma"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(-3, 10, 1, 1), "-"), BATCH_ADDED);
    assert_int_equal(batch_rows(b), 4);
    assert_int_equal(batch_bytes(b), 8);
    expect_row(b, 0, 5, "fiv");
    batch_sort(b);
    expect_row(b, 0, INT64_MIN, "mi");
    expect_row(b, 1, -3, "-");
    expect_row(b, 2, 5, "fiv");
    expect_row(b, 3, INT64_MAX, "ma");
    const char *data;
    assert_int_equal(batch_row(b, 2, &data)->place.segment, 7);
    assert_int_equal(batch_row(b, 2, &data)->line, 99);
    batch_close(b);
}

static void test_later_version_replaces_the_earlier(void **state)
{
    struct batch *b = open_batch(100, 1000, false, true);

    (void)state;
    assert_int_equal(add(b, a_row(1, 10, 1, 3), "old"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(2, 10, 1, 1), "x"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(1, 10, 1, 2), "eq"), BATCH_FOLDED);
    assert_int_equal(add(b, a_row(1, 11, 1, 6), "longer"), BATCH_FOLDED);
    assert_int_equal(batch_rows(b), 2);
    assert_int_equal(batch_bytes(b), 7);
    expect_row(b, 0, 1, "longer");
    expect_row(b, 1, 2, "x");
    batch_close(b);
}

static void test_older_later_version_is_stale(void **state)
{
    struct batch *b = open_batch(100, 1000, false, true);

    (void)state;
    assert_int_equal(add(b, a_row(1, 10, 1, 3), "new"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(1, 9, 1, 3), "old"), BATCH_STALE);
    assert_int_equal(add(b, a_row(1, 9, 2, 5), "other"), BATCH_STALE);
    expect_row(b, 0, 1, "new");
    batch_close(b);
}

/* Else nobody would ever know whether the database takes the one that made the other stale. */
static void test_what_made_another_stale_is_not_folded_away(void **state)
{
    struct batch *b = open_batch(100, 1000, false, true);

    (void)state;
    assert_int_equal(add(b, a_row(1, 5, 1, 3), "new"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(1, 3, 2, 3), "old"), BATCH_STALE);
    assert_int_equal(add(b, a_row(1, 7, 1, 5), "newer"), BATCH_FULL);
    batch_reset(b, NULL);
    assert_int_equal(add(b, a_row(1, 5, 1, 3), "new"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(1, 7, 1, 5), "newer"), BATCH_FOLDED);
    batch_close(b);
}

static void test_what_cannot_fold_ends_the_batch(void **state)
{
    struct batch *b = open_batch(100, 1000, false, true);
    struct batch_row created = a_row(1, 10, 1, 1);

    (void)state;
    assert_int_equal(add(b, a_row(1, 10, 1, 1), "a"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(1, 10, 2, 1), "b"), BATCH_FULL); /* another shape */
    assert_int_equal(add(b, a_row(1, WHEN_NONE, 1, 1), "b"), BATCH_FULL);
    assert_int_equal(add(b, a_row(2, WHEN_NONE, 1, 1), "c"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(2, 10, 1, 1), "d"), BATCH_FULL);
    created.row.time_created = 5;
    assert_int_equal(add(b, created, "e"), BATCH_FOLDED); /* none, then some */
    assert_int_equal(add(b, created, "f"), BATCH_FOLDED); /* the same */
    created.row.time_created = 6;
    assert_int_equal(add(b, created, "g"), BATCH_FULL);
    created.row.time_created = WHEN_NONE;
    assert_int_equal(add(b, created, "h"), BATCH_FULL);
    batch_close(b);
}

static void test_replace_folds_any_shape(void **state)
{
    struct batch *b = open_batch(100, 1000, true, true);

    (void)state;
    assert_int_equal(add(b, a_row(1, 10, 1, 1), "a"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(1, 10, 2, 1), "b"), BATCH_FOLDED);
    expect_row(b, 0, 1, "b");
    batch_close(b);
}

static void test_without_folding_a_second_version_ends_the_batch(void **state)
{
    struct batch *b = open_batch(100, 1000, false, false);

    (void)state;
    assert_int_equal(add(b, a_row(1, 10, 1, 1), "a"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(1, 11, 1, 1), "b"), BATCH_FULL);
    assert_int_equal(add(b, a_row(1, 9, 1, 1), "b"), BATCH_FULL);
    expect_row(b, 0, 1, "a");
    batch_close(b);
}

static void test_batch_is_bounded(void **state)
{
    struct batch *b = open_batch(2, 10, false, true);

    (void)state;
    assert_int_equal(add(b, a_row(1, 1, 1, 15), "larger than all"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(2, 1, 1, 0), ""), BATCH_FULL);
    batch_reset(b, NULL);
    assert_int_equal(batch_rows(b), 0);
    assert_int_equal(batch_bytes(b), 0);
    assert_int_equal(add(b, a_row(1, 1, 1, 6), "123456"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(2, 1, 1, 5), "12345"), BATCH_FULL);
    assert_int_equal(add(b, a_row(1, 2, 1, 7), "1234567"), BATCH_FULL); /* no room to fold */
    assert_int_equal(add(b, a_row(2, 1, 1, 4), "1234"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(3, 1, 1, 0), ""), BATCH_FULL); /* rows */
    assert_int_equal(add(b, a_row(1, 2, 1, 6), "654321"), BATCH_FOLDED);
    expect_row(b, 0, 1, "654321");
    batch_reset(b, &(struct batch_conf){.rows_max = 3, .bytes_max = 100, .fold = true});
    for (int i = 0; i < 3; i++)
        assert_int_equal(add(b, a_row(i, 1, 1, 15), "larger than all"), BATCH_ADDED);
    batch_close(b);
}

/* A key that changes all the time takes its own room again. */
static void test_folding_needs_no_room(void **state)
{
    struct batch *b = open_batch(10, 100, false, true);

    (void)state;
    assert_int_equal(add(b, a_row(1, 0, 1, 10), "0123456789"), BATCH_ADDED);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(add(b, a_row(1, i, 1, 10), "9876543210"), BATCH_FOLDED);
    assert_int_equal(add(b, a_row(2, 0, 1, 90),
                         "0123456789012345678901234567890123456789"
                         "01234567890123456789012345678901234567890123456789"),
                     BATCH_ADDED);
    batch_close(b);
}

static void test_times_that_postgresql_has_not(void **state)
{
    static const int64_t beyond[] = {INT64_MAX, INT64_MIN + 1, INT64_C(253402300800000000),
                                     INT64_C(-62135596800000001)};
    struct batch *b = open_batch(10, 100, false, true);
    enum batch_add outcome;
    struct err e = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
        struct batch_row row = a_row(1, beyond[i], 1, 1);
        assert_int_equal(batch_add(b, &row, "x", &outcome, &e), ERR_INTERNAL);
        row = a_row(1, 0, 1, 1);
        row.row.time_created = beyond[i];
        assert_int_equal(batch_add(b, &row, "x", &outcome, &e), ERR_INTERNAL);
    }
    assert_int_equal(batch_rows(b), 0);
    assert_int_equal(add(b, a_row(1, INT64_C(253402300799999999), 1, 1), "x"), BATCH_ADDED);
    assert_int_equal(add(b, a_row(2, INT64_C(-62135596800000000), 1, 1), "x"), BATCH_ADDED);
    batch_close(b);
}

static void test_many_keys(void **state)
{
    enum {
        MANY = 20000
    };
    struct batch *b = open_batch(MANY, 1 << 20, false, true);
    uint64_t seed = 3;

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int64_t i = 0; i < MANY; i++) {
            char digit = (char)('0' + i % 10);
            struct batch_row row = a_row(i * INT64_C(1048576) * (i % 2 ? 1 : -1), 1, 1, 1);
            assert_int_equal(add(b, row, &digit), round == 0 ? BATCH_ADDED : BATCH_FOLDED);
        }
        assert_int_equal(batch_rows(b), MANY);
    }
    assert_int_equal(add(b, a_row((int64_t)(random_next(&seed) | 1), 1, 1, 1), "x"), BATCH_FULL);
    batch_sort(b);
    for (size_t i = 1; i < MANY; i++) {
        const char *data;
        int64_t before = batch_row(b, i - 1, &data)->row.key;
        int64_t key = batch_row(b, i, &data)->row.key;
        assert_true(before < key);
        assert_int_equal(*data, '0' + (key < 0 ? -key : key) / 1048576 % 10);
    }
    batch_close(b);
}

struct world {
    struct stored table[KEYS];
    long counts[OUTCOMES];
    long folded;
    long read;
};

/* What the upsert statement does with a batch. */
static void send(struct world *w, struct batch *b, bool replace)
{
    int64_t last = -1;

    batch_sort(b);
    for (size_t i = 0; i < batch_rows(b); i++) {
        const char *data;
        const struct batch_row *row = batch_row(b, i, &data);
        struct object o;
        assert_true(row->row.key > last);
        last = row->row.key;
        memcpy(&o, data, sizeof(o));
        w->counts[upsert(&w->table[last], &row->row, &o, replace)]++;
    }
    batch_reset(b, NULL);
}

static void offer(struct world *w, struct batch *b, const struct batch_row *row,
                  const struct object *o, bool replace)
{
    char data[sizeof(*o)];
    enum batch_add outcome;

    memcpy(data, o, sizeof(*o));
    outcome = add(b, *row, data);
    if (outcome == BATCH_FULL) {
        assert_true(batch_rows(b) > 0);
        send(w, b, replace);
        outcome = add(b, *row, data);
    }
    assert_true(outcome != BATCH_FULL);
    w->read++;
    w->folded += outcome == BATCH_FOLDED;
    w->counts[STALE] += outcome == BATCH_STALE;
}

/* Few times and few shapes, so that every rule of folding is met often. */
static void make_version(uint64_t *seed, int variety, struct batch_row *row, struct object *o)
{
    int64_t modified = random_below(seed, 10) < variety ? WHEN_NONE : random_below(seed, 6);

    *row = a_row(random_below(seed, KEYS), modified, 0, sizeof(*o));
    if (random_below(seed, 10) >= variety)
        row->row.time_created = random_below(seed, 1 + variety);
    for (int i = 0; i < MEMBERS; i++) {
        bool there = i == 0 || random_below(seed, 10) >= variety;
        o->member[i] = there ? (uint8_t)(1 + random_below(seed, 3)) : ABSENT;
    }
    row->row.shape = shape_of(o);
}

static long run_world(uint64_t seed, bool replace, bool fold, int variety)
{
    struct world w = {0};
    struct stored truth[KEYS] = {0};
    size_t rows_max = 1 + (size_t)random_below(&seed, 12);
    struct batch *b = open_batch(rows_max, 8 + (size_t)random_below(&seed, 100), replace, fold);
    int lines = 1 + random_below(&seed, 200);

    for (int i = 0; i < lines; i++) {
        struct batch_row row;
        struct object o;
        make_version(&seed, variety, &row, &o);
        (void)upsert(&truth[row.row.key], &row.row, &o, replace);
        offer(&w, b, &row, &o, replace);
        assert_true(batch_rows(b) <= rows_max);
    }
    send(&w, b, replace);
    for (int i = 0; i < KEYS; i++) {
        assert_int_equal(w.table[i].there, truth[i].there);
        assert_memory_equal(&w.table[i].data, &truth[i].data, sizeof(truth[i].data));
        assert_true(w.table[i].time_created == truth[i].time_created);
        assert_true(w.table[i].time_modified == truth[i].time_modified);
    }
    assert_int_equal(w.read, w.counts[INSERTED] + w.counts[UPDATED] + w.counts[UNCHANGED] +
                                 w.counts[STALE] + w.folded);
    batch_close(b);
    return w.folded;
}

static void test_batches_do_what_one_by_one_upserts_do(void **state)
{
    long folded = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 4000; seed++)
        folded += run_world(seed, seed % 2 == 0, seed % 8 != 0, (int)(seed % 5));
    assert_true(folded > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_come_sorted_with_their_data),
        cmocka_unit_test(test_later_version_replaces_the_earlier),
        cmocka_unit_test(test_older_later_version_is_stale),
        cmocka_unit_test(test_what_made_another_stale_is_not_folded_away),
        cmocka_unit_test(test_what_cannot_fold_ends_the_batch),
        cmocka_unit_test(test_replace_folds_any_shape),
        cmocka_unit_test(test_without_folding_a_second_version_ends_the_batch),
        cmocka_unit_test(test_batch_is_bounded),
        cmocka_unit_test(test_folding_needs_no_room),
        cmocka_unit_test(test_times_that_postgresql_has_not),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_batches_do_what_one_by_one_upserts_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

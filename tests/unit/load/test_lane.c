#include "load/batch/batch.h"
#include "load/row/lane.h"
#include "shared/time/zone.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void progress_has_an_order(void **state)
{
    struct progress a = {.place = {1, 3}, .line = 0};
    struct progress b = {.place = {1, 3}, .line = 7};
    struct progress c = {.place = {1, 4}, .line = 1};

    (void)state;
    assert_int_equal(progress_compare(&a, &a), 0);
    assert_int_equal(progress_compare(&b, &a), -1); /* 0 is the whole page */
    assert_int_equal(progress_compare(&a, &b), 1);
    assert_int_equal(progress_compare(&a, &c), -1);
    assert_int_equal(progress_compare(&c, &b), 1);
}

/* The database's bookkeeping rests on these: a change would load some keys twice and others never. */
static void a_key_has_its_lane_for_ever(void **state)
{
    static const struct {
        int64_t key;
        unsigned lane;
    } known[] = {{0, 0}, {1, 2},    {2, 0},  {3, 3},         {4, 1},
                 {5, 0}, {4711, 2}, {-1, 1}, {INT64_MAX, 3}, {INT64_MIN, 2}};

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_int_equal(lane_of(known[i].key), known[i].lane);
}

static void keys_spread_over_the_lanes(void **state)
{
    (void)state;
    for (int64_t step = 1; step <= 64; step++) {
        size_t count[LANES] = {0};
        for (int64_t i = 0; i < 4000; i++)
            count[lane_of(i * step)]++;
        for (unsigned i = 0; i < LANES; i++)
            assert_in_range(count[i], 500, 1500);
    }
}

static void shares_have_every_lane_once(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= LANES; n++) {
        unsigned all = 0;
        for (unsigned i = 0; i < n; i++) {
            assert_int_not_equal(lanes_share(i, n), 0);
            assert_int_equal(all & lanes_share(i, n), 0);
            all |= lanes_share(i, n);
        }
        assert_int_equal(all, LANES_ALL);
    }
}

static void lanes_behind_come_first(void **state)
{
    struct lanes l = {0};
    struct progress from;
    struct progress until;
    struct progress page = {.place = {1, 2}, .line = 0};
    struct progress line = {.place = {1, 2}, .line = 7};
    bool bounded = true;

    (void)state;
    assert_int_equal(lanes_behind(&l, &from, &until, &bounded), LANES_ALL);
    assert_false(bounded);
    lanes_move(&l, 1u << 2, &page);
    lanes_move(&l, 1u << 1, &line);
    assert_int_equal(lanes_behind(&l, &from, &until, &bounded), 1u << 0 | 1u << 3);
    assert_true(bounded);
    assert_int_equal(from.place.page, 0);
    assert_int_equal(progress_compare(&until, &line), 0);
    lanes_move(&l, 1u << 0 | 1u << 3, &until);
    assert_int_equal(lanes_behind(&l, &from, &until, &bounded), 1u << 0 | 1u << 1 | 1u << 3);
    assert_int_equal(progress_compare(&from, &line), 0);
    assert_int_equal(progress_compare(&until, &page), 0);
    lanes_move(&l, LANES_ALL, &page);
    assert_int_equal(lanes_behind(&l, &from, &until, &bounded), LANES_ALL);
    assert_false(bounded);
}

static void a_batch_sorts_into_shares(void **state)
{
    struct batch *b = NULL;
    struct batch_conf conf = {.rows_max = 1000, .bytes_max = 1 << 20, .fold = true};
    struct err e = ERR_INIT;
    const char *data;

    (void)state;
    assert_int_equal(batch_open(&b, &conf, &e), OK);
    for (int64_t key = 500; key > 0; key--) {
        struct batch_row row = {.row = {.key = key, WHEN_NONE, WHEN_NONE, 1, 2}};
        enum batch_add outcome;
        assert_int_equal(batch_add(b, &row, "{}", &outcome, &e), OK);
    }
    for (unsigned n = 1; n <= LANES; n++) {
        size_t ends[LANES];
        size_t i = 0;
        batch_sort_shares(b, n, ends);
        for (unsigned share = 0; share < n; share++)
            for (int64_t last = 0; i < ends[share]; i++) {
                int64_t key = batch_row(b, i, &data)->row.key;
                assert_true(key > last);
                assert_true((lanes_share(share, n) >> lane_of(key) & 1u) != 0);
                last = key;
            }
        assert_int_equal(i, 500);
    }
    batch_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_has_an_order),      cmocka_unit_test(a_key_has_its_lane_for_ever),
        cmocka_unit_test(keys_spread_over_the_lanes), cmocka_unit_test(shares_have_every_lane_once),
        cmocka_unit_test(lanes_behind_come_first),    cmocka_unit_test(a_batch_sorts_into_shares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

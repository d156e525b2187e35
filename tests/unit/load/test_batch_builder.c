#include "load/batch/batch_builder.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool_fixture.h"

static struct fixture fx;
static struct zone *utc;

static struct batch_builder *open_fill(size_t rows_max, bool letters)
{
    struct batch_builder_conf conf = {
        .late = WHEN_NONE,
        .batch = {.rows_max = rows_max, .bytes_max = 1 << 20, .fold = !letters},
        .row = {.key = "contact_id", .key_min = INT32_MIN, .key_max = INT32_MAX, .zone = utc},
        .fetched_from = WHEN_NONE,
        .fetched_to = WHEN_NONE,
        .redrive = letters,
    };
    struct batch_builder *f = NULL;
    struct err e = ERR_INIT;
    struct progress start = {0};

    assert_int_equal(batch_builder_open(&f, fx.spool, "contacts", &conf, &e), OK);
    assert_int_equal(batch_builder_seek(f, &start, &e), OK);
    return f;
}

static enum batch_builder_what run(struct batch_builder *f)
{
    enum batch_builder_what what = BATCH_BUILDER_END;
    struct err e = ERR_INIT;

    assert_int_equal(batch_builder_run(f, &what, &e), OK);
    return what;
}

static void seek(struct batch_builder *f, uint64_t page, uint64_t line)
{
    struct err e = ERR_INIT;
    struct progress at = {.place = {page > 0, page}, .line = line};

    assert_int_equal(batch_builder_seek(f, &at, &e), OK);
}

static void settle(struct batch_builder *f)
{
    struct err e = ERR_INIT;

    assert_int_equal(batch_builder_advance(f, &e), OK);
}

static void assert_reached(const struct batch_builder *f, uint64_t page, uint64_t line)
{
    assert_int_equal(batch_builder_reached(f)->place.page, page);
    assert_int_equal(batch_builder_reached(f)->line, line);
}

static int setup(void **state)
{
    (void)state;
    fixture_open(&fx);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&fx);
    return 0;
}

static void pages_join_in_a_batch(void **state)
{
    (void)state;
    fixture_write(&fx, "contacts",
                  "{\"contact_id\":1}\n{\"contact_id\":2}\n\n{\"contact_id\":3}\n\n");
    struct batch_builder *f = open_fill(100, false);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_int_equal(batch_rows(batch_builder_batch(f)), 3);
    assert_int_equal(batch_builder_tally(f, LANES_ALL).read, 3);
    assert_reached(f, 2, 0);
    settle(f);
    assert_int_equal(run(f), BATCH_BUILDER_END);
    batch_builder_close(f);
}

static void a_page_larger_than_a_batch_is_cut(void **state)
{
    (void)state;
    fixture_write(&fx, "contacts",
                  "{\"contact_id\":1}\n{\"contact_id\":2}\n{\"contact_id\":3}\n\n"
                  "{\"contact_id\":4}\n\n");
    struct batch_builder *f = open_fill(2, false);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_int_equal(batch_rows(batch_builder_batch(f)), 2);
    assert_reached(f, 1, 2);
    settle(f);
    assert_int_equal(run(f), BATCH_BUILDER_READY); /* the row that did not fit is not lost */
    assert_int_equal(batch_rows(batch_builder_batch(f)), 2);
    assert_reached(f, 2, 0);
    batch_builder_close(f);
}

static void progress_within_a_page_is_taken_up(void **state)
{
    const char *data;

    (void)state;
    fixture_write(&fx, "contacts",
                  "{\"contact_id\":1}\n{\"contact_id\":2}\n{\"contact_id\":3}\n\n");
    struct batch_builder *f = open_fill(100, false);
    seek(f, 1, 2);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_int_equal(batch_rows(batch_builder_batch(f)), 1);
    assert_int_equal(batch_row(batch_builder_batch(f), 0, &data)->row.key, 3);
    assert_int_equal(batch_row(batch_builder_batch(f), 0, &data)->line, 3);
    assert_reached(f, 1, 0);
    seek(f, 1, 0);
    assert_int_equal(run(f), BATCH_BUILDER_END);
    batch_builder_close(f);
}

static void going_back_gives_the_same_batch(void **state)
{
    (void)state;
    fixture_write(&fx, "contacts", "{\"contact_id\":1}\n{\"contact_id\":1}\n\n");
    struct batch_builder *f = open_fill(100, false);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_int_equal(batch_builder_tally(f, LANES_ALL).folded, 1);
    assert_int_equal(batch_rows(batch_builder_batch(f)), 1);
    batch_builder_shape(f, 100, false); /* a version apart */
    seek(f, 0, 0);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_int_equal(batch_builder_tally(f, LANES_ALL).folded, 0);
    assert_int_equal(batch_builder_tally(f, LANES_ALL).read, 1);
    assert_reached(f, 1, 1);
    settle(f);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_reached(f, 1, 0);
    batch_builder_close(f);
}

static void an_empty_page_moves_the_progress(void **state)
{
    (void)state;
    fixture_write(&fx, "contacts", "\n\n");
    struct batch_builder *f = open_fill(100, false);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_int_equal(batch_rows(batch_builder_batch(f)), 0);
    assert_reached(f, 2, 0);
    batch_builder_close(f);
}

static void refused_records_are_written_once(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    fixture_write(&fx, "contacts", "{\"contact_id\":\"x\"}\n{\"contact_id\":2}\n{\"name\":1}\n\n");
    struct batch_builder *f = open_fill(100, false);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_int_equal(rejects_count(batch_builder_rejects(f)), 2);
    assert_int_equal(batch_rows(batch_builder_batch(f)), 1);
    assert_int_equal(batch_builder_write_rejects(f, batch_builder_slot(f), LANES_ALL, &e), OK);
    /* The COMMIT failed: the same batch again. */
    seek(f, 0, 0);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    const char *data;
    struct err why = {.code = ERR_DATA, .sqlstate = "23514", .msg = "the check"};
    assert_int_equal(
        batch_builder_refused(f, batch_row(batch_builder_batch(f), 0, &data), &why, &e), OK);
    assert_int_equal(batch_builder_write_rejects(f, batch_builder_slot(f), LANES_ALL, &e), OK);
    settle(f);
    /* --replay, after other batches went well. */
    seek(f, 0, 0);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_int_equal(
        batch_builder_refused(f, batch_row(batch_builder_batch(f), 0, &data), &why, &e), OK);
    assert_int_equal(batch_builder_write_rejects(f, batch_builder_slot(f), LANES_ALL, &e), OK);
    settle(f);
    batch_builder_close(f);

    struct batch_builder *again = open_fill(100, true); /* what the file has */
    assert_int_equal(run(again), BATCH_BUILDER_READY);
    assert_int_equal(batch_builder_tally(again, LANES_ALL).read, 3);
    assert_int_equal(rejects_count(batch_builder_rejects(again)), 2); /* still refused */
    assert_int_equal(batch_rows(batch_builder_batch(again)), 1);
    assert_int_equal(batch_row(batch_builder_batch(again), 0, &data)->row.key, 2);
    settle(again);
    assert_int_equal(run(again), BATCH_BUILDER_END); /* those that stay are not tried for ever */
    batch_builder_close(again);

    again = open_fill(100, true);
    assert_int_equal(run(again), BATCH_BUILDER_READY);
    assert_int_equal(batch_builder_tally(again, LANES_ALL).read,
                     2); /* the one that went in has left */
    assert_int_equal(batch_rows(batch_builder_batch(again)), 0);
    batch_builder_close(again);
}

/* What the lanes that are behind still lack, up to where the others are: within a page here. */
static void some_lanes_are_caught_up(void **state)
{
    (void)state;
    fixture_write(
        &fx, "contacts",
        "{\"contact_id\":1}\n{\"contact_id\":2}\n\n"
        "{\"contact_id\":3}\n{\"contact_id\":4}\n{\"contact_id\":5}\n\n{\"contact_id\":6}\n\n");
    struct batch_builder *f = open_fill(100, false);
    struct progress until = {.place = {1, 2}, .line = 2};
    unsigned lane = lane_of(4);
    uint64_t want = 0;
    for (int64_t key = 1; key <= 4; key++)
        want += lane_of(key) == lane;
    batch_builder_lanes(f, 1u << lane, &until);
    seek(f, 0, 0);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_int_equal(batch_rows(batch_builder_batch(f)), want);
    assert_int_equal(batch_builder_tally(f, LANES_ALL).read, want);
    assert_int_equal(batch_builder_tally(f, LANES_ALL & ~(1u << lane)).read, 0);
    assert_reached(f, 2, 2);
    batch_builder_lanes(f, LANES_ALL, NULL);
    seek(f, 2, 2);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_int_equal(batch_rows(batch_builder_batch(f)), 2); /* 5 and 6 */
    assert_reached(f, 3, 0);
    batch_builder_close(f);
}

static void a_bound_that_is_a_whole_page_ends_the_batch(void **state)
{
    (void)state;
    fixture_write(&fx, "contacts",
                  "{\"contact_id\":1}\n\n{\"contact_id\":\"x\"}\n\n{\"contact_id\":3}\n\n");
    struct batch_builder *f = open_fill(100, false);
    struct progress until = {.place = {1, 2}, .line = 0};
    batch_builder_lanes(f, 1u, &until);
    seek(f, 0, 0);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_int_equal(rejects_count(batch_builder_rejects(f)),
                     1); /* a line without a key is lane 0's */
    assert_reached(f, 2, 0);
    settle(f);
    assert_int_equal(run(f), BATCH_BUILDER_END);
    batch_builder_lanes(f, LANES_ALL & ~1u, &until);
    seek(f, 0, 0);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_int_equal(rejects_count(batch_builder_rejects(f)), 0);
    batch_builder_close(f);
}

/* A page a call, until the batch is complete: then nothing is left to be done when its turn comes. */
static void reading_ahead_fills_the_whole_batch(void **state)
{
    (void)state;
    fixture_write(&fx, "contacts",
                  "{\"contact_id\":1}\n\n{\"contact_id\":2}\n\n{\"contact_id\":3}\n\n"
                  "{\"contact_id\":4}\n{\"contact_id\":5}\n\n{\"contact_id\":6}\n\n");
    struct batch_builder *f = open_fill(3, false);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_int_equal(batch_rows(batch_builder_batch(f)), 3);
    assert_false(batch_builder_has_ahead(f));
    assert_true(batch_builder_read_ahead(f));
    assert_true(batch_builder_has_ahead(f));
    while (batch_builder_read_ahead(f))
        ;
    batch_builder_sort_ahead(f, 1);
    settle(f);
    assert_int_equal(batch_rows(batch_builder_batch(f)), 3);
    assert_int_equal(run(f), BATCH_BUILDER_READY);
    assert_reached(f, 5, 0);
    assert_false(batch_builder_read_ahead(f));
    assert_false(batch_builder_has_ahead(f));
    settle(f);
    assert_int_equal(run(f), BATCH_BUILDER_END);
    batch_builder_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_join_in_a_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(a_page_larger_than_a_batch_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(progress_within_a_page_is_taken_up, setup, teardown),
        cmocka_unit_test_setup_teardown(going_back_gives_the_same_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_page_moves_the_progress, setup, teardown),
        cmocka_unit_test_setup_teardown(refused_records_are_written_once, setup, teardown),
        cmocka_unit_test_setup_teardown(some_lanes_are_caught_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bound_that_is_a_whole_page_ends_the_batch, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(reading_ahead_fills_the_whole_batch, setup, teardown),
    };
    struct err e = ERR_INIT;
    if (zone_open(&utc, "UTC", &e) != OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zone_close(utc);
    return failed;
}

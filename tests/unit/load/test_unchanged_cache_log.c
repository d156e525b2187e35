/* Where lines are found again (load/unchanged/unchanged_cache_log.c). */
#include "random.h"
#include "unchanged_fixture.h"

static void test_lines_in_the_order_of_before_are_all_known(void **state)
{
    (void)state;
    struct unchanged *u = with_lines(30000);

    for (int again = 0; again < 2; again++) {
        assert_int_equal(known_of(u, 0, 30000, 1), 30000);
        unchanged_release(u);
    }
    assert_int_equal(known_of(u, 29800, 30000, 1), 200); /* the overlap of an incremental run */
    unchanged_release(u);
    assert_int_equal(known_of(u, 3, 30000, 7), 4286); /* the others have changed */
    assert_int_equal(known_of(u, 30000, 31000, 1), 0);
    unchanged_close(u);
}

static void test_behind_a_gap_some_lines_are_not_known_until_a_sample_is_found(void **state)
{
    (void)state;
    struct unchanged *u = with_lines(30000);

    for (int jump = 0; jump < 10; jump++) {
        int from = jump * 7919 % 29000; /* to and fro */
        int known = known_of(u, from, from + 1000, 1);
        assert_in_range(known, 1000 - 200, 1000);
        assert_int_equal(known_of(u, from + 1000, from + 1050, 1), 50);
    }
    unchanged_close(u);
}

static void test_moved_lines_are_found_by_themselves_and_lead_nobody_astray(void **state)
{
    (void)state;
    struct unchanged *u = with_lines(30000);
    int alone = 0;
    int stream = 0;

    for (int n = 0; n < 10000; n++) {
        stream += known_of(u, n, n + 1, 1);
        alone += known_of(u, 29000 - n, 29001 - n, 1);
    }
    assert_int_equal(stream, 10000);
    assert_in_range(alone, 10000 / 8 / 2, 10000 / 8 * 2);
    unchanged_release(u);
    for (int n = 0; n < 10000; n += 25) /* out of order, by a few */
        for (int i = 24; i >= 0; i--)
            expect_known(u, n + i, 100 + (uint64_t)((n + i) / 8000 * 8000));
    unchanged_close(u);
}

/* To and fro, so that each is found by itself. */
static int samples_of(struct unchanged *u, int from, int to)
{
    int known = 0;

    for (int i = 0; i < to - from; i++) {
        int n = from + (int)((int64_t)i * 7919 % (to - from));
        known += known_of(u, n, n + 1, 1);
    }
    return known;
}

/* Samples are gathered before they are written: they are found meanwhile, and what was validated has them if the program ends there. */
static void
test_samples_are_found_before_they_are_written_and_are_there_once_validated(void **state)
{
    (void)state;
    char path[400];
    char copy[400];
    char command[900];
    struct unchanged *u = open_as(&id);

    for (int n = 0; n < 24000; n += 8000)
        learn_batch(u, n, n + 8000, 100);
    assert_in_range(samples_of(u, 2000, 12000), 10000 / 8 / 2, 10000 / 8 * 2); /* written */
    assert_in_range(samples_of(u, 16500, 23500), 7000 / 8 / 2, 7000 / 8 * 2);  /* gathered */
    unchanged_validate(u, 15, 200, &place);
    file_path(path);
    (void)snprintf(copy, sizeof copy, "%s/copy", dir);
    (void)snprintf(command, sizeof command, "cp %s %s", path, copy);
    assert_int_equal(system(command), 0);
    unchanged_close(u);
    assert_int_equal(rename(copy, path), 0);
    u = open_as(&id);
    assert_in_range(samples_of(u, 2000, 12000), 10000 / 8 / 2, 10000 / 8 * 2);
    assert_in_range(samples_of(u, 16500, 23500), 7000 / 8 / 2, 7000 / 8 * 2);
    assert_true(unchanged_clear(u));
    assert_int_equal(samples_of(u, 2000, 12000), 0);
    learn_batch(u, 0, 3000, 300);
    assert_in_range(samples_of(u, 0, 2700), 2700 / 8 / 2, 2700 / 8 * 2);
    unchanged_close(u);
}

static void test_lines_that_were_never_seen_keep_nothing_from_being_found(void **state)
{
    (void)state;
    struct unchanged *u = with_lines(5000);

    for (int n = 0; n < 5000; n++) {
        expect_known(u, n, 100);
        assert_int_equal(known_of(u, 100000 + 40 * n, 100000 + 40 * n + 40, 1), 0);
    }
    unchanged_close(u);
}

static void test_what_changes_goes_to_the_end_and_the_order_stays_the_lists(void **state)
{
    (void)state;
    struct unchanged *u = with_lines(3000);

    for (int round = 0; round < 5; round++) { /* of each ten the next is new */
        int known = 0;
        unchanged_release(u);
        for (int n = 0; n < 3000; n++)
            if (n % 10 > round)
                known += known_of(u, n, n + 1, 1);
        for (int old = 1; old <= round; old++)
            known += known_of(u, 10000 * old, 10000 * old + 300, 1);
        assert_int_equal(known, 2700);
        learn_batch(u, 10000 * (round + 1), 10000 * (round + 1) + 300, 9000);
    }
    unchanged_close(u);
}

/* Twice around, and a little: the last ones are kept, and no more than was allowed. */
static void test_the_oldest_go_when_it_is_full(void **state)
{
    (void)state;
    static const struct unchanged_id small = {"1.2.3", "settings", 1000};
    char path[400];
    struct stat st;
    struct unchanged *u = open_as(&small);

    for (int n = 0; n < 2300; n += 100)
        learn_batch(u, n, n + 100, 77);
    for (int again = 0; again < 2; again++) {
        unchanged_close(u);
        u = open_as(&small);
        assert_int_equal(known_of(u, 0, 1300, 1), 0);
        assert_int_equal(known_of(u, 1300, 2300, 1), 1000);
        unchanged_release(u);
        assert_int_equal(known_of(u, 1300, 2300, 1), 1000);
    }
    unchanged_close(u);
    file_path(path);
    assert_int_equal(stat(path, &st), 0);
    assert_in_range(st.st_size, 64000, 64000 + 600 * 1024);
    u = open_as(&id); /* another size */
    assert_int_equal(known_of(u, 1300, 2300, 1), 0);
    unchanged_close(u);
}

static void test_forgotten_ones_are_not_found_and_their_neighbours_are(void **state)
{
    (void)state;
    struct unchanged *u = with_lines(3000);
    struct unchanged_seen seen;

    for (int n = 0; n < 3000; n += 3) {
        assert_true(find(u, n, &seen));
        unchanged_invalidate(u, seen.at);
    }
    unchanged_invalidate(u, 3000); /* is none */
    unchanged_invalidate(u, UINT64_MAX);
    for (int again = 0; again < 2; again++) {
        unchanged_close(u);
        u = open_as(&id);
        for (int n = 0; n < 3000; n++)
            if (n % 3 == 0)
                expect_unknown(u, n);
            else
                expect_known(u, n, 100);
    }
    unchanged_close(u);
}

/* One line may have been learned twice; a loader that finds it forgets one after the other. */
static void test_a_line_that_was_learned_twice_is_forgotten_twice(void **state)
{
    (void)state;
    struct unchanged *u = open_as(&id);
    struct unchanged_seen seen;

    learn(u, 1, 70);
    learn(u, 1, 71);
    expect_known(u, 1, 71);
    (void)find(u, 1, &seen);
    unchanged_invalidate(u, seen.at);
    expect_known(u, 1, 70);
    (void)find(u, 1, &seen);
    unchanged_invalidate(u, seen.at);
    expect_unknown(u, 1);
    unchanged_close(u);
}

/* What the log has at each place, whoever wrote it. */
#define STEPS  400
#define LINES  4000
#define PLACED 60000
static struct {
    int line;
    uint64_t xid;
    bool forgotten;
} placed[PLACED];

/* Whatever is done: what is found was learned, at that place, and not forgotten since. */
static int look_for(struct unchanged *u, int n, size_t end, struct unchanged_seen *seen)
{
    if (!find(u, n, seen))
        return 0;
    assert_true(seen->at < end && end - seen->at <= 2000);
    assert_int_equal(placed[seen->at].line, n);
    assert_int_equal(placed[seen->at].xid, seen->xid);
    assert_false(placed[seen->at].forgotten);
    assert_int_equal(seen->row.key, n);
    return 1;
}

static void test_whatever_is_done_nothing_wrong_is_found(void **state)
{
    (void)state;
    static const struct unchanged_id small = {"1.2.3", "settings", 2000};
    struct unchanged *u = open_as(&small);
    struct unchanged_seen seen[200];
    uint64_t chance = 7;
    size_t end = 0;
    int known = 0;

    for (uint64_t step = 1; step <= STEPS; step++) {
        size_t count = 1 + (size_t)random_below(&chance, 200);
        int from = random_below(&chance, LINES);
        int stride = random_below(&chance, 4) == 0 ? random_below(&chance, 5) : 1;
        for (size_t i = 0; i < count; i++) {
            int n = (from + stride * (int)i) % LINES;
            int found = look_for(u, n, end, &seen[i]);
            known += found;
            if (found == 1 && random_below(&chance, 20) == 0) {
                placed[seen[i].at].forgotten = true;
                unchanged_invalidate(u, seen[i].at);
            }
            seen[i].row.key = n;
            seen[i].xid = found == 1 ? 0 : step;
        }
        switch (random_below(&chance, 12)) {
        case 0:
            unchanged_close(u);
            u = open_as(&small);
            continue;
        case 1:
            unchanged_release(u);
            continue;
        case 2:
            unchanged_seek(u, (uint64_t)random_below(&chance, PLACED));
            continue;
        case 3:
            if (random_below(&chance, 10) == 0 && unchanged_clear(u))
                end = 0;
            continue;
        default:
            break;
        }
        unchanged_validate(u, 15, step, &place);
        for (size_t i = 0; i < count; i++) {
            if (seen[i].xid == 0)
                continue;
            assert_true(end < PLACED);
            placed[end].line = (int)seen[i].row.key;
            placed[end].xid = step;
            placed[end++].forgotten = false;
            unchanged_add(u, &seen[i]);
        }
    }
    assert_true(known > 3000);
    unchanged_close(u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines_in_the_order_of_before_are_all_known, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_behind_a_gap_some_lines_are_not_known_until_a_sample_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_moved_lines_are_found_by_themselves_and_lead_nobody_astray, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_samples_are_found_before_they_are_written_and_are_there_once_validated, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            test_lines_that_were_never_seen_keep_nothing_from_being_found, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_what_changes_goes_to_the_end_and_the_order_stays_the_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_oldest_go_when_it_is_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forgotten_ones_are_not_found_and_their_neighbours_are,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_line_that_was_learned_twice_is_forgotten_twice,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_whatever_is_done_nothing_wrong_is_found, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* How many records a table lacks: places that are met in more than one list. */
#include "extract/places/places.h"
#include "shared/time/when.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW   (INT64_C(1715595753) * WHEN_SECOND)
#define EARLY "2024-05-13T06:00:00.000Z"
#define LATER "2024-05-13T07:00:00.000Z"
#define SINCE (NOW - 3000 * WHEN_SECOND) /* LATER, as records show it */

static int open_places(void **state)
{
    struct err e = ERR_INIT;
    struct places *p = NULL;
    assert_int_equal(places_open(&p, &e), OK);
    *state = p;
    return 0;
}

static int close_places(void **state)
{
    places_close(*state);
    return 0;
}

static struct place_side side(int64_t key)
{
    return (struct place_side){
        .there = key != 0, .id = (uint64_t)key, .keyed = key != 0, .key = key};
}

/* One record is not given between two records. 0: nothing is there. */
static struct place a_place(unsigned sort, const char *from, int64_t before, int64_t after)
{
    struct place place = {.sort = sort,
                          .count = 1,
                          .before = side(before),
                          .after = side(after),
                          .latest = WHEN_NONE,
                          .earliest = WHEN_NONE};
    memcpy(place.from, from, strlen(from));
    return place;
}

static struct place *meet(struct places *p, const struct place *place)
{
    struct place *met = places_meet(p, place, NOW);
    assert_non_null(met);
    return met;
}

static void test_what_is_met_in_two_lists_is_lacking_once(void **state)
{
    struct places *p = *state;
    struct place timed = a_place(0, EARLY, 14, 11);
    struct place keyed = a_place(PLACES_BY_KEY, "", 11, 13);
    (void)meet(p, &timed);
    assert_int_equal(places_lacking(p), 1);
    (void)meet(p, &keyed);
    assert_int_equal(places_lacking(p), 1);
}

/* A list of what changed after a time does not hold what the list by time had shown before. */
static void test_what_stands_before_a_time_is_not_in_the_list_behind_it(void **state)
{
    struct places *p = *state;
    struct place timed = a_place(0, EARLY, 88, 86);
    struct place keyed = a_place(PLACES_BY_KEY, LATER, 6, 8);
    timed.earliest = SINCE - WHEN_SECOND;
    keyed.earliest = SINCE;
    (void)meet(p, &timed);
    (void)meet(p, &keyed);
    assert_int_equal(places_lacking(p), 2);
}

static void test_what_stands_behind_a_time_is_in_the_list_behind_it(void **state)
{
    struct places *p = *state;
    struct place begins = a_place(0, LATER, 0, 75); /* the first record behind the time */
    struct place timed = a_place(0, EARLY, 77, 74);
    struct place one = a_place(PLACES_BY_KEY, LATER, 75, 77);
    struct place other = a_place(PLACES_BY_KEY, LATER, 79, 81);
    timed.earliest = SINCE + WHEN_SECOND;
    one.earliest = other.earliest = SINCE;
    (void)meet(p, &begins);
    (void)meet(p, &timed);
    assert_int_equal(places_lacking(p), 2);
    (void)meet(p, &one);
    (void)meet(p, &other);
    assert_int_equal(places_lacking(p), 2);
}

/* The record with key 57 came, and the one that is lacking is another. */
static void test_what_was_paired_with_a_closed_place_counts_again(void **state)
{
    struct places *p = *state;
    struct place timed = a_place(0, EARLY, 58, 56);
    struct place keyed = a_place(PLACES_KEY_DOWN, "", 58, 56);
    (void)meet(p, &timed);
    (void)meet(p, &keyed);
    assert_int_equal(places_lacking(p), 1);
    places_key_read(p, 57);
    places_settle(p, false); /* the page with that record was not kept */
    assert_int_equal(places_lacking(p), 1);
    places_key_read(p, 57);
    places_settle(p, true);
    places_sweep(p);
    assert_int_equal(p->n, 1);
    assert_int_equal(places_lacking(p), 1);
}

static void test_what_was_paired_with_one_of_no_list_counts_again(void **state)
{
    struct places *p = *state;
    struct place timed = a_place(0, EARLY, 10, 9);
    struct place begins = a_place(0, LATER, 0, 9); /* the same, at the beginning of the next page */
    struct place keyed = a_place(PLACES_KEY_DOWN, "", 11, 9);
    (void)meet(p, &timed);
    (void)meet(p, &begins);
    (void)meet(p, &keyed);
    assert_int_equal(places_lacking(p), 1);
    places_disown(p, PLACES_KEY_DOWN, "", "");
    assert_int_equal(places_lacking(p), 1);
}

/* A record that stands before a place and behind it has moved meanwhile: it tells nothing of another place before it. */
static void test_a_neighbour_that_has_moved_tells_of_one_place_only(void **state)
{
    struct places *p = *state;
    struct place begins = a_place(0, EARLY, 0, 9);
    struct place between = a_place(0, EARLY, 9, 9);
    between.offset = 2;
    (void)meet(p, &begins);
    (void)meet(p, &between);
    assert_int_equal(places_lacking(p), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_met_in_two_lists_is_lacking_once, open_places,
                                        close_places),
        cmocka_unit_test_setup_teardown(test_what_stands_before_a_time_is_not_in_the_list_behind_it,
                                        open_places, close_places),
        cmocka_unit_test_setup_teardown(test_what_stands_behind_a_time_is_in_the_list_behind_it,
                                        open_places, close_places),
        cmocka_unit_test_setup_teardown(test_what_was_paired_with_a_closed_place_counts_again,
                                        open_places, close_places),
        cmocka_unit_test_setup_teardown(test_what_was_paired_with_one_of_no_list_counts_again,
                                        open_places, close_places),
        cmocka_unit_test_setup_teardown(test_a_neighbour_that_has_moved_tells_of_one_place_only,
                                        open_places, close_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

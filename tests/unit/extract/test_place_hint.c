/* Where a place that was met in another order of the list may stand on a page (extract/places/place_hint.h). */
#include "extract/places/place_hint.h"
#include "shared/time/when.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BEFORE(minute) (minute), true
#define NOTHING        0, false

static struct place_side a_side(unsigned minute, bool there, int64_t key)
{
    struct place_side side = {
        .there = there, .id = 100 + (uint64_t)key, .keyed = there, .key = key};
    if (there)
        (void)snprintf(side.time, sizeof side.time, "2024-05-06T22:%02u:00Z", minute);
    return side;
}

static int64_t at(unsigned minute)
{
    char text[32];
    int64_t time = WHEN_NONE;
    (void)snprintf(text, sizeof text, "2024-05-06T22:%02u:00Z", minute);
    assert_int_equal(when_parse(text, strlen(text), NULL, &time), OK);
    return time;
}

/* A list of what came behind minute 10: records of the minutes 11, 12, 14, 15 and 15. */
struct fixture {
    int64_t times[5];
    struct places *places;
    struct place_hint page;
};

static int setup(void **state)
{
    static struct fixture f;
    static const unsigned minutes[] = {11, 12, 14, 15, 15};
    struct err e = ERR_INIT;
    for (size_t i = 0; i < 5; i++)
        f.times[i] = at(minutes[i]);
    f.page = (struct place_hint){
        .limit = 10, .from = at(10), .times = f.times, .n = 5, .top = WHEN_NONE};
    *state = &f;
    return places_open(&f.places, &e) == OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    places_close(f->places);
    return 0;
}

static struct place *met(const struct fixture *f, unsigned sort, struct place_side before,
                         struct place_side after)
{
    const struct place place = {.before = before, .after = after, .count = 1, .sort = sort};
    struct place *added = places_add(f->places, &place);
    assert_non_null(added);
    return added;
}

static void test_a_place_by_key_on_a_page_by_time(void **state)
{
    struct fixture *f = *state;
    struct step_known known;
    (void)met(f, PLACES_BY_KEY, a_side(BEFORE(12), 7), a_side(BEFORE(14), 9));
    assert_true(places_hint(f->places, &f->page, &known));
    assert_int_equal(known.low, 2);
    assert_true(known.hint && known.has_before && known.has_after);
    assert_int_equal(known.before_id, 107);
    assert_int_equal(known.after_id, 109);
    f->page.offset = 1;
    assert_true(places_hint(f->places, &f->page, &known));
    assert_int_equal(known.low, 1);
    f->page.limit = 1; /* it is behind the page */
    assert_false(places_hint(f->places, &f->page, &known));
    f->page.offset = 3; /* or before */
    assert_false(places_hint(f->places, &f->page, &known));
}

/* Where the higher keys are of earlier times the neighbours stand the other way round. */
static void test_a_place_whose_neighbours_have_changed_sides(void **state)
{
    struct fixture *f = *state;
    struct step_known known;
    (void)met(f, PLACES_BY_KEY, a_side(BEFORE(14), 7), a_side(BEFORE(12), 9));
    assert_true(places_hint(f->places, &f->page, &known));
    assert_int_equal(known.low, 2);
    assert_int_equal(known.before_id, 109);
    assert_int_equal(known.after_id, 107);
}

/* Records of one time stand in any order. */
static void test_a_place_among_equal_times(void **state)
{
    struct fixture *f = *state;
    struct step_known known;
    (void)met(f, PLACES_BY_KEY, a_side(BEFORE(15), 7), a_side(BEFORE(15), 9));
    assert_false(places_hint(f->places, &f->page, &known));
}

static void test_a_place_at_an_end_of_the_keys(void **state)
{
    struct fixture *f = *state;
    struct step_known known;
    struct place *place = met(f, PLACES_BY_KEY, a_side(BEFORE(15), 7), a_side(NOTHING, 0));
    assert_true(places_hint(f->places, &f->page, &known));
    assert_int_equal(known.low, 5);
    assert_true(known.has_before && !known.has_after);
    place->before = a_side(NOTHING, 0);
    place->after = a_side(BEFORE(11), 7);
    assert_true(places_hint(f->places, &f->page, &known));
    assert_int_equal(known.low, 0);
    assert_true(!known.has_before && known.has_after);
}

static void test_a_place_by_time_among_the_greatest_keys(void **state)
{
    struct fixture *f = *state;
    struct step_known known;
    struct place *place = met(f, 0, a_side(BEFORE(12), 7), a_side(BEFORE(14), 9));
    f->page = (struct place_hint){.sort = PLACES_KEY_DOWN, .limit = 10, .top = 12};
    assert_true(places_hint(f->places, &f->page, &known));
    assert_int_equal(known.low, 4); /* behind 12, 11, 10, 9 */
    assert_int_equal(known.before_id, 109);
    assert_int_equal(known.after_id, 107);
    f->page.top = WHEN_NONE;
    assert_false(places_hint(f->places, &f->page, &known));
    place->after = a_side(NOTHING, 0); /* the newest */
    assert_true(places_hint(f->places, &f->page, &known));
    assert_int_equal(known.low, 0);
    assert_true(!known.has_before && known.has_after);
    assert_int_equal(known.after_id, 107);
}

/* Not one that is closed, or of this very list, or several in a row; nor where there are two, which may stand side by side here. */
static void test_which_places_count(void **state)
{
    struct fixture *f = *state;
    struct step_known known;
    (void)met(f, PLACES_BY_KEY, a_side(BEFORE(14), 17), a_side(BEFORE(15), 19));
    (void)met(f, PLACES_BY_KEY, a_side(BEFORE(12), 7), a_side(BEFORE(14), 9));
    assert_false(places_hint(f->places, &f->page, &known));
    f->places->at[1].closed = true;
    assert_true(places_hint(f->places, &f->page, &known));
    assert_int_equal(known.low, 3);
    f->places->at[0].count = 2;
    assert_false(places_hint(f->places, &f->page, &known));
    f->places->at[0].count = 1;
    f->places->at[0].sort = 0;
    assert_false(places_hint(f->places, &f->page, &known));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_place_by_key_on_a_page_by_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_place_whose_neighbours_have_changed_sides, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_place_among_equal_times, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_place_at_an_end_of_the_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_place_by_time_among_the_greatest_keys, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_which_places_count, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

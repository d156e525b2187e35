#include "extract/places/place_shown.h"
#include "shared/time/when.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A place between the records 6 and 9, at offset 3 of its list. */
static struct place a_place(const char *before, const char *after)
{
    struct place place = {.before = {.there = true, .id = 6},
                          .after = {.there = true, .id = 9},
                          .count = 1,
                          .offset = 3};
    memcpy(place.before.time, before, strlen(before));
    memcpy(place.after.time, after, strlen(after));
    return place;
}

static const char seconds[][32] = {"2024-05-06T22:49:30Z", "2024-05-06T22:49:31Z",
                                   "2024-05-06T22:49:32Z"};

static int64_t at(size_t second)
{
    int64_t time = WHEN_NONE;
    assert_int_equal(when_parse(seconds[second], strlen(seconds[second]), NULL, &time), OK);
    return time;
}

static struct place_page a_page(const struct place_shown *shown, size_t n)
{
    return (struct place_page){.at = shown, .n = n, .from = "", .equal = "", .offset = 10};
}

/* In a list that changes the order of equal times, what stands between two of them is any of them. */
static void test_equal_times_are_passed_with_all_of_them(void **state)
{
    struct place place = a_place(seconds[1], seconds[1]);
    const struct place_shown all[] = {
        {4, at(0), true}, {6, at(1), true}, {8, at(1), true}, {9, at(1), true}, {5, at(2), true}};
    struct place_page page = a_page(all, 5);
    (void)state;
    assert_true(place_is_passed(&place, &page));
    assert_true(place_is_covered(&place, &page, NULL));
    page.n = 4; /* others of the time may stand behind */
    assert_false(place_is_passed(&place, &page));
    assert_false(place_is_covered(&place, &page, NULL));
    page.ends = true;
    assert_true(place_is_passed(&place, &page));
    assert_true(place_is_covered(&place, &page, NULL));
    page = a_page(all + 1, 4); /* or before */
    assert_false(place_is_passed(&place, &page));
    assert_false(place_is_covered(&place, &page, NULL));
    assert_true(place_may_show(&place, &page, NULL));
    page.begins = true;
    assert_true(place_is_passed(&place, &page));
}

/* Of a page that is as long as any, and all of one time, which only a list by key proves. On a shorter one others of the time may stand
 * elsewhere. */
static void test_one_in_the_place_itself_is_the_one(void **state)
{
    struct place place = a_place(seconds[1], seconds[1]);
    const struct place_shown all[] = {{6, at(1), true}, {7, at(1), true}, {9, at(1), true}};
    struct place_page page = a_page(all, 3);
    (void)state;
    page.offset = 2;
    assert_false(place_is_passed(&place, &page));
    assert_false(place_is_covered(&place, &page, NULL));
    page.most = true;
    assert_true(place_is_passed(&place, &page));
    assert_true(place_is_covered(&place, &page, NULL));
    page.from = seconds[0];
    assert_false(place_is_passed(&place, &page));
}

/* The list's first records are of one time, and this page has two of the three. */
static void test_one_of_a_neighbours_time_may_be_another(void **state)
{
    struct place place = a_place("", seconds[1]);
    const struct place_shown all[] = {
        {6, at(1), true}, {9, at(1), true}, {7, at(1), true}, {5, at(2), true}};
    struct place_page page = a_page(all, 2);
    (void)state;
    place.before.there = false;
    place.offset = page.offset = 0;
    page.begins = true;
    assert_false(place_is_covered(&place, &page, NULL));
    page.n = 4;
    assert_true(place_is_covered(&place, &page, NULL));
}

static void test_one_of_a_time_between_is_the_one(void **state)
{
    struct place place = a_place(seconds[0], seconds[2]);
    struct place_shown all[] = {{6, at(0), true}, {7, at(1), true}, {9, at(2), true}};
    struct place_page page = a_page(all, 3);
    (void)state;
    assert_true(place_is_passed(&place, &page));
    all[1].came = false;
    assert_false(place_is_passed(&place, &page));
    all[1] = all[2];
    page.n =
        2; /* nothing is between them, and what was can stand before the one, or behind the other */
    assert_false(place_is_passed(&place, &page));
}

/* A filter that is read in another way begins elsewhere. */
static void test_a_page_that_begins_covers_up_to_its_neighbour(void **state)
{
    struct place place = a_place("", seconds[0]);
    const struct place_shown all[] = {{9, at(0), true}, {5, at(2), true}};
    struct place_page page = a_page(all, 2);
    (void)state;
    place.before.there = false;
    memcpy(place.from, seconds[0], sizeof seconds[0]);
    page.from = seconds[0];
    page.begins = true;
    assert_true(place_is_covered(&place, &page, NULL));
    page.at = all + 1;
    page.n = 1;
    page.ends = true;
    assert_false(place_is_covered(&place, &page, NULL));
}

/* At a list's beginning the record may have no time, or any up to the neighbour's. */
static void test_any_record_may_be_the_first_one(void **state)
{
    struct place place = a_place("", seconds[1]);
    const struct place_shown all[] = {{4, WHEN_NONE, true}, {9, at(1), true}, {5, at(2), true}};
    struct place_page page = a_page(all, 2);
    (void)state;
    place.before.there = false;
    assert_true(place_may_show(&place, &page, NULL));
    page.at = all + 1; /* the neighbour, and what is later */
    assert_false(place_may_show(&place, &page, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_times_are_passed_with_all_of_them),
        cmocka_unit_test(test_one_in_the_place_itself_is_the_one),
        cmocka_unit_test(test_one_of_a_neighbours_time_may_be_another),
        cmocka_unit_test(test_one_of_a_time_between_is_the_one),
        cmocka_unit_test(test_a_page_that_begins_covers_up_to_its_neighbour),
        cmocka_unit_test(test_any_record_may_be_the_first_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

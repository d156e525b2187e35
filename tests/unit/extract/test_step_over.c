#include "extract/places/step_over.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A list of n records, ids 1 ... n, some of which fail every page that holds them. */
struct list {
    unsigned n;
    bool bad[64];
    unsigned above; /* pages of more places fail; 0: none */
    unsigned requests;
};

static enum step_result ask(struct step *s, struct list *l, uint64_t seen[64], unsigned *count)
{
    struct step_request r;
    step_request(s, &r);
    l->requests++;
    assert_true(r.limit > 0 && l->requests < 100);
    if (!r.looks && !r.goes_on)
        *count = 0;
    step_restart(s);
    bool fails = l->above > 0 && r.limit > l->above;
    for (uint64_t i = r.offset; i < l->n && i < r.offset + r.limit; i++)
        fails |= l->bad[i];
    if (fails)
        return step_failed(s);
    for (uint64_t i = r.offset; i < l->n && i < r.offset + r.limit; i++) {
        step_record(s, i + 1);
        if (!r.looks)
            seen[(*count)++] = i + 1;
    }
    return step_answered(s);
}

static enum step_result play(struct step *s, struct list *l, uint64_t seen[64], unsigned *count)
{
    enum step_result r = STEP_ON;
    while (r == STEP_ON || r == STEP_SAME)
        r = ask(s, l, seen, count);
    return r;
}

static void test_each_place_of_a_page(void **state)
{
    (void)state;
    for (unsigned limit = 2; limit <= 16; limit++)
        for (unsigned bad = 0; bad < limit; bad++) {
            struct list l = {.n = 40};
            struct step s;
            uint64_t seen[64];
            unsigned count = 0;
            l.bad[5 + bad] = true;
            (void)step_begin(&s, 5, limit, false, 0);
            assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
            assert_int_equal(s.gap, 1);
            assert_int_equal(s.offset + s.low, 5 + bad);
            assert_true(l.requests <= 12);
            for (unsigned i = 0; i < count; i++)
                assert_int_equal(seen[i], s.offset + i + (i >= s.low ? 1 : 0) + 1);
        }
}

static void test_several_in_a_row_and_the_lists_end(void **state)
{
    struct list l = {.n = 20, .bad = {[17] = true, [18] = true, [19] = true}};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    (void)state;
    (void)step_begin(&s, 10, 16, false, 0);
    assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
    assert_int_equal(s.low, 7);
    assert_int_equal(s.gap, 3);
    assert_int_equal(s.after.n, 0);
}

static void test_pages_that_are_too_large(void **state)
{
    (void)state;
    for (unsigned above = 2; above < 16; above++) {
        struct list l = {.n = 60, .above = above};
        struct step s;
        uint64_t seen[64];
        unsigned count = 0;
        (void)step_begin(&s, 10, 16, false, 0);
        assert_int_equal(play(&s, &l, seen, &count), STEP_PLAIN);
        assert_int_equal(s.size, above);
    }
}

/* What failed leaves the list while it is looked at: its neighbour must not be missed. */
static void test_a_cause_that_leaves(void **state)
{
    struct list l = {.n = 40, .bad = {[8] = true}};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    enum step_result r = STEP_ON;
    (void)state;
    (void)step_begin(&s, 5, 8, false, 0);
    while (r == STEP_ON || r == STEP_SAME) {
        if (s.state == STEP_BEHIND)
            l.bad[8] = false;
        r = ask(&s, &l, seen, &count);
    }
    assert_int_equal(r, STEP_PLAIN);
    assert_int_equal(s.size, 8);
}

/* ... nor where its neighbour is there, and fails once, by chance. */
static void test_a_cause_that_leaves_and_a_failure_by_chance(void **state)
{
    struct list l = {.n = 40, .bad = {[8] = true}};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    unsigned failures = 0;
    enum step_result r = STEP_ON;
    (void)state;
    (void)step_begin(&s, 5, 8, false, 0);
    while (r == STEP_ON || r == STEP_SAME) {
        l.bad[8] &= s.state != STEP_BEHIND;
        if (s.state == STEP_AGAIN && failures++ == 0)
            r = step_failed(&s);
        else
            r = ask(&s, &l, seen, &count);
    }
    assert_int_equal(failures, 2);
    assert_int_equal(r, STEP_PLAIN);
}

static void test_a_known_place_needs_two_requests(void **state)
{
    struct list l = {.n = 40, .bad = {[8] = true}};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    struct step_known known = {.low = 3,
                               .count = 1,
                               .behind = 4,
                               .has_before = true,
                               .has_after = true,
                               .before_id = 8,
                               .after_id = 10};
    (void)state;
    step_begin_known(&s, 5, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
    assert_int_equal(l.requests, 2);
    assert_int_equal(count, 7);
    l.requests = 0;
    known.check = true;
    step_begin_known(&s, 5, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
    assert_int_equal(l.requests, 3);
    l.bad[8] = false;
    step_begin_known(&s, 5, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_PLAIN);
    assert_true(s.mended);
}

/* The page has become shorter than the places before the one that was known: it is asked for as it is, and no smaller. */
static void test_a_known_place_behind_the_lists_end(void **state)
{
    struct list l = {.n = 8};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    const struct step_known known = {
        .low = 6, .count = 1, .behind = 4, .has_before = true, .before_id = 20};
    (void)state;
    step_begin_known(&s, 5, 10, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_PLAIN);
    assert_int_equal(s.size, 10);
    assert_false(s.mended);
    assert_int_equal(l.requests, 1);
}

/* Nothing stands behind it: a good record may have come in its place. It must fail once more. */
static void test_a_known_place_at_the_lists_end(void **state)
{
    struct list l = {.n = 9, .bad = {[8] = true}};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    const struct step_known known = {
        .low = 3, .count = 1, .behind = 4, .has_before = true, .before_id = 8};
    (void)state;
    step_begin_known(&s, 5, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
    assert_int_equal(l.requests, 3);
    assert_int_equal(count, 3);
    l.bad[8] = false;
    step_begin_known(&s, 5, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_PLAIN);
    assert_int_equal(s.size, 8);
}

/* The list is nothing but the place. */
static void test_a_known_place_without_neighbours(void **state)
{
    struct list l = {.n = 3, .bad = {[0] = true, [1] = true, [2] = true}};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    const struct step_known known = {.low = 0, .count = 3, .behind = 4};
    (void)state;
    step_begin_known(&s, 0, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
    assert_int_equal(s.gap, 3);
    assert_int_equal(l.requests, 2);
    l.bad[2] = false; /* what comes in, comes last */
    step_begin_known(&s, 0, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_PLAIN);
}

/* Among the greatest keys, downward, new ones come first. */
static void test_a_known_place_where_the_list_grows(void **state)
{
    struct list l = {.n = 9, .bad = {[0] = true}};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    struct step_known known = {.low = 0, .count = 1, .behind = 4, .has_after = true, .after_id = 2};
    (void)state;
    step_begin_known(&s, 0, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
    assert_int_equal(l.requests, 1);
    l.requests = 0;
    known.grows = true;
    step_begin_known(&s, 0, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
    assert_int_equal(l.requests, 2);
    l.bad[0] = false;
    step_begin_known(&s, 0, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_PLAIN);
}

/* Where the page has failed, and the place was met in another order of the list: the same neighbours prove it. */
static void test_a_hint(void **state)
{
    struct list l = {.n = 40, .bad = {[8] = true}};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    const struct step_known known = {.low = 3,
                                     .count = 1,
                                     .behind = 8,
                                     .has_before = true,
                                     .has_after = true,
                                     .before_id = 8,
                                     .after_id = 10,
                                     .young = true,
                                     .hint = true};
    (void)state;
    step_begin_known(&s, 5, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
    assert_int_equal(l.requests, 4); /* what is before, the place twice, what is behind */
    assert_int_equal(s.offset + s.low, 8);
    assert_int_equal(count, 11);
}

/* A wrong one leads to no other place than a search would, wherever the cause is, and costs a few requests. */
static void test_a_wrong_hint(void **state)
{
    (void)state;
    for (unsigned bad = 0; bad < 12; bad++)
        for (unsigned low = 1; low < 12; low++) {
            struct list l = {.n = 40};
            struct step s;
            uint64_t seen[64];
            unsigned count = 0;
            const struct step_known known = {.low = low,
                                             .count = 1,
                                             .behind = 12,
                                             .has_before = true,
                                             .has_after = true,
                                             .before_id = 99,
                                             .after_id = 98,
                                             .young = true,
                                             .hint = true};
            l.bad[5 + bad] = true;
            step_begin_known(&s, 5, 12, true, &known);
            assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
            assert_int_equal(s.gap, 1);
            assert_int_equal(s.offset + s.low, 5 + bad);
            assert_true(l.requests <= 15);
            for (unsigned i = 0; i < count; i++)
                assert_int_equal(seen[i], 5 + i + (i >= s.low ? 1 : 0) + 1);
        }
}

/* The neighbour before stands there, but the record behind it can be had: it is another one that fails. */
static void test_a_hint_to_a_good_record(void **state)
{
    struct list l = {.n = 40, .bad = {[11] = true}};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    const struct step_known known = {.low = 3,
                                     .count = 1,
                                     .behind = 8,
                                     .has_before = true,
                                     .has_after = true,
                                     .before_id = 8,
                                     .after_id = 10,
                                     .young = true,
                                     .hint = true};
    (void)state;
    step_begin_known(&s, 5, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
    assert_int_equal(s.offset + s.low, 11);
    assert_true(l.requests <= 12);
}

/* Where nothing has failed a wrong guess costs one request. */
static void test_a_guess_is_given_up_at_once(void **state)
{
    struct list l = {.n = 40, .bad = {[30] = true}};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    struct step_known known = {.low = 3,
                               .count = 1,
                               .behind = 4,
                               .has_before = true,
                               .has_after = true,
                               .before_id = 30,
                               .after_id = 32,
                               .guess = true};
    (void)state;
    step_begin_known(&s, 5, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_PLAIN);
    assert_int_equal(l.requests, 1);
    assert_int_equal(s.passed, 0);
    l.bad[30] = false;
    l.bad[9] = true; /* and where one has, it is looked for near there */
    known = (struct step_known){.low = 3,
                                .count = 1,
                                .behind = 4,
                                .has_before = true,
                                .has_after = true,
                                .before_id = 9,
                                .after_id = 11};
    l.requests = 0;
    step_begin_known(&s, 5, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
    assert_int_equal(s.offset + s.low, 9);
    assert_true(l.requests <= 6);
}

/* Under another filter the list begins elsewhere, so that another record may stand first. */
static void test_a_guess_at_the_lists_beginning_must_fail(void **state)
{
    struct list l = {.n = 20, .bad = {[0] = true}};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    const struct step_known known = {
        .count = 1, .behind = 4, .has_after = true, .after_id = 2, .guess = true};
    (void)state;
    step_begin_known(&s, 0, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
    assert_int_equal(l.requests, 2);
    l.bad[0] = false;
    step_begin_known(&s, 0, 8, true, &known);
    assert_int_equal(play(&s, &l, seen, &count), STEP_PLAIN);
}

/* Where nothing is proven in any case, a place that is known is passed by only if it fails, or stands where it stood. */
static void test_a_known_place_in_an_order_that_changes(void **state)
{
    struct list l = {.n = 40, .bad = {[8] = true}};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    const struct step_known known = {.low = 3,
                                     .count = 1,
                                     .behind = 4,
                                     .has_before = true,
                                     .has_after = true,
                                     .before_id = 8,
                                     .after_id = 11};
    (void)state;
    step_begin_known(&s, 5, 8, true, &known);
    s.forced = true;
    assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
    assert_int_equal(l.requests, 5);
    l.bad[8] = false;
    l.requests = 0;
    step_begin_known(&s, 5, 8, true, &known);
    s.forced = true;
    assert_int_equal(play(&s, &l, seen, &count), STEP_PLAIN);
    assert_int_equal(l.requests, 3);
}

/* So many places behind the cause were answered, and then the list moved: fewer are asked for, not the same for ever. */
static void test_what_was_answered_behind_the_cause_fails_now(void **state)
{
    struct list l = {.n = 20, .bad = {[1] = true, [5] = true}};
    struct step s;
    uint64_t seen[64];
    unsigned count = 0;
    (void)state;
    (void)step_begin(&s, 0, 16, true, 0);
    s.fine = s.eyed = true;
    s.low = s.gap = 1;
    s.behind = s.within = 6;
    s.state = STEP_BEFORE;
    assert_int_equal(play(&s, &l, seen, &count), STEP_TAKEN);
    assert_true(l.requests < 20);
    assert_int_equal(count, 4); /* up to the next cause */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_place_of_a_page),
        cmocka_unit_test(test_several_in_a_row_and_the_lists_end),
        cmocka_unit_test(test_pages_that_are_too_large),
        cmocka_unit_test(test_a_cause_that_leaves),
        cmocka_unit_test(test_a_cause_that_leaves_and_a_failure_by_chance),
        cmocka_unit_test(test_a_known_place_needs_two_requests),
        cmocka_unit_test(test_a_known_place_behind_the_lists_end),
        cmocka_unit_test(test_a_known_place_at_the_lists_end),
        cmocka_unit_test(test_a_known_place_without_neighbours),
        cmocka_unit_test(test_a_known_place_where_the_list_grows),
        cmocka_unit_test(test_a_hint),
        cmocka_unit_test(test_a_wrong_hint),
        cmocka_unit_test(test_a_hint_to_a_good_record),
        cmocka_unit_test(test_a_guess_is_given_up_at_once),
        cmocka_unit_test(test_a_guess_at_the_lists_beginning_must_fail),
        cmocka_unit_test(test_a_known_place_in_an_order_that_changes),
        cmocka_unit_test(test_what_was_answered_behind_the_cause_fails_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

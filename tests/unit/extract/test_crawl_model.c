/* A slice of the crawl's model test (tests/model/history.h); `make model` plays the rest. */
#include "tests/model/history.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HISTORIES 8000
#define LONE      1500
#define LONE_MET                                                                                   \
    10 /* percent of the runs that meet a record for the first time cost more than 24 */
#define LONE_KNOWN 18 /* ... and of those that know it more than 2 */

static void play(uint64_t seed, void (*make)(struct history *, uint64_t))
{
    struct history h;
    struct history_result r;
    make(&h, seed);
    history_play(&h, &r);
    if (r.violation[0] == '\0')
        return;
    history_shrink(&h);
    history_print(&h, stderr);
    history_trace(&h, stderr);
    fail_msg("seed %" PRIu64 ": %s", seed, r.violation);
}

static void test_histories(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++)
        play(seed, history_make);
}

/* Each was one in ten thousand or more, and showed a fault of the crawl. */
static void test_histories_that_once_failed(void **state)
{
    (void)state;
    static const uint64_t seeds[] = {
        4073,    6633,   13134,   14349,  26063,  32906,  53383,  54363,  61851,  70644,   75796,
        83623,   91908,  97176,   116864, 124649, 127886, 135089, 139712, 141537, 145046,  148877,
        149952,  156718, 163170,  176743, 179488, 189915, 204739, 211697, 223105, 238674,  239909,
        243684,  245727, 248996,  251462, 253339, 264689, 270634, 271905, 284752, 287404,  287439,
        293814,  299063, 300872,  303521, 305543, 308821, 310937, 312204, 318165, 323190,  329325,
        342031,  347546, 379679,  390613, 19432,  150407, 303602, 407782, 412084, 421235,  425241,
        433850,  459192, 534526,  593876, 733771, 924509, 28483,  30522,  75318,  512810,  527815,
        88291,   90497,  95483,   98872,  76413,  83316,  94912,  100145, 512,    2384,    5535,
        5748,    7034,   16566,   18579,  203506, 213612, 214354, 219801, 306160, 309474,  318787,
        704373,  320879, 365953,  651596, 325988, 657200, 344531, 377159, 777896, 805905,  345,
        5127,    5980,   8667,    17675,  137293, 432486, 478345, 496997, 503068, 636116,  198910,
        418722,  364679, 667281,  118899, 835469, 539305, 631733, 425976, 289828, 1032077, 4008246,
        4011137, 4303,   7100243, 975535, 48196,  86507,  116097, 301089, 405576, 408859,  511458,
        909745,  97189,  685109,  831726, 616023, 169774, 170956, 728917, 349433, 778203,  879758};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        play(seeds[i], history_make);
}

/* Small tables of which much is not given; these once failed. */
static void test_histories_that_lack_much(void **state)
{
    (void)state;
    static const uint64_t seeds[] = {106201, 182979, 8209,   9382,   52788,  54903,  126042, 128174,
                                     136745, 401428, 409359, 415891, 416640, 108849, 561,    4230,
                                     5151,   7700,   803682, 809535, 824012, 39022,  68249,  93482,
                                     109144, 139324, 63845,  64263,  123051, 125812, 135558, 106816,
                                     151473, 41315,  70168,  188251, 55464,  83460};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        play(seeds[i], history_make_lacking);
    for (uint64_t seed = 1; seed <= HISTORIES / 4; seed++)
        play(seed, history_make_lacking);
}

/* A model that finds nothing proves nothing: here is an API that loses what a crawl would have to
 * keep. */
static void test_finds_what_is_lost(void **state)
{
    (void)state;
    unsigned found = 0;
    for (uint64_t seed = 1; seed <= 300 && found == 0; seed++) {
        struct history h;
        struct history_result r;
        history_make(&h, seed);
        h.world.forgets = true;
        history_play(&h, &r);
        found += r.violation[0] != '\0';
    }
    assert_int_not_equal(found, 0);
}

static void test_same_seed_same_history(void **state)
{
    (void)state;
    struct history a;
    struct history b;
    struct history_result x;
    struct history_result y;
    history_make(&a, 77);
    history_make(&b, 77);
    history_play(&a, &x);
    history_play(&b, &y);
    assert_int_equal(x.requests, y.requests);
    assert_int_equal(x.retakes, y.retakes);
    assert_int_equal(x.pages, y.pages);
    assert_true(x.requests > 0);
}

/* Shrinking keeps the failure and makes the history no longer. */
static void test_shrinks(void **state)
{
    (void)state;
    for (uint64_t seed = 1;; seed++) {
        struct history h;
        struct history_result r;
        history_make(&h, seed);
        h.world.forgets = true;
        history_play(&h, &r);
        if (r.violation[0] == '\0')
            continue;
        unsigned events = h.event_count;
        unsigned records = h.world.records;
        history_shrink(&h);
        history_play(&h, &r);
        assert_string_not_equal(r.violation, "");
        assert_true(h.event_count <= events && h.world.records <= records);
        return;
    }
}

/* One record that is not given: what it costs in most lists. In some it is looked for anew, where its place is guessed wrongly. */
static void test_what_one_record_costs(void **state)
{
    (void)state;
    struct history_costs costs = {0};
    for (uint64_t seed = 1; seed <= LONE; seed++) {
        struct history h;
        struct history_result r;
        history_make_lone(&h, seed);
        history_play(&h, &r);
        assert_string_equal(r.violation, "");
        history_costs_add(&costs, &r);
    }
    assert_true(costs.met > LONE / 2 && costs.known > LONE);
    assert_true(costs.met_above * 100 <= costs.met * LONE_MET);
    assert_true(costs.known_above * 100 <= costs.known * LONE_KNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histories),
        cmocka_unit_test(test_histories_that_once_failed),
        cmocka_unit_test(test_histories_that_lack_much),
        cmocka_unit_test(test_what_one_record_costs),
        cmocka_unit_test(test_finds_what_is_lost),
        cmocka_unit_test(test_same_seed_same_history),
        cmocka_unit_test(test_shrinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

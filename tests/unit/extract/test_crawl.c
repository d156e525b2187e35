#include "tests/unit/extract/crawl_api.h"

static void test_full_crawl_costs_a_request_a_page(void **state)
{
    struct api *api = *state;
    fill(api, 10000, 60 * WHEN_SECOND, START - HOUR);
    run(api);
    assert_complete(api, 10000 / 99 + 4);
    assert_int_equal(api->stats.complete_to, api->date - plain.margin);
    assert_int_equal(api->stats.reached, START - HOUR);
}

static void test_quiet_table_costs_one_request(void **state)
{
    struct api *api = *state;
    fill(api, 1000, 60 * WHEN_SECOND, START - HOUR);
    run(api);
    for (int i = 0; i < 30; i++) {
        api->date += 600 * WHEN_SECOND;
        run(api);
        /* The overlap's 120 records are read again for as long as late ones may come among them. */
        assert_int_equal(api->requests, i < 12 ? 2 : 1);
    }
    assert_int_equal(api->stats.complete_to, api->date - plain.margin);
}

static void test_small_table_costs_one_request(void **state)
{
    struct api *api = *state;
    fill(api, 3, 24 * HOUR, START - HOUR);
    run(api);
    assert_complete(api, 4);
    api->date += 600 * WHEN_SECOND;
    run(api);
    assert_int_equal(api->requests, 1);
}

/* A page that is as long as the longest so far may have been cut, and the count be one of before. */
static void test_a_count_of_before_ends_nothing(void **state)
{
    struct api *api = *state;
    for (unsigned n = 1; n <= 12; n++) {
        fill(api, n, HOUR / 60, START - HOUR);
        api->cap = n;
        buf_reset(&api->position);
        memset(api->kept, 0, sizeof api->kept);
        run(api);
        assert_complete(api, 8);
        api->times[api->n++] = START + WHEN_SECOND;
        api->was = n;
        api->date += 600 * WHEN_SECOND;
        run(api);
        if (missing(api) > 0)
            fail_msg("of %u records %u are missing", api->n, missing(api));
        api->was = 0;
        api->date = START;
    }
}

static void test_quiet_after_bulk_edit_of_thousands(void **state)
{
    struct api *api = *state;
    fill(api, 6000, 0, START - HOUR);
    for (unsigned i = 0; i < 500; i++)
        api->times[i] -= 24 * HOUR + (500 - i) * WHEN_SECOND;
    run(api);
    assert_complete(api, 123); /* 6000 / 99 and 1 % and 4, 5500 / 99 and 3 */
    api->date += 3 * HOUR;
    run(api);
    api->date += 600 * WHEN_SECOND;
    run(api);
    assert_int_equal(api->requests, 1);
}

static void test_new_records_cost_a_request_a_hundred(void **state)
{
    struct api *api = *state;
    fill(api, 5000, 60 * WHEN_SECOND, START - HOUR);
    run(api);
    for (unsigned i = 0; i < 50; i++)
        api->times[api->n++] = START + (int64_t)i * WHEN_SECOND;
    api->date += 600 * WHEN_SECOND;
    run(api);
    assert_complete(api, 2);
}

static void test_skews(void **state)
{
    struct api *api = *state;
    static const int64_t hours[] = {-13, -2, -1, 1, 2, 7, 14, 26};
    for (size_t i = 0; i < sizeof(hours) / sizeof(*hours); i++) {
        memset(api->kept, 0, sizeof(api->kept));
        buf_reset(&api->position);
        api->read = hours[i] * HOUR;
        fill(api, 10000, 60 * WHEN_SECOND, START - HOUR);
        run(api);
        assert_complete(api, 10000 / 99 + 20);
        api->date += 600 * WHEN_SECOND;
        run(api);
        assert_complete(api, 8);
    }
}

static void test_skew_that_changes_between_runs(void **state)
{
    struct api *api = *state;
    fill(api, 3000, 600 * WHEN_SECOND, START - HOUR);
    run(api);
    for (int hour = 1; hour <= 3; hour++) {
        api->read = hour * 8 * HOUR;
        for (unsigned i = 0; i < 150; i++)
            api->times[api->n++] = api->date - HOUR + (int64_t)i * WHEN_SECOND;
        api->date += 6 * HOUR;
        run(api);
        assert_complete(api, 12);
    }
}

static void test_groups_of_equal_times(void **state)
{
    struct api *api = *state;
    fill(api, 5000, 0, START - HOUR);
    run(api);
    assert_complete(api, 5000 / 99 + 4 + 5000 / 99 + 4);
}

static void test_own_page_size_of_the_api(void **state)
{
    struct api *api = *state;
    api->cap = 50;
    fill(api, 3000, 60 * WHEN_SECOND, START - HOUR);
    run(api);
    assert_complete(api, 3000 / 48 + 7);
}

static void test_timeless_first(void **state)
{
    struct api *api = *state;
    fill(api, 2000, 60 * WHEN_SECOND, START - HOUR);
    for (unsigned i = 0; i < 500; i++)
        api->times[i] = WHEN_NONE;
    run(api);
    assert_complete(api, 2000 / 96 + 6);
    assert_true(api->stats.timeless >= 500);
}

static void test_timeless_last(void **state)
{
    struct api *api = *state;
    fill(api, 2000, 60 * WHEN_SECOND, START - HOUR);
    for (unsigned i = 1500; i < 2000; i++)
        api->times[i] = WHEN_NONE;
    run(api);
    assert_complete(api, 2000 / 96 + 6);
    api->date += 600 * WHEN_SECOND;
    run(api);
    assert_true(api->requests <= 3);
}

/* Two servers answer in turn, one of which lacks some records. */
static void test_answers_of_two_tables_prove_nothing(void **state)
{
    struct api *api = *state;
    fill(api, 2500, 3600 * WHEN_SECOND, START - 48 * HOUR);
    api->lacks = 50;
    run(api);
    assert_int_not_equal(api->stats.unproven, 0);
    assert_true(api->stats.complete_to < api->times[0]);
    api->lacks = 0; /* they agree again */
    api->date += 25 * HOUR;
    struct crawl_conf conf = plain;
    conf.now = api->date;
    open_with(api, conf);
    while (step(api))
        ;
    assert_int_equal(api->stats.unproven, 0);
    assert_int_equal(missing(api), 0);
}

/* Nor where each run of a few pages has seen too little of it by itself. */
static void test_answers_of_two_tables_over_several_runs(void **state)
{
    struct api *api = *state;
    unsigned pages = 0;
    fill(api, 2500, 3600 * WHEN_SECOND, START - 48 * HOUR);
    api->lacks = 50;
    open_with(api, plain);
    while (step(api))
        if (pages < 48 && ++pages % 6 == 0)
            open_with(api, plain);
    assert_int_equal(pages, 48);
    assert_int_not_equal(api->stats.unproven, 0);
    assert_true(api->stats.complete_to < api->times[0]);
}

static void test_future_hides_nothing(void **state)
{
    struct api *api = *state;
    fill(api, 500, 60 * WHEN_SECOND, START - HOUR);
    for (unsigned i = 350; i < 500; i++)
        api->times[i] = START + INT64_C(75) * 365 * 24 * HOUR;
    run(api);
    assert_complete(api, 500 / 96 + 8);
    assert_true(api->stats.complete_to < START);
    assert_true(api->stats.reached <= START);
    /* One more record, before those of the future. */
    memmove(&api->times[351], &api->times[350], 150 * sizeof(*api->times));
    api->times[350] = START + 60 * WHEN_SECOND;
    api->n++;
    memset(&api->kept[350], 0, 151);
    api->date += 600 * WHEN_SECOND;
    run(api);
    assert_complete(api, 7);
}

static void test_filter_ignored(void **state)
{
    struct api *api = *state;
    api->ignores_filter = true;
    fill(api, 3000, HOUR, START - HOUR);
    run_by_time(api);
    assert_complete(api, 3000 / 96 + 6);
    assert_true(api->stats.filter_ignored);
    api->times[api->n++] = START;
    api->date += 600 * WHEN_SECOND;
    run_by_time(api);
    assert_complete(api, 8);
}

static void test_offset_ignored(void **state)
{
    struct api *api = *state;
    api->ignores_offset = true;
    fill(api, 300, 0, START - HOUR);
    run_by_time(api);
    assert_int_equal(api->e.code, ERR_PROTOCOL);
    assert_non_null(strstr(api->e.msg, "ignores offset"));
    assert_true(api->requests < 100);
}

/* Records of one time, any of which stand on each page: no page is empty, and none shows where they end. */
static void test_any_page_at_any_offset(void **state)
{
    struct api *api = *state;
    fill(api, 300, 0, START - HOUR);
    api->draws = api->no_count = true;
    run_by_time(api);
    assert_int_equal(missing(api), 0);
    assert_true(api->stats.unproven != 0);
    assert_true(api->requests < 1000);
}

/* The same of old times: a list that shows no end is left. */
static void test_no_list_is_endless(void **state)
{
    struct api *api = *state;
    static const int64_t steps[] = {0, 1, WHEN_SECOND};
    api->draws = api->no_count = true;
    api->most = 12000;
    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
        fill(api, 300, steps[i], START - 400 * 24 * HOUR);
        api->e = ERR_INIT;
        buf_reset(&api->position);
        run_by_time(api);
        assert_int_equal(api->e.code, ERR_UNAVAILABLE);
        assert_true(api->position.len > 0); /* the next run goes on */
    }
}

static void test_same_page_for_ever(void **state)
{
    struct api *api = *state;
    api->stuck = true;
    fill(api, 300, 600 * WHEN_SECOND, START - HOUR);
    run(api);
    assert_int_equal(api->e.code, ERR_PROTOCOL);
    assert_true(api->requests < 20);
}

static void test_unsorted(void **state)
{
    struct api *api = *state;
    fill(api, 300, HOUR, START - HOUR);
    api->times[50] = START - 10000 * HOUR;
    run_by_time(api);
    assert_int_equal(api->e.code, ERR_PROTOCOL);
    assert_non_null(strstr(api->e.msg, "does not sort"));
}

static void test_interrupted_and_gone_on_with(void **state)
{
    struct api *api = *state;
    unsigned total = 0;
    fill(api, 3000, 60 * WHEN_SECOND, START - HOUR);
    do {
        open_with(api, plain);
        for (int i = 0; i < 4 && step(api); i++)
            ;
        total += api->requests;
        api->date += 600 * WHEN_SECOND;
        assert_true(total < 200);
    } while (missing(api) > 0);
    assert_true(total <= 3000 / 99 + 5);
}

static enum crawl_after_failure fails(struct api *api, bool too_large)
{
    struct crawl_failure f = {.too_large = too_large, .left = 9, .now = api->date, .why = "fails"};
    return crawl_failed(api->crawl, &f);
}

static void test_timeouts_halve_the_page_and_success_grows_it(void **state)
{
    struct api *api = *state;
    struct crawl_request r;
    /* the third asks whether the table goes on behind its first page */
    static const unsigned sizes[] = {100, 50, 1, 25};
    fill(api, 3000, 60 * WHEN_SECOND, START - HOUR);
    open_with(api, plain);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        assert_int_equal(crawl_next(api->crawl, &r), CRAWL_FETCH);
        assert_int_equal(r.limit, sizes[i]);
        assert_int_equal(fails(api, true), CRAWL_OTHER);
    }
    while (step(api))
        ;
    assert_int_equal(api->last.limit, 100);
    assert_complete(api, 3000 / 99 + 30);
}

static void test_body_taken_back(void **state)
{
    struct api *api = *state;
    struct crawl_request r;
    fill(api, 250, 60 * WHEN_SECOND, START - HOUR);
    open_with(api, plain);
    assert_int_equal(crawl_next(api->crawl, &r), CRAWL_FETCH);
    for (unsigned i = 0; i < 60; i++)
        send(api, i);
    assert_int_equal(fails(api, false), CRAWL_AGAIN);
    while (step(api))
        ;
    assert_complete(api, 6);
}

static void test_since_is_early_enough_for_any_skew(void **state)
{
    struct api *api = *state;
    struct crawl_conf conf = plain;
    fill(api, 1000, HOUR, START - HOUR);
    api->read = 14 * HOUR;
    conf.since = START - 100 * HOUR;
    open_with(api, conf);
    while (step(api))
        ;
    for (unsigned i = 0; i < api->n; i++)
        assert_true(api->kept[i] || api->times[i] < conf.since);
    assert_false(api->kept[0]);
}

static void test_floor(void **state)
{
    struct api *api = *state;
    struct crawl_conf conf = plain;
    fill(api, 1000, HOUR, START - HOUR);
    conf.floor = START - 10 * HOUR;
    conf.now = START;
    open_with(api, conf);
    while (step(api))
        ;
    assert_true(api->requests <= 3);
    assert_true(api->kept[999 - 11]);
    assert_false(api->kept[0]);
}

static void test_floor_in_the_future_says_nothing(void **state)
{
    struct api *api = *state;
    struct crawl_conf conf = plain;
    fill(api, 1000, HOUR, START - HOUR);
    conf.floor = START + 100000 * HOUR;
    conf.now = START;
    open_with(api, conf);
    while (step(api))
        ;
    assert_complete(api, 14);
}

static void test_anchor_is_the_sources_own_string(void **state)
{
    struct api *api = *state;
    char want[WHEN_TEXT];
    fill(api, 300, 60 * WHEN_SECOND, START - HOUR);
    struct crawl_conf conf = plain;
    conf.keyed = false;
    open_with(api, conf);
    assert_true(step(api));
    assert_true(step(api));
    assert_string_equal(api->last.after, when_api(api->times[98], want));
    assert_int_equal(api->last.offset, 0);
    assert_string_equal(api->first_after, "");
}

static const char *micros(int64_t t, char out[WHEN_TEXT])
{
    (void)when_iso(t, out);
    out[10] = ' ';
    out[26] = '\0';
    return out;
}

static void test_fractions_are_cut_downwards(void **state)
{
    struct api *api = *state;
    api->show = micros;
    fill(api, 2000, 333, START - HOUR + 123456);
    run(api);
    assert_complete(api, 2000 / 90 + 8 + 2000 / 90 + 8);
    assert_non_null(strstr(api->position.data, "2024-05-13 09:22:3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_full_crawl_costs_a_request_a_page),
        TEST(test_quiet_table_costs_one_request),
        TEST(test_small_table_costs_one_request),
        TEST(test_a_count_of_before_ends_nothing),
        TEST(test_quiet_after_bulk_edit_of_thousands),
        TEST(test_new_records_cost_a_request_a_hundred),
        TEST(test_skews),
        TEST(test_skew_that_changes_between_runs),
        TEST(test_groups_of_equal_times),
        TEST(test_own_page_size_of_the_api),
        TEST(test_timeless_first),
        TEST(test_timeless_last),
        TEST(test_answers_of_two_tables_prove_nothing),
        TEST(test_answers_of_two_tables_over_several_runs),
        TEST(test_future_hides_nothing),
        TEST(test_filter_ignored),
        TEST(test_offset_ignored),
        TEST(test_any_page_at_any_offset),
        TEST(test_no_list_is_endless),
        TEST(test_same_page_for_ever),
        TEST(test_unsorted),
        TEST(test_interrupted_and_gone_on_with),
        TEST(test_timeouts_halve_the_page_and_success_grows_it),
        TEST(test_body_taken_back),
        TEST(test_since_is_early_enough_for_any_skew),
        TEST(test_floor),
        TEST(test_floor_in_the_future_says_nothing),
        TEST(test_anchor_is_the_sources_own_string),
        TEST(test_fractions_are_cut_downwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

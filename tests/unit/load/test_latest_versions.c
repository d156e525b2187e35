#include "load/check/latest_versions.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/load/spool_fixture.h"

static struct fixture fx;
static struct zone *utc;

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

static struct latest_versions_conf conf_to(uint64_t page, uint64_t line)
{
    struct latest_versions_conf c = {
        .spool = fx.spool,
        .table = "contacts",
        .row = {.key = "contact_id", .key_min = INT32_MIN, .key_max = INT32_MAX, .zone = utc}};
    for (unsigned i = 0; i < LANES; i++)
        c.at.at[i] = (struct progress){.place = {1, page}, .line = line};
    return c;
}

static struct latest_versions *read_keys(const struct latest_versions_conf *c, const int64_t *keys,
                                         size_t n, struct latest_versions_tally *tally)
{
    struct latest_versions *all = NULL;
    assert_int_equal(latest_versions_open(&all, NULL), OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(latest_versions_key(all, keys[i], NULL), OK);
    latest_versions_range(all, INT64_MIN, INT64_MAX);
    assert_int_equal(latest_versions_read(all, c, true, tally, NULL), OK);
    return all;
}

static int64_t at(const char *text)
{
    int64_t t = 0;
    assert_int_equal(when_parse(text, strlen(text), utc, &t), OK);
    return t;
}

static void test_the_newest_is_what_upserts_leave(void **state)
{
    (void)state;
    fixture_write(&fx, "contacts",
                  "{\"contact_id\":1,\"time_modified\":\"2024-01-02\",\"a\":1}\n"
                  "{\"contact_id\":1,\"time_modified\":\"2024-01-01\",\"stale\":1}\n"
                  "{\"contact_id\":2,\"time_modified\":\"2024-01-01\",\"a\":1}\n\n"
                  "{\"contact_id\":2,\"b\":1,\"deleted\":true}\n"
                  "{\"contact_id\":5,\"time_modified\":\"2024-01-01\"}\n"
                  "{\"contact_id\":5,\"time_modified\":\"2024-01-02\",\"deleted\":true}\n"
                  "{\"contact_id\":\"x\"}\n\n");
    const int64_t keys[] = {1, 2, 3};
    struct latest_versions_tally tally;
    struct latest_versions_conf c = conf_to(2, 0);
    struct latest_versions *all = read_keys(&c, keys, 3, &tally);
    assert_int_equal(latest_versions_count(all), 3);
    assert_int_equal(latest_versions_of(all, 0)->time, at("2024-01-02"));
    assert_string_equal(latest_versions_names(all, latest_versions_of(all, 0)->shape), "[\"a\"]");
    assert_int_equal(latest_versions_of(all, 1)->time,
                     at("2024-01-01")); /* one without leaves it */
    assert_string_equal(latest_versions_names(all, latest_versions_of(all, 1)->shape),
                        "[\"b\",\"deleted\"]");
    assert_false(latest_versions_of(all, 2)->seen);
    const struct latest_versions_version *strays = NULL;
    bool more = true;
    assert_int_equal(latest_versions_strays(all, &strays, &more), 1);
    assert_false(more);
    assert_true(strays[0].key == 5 && strays[0].deleted);
    assert_int_equal(tally.refused, 1);
    assert_int_equal(tally.rows, 6);
    latest_versions_close(all);
}

static void test_nothing_that_is_not_loaded_counts(void **state)
{
    (void)state;
    fixture_write(&fx, "contacts",
                  "{\"contact_id\":1,\"v\":1}\n\n{\"contact_id\":1,\"w\":2}\n{\"contact_id\":2}\n"
                  "{\"contact_id\":3}\n\n{\"contact_id\":1,\"x\":3}\n\n");
    const int64_t keys[] = {1, 2, 3};
    static const struct {
        uint64_t page, line;
        const char *names;
        uint64_t rows;
        bool second, third;
    } cases[] = {{0, 0, NULL, 0, false, false},      {1, 0, "[\"v\"]", 1, false, false},
                 {2, 1, "[\"w\"]", 2, false, false}, {2, 2, "[\"w\"]", 3, true, false},
                 {2, 0, "[\"w\"]", 4, true, true},   {3, 0, "[\"x\"]", 5, true, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct latest_versions_tally tally;
        struct latest_versions_conf c = conf_to(cases[i].page, cases[i].line);
        struct latest_versions *all = read_keys(&c, keys, 3, &tally);
        assert_int_equal(tally.rows, cases[i].rows);
        assert_int_equal(tally.rows + tally.behind, 5);
        assert_int_equal(latest_versions_of(all, 0)->seen, cases[i].names != NULL);
        if (cases[i].names != NULL)
            assert_string_equal(latest_versions_names(all, latest_versions_of(all, 0)->shape),
                                cases[i].names);
        assert_int_equal(latest_versions_of(all, 1)->seen, cases[i].second);
        assert_int_equal(latest_versions_of(all, 2)->seen, cases[i].third);
        latest_versions_close(all);
    }
}

/* Each lane has its own way: what counts for one key does not for another. */
static void test_lanes_are_looked_at_one_by_one(void **state)
{
    (void)state;
    fixture_write(&fx, "contacts",
                  "{\"contact_id\":1}\n{\"contact_id\":2}\n{\"contact_id\":3}\n\n");
    for (int64_t key = 1; key <= 3; key++) {
        struct latest_versions_tally tally;
        struct latest_versions_conf c = conf_to(0, 0);
        c.at.at[lane_of(key)] = (struct progress){.place = {1, 1}, .line = 0};
        struct latest_versions *all = read_keys(&c, &key, 1, &tally);
        assert_true(latest_versions_of(all, 0)->seen);
        latest_versions_close(all);
    }
}

static void test_a_range_and_the_next_keys(void **state)
{
    (void)state;
    fixture_write(&fx, "contacts",
                  "{\"contact_id\":1}\n{\"contact_id\":5}\n{\"contact_id\":9}\n\n");
    struct latest_versions *all = NULL;
    struct latest_versions_tally tally;
    const struct latest_versions_version *strays = NULL;
    bool more = false;
    struct latest_versions_conf c = conf_to(1, 0);
    assert_int_equal(latest_versions_open(&all, NULL), OK);
    assert_int_equal(latest_versions_key(all, 1, NULL), OK);
    latest_versions_range(all, 1, 4);
    assert_int_equal(latest_versions_read(all, &c, false, &tally, NULL), OK);
    assert_int_equal(latest_versions_strays(all, &strays, &more), 0);
    latest_versions_reset(all);
    assert_int_equal(latest_versions_key(all, 9, NULL), OK);
    latest_versions_range(all, 5, INT64_MAX);
    assert_int_equal(latest_versions_read(all, &c, false, &tally, NULL), OK);
    assert_int_equal(latest_versions_strays(all, &strays, &more), 1);
    assert_int_equal(strays[0].key, 5);
    assert_int_equal(latest_versions_count(all), 1);
    latest_versions_close(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_newest_is_what_upserts_leave, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_that_is_not_loaded_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lanes_are_looked_at_one_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_range_and_the_next_keys, setup, teardown),
    };
    if (zone_open(&utc, "UTC", NULL) != OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zone_close(utc);
    return failed;
}

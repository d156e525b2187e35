#include "spool/dead_letters/dead_letter_overtaken.h"
#include "spool/dead_letters/dead_letter_versions.h"
#include "tests/unit/spool/helper.h"

static void add(struct fixture *f, enum dead_side side, uint64_t page, const char *raw)
{
    struct dead_letter l = {.at = when_now(),
                            .reason = "nul",
                            .sqlstate = "",
                            .message = "m",
                            .file = "",
                            .place = {1, page},
                            .line = 3,
                            .raw = raw,
                            .raw_len = strlen(raw)};
    assert_ok(dead_add(f->spool, TABLE, side, &l, 1, e));
}

static enum err_code count(void *ctx, const struct dead_letter *letter, struct err *err)
{
    unsigned *n = ctx;
    (void)letter;
    (void)err;
    ++*n;
    return OK;
}

static unsigned listed(struct fixture *f, enum dead_side side)
{
    unsigned n = 0;
    assert_ok(dead_each(f->spool, TABLE, side, count, &n, e));
    return n;
}

static bool is_second(void *ctx, const struct dead_letter *letter)
{
    (void)ctx;
    return letter->place.page == 6;
}

static bool is_none(void *ctx, const struct dead_letter *letter)
{
    (void)ctx;
    (void)letter;
    return false;
}

static void go_in(struct dead_overtaken *x, struct dead_version v)
{
    uint64_t recent;
    dead_overtaken_note(x, &v);
    assert_ok(dead_overtaken_remove(x, &recent, e));
}

static void test_the_newer_version_overtakes(void **state)
{
    struct fixture f;
    struct dead_overtaken *x;
    struct zone *zone = NULL;
    int64_t t;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    assert_ok(zone_open(&zone, "UTC", e));
    assert_ok(dead_overtaken_open(&x, f.spool, TABLE, DEAD_LOAD, "contact_id", zone, e));
    assert_ok(dead_overtaken_refresh(x, e));
    assert_int_equal(dead_overtaken_watched(x), 0);
    go_in(x, (struct dead_version){1, WHEN_NONE, {9, 9}, 9});
    add(&f, DEAD_LOAD, 5, "{\"contact_id\":1,\"time_modified\":\"2024-05-13 10:22:33\"}");
    add(&f, DEAD_LOAD, 6, "{\"contact_id\":1}");
    add(&f, DEAD_LOAD, 6, "{\"name\":1}");
    assert_ok(dead_overtaken_refresh(x, e));
    assert_int_equal(dead_overtaken_watched(x), 2);
    assert_int_equal(when_parse("2024-05-13 10:22:33", 19, zone, &t), OK);
    go_in(x, (struct dead_version){2, t, {9, 9}, 9}); /* another record */
    go_in(x, (struct dead_version){1, t - 1, {5, 9}, 9} /* older than one, later than the other */);
    assert_int_equal(listed(&f, DEAD_LOAD), 2);
    go_in(x, (struct dead_version){1, t, {1, 5}, 2}); /* of the same time, and fetched before */
    assert_int_equal(listed(&f, DEAD_LOAD), 2);
    go_in(x, (struct dead_version){1, t + 1, {1, 1}, 1});
    assert_int_equal(listed(&f, DEAD_LOAD), 1); /* the one without a key stays */
    assert_int_equal(dead_overtaken_watched(x), 0);
    dead_overtaken_close(x);
    zone_close(zone);
    fixture_close(&f);
}

static void test_what_went_in_is_removed_and_what_was_overtaken_is_remembered(void **state)
{
    struct fixture f;
    struct dead_overtaken *x;
    uint64_t recent;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    add(&f, DEAD_LOAD, 5, "{\"contact_id\":1}");
    assert_ok(dead_overtaken_open(&x, f.spool, TABLE, DEAD_LOAD, "contact_id", NULL, e));
    add(&f, DEAD_LOAD, 6, "{\"contact_id\":2}");
    assert_ok(dead_overtaken_refresh(x, e));
    dead_overtaken_note(x, &(struct dead_version){1, WHEN_NONE, {1, 5}, 3}); /* this very line */
    dead_overtaken_note(x, &(struct dead_version){2, WHEN_NONE, {1, 7}, 1});
    dead_overtaken_unmark(x);
    assert_ok(dead_overtaken_remove(x, &recent, e));
    assert_int_equal(listed(&f, DEAD_LOAD), 2);
    dead_overtaken_note(x, &(struct dead_version){1, WHEN_NONE, {1, 5}, 3});
    dead_overtaken_note(x, &(struct dead_version){2, WHEN_NONE, {1, 7}, 1});
    assert_ok(dead_overtaken_remove(x, &recent, e));
    assert_int_equal(recent, 1);
    assert_int_equal(listed(&f, DEAD_LOAD), 0);
    dead_overtaken_close(x);
    fixture_close(&f);
}

/* Refused again at another place they are new. */
static void test_neither_is_known_by_its_bytes(void **state)
{
    struct fixture f;
    struct dead_versions *v;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    add(&f, DEAD_LOAD, 5, "{\"contact_id\":1}");
    add(&f, DEAD_LOAD, 6, "{\"contact_id\":2}");
    assert_ok(dead_unlist(f.spool, TABLE, DEAD_LOAD, DEAD_LISTED, is_second, NULL, e));
    assert_ok(dead_unlist(f.spool, TABLE, DEAD_LOAD, DEAD_OVERTAKEN, is_none, NULL, e));
    assert_int_equal(listed(&f, DEAD_LOAD), 0);
    assert_ok(dead_versions_open(&v, f.spool, TABLE, DEAD_LOAD, e));
    assert_ok(dead_versions_refresh(v, e));
    assert_true(dead_versions_add(v, "{\"contact_id\":1}", 16));
    assert_true(dead_versions_add(v, "{\"contact_id\":2}", 16));
    dead_versions_close(v);
    fixture_close(&f);
}

static void test_what_was_dismissed_is_known_by_its_bytes(void **state)
{
    struct fixture f;
    struct dead_versions *v;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    add(&f, DEAD_LOAD, 5, "{\"contact_id\":1}");
    add(&f, DEAD_LOAD, 6, "{\"contact_id\":2}");
    assert_ok(dead_unlist(f.spool, TABLE, DEAD_LOAD, DEAD_DISMISSED, is_second, NULL, e));
    assert_int_equal(listed(&f, DEAD_LOAD), 1);
    assert_ok(dead_filter(f.spool, TABLE, DEAD_LOAD, is_second, NULL, e)); /* not asked of it */
    assert_ok(dead_versions_open(&v, f.spool, TABLE, DEAD_LOAD, e));
    assert_ok(dead_versions_refresh(v, e));
    assert_false(dead_versions_add(v, "{\"contact_id\":1}", 16));
    assert_false(dead_versions_add(v, "{\"contact_id\":2}", 16));
    dead_versions_close(v);
    fixture_close(&f);
}

static void test_many(void **state)
{
    struct fixture f;
    struct dead_overtaken *x;
    uint64_t recent;
    char raw[64];
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    for (int i = 0; i < 200; i++) {
        (void)snprintf(raw, sizeof raw, "{\"contact_id\":%d,\"n\":%d}", i / 2, i);
        add(&f, DEAD_EXTRACT, 1, raw);
    }
    assert_ok(dead_overtaken_open(&x, f.spool, TABLE, DEAD_EXTRACT, "contact_id", NULL, e));
    assert_ok(dead_overtaken_refresh(x, e));
    for (int i = 0; i < 100; i += 2)
        dead_overtaken_note(x, &DEAD_VERSION_NOW(i));
    assert_ok(dead_overtaken_remove(x, &recent, e));
    assert_int_equal(listed(&f, DEAD_EXTRACT), 100);
    assert_int_equal(dead_overtaken_watched(x), 100);
    dead_overtaken_close(x);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newer_version_overtakes),
        cmocka_unit_test(test_what_went_in_is_removed_and_what_was_overtaken_is_remembered),
        cmocka_unit_test(test_neither_is_known_by_its_bytes),
        cmocka_unit_test(test_what_was_dismissed_is_known_by_its_bytes),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/unit/spool/helper.h"

#include "shared/time/when.h"
#include "spool/format/fetch_position.h"
#include <stdlib.h>

#define REGULAR "{\"netty_crawl\":2,\"below\":\",\\\"progress\\\":{\",\"phase\":\"end\"}"
#define OWN     "{\"netty_crawl\":2,\"phase\":\"keys\",\"a\":[1,{\"b\":2}]}"

static struct fetch_position *make(void)
{
    struct fetch_position *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->proven = WHEN_NONE;
    return p;
}

static void test_one_of_before(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct fetch_position *p = make();
    assert_int_equal(fetch_position_read(p, REGULAR, &e), OK);
    assert_string_equal(p->regular, REGULAR);
    assert_false(p->backfill || p->has_own || p->records > 0);
    assert_int_equal(p->proven, WHEN_NONE);
    assert_int_equal(fetch_position_read(p, NULL, &e), OK);
    assert_string_equal(p->regular, "");
    free(p);
}

static void test_there_and_back(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct buf text;
    struct fetch_position *p = make();
    struct backfill_state s;
    bool there = false;
    buf_init(&text, PAGE_POSITION_MAX);
    p->records = 90;
    p->proven = 23 * WHEN_SECOND;
    p->backfill = p->has_own = true;
    p->state = (struct backfill_state){.began = 17 * WHEN_SECOND,
                                       .since = WHEN_NONE,
                                       .runs = 3,
                                       .requests = 12,
                                       .pages = 11,
                                       .records = 40,
                                       .of = 90};
    assert_int_equal(buf_adds(&text, REGULAR), OK);
    assert_int_equal(fetch_position_add(&text, p, OWN, &e), OK);
    assert_true(fetch_position_has_backfill(text.data));
    assert_int_equal(fetch_position_state(text.data, &s, &there, &e), OK);
    assert_true(there && s.records == 40 && s.of == 90 && s.runs == 3 && s.since == WHEN_NONE);
    memset(p, 0, sizeof *p);
    assert_int_equal(fetch_position_read(p, text.data, &e), OK);
    assert_string_equal(p->regular, REGULAR);
    assert_string_equal(p->own, OWN);
    assert_true(p->backfill && p->has_own && p->records == 90);
    assert_int_equal(p->state.began, 17 * WHEN_SECOND);
    assert_int_equal(p->proven, 23 * WHEN_SECOND);
    /* The regular crawl goes on, the backfill stays as it is, then ends. */
    buf_reset(&text);
    assert_int_equal(buf_adds(&text, "{\"netty_crawl\":2}"), OK);
    p->state.since = 5 * WHEN_SECOND;
    assert_int_equal(fetch_position_add(&text, p, p->own, &e), OK);
    assert_int_equal(fetch_position_read(p, text.data, &e), OK);
    assert_string_equal(p->regular, "{\"netty_crawl\":2}");
    assert_string_equal(p->own, OWN);
    assert_int_equal(p->state.since, 5 * WHEN_SECOND);
    p->backfill = false;
    buf_reset(&text);
    assert_int_equal(buf_adds(&text, REGULAR), OK);
    assert_int_equal(fetch_position_add(&text, p, "", &e), OK);
    assert_false(fetch_position_has_backfill(text.data));
    assert_int_equal(fetch_position_state(text.data, &s, &there, &e), OK);
    assert_false(there);
    buf_free(&text);
    free(p);
}

static void test_what_cannot_be_read(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"a\":1,\"progress\":{}}",
        "{\"a\":1,\"progress\":{\"records\":-1}}",
        "{\"a\":1,\"progress\":{\"records\":1,\"backfill\":{\"began\":\"today\"}}}",
        "{\"a\":1,\"progress\":{\"records\":1",
    };
    struct fetch_position *p = make();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = ERR_INIT;
        assert_int_not_equal(fetch_position_read(p, bad[i], &e), OK);
    }
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_of_before),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_what_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

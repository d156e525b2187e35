#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "extract/reconcile/key_lookup.h"

/* A source that has the keys below `limit`, or answers as `how` says. */
enum how {
    WORKS,
    EMPTY,
    IGNORED,
    OTHER,
    BREAKS /* empty after so many requests */
};
struct source {
    enum how how;
    int64_t limit;
    unsigned requests;
    unsigned breaks;
};

static void answer(struct source *s, struct key_lookup *l, int64_t key)
{
    s->requests++;
    key_lookup_begin(l);
    bool broken = s->how == EMPTY || (s->how == BREAKS && s->requests > s->breaks);
    if (s->how == IGNORED)
        for (int64_t i = 1; i <= 10; i++)
            key_lookup_seen(l, true, i);
    else if (s->how == OTHER)
        key_lookup_seen(l, true, 1);
    else if (!broken && key < s->limit)
        key_lookup_seen(l, true, key);
    key_lookup_answer(l);
}

struct totals {
    size_t absent, present, batches;
    bool useless;
};

static struct totals ask(struct source *s, size_t n, const int64_t *known, size_t known_n)
{
    struct inventory_pair keys[100];
    struct key_lookup l;
    struct totals t = {0};
    int64_t key;
    for (size_t i = 0; i < n; i++)
        keys[i] = (struct inventory_pair){50 + (int64_t)i, 7};
    key_lookup_start(&l, keys, n, known, known_n);
    while (key_lookup_next(&l, &key)) {
        struct inventory_lookup look = {0};
        answer(s, &l, key);
        if (!key_lookup_ready(&l, &look))
            continue;
        t.batches++;
        t.absent += look.absent_count;
        t.present += look.present_count;
        for (size_t i = 0; i < look.absent_count; i++)
            assert_true(look.absent[i].key >= s->limit);
    }
    t.useless = l.useless;
    return t;
}

static const int64_t known[] = {40, 41, 42, 43};

static void test_absent_and_present_are_told_apart(void **state)
{
    struct source s = {.how = WORKS, .limit = 60};
    (void)state;
    struct totals t = ask(&s, 90, known, 4);
    assert_false(t.useless);
    assert_int_equal(t.present, 10);
    assert_int_equal(t.absent, 80);
    assert_int_equal(t.batches, 3);
    assert_int_equal(s.requests, 90 + 2 * 3);
}

static void test_a_filter_that_does_not_work_proves_nothing(void **state)
{
    const enum how hows[] = {EMPTY, IGNORED, OTHER};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct source s = {.how = hows[i], .limit = 60};
        struct totals t = ask(&s, 90, known, 4);
        assert_true(t.useless);
        assert_int_equal(t.absent + t.present, 0);
        assert_true(s.requests <= 4);
    }
}

/* Wherever it breaks: what was not framed by two good answers is not believed. */
static void test_a_filter_that_breaks_on_the_way_proves_nothing_more(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 60; at++) {
        struct source s = {.how = BREAKS, .limit = 1000, .breaks = at};
        struct totals t = ask(&s, 60, known, 4);
        assert_true(t.useless);
        assert_int_equal(t.absent, 0);
    }
}

static void test_a_control_that_is_gone_is_replaced_by_another(void **state)
{
    const int64_t some[] = {900, 901, 41};
    struct source s = {.how = WORKS, .limit = 60};
    (void)state;
    struct totals t = ask(&s, 20, some, 3);
    assert_false(t.useless);
    assert_int_equal(t.present + t.absent, 20);
    const int64_t none[] = {900, 901};
    t = ask(&s, 20, none, 2);
    assert_true(t.useless);
    t = ask(&s, 20, none, 0);
    assert_true(t.useless);
}

static void test_a_batch_ends_within_what_is_left(void **state)
{
    struct source s = {.how = WORKS, .limit = 60};
    struct inventory_pair keys[30];
    struct key_lookup l;
    struct inventory_lookup look = {0};
    int64_t key;
    uint64_t left = 9;
    (void)state;
    for (int64_t i = 0; i < 30; i++)
        keys[i] = (struct inventory_pair){50 + i, 7};
    key_lookup_start(&l, keys, 30, known, 4);
    bool ready = false;
    for (; left > 0 && !ready; left--) {
        key_lookup_left(&l, left);
        assert_true(key_lookup_next(&l, &key));
        answer(&s, &l, key);
        ready = key_lookup_ready(&l, &look);
    }
    assert_true(ready);
    assert_int_equal(look.present_count + look.absent_count, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absent_and_present_are_told_apart),
        cmocka_unit_test(test_a_filter_that_does_not_work_proves_nothing),
        cmocka_unit_test(test_a_filter_that_breaks_on_the_way_proves_nothing_more),
        cmocka_unit_test(test_a_control_that_is_gone_is_replaced_by_another),
        cmocka_unit_test(test_a_batch_ends_within_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/unit/sim/fixture.h"

static void check_order(const struct table *t)
{
    for (size_t i = 1; i < table_count(t); i++) {
        const struct rec *a = table_at(t, i - 1), *b = table_at(t, i);
        if (a->time > b->time || (a->time == b->time && a->id >= b->id))
            fail_msg("positions %zu and %zu are out of order", i - 1, i);
    }
}

static const struct rec *find(const struct table *t, uint32_t id)
{
    for (size_t i = 0; i < table_count(t); i++) {
        if (table_at(t, i)->id == id)
            return table_at(t, i);
    }
    return NULL;
}

static void check_same(const struct table *a, const struct table *b)
{
    assert_int_equal(table_count(a), table_count(b));
    for (size_t i = 0; i < table_count(a); i++) {
        const struct rec *x = table_at(a, i), *y = table_at(b, i);
        assert_true(x->id == y->id && x->time == y->time && x->version == y->version &&
                    x->created == y->created && x->flags == y->flags);
    }
}

static void test_first_state(void **state)
{
    (void)state;
    struct table_conf conf = small_table(5000);
    struct table *t = open_table(&conf);
    assert_int_equal(table_count(t), 5000);
    assert_int_equal(table_next_id(t), 5001);
    assert_string_equal(table_key(t), "contact_id");
    check_order(t);
    size_t deleted = 0;
    for (size_t i = 0; i < 5000; i++) {
        const struct rec *r = table_at(t, i);
        assert_true(r->time < START && r->time >= START - conf.span - SECOND);
        assert_true(r->created <= r->time && r->time % SECOND == 0 && r->version == 1);
        deleted += r->flags & REC_DELETED;
    }
    assert_in_range(deleted, 75, 225);
    table_close(t);
}

static void test_seed_and_name_decide(void **state)
{
    (void)state;
    struct table_conf conf = small_table(100), other = conf, users = conf;
    other.seed++;
    memcpy(users.name, "users", sizeof "users");
    struct table *a = open_table(&conf), *b = open_table(&conf), *c = open_table(&other),
                 *d = open_table(&users);
    check_same(a, b);
    assert_true(find(a, 1)->time != find(c, 1)->time);
    assert_true(find(a, 1)->time != find(d, 1)->time);
    table_close(a);
    table_close(b);
    table_close(c);
    table_close(d);
}

static void test_special_records(void **state)
{
    (void)state;
    struct table_conf conf = small_table(100);
    conf.ties = 30;
    conf.timeless = 5;
    conf.future = 4;
    for (int last = 0; last < 2; last++) {
        conf.no_time = last ? TIMELESS_LAST : TIMELESS_FIRST;
        struct table *t = open_table(&conf);
        check_order(t);
        assert_int_equal(table_timed_begin(t), last ? 0 : 5);
        assert_int_equal(table_timed_end(t), last ? 95 : 100);
        assert_int_equal(table_after(t, START), last ? 91 : 96);
        assert_int_equal(table_after(t, INT64_MAX), table_timed_end(t));
        assert_int_equal(table_after(t, INT64_MIN), table_timed_begin(t));
        assert_true(rec_timeless(table_at(t, last ? 99 : 0)));
        const struct rec *tie = find(t, 1);
        size_t end = table_after(t, tie->time), begin = table_after(t, tie->time - 1);
        assert_true(end - begin >= 30);
        table_close(t);
    }
}

static void test_fine_times(void **state)
{
    (void)state;
    struct table_conf conf = small_table(100);
    conf.fine = true;
    struct table *t = open_table(&conf);
    size_t whole = 0;
    for (size_t i = 0; i < 100; i++)
        whole += table_at(t, i)->time % SECOND == 0;
    assert_true(whole < 50);
    table_close(t);
}

static void test_edit(void **state)
{
    (void)state;
    struct table_conf conf = small_table(1000);
    struct table *t = open_table(&conf);
    assert_int_equal(change_table(t, (struct change){.n = 10, .now = START + 5, .seed = 1}), 10);
    check_order(t);
    assert_int_equal(table_count(t), 1000);
    for (size_t i = 990; i < 1000; i++) {
        assert_int_equal(table_at(t, i)->version, 2);
        assert_true(table_at(t, i)->time == START);
    }
    assert_int_equal(table_at(t, 989)->version, 1);
    assert_int_equal(change_table(t, (struct change){.id = 77, .now = START + SECOND}), 1);
    assert_int_equal(table_at(t, 999)->id, 77);
    assert_int_equal(change_table(t, (struct change){.id = 4000, .now = START}), 0);
    table_close(t);
}

static void test_edit_spread_and_ahead(void **state)
{
    (void)state;
    struct table_conf conf = small_table(500);
    struct table *t = open_table(&conf);
    int64_t now = START + 1000 * SECOND;
    change_table(t,
                 (struct change){.n = 500, .now = now, .spread = 9 * SECOND, .ahead = 5 * SECOND});
    check_order(t);
    assert_true(table_at(t, 0)->time >= now - 9 * SECOND);
    assert_true(table_at(t, 499)->time <= now + 5 * SECOND);
    assert_true(table_at(t, 499)->time > now && table_at(t, 0)->time < now);
    table_close(t);
}

static void test_other_changes(void **state)
{
    (void)state;
    struct table_conf conf = small_table(200);
    struct table *t = open_table(&conf);
    assert_int_equal(change_table(t, (struct change){.kind = CHANGE_INSERT, .n = 7, .now = START}),
                     7);
    assert_int_equal(table_count(t), 207);
    assert_true(find(t, 207)->time == START && find(t, 207)->created == START);
    assert_int_equal(change_table(t, (struct change){.kind = CHANGE_DELETE, .id = 9}), 1);
    assert_null(find(t, 9));
    change_table(t, (struct change){.kind = CHANGE_MARK, .id = 10, .now = START});
    assert_true(find(t, 10)->flags & REC_DELETED);
    assert_true(find(t, 10)->time == START && find(t, 10)->version == 2);
    change_table(t, (struct change){.kind = CHANGE_TIMELESS, .n = 3});
    assert_int_equal(table_timed_begin(t), 3);
    change_table(t, (struct change){.kind = CHANGE_FUTURE, .id = 11, .now = START});
    assert_true(find(t, 11)->time > START + INT64_C(70) * 365 * 86400 * SECOND);
    int64_t later = START + 60 * SECOND;
    change_table(t,
                 (struct change){.kind = CHANGE_TIE, .n = 150, .now = later, .spread = 9 * SECOND});
    assert_int_equal(table_after(t, later) - table_after(t, later - 1), 150);
    check_order(t);
    assert_int_equal(change_table(t, (struct change){.kind = CHANGE_DELETE, .n = 100000}), 206);
    assert_int_equal(table_count(t), 0);
    assert_int_equal(change_table(t, (struct change){.n = 3, .now = START}), 0);
    assert_null(table_copy(t));
    change_table(t, (struct change){.kind = CHANGE_INSERT, .n = 1, .now = START});
    assert_int_equal(table_at(t, 0)->id, 208);
    table_close(t);
}

static void test_same_changes_same_table(void **state)
{
    (void)state;
    struct table_conf conf = small_table(300);
    struct table *a = open_table(&conf), *b = open_table(&conf);
    for (uint64_t i = 0; i < 200; i++) {
        struct change change = {.kind = (enum change_kind)(i % 7),
                                .n = i % 5,
                                .now = START + (int64_t)i * SECOND,
                                .ahead = SECOND,
                                .seed = i};
        assert_int_equal(change_table(a, change), change_table(b, change));
        check_order(a);
    }
    check_same(a, b);
    change_table(a, (struct change){.n = 5, .now = START, .seed = 1000});
    change_table(b, (struct change){.n = 5, .now = START, .seed = 1001});
    struct rec *x = table_copy(a), *y = table_copy(b);
    assert_true(memcmp(x, y, table_count(a) * sizeof *x) != 0);
    free(x);
    free(y);
    table_close(a);
    table_close(b);
}

/* Every record is as likely to be chosen as any other. */
static void test_choice_is_even(void **state)
{
    (void)state;
    struct table_conf conf = small_table(50);
    struct table *t = open_table(&conf);
    for (uint64_t i = 0; i < 2000; i++)
        change_table(t, (struct change){.n = 5, .now = START + (int64_t)i * SECOND, .seed = i});
    for (uint32_t id = 1; id <= 50; id++)
        assert_in_range(find(t, id)->version, 140, 260);
    table_close(t);
}

static void test_copy_is_by_id(void **state)
{
    (void)state;
    struct table_conf conf = small_table(64);
    struct table *t = open_table(&conf);
    struct rec *copy = table_copy(t);
    assert_non_null(copy);
    for (uint32_t i = 0; i < 64; i++)
        assert_int_equal(copy[i].id, i + 1);
    free(copy);
    table_close(t);
}

static void test_too_many(void **state)
{
    (void)state;
    struct table_conf conf = small_table(10);
    struct table *t = open_table(&conf);
    struct err e = ERR_INIT;
    size_t changed;
    struct change change = {.kind = CHANGE_INSERT, .n = SIZE_MAX, .now = START};
    assert_int_equal(table_change(t, &change, &changed, &e), ERR_TOO_BIG);
    assert_non_null(strstr(e.msg, "contacts"));
    assert_int_equal(table_count(t), 10);
    table_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_state),
        cmocka_unit_test(test_seed_and_name_decide),
        cmocka_unit_test(test_special_records),
        cmocka_unit_test(test_fine_times),
        cmocka_unit_test(test_edit),
        cmocka_unit_test(test_edit_spread_and_ahead),
        cmocka_unit_test(test_other_changes),
        cmocka_unit_test(test_same_changes_same_table),
        cmocka_unit_test(test_choice_is_even),
        cmocka_unit_test(test_copy_is_by_id),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/sim/record/kept.h"

#include "tests/unit/sim/fixture.h"

static const struct body_conf iso = {.format = STAMP_ISO};

/* What is handed out is what body_text() makes, after what was there before. */
static void check(struct kept *k, const struct body_conf *conf, const struct table *t, size_t i)
{
    struct buf made, given;
    buf_init(&made, BODY_MAX);
    buf_init(&given, BODY_MAX);
    assert_int_equal(buf_add(&made, "[", 1), OK);
    assert_int_equal(buf_add(&given, "[", 1), OK);
    assert_int_equal(body_text(conf, t, table_at(t, i), &made), OK);
    assert_int_equal(kept_text(k, conf, t, table_at(t, i), &given), OK);
    assert_int_equal(given.len, made.len);
    assert_memory_equal(given.data, made.data, made.len);
    buf_free(&made);
    buf_free(&given);
}

static void check_all(struct kept *k, const struct body_conf *conf, const struct table *t)
{
    for (size_t i = 0; i < table_count(t); i++)
        check(k, conf, t, i);
}

static void test_a_text_is_kept_and_follows_each_change(void **state)
{
    (void)state;
    static const enum change_kind kinds[] = {CHANGE_EDIT,    CHANGE_INSERT,  CHANGE_DELETE,
                                             CHANGE_MARK,    CHANGE_TIE,     CHANGE_FUTURE,
                                             CHANGE_RESTORE, CHANGE_TIMELESS};
    struct table_conf conf = small_table(50);
    struct table *t = open_table(&conf);
    struct kept *k = kept_open((size_t)1 << 20);
    check_all(k, &iso, t);
    size_t held = kept_bytes(k);
    assert_true(held > (size_t)50 * 900);
    check_all(k, &iso, t);
    assert_int_equal(kept_bytes(k), held);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        change_table(t, (struct change){.kind = kinds[i], .n = 20, .now = START, .seed = i});
        check_all(k, &iso, t);
    }
    kept_close(k);
    table_close(t);
}

static void test_moods_and_tables_are_told_apart(void **state)
{
    (void)state;
    struct body_conf text = iso, number = iso;
    text.key_text = true;
    number.deleted_is = 1;
    struct table_conf conf = small_table(20), other = small_table(20);
    memcpy(other.name, "users", sizeof "users");
    struct table *t = open_table(&conf), *u = open_table(&other);
    struct kept *k = kept_open((size_t)1 << 20);
    for (int round = 0; round < 2; round++) {
        check_all(k, &iso, t);
        check_all(k, &iso, u);
        check_all(k, &text, t);
        check_all(k, &number, t);
    }
    kept_close(k);
    table_close(t);
    table_close(u);
}

static void test_no_more_than_its_limit_is_kept(void **state)
{
    (void)state;
    struct table_conf conf = small_table(50);
    struct table *t = open_table(&conf);
    struct kept *k = kept_open(5000), *none = kept_open(0);
    for (unsigned round = 0; round < 3; round++) {
        check_all(k, &iso, t);
        check_all(none, &iso, t);
        check_all(NULL, &iso, t);
        assert_in_range(kept_bytes(k), 1000, 5000);
        assert_int_equal(kept_bytes(none), 0);
        change_table(t, (struct change){.kind = CHANGE_EDIT, .n = 50, .now = START, .seed = round});
    }
    kept_close(k);
    kept_close(none);
    table_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_text_is_kept_and_follows_each_change),
        cmocka_unit_test(test_moods_and_tables_are_told_apart),
        cmocka_unit_test(test_no_more_than_its_limit_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

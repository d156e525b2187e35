#include "spool/control/loaded.h"
#include "tests/unit/spool/helper.h"

static const struct loaded_entry live = {
    .id = "1.5", .name = "crm", .place = {3, 4}, .at = 1000000};
static const struct loaded_entry copy = {
    .id = "2.5", .name = "staging \"x\"", .place = {2, 9}, .at = 2000000};

static void open_table(struct fixture *f)
{
    fixture_open(f);
    write_pages(f, 1, 1, 1);
}

static void test_none_yet(void **state)
{
    struct fixture f;
    struct loaded l;
    (void)state;
    open_table(&f);
    assert_ok(loaded_read(f.spool, TABLE, &l, e));
    assert_int_equal(l.count, 0);
    assert_int_equal(loaded_least(&l).segment, 0);
    loaded_free(&l);
    fixture_close(&f);
}

static void test_each_database_has_its_word_and_the_least_counts(void **state)
{
    struct fixture f;
    struct loaded l;
    struct loaded_entry further = live;
    (void)state;
    open_table(&f);
    assert_ok(loaded_store(f.spool, TABLE, &live, e));
    assert_ok(loaded_store(f.spool, TABLE, &copy, e));
    further.place = (struct page_place){7, 1};
    assert_ok(loaded_store(f.spool, TABLE, &further, e));
    assert_ok(loaded_read(f.spool, TABLE, &l, e));
    assert_int_equal(l.count, 2);
    assert_string_equal(l.entries[1].name, copy.name);
    assert_int_equal(l.entries[0].place.segment, 7);
    assert_int_equal(l.entries[1].at, copy.at);
    assert_int_equal(loaded_least(&l).segment, 2);
    assert_int_equal(loaded_least(&l).page, 9);
    loaded_free(&l);
    fixture_close(&f);
}

/* A database that was restored has less than before: its last word counts, not its furthest. */
static void test_a_database_may_go_back(void **state)
{
    struct fixture f;
    struct loaded l;
    struct loaded_entry back = live;
    (void)state;
    open_table(&f);
    assert_ok(loaded_store(f.spool, TABLE, &live, e));
    back.place = (struct page_place){0, 0};
    assert_ok(loaded_store(f.spool, TABLE, &back, e));
    assert_ok(loaded_read(f.spool, TABLE, &l, e));
    assert_int_equal(l.count, 1);
    assert_int_equal(loaded_least(&l).segment, 0);
    loaded_free(&l);
    fixture_close(&f);
}

static void test_forgetting_by_name_or_identity(void **state)
{
    struct fixture f;
    struct loaded l;
    size_t dropped;
    (void)state;
    open_table(&f);
    assert_ok(loaded_store(f.spool, TABLE, &live, e));
    assert_ok(loaded_store(f.spool, TABLE, &copy, e));
    assert_ok(loaded_forget(f.spool, TABLE, "nobody", &dropped, e));
    assert_int_equal(dropped, 0);
    assert_ok(loaded_forget(f.spool, TABLE, "crm", &dropped, e));
    assert_int_equal(dropped, 1);
    assert_ok(loaded_forget(f.spool, TABLE, "2.5", &dropped, e));
    assert_int_equal(dropped, 1);
    assert_ok(loaded_read(f.spool, TABLE, &l, e));
    assert_int_equal(l.count, 0);
    loaded_free(&l);
    fixture_close(&f);
}

/* Whatever byte is damaged or missing: it says so, and a store does not paint it over. */
static void test_damage_at_every_byte(void **state)
{
    struct fixture f;
    struct loaded l;
    struct buf good;
    char path[256];
    (void)state;
    open_table(&f);
    assert_ok(loaded_store(f.spool, TABLE, &live, e));
    assert_ok(loaded_store(f.spool, TABLE, &copy, e));
    (void)snprintf(path, sizeof path, "%s/" TABLE "/" LOADED_FILE, f.dir);
    read_file(path, &good);
    for (size_t i = 0; i < good.len; i++) {
        struct err err = ERR_INIT;
        good.data[i] ^= 1;
        write_file(path, good.data, good.len);
        good.data[i] ^= 1;
        assert_int_equal(loaded_read(f.spool, TABLE, &l, &err), ERR_DAMAGED);
        write_file(path, good.data, i);
        assert_int_equal(loaded_read(f.spool, TABLE, &l, &err), ERR_DAMAGED);
        assert_int_equal(loaded_store(f.spool, TABLE, &live, &err), ERR_DAMAGED);
    }
    buf_free(&good);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_yet),
        cmocka_unit_test(test_each_database_has_its_word_and_the_least_counts),
        cmocka_unit_test(test_a_database_may_go_back),
        cmocka_unit_test(test_forgetting_by_name_or_identity),
        cmocka_unit_test(test_damage_at_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "spool/control/refused_tables.h"
#include "tests/unit/spool/helper.h"

static struct refused_table entry(const char *table, uint64_t status, uint64_t key, int64_t at)
{
    struct refused_table t = {.status = status, .key = key, .since = at, .asked = at};
    (void)snprintf(t.table, sizeof t.table, "%s", table);
    return t;
}

static void set(struct fixture *f, const char *table, uint64_t status, uint64_t key, int64_t at)
{
    struct refused_table t = entry(table, status, key, at);
    assert_ok(refused_set(f->spool, &t, e));
}

static void test_set_found_and_cleared(void **state)
{
    struct fixture f;
    struct refused_tables r;
    (void)state;
    fixture_open(&f);
    assert_ok(refused_read(f.spool, &r, e));
    assert_int_equal(r.count, 0);
    refused_free(&r);
    set(&f, "contacts", 403, 7, 1000000);
    set(&f, "nosuch", REFUSED_404, 0, 2000000);
    assert_ok(refused_read(f.spool, &r, e));
    assert_int_equal(r.count, 2);
    assert_int_equal(refused_find(&r, "contacts")->status, 403);
    assert_int_equal(refused_find(&r, "nosuch")->asked, 2000000);
    assert_null(refused_find(&r, "users"));
    refused_free(&r);
    assert_ok(refused_clear(f.spool, "contacts", e));
    assert_ok(refused_clear(f.spool, "users", e));
    assert_ok(refused_read(f.spool, &r, e));
    assert_null(refused_find(&r, "contacts"));
    assert_int_equal(r.count, 1);
    refused_free(&r);
    fixture_close(&f);
}

static void test_since_stays_while_the_refusal_is_the_same(void **state)
{
    struct fixture f;
    struct refused_tables r;
    (void)state;
    fixture_open(&f);
    set(&f, "contacts", 403, 7, 1000000);
    set(&f, "contacts", 403, 7, 5000000);
    assert_ok(refused_read(f.spool, &r, e));
    assert_int_equal(r.count, 1);
    assert_int_equal(r.at[0].since, 1000000);
    assert_int_equal(r.at[0].asked, 5000000);
    refused_free(&r);
    set(&f, "contacts", 403, 8, 6000000);
    assert_ok(refused_read(f.spool, &r, e));
    assert_int_equal(r.at[0].since, 6000000);
    refused_free(&r);
    fixture_close(&f);
}

static void test_a_damaged_file_counts_as_none_and_is_written_anew(void **state)
{
    struct fixture f;
    struct refused_tables r;
    (void)state;
    fixture_open(&f);
    set(&f, "contacts", 403, 7, 1000000);
    assert_ok(io_replace(spool_dir(f.spool), REFUSED_FILE, "{\"netty_refused\":1}\n", 20, e));
    assert_ok(refused_read(f.spool, &r, e));
    assert_int_equal(r.count, 0);
    refused_free(&r);
    set(&f, "users", 401, 7, 1000000);
    assert_ok(refused_read(f.spool, &r, e));
    assert_int_equal(r.count, 1);
    refused_free(&r);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_found_and_cleared),
        cmocka_unit_test(test_since_stays_while_the_refusal_is_the_same),
        cmocka_unit_test(test_a_damaged_file_counts_as_none_and_is_written_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

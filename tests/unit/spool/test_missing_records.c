#include "spool/inventory/missing_records.h"
#include "tests/unit/spool/helper.h"

static struct missing_entry entry(const char *id, size_t n)
{
    struct missing_entry d = {.inventory_began = 5,
                              .window = 2,
                              .ended = true,
                              .lookups = 3,
                              .deleted = 4,
                              .held = 6,
                              .at = 7};
    (void)snprintf(d.id, sizeof d.id, "%s", id);
    d.rows = calloc(n + 1, sizeof *d.rows);
    assert_non_null(d.rows);
    d.count = n;
    for (size_t i = 0; i < n; i++)
        d.rows[i] =
            (struct missing_row){(int64_t)i - 1, i % 2 ? WHEN_NONE : 11, i % 3 ? 13 : WHEN_NONE};
    return d;
}

static void store(struct fixture *f, const char *id, size_t n)
{
    struct missing_entry d = entry(id, n);
    assert_ok(missing_store(f->spool, TABLE, &d, e));
    free(d.rows);
}

static void test_each_database_has_its_word(void **state)
{
    struct fixture f;
    struct missing m;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    assert_ok(missing_read(f.spool, TABLE, &m, e));
    assert_int_equal(m.count, 0);
    store(&f, "a", 1203); /* several lines */
    store(&f, "b", 0);
    store(&f, "a", 501);
    assert_ok(missing_read(f.spool, TABLE, &m, e));
    assert_int_equal(m.count, 2);
    const struct missing_entry *a = missing_find(&m, "a");
    assert_non_null(a);
    assert_int_equal(a->count, 501);
    for (size_t i = 0; i < 501; i++) {
        assert_int_equal(a->rows[i].key, (int64_t)i - 1);
        assert_true(a->rows[i].time == (i % 2 ? WHEN_NONE : 11));
        assert_true(a->rows[i].since == (i % 3 ? 13 : WHEN_NONE));
    }
    assert_int_equal(a->inventory_began, 5);
    assert_int_equal(a->window, 2);
    assert_true(a->ended);
    assert_int_equal(a->lookups, 3);
    assert_int_equal(a->deleted, 4);
    assert_int_equal(a->held, 6);
    assert_int_equal(missing_find(&m, "b")->count, 0);
    assert_null(missing_find(&m, "c"));
    missing_free(&m);
    fixture_close(&f);
}

/* Cut at any byte, or changed at any: as good as none, never a part of it. */
static void test_damaged_it_is_none(void **state)
{
    struct fixture f;
    struct missing m;
    struct stat st;
    char path[IO_PATH];
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    store(&f, "a", 3);
    (void)snprintf(path, sizeof path, "%s/" TABLE "/" MISSING_FILE, f.dir);
    assert_int_equal(stat(path, &st), 0);
    log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
    for (off_t cut = st.st_size - 1; cut >= 0; cut -= 5) {
        assert_int_equal(truncate(path, cut), 0);
        assert_ok(missing_read(f.spool, TABLE, &m, e));
        assert_int_equal(m.count, 0);
    }
    store(&f, "a", 2);
    assert_ok(missing_read(f.spool, TABLE, &m, e));
    assert_int_equal(m.count, 1);
    missing_free(&m);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_database_has_its_word),
        cmocka_unit_test(test_damaged_it_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

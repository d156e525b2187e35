#include "spool/control/refetch.h"
#include "tests/unit/spool/helper.h"

static struct refetch wish(int64_t asked, int64_t low, const char *position)
{
    struct refetch r = {.asked = asked, .low = low};
    (void)snprintf(r.position, sizeof r.position, "%s", position);
    return r;
}

static void open_table(struct fixture *f)
{
    fixture_open(f);
    write_pages(f, 1, 1, 1);
}

static void ask(struct fixture *f, struct refetch r)
{
    assert_ok(refetch_ask(f->spool, TABLE, &r, e));
}

static bool look(struct fixture *f, struct refetch *r)
{
    bool there;
    assert_ok(refetch_read(f->spool, TABLE, r, &there, e));
    return there;
}

static void test_asked_read_cleared(void **state)
{
    struct fixture f;
    struct refetch r;
    (void)state;
    open_table(&f);
    assert_false(look(&f, &r));
    ask(&f, wish(5, 7, "{\"next\":[1,{\"a\":\"}\"}]}"));
    assert_true(look(&f, &r));
    assert_string_equal(r.position, "{\"next\":[1,{\"a\":\"}\"}]}");
    assert_int_equal(r.low, 7);
    assert_ok(refetch_clear(f.spool, TABLE, &r, e));
    assert_false(look(&f, &r));
    assert_ok(refetch_clear(f.spool, TABLE, &r, e));
    fixture_close(&f);
}

static void test_the_earlier_of_two_wishes_counts(void **state)
{
    struct fixture f;
    struct refetch r;
    (void)state;
    open_table(&f);
    ask(&f, wish(5, 70, "{\"a\":1}"));
    ask(&f, wish(6, 90, "{\"b\":1}"));
    assert_true(look(&f, &r));
    assert_string_equal(r.position, "{\"a\":1}");
    assert_int_equal(r.asked, 6);
    ask(&f, wish(7, 20, "{\"c\":1}"));
    assert_true(look(&f, &r));
    assert_string_equal(r.position, "{\"c\":1}");
    ask(&f, wish(8, WHEN_NONE, "{\"d\":1}")); /* nobody can tell which is earlier */
    assert_true(look(&f, &r));
    assert_string_equal(r.position, "");
    fixture_close(&f);
}

/* A list by key says nothing of times: neither wish is the earlier one. */
static void test_of_a_list_by_key_all_is_read(void **state)
{
    struct fixture f;
    struct refetch r;
    (void)state;
    open_table(&f);
    ask(&f, wish(5, 70, "{\"phase\":\"keys\",\"a\":1}"));
    ask(&f, wish(6, 60, "{\"phase\":\"keys\",\"a\":1}"));
    assert_true(look(&f, &r));
    assert_string_equal(r.position, "{\"phase\":\"keys\",\"a\":1}");
    ask(&f, wish(7, 90, "{\"phase\":\"body\"}"));
    assert_true(look(&f, &r));
    assert_string_equal(r.position, "");
    ask(&f, wish(8, 20, "{\"phase\":\"body\"}"));
    assert_true(look(&f, &r));
    assert_string_equal(r.position, "");
    fixture_close(&f);
}

/* heal ran while the extractor was under way with an older wish. */
static void test_a_later_wish_stays(void **state)
{
    struct fixture f;
    struct refetch old;
    struct refetch r;
    (void)state;
    open_table(&f);
    ask(&f, wish(5, 70, "{\"a\":1}"));
    assert_true(look(&f, &old));
    ask(&f, wish(6, 90, "{\"b\":1}"));
    assert_ok(refetch_clear(f.spool, TABLE, &old, e));
    assert_true(look(&f, &r));
    fixture_close(&f);
}

static void test_damaged_it_asks_for_everything(void **state)
{
    struct fixture f;
    struct refetch r;
    struct buf good;
    char path[300];
    (void)state;
    open_table(&f);
    ask(&f, wish(5, 70, "{\"a\":1}"));
    (void)snprintf(path, sizeof path, "%s/" TABLE "/" REFETCH_FILE, f.dir);
    read_file(path, &good);
    for (size_t i = 0; i < good.len; i++) {
        good.data[i] ^= 1;
        write_file(path, good.data, good.len);
        good.data[i] ^= 1;
        assert_true(look(&f, &r));
        assert_string_equal(r.position, "");
        write_file(path, good.data, i);
        assert_true(look(&f, &r));
        assert_string_equal(r.position, "");
    }
    assert_ok(refetch_clear(f.spool, TABLE, &r, e));
    assert_false(look(&f, &r));
    buf_free(&good);
    fixture_close(&f);
}

static bool wished(struct fixture *f)
{
    struct refetch r;
    bool there;
    assert_ok(refetch_read_wish(f->spool, TABLE, &r, &there, e));
    return there;
}

static void take(struct fixture *f)
{
    struct refetch r;
    assert_ok(refetch_take_wish(f->spool, TABLE, e));
    assert_true(look(f, &r));
    assert_int_equal(r.low, 40);
    assert_int_equal(r.asked, 9);
    assert_string_equal(r.position, "{\"b\":1}");
}

/* What a pulled spool asks of the other machine's extractor becomes its own request, and may be taken twice. */
static void test_a_wish_becomes_a_request_of_ones_own(void **state)
{
    struct fixture f;
    char path[IO_PATH];
    (void)state;
    open_table(&f);
    ask(&f, wish(5, 70, "{\"a\":1}")); /* the pushed spool's own */
    assert_ok(io_replace(spool_dir(f.spool), "pull.json", "x", 1, e));
    ask(&f, wish(9, 40, "{\"b\":1}"));
    take(&f);
    take(&f);
    assert_true(wished(&f));
    assert_ok(refetch_drop_wish(f.spool, TABLE, e));
    assert_false(wished(&f));
    take(&f);
    assert_ok(io_path(path, spool_dir(f.spool), "pull.json", e));
    assert_int_equal(unlink(path), 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asked_read_cleared),
        cmocka_unit_test(test_a_wish_becomes_a_request_of_ones_own),
        cmocka_unit_test(test_the_earlier_of_two_wishes_counts),
        cmocka_unit_test(test_of_a_list_by_key_all_is_read),
        cmocka_unit_test(test_a_later_wish_stays),
        cmocka_unit_test(test_damaged_it_asks_for_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "spool/control/loaded.h"
#include "spool/maintenance/disk_space.h"
#include "tests/unit/spool/helper.h"

static enum err_code check(struct fixture *f, int64_t max, int64_t least)
{
    struct disk_space *r;
    struct err err = ERR_INIT;
    struct disk_space_conf conf = {.max = max, .least = least};
    assert_ok(disk_space_open(&r, f->spool, &conf, e));
    enum err_code rc = disk_space_check(r, &err);
    assert_int_equal(rc, err.code);
    disk_space_close(r);
    return rc;
}

static int64_t waiting(struct fixture *f)
{
    int64_t bytes;
    assert_ok(disk_space_waiting(f->spool, &bytes, e));
    return bytes;
}

static void say_loaded(struct fixture *f, uint64_t segment, uint64_t page)
{
    struct loaded_entry entry = {.id = "1.5", .name = "crm", .place = {segment, page}, .at = 1};
    assert_ok(loaded_store(f->spool, TABLE, &entry, e));
}

static void test_what_waits_shrinks_page_by_page_to_nothing(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 4, 5);
    int64_t before = waiting(&f);
    assert_true(before > 0);
    for (uint64_t page = 1; page <= 4; page++) {
        say_loaded(&f, 1, page);
        int64_t now = waiting(&f);
        assert_true(now < before);
        before = now;
    }
    assert_int_equal(before, 0);
    fixture_close(&f);
}

static void test_whole_segments_wait_as_the_files_they_are(void **state)
{
    struct fixture f;
    int64_t all;
    (void)state;
    fixture_open(&f);
    f.conf.segment_size = 1;
    write_pages(&f, 1, 5, 5);
    assert_ok(disk_space_spool(f.spool, &all, e));
    assert_in_range(waiting(&f), 1, all);
    say_loaded(&f, 5, 0);
    assert_in_range(waiting(&f), 1, all / 5);
    fixture_close(&f);
}

static void test_both_bounds(void **state)
{
    struct fixture f;
    int64_t left;
    (void)state;
    fixture_open(&f);
    assert_int_equal(check(&f, 1, 1), OK);
    write_pages(&f, 1, 2, 5);
    assert_int_equal(check(&f, 0, 0), OK);
    assert_int_equal(check(&f, waiting(&f), 0), OK);
    assert_int_equal(check(&f, waiting(&f) - 1, 0), ERR_FULL);
    assert_ok(disk_space_free(f.spool, &left, e));
    assert_int_equal(check(&f, 0, INT64_MAX), left == INT64_MAX ? OK : ERR_FULL);
    say_loaded(&f, 1, 2);
    assert_int_equal(check(&f, 1, 0), OK);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_waits_shrinks_page_by_page_to_nothing),
        cmocka_unit_test(test_whole_segments_wait_as_the_files_they_are),
        cmocka_unit_test(test_both_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

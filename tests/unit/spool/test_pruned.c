#include "spool/segment/pruned.h"
#include "tests/unit/spool/helper.h"

static uint64_t through(const char *dir)
{
    uint64_t n;
    assert_ok(pruned_read(dir, &n, e));
    return n;
}

static void test_goes_forward_only(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    assert_int_equal(through(f.dir), 0);
    assert_ok(pruned_write(f.dir, 3, e));
    assert_int_equal(through(f.dir), 3);
    assert_ok(pruned_write(f.dir, 2, e));
    assert_int_equal(through(f.dir), 3);
    assert_ok(pruned_write(f.dir, 9, e));
    assert_int_equal(through(f.dir), 9);
    fixture_close(&f);
}

/* A damaged one says that nothing was pruned, so that nothing is hidden by mistake. */
static void test_damage_at_every_byte(void **state)
{
    struct fixture f;
    struct buf good;
    char path[256];
    uint64_t n;
    (void)state;
    fixture_open(&f);
    assert_ok(pruned_write(f.dir, 3, e));
    (void)snprintf(path, sizeof path, "%s/" PRUNED_FILE, f.dir);
    read_file(path, &good);
    for (size_t i = 0; i < good.len; i++) {
        struct err err = ERR_INIT;
        good.data[i] ^= 1;
        write_file(path, good.data, good.len);
        good.data[i] ^= 1;
        assert_int_equal(pruned_read(f.dir, &n, &err), ERR_DAMAGED);
        assert_int_equal(n, 0);
        write_file(path, good.data, i);
        assert_int_equal(pruned_read(f.dir, &n, &err), ERR_DAMAGED);
    }
    assert_ok(pruned_write(f.dir, 4, e));
    assert_int_equal(through(f.dir), 4);
    buf_free(&good);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_forward_only),
        cmocka_unit_test(test_damage_at_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

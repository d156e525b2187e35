#include "spool/format/checksum_line.h"
#include "spool/format/small_file.h"
#include "tests/unit/spool/helper.h"
#include <sys/file.h>

#define NAME "small.json"

struct got {
    uint64_t lines;
    uint64_t fail_at;
};

static enum err_code on_line(void *ctx, uint64_t number, const char *line, size_t n, struct err *e)
{
    struct got *got = ctx;
    assert_int_equal(number, got->lines);
    assert_int_equal(line[n - 1], '}');
    if (++got->lines == got->fail_at)
        return err_set(e, ERR_DATA, "enough");
    return OK;
}

static void put(struct fixture *f, const char *lines, size_t n)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/" NAME, f->dir);
    write_file(path, lines, n);
}

static void compose(struct buf *b, int lines)
{
    buf_init(b, 65536);
    for (int i = 0; i < lines; i++) {
        size_t start = b->len;
        assert_int_equal(buf_addf(b, "{\"line\":%d", i), OK);
        assert_int_equal(checksum_line_end(b, start), OK);
    }
}

static void test_all_lines_in_order_until_one_says_no(void **state)
{
    struct fixture f;
    struct buf b;
    struct got got = {0};
    struct err err = ERR_INIT;
    (void)state;
    fixture_open(&f);
    compose(&b, 5);
    put(&f, b.data, b.len);
    assert_ok(small_file_read(f.dir, NAME, on_line, &got, e));
    assert_int_equal(got.lines, 5);
    got = (struct got){.fail_at = 3};
    assert_int_equal(small_file_read(f.dir, NAME, on_line, &got, &err), ERR_DATA);
    assert_non_null(strstr(err.msg, NAME));
    assert_int_equal(got.lines, 3);
    buf_free(&b);
    fixture_close(&f);
}

static void test_missing_empty_and_cut(void **state)
{
    struct fixture f;
    struct buf b;
    (void)state;
    fixture_open(&f);
    compose(&b, 2);
    struct err err = ERR_INIT;
    struct got got = {0};
    assert_int_equal(small_file_read(f.dir, NAME, on_line, &got, &err), ERR_IO);
    assert_int_equal(err.sys, ENOENT);
    for (size_t n = 0; n < b.len; n++) {
        err = ERR_INIT;
        got = (struct got){0};
        put(&f, b.data, n);
        enum err_code rc = small_file_read(f.dir, NAME, on_line, &got, &err);
        /* Cut between two lines it is whole, as far as it can tell: heads say how many there are. */
        assert_int_equal(rc, n == b.len / 2 ? OK : ERR_DAMAGED);
        assert_int_equal(got.lines, n >= b.len / 2);
    }
    buf_free(&b);
    fixture_close(&f);
}

static void test_one_holder_at_a_time(void **state)
{
    struct fixture f;
    int lock;
    (void)state;
    fixture_open(&f);
    assert_ok(small_file_lock(f.dir, &lock, e));
    int other = open(f.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(other >= 0);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
    small_file_unlock(lock);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(close(other), 0);
    struct err err = ERR_INIT;
    assert_int_equal(small_file_lock("/nonexistent", &lock, &err), ERR_IO);
    small_file_unlock(-1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lines_in_order_until_one_says_no),
        cmocka_unit_test(test_missing_empty_and_cut),
        cmocka_unit_test(test_one_holder_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

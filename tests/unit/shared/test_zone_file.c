#include "shared/base/buf.h"
#include "shared/files/file_io.h"
#include "shared/time/when.h"
#include "shared/time/zone_changes_private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PARIS "/usr/share/zoneinfo/Europe/Paris"

static char dir[200];
static char path[300];

static int setup(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(dir, sizeof(dir), "%.150s/netty-zone-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/zone", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(dir);
}

static enum err_code read_bytes(const void *bytes, size_t n, struct zone_changes *c, struct err *e)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    *c = (struct zone_changes){0};
    return zone_file_read(c, path, e);
}

static void big(struct buf *b, uint64_t v, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        assert_int_equal(buf_addc(b, (char)(v >> (8 * i))), OK);
}

static void header(struct buf *b, char version, unsigned leaps, unsigned times, unsigned types)
{
    assert_int_equal(buf_adds(b, "TZif"), OK);
    assert_int_equal(buf_addc(b, version), OK);
    for (int i = 0; i < 15; i++)
        assert_int_equal(buf_addc(b, 0), OK);
    const unsigned counts[6] = {0, 0, leaps, times, types, 4};
    for (int i = 0; i < 6; i++)
        big(b, counts[i], 4);
}

/* A file with an empty 32-bit part, two types (+1 h, +2 h) and the given changes, each to the other
 * type. */
static void make(struct buf *b, char version, unsigned leaps, const int64_t *times, unsigned n,
                 const char *rule)
{
    buf_init(b, 10000);
    header(b, version, 0, 0, 1);
    big(b, 0, 4);
    big(b, 0, 6); /* one type, its name */
    header(b, version, leaps, n, 2);
    for (unsigned i = 0; i < n; i++)
        big(b, (uint64_t)times[i], 8);
    for (unsigned i = 0; i < n; i++)
        big(b, (i + 1) % 2, 1);
    big(b, 3600, 4);
    big(b, 0, 2);
    big(b, 7200, 4);
    big(b, 0x0100, 2);
    big(b, 0, 4);
    for (unsigned i = 0; i < leaps * 3; i++)
        big(b, 0, 4);
    assert_int_equal(buf_addf(b, "\n%s\n", rule), OK);
}

static void test_made_file(void **state)
{
    (void)state;
    static const int64_t times[3] = {-5000000000, 0, 5000000000};
    struct buf b;
    struct zone_changes c;
    struct err e = ERR_INIT;
    make(&b, '2', 0, times, 3, "");
    assert_int_equal(read_bytes(b.data, b.len, &c, &e), OK);
    assert_int_equal(c.n, 4);
    assert_true(c.list[0].at == ZONE_EVER && c.list[0].offset == 3600);
    for (size_t i = 0; i < 3; i++) {
        assert_true(c.list[i + 1].at == times[i]);
        assert_int_equal(c.list[i + 1].offset, i % 2 == 0 ? 7200 : 3600);
    }
    assert_true(c.cycle == 0);
    free(c.list);
    buf_free(&b);
}

static void refuse(struct buf *b)
{
    struct zone_changes c;
    struct err e = ERR_INIT;
    assert_int_equal(read_bytes(b->data, b->len, &c, &e), ERR_CONFIG);
    assert_non_null(strstr(e.msg, path));
    free(c.list);
    buf_free(b);
}

static void test_refused(void **state)
{
    (void)state;
    static const int64_t times[2] = {0, 100};
    static const int64_t backward[2] = {100, 0};
    struct buf b;
    make(&b, '\0', 0, times, 2, ""); /* the old version has 32-bit times only */
    refuse(&b);
    make(&b, '2', 1, times, 2, ""); /* leap seconds */
    refuse(&b);
    make(&b, '2', 0, backward, 2, "");
    refuse(&b);
    make(&b, '2', 0, times, 2, "CET-1CEST,J60,J300"); /* a form no zone uses */
    refuse(&b);
    make(&b, '2', 0, times, 2, "");
    buf_truncate(&b, b.len - 1);
    refuse(&b);
    make(&b, '2', 0, times, 2, "");
    b.data[44 + 10 + 44 + 2 * 8] = 2; /* a type that there is not */
    refuse(&b);
    make(&b, '2', 0, times, 2, "");
    b.data[44 + 10 + 44 + 2 * 8 + 2] = 0x7f; /* an offset of years */
    refuse(&b);
    buf_init(&b, 100);
    refuse(&b);
}

static void test_missing_file(void **state)
{
    (void)state;
    struct zone_changes c = {0};
    struct err e = ERR_INIT;
    assert_int_equal(zone_file_read(&c, "/nonexistent/zone", &e), ERR_IO);
    assert_int_equal(e.sys, ENOENT);
    assert_null(c.list);
}

/* A real file cut at each byte, and with each byte changed: read or refused, never beyond its end.
 */
static void test_damage(void **state)
{
    (void)state;
    struct buf b;
    struct zone_changes c;
    struct err e = ERR_INIT;
    buf_init(&b, 1 << 20);
    assert_int_equal(io_read_file(PARIS, &b, &e), OK);
    for (size_t n = 0; n < b.len; n++) {
        assert_int_equal(read_bytes(b.data, n, &c, &e), ERR_CONFIG);
        free(c.list);
    }
    for (size_t i = 0; i < b.len; i++) {
        char was = b.data[i];
        b.data[i] = (char)~was;
        enum err_code rc = read_bytes(b.data, b.len, &c, &e);
        assert_true(rc == OK || rc == ERR_CONFIG);
        free(c.list);
        b.data[i] = was;
    }
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

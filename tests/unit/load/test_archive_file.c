#include "load/row_moves/archive_file.h"
#include "shared/files/file_io.h"
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char base[64];
static char dir[100];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(base, sizeof base, "/tmp/netty-keep-XXXXXX");
    if (mkdtemp(base) == NULL)
        return -1;
    (void)snprintf(dir, sizeof dir, "%s/a/b", base);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char pattern[200];
    glob_t found;
    (void)snprintf(pattern, sizeof pattern, "%s/*", dir);
    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            (void)unlink(found.gl_pathv[i]);
    globfree(&found);
    (void)rmdir(dir);
    (void)snprintf(dir, sizeof dir, "%s/a", base);
    (void)rmdir(dir);
    return rmdir(base);
}

/* Three batches of one, two and many lines, the last of more than a buffer. */
static void write_three(char path[IO_PATH])
{
    struct err e = ERR_INIT;
    struct archive_file *k = NULL;
    char line[4000];

    memset(line, 'x', sizeof line);
    assert_int_equal(archive_file_open(&k, dir, "contacts", &e), OK);
    assert_int_equal(archive_file_commit(k, &e), OK);
    assert_null(archive_file_path(k)); /* nothing, no file */
    assert_int_equal(archive_file_add(k, "{\"n\":1}", 7, &e), OK);
    assert_int_equal(archive_file_commit(k, &e), OK);
    assert_int_equal(archive_file_add(k, "dropped", 7, &e), OK);
    archive_file_drop(k);
    assert_int_equal(archive_file_add(k, "{}", 2, &e), OK);
    assert_int_equal(archive_file_add(k, "{\"n\":2}", 7, &e), OK);
    assert_int_equal(archive_file_commit(k, &e), OK);
    for (int i = 0; i < 200; i++)
        assert_int_equal(archive_file_add(k, line, sizeof line, &e), OK);
    assert_int_equal(archive_file_commit(k, &e), OK);
    assert_int_equal(archive_file_bytes(k), 8 + 3 + 8 + 200 * 4001);
    (void)snprintf(path, IO_PATH, "%s", archive_file_path(k));
    archive_file_close(k);
}

/* How many lines come before the end or a failure. */
static size_t count(const char *path, enum err_code expected, bool torn)
{
    struct err e = ERR_INIT;
    struct archive_file_reader *r = NULL;
    const char *line = "";
    size_t n = 0;
    size_t lines = 0;
    enum err_code rc = OK;

    assert_int_equal(archive_file_read_open(&r, path, false, &e), OK);
    while ((rc = archive_file_line(r, &line, &n, &e)) == OK && line != NULL) {
        assert_true(n == 7 || n == 2 || n == 4000);
        lines++;
    }
    assert_int_equal(rc, expected);
    if (rc == OK)
        assert_int_equal(archive_file_read_torn(r), torn);
    else
        assert_non_null(strstr(e.msg, path));
    archive_file_read_close(r);
    return lines;
}

static void test_back_and_forth(void **state)
{
    (void)state;
    char path[IO_PATH];
    struct stat st;
    write_three(path);
    assert_int_equal(count(path, OK, false), 203);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void test_cut_anywhere_whole_frames_are_read(void **state)
{
    (void)state;
    char path[IO_PATH];
    struct stat st;
    write_three(path);
    assert_int_equal(stat(path, &st), 0);
    size_t before = 203;
    for (off_t at = st.st_size - 1; at >= 0; at--) {
        assert_int_equal(truncate(path, at), 0);
        struct err e = ERR_INIT;
        struct archive_file_reader *r = NULL;
        const char *line = "";
        size_t n = 0;
        size_t lines = 0;
        assert_int_equal(archive_file_read_open(&r, path, false, &e), OK);
        while (archive_file_line(r, &line, &n, &e) == OK && line != NULL)
            lines++;
        assert_true(lines == 3 || lines == 1 || lines == 0);
        assert_true(lines <= before);
        /* Torn, or at the end of a frame. */
        assert_true(archive_file_read_torn(r) || lines != before || at == 0);
        before = archive_file_read_torn(r) ? before : lines;
        archive_file_read_close(r);
    }
}

static void test_a_changed_byte_is_noticed(void **state)
{
    (void)state;
    char path[IO_PATH];
    struct stat st;
    write_three(path);
    assert_int_equal(stat(path, &st), 0);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    char byte = 0;
    assert_int_equal(pread(fd, &byte, 1, 12), 1);
    byte ^= 0x20;
    assert_int_equal(pwrite(fd, &byte, 1, 12), 1);
    assert_int_equal(close(fd), 0);
    assert_int_equal(count(path, ERR_DAMAGED, false), 0);
}

static void test_what_is_no_archive(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct archive_file_reader *r = NULL;
    const char *line = NULL;
    size_t n = 0;
    assert_int_equal(archive_file_read_open(&r, "/nowhere/at.all", true, &e), ERR_USAGE);
    assert_int_equal(archive_file_read_open(&r, "/etc/passwd", true, &e), OK);
    assert_int_equal(archive_file_line(r, &line, &n, &e), ERR_DAMAGED);
    archive_file_read_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_back_and_forth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_anywhere_whole_frames_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_changed_byte_is_noticed, setup, teardown),
        cmocka_unit_test(test_what_is_no_archive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

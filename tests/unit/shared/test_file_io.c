#include "shared/files/file_io.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char dir[IO_PATH];

static int setup(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(dir, sizeof dir, "%s/netty-io-XXXXXX", tmp != NULL ? tmp : "/tmp");
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    return nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* dir/name, in one of a few turns of static memory. */
static const char *at(const char *name)
{
    static char paths[4][IO_PATH];
    static size_t turn;
    char *path = paths[turn++ % 4];
    struct err e = ERR_INIT;
    assert_int_equal(io_path(path, dir, name, &e), OK);
    return path;
}

static void put_file(const char *name, const char *text)
{
    struct err e = ERR_INIT;
    int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(io_write(fd, text, strlen(text), name, &e), OK);
    assert_int_equal(close(fd), 0);
}

static void check_file(const char *name, const char *want)
{
    struct buf b;
    struct err e = ERR_INIT;
    buf_init(&b, 1 << 20);
    assert_int_equal(io_read_file(at(name), &b, &e), OK);
    assert_string_equal(b.data, want);
    buf_free(&b);
}

static size_t entries(void)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d))
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    assert_int_equal(closedir(d), 0);
    return n;
}

static void ignore(int signal)
{
    (void)signal;
}

/* Takes all that comes through the pipe in small bites; its exit status says whether it was what
 * was sent. */
static void read_slowly(int fd, size_t want)
{
    size_t got = 0;
    char bite[1000];
    ssize_t n = 0;
    while ((n = read(fd, bite, sizeof bite)) > 0)
        for (ssize_t i = 0; i < n; i++, got++)
            if (bite[i] != (char)(got % 251))
                _exit(1);
    _exit(got == want ? 0 : 2);
}

/* Signals that interrupt, and a pipe that takes a part of what it is offered. */
static void test_write_is_complete(void **state)
{
    (void)state;
    size_t n = (size_t)8 << 20;
    char *data = malloc(n);
    int ends[2];
    assert_non_null(data);
    for (size_t i = 0; i < n; i++)
        data[i] = (char)(i % 251);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[1]);
        read_slowly(ends[0], n);
    }
    struct sigaction action = {.sa_handler = ignore};
    struct itimerval often = {.it_interval = {.tv_usec = 500}, .it_value = {.tv_usec = 500}};
    struct itimerval off = {0};
    struct err e = ERR_INIT;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    enum err_code rc = io_write(ends[1], data, n, "pipe", &e);
    assert_int_equal(setitimer(ITIMER_REAL, &off, NULL), 0);
    assert_int_equal(rc, OK);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(close(ends[0]), 0);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    free(data);
}

static void test_write_to_a_full_disk(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(io_write(fd, "x", 1, "the/path", &e), ERR_FULL);
    assert_string_equal(e.msg, "cannot write to the/path: No space left on device");
    assert_int_equal(io_pwrite(fd, "x", 1, 0, "the/path", &e), ERR_FULL);
    assert_int_equal(io_write(fd, "", 0, "the/path", &e), OK);
    assert_int_equal(close(fd), 0);
}

static void test_write_to_a_bad_descriptor(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    size_t got = 0;
    char c = 0;
    assert_int_equal(io_write(-1, "x", 1, "p", &e), ERR_IO);
    assert_int_equal(io_pwrite(-1, "x", 1, 0, "p", &e), ERR_IO);
    assert_int_equal(io_pread(-1, &c, 1, 0, &got, "p", &e), ERR_IO);
    assert_int_equal(e.sys, EBADF);
}

static void test_pwrite_and_pread(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char got[16] = "";
    size_t n = 99;
    put_file("f", "0123456789");
    int fd = open(at("f"), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(io_pwrite(fd, "abc", 3, 4, "f", &e), OK);
    assert_int_equal(io_pread(fd, got, 6, 2, &n, "f", &e), OK);
    assert_int_equal(n, 6);
    assert_memory_equal(got, "23abc7", 6);
    assert_int_equal(io_pread(fd, got, 6, 8, &n, "f", &e), OK);
    assert_int_equal(n, 2);
    assert_int_equal(io_pread(fd, got, 6, 100, &n, "f", &e), OK);
    assert_int_equal(n, 0);
    assert_int_equal(close(fd), 0);
}

static void test_read_file_up_to_the_cap(void **state)
{
    (void)state;
    struct buf b;
    struct err e = ERR_INIT;
    put_file("f", "0123456789");
    buf_init(&b, 10);
    assert_int_equal(io_read_file(at("f"), &b, &e), OK);
    assert_int_equal(io_read_file(at("f"), &b, &e), OK); /* in place of what was there */
    assert_string_equal(b.data, "0123456789");
    put_file("f", "0123456789a");
    assert_int_equal(io_read_file(at("f"), &b, &e), ERR_TOO_BIG);
    assert_non_null(strstr(e.msg, "/f is larger than 10 B"));
    assert_int_equal(b.len, 0);
    buf_free(&b);
    buf_init(&b, 0);
    put_file("f", "");
    assert_int_equal(io_read_file(at("f"), &b, &e), OK);
    assert_string_equal(b.data, "");
    buf_free(&b);
}

static void test_read_what_is_no_file(void **state)
{
    (void)state;
    struct buf b;
    struct err e = ERR_INIT;
    buf_init(&b, 100);
    assert_int_equal(io_read_file(at("none"), &b, &e), ERR_IO);
    assert_int_equal(e.sys, ENOENT);
    assert_non_null(strstr(e.msg, "/none: No such file"));
    assert_int_equal(io_read_file(dir, &b, &e), ERR_IO);
    assert_int_equal(e.sys, EISDIR);
    buf_free(&b);
}

static mode_t mode_of(const char *name)
{
    struct stat st;
    assert_int_equal(stat(at(name), &st), 0);
    return st.st_mode & 07777;
}

static void test_mkdirs(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    mode_t mask = umask(0);
    assert_int_equal(io_mkdirs(at("a//b/c/"), &e), OK);
    assert_int_equal(io_mkdirs(at("a/b/c"), &e), OK); /* what is there stays */
    (void)umask(mask);
    assert_int_equal(mode_of("a"), 0700);
    assert_int_equal(mode_of("a/b/c"), 0700);
    assert_int_equal(io_mkdirs("/", &e), OK);
    assert_int_equal(io_mkdirs(".", &e), OK);
}

static void test_mkdirs_relative(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char before[IO_PATH];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(dir), 0);
    enum err_code rc = io_mkdirs("var/spool", &e);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(rc, OK);
    assert_int_equal(mode_of("var/spool"), 0700);
}

static void test_mkdirs_that_cannot(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char path[IO_PATH + 10];
    put_file("f", "x");
    assert_int_equal(io_mkdirs(at("f"), &e), ERR_CREATE);
    assert_int_equal(e.sys, ENOTDIR);
    assert_int_equal(io_mkdirs(at("f/g"), &e), ERR_CREATE);
    assert_non_null(strstr(e.msg, "/f: Not a directory"));
    assert_int_equal(io_mkdirs("", &e), ERR_CREATE);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(io_mkdirs(path, &e), ERR_CREATE);
    path[300] = '\0';
    assert_int_equal(io_mkdirs(at(path), &e), ERR_CREATE);
    assert_int_equal(e.sys, ENAMETOOLONG);
}

static void test_sync_dir(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(io_sync_dir(dir, &e), OK);
    put_file("f", "x");
    assert_int_equal(io_sync_dir(at("f"), &e), ERR_IO);
    assert_int_equal(e.sys, ENOTDIR);
    assert_int_equal(io_sync_dir(at("none"), &e), ERR_IO);
    assert_int_equal(e.sys, ENOENT);
}

static void test_replace(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    mode_t mask = umask(0);
    assert_int_equal(io_replace(dir, "f", "one", 3, &e), OK);
    check_file("f", "one");
    assert_int_equal(io_replace(dir, "f", "second", 6, &e), OK);
    check_file("f", "second");
    assert_int_equal(io_replace(dir, "f", NULL, 0, &e), OK);
    check_file("f", "");
    (void)umask(mask);
    assert_int_equal(mode_of("f"), 0600);
    assert_int_equal(entries(), 1);
}

static void test_replace_that_cannot(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char name[300];
    assert_int_equal(io_replace(at("none"), "f", "x", 1, &e), ERR_CREATE);
    assert_int_equal(e.sys, ENOENT);
    assert_int_equal(io_mkdirs(at("f"), &e), OK);
    assert_int_equal(io_replace(dir, "f", "x", 1, &e), ERR_IO); /* a folder is in the way */
    assert_int_equal(e.sys, EISDIR);
    assert_int_equal(entries(), 1); /* no temporary stays */
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(io_replace(dir, name, "x", 1, &e), ERR_CREATE);
    assert_int_equal(e.sys, ENAMETOOLONG);
}

/* A file size limit stands in for a disk that fills up in the middle: the old content stays. */
static void replace_beyond_the_limit(void)
{
    struct rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
    struct err e = ERR_INIT;
    static char much[5000];
    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(1);
    _exit(io_replace(dir, "f", much, sizeof much, &e) == ERR_IO && e.sys == EFBIG ? 0 : 2);
}

static void test_replace_keeps_the_old_when_the_disk_fails(void **state)
{
    (void)state;
    put_file("f", "old");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        replace_beyond_the_limit();
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    check_file("f", "old");
    assert_int_equal(entries(), 1);
}

static enum err_code count_name(void *ctx, int folder, const char *name, struct err *e)
{
    unsigned *files = ctx;
    struct stat st;
    assert_int_equal(fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW), 0);
    *files += S_ISREG(st.st_mode);
    return *files < 3 ? OK : err_set(e, ERR_DATA, "that is enough");
}

static void test_each_name(void **state)
{
    (void)state;
    unsigned files = 0;
    struct err e = ERR_INIT;
    put_file("a", "");
    put_file("b", "");
    assert_int_equal(io_each_name(dir, false, count_name, &files, &e), OK);
    assert_int_equal(files, 2);
    files = 0;
    put_file("c", "");
    put_file("d", "");
    assert_int_equal(io_each_name(dir, false, count_name, &files, &e), ERR_DATA);
    assert_int_equal(files, 3);
    files = 0;
    assert_int_equal(io_each_name(at("none"), true, count_name, &files, &e), OK);
    assert_int_equal(io_each_name(at("none"), false, count_name, &files, &e), ERR_IO);
    assert_int_equal(e.sys, ENOENT);
    assert_non_null(strstr(e.msg, "none"));
    assert_int_equal(io_each_name(at("a"), true, count_name, &files, &e), ERR_IO);
    assert_int_equal(files, 0);
}

static void test_path(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char out[IO_PATH];
    char longest[IO_PATH];
    assert_int_equal(io_path(out, "a", "b", &e), OK);
    assert_string_equal(out, "a/b");
    assert_int_equal(io_path(out, "/", "b", &e), OK);
    assert_string_equal(out, "/b");
    memset(longest, 'x', sizeof longest);
    longest[IO_PATH - 3] = '\0';
    assert_int_equal(io_path(out, longest, "b", &e), OK);
    assert_int_equal(strlen(out), IO_PATH - 1);
    assert_int_equal(io_path(out, longest, "bc", &e), ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_write_is_complete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_to_a_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_to_a_bad_descriptor, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pwrite_and_pread, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_file_up_to_the_cap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_what_is_no_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mkdirs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mkdirs_relative, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mkdirs_that_cannot, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sync_dir, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replace_that_cannot, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replace_keeps_the_old_when_the_disk_fails, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_each_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_path, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

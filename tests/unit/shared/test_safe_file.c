#include "shared/files/safe_file.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char dir[IO_PATH];

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int setup(void **state)
{
    const char *tmp = getenv("TMPDIR");
    (void)state;
    (void)snprintf(dir, sizeof dir, "%s/netty-safe-XXXXXX", tmp != NULL ? tmp : "/tmp");
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    return nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *at(const char *name)
{
    static char paths[4][IO_PATH];
    static size_t turn;
    char *path = paths[turn++ % 4];
    assert_int_equal(io_path(path, dir, name, NULL), OK);
    return path;
}

static void put(const char *name, const char *text)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

static void refused(const char *name, int flags, enum err_code code, const char *says)
{
    struct err e = ERR_INIT;
    int fd = 99;
    assert_int_equal(safe_open(&fd, at(name), flags, &e), code);
    assert_int_equal(fd, -1);
    assert_non_null(strstr(e.msg, says));
    assert_non_null(strstr(e.msg, name));
    assert_int_not_equal(errno, ENOENT);
}

static void test_a_file_of_ours(void **state)
{
    struct err e = ERR_INIT;
    struct stat st;
    struct buf b;
    int fd = -1;
    (void)state;
    assert_int_equal(safe_open(&fd, at("new"), O_RDWR | O_CREAT, &e), OK);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(close(fd), 0);
    put("new", "content");
    buf_init(&b, 100);
    assert_int_equal(safe_read_file(at("new"), &b, &e), OK);
    assert_string_equal(b.data, "content");
    assert_int_equal(safe_open(&fd, at("new"), O_WRONLY | O_TRUNC, &e), OK);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(safe_open(&fd, at("none"), O_RDONLY, &e), ERR_IO);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(e.sys, ENOENT);
    assert_int_equal(safe_open(&fd, at("none/new"), O_RDWR | O_CREAT, &e), ERR_CREATE);
    assert_int_equal(e.sys, ENOENT);
    buf_free(&b);
}

static void test_links_are_not_followed(void **state)
{
    struct err e = ERR_INIT;
    struct buf b;
    (void)state;
    put("victim", "stays");
    assert_int_equal(symlink(at("victim"), at("link")), 0);
    assert_int_equal(symlink(at("nowhere"), at("dangling")), 0);
    refused("link", O_RDONLY, ERR_IO, "symbolic link");
    refused("link", O_RDWR | O_CREAT | O_TRUNC, ERR_IO, "symbolic link");
    refused("dangling", O_RDWR | O_CREAT, ERR_IO, "symbolic link");
    assert_int_equal(access(at("nowhere"), F_OK), -1);
    assert_int_equal(mkdir(at("folder"), 0700), 0);
    put("folder/file", "x");
    assert_int_equal(symlink(at("folder"), at("linked")), 0);
    int fd = -1;
    assert_int_equal(safe_open(&fd, at("linked/file"), O_RDONLY, &e), ERR_IO);
    assert_non_null(strstr(e.msg, "symbolic link"));
    buf_init(&b, 100);
    assert_int_equal(safe_read_file(at("victim"), &b, &e), OK);
    assert_string_equal(b.data, "stays");
    buf_free(&b);
}

static void test_what_is_no_regular_file_is_not_waited_for(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    assert_int_equal(mkdir(at("folder"), 0700), 0);
    refused("fifo", O_RDONLY, ERR_IO, "no regular file");
    refused("fifo", O_WRONLY | O_CREAT, ERR_IO, "no regular file");
    refused("fifo", O_RDWR, ERR_IO, "no regular file");
    refused("folder", O_RDONLY, ERR_IO, "no regular file");
    refused("folder", O_RDWR | O_CREAT, ERR_IO, "no regular file");
}

static void test_what_others_can_write_is_not_used(void **state)
{
    static const mode_t modes[] = {0620, 0602, 0666};
    int fd = -1;
    (void)state;
    put("file", "x");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(at("file"), modes[i]), 0);
        refused("file", O_RDONLY, ERR_DENIED, "chmod go-w");
        refused("file", O_RDWR | O_TRUNC, ERR_DENIED, "chmod go-w");
    }
    assert_int_equal(chmod(at("file"), 0644), 0);
    assert_int_equal(safe_open(&fd, at("file"), O_RDONLY, NULL), OK);
    assert_int_equal(lseek(fd, 0, SEEK_END), 1); /* it was not cut either */
    assert_int_equal(close(fd), 0);
}

static void test_a_file_of_two_names_is_read_only(void **state)
{
    struct err e = ERR_INIT;
    int fd = -1;
    (void)state;
    put("file", "x");
    assert_int_equal(link(at("file"), at("other")), 0);
    refused("file", O_RDWR, ERR_IO, "hard links");
    assert_int_equal(safe_open(&fd, at("file"), O_WRONLY | O_CREAT | O_TRUNC, &e), ERR_IO);
    assert_int_equal(e.sys, EMLINK);
    assert_int_equal(safe_open(&fd, at("file"), O_RDONLY, &e), OK);
    assert_int_equal(lseek(fd, 0, SEEK_END), 1);
    assert_int_equal(close(fd), 0);
}

static void test_a_whole_folder_may_be_a_link(void **state)
{
    char path[IO_PATH];
    (void)state;
    assert_int_equal(mkdir(at("real"), 0700), 0);
    assert_int_equal(symlink("real", at("spool")), 0);
    (void)snprintf(path, sizeof path, "%s", at("spool"));
    assert_int_equal(safe_resolve_folder(path, NULL), OK);
    assert_string_equal(strrchr(path, '/'), "/real");
    (void)snprintf(path, sizeof path, "%s", at("none"));
    assert_int_equal(safe_resolve_folder(path, NULL), OK);
    assert_string_equal(path, at("none"));
}

/* The folder has been exchanged for a link to another one, which must stay as it is. */
static void test_nothing_is_renamed_or_removed_behind_a_link(void **state)
{
    char folder[IO_PATH];
    char other[IO_PATH];
    char from[IO_PATH];
    char to[IO_PATH];
    char behind[IO_PATH];
    char elsewhere[IO_PATH];
    struct err e = ERR_INIT;
    int fd = -1;
    (void)state;
    assert_int_equal(io_path(folder, dir, "contacts", &e), OK);
    assert_int_equal(io_path(other, dir, "other", &e), OK);
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(io_path(behind, other, "a", &e), OK);
    assert_int_equal(safe_open(&fd, behind, O_RDWR | O_CREAT, &e), OK);
    (void)close(fd);
    assert_int_equal(symlink(other, folder), 0);
    assert_int_equal(io_path(from, folder, "a", &e), OK);
    assert_int_equal(io_path(to, folder, "b", &e), OK);
    assert_int_equal(safe_rename(from, to, &e), ERR_IO);
    assert_int_equal(e.sys, ELOOP);
    assert_int_equal(io_path(elsewhere, dir, "c", &e), OK);
    assert_int_equal(safe_move(from, elsewhere, &e), ERR_IO);
    assert_int_equal(e.sys, ELOOP);
    assert_int_equal(safe_move(behind, from, &e), ERR_IO);
    assert_int_equal(e.sys, ELOOP);
    assert_int_equal(safe_remove(from, &e), ERR_IO);
    assert_int_equal(access(behind, F_OK), 0);
    assert_int_equal(unlink(folder), 0);
    assert_int_equal(rename(other, folder), 0);
    assert_int_equal(safe_move(from, elsewhere, &e), OK);
    assert_int_equal(safe_move(elsewhere, from, &e), OK);
    assert_int_equal(safe_rename(from, to, &e), OK);
    assert_int_equal(safe_remove(from, &e), OK); /* it is not there */
    assert_int_equal(safe_remove(to, &e), OK);
    assert_int_not_equal(access(to, F_OK), 0);
    e = ERR_INIT;
    assert_int_equal(safe_rename(from, to, &e), ERR_IO);
    assert_int_equal(e.sys, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_file_of_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links_are_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_regular_file_is_not_waited_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_others_can_write_is_not_used, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_of_two_names_is_read_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_whole_folder_may_be_a_link, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_renamed_or_removed_behind_a_link, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "load/unchanged.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static const struct unchanged_id id = {"1.2.3", "settings"};
static const struct progress place = {{3, 4}, 5};

static void remove_all(void)
{
    char path[400];
    DIR *d = opendir(dir);
    struct dirent *entry;

    while (d != NULL && (entry = readdir(d)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        (void)unlink(path);
    }
    if (d != NULL)
        (void)closedir(d);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/netty-unchanged.XXXXXX");
    return mkdtemp(dir) == NULL;
}

static int teardown(void **state)
{
    (void)state;
    remove_all();
    return rmdir(dir);
}

static struct unchanged *open_as(const struct unchanged_id *which)
{
    struct unchanged *u = NULL;
    struct err e = ERR_INIT;

    if (unchanged_open(&u, dir, which, &e) != OK)
        fail_msg("%s", e.msg);
    return u;
}

static const char *line_of(int n, size_t *len)
{
    static char line[64];

    *len = (size_t)snprintf(line, sizeof line, "{\"contact_id\":%d,\"v\":\"%d\"}", n, n * 7);
    return line;
}

static bool find(struct unchanged *u, int n, struct unchanged_seen *seen)
{
    size_t len;
    const char *line = line_of(n, &len);

    return unchanged_find(u, line, len, seen);
}

static void learn(struct unchanged *u, int n, uint64_t xid)
{
    struct unchanged_seen seen;

    (void)find(u, n, &seen);
    seen.row =
        (struct row){.key = n, .time_created = WHEN_NONE, .time_modified = n * 3, .shape = 9};
    seen.xid = xid;
    unchanged_learn(u, &seen);
}

static void expect_known(struct unchanged *u, int n, uint64_t xid)
{
    struct unchanged_seen seen;

    assert_true(find(u, n, &seen));
    assert_int_equal(seen.row.key, n);
    assert_true(seen.row.time_created == WHEN_NONE);
    assert_int_equal(seen.row.time_modified, n * 3);
    assert_int_equal(seen.row.shape, 9);
    assert_int_equal(seen.row.data_len, 0);
    assert_int_equal(seen.xid, xid);
}

static void expect_unknown(struct unchanged *u, int n)
{
    struct unchanged_seen seen;

    assert_false(find(u, n, &seen));
}

/* The one file. */
static void file_path(char path[400])
{
    DIR *d = opendir(dir);
    struct dirent *entry;

    path[0] = '\0';
    assert_non_null(d);
    while ((entry = readdir(d)) != NULL)
        if (entry->d_name[0] == 'u')
            (void)snprintf(path, 400, "%s/%s", dir, entry->d_name);
    (void)closedir(d);
}

static void test_what_was_learned_is_found_again_by_the_next_who_opens(void **state)
{
    (void)state;
    struct unchanged *u = open_as(&id);
    struct unchanged_seen seen;

    expect_unknown(u, 1);
    learn(u, 1, 77);
    expect_known(u, 1, 77);
    assert_int_equal(unchanged_custody(u)[2].xid, 0);
    unchanged_vouch(u, 4, 78, &place);
    unchanged_close(u);
    u = open_as(&id);
    expect_known(u, 1, 77);
    assert_int_equal(unchanged_custody(u)[2].xid, 78);
    assert_int_equal(progress_compare(&unchanged_custody(u)[2].at, &place), 0);
    assert_int_equal(unchanged_custody(u)[1].xid, 0);
    assert_true(find(u, 1, &seen));
    unchanged_forget(u, &seen);
    expect_unknown(u, 1);
    learn(u, 1, 80);
    learn(u, 1, 81);
    expect_known(u, 1, 81);
    learn(u, 2, 0); /* of no known version */
    expect_unknown(u, 2);
    unchanged_drop(u);
    expect_unknown(u, 1);
    assert_int_equal(unchanged_custody(u)[2].xid, 0);
    unchanged_close(u);
}

static void test_another_relation_or_other_settings_begin_anew(void **state)
{
    (void)state;
    static const struct unchanged_id others[] = {{"1.2.4", "settings"}, {"1.2.3", "setting"}};

    for (size_t i = 0; i < 2; i++) {
        struct unchanged *u = open_as(&id);
        learn(u, 1, 77);
        unchanged_vouch(u, 15, 78, &place);
        unchanged_close(u);
        u = open_as(&others[i]);
        expect_unknown(u, 1);
        assert_int_equal(unchanged_custody(u)[0].xid, 0);
        unchanged_close(u);
    }
}

/* Whatever the size, before and after each time that it grows. */
static void test_it_grows_and_keeps_nearly_all(void **state)
{
    (void)state;
    struct unchanged *u = open_as(&id);
    int count = 0;

    for (int until = 2500; until <= 40000; until *= 2) {
        struct unchanged_seen seen;
        int lost = 0;
        for (; count < until; count++)
            learn(u, count, 100 + (uint64_t)count);
        for (int n = 0; n < count; n++) {
            if (find(u, n, &seen))
                expect_known(u, n, 100 + (uint64_t)n);
            else
                lost++;
        }
        assert_true(lost <= count / 1000);
    }
    unchanged_close(u);
}

static void test_who_comes_second_has_none(void **state)
{
    (void)state;
    struct unchanged *first = open_as(&id);
    struct unchanged *second = NULL;
    struct err e = ERR_INIT;

    assert_int_equal(unchanged_open(&second, dir, &id, &e), ERR_IO);
    assert_null(second);
    unchanged_close(second);
    expect_unknown(second, 1);
    unchanged_vouch(second, 1, 1, &place);
    unchanged_drop(second);
    assert_null(unchanged_custody(second));
    unchanged_close(first);
}

/* Any bit flipped, any cut: what is found is what was learned, or nothing. */
static void test_a_torn_file_never_tells_anything_wrong(void **state)
{
    (void)state;
    char path[400];
    struct stat st;
    struct unchanged *u = open_as(&id);

    for (int n = 0; n < 50; n++)
        learn(u, n, 1000 + (uint64_t)n);
    unchanged_vouch(u, 15, 2000, &place);
    unchanged_close(u);
    file_path(path);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t at = 0; at < st.st_size; at += at < 400 ? 3 : 41) {
        unsigned char byte = 0;
        struct unchanged_seen seen;
        assert_int_equal(pread(fd, &byte, 1, at) >= 0, 1);
        unsigned char flipped = byte ^ 0x10u;
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        u = open_as(&id);
        for (int n = 0; n < 50; n++)
            if (find(u, n, &seen))
                expect_known(u, n, 1000 + (uint64_t)n);
        bool anew = unchanged_custody(u)[0].xid == 0;
        assert_true(anew || unchanged_custody(u)[0].xid == 2000);
        unchanged_close(u);
        if (!anew) {
            assert_int_equal(pwrite(fd, &byte, 1, at), 1);
            continue;
        }
        u = open_as(&id); /* emptied by the one before */
        for (int n = 0; n < 50; n++)
            learn(u, n, 1000 + (uint64_t)n);
        unchanged_vouch(u, 15, 2000, &place);
        unchanged_close(u);
    }
    for (off_t cut = st.st_size; cut > 0; cut = cut * 3 / 4) {
        struct unchanged_seen seen;
        assert_int_equal(ftruncate(fd, cut), 0);
        u = open_as(&id);
        for (int n = 0; n < 50; n++)
            if (find(u, n, &seen))
                expect_known(u, n, 1000 + (uint64_t)n);
        unchanged_close(u);
    }
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_learned_is_found_again_by_the_next_who_opens,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_relation_or_other_settings_begin_anew, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_it_grows_and_keeps_nearly_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_comes_second_has_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_torn_file_never_tells_anything_wrong, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

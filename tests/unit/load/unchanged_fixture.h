/* A cache of unchanged lines in a folder of its own, and lines by number, for its tests. */
#ifndef NETTY_TESTS_UNIT_LOAD_UNCHANGED_FIXTURE_H
#define NETTY_TESTS_UNIT_LOAD_UNCHANGED_FIXTURE_H

#include "load/unchanged/unchanged_cache.h"

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
static const struct unchanged_id id = {.database = "1.2.3", .settings = "settings"};
#define LOG (4096 + 65536 * 8) /* where entries begin */

static const struct progress place = {.place = {3, 4}, .line = 5};

static inline void remove_all(void)
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

static inline int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/netty-unchanged.XXXXXX");
    return mkdtemp(dir) == NULL;
}

static inline int teardown(void **state)
{
    (void)state;
    remove_all();
    return rmdir(dir);
}

static inline struct unchanged *open_as(const struct unchanged_id *which)
{
    struct unchanged *u = NULL;
    struct err e = ERR_INIT;

    if (unchanged_open(&u, dir, which, &e) != OK)
        fail_msg("%s", e.msg);
    return u;
}

static inline const char *line_of(int n, size_t *len)
{
    static char line[64];

    *len = (size_t)snprintf(line, sizeof line, "{\"contact_id\":%d,\"v\":\"%d\"}", n, n * 7);
    return line;
}

static inline bool find(struct unchanged *u, int n, struct unchanged_seen *seen)
{
    size_t len;
    const char *line = line_of(n, &len);

    return unchanged_lookup(u, line, len, seen);
}

static inline void learn(struct unchanged *u, int n, uint64_t xid)
{
    struct unchanged_seen seen;

    (void)find(u, n, &seen);
    seen.row =
        (struct row){.key = n, .time_created = WHEN_NONE, .time_modified = n * 3, .shape = 9};
    seen.xid = xid;
    unchanged_add(u, &seen);
}

static inline void expect_known(struct unchanged *u, int n, uint64_t xid)
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

static inline void expect_unknown(struct unchanged *u, int n)
{
    struct unchanged_seen seen;

    assert_false(find(u, n, &seen));
}

/* The one file. */
static inline void file_path(char path[400])
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

/* So many of these lines, one after the other, are known. */
static inline int known_of(struct unchanged *u, int from, int to, int step)
{
    struct unchanged_seen seen;
    int known = 0;

    for (int n = from; n < to; n += step) {
        if (!find(u, n, &seen))
            continue;
        assert_int_equal(seen.row.key, n);
        known++;
    }
    return known;
}

/* As the loader does: digests first, then all of the batch at once. */
static inline void learn_batch(struct unchanged *u, int from, int to, uint64_t xid)
{
    static struct unchanged_seen seen[10000];

    assert_true(to - from <= 10000);
    for (int n = from; n < to; n++)
        assert_false(find(u, n, &seen[n - from]));
    unchanged_validate(u, 15, xid, &place);
    for (int n = from; n < to; n++) {
        seen[n - from].row =
            (struct row){.key = n, .time_created = WHEN_NONE, .time_modified = n * 3, .shape = 9};
        seen[n - from].xid = xid;
        unchanged_add(u, &seen[n - from]);
    }
}

static inline struct unchanged *with_lines(int count)
{
    struct unchanged *u = open_as(&id);

    for (int n = 0; n < count; n += 8000)
        learn_batch(u, n, n + 8000 < count ? n + 8000 : count, 100 + (uint64_t)n);
    unchanged_close(u);
    return open_as(&id);
}

#endif

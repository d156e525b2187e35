/* A spool in a folder of its own, with pages of given lines. */
#ifndef NETTY_TESTS_UNIT_LOAD_SPOOL_FIXTURE_H
#define NETTY_TESTS_UNIT_LOAD_SPOOL_FIXTURE_H

#include "shared/time/when.h"
#include "spool/writer/writer.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char dir[64];
    struct spool *spool;
    uv_loop_t loop;
};

static int fixture_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void fixture_open(struct fixture *f)
{
    const char *tmp = getenv("TMPDIR");
    struct err e = ERR_INIT;

    snprintf(f->dir, sizeof f->dir, "%.40s/netty-load-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(spool_open(&f->spool, f->dir, SPOOL_CREATE, &e), OK);
}

static void fixture_close(struct fixture *f)
{
    spool_close(f->spool);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    assert_int_equal(nftw(f->dir, fixture_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void fixture_done(void *ctx, enum err_code rc, const struct page_info *info,
                         const struct err *err)
{
    (void)ctx;
    (void)info;
    (void)err;
    assert_int_equal(rc, OK);
}

static void fixture_closed(void *ctx)
{
    (void)ctx;
}

/* Lines, each ended by a line end; an empty one ends a page. */
static void fixture_write(struct fixture *f, const char *table, const char *text)
{
    struct writer_conf conf = {.segment_size = 1 << 20, .segment_age = 3600 * WHEN_SECOND};
    struct writer *w = NULL;
    struct err e = ERR_INIT;
    bool open = false;

    assert_int_equal(writer_open(&w, &f->loop, f->spool, table, &conf, &e), OK);
    for (const char *p = text; *p != '\0';) {
        size_t n = strcspn(p, "\n");
        if (!open)
            assert_int_equal(writer_begin(w, &e), OK);
        open = n > 0;
        if (open) {
            assert_int_equal(writer_append(w, p, n, &e), OK);
        } else {
            struct page_info info = {.fetched = when_now(), .complete_to = WHEN_NONE};
            assert_int_equal(writer_end(w, &info, "{}", fixture_done, NULL, &e), OK);
        }
        p += n + 1;
    }
    writer_close(w, fixture_closed, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
}

#endif

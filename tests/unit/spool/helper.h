/* What the spool's tests share: a spool in a temporary folder, pages written on a loop, pages read
 * back. */
#ifndef NETTY_TESTS_UNIT_SPOOL_HELPER_H
#define NETTY_TESTS_UNIT_SPOOL_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/reader/reader.h"
#include "spool/segment/segment.h"
#include "spool/writer/writer.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLE "contacts"

struct fixture {
    char root[64];
    char dir[96];
    struct spool *spool;
    uv_loop_t loop;
    struct writer *writer;
    struct writer_conf conf;
    int done;   /* callbacks so far */
    int failed; /* of them, with an error */
    enum err_code rc;
    struct page_info info; /* of the last callback */
    bool closed;
};

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        struct err assert_err = ERR_INIT;                                                          \
        struct err *e = &assert_err;                                                               \
        if ((call) != OK)                                                                          \
            fail_msg("%s: %s", #call, assert_err.msg);                                             \
    } while (0)

static inline void fixture_open(struct fixture *f)
{
    const char *tmp = getenv("TMPDIR");
    *f = (struct fixture){.conf = {.segment_size = 64 << 20, .segment_age = INT64_MAX}};
    assert_true(snprintf(f->root, sizeof f->root, "%s/netty-spool-XXXXXX", tmp ? tmp : "/tmp") <
                (int)sizeof f->root);
    assert_non_null(mkdtemp(f->root));
    (void)snprintf(f->dir, sizeof f->dir, "%s/spool", f->root);
    assert_ok(spool_open(&f->spool, f->dir, SPOOL_CREATE, e));
    assert_int_equal(uv_loop_init(&f->loop), 0);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline void remove_tree(const char *path)
{
    assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static inline void fixture_close(struct fixture *f)
{
    spool_close(f->spool);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    remove_tree(f->root);
}

static inline void on_done(void *ctx, enum err_code rc, const struct page_info *info,
                           const struct err *err)
{
    struct fixture *f = ctx;
    (void)err;
    f->done++;
    f->failed += rc != OK;
    f->rc = rc;
    f->info = *info;
}

static inline void on_closed(void *ctx)
{
    ((struct fixture *)ctx)->closed = true;
}

static inline void start_writing(struct fixture *f)
{
    assert_ok(writer_open(&f->writer, &f->loop, f->spool, TABLE, &f->conf, e));
    f->closed = false;
}

static inline void run(struct fixture *f)
{
    assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
}

static inline void stop_writing(struct fixture *f)
{
    writer_close(f->writer, on_closed, f);
    run(f);
    assert_true(f->closed);
    f->writer = NULL;
}

/* Record i of the table; its text tells its number, and so does its length. */
static inline size_t record_text(char *out, size_t room, int i)
{
    int n = snprintf(out, room, "{\"contact_id\":%d,\"name\":\"%.*s\"}", i, i % 40,
                     "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH");
    assert_true(n > 0 && (size_t)n < room);
    return (size_t)n;
}

static inline void put_page(struct fixture *f, int first, int count)
{
    char line[128];
    char position[64];
    struct page_info info = {
        .fetched = INT64_C(1700000000000000) + first * WHEN_SECOND,
        .complete_to = first % 2 ? INT64_C(1600000000000000) + first : WHEN_NONE,
        .low = "2024-01-01 00:00:00",
        .high = "2024-01-02 \\u00e9",
    };
    assert_ok(writer_begin(f->writer, e));
    for (int i = first; i < first + count; i++) {
        size_t n = record_text(line, sizeof line, i);
        assert_ok(writer_append(f->writer, line, n, e));
    }
    (void)snprintf(position, sizeof position, "{\"next\":%d}", first + count);
    assert_ok(writer_end(f->writer, &info, position, on_done, f, e));
}

/* pages pages of count records each, each one durable before the next, numbered from `from` on. */
static inline void write_pages(struct fixture *f, int from, int pages, int count)
{
    start_writing(f);
    for (int i = 0; i < pages; i++) {
        put_page(f, from + i * count, count);
        run(f);
    }
    stop_writing(f);
    assert_int_equal(f->failed, 0);
}

static inline int number_behind(const char *text, const char *prefix)
{
    char *end;
    size_t n = strlen(prefix);
    assert_int_equal(strncmp(text, prefix, n), 0);
    long value = strtol(text + n, &end, 10);
    assert_true(end > text + n);
    return (int)value;
}

struct read_back {
    int pages;
    int damaged;
    int records;
    int first; /* record; -1: none */
    int last;
    bool in_order;
    struct page_place place; /* of the last page */
    struct err err;          /* of the last damage */
    char position[64];
};

/* Reads all there is; every record must be one that record_text makes. */
static inline void read_all(struct fixture *f, struct page_place after, struct read_back *b)
{
    struct reader *r;
    const struct page_info *info;
    enum reader_what what;
    *b = (struct read_back){.first = -1, .last = -1, .in_order = true};
    assert_ok(reader_open(&r, f->spool, TABLE, e));
    assert_ok(reader_seek(r, after, e));
    for (;;) {
        struct err err = ERR_INIT;
        if (reader_next(r, &info, &what, &err) != OK)
            fail_msg("reader_next: %s", err.msg);
        if (what == READER_END)
            break;
        assert_true(page_compare(info->place, after) > 0 || what == READER_DAMAGED);
        if (what == READER_DAMAGED) {
            assert_true(err.msg[0]);
            b->damaged++;
            b->err = err;
            assert_true(b->damaged < 10000);
            continue;
        }
        b->pages++;
        b->place = info->place;
        (void)snprintf(b->position, sizeof b->position, "%s", reader_position(r));
        const char *line;
        size_t n;
        uint64_t lines = 0;
        for (;;) {
            char expected[128];
            int id;
            assert_ok(reader_line(r, &line, &n, e));
            if (!line)
                break;
            id = number_behind(line, "{\"contact_id\":");
            assert_int_equal(n, record_text(expected, sizeof expected, id));
            assert_memory_equal(line, expected, n);
            if (b->first < 0)
                b->first = id;
            b->in_order = b->in_order && id > b->last;
            b->last = id;
            b->records++;
            lines++;
        }
        assert_int_equal(lines, info->records);
    }
    reader_close(r);
}

static inline void table_path(const struct fixture *f, char out[256], uint64_t segment,
                              enum segment_file kind)
{
    char name[SEGMENT_NAME_MAX];
    assert_true(snprintf(out, 256, "%s/" TABLE "/%s", f->dir, segment_name(name, segment, kind)) <
                256);
}

static inline bool exists(const struct fixture *f, uint64_t segment, enum segment_file kind)
{
    char path[256];
    table_path(f, path, segment, kind);
    return access(path, F_OK) == 0;
}

static inline void read_file(const char *path, struct buf *b)
{
    buf_init(b, 64 << 20);
    assert_ok(io_read_file(path, b, e));
}

/* In place, so that a test can put anything where a file was. */
static inline void write_file(const char *path, const void *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_ok(io_write(fd, p, n, path, e));
    assert_int_equal(close(fd), 0);
}

#endif

#include "spool/dead.h"

#include "shared/io.h"
#include "spool/fault.h"
#include "spool/letter.h"
#include "spool/sumline.h"
#include "spool/table.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK     ((size_t)256 << 10)
#define WRITE_MAX ((size_t)1 << 20)

static const char *const names[] = {
    [DEAD_EXTRACT] = "dead-extract.ndjson",
    [DEAD_LOAD] = "dead-load.ndjson",
};

struct box {
    int fd;
    char dir[IO_PATH];
    char path[IO_PATH];
};

/* dead_filter replaces the file: the lock must be on the one that bears the name now. */
static enum err_code box_lock(struct box *b, bool *current, struct err *e)
{
    struct stat held;
    struct stat named;
    while (flock(b->fd, LOCK_EX) != 0)
        if (errno != EINTR)
            return err_sys(e, ERR_IO, "cannot lock %s", b->path);
    if (fstat(b->fd, &held) != 0)
        return err_sys(e, ERR_IO, "cannot look at %s", b->path);
    *current =
        stat(b->path, &named) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev;
    return OK;
}

/* Opened and locked. fd is -1, and the result OK, where there is none and flags do not make one. */
static enum err_code box_open(struct box *b, const struct spool *s, const char *table,
                              enum dead_side side, int flags, struct err *e)
{
    enum err_code rc;
    bool current = false;
    b->fd = -1;
    rc = flags & O_CREAT ? table_make(b->dir, s, table, e) : table_dir(b->dir, s, table, e);
    if (rc != OK || (rc = io_path(b->path, b->dir, names[side], e)) != OK)
        return rc;
    while (rc == OK && !current) {
        if (b->fd >= 0)
            (void)close(b->fd);
        b->fd = open(b->path, flags | O_CLOEXEC, 0600);
        if (b->fd < 0 && errno == ENOENT && !(flags & O_CREAT))
            return OK;
        if (b->fd < 0)
            return err_sys(e, ERR_CREATE, "cannot open %s", b->path);
        rc = box_lock(b, &current, e);
    }
    return rc;
}

static enum err_code box_close(struct box *b, enum err_code rc, struct err *e)
{
    if (b->fd >= 0 && close(b->fd) != 0 && errno != EINTR && rc == OK)
        rc = err_sys(e, ERR_IO, "cannot close %s", b->path);
    return rc;
}

/* -- reading */

typedef enum err_code line_fn(void *ctx, const char *line, size_t n, struct err *e);

/* Each line in turn from *begin on, which moves past those for which fn answers OK. */
static enum err_code each_whole_line(const struct box *b, int64_t *begin, struct buf *tail,
                                     line_fn *fn, void *ctx, struct err *e)
{
    int64_t at = *begin;
    size_t got = 1;
    enum err_code rc = OK;
    while (rc == OK && got > 0) {
        size_t pos = 0;
        const char *lf;
        if ((rc = buf_reserve(tail, CHUNK)) != OK) {
            (void)buf_err(e, rc, tail, b->path);
            break;
        }
        if ((rc = io_pread(b->fd, tail->data + tail->len, CHUNK, at, &got, b->path, e)) != OK)
            break;
        size_t searched = tail->len;
        buf_grown(tail, got);
        at += (int64_t)got;
        while (rc == OK && searched < tail->len &&
               (lf = memchr(tail->data + searched, '\n', tail->len - searched))) {
            size_t end = (size_t)(lf - tail->data);
            if ((rc = fn(ctx, tail->data + pos, end - pos, e)) == OK)
                *begin += (int64_t)(end + 1 - pos);
            pos = searched = end + 1;
        }
        buf_consume(tail, pos);
    }
    return rc;
}

/* Each line in turn, the last one also without its line end. */
static enum err_code each_line(const struct box *b, line_fn *fn, void *ctx, struct err *e)
{
    struct buf tail;
    int64_t begin = 0;
    buf_init(&tail, LETTER_MAX + CHUNK);
    enum err_code rc = each_whole_line(b, &begin, &tail, fn, ctx, e);
    if (rc == OK && tail.len > 0)
        rc = fn(ctx, tail.data, tail.len, e);
    buf_free(&tail);
    return rc;
}

struct each {
    dead_fn *fn;
    void *ctx;
    struct letter_memory memory;
};

static enum err_code each_letter(void *ctx, const char *line, size_t n, struct err *e)
{
    struct each *each = ctx;
    struct dead_letter letter;
    letter_read(&each->memory, line, n, &letter);
    return each->fn(each->ctx, &letter, e);
}

/* Without the lock: fn may take its time. A line that is being added may look damaged for that
 * moment. fd is -1 where there is no file. */
static enum err_code box_look(struct box *b, const struct spool *s, const char *table,
                              enum dead_side side, struct err *e)
{
    enum err_code rc;
    char dir[IO_PATH];
    b->fd = -1;
    if ((rc = table_dir(dir, s, table, e)) != OK || (rc = io_path(b->path, dir, names[side], e)))
        return rc;
    b->fd = open(b->path, O_RDONLY | O_CLOEXEC);
    return b->fd >= 0 || errno == ENOENT ? OK : err_sys(e, ERR_IO, "cannot open %s", b->path);
}

enum err_code dead_each(const struct spool *s, const char *table, enum dead_side side, dead_fn *fn,
                        void *ctx, struct err *e)
{
    struct box box;
    struct each each = {.fn = fn, .ctx = ctx};
    enum err_code rc = box_look(&box, s, table, side, e);
    if (rc != OK || box.fd < 0)
        return rc;
    letter_memory_init(&each.memory);
    rc = each_line(&box, each_letter, &each, e);
    letter_memory_free(&each.memory);
    return box_close(&box, rc, e);
}

/* Is this the file that the mark is of, with what was read of it? */
static enum err_code recognize(const struct box *b, const struct dead_mark *mark,
                               const struct stat *st, bool *same, struct err *e)
{
    char sum[sizeof mark->sum];
    size_t got = 0;
    *same = false;
    if (mark->inode != st->st_ino || mark->device != st->st_dev || mark->offset > st->st_size)
        return OK;
    enum err_code rc = OK;
    if (mark->offset > (int64_t)sizeof sum)
        rc = io_pread(b->fd, sum, sizeof sum, mark->offset - (int64_t)sizeof sum, &got, b->path, e);
    *same = got == sizeof sum && memcmp(sum, mark->sum, sizeof sum) == 0;
    return rc;
}

static enum err_code keep_sum(const struct box *b, struct dead_mark *mark, struct err *e)
{
    size_t got = 0;
    if (mark->offset <= (int64_t)sizeof mark->sum)
        return OK;
    return io_pread(b->fd, mark->sum, sizeof mark->sum, mark->offset - (int64_t)sizeof mark->sum,
                    &got, b->path, e);
}

enum err_code dead_each_since(const struct spool *s, const char *table, enum dead_side side,
                              struct dead_mark *mark, bool *anew, dead_fn *fn, void *ctx,
                              struct err *e)
{
    struct box box;
    struct stat st;
    struct buf tail;
    struct each each = {.fn = fn, .ctx = ctx};
    bool same = false;
    struct err none;
    enum err_code rc = box_look(&box, s, table, side, e);
    *anew = true;
    if (rc != OK || box.fd < 0) {
        *mark = (struct dead_mark){0};
        return rc;
    }
    letter_memory_init(&each.memory);
    buf_init(&tail, LETTER_MAX + CHUNK);
    if (fstat(box.fd, &st) != 0)
        rc = err_sys(e, ERR_IO, "cannot look at %s", box.path);
    if (rc == OK && (rc = recognize(&box, mark, &st, &same, e)) == OK) {
        if (!same)
            *mark = (struct dead_mark){.device = st.st_dev, .inode = st.st_ino};
        *anew = !same;
        rc = each_whole_line(&box, &mark->offset, &tail, each_letter, &each, e);
        if (keep_sum(&box, mark, rc == OK ? e : &none) != OK)
            *mark = (struct dead_mark){0}; /* the next one reads all again */
    }
    buf_free(&tail);
    letter_memory_free(&each.memory);
    return box_close(&box, rc, e);
}

/* -- adding */

/* Where the last line end is; the bytes behind it were never acknowledged. */
static enum err_code find_end(const struct box *b, int64_t size, int64_t *end, struct err *e)
{
    char chunk[4096];
    *end = size;
    while (*end > 0) {
        int64_t from = *end > (int64_t)sizeof chunk ? *end - (int64_t)sizeof chunk : 0;
        size_t got;
        enum err_code rc = io_pread(b->fd, chunk, (size_t)(*end - from), from, &got, b->path, e);
        if (rc != OK)
            return rc;
        const char *lf = memrchr(chunk, '\n', got);
        *end = lf ? from + (lf - chunk) + 1 : from;
        if (lf)
            break;
    }
    return OK;
}

/* A line that a crash cut short goes: whoever wrote it was not told that it is kept, and writes it
 * again. One that is whole but for a damaged line end stays. */
static enum err_code mend_tail(const struct box *b, int64_t *end, struct err *e)
{
    struct stat st;
    struct buf tail;
    size_t got;
    enum err_code rc;
    if (fstat(b->fd, &st) != 0)
        return err_sys(e, ERR_IO, "cannot look at %s", b->path);
    if ((rc = find_end(b, st.st_size, end, e)) != OK || *end == st.st_size)
        return rc;
    buf_init(&tail, LETTER_MAX);
    size_t n = (size_t)(st.st_size - *end);
    if (n <= LETTER_MAX && buf_reserve(&tail, n) == OK &&
        io_pread(b->fd, tail.data, n, *end, &got, b->path, e) == OK && got == n) {
        size_t whole = sumline_ok(tail.data, n) ? n : sumline_ok(tail.data, n - 1) ? n - 1 : 0;
        if (whole > 0 && (rc = io_pwrite(b->fd, "\n", 1, *end + (int64_t)whole, b->path, e)) == OK)
            *end += (int64_t)whole + 1;
    }
    buf_free(&tail);
    if (rc == OK && ftruncate(b->fd, *end) != 0)
        rc = err_sys(e, ERR_IO, "cannot cut %s", b->path);
    return rc;
}

static enum err_code append(const struct box *b, const struct dead_letter *letters, size_t n,
                            int64_t at, struct err *e)
{
    struct buf lines;
    enum err_code rc = OK;
    buf_init(&lines, LETTER_MAX + WRITE_MAX);
    for (size_t i = 0; i < n && rc == OK; i++) {
        if ((rc = letter_add(&lines, &letters[i])) != OK) {
            (void)buf_err(e, rc, &lines, "a record that is set aside");
        } else if (lines.len >= WRITE_MAX || i + 1 == n) {
            rc = io_pwrite(b->fd, lines.data, lines.len, at, b->path, e);
            at += (int64_t)lines.len;
            buf_reset(&lines);
        }
    }
    buf_free(&lines);
    return rc;
}

enum err_code dead_add(const struct spool *s, const char *table, enum dead_side side,
                       const struct dead_letter *letters, size_t n, struct err *e)
{
    struct box box;
    int64_t end = 0;
    enum err_code rc = n ? box_open(&box, s, table, side, O_RDWR | O_CREAT, e) : OK;
    if (n == 0)
        return OK;
    if (rc != OK || (rc = mend_tail(&box, &end, e)) != OK ||
        (rc = append(&box, letters, n, end, e)) != OK)
        goto done;
    FAULT("dead-letter-written");
    if (fsync(box.fd) != 0)
        rc = err_sys(e, ERR_IO, "cannot sync %s", box.path);
    else if (end == 0)
        rc = io_sync_dir(box.dir, e);
    FAULT("dead-letter-synced");
done:
    return box_close(&box, rc, e);
}

/* -- filtering */

struct filter {
    dead_keep_fn *keep;
    void *ctx;
    struct letter_memory memory;
    int fd;
    char path[IO_PATH];
    struct buf lines;
    uint64_t kept;
    uint64_t dropped;
};

static enum err_code filter_flush(struct filter *f, struct err *e)
{
    enum err_code rc = io_write(f->fd, f->lines.data, f->lines.len, f->path, e);
    buf_reset(&f->lines);
    return rc;
}

static enum err_code filter_line(void *ctx, const char *line, size_t n, struct err *e)
{
    struct filter *f = ctx;
    struct dead_letter letter;
    enum err_code rc;
    letter_read(&f->memory, line, n, &letter);
    if (!f->keep(f->ctx, &letter)) {
        f->dropped++;
        return OK;
    }
    f->kept++;
    if ((rc = buf_add(&f->lines, line, n)) != OK || (rc = buf_addc(&f->lines, '\n')) != OK)
        return buf_err(e, rc, &f->lines, "a record that was set aside");
    return f->lines.len >= WRITE_MAX ? filter_flush(f, e) : OK;
}

/* The letters that stay, into a file beside; then it takes the name. */
static enum err_code rewrite(const struct box *b, struct filter *f, struct err *e)
{
    const char *temporary = f->path;
    enum err_code rc = io_path(f->path, b->dir, ".dead.tmp", e);
    if (rc != OK)
        return rc;
    f->fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (f->fd < 0)
        return err_sys(e, ERR_CREATE, "cannot create %s", temporary);
    if ((rc = each_line(b, filter_line, f, e)) == OK && (rc = filter_flush(f, e)) == OK &&
        fsync(f->fd) != 0)
        rc = err_sys(e, ERR_IO, "cannot sync %s", temporary);
    if (close(f->fd) != 0 && rc == OK)
        rc = err_sys(e, ERR_IO, "cannot close %s", temporary);
    if (rc == OK && f->dropped > 0) {
        FAULT("dead-letters-filtered");
        if (rename(temporary, b->path) != 0)
            return err_sys(e, ERR_IO, "cannot rename %s to %s", temporary, b->path);
        return io_sync_dir(b->dir, e);
    }
    if (unlink(temporary) != 0 && rc == OK)
        rc = err_sys(e, ERR_IO, "cannot remove %s", temporary);
    return rc;
}

enum err_code dead_filter(const struct spool *s, const char *table, enum dead_side side,
                          dead_keep_fn *keep, void *ctx, struct err *e)
{
    struct box box;
    struct filter f = {.keep = keep, .ctx = ctx, .fd = -1};
    enum err_code rc = box_open(&box, s, table, side, O_RDWR, e);
    if (rc != OK || box.fd < 0)
        return box_close(&box, rc, e);
    letter_memory_init(&f.memory);
    buf_init(&f.lines, LETTER_MAX + WRITE_MAX);
    rc = rewrite(&box, &f, e);
    buf_free(&f.lines);
    letter_memory_free(&f.memory);
    return box_close(&box, rc, e);
}

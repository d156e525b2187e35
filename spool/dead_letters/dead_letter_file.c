#include "spool/dead_letters/dead_letter_file.h"

#include "shared/files/fault_point.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "spool/dead_letters/dead_letter_line.h"
#include "spool/format/hint_file.h"
#include "spool/format/json_fields.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define CHUNK     ((size_t)256 << 10)
#define FORMAT    1
#define END_BYTES 4096 /* of the file, by which it is recognized */

static const char *const names[] = {
    [DEAD_EXTRACT] = "dead-extract.ndjson",
    [DEAD_LOAD] = "dead-load.ndjson",
};

static const char *const words[] = {
    [DEAD_EXTRACT] = "dead-extract.acked",
    [DEAD_LOAD] = "dead-load.acked",
};

static enum err_code find(struct dead_letter_file *b, const struct spool *s, const char *table,
                          enum dead_side side, bool make, struct err *e)
{
    b->side = side;
    b->fd = -1;
    enum err_code rc = make ? table_make(b->dir, s, table, e) : table_dir(b->dir, s, table, e);
    if (rc != OK)
        return rc;
    b->name = names[side];
    return io_path(b->path, b->dir, b->name, e);
}

/* Locks the file. *current is whether the file still has its name: another process may have replaced it. */
static enum err_code lock(const struct dead_letter_file *b, bool *current, struct err *e)
{
    struct stat held;
    struct stat named;
    while (flock(b->fd, LOCK_EX) != 0)
        if (errno != EINTR)
            return err_sys(e, ERR_IO, "cannot lock %s", b->path);
    if (fstat(b->fd, &held) != 0)
        return err_sys(e, ERR_IO, "cannot look at %s", b->path);
    *current =
        lstat(b->path, &named) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev;
    return OK;
}

enum err_code dead_letter_file_open(struct dead_letter_file *b, const struct spool *s,
                                    const char *table, enum dead_side side, int flags,
                                    struct err *e)
{
    bool current = false;
    enum err_code rc = find(b, s, table, side, flags & O_CREAT, e);
    while (rc == OK && !current) {
        if (b->fd >= 0)
            (void)close(b->fd);
        rc = flags & O_CREAT ? safe_open(&b->fd, b->path, flags, e)
                             : safe_open_if_there(&b->fd, b->path, flags, e);
        if (rc != OK || b->fd < 0)
            return rc;
        rc = lock(b, &current, e);
    }
    return rc;
}

enum err_code dead_letter_file_look(struct dead_letter_file *b, const struct spool *s,
                                    const char *table, enum dead_side side, struct err *e)
{
    enum err_code rc = find(b, s, table, side, false, e);
    if (rc != OK)
        return rc;
    return safe_open_if_there(&b->fd, b->path, O_RDONLY, e);
}

enum err_code dead_letter_file_close(struct dead_letter_file *b, enum err_code rc, struct err *e)
{
    if (b->fd >= 0 && close(b->fd) != 0 && errno != EINTR && rc == OK)
        rc = err_sys(e, ERR_IO, "cannot close %s", b->path);
    b->fd = -1;
    return rc;
}

/* -- reading */

enum err_code dead_letter_file_each_whole_line(const struct dead_letter_file *b, int64_t *begin,
                                               struct buf *tail, dead_letter_file_line_fn *fn,
                                               void *ctx, struct err *e)
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

enum err_code dead_letter_file_each_line(const struct dead_letter_file *b,
                                         dead_letter_file_line_fn *fn, void *ctx, struct err *e)
{
    struct buf tail;
    int64_t begin = 0;
    buf_init(&tail, DEAD_LETTER_LINE_MAX + CHUNK);
    enum err_code rc = dead_letter_file_each_whole_line(b, &begin, &tail, fn, ctx, e);
    if (rc == OK && tail.len > 0)
        rc = fn(ctx, tail.data, tail.len, e);
    buf_free(&tail);
    return rc;
}

/* -- what is known to be durable */

static enum err_code hash_end(const struct dead_letter_file *b, uint64_t bytes, uint64_t *hash,
                              struct err *e)
{
    char end[END_BYTES];
    size_t got;
    uint64_t from = bytes > sizeof end ? bytes - sizeof end : 0;
    enum err_code rc =
        io_pread(b->fd, end, (size_t)(bytes - from), (int64_t)from, &got, b->path, e);
    *hash = rc == OK ? XXH3_64bits(end, got) : 0;
    return rc;
}

void dead_letter_file_acknowledge(const struct dead_letter_file *b)
{
    struct err ignored;
    struct stat st;
    struct buf line;
    uint64_t hash;
    int fd = -1;
    bool done = false;
    buf_init(&line, HINT_FILE_MAX);
    if (fstat(b->fd, &st) == 0 && hash_end(b, (uint64_t)st.st_size, &hash, &ignored) == OK &&
        buf_addf(&line, "{\"netty_letters\":%d,\"bytes\":%" PRIu64 ",\"end\":\"%016" PRIx64 "\"",
                 FORMAT, (uint64_t)st.st_size, hash) == OK)
        done = hint_file_write(&fd, b->dir, words[b->side], &line, &ignored) == OK;
    if (!done)
        LOG(LOG_DEBUG, "dead", "cannot note what is durable", F_STR("file", b->path));
    hint_file_close(&fd);
    buf_free(&line);
}

enum err_code dead_letter_file_acknowledged(const struct dead_letter_file *b, uint64_t size,
                                            uint64_t *bytes, struct err *e)
{
    char line[HINT_FILE_MAX];
    enum hint_file_state state;
    size_t n;
    uint64_t version = 0;
    uint64_t recorded = 0;
    uint64_t end = 0;
    uint64_t hash = 0;
    struct err ignored;
    struct field fields[] = {
        {.name = "netty_letters", .type = FIELD_COUNT, .to = &version},
        {.name = "bytes", .type = FIELD_COUNT, .to = &recorded},
        {.name = "end", .type = FIELD_HASH, .to = &end},
    };
    *bytes = 0;
    enum err_code rc = hint_file_read(b->dir, words[b->side], line, &n, &state, e);
    if (rc != OK || state != HINT_FILE_KNOWN ||
        fields_read(line, n, fields, FIELDS(fields), &ignored) != OK || version != FORMAT ||
        recorded > size || (rc = hash_end(b, recorded, &hash, e)) != OK)
        return rc;
    *bytes = hash == end ? recorded : 0;
    return OK;
}

/* -- a new file in its place */

enum err_code dead_letter_file_begin(const struct dead_letter_file *b, struct dead_letter_file *new,
                                     struct err *e)
{
    char hidden[64];
    *new = *b;
    new->fd = -1;
    (void)snprintf(hidden, sizeof hidden, ".%s.tmp", b->name);
    enum err_code rc = io_path(new->path, b->dir, hidden, e);
    if (rc != OK)
        return rc;
    if ((rc = safe_open(&new->fd, new->path, O_RDWR | O_CREAT | O_TRUNC, e)) != OK)
        return rc;
    if (flock(new->fd, LOCK_EX) != 0)
        rc = err_sys(e, ERR_IO, "cannot lock %s", new->path);
    return rc;
}

void dead_letter_file_drop(struct dead_letter_file *new)
{
    if (new->fd < 0)
        return;
    (void)safe_remove(new->path, NULL); /* nobody looks at it */
    (void)close(new->fd);
    new->fd = -1;
}

enum err_code dead_letter_file_exchange(struct dead_letter_file *b, struct dead_letter_file *new,
                                        struct err *e)
{
    enum err_code rc = OK;
    if (fsync(new->fd) != 0)
        return err_sys(e, ERR_IO, "cannot sync %s", new->path);
    FAULT("dead-letters-filtered");
    if ((rc = safe_rename(new->path, b->path, e)) != OK)
        return rc;
    FAULT("dead-letters-renamed");
    rc = io_sync_dir(b->dir, e);
    (void)close(b->fd); /* ends the lock, too; the file has no name any more */
    b->fd = new->fd;
    new->fd = -1;
    if (rc == OK)
        dead_letter_file_acknowledge(b);
    return rc;
}

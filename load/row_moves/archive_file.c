#include "load/row_moves/archive_file.h"
#include "shared/base/buf.h"
#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/time/when.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define LEVEL 3
#define TRIES 100 /* at a name that nobody has */

struct archive_file {
    char *dir, *table;
    char path[IO_PATH];
    int fd;      /* -1: no file yet */
    bool broken; /* what is in the file's last bytes is not known */
    off_t end;   /* of what is durable */
    ZSTD_CCtx *zstd;
    struct buf batch, frame;
    uint64_t bytes;
};

enum err_code archive_file_open(struct archive_file **out, const char *dir, const char *table,
                                struct err *e)
{
    struct archive_file *k = calloc(1, sizeof *k);

    if (k == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    k->fd = -1;
    buf_init(&k->batch, ARCHIVE_FILE_FRAME_MAX);
    buf_init(&k->frame, ZSTD_COMPRESSBOUND(ARCHIVE_FILE_FRAME_MAX));
    k->dir = strdup(dir);
    k->table = strdup(table);
    k->zstd = ZSTD_createCCtx();
    if (k->dir == NULL || k->table == NULL || k->zstd == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(k->zstd, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(k->zstd, ZSTD_c_checksumFlag, 1))) {
        archive_file_close(k);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    *out = k;
    return OK;
}

void archive_file_close(struct archive_file *k)
{
    if (k == NULL)
        return;
    if (k->fd >= 0)
        (void)close(k->fd); /* all that counts is synced */
    (void)ZSTD_freeCCtx(k->zstd);
    buf_free(&k->batch);
    buf_free(&k->frame);
    free(k->dir);
    free(k->table);
    free(k);
}

const char *archive_file_path(const struct archive_file *k)
{
    return k->fd >= 0 ? k->path : NULL;
}

uint64_t archive_file_bytes(const struct archive_file *k)
{
    return k->bytes;
}

enum err_code archive_file_add(struct archive_file *k, const char *line, size_t n, struct err *e)
{
    size_t before = k->batch.len;
    enum err_code rc = buf_add(&k->batch, line, n);

    if (rc == OK)
        rc = buf_addc(&k->batch, '\n');
    if (rc == OK)
        return OK;
    buf_truncate(&k->batch, before);
    return buf_err(e, rc, &k->batch, "a batch of rows");
}

void archive_file_drop(struct archive_file *k)
{
    buf_reset(&k->batch);
}

/* "20260105T101112.123456Z": colons are not welcome in file names everywhere. */
static void name_time(int64_t t, char out[WHEN_TEXT])
{
    char text[WHEN_TEXT];
    size_t n = 0;

    for (const char *p = when_iso(t, text); *p != '\0'; p++)
        if (*p != '-' && *p != ':')
            out[n++] = *p;
    out[n] = '\0';
}

static enum err_code create(struct archive_file *k, struct err *e)
{
    enum err_code rc = io_mkdirs(k->dir, e);
    if (rc == OK)
        rc = safe_check_writer(k->dir, "the archive folder", e);
    char name[256];
    char time[WHEN_TEXT];
    int64_t now = when_now();

    for (int i = 0; rc == OK && k->fd < 0; i++) {
        name_time(now + i, time);
        (void)snprintf(name, sizeof name, "%s-%s.ndjson.zst", k->table, time);
        if ((rc = io_path(k->path, k->dir, name, e)) != OK)
            break;
        rc = safe_open(&k->fd, k->path, O_WRONLY | O_CREAT | O_EXCL, e);
        if (rc != OK && errno == EEXIST && i < TRIES)
            rc = OK; /* the next name */
    }
    return rc == OK ? io_sync_dir(k->dir, e) : rc;
}

static enum err_code compress_batch(struct archive_file *k, struct err *e)
{
    size_t room = ZSTD_compressBound(k->batch.len);
    enum err_code rc;

    buf_reset(&k->frame);
    if ((rc = buf_reserve(&k->frame, room)) != OK)
        return buf_err(e, rc, &k->frame, "a batch of rows");
    size_t n = ZSTD_compress2(k->zstd, k->frame.data, room, k->batch.data, k->batch.len);
    if (ZSTD_isError(n))
        return err_set(e, ERR_INTERNAL, "cannot compress a batch of rows: %s",
                       ZSTD_getErrorName(n));
    buf_grown(&k->frame, n);
    return OK;
}

/* After a failed write or sync the file is not used any more: the file system may have dropped the pages, and a second sync would succeed without
 * proving anything. */
static enum err_code append(struct archive_file *k, struct err *e)
{
    enum err_code rc = OK;

    if (lseek(k->fd, k->end, SEEK_SET) < 0)
        return err_sys(e, ERR_IO, "cannot seek in %s", k->path);
    if ((rc = io_write(k->fd, k->frame.data, k->frame.len, k->path, e)) != OK) {
        /* What is there of the frame would stand before the next run's, were there one. */
        k->broken = ftruncate(k->fd, k->end) != 0 || rc != ERR_FULL;
        return rc;
    }
    FAULT("archive-appended");
    while (fsync(k->fd) != 0) {
        if (errno == EINTR)
            continue;
        k->broken = true;
        return err_sys(e, ERR_IO, "cannot sync %s", k->path);
    }
    k->end += (off_t)k->frame.len;
    return OK;
}

enum err_code archive_file_commit(struct archive_file *k, struct err *e)
{
    enum err_code rc = OK;

    if (k->batch.len == 0)
        return OK;
    if (k->broken)
        return err_set(e, ERR_IO, "%s could not be written before; run again for a new file",
                       k->path);
    if ((k->fd < 0 && (rc = create(k, e)) != OK) || (rc = compress_batch(k, e)) != OK ||
        (rc = append(k, e)) != OK)
        return rc;
    k->bytes += k->batch.len;
    buf_reset(&k->batch);
    FAULT("archive-synced");
    return OK;
}

/* ---- reading ---- */

#define PIECE ((size_t)128 << 10)

struct archive_file_reader {
    char *path;
    int fd;
    ZSTD_DCtx *zstd;
    char in[PIECE];
    ZSTD_inBuffer piece;
    bool ended, torn;
    uint64_t frames; /* whole ones so far */
    struct buf frame;
    size_t at; /* of the next line */
};

enum err_code archive_file_read_open(struct archive_file_reader **out, const char *path, bool named,
                                     struct err *e)
{
    struct err why = ERR_INIT;
    struct archive_file_reader *r = calloc(1, sizeof *r);

    if (r == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    buf_init(&r->frame, ARCHIVE_FILE_FRAME_MAX + ((size_t)64 << 20));
    r->piece.src = r->in;
    r->path = strdup(path);
    r->zstd = ZSTD_createDCtx();
    r->fd = -1;
    enum err_code rc =
        named ? io_open_named(&r->fd, path, &why) : safe_open(&r->fd, path, O_RDONLY, &why);
    if (rc != OK && why.sys == ENOENT)
        rc = err_set(e, ERR_USAGE, "there is no file %s", path);
    else if (rc != OK && e != NULL)
        *e = why;
    else if (rc == OK && (r->path == NULL || r->zstd == NULL))
        rc = err_set(e, ERR_NOMEM, "out of memory");
    if (rc != OK) {
        archive_file_read_close(r);
        return rc;
    }
    *out = r;
    return OK;
}

void archive_file_read_close(struct archive_file_reader *r)
{
    if (r == NULL)
        return;
    if (r->fd >= 0)
        (void)close(r->fd);
    (void)ZSTD_freeDCtx(r->zstd);
    buf_free(&r->frame);
    free(r->path);
    free(r);
}

bool archive_file_read_torn(const struct archive_file_reader *r)
{
    return r->torn;
}

static enum err_code refill(struct archive_file_reader *r, struct err *e)
{
    ssize_t n;
    enum err_code rc = io_await(r->fd, r->path, e);

    if (rc != OK)
        return rc;
    do
        n = read(r->fd, r->in, sizeof r->in);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_sys(e, ERR_IO, "cannot read %s", r->path);
    r->piece.size = (size_t)n;
    r->piece.pos = 0;
    r->ended = n == 0;
    return OK;
}

/* One step of a frame. *whole: it ended, and its checksum was right; *more: there is more to be had
 * without more input. */
static enum err_code inflate_some(struct archive_file_reader *r, bool *whole, bool *more,
                                  struct err *e)
{
    enum err_code rc = buf_reserve(&r->frame, PIECE);

    if (rc != OK)
        return buf_err(e, rc, &r->frame, "a frame of the archive");
    ZSTD_outBuffer out = {r->frame.data + r->frame.len, PIECE, 0};
    size_t left = ZSTD_decompressStream(r->zstd, &out, &r->piece);
    if (ZSTD_isError(left))
        return err_set(e, ERR_DAMAGED, "%s: frame %llu cannot be read: %s", r->path,
                       (unsigned long long)r->frames + 1, ZSTD_getErrorName(left));
    buf_grown(&r->frame, out.pos);
    *whole = left == 0;
    *more = out.pos == out.size;
    return OK;
}

static enum err_code next_frame(struct archive_file_reader *r, struct err *e)
{
    bool whole = false;
    bool begun = false;
    bool more = false;
    enum err_code rc = OK;

    buf_reset(&r->frame);
    r->at = 0;
    while (rc == OK && !whole) {
        if (r->piece.pos == r->piece.size && !more && (rc = refill(r, e)) != OK)
            return rc;
        if (r->ended) {
            r->torn = begun;
            buf_reset(&r->frame); /* of a torn one nothing is believed */
            return OK;
        }
        begun = true;
        rc = inflate_some(r, &whole, &more, e);
    }
    r->frames += whole;
    return rc;
}

enum err_code archive_file_line(struct archive_file_reader *r, const char **line, size_t *n,
                                struct err *e)
{
    *line = NULL;
    *n = 0;
    while (r->at == r->frame.len && !r->ended) {
        enum err_code rc = next_frame(r, e);
        if (rc != OK)
            return rc;
    }
    if (r->at == r->frame.len)
        return OK;
    const char *start = r->frame.data + r->at;
    size_t left = r->frame.len - r->at;
    const char *end = memchr(start, '\n', left);
    *line = start;
    *n = end != NULL ? (size_t)(end - start) : left;
    r->at += *n + (end != NULL);
    return OK;
}

/* Writes an object: the head line, one zstd frame of all items, the last line. */
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/remote/object.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#define LEVEL      3
#define WINDOW_LOG 23
#define SLACK      ((uint64_t)12 << 20) /* what zstd may hold back, and the lines around it */
#define LINE_MAX_  1024

struct object_writer {
    int fd;
    char path[IO_PATH];
    uint64_t number;
    ZSTD_CCtx *zstd;
    XXH3_state_t *hash;
    uint64_t content;
    bool paged;  /* a page was added */
    bool broken; /* the file cannot be written */
    uint64_t packed;
    size_t room;
    char *out;
};

const char *object_name(char out[OBJECT_NAME], uint64_t number)
{
    (void)snprintf(out, OBJECT_NAME, "%010" PRIu64 ".netty", number);
    return out;
}

uint64_t object_number(const char *name)
{
    char *end;
    if (strspn(name, "0123456789") != 10)
        return 0;
    uint64_t number = strtoull(name, &end, 10);
    return strcmp(end, ".netty") == 0 ? number : 0;
}

static enum err_code put(struct object_writer *w, const void *p, size_t n, struct err *e)
{
    if (XXH3_64bits_update(w->hash, p, n) != XXH_OK)
        return err_set(e, ERR_INTERNAL, "cannot compute a checksum");
    enum err_code rc = io_write(w->fd, p, n, w->path, e);
    w->broken = w->broken || rc != OK;
    return rc;
}

static enum err_code put_head(struct object_writer *w, const struct object_head *h, struct err *e)
{
    struct buf line;
    char at[WHEN_TEXT];
    enum err_code rc;
    buf_init(&line, LINE_MAX_);
    if ((rc = buf_addf(&line,
                       "{\"netty_object\":%d,\"number\":%" PRIu64
                       ",\"chain\":\"%s\",\"spool\":\"%s\",\"written\":\"%s\",\"before\":%" PRIu64
                       ",\"before_hash\":\"%016" PRIx64 "\",\"first\":%d",
                       h->host ? OBJECT_HOST : OBJECT_FORMAT, h->number, h->chain, h->spool,
                       when_iso(h->written, at), h->before, h->before_hash, h->first ? 1 : 0)) !=
            OK ||
        (h->whole > 0 && (rc = buf_addf(&line, ",\"whole\":%" PRIu64, h->whole)) != OK) ||
        (h->acked > 0 && (rc = buf_addf(&line, ",\"acked\":%" PRIu64, h->acked)) != OK) ||
        (rc = checksum_line_end(&line, 0)) != OK)
        (void)buf_err(e, rc, &line, "an object's head");
    else
        rc = put(w, line.data, line.len, e);
    buf_free(&line);
    return rc;
}

static enum err_code prepare(struct object_writer *w, struct err *e)
{
    w->zstd = ZSTD_createCCtx();
    w->hash = XXH3_createState();
    w->room = ZSTD_CStreamOutSize();
    w->out = malloc(w->room);
    if (!w->zstd || !w->hash || !w->out)
        return err_set(e, ERR_NOMEM, "out of memory");
    if (XXH3_64bits_reset(w->hash) != XXH_OK ||
        ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_windowLog, WINDOW_LOG)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1)))
        return err_set(e, ERR_INTERNAL, "zstd takes none of our settings");
    return OK;
}

enum err_code object_create(struct object_writer **out, const char *path,
                            const struct object_head *head, struct err *e)
{
    enum err_code rc;
    struct object_writer *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return err_set(e, ERR_NOMEM, "out of memory");
    w->fd = -1;
    w->number = head->number;
    (void)snprintf(w->path, sizeof w->path, "%s", path);
    if ((rc = prepare(w, e)) != OK ||
        (rc = safe_open(&w->fd, path, O_WRONLY | O_CREAT | O_TRUNC, e)) != OK ||
        (rc = put_head(w, head, e)) != OK)
        object_drop(w);
    else
        *out = w;
    return rc;
}

static enum err_code pack(struct object_writer *w, const void *p, size_t n, ZSTD_EndDirective how,
                          struct err *e)
{
    ZSTD_inBuffer in = {p, n, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {w->out, w->room, 0};
        left = ZSTD_compressStream2(w->zstd, &out, &in, how);
        if (ZSTD_isError(left))
            return err_set(e, ERR_INTERNAL, "cannot compress: %s", ZSTD_getErrorName(left));
        enum err_code rc = out.pos > 0 ? put(w, w->out, out.pos, e) : OK;
        if (rc != OK)
            return rc;
        w->packed += out.pos;
    } while (in.pos < in.size || (how == ZSTD_e_end && left > 0));
    return OK;
}

enum err_code object_add(struct object_writer *w, const void *p, size_t n, struct err *e)
{
    w->content += n;
    return pack(w, p, n, ZSTD_e_continue, e);
}

static enum err_code add_line(struct object_writer *w, const char *line, size_t n, struct err *e)
{
    enum err_code rc = object_add(w, line, n, e);
    return rc == OK ? object_add(w, "\n", 1, e) : rc;
}

enum err_code object_add_account(struct object_writer *w, const char *name, const char *spool,
                                 bool first, uint64_t told, struct err *e)
{
    struct buf line;
    enum err_code rc;
    buf_init(&line, LINE_MAX_);
    if ((rc = buf_addf(&line, "{\"account\":\"%s\",\"spool\":\"%s\"", name, spool)) != OK ||
        (first && (rc = buf_addf(&line, ",\"first\":1")) != OK) ||
        (told != 0 && (rc = buf_addf(&line, ",\"told\":\"%016" PRIx64 "\"", told)) != OK) ||
        (rc = checksum_line_end(&line, 0)) != OK)
        (void)buf_err(e, rc, &line, "an account's line");
    else
        rc = object_add(w, line.data, line.len, e);
    buf_free(&line);
    return rc;
}

enum err_code object_add_header(struct object_writer *w, const char *line, size_t n, struct err *e)
{
    return add_line(w, line, n, e);
}

enum err_code object_add_page(struct object_writer *w, const char *line, size_t n, struct err *e)
{
    w->paged = true;
    return add_line(w, line, n, e);
}

enum err_code object_add_file(struct object_writer *w, const char *name, uint64_t bytes,
                              struct err *e)
{
    struct buf line;
    enum err_code rc;
    buf_init(&line, LINE_MAX_);
    if ((rc = buf_addf(&line, "{\"file\":\"%s\",\"bytes\":%" PRIu64, name, bytes)) != OK ||
        (rc = checksum_line_end(&line, 0)) != OK)
        (void)buf_err(e, rc, &line, "an object's line");
    else
        rc = object_add(w, line.data, line.len, e);
    buf_free(&line);
    return rc;
}

bool object_has_room(const struct object_writer *w, uint64_t bytes)
{
    return !w->paged || w->packed + bytes + bytes / 128 + SLACK <= OBJECT_MAX;
}

bool object_is_broken(const struct object_writer *w)
{
    return w->broken;
}

static enum err_code put_tail(struct object_writer *w, struct object_sum *sum, struct err *e)
{
    struct buf line;
    enum err_code rc;
    *sum = (struct object_sum){w->number, w->content, w->packed, XXH3_64bits_digest(w->hash)};
    buf_init(&line, LINE_MAX_);
    if ((rc = buf_addf(&line,
                       "{\"end\":%" PRIu64 ",\"content\":%" PRIu64 ",\"packed\":%" PRIu64
                       ",\"hash\":\"%016" PRIx64 "\"",
                       sum->number, sum->content, sum->packed, sum->hash)) != OK ||
        (rc = checksum_line_end(&line, 0)) != OK)
        (void)buf_err(e, rc, &line, "an object's last line");
    else
        rc = io_write(w->fd, line.data, line.len, w->path, e);
    buf_free(&line);
    return rc;
}

enum err_code object_finish(struct object_writer *w, struct object_sum *sum, struct err *e)
{
    enum err_code rc;
    if ((rc = pack(w, NULL, 0, ZSTD_e_end, e)) != OK || (rc = put_tail(w, sum, e)) != OK)
        return rc;
    if (fsync(w->fd) != 0)
        return err_sys(e, ERR_IO, "cannot sync %s", w->path);
    return OK;
}

void object_drop(struct object_writer *w)
{
    if (!w)
        return;
    if (w->fd >= 0)
        (void)close(w->fd);
    (void)ZSTD_freeCCtx(w->zstd);
    (void)XXH3_freeState(w->hash);
    free(w->out);
    free(w);
}

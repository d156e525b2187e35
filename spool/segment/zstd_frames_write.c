/* The writing half of zstd_frames.h. */
#include "shared/base/buf.h"
#include "shared/files/file_io.h"
#include "spool/segment/seek_table.h"
#include "spool/segment/zstd_frames.h"
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

/* A page of usual size is compressed in one step, from the caller's memory into ours: libzstd then copies nothing and keeps no window
 * of its own. Larger pages go through it piece by piece, with a smaller window, which takes as much memory. Records repeat in long
 * pieces, so matches of fewer than seven bytes are not searched: that is 3 % less work, and files are 1 % smaller. */
#define LEVEL             1
#define WINDOW_LOG_WHOLE  17 /* what a reader must be ready to hold: 128 KiB */
#define WINDOW_LOG_PIECES 16
#define HASH_LOG          13
#define MIN_MATCH         7
#define ROOM              ZSTD_COMPRESSBOUND(ZSTD_FRAMES_WHOLE)

struct zstd_frames_out {
    int fd;
    const char *path;
    ZSTD_CCtx *zstd;
    char *out; /* what is not in the file yet */
    size_t len;
    uint64_t bytes;      /* of the frame at hand, uncompressed */
    uint64_t compressed; /* so far */
    struct buf table;
    uint32_t frames;
};

static enum err_code zstd_failed(const struct zstd_frames_out *w, size_t code, struct err *e)
{
    return err_set(e, ERR_INTERNAL, "cannot compress into %s: %s", w->path,
                   ZSTD_getErrorName(code));
}

enum err_code zstd_frames_create(struct zstd_frames_out **out, int fd, const char *path,
                                 struct err *e)
{
    struct zstd_frames_out *w = calloc(1, sizeof *w);
    size_t code;
    *out = w;
    if (!w)
        return err_set(e, ERR_NOMEM, "out of memory");
    *w = (struct zstd_frames_out){.fd = fd, .path = path};
    buf_init(&w->table, SEEK_TABLE_MAX);
    w->zstd = ZSTD_createCCtx();
    w->out = malloc(ROOM);
    if (!w->zstd || !w->out)
        return err_set(e, ERR_NOMEM, "out of memory");
    if (ZSTD_isError(code = ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(code = ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_hashLog, HASH_LOG)) ||
        ZSTD_isError(code = ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_minMatch, MIN_MATCH)) ||
        ZSTD_isError(code = ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1)) ||
        ZSTD_isError(code = ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_contentSizeFlag, 1)))
        return zstd_failed(w, code, e);
    return OK;
}

void zstd_frames_free(struct zstd_frames_out *w)
{
    if (!w)
        return;
    (void)ZSTD_freeCCtx(w->zstd);
    buf_free(&w->table);
    free(w->out);
    free(w);
}

enum err_code zstd_frames_begin(struct zstd_frames_out *w, uint64_t bytes, struct err *e)
{
    size_t code;
    if (bytes > UINT32_MAX)
        return err_set(e, ERR_TOO_BIG, "a page of more than 4 GiB does not fit into %s", w->path);
    if (ZSTD_isError(code = ZSTD_CCtx_reset(w->zstd, ZSTD_reset_session_only)) ||
        ZSTD_isError(code = ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_windowLog, WINDOW_LOG_PIECES)) ||
        ZSTD_isError(code = ZSTD_CCtx_setPledgedSrcSize(w->zstd, bytes)))
        return zstd_failed(w, code, e);
    w->bytes = bytes;
    w->compressed = 0;
    return OK;
}

static enum err_code write_out(struct zstd_frames_out *w, struct err *e)
{
    size_t n = w->len;
    w->len = 0;
    return io_write(w->fd, w->out, n, w->path, e);
}

static enum err_code feed(struct zstd_frames_out *w, ZSTD_inBuffer *in, ZSTD_EndDirective how,
                          struct err *e)
{
    size_t left;
    do {
        ZSTD_outBuffer out = {w->out, ROOM, w->len};
        left = ZSTD_compressStream2(w->zstd, &out, in, how);
        if (ZSTD_isError(left))
            return zstd_failed(w, left, e);
        w->compressed += out.pos - w->len;
        w->len = out.pos;
        enum err_code rc = w->len == ROOM ? write_out(w, e) : OK;
        if (rc != OK)
            return rc;
    } while (how == ZSTD_e_end ? left != 0 : in->pos < in->size);
    return OK;
}

enum err_code zstd_frames_add(struct zstd_frames_out *w, const void *p, size_t n, struct err *e)
{
    ZSTD_inBuffer in = {p, n, 0};
    return feed(w, &in, ZSTD_e_continue, e);
}

enum err_code zstd_frames_end(struct zstd_frames_out *w, struct err *e)
{
    ZSTD_inBuffer none = {NULL, 0, 0};
    enum err_code rc = feed(w, &none, ZSTD_e_end, e);
    return rc == OK ? zstd_frames_adopt(w, w->compressed, w->bytes, e) : rc;
}

enum err_code zstd_frames_whole(struct zstd_frames_out *w, const void *p, size_t n, struct err *e)
{
    size_t code;
    enum err_code rc;
    if (ROOM - w->len < ZSTD_COMPRESSBOUND(n) && (rc = write_out(w, e)) != OK)
        return rc;
    if (ZSTD_isError(code = ZSTD_CCtx_reset(w->zstd, ZSTD_reset_session_only)) ||
        ZSTD_isError(code = ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_windowLog, WINDOW_LOG_WHOLE)) ||
        ZSTD_isError(code = ZSTD_compress2(w->zstd, w->out + w->len, ROOM - w->len, p, n)))
        return zstd_failed(w, code, e);
    w->len += code;
    return zstd_frames_adopt(w, code, n, e);
}

enum err_code zstd_frames_adopt(struct zstd_frames_out *w, uint64_t compressed, uint64_t bytes,
                                struct err *e)
{
    unsigned char entry[SEEK_ENTRY];
    enum err_code rc;
    if (compressed > UINT32_MAX || bytes > UINT32_MAX)
        return err_set(e, ERR_TOO_BIG, "a page does not fit into %s", w->path);
    seek_put32(entry, (uint32_t)compressed);
    seek_put32(entry + 4, (uint32_t)bytes);
    if ((rc = buf_add(&w->table, entry, sizeof entry)) != OK)
        return buf_err(e, rc, &w->table, "the seek table");
    w->frames++;
    return OK;
}

enum err_code zstd_frames_finish(struct zstd_frames_out *w, struct err *e)
{
    unsigned char head[SEEK_HEAD];
    unsigned char foot[SEEK_FOOT];
    enum err_code rc;
    seek_put32(head, SEEK_SKIPPABLE);
    seek_put32(head + 4, (uint32_t)(w->table.len + SEEK_FOOT));
    seek_put32(foot, w->frames);
    foot[4] = 0;
    seek_put32(foot + 5, SEEK_MAGIC);
    if ((rc = write_out(w, e)) != OK ||
        (rc = io_write(w->fd, head, sizeof head, w->path, e)) != OK ||
        (rc = io_write(w->fd, w->table.data, w->table.len, w->path, e)) != OK ||
        (rc = io_write(w->fd, foot, sizeof foot, w->path, e)) != OK)
        return rc;
    if (fsync(w->fd) != 0)
        return err_sys(e, ERR_IO, "cannot sync %s", w->path);
    return OK;
}

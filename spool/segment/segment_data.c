#include "spool/segment/segment_data.h"

#include "spool/segment/zstd_frames.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct segment_data {
    enum segment_file kind;
    int fd;
    uint64_t at; /* plain: the next byte */
    struct zstd_frames *frames;
    char path[IO_PATH];
};

/* A segment may be sealed between the two attempts: then the plain file has gone and the compressed one is there. */
static enum err_code open_either(struct segment_data *d, const char *dir, uint64_t segment,
                                 struct err *e)
{
    static const enum segment_file order[] = {SEGMENT_DATA, SEGMENT_ZST};
    enum err_code rc = OK;
    struct err why = ERR_INIT;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        d->kind = order[i];
        rc = segment_open(&d->fd, dir, segment, d->kind, O_RDONLY, &why);
        if (rc == OK)
            return segment_path(d->path, dir, segment, d->kind, e);
        if (why.sys != ENOENT)
            break;
    }
    if (e)
        *e = why;
    return rc;
}

enum err_code segment_data_open(struct segment_data **out, const char *dir, uint64_t segment,
                                uint64_t total, struct err *e)
{
    struct segment_data *d = calloc(1, sizeof *d);
    enum err_code rc;
    *out = NULL;
    if (!d)
        return err_set(e, ERR_NOMEM, "out of memory");
    d->fd = -1;
    if ((rc = open_either(d, dir, segment, e)) == OK && d->kind == SEGMENT_ZST)
        rc = zstd_frames_open(&d->frames, d->fd, d->path, total, e);
    if (rc != OK)
        segment_data_close(d);
    else
        *out = d;
    return rc;
}

enum err_code segment_data_open_other(struct segment_data **out, const struct segment_data *d,
                                      const char *dir, uint64_t segment, uint64_t total,
                                      struct err *e)
{
    struct segment_data *other = calloc(1, sizeof *other);
    enum err_code rc;
    *out = NULL;
    if (!other)
        return err_set(e, ERR_NOMEM, "out of memory");
    other->kind = d->kind == SEGMENT_DATA ? SEGMENT_ZST : SEGMENT_DATA;
    other->fd = -1;
    if ((rc = segment_open(&other->fd, dir, segment, other->kind, O_RDONLY, e)) == OK &&
        (rc = segment_path(other->path, dir, segment, other->kind, e)) == OK &&
        other->kind == SEGMENT_ZST)
        rc = zstd_frames_open(&other->frames, other->fd, other->path, total, e);
    if (rc != OK)
        segment_data_close(other);
    else
        *out = other;
    return rc;
}

void segment_data_close(struct segment_data *d)
{
    if (!d)
        return;
    zstd_frames_close(d->frames);
    if (d->fd >= 0)
        (void)close(d->fd);
    free(d);
}

enum segment_file segment_data_kind(const struct segment_data *d)
{
    return d->kind;
}

const char *segment_data_complaint(const struct segment_data *d)
{
    return d->frames ? zstd_frames_complaint(d->frames) : NULL;
}

enum err_code segment_data_seek(struct segment_data *d, uint64_t offset, struct err *e)
{
    d->at = offset;
    return d->frames ? zstd_frames_seek(d->frames, offset, e) : OK;
}

enum err_code segment_data_read(struct segment_data *d, void *p, size_t n, size_t *got,
                                struct err *e)
{
    if (d->frames)
        return zstd_frames_read(d->frames, p, n, got, e);
    enum err_code rc = io_pread(d->fd, p, n, (int64_t)d->at, got, d->path, e);
    if (rc == OK)
        d->at += *got;
    return rc;
}

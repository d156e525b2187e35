#include "spool/segment/segment_data.h"

#include "spool/segment/zstd_frames.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct data {
    enum segment_file kind;
    int fd;
    uint64_t at; /* plain: the next byte */
    struct frames *frames;
    char path[IO_PATH];
};

/* A segment may be compressed between our two looks: then the plain file is gone and the other is
 * there. */
static enum err_code open_either(struct data *d, const char *dir, uint64_t segment, struct err *e)
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

enum err_code data_open(struct data **out, const char *dir, uint64_t segment, uint64_t total,
                        struct err *e)
{
    struct data *d = calloc(1, sizeof *d);
    enum err_code rc;
    *out = NULL;
    if (!d)
        return err_set(e, ERR_NOMEM, "out of memory");
    d->fd = -1;
    if ((rc = open_either(d, dir, segment, e)) == OK && d->kind == SEGMENT_ZST)
        rc = frames_open(&d->frames, d->fd, d->path, total, e);
    if (rc != OK)
        data_close(d);
    else
        *out = d;
    return rc;
}

void data_close(struct data *d)
{
    if (!d)
        return;
    frames_close(d->frames);
    if (d->fd >= 0)
        (void)close(d->fd);
    free(d);
}

enum segment_file data_kind(const struct data *d)
{
    return d->kind;
}

const char *data_complaint(const struct data *d)
{
    return d->frames ? frames_complaint(d->frames) : NULL;
}

enum err_code data_seek(struct data *d, uint64_t offset, struct err *e)
{
    d->at = offset;
    return d->frames ? frames_seek(d->frames, offset, e) : OK;
}

enum err_code data_read(struct data *d, void *p, size_t n, size_t *got, struct err *e)
{
    if (d->frames)
        return frames_read(d->frames, p, n, got, e);
    enum err_code rc = io_pread(d->fd, p, n, (int64_t)d->at, got, d->path, e);
    if (rc == OK)
        d->at += *got;
    return rc;
}

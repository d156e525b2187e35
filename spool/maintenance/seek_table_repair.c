#include "spool/maintenance/seek_table_repair.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "spool/journal/journal.h"
#include "spool/segment/segment.h"
#include "spool/segment/zstd_frames.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEMPORARY ".seek-table.tmp" /* not a name that a writer tidies up under our hands */

struct work {
    const char *dir;
    uint64_t segment;
    uint64_t total;
    int fd;
    int out_fd;
    struct zstd_frames *frames;
    struct zstd_frames_out *out;
    char path[IO_PATH];
    char temporary[IO_PATH];
};

/* Opens the compressed file of a sealed segment that has no plain file; for any other segment fd is -1. */
static enum err_code open_segment(struct work *w, struct err *e)
{
    struct journal_footer footer;
    struct err why = ERR_INIT;
    char plain[IO_PATH];
    bool sealed = false;
    enum err_code rc;
    if ((rc = segment_path(plain, w->dir, w->segment, SEGMENT_DATA, e)) != OK ||
        (rc = segment_path(w->path, w->dir, w->segment, SEGMENT_ZST, e)) != OK ||
        (rc = io_path(w->temporary, w->dir, TEMPORARY, e)) != OK)
        return rc;
    if (access(plain, F_OK) == 0 ||
        journal_read_footer(w->dir, w->segment, &footer, &sealed, &why) != OK || !sealed)
        return OK;
    w->total = footer.bytes;
    rc = segment_open(&w->fd, w->dir, w->segment, SEGMENT_ZST, O_RDONLY, &why);
    if (rc == OK || why.sys == ENOENT)
        return OK;
    *e = why;
    return rc;
}

/* Sets *end to where the frames end, if all are there, else to 0. add: adds each frame to the new table. */
static enum err_code walk(struct work *w, bool add, uint64_t *end, struct err *e)
{
    uint64_t at = 0;
    uint64_t bytes = 0;
    enum err_code rc = OK;
    *end = 0;
    while (bytes < w->total) {
        uint64_t compressed;
        uint64_t more;
        if ((rc = zstd_frames_walk(w->frames, at, &compressed, &more, e)) != OK ||
            compressed == 0 || more > w->total - bytes)
            return rc;
        if (add && (rc = zstd_frames_adopt(w->out, compressed, more, e)) != OK)
            return rc;
        at += compressed;
        bytes += more;
    }
    *end = at;
    return OK;
}

static enum err_code copy(const struct work *w, uint64_t end, struct err *e)
{
    char chunk[16384];
    uint64_t at = 0;
    enum err_code rc = OK;
    while (rc == OK && at < end) {
        size_t want = end - at < sizeof chunk ? (size_t)(end - at) : sizeof chunk;
        size_t got;
        rc = io_pread(w->fd, chunk, want, (int64_t)at, &got, w->path, e);
        if (rc == OK && got == 0)
            rc = err_set(e, ERR_IO, "%s became shorter while it was copied", w->path);
        if (rc == OK)
            rc = io_write(w->out_fd, chunk, got, w->temporary, e);
        at += got;
    }
    return rc;
}

static enum err_code write_anew(struct work *w, struct err *e)
{
    uint64_t end;
    enum err_code rc;
    if ((rc = safe_open(&w->out_fd, w->temporary, O_WRONLY | O_CREAT | O_TRUNC, e)) != OK)
        return rc;
    if ((rc = zstd_frames_create(&w->out, w->out_fd, w->temporary, e)) == OK &&
        (rc = walk(w, true, &end, e)) == OK && (rc = copy(w, end, e)) == OK)
        rc = zstd_frames_finish(w->out, e); /* synced */
    FAULT("seek-table-written");
    if (rc == OK)
        rc = safe_rename(w->temporary, w->path, e);
    if (rc != OK) {
        (void)safe_remove(w->temporary, NULL); /* the first error is the one to tell */
        return rc;
    }
    rc = io_sync_dir(w->dir, e);
    FAULT("seek-table-renamed");
    return rc;
}

enum err_code seek_table_repair(const char *dir, uint64_t segment, bool dry_run, bool *repaired,
                                struct err *e)
{
    struct work w = {.dir = dir, .segment = segment, .fd = -1, .out_fd = -1};
    uint64_t end = 0;
    *repaired = false;
    enum err_code rc = open_segment(&w, e);
    if (rc != OK || w.fd < 0)
        return rc;
    if ((rc = zstd_frames_open(&w.frames, w.fd, w.path, w.total, e)) != OK ||
        !zstd_frames_complaint(w.frames) || (rc = walk(&w, false, &end, e)) != OK)
        goto done;
    *repaired = end > 0;
    if (*repaired && !dry_run)
        rc = write_anew(&w, e);
done:
    zstd_frames_free(w.out);
    zstd_frames_close(w.frames);
    segment_drop(&w.out_fd);
    segment_drop(&w.fd);
    return rc;
}

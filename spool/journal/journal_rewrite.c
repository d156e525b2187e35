#include "spool/journal/journal_rewrite.h"

#include "shared/files/fault_point.h"
#include "shared/files/safe_file.h"
#include "spool/segment/segment.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK ((size_t)64 << 10) /* not on the stack, which is small in a worker thread */

static enum err_code copy(int from, const char *path, int to, const char *temporary, uint64_t bytes,
                          struct err *e)
{
    enum err_code rc = OK;
    char *chunk = malloc(CHUNK);
    if (chunk == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    for (uint64_t at = 0; at < bytes && rc == OK;) {
        size_t want = bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK;
        size_t got;
        rc = io_pread(from, chunk, want, (int64_t)at, &got, path, e);
        if (rc == OK && got < want)
            rc = err_set(e, ERR_IO, "%s became shorter while it was copied", path);
        if (rc == OK)
            rc = io_write(to, chunk, got, temporary, e);
        at += want;
    }
    free(chunk);
    return rc;
}

/* The hidden file's name is one that segment_tidy removes. */
static enum err_code begin(const char *dir, uint64_t segment, char temporary[IO_PATH], int *fd,
                           struct err *e)
{
    char name[SEGMENT_NAME_MAX];
    char hidden[IO_NAME];
    int in = -1;
    enum err_code rc = io_open_folder(&in, dir, e);
    if (rc != OK)
        return rc;
    rc = io_create_hidden(fd, in, dir, segment_name(name, segment, SEGMENT_JOURNAL), hidden, e);
    (void)close(in);
    return rc == OK ? io_path(temporary, dir, hidden, e) : rc;
}

enum err_code journal_rewrite(const char *dir, uint64_t segment, uint64_t bytes, const char *line,
                              size_t n, struct err *e)
{
    char path[IO_PATH];
    char temporary[IO_PATH];
    int from = -1;
    int to = -1;
    enum err_code rc;
    if ((rc = segment_path(path, dir, segment, SEGMENT_JOURNAL, e)) != OK ||
        (rc = segment_open(&from, dir, segment, SEGMENT_JOURNAL, O_RDONLY, e)) != OK ||
        (rc = begin(dir, segment, temporary, &to, e)) != OK)
        goto done;
    if ((rc = copy(from, path, to, temporary, bytes, e)) == OK &&
        (rc = io_write(to, line, n, temporary, e)) == OK &&
        (rc = segment_sync(to, dir, segment, SEGMENT_JOURNAL, e)) == OK)
        rc = segment_close(&to, dir, segment, SEGMENT_JOURNAL, e);
    FAULT("journal-copied");
    if (rc == OK)
        rc = safe_rename(temporary, path, e);
    if (rc != OK)
        (void)safe_remove(temporary, NULL); /* the first error is the one to tell */
    else
        rc = io_sync_dir(dir, e);
    FAULT("journal-remade");
done:
    segment_drop(&from);
    segment_drop(&to);
    return rc;
}

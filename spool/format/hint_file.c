#include "spool/format/hint_file.h"

#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "spool/format/checksum_line.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#define LOOKS 5 /* how often a line is read that may just be being written */

/* Reads the first line. What follows it is the rest of a longer line that stood there before. */
static enum err_code read_line(int fd, const char *path, char line[HINT_FILE_MAX], size_t *n,
                               enum hint_file_state *state, struct err *e)
{
    size_t got;
    enum err_code rc = io_pread(fd, line, HINT_FILE_MAX, 0, &got, path, e);
    if (rc != OK)
        return rc;
    const char *lf = memchr(line, '\n', got);
    *n = lf ? (size_t)(lf - line) : 0;
    if (lf && checksum_line_ok(line, *n))
        *state = HINT_FILE_KNOWN;
    else
        *state = got > 0 ? HINT_FILE_DAMAGED : HINT_FILE_NONE;
    return OK;
}

enum err_code hint_file_read(const char *dir, const char *name, char line[HINT_FILE_MAX], size_t *n,
                             enum hint_file_state *state, struct err *e)
{
    char path[IO_PATH];
    int fd;
    enum err_code rc = io_path(path, dir, name, e);
    *n = 0;
    *state = HINT_FILE_NONE;
    if (rc != OK)
        return rc;
    if ((rc = safe_open_if_there(&fd, path, O_RDONLY, e)) != OK || fd < 0)
        return rc;
    for (int i = 0; i < LOOKS; i++) {
        rc = read_line(fd, path, line, n, state, e);
        if (rc != OK || *state == HINT_FILE_KNOWN)
            break;
        (void)sched_yield();
    }
    (void)close(fd);
    return rc;
}

enum err_code hint_file_decode(const char *dir, const char *name, hint_file_fn *decode, void *to,
                               enum hint_file_state *state, struct err *e)
{
    char line[HINT_FILE_MAX];
    struct err why = ERR_INIT;
    size_t n;
    enum err_code rc = hint_file_read(dir, name, line, &n, state, e);
    if (rc != OK || *state != HINT_FILE_KNOWN || (rc = decode(to, line, n, &why)) == OK)
        return rc;
    *state = HINT_FILE_DAMAGED;
    if (rc == ERR_DAMAGED)
        return OK;
    if (e != NULL)
        *e = why;
    return rc;
}

enum err_code hint_file_write(int *fd, const char *dir, const char *name, struct buf *line,
                              struct err *e)
{
    char path[IO_PATH];
    enum err_code rc = io_path(path, dir, name, e);
    if (rc != OK)
        return rc;
    if (*fd < 0 && (rc = safe_open(fd, path, O_WRONLY | O_CREAT, e)) != OK)
        return rc;
    if ((rc = checksum_line_end(line, 0)) != OK)
        return buf_err(e, rc, line, name);
    return io_pwrite(*fd, line->data, line->len, 0, path, e);
}

void hint_file_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* nothing of a hint has to last */
    *fd = -1;
}

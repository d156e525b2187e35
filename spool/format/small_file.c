#include "spool/format/small_file.h"

#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "spool/format/checksum_line.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static enum err_code each_line(const struct buf *text, small_file_fn *fn, void *ctx, struct err *e)
{
    const char *p = text->data;
    const char *end = text->data + text->len;
    const char *lf;
    uint64_t number = 0;
    while ((lf = memchr(p, '\n', (size_t)(end - p)))) {
        size_t n = (size_t)(lf - p);
        if (!checksum_line_ok(p, n))
            return err_set(e, ERR_DAMAGED, "byte %td: a line does not match its checksum",
                           p - text->data);
        enum err_code rc = fn(ctx, number++, p, n, e);
        if (rc != OK)
            return rc;
        p = lf + 1;
    }
    if (p != end || number == 0)
        return err_set(e, ERR_DAMAGED, "it is cut short");
    return OK;
}

enum err_code small_file_read(const char *dir, const char *name, small_file_fn *fn, void *ctx,
                              struct err *e)
{
    char path[IO_PATH];
    struct buf text;
    enum err_code rc = io_path(path, dir, name, e);
    if (rc != OK)
        return rc;
    buf_init(&text, SMALL_FILE_MAX);
    rc = safe_read_file(path, &text, e);
    if (rc == ERR_TOO_BIG)
        rc = err_set(e, ERR_DAMAGED, "%s: it is too large", path);
    else if (rc == OK && (rc = each_line(&text, fn, ctx, e)) != OK)
        (void)err_prefix(e, "%s", path);
    buf_free(&text);
    return rc;
}

static enum err_code pass(void *ctx, uint64_t number, const char *line, size_t n, struct err *e)
{
    (void)ctx, (void)number, (void)line, (void)n, (void)e;
    return OK;
}

enum err_code small_file_check(const char *dir, const char *name, struct err *e)
{
    return small_file_read(dir, name, pass, NULL, e);
}

enum err_code small_file_lock(const char *dir, int *fd, struct err *e)
{
    int rc;
    enum err_code opened = io_open_folder(fd, dir, e);
    if (opened != OK)
        return opened;
    do
        rc = flock(*fd, LOCK_EX);
    while (rc != 0 && errno == EINTR);
    if (rc == 0)
        return OK;
    enum err_code code = err_sys(e, ERR_IO, "cannot lock %s", dir);
    small_file_unlock(*fd);
    *fd = -1;
    return code;
}

void small_file_unlock(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

#include "spool/acked.h"

#include "shared/io.h"
#include "spool/fault.h"
#include "spool/fields.h"
#include "spool/sumline.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#define FORMAT   1
#define LINE_MAX 256
#define LOOKS    5 /* at a line that is just being written */

static enum err_code decode(const char *line, size_t n, struct acked *a, struct err *e)
{
    uint64_t version = 0;
    uint64_t open = 0;
    struct field fields[] = {
        {.name = "netty_acked", .type = FIELD_COUNT, .to = &version},
        {.name = "segment", .type = FIELD_COUNT, .to = &a->place.segment},
        {.name = "page", .type = FIELD_COUNT, .to = &a->place.page},
        {.name = "open", .type = FIELD_COUNT, .to = &open},
    };
    enum err_code rc = fields_read(line, n, fields, 1, e);
    if (rc == OK && version != FORMAT)
        return err_set(e, ERR_CONFIG, ACKED_FILE " is of format %" PRIu64 ", this program knows %d",
                       version, FORMAT);
    if (rc == OK)
        rc = fields_read(line, n, fields, FIELDS(fields), e);
    a->open = open != 0;
    return rc;
}

/* The first line counts: what stands behind it is the rest of a longer one before it. */
static enum err_code look(int fd, const char *path, struct acked *a, enum acked_state *state,
                          struct err *e)
{
    char text[LINE_MAX];
    struct err why = ERR_INIT;
    size_t got;
    enum err_code rc = io_pread(fd, text, sizeof text, 0, &got, path, e);
    if (rc != OK)
        return rc;
    *state = got > 0 ? ACKED_DAMAGED : ACKED_NONE;
    const char *lf = memchr(text, '\n', got);
    if (!lf || !sumline_ok(text, (size_t)(lf - text)))
        return OK;
    rc = decode(text, (size_t)(lf - text), a, &why);
    if (rc == OK)
        *state = ACKED_KNOWN;
    if (rc == OK || rc == ERR_DAMAGED)
        return OK;
    if (e)
        *e = why;
    return rc;
}

enum err_code acked_read(const char *dir, struct acked *a, enum acked_state *state, struct err *e)
{
    char path[IO_PATH];
    int fd;
    enum err_code rc = io_path(path, dir, ACKED_FILE, e);
    *a = (struct acked){0};
    *state = ACKED_NONE;
    if (rc != OK)
        return rc;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return errno == ENOENT ? OK : err_sys(e, ERR_IO, "cannot open %s", path);
    for (int i = 0; i < LOOKS; i++) {
        rc = look(fd, path, a, state, e);
        if (rc != OK || *state == ACKED_KNOWN)
            break;
        (void)sched_yield();
    }
    (void)close(fd);
    if (*state != ACKED_KNOWN)
        *a = (struct acked){0};
    return rc;
}

enum err_code acked_write(int *fd, const char *dir, const struct acked *a, struct err *e)
{
    char path[IO_PATH];
    struct buf line;
    enum err_code rc = io_path(path, dir, ACKED_FILE, e);
    if (rc != OK)
        return rc;
    if (*fd < 0 && (*fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) < 0)
        return err_sys(e, ERR_CREATE, "cannot open %s", path);
    buf_init(&line, LINE_MAX);
    rc = buf_addf(&line,
                  "{\"netty_acked\":%d,\"segment\":%" PRIu64 ",\"page\":%" PRIu64 ",\"open\":%d",
                  FORMAT, a->place.segment, a->place.page, a->open);
    if (rc == OK)
        rc = sumline_end(&line, 0);
    if (rc != OK)
        (void)buf_err(e, rc, &line, ACKED_FILE);
    else
        rc = io_pwrite(*fd, line.data, line.len, 0, path, e);
    buf_free(&line);
    FAULT("acked-written");
    return rc;
}

void acked_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* no word of it has to last */
    *fd = -1;
}

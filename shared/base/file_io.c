#include "shared/base/file_io.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP ((size_t)64 << 10)

/* How the last call went: n bytes done, or (false) to be tried again, or *rc is the error. */
static bool stepped(ssize_t n, const char *doing, const char *path, enum err_code *rc,
                    struct err *e)
{
    if (n > 0)
        return true;
    if (n < 0 && errno == EINTR)
        return false;
    if (n == 0)
        errno = EIO; /* a write that takes nothing would be tried for ever */
    *rc = err_sys(e, ERR_IO, "cannot %s %s", doing, path);
    return false;
}

enum err_code io_standard_files(struct err *e)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        /* The lowest free number, which is this one: those below it are open by now. */
        if (open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd)
            return err_sys(e, ERR_IO, "cannot open /dev/null");
    }
    return OK;
}

enum err_code io_write(int fd, const void *p, size_t n, const char *path, struct err *e)
{
    enum err_code rc = OK;
    const char *at = p;
    while (n > 0 && rc == OK) {
        ssize_t done = write(fd, at, n);
        if (stepped(done, "write to", path, &rc, e)) {
            at += done;
            n -= (size_t)done;
        }
    }
    return rc;
}

enum err_code io_pwrite(int fd, const void *p, size_t n, int64_t at, const char *path,
                        struct err *e)
{
    enum err_code rc = OK;
    const char *from = p;
    while (n > 0 && rc == OK) {
        ssize_t done = pwrite(fd, from, n, at);
        if (stepped(done, "write to", path, &rc, e)) {
            from += done;
            at += done;
            n -= (size_t)done;
        }
    }
    return rc;
}

enum err_code io_pread(int fd, void *p, size_t n, int64_t at, size_t *got, const char *path,
                       struct err *e)
{
    enum err_code rc = OK;
    char *to = p;
    *got = 0;
    while (*got < n && rc == OK) {
        ssize_t done = pread(fd, to + *got, n - *got, at + (int64_t)*got);
        if (done == 0)
            break;
        if (stepped(done, "read", path, &rc, e))
            *got += (size_t)done;
    }
    return rc;
}

/* The next piece of fd into b, or *end. At the cap one byte is asked for, to tell full from beyond.
 */
static enum err_code read_piece(int fd, const char *path, struct buf *b, bool *end, struct err *e)
{
    char beyond = 0;
    size_t room = b->max - b->len;
    if (room > READ_STEP)
        room = READ_STEP;
    enum err_code rc = buf_reserve(b, room);
    if (rc != OK)
        return buf_err(e, rc, b, path);
    ssize_t n = room > 0 ? read(fd, b->data + b->len, room) : read(fd, &beyond, 1);
    if (n == 0) {
        *end = true;
        return OK;
    }
    if (!stepped(n, "read", path, &rc, e))
        return rc;
    if (room == 0)
        return buf_err(e, ERR_TOO_BIG, b, path);
    buf_grown(b, (size_t)n);
    return OK;
}

static int open_retry(const char *path, int flags)
{
    int fd = -1;
    do
        fd = open(path, flags | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* close() is not tried again after EINTR: the descriptor is gone on Linux. */
static enum err_code close_checked(int fd, const char *path, struct err *e)
{
    if (close(fd) != 0 && errno != EINTR)
        return err_sys(e, ERR_IO, "cannot close %s", path);
    return OK;
}

static enum err_code fsync_retry(int fd, const char *path, struct err *e)
{
    while (fsync(fd) != 0)
        if (errno != EINTR)
            return err_sys(e, ERR_IO, "cannot sync %s", path);
    return OK;
}

enum err_code io_read_file(const char *path, struct buf *b, struct err *e)
{
    buf_reset(b);
    int fd = open_retry(path, O_RDONLY);
    if (fd < 0)
        return err_sys(e, ERR_IO, "cannot open %s", path);
    enum err_code rc = OK;
    bool end = false;
    while (rc == OK && !end)
        rc = read_piece(fd, path, b, &end, e);
    (void)close(fd); /* nothing was written */
    if (rc != OK)
        buf_reset(b);
    return rc;
}

enum err_code io_sync_dir(const char *path, struct err *e)
{
    int fd = open_retry(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return err_sys(e, ERR_IO, "cannot open folder %s", path);
    enum err_code rc = OK;
    /* EINVAL: the file system has no such call, and nothing more can be done there. */
    while (rc == OK && fsync(fd) != 0 && errno != EINVAL)
        if (errno != EINTR)
            rc = err_sys(e, ERR_IO, "cannot sync folder %s", path);
    (void)close(fd);
    return rc;
}

/* The folder that holds path: "." for "a", "/" for "/a". path has no slash at its end. */
static void parent_of(const char *path, char out[IO_PATH])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    if (slash == NULL || n == 0) {
        out[0] = slash == NULL ? '.' : '/';
        n = 1;
    } else {
        memcpy(out, path, n);
    }
    out[n] = '\0';
}

static enum err_code make_one(const char *path, struct err *e)
{
    if (mkdir(path, 0700) == 0) {
        char parent[IO_PATH];
        parent_of(path, parent);
        return io_sync_dir(parent, e);
    }
    int saved = errno;
    struct stat st;
    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return OK;
        saved = ENOTDIR;
    }
    errno = saved;
    return err_sys(e, ERR_CREATE, "cannot create folder %s", path);
}

enum err_code io_mkdirs(const char *path, struct err *e)
{
    char part[IO_PATH];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return err_set(e, ERR_CREATE, "cannot create folder '%.64s': the name is %s", path,
                       n == 0 ? "empty" : "too long");
    enum err_code rc = OK;
    for (size_t i = 1; i <= n && rc == OK; i++) {
        part[i - 1] = path[i - 1];
        if ((path[i] == '/' || path[i] == '\0') && path[i - 1] != '/') {
            part[i] = '\0';
            rc = make_one(part, e);
        }
    }
    return rc;
}

/* A new file beside its goal. The name is unique, so that two writers of one name cannot tear it.
 */
static enum err_code write_temporary(const char *temporary, int fd, const void *p, size_t n,
                                     struct err *e)
{
    enum err_code rc = io_write(fd, p, n, temporary, e);
    if (rc == OK)
        rc = fsync_retry(fd, temporary, e);
    enum err_code closed = close_checked(fd, temporary, rc == OK ? e : NULL);
    return rc == OK ? closed : rc;
}

static enum err_code replace(const char *dir, const char *name, mode_t mode, const void *p,
                             size_t n, struct err *e)
{
    char goal[IO_PATH];
    char hidden[IO_PATH];
    char temporary[IO_PATH];
    enum err_code rc = io_path(goal, dir, name, e);
    if (rc != OK)
        return rc;
    if (snprintf(hidden, sizeof hidden, ".%s.XXXXXX", name) >= (int)sizeof hidden)
        return err_set(e, ERR_TOO_BIG, "%.64s...: the name is too long", name);
    if ((rc = io_path(temporary, dir, hidden, e)) != OK)
        return rc;
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return err_sys(e, ERR_CREATE, "cannot create %s", temporary);
    if (mode != 0600 && fchmod(fd, mode) != 0)
        rc = err_sys(e, ERR_CREATE, "cannot set the mode of %s", temporary);
    enum err_code written = write_temporary(temporary, fd, p, n, rc == OK ? e : NULL);
    if (rc == OK)
        rc = written;
    if (rc == OK && rename(temporary, goal) != 0)
        rc = err_sys(e, ERR_IO, "cannot rename %s to %s", temporary, name);
    if (rc != OK) {
        (void)unlink(temporary); /* the first error is the one to tell */
        return rc;
    }
    return io_sync_dir(dir, e);
}

enum err_code io_replace(const char *dir, const char *name, const void *p, size_t n, struct err *e)
{
    return replace(dir, name, 0600, p, n, e);
}

enum err_code io_publish(const char *dir, const char *name, const void *p, size_t n, struct err *e)
{
    return replace(dir, name, 0644, p, n, e);
}

enum err_code io_each_name(const char *dir, bool lenient, io_name_fn *fn, void *ctx, struct err *e)
{
    enum err_code rc = OK;
    DIR *d = opendir(dir);
    if (d == NULL)
        return lenient && errno == ENOENT ? OK : err_sys(e, ERR_IO, "cannot look into %s", dir);
    while (rc == OK) {
        errno = 0;
        const struct dirent *entry = readdir(d);
        if (entry == NULL && errno != 0)
            rc = err_sys(e, ERR_IO, "cannot look into %s", dir);
        if (entry == NULL)
            break;
        rc = fn(ctx, dirfd(d), entry->d_name, e);
    }
    (void)closedir(d); /* it was read only */
    return rc;
}

enum err_code io_path(char out[IO_PATH], const char *a, const char *b, struct err *e)
{
    size_t n = strlen(a);
    const char *slash = n > 0 && a[n - 1] == '/' ? "" : "/";
    if (snprintf(out, IO_PATH, "%s%s%s", a, slash, b) >= IO_PATH)
        return err_set(e, ERR_TOO_BIG, "a path is longer than %d bytes: %.64s...", IO_PATH - 1, a);
    return OK;
}

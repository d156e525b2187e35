#include "shared/files/file_io.h"
#include "shared/files/foreign_file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READ_STEP  ((size_t)64 << 10)
#define READ_LEAST 4096u
/* How long the writer of a pipe may take. */
#define PIPE_SECONDS 10
#define NAME_TRIES   100

/* Judges what write returned. True: n bytes are written. False: *rc is the error, or is untouched (EINTR: write again). */
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
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
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

/* Reads the next piece of fd into b, or sets *end. When b is at its cap one byte more is asked for, to tell a file that is
 * exactly as large from one that is larger. */
static enum err_code read_piece(int fd, const char *path, struct buf *b, bool *end, struct err *e)
{
    char beyond = 0;
    size_t room = b->max - b->len;
    size_t have = b->cap - b->len;
    if (room > READ_STEP)
        room = READ_STEP;
    if (have >= READ_LEAST && room > have)
        room = have; /* the file's end is read without copying what came before */
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

static int64_t clock_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits until fd has something to read or has ended; for a regular file at once. */
static enum err_code wait_for_bytes(int fd, const char *path, int64_t until, struct err *e)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n;
    do {
        int64_t left = until - clock_ms();
        n = poll(&p, 1, left > 0 ? (int)left : 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_sys(e, ERR_IO, "cannot read %s", path);
    return n > 0 ? OK
                 : err_set(e, ERR_IO, "cannot read %s: nothing has come for %d seconds", path,
                           PIPE_SECONDS);
}

enum err_code io_await(int fd, const char *path, struct err *e)
{
    return wait_for_bytes(fd, path, clock_ms() + PIPE_SECONDS * 1000, e);
}

enum err_code io_read_all(int fd, const char *path, struct buf *b, struct err *e)
{
    enum err_code rc = OK;
    bool end = false;
    int64_t until = clock_ms() + PIPE_SECONDS * 1000;
    buf_reset(b);
    while (rc == OK && !end)
        if ((rc = wait_for_bytes(fd, path, until, e)) == OK)
            rc = read_piece(fd, path, b, &end, e);
    if (rc != OK)
        buf_reset(b);
    return rc;
}

enum err_code io_open_named(int *fd, const char *path, struct err *e)
{
    *fd = open_retry(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    return *fd >= 0 ? OK : err_sys(e, ERR_IO, "cannot open %s", path);
}

enum err_code io_read_file(const char *path, struct buf *b, struct err *e)
{
    int fd = -1;
    buf_reset(b);
    enum err_code rc = io_open_named(&fd, path, e);
    if (rc != OK)
        return rc;
    rc = io_read_all(fd, path, b, e);
    (void)close(fd); /* nothing was written */
    return rc;
}

enum err_code io_refuse_link(const char *path, struct err *e)
{
    (void)err_set(e, ERR_IO,
                  "%s is a symbolic link, which is not followed here; remove it, or put what it "
                  "points to in its place",
                  path);
    if (e != NULL)
        e->sys = ELOOP;
    errno = ELOOP;
    return ERR_IO;
}

bool io_is_link(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

enum err_code io_open_folder(int *fd, const char *path, struct err *e)
{
    do
        *fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    while (*fd < 0 && errno == EINTR);
    if (*fd >= 0)
        return OK;
    int saved = errno;
    if ((saved == ENOTDIR || saved == ELOOP) && io_is_link(path))
        return io_refuse_link(path, e);
    errno = saved;
    return foreign_file(ERR_IO, "cannot open folder", path, e);
}

/* EINVAL: the file system has no such call, and nothing more can be done there. */
static enum err_code sync_folder(int fd, const char *path, struct err *e)
{
    while (fsync(fd) != 0 && errno != EINVAL)
        if (errno != EINTR)
            return err_sys(e, ERR_IO, "cannot sync folder %s", path);
    return OK;
}

enum err_code io_sync_dir(const char *path, struct err *e)
{
    int fd = open_retry(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return err_sys(e, ERR_IO, "cannot open folder %s", path);
    enum err_code rc = sync_folder(fd, path, e);
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

/* Folders further up, which others have made, may not let this user in, or may lie on a file system without fsync. */
static bool is_foreign(const struct err *e)
{
    return e->sys == EACCES || e->sys == EPERM || e->sys == EROFS || e->sys == EINVAL;
}

/* Also syncs a folder that is there already: an earlier run may have made it and ended before its name was on disk. */
static enum err_code make_one(const char *path, struct err *e)
{
    char parent[IO_PATH];
    struct err why = ERR_INIT;
    bool made = mkdir(path, 0700) == 0;
    if (!made) {
        int saved = errno;
        struct stat st;
        bool there = stat(path, &st) == 0;
        if (!there || !S_ISDIR(st.st_mode)) {
            errno = there ? ENOTDIR : saved;
            return err_sys(e, ERR_CREATE, "cannot create folder %s", path);
        }
    }
    parent_of(path, parent);
    enum err_code rc = io_sync_dir(parent, &why);
    if (rc == OK || (!made && is_foreign(&why)))
        return OK;
    if (e != NULL)
        *e = why;
    return rc;
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

/* The hidden name is unique, so that two writers of one file cannot mix their content. */
enum err_code io_create_hidden(int *fd, int in, const char *dir, const char *name,
                               char hidden[IO_NAME], struct err *e)
{
    uint64_t random = 0;
    *fd = -1;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = (uint64_t)clock_ms(); /* a name that is taken is not used */
    for (int i = 0; i < NAME_TRIES && *fd < 0; i++) {
        int n = snprintf(hidden, IO_NAME, ".%s.%06" PRIx64, name, random++ & 0xffffff);
        errno = ENAMETOOLONG;
        if (n < IO_NAME)
            *fd = openat(in, hidden, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (*fd < 0 && errno != EEXIST && errno != EINTR)
            break;
    }
    if (*fd >= 0)
        return OK;
    char path[2 * IO_PATH];
    int saved = errno;
    (void)snprintf(path, sizeof path, "%s/%s", dir, hidden);
    errno = saved;
    return foreign_file(ERR_CREATE, "cannot create", path, e);
}

static enum err_code write_temporary(const char *temporary, int fd, const void *p, size_t n,
                                     struct err *e)
{
    enum err_code rc = io_write(fd, p, n, temporary, e);
    if (rc == OK)
        rc = fsync_retry(fd, temporary, e);
    enum err_code closed = close_checked(fd, temporary, rc == OK ? e : NULL);
    return rc == OK ? closed : rc;
}

static enum err_code replace_in(int in, const char *dir, const char *name, mode_t mode,
                                const void *p, size_t n, struct err *e)
{
    char hidden[IO_NAME];
    char temporary[IO_PATH];
    int fd = -1;
    enum err_code rc = io_create_hidden(&fd, in, dir, name, hidden, e);
    if (rc == OK && (rc = io_path(temporary, dir, hidden, e)) != OK)
        (void)close(fd);
    if (rc != OK)
        return rc;
    if (mode != 0600 && fchmod(fd, mode) != 0)
        rc = err_sys(e, ERR_CREATE, "cannot set the mode of %s", temporary);
    enum err_code written = write_temporary(temporary, fd, p, n, rc == OK ? e : NULL);
    if (rc == OK)
        rc = written;
    if (rc == OK && renameat(in, hidden, in, name) != 0)
        rc = err_sys(e, ERR_IO, "cannot rename %s to %s", temporary, name);
    if (rc != OK) {
        (void)unlinkat(in, hidden, 0); /* the first error is the one to tell */
        return rc;
    }
    return sync_folder(in, dir, e);
}

enum err_code io_replace(const char *dir, const char *name, const void *p, size_t n, struct err *e)
{
    int in = -1;
    enum err_code rc = io_open_folder(&in, dir, e);
    if (rc != OK)
        return e != NULL ? (e->code = ERR_CREATE) : ERR_CREATE;
    rc = replace_in(in, dir, name, 0600, p, n, e);
    (void)close(in);
    return rc;
}

enum err_code io_publish(const char *dir, const char *name, const void *p, size_t n, struct err *e)
{
    int in = open_retry(dir, O_RDONLY | O_DIRECTORY); /* a person has named it */
    if (in < 0)
        return err_sys(e, ERR_CREATE, "cannot open folder %s", dir);
    enum err_code rc = replace_in(in, dir, name, 0644, p, n, e);
    (void)close(in);
    return rc;
}

enum err_code io_each_name(const char *dir, bool lenient, io_name_fn *fn, void *ctx, struct err *e)
{
    enum err_code rc = OK;
    int fd = -1;
    struct err why = ERR_INIT;
    if ((rc = io_open_folder(&fd, dir, &why)) != OK && lenient && why.sys == ENOENT)
        return OK;
    if (rc != OK) {
        if (e != NULL)
            *e = why;
        return rc;
    }
    DIR *d = fdopendir(fd);
    if (d == NULL) {
        rc = err_sys(e, ERR_IO, "cannot look into %s", dir);
        (void)close(fd);
        return rc;
    }
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

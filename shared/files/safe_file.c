#include "shared/files/safe_file.h"
#include "shared/files/foreign_file.h"
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder that holds path ("." for "a", "/" for "/a"), and the rest. */
static enum err_code split(const char *path, char folder[IO_PATH], const char **name, struct err *e)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    if (n >= IO_PATH)
        return err_set(e, ERR_TOO_BIG, "a path is longer than %d bytes: %.64s...", IO_PATH - 1,
                       path);
    *name = slash == NULL ? path : slash + 1;
    if (n == 0) {
        folder[0] = slash == NULL ? '.' : '/';
        folder[1] = '\0';
        return OK;
    }
    memcpy(folder, path, n);
    folder[n] = '\0';
    return OK;
}

static enum err_code check_owner(const char *path, const struct stat *st, bool writes,
                                 struct err *e)
{
    uid_t me = geteuid();
    if (st->st_uid != me && st->st_uid != 0 && (me != 0 || writes))
        return err_set(e, ERR_DENIED,
                       "%s belongs to another user (uid %ld), and is not used; see what is "
                       "in it, then, as root: chown %ld: %s",
                       path, (long)st->st_uid, (long)me, path);
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set(e, ERR_DENIED,
                       "%s can be written by other users (mode %04o), and is not used; see what "
                       "is in it, then chmod go-w",
                       path, (unsigned)st->st_mode & 07777u);
    return OK;
}

static enum err_code check(int fd, const char *path, bool writes, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_sys(e, ERR_IO, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_IO, "%s is no regular file; remove it", path);
    enum err_code rc = check_owner(path, &st, writes, e);
    if (rc == OK && writes && st.st_nlink > 1) {
        rc = err_set(e, ERR_IO,
                     "%s has %lu names (hard links) and is not written, for that would change the "
                     "others; put a copy in its place",
                     path, (unsigned long)st.st_nlink);
        if (e != NULL)
            e->sys = EMLINK;
    }
    return rc;
}

/* What open() says of a FIFO, a socket or a device, without waiting. */
static enum err_code cannot_open(const char *path, int flags, struct err *e)
{
    int saved = errno;
    if (saved == ELOOP)
        return io_refuse_link(path, e);
    errno = saved;
    if (saved == ENXIO || saved == ENODEV || saved == EISDIR)
        return err_set(e, ERR_IO, "%s is no regular file; remove it", path);
    return foreign_file((flags & O_CREAT) ? ERR_CREATE : ERR_IO, "cannot open", path, e);
}

enum err_code safe_open(int *fd, const char *path, int flags, struct err *e)
{
    char folder[IO_PATH];
    const char *name;
    int in = -1;
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    enum err_code rc = split(path, folder, &name, e);
    *fd = -1;
    if (rc != OK)
        return rc;
    if ((rc = io_open_folder(&in, folder, e)) == ERR_IO && (flags & O_CREAT) && errno != ELOOP)
        rc = e != NULL ? (e->code = ERR_CREATE) : ERR_CREATE;
    if (rc != OK)
        return rc;
    do /* It is cut only once it is known to be ours. */
        *fd = openat(in, name, (flags & ~O_TRUNC) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                     0600);
    while (*fd < 0 && errno == EINTR);
    int saved = errno;
    (void)close(in);
    errno = saved;
    if (*fd < 0)
        return cannot_open(path, flags, e);
    rc = check(*fd, path, writes, e);
    if (rc == OK && (flags & O_TRUNC) && ftruncate(*fd, 0) != 0)
        rc = err_sys(e, ERR_IO, "cannot cut %s", path);
    if (rc != OK) {
        (void)close(*fd);
        *fd = -1;
        errno = EPERM;
    }
    return rc;
}

/* Both are within one open folder, which nobody can exchange for a link meanwhile. */
enum err_code safe_rename(const char *from, const char *to, struct err *e)
{
    char folder[IO_PATH];
    const char *old;
    const char *new = strrchr(to, '/');
    int in = -1;
    enum err_code rc = split(from, folder, &old, e);
    if (rc != OK || (rc = io_open_folder(&in, folder, e)) != OK)
        return rc;
    if (renameat(in, old, in, new == NULL ? to : new + 1) != 0)
        rc = err_sys(e, ERR_IO, "cannot rename %s to %s", from, to);
    (void)close(in);
    return rc;
}

enum err_code safe_move(const char *from, const char *to, struct err *e)
{
    char folder[IO_PATH];
    const char *old;
    const char *new;
    int in = -1;
    int out = -1;
    enum err_code rc;
    if ((rc = split(from, folder, &old, e)) != OK || (rc = io_open_folder(&in, folder, e)) != OK)
        return rc;
    if ((rc = split(to, folder, &new, e)) == OK && (rc = io_open_folder(&out, folder, e)) == OK &&
        renameat(in, old, out, new) != 0)
        rc = err_sys(e, ERR_IO, "cannot rename %s to %s", from, to);
    (void)close(in);
    if (out >= 0)
        (void)close(out);
    return rc;
}

enum err_code safe_remove(const char *path, struct err *e)
{
    char folder[IO_PATH];
    const char *name;
    int in = -1;
    enum err_code rc = split(path, folder, &name, e);
    if (rc != OK || (rc = io_open_folder(&in, folder, e)) != OK)
        return rc;
    if (unlinkat(in, name, 0) != 0 && errno != ENOENT)
        rc = err_sys(e, ERR_IO, "cannot remove %s", path);
    (void)close(in);
    return rc;
}

enum err_code safe_check_writer(const char *folder, const char *what, struct err *e)
{
    struct stat st;
    if (stat(folder, &st) != 0)
        return err_sys(e, ERR_IO, "cannot look at %s", folder);
    if (st.st_uid == geteuid() || st.st_uid == 0 || access(folder, W_OK) != 0)
        return OK;
    const struct passwd *owner = getpwuid(st.st_uid);
    if (owner == NULL)
        return err_set(e, ERR_DENIED, "%s %s belongs to user %ld, who is the one to write to it",
                       what, folder, (long)st.st_uid);
    return err_set(e, ERR_DENIED,
                   "%s %s belongs to %s, who is the one to write to it: runuser -u %s -- %s ...",
                   what, folder, owner->pw_name, owner->pw_name, program_invocation_short_name);
}

enum err_code safe_open_if_there(int *fd, const char *path, int flags, struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = safe_open(fd, path, flags, &why);
    if (rc == OK || why.sys == ENOENT)
        return OK;
    if (e != NULL)
        *e = why;
    return rc;
}

enum err_code safe_read_file(const char *path, struct buf *b, struct err *e)
{
    int fd = -1;
    buf_reset(b);
    enum err_code rc = safe_open(&fd, path, O_RDONLY, e);
    if (rc != OK)
        return rc;
    rc = io_read_all(fd, path, b, e);
    (void)close(fd); /* nothing was written */
    return rc;
}

enum err_code safe_resolve_folder(char path[IO_PATH], struct err *e)
{
    if (!io_is_link(path))
        return OK;
    char *real = realpath(path, NULL);
    if (real == NULL)
        return err_sys(e, errno == ENOENT ? ERR_NO_SPOOL : ERR_IO, "cannot follow the link %s",
                       path);
    int n = snprintf(path, IO_PATH, "%s", real);
    free(real);
    return n < IO_PATH ? OK
                       : err_set(e, ERR_TOO_BIG, "a path is longer than %d bytes", IO_PATH - 1);
}

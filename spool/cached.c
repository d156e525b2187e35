#include "spool/cached.h"

#include "shared/io.h"
#include "shared/when.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "unchanged-"
#define DIGITS 16

static bool is_cache(const char *name)
{
    size_t n = sizeof PREFIX - 1;
    return strncmp(name, PREFIX, n) == 0 && strlen(name) == n + DIGITS &&
           strspn(name + n, "0123456789abcdef") == DIGITS;
}

static int64_t written(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * WHEN_SECOND + st->st_mtim.tv_nsec / 1000;
}

/* An open file, with its lock. What was written while we waited for nobody is looked at again. */
static bool is_idle(int fd, int64_t before, struct stat *st)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode) &&
           written(st) < before;
}

static enum err_code look(int dir, const char *name, int64_t before, bool dry_run,
                          struct cached_sum *sum)
{
    struct stat st;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
        written(&st) >= before)
        return OK;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? OK : ERR_IO;
    enum err_code rc = OK;
    if (is_idle(fd, before, &st)) {
        if (!dry_run && unlinkat(dir, name, 0) != 0 && errno != ENOENT) {
            rc = ERR_IO;
        } else {
            sum->files++;
            sum->bytes += st.st_size;
        }
    }
    int failed = errno;
    (void)close(fd); /* and with it the lock */
    errno = failed;
    return rc;
}

enum err_code cached_prune(const char *dir, int64_t before, bool dry_run, struct cached_sum *sum,
                           struct err *e)
{
    enum err_code rc = OK;
    DIR *d = opendir(dir);
    if (!d)
        return errno == ENOENT ? OK : err_sys(e, ERR_IO, "cannot look into %s", dir);
    while (rc == OK) {
        errno = 0;
        const struct dirent *entry = readdir(d);
        if (!entry && errno != 0)
            rc = err_sys(e, ERR_IO, "cannot look into %s", dir);
        if (!entry)
            break;
        if (is_cache(entry->d_name) && look(dirfd(d), entry->d_name, before, dry_run, sum) != OK)
            rc = err_sys(e, ERR_IO, "cannot remove %s/%s", dir, entry->d_name);
    }
    (void)closedir(d); /* it was read only */
    return rc;
}

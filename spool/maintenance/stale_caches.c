#include "spool/maintenance/stale_caches.h"

#include "shared/files/file_io.h"
#include "shared/time/when.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS 16

/* Is the name one of a cache, or of what a killed loader has left of one? */
static bool is_cache(const char *name)
{
    static const char *const prefixes[] = {"unchanged-", "members-"};

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t n = strlen(prefixes[i]);
        if (strncmp(name, prefixes[i], n) != 0 || strspn(name + n, "0123456789abcdef") != DIGITS)
            continue;
        const char *rest = name + n + DIGITS;
        return *rest == '\0' || (*rest == '.' && rest[1 + strspn(rest + 1, "0123456789")] == '\0');
    }
    return false;
}

static int64_t written(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * WHEN_SECOND + st->st_mtim.tv_nsec / 1000;
}

/* Is the open file unused: can its lock be had, and was it still last written before that time? */
static bool is_idle(int fd, int64_t before, struct stat *st)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode) &&
           written(st) < before;
}

struct search {
    const char *dir;
    int64_t before;
    bool dry_run;
    struct stale_caches_sum *sum;
};

static enum err_code remove_if_stale(void *ctx, int dir, const char *name, struct err *e)
{
    const struct search *s = ctx;
    struct stat st;
    if (!is_cache(name) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode) || written(&st) >= s->before)
        return OK;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return OK;
    if (fd < 0)
        return err_sys(e, ERR_IO, "cannot open %s/%s", s->dir, name);
    enum err_code rc = OK;
    if (is_idle(fd, s->before, &st)) {
        if (!s->dry_run && unlinkat(dir, name, 0) != 0 && errno != ENOENT)
            rc = err_sys(e, ERR_IO, "cannot remove %s/%s", s->dir, name);
        s->sum->files += rc == OK;
        s->sum->bytes += rc == OK ? st.st_size : 0;
    }
    (void)close(fd); /* and with it the lock */
    return rc;
}

enum err_code stale_caches_prune(const char *dir, int64_t before, bool dry_run,
                                 struct stale_caches_sum *sum, struct err *e)
{
    struct search s = {dir, before, dry_run, sum};
    return io_each_name(dir, true, remove_if_stale, &s, e);
}

/*
 * A library to be preloaded into the programs as shipped. It counts the calls that change what is
 * on the disk below one folder, and does something at the N-th of them; every other call is passed
 * on. The driver is matrix.py.
 *
 *     CRASH_ROOT=DIR     calls on files elsewhere are not counted
 *     CRASH_PROGRAM=NAME in this program only; of those that it runs, what they do is but noted
 *     CRASH_OPS=LETTERS  which are: w write, s sync, c create, r rename, u unlink, t truncate,
 *                        m mkdir, o open of any kind (without: wscrutm)
 *     CRASH_AT=N         the one at which it happens; 0: never
 *     CRASH_HOW=WORD     kill: die before it
 *                        tear: do a write's first half, then die (other calls: die before it)
 *                        ENOSPC, EIO ... : it fails so, and is not done
 *     CRASH_STAYS=1      all that follow fail, too
 *     CRASH_THEN=N       having failed, die before the N-th call after that (1: the very next)
 *     CRASH_SLOW=MS      each sync takes so long: pages that end meanwhile share the next one
 *     CRASH_LOG=FILE     a line for each call counted: its number, letter and path
 *     CRASH_SHADOW=DIR   on the same file system, what a power failure is to be made of: the file
 *                        f-INODE is what its syncs have made last; d-INODE has a byte for each block
 *                        of 4096 that was written since; `k-INODE` keeps what lost its last name;
 *                        `names` tells what was done to folders and when they were synced
 *
 * A sync of a file that is made to fail does what the kernel does: what was written is taken for
 * clean, can be read, and no later sync makes it last unless it is written again.
 *
 * One call at a time, whatever the number of threads, so that the log is the order of things.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEATH     137
#define BLOCK     4096
#define PATH_ROOM (2 * PATH_MAX)
#define EXPORT    __attribute__((visibility("default")))

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static struct {
    char root[PATH_MAX];
    char shadow[PATH_MAX];
    const char *ops;
    long at;
    long count;
    long then;
    bool tear;
    bool stays;
    int error; /* 0: die */
    useconds_t slow;
    int log;
    int names;
} plan;

static int real_open(const char *path, int flags, mode_t mode)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static void put(int fd, const char *text, size_t n)
{
    if (fd >= 0 && syscall(SYS_write, fd, text, n) != (long)n)
        _exit(99);
}

static int error_named(const char *how)
{
    static const struct {
        const char *name;
        int error;
    } errors[] = {{"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EIO", EIO},
                  {"EROFS", EROFS},   {"EMFILE", EMFILE}, {"EACCES", EACCES}};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strcmp(how, errors[i].name) == 0)
            return errors[i].error;
    return 0;
}

static const char *wish(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value ? value : otherwise;
}

static void read_plan(void)
{
    char names[PATH_ROOM];
    const char *how = wish("CRASH_HOW", "kill");
    const char *log = wish("CRASH_LOG", "");
    (void)snprintf(plan.root, sizeof plan.root, "%s", wish("CRASH_ROOT", "/nowhere"));
    (void)snprintf(plan.shadow, sizeof plan.shadow, "%s", wish("CRASH_SHADOW", ""));
    plan.ops = wish("CRASH_OPS", "wscrutm");
    plan.at = strtol(wish("CRASH_AT", "0"), NULL, 10);
    plan.then = strtol(wish("CRASH_THEN", "0"), NULL, 10);
    plan.tear = strcmp(how, "tear") == 0;
    plan.error = error_named(how);
    plan.slow = (useconds_t)strtoul(wish("CRASH_SLOW", "0"), NULL, 10) * 1000;
    plan.stays = *wish("CRASH_STAYS", "") == '1';
    plan.log = plan.names = -1;
    const char *only = wish("CRASH_PROGRAM", program_invocation_short_name);
    bool counts = strcmp(only, program_invocation_short_name) == 0;
    if (!counts)
        plan.at = plan.then = 0;
    if (*log && counts)
        plan.log = real_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (*plan.shadow) {
        (void)snprintf(names, sizeof names, "%s/names", plan.shadow);
        plan.names = real_open(names, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
}

static bool below_root(const char *path)
{
    size_t n = strlen(plan.root);
    return strncmp(path, plan.root, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool path_of(int fd, char out[PATH_ROOM])
{
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, out, PATH_ROOM - 1);
    out[n > 0 ? n : 0] = '\0';
    return n > 0 && below_root(out);
}

/* What is to become of a call: passed on, failed (errno is set), or half done (a write only). */
enum fate {
    PASS,
    FAIL,
    HALF
};

/* Takes the mutex; leave() gives it back. */
static enum fate enter(char op, const char *path)
{
    char line[PATH_ROOM + 64];
    (void)pthread_once(&once, read_plan);
    (void)pthread_mutex_lock(&mutex);
    if (!below_root(path) || !strchr(plan.ops, op))
        return PASS;
    plan.count++;
    int n = snprintf(line, sizeof line, "%ld %c %s\n", plan.count, op, path);
    put(plan.log, line, (size_t)n);
    if (plan.then > 0 && plan.count == plan.at + plan.then)
        _exit(DEATH);
    bool now = plan.at > 0 && (plan.count == plan.at || (plan.stays && plan.count > plan.at));
    if (!now)
        return PASS;
    if (plan.error) {
        errno = plan.error;
        return FAIL;
    }
    if (plan.tear && op == 'w')
        return HALF;
    _exit(DEATH);
}

static void leave(void)
{
    int saved = errno;
    (void)pthread_mutex_unlock(&mutex);
    errno = saved;
}

/* -- the shadow */

static unsigned long long inode(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 ? (unsigned long long)st.st_ino : 0;
}

/* Of the folder that holds path; *name: the last part. */
static unsigned long long folder(const char *path, const char **name)
{
    char parent[PATH_ROOM];
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    (void)snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - path) : 1,
                   slash ? path : ".");
    return inode(parent);
}

static void note(const char *what, const char *path, const char *to, unsigned long long of)
{
    char line[PATH_ROOM + 128];
    const char *name;
    const char *other = to;
    if (plan.names < 0 || !below_root(path))
        return;
    unsigned long long in = folder(path, &name);
    if (to)
        (void)folder(to, &other);
    int n = snprintf(line, sizeof line, "%s %llu %llu %s %s\n", what, in, of, name,
                     other ? other : "-");
    put(plan.names, line, (size_t)n);
}

/* Before path loses its name: its inode must not be given to another file. */
static void keep(const char *path)
{
    char kept[PATH_ROOM];
    if (plan.names < 0 || !below_root(path) || !inode(path))
        return;
    (void)snprintf(kept, sizeof kept, "%s/k-%llu", plan.shadow, inode(path));
    if (link(path, kept) != 0 && errno != EEXIST)
        _exit(98);
}

static int shadow_file(char kind, const struct stat *st)
{
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "%s/%c-%llu", plan.shadow, kind,
                   (unsigned long long)st->st_ino);
    int fd = real_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        _exit(97);
    return fd;
}

/* Bytes from..to of the file were written. */
static void dirty(int fd, off_t from, off_t to)
{
    struct stat st;
    if (plan.names < 0 || to <= from || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    int map = shadow_file('d', &st);
    for (off_t block = from / BLOCK; block <= (to - 1) / BLOCK; block++)
        if (syscall(SYS_pwrite64, map, "1", 1, block) != 1)
            _exit(96);
    (void)syscall(SYS_close, map);
}

/* What was written since the last sync, block by block; then nothing is dirty any more. */
static void copy_dirty(int from, int to, int map, off_t size)
{
    char marks[512];
    char piece[BLOCK];
    off_t block = 0;
    ssize_t n;
    while ((n = pread(map, marks, sizeof marks, block)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            off_t at = (block + i) * BLOCK;
            ssize_t got = marks[i] && at < size ? pread(from, piece, sizeof piece, at) : 0;
            if (got > 0 && syscall(SYS_pwrite64, to, piece, (size_t)got, at) != got)
                _exit(95);
        }
        block += n;
    }
}

static void synced(int fd, bool done)
{
    char line[64];
    struct stat st;
    struct stat had;
    if (plan.names < 0 || fstat(fd, &st) != 0)
        return;
    if (S_ISDIR(st.st_mode)) {
        int n = snprintf(line, sizeof line, "sync %llu 0 - -\n", (unsigned long long)st.st_ino);
        if (done)
            put(plan.names, line, (size_t)n);
        return;
    }
    int map = shadow_file('d', &st);
    if (done) {
        /* The caller's descriptor may be for writing only. */
        (void)snprintf(line, sizeof line, "/proc/self/fd/%d", fd);
        int from = real_open(line, O_RDONLY | O_CLOEXEC, 0);
        int to = shadow_file('f', &st);
        if (from < 0)
            _exit(97);
        copy_dirty(from, to, map, st.st_size);
        if (fstat(to, &had) != 0 ||
            (had.st_size > st.st_size && syscall(SYS_ftruncate, to, st.st_size) != 0))
            _exit(94);
        (void)syscall(SYS_close, from);
        (void)syscall(SYS_close, to);
    }
    if (syscall(SYS_ftruncate, map, 0) != 0)
        _exit(93);
    (void)syscall(SYS_close, map);
}

/* -- the calls */

static ssize_t write_at(int fd, const void *p, size_t n, off_t at, bool placed)
{
    return placed ? syscall(SYS_pwrite64, fd, p, n, at) : syscall(SYS_write, fd, p, n);
}

static ssize_t any_write(int fd, const void *p, size_t n, off_t at, bool placed)
{
    char path[PATH_ROOM];
    (void)pthread_once(&once, read_plan);
    if (!path_of(fd, path))
        return write_at(fd, p, n, at, placed);
    enum fate fate = enter('w', path);
    ssize_t done = fate == PASS ? write_at(fd, p, n, at, placed) : -1;
    if (done > 0) {
        off_t end = placed ? at + done : (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
        dirty(fd, end - done, end);
    }
    if (fate == HALF) {
        (void)write_at(fd, p, n / 2, at, placed);
        _exit(DEATH);
    }
    leave();
    return done;
}

EXPORT ssize_t write(int fd, const void *p, size_t n)
{
    return any_write(fd, p, n, 0, false);
}

EXPORT ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return any_write(fd, p, n, at, true);
}

EXPORT ssize_t pwrite64(int fd, const void *p, size_t n, off_t at) __attribute__((alias("pwrite")));

static int any_sync(int fd, long number)
{
    char path[PATH_ROOM];
    (void)pthread_once(&once, read_plan);
    if (!path_of(fd, path))
        return (int)syscall(number, fd);
    if (plan.slow > 0)
        (void)usleep(plan.slow); /* the others go on meanwhile */
    int rc = enter('s', path) == PASS ? (int)syscall(number, fd) : -1;
    int saved = errno;
    synced(fd, rc == 0);
    errno = saved;
    leave();
    return rc;
}

EXPORT int fsync(int fd)
{
    return any_sync(fd, SYS_fsync);
}

EXPORT int fdatasync(int fd)
{
    return any_sync(fd, SYS_fdatasync);
}

static int any_open(const char *path, int flags, mode_t mode)
{
    (void)pthread_once(&once, read_plan);
    bool creates = (flags & O_CREAT) && !inode(path);
    char op = creates && !strchr(plan.ops, 'o') ? 'c' : 'o';
    int fd = enter(op, path) == PASS ? real_open(path, flags, mode) : -1;
    if (fd >= 0 && creates)
        note("create", path, NULL, inode(path));
    leave();
    return fd;
}

/* `mode`: the argument behind the flags, where there is one. */
#define READ_MODE(flags)                                                                           \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                         \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode = va_arg(more, mode_t);                                                               \
        va_end(more);                                                                              \
    }

EXPORT int open(const char *path, int flags, ...)
{
    READ_MODE(flags);
    return any_open(path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...) __attribute__((alias("open")));

/* path, where it is relative to an open folder: with that folder's name. */
static const char *whole_path(int dir, const char *path, char out[PATH_ROOM])
{
    char link[64];
    if (path[0] == '/' || dir == AT_FDCWD)
        return path;
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    ssize_t n = readlink(link, out, PATH_MAX);
    if (n <= 0)
        _exit(92);
    (void)snprintf(out + n, (size_t)(PATH_ROOM - n), "/%s", path);
    return out;
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
    char whole[PATH_ROOM];
    READ_MODE(flags);
    return any_open(whole_path(dir, path, whole), flags, mode);
}

EXPORT int openat64(int dir, const char *path, int flags, ...) __attribute__((alias("openat")));

EXPORT int mkostemp(char *template, int flags)
{
    int fd = -1;
    size_t n = strlen(template);
    for (unsigned i = 0; i < 1000 && fd < 0; i++) {
        (void)snprintf(template + n - 6, 7, "%06u", i);
        fd = any_open(template, flags | O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd;
}

EXPORT int rename(const char *from, const char *to)
{
    int rc = -1;
    if (enter('r', to) == PASS) {
        unsigned long long of = inode(from);
        keep(to);
        rc = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
        if (rc == 0)
            note("rename", from, to, of);
    }
    leave();
    return rc;
}

EXPORT int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    char whole_from[PATH_ROOM];
    char whole_to[PATH_ROOM];
    return rename(whole_path(from_dir, from, whole_from), whole_path(to_dir, to, whole_to));
}

EXPORT int unlink(const char *path)
{
    int rc = -1;
    if (enter('u', path) == PASS) {
        keep(path);
        rc = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
        if (rc == 0)
            note("unlink", path, NULL, 0);
    }
    leave();
    return rc;
}

EXPORT int unlinkat(int dir, const char *path, int flags)
{
    char whole[PATH_ROOM];
    if (flags != 0)
        return (int)syscall(SYS_unlinkat, dir, path, flags);
    return unlink(whole_path(dir, path, whole));
}

EXPORT int mkdir(const char *path, mode_t mode)
{
    int rc = -1;
    bool new = !inode(path);
    if (!new) /* an attempt that changes nothing is no change */
        return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (enter('m', path) == PASS) {
        rc = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
        if (rc == 0)
            note("mkdir", path, NULL, inode(path));
    }
    leave();
    return rc;
}

static int any_truncate(int fd, off_t size)
{
    char path[PATH_ROOM];
    (void)pthread_once(&once, read_plan);
    if (!path_of(fd, path))
        return (int)syscall(SYS_ftruncate, fd, size);
    int rc = enter('t', path) == PASS ? (int)syscall(SYS_ftruncate, fd, size) : -1;
    leave();
    return rc;
}

EXPORT int ftruncate(int fd, off_t size)
{
    return any_truncate(fd, size);
}

EXPORT int ftruncate64(int fd, off_t size) __attribute__((alias("ftruncate")));

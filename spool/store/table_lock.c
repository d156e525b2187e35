/* spool_lock: the flock on <table>/lock that makes a writer the only one. */
#include "shared/base/table_names.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "spool/store/spool.h"
#include "spool/store/table_dir.h"
#include "spool/store/table_lock_private.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PID_MAX 32

struct spool_lock {
    int fd;
};

/* A table's folder must not be a link: it would lead out of the spool, and a copy of the spool would lack what it leads to. */
static enum err_code refuse_link(const char *path, struct err *e)
{
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISLNK(st.st_mode))
        return OK;
    return err_set(e, ERR_IO,
                   "%.700s is a symbolic link, which a table's folder may not be: move the whole "
                   "spool to the larger disk (--spool), or mount the disk there",
                   path);
}

enum err_code table_dir(char out[IO_PATH], const struct spool *s, const char *table, struct err *e)
{
    enum err_code rc = names_check_table(table, "the spool", e);
    if (rc == OK)
        rc = io_path(out, spool_dir(s), table, e);
    return rc == OK ? refuse_link(out, e) : rc;
}

enum err_code table_make(char out[IO_PATH], const struct spool *s, const char *table, struct err *e)
{
    enum err_code rc = table_dir(out, s, table, e);
    if (rc != OK)
        return rc;
    if (mkdir(out, 0700) == 0)
        return io_sync_dir(spool_dir(s), e);
    if (errno != EEXIST)
        return err_sys(e, ERR_CREATE, "cannot make %s", out);
    return OK;
}

static enum err_code busy(int fd, const char *table, struct err *e)
{
    char pid[PID_MAX] = "";
    size_t got = 0;
    struct err ignored;
    if (io_pread(fd, pid, sizeof pid - 1, 0, &got, "lock", &ignored) != OK)
        got = 0;
    pid[got] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
    return err_set(e, ERR_BUSY,
                   "table %s is being written by another process (%s); wait for it or stop it",
                   table, *pid ? pid : "unknown");
}

/* Writes this process's id into the file, for messages; only the flock counts. Not into a file that has another name too: its
 * content may be part of a snapshot. */
static enum err_code write_pid(const char *path, bool yields, struct err *e)
{
    char pid[PID_MAX];
    int fd = -1;
    int n = snprintf(pid, sizeof pid, "%ld%s\n", (long)getpid(), yields ? TABLE_LOCK_YIELDS : "");
    struct err why = ERR_INIT;
    enum err_code rc = safe_open(&fd, path, O_WRONLY | O_TRUNC, &why);
    if (rc == OK)
        rc = io_pwrite(fd, pid, (size_t)n, 0, path, &why);
    if (fd >= 0)
        (void)close(fd);
    if (rc == OK || why.sys == EMLINK)
        return OK;
    if (e != NULL)
        *e = why;
    return rc;
}

enum err_code spool_lock(struct spool_lock **out, const struct spool *s, const char *table,
                         struct err *e)
{
    char dir[IO_PATH];
    char path[IO_PATH];
    enum err_code rc;
    *out = NULL;
    if ((rc = table_make(dir, s, table, e)) != OK || (rc = io_path(path, dir, "lock", e)) != OK)
        return rc;
    int fd = -1;
    if ((rc = safe_open(&fd, path, O_RDONLY | O_CREAT, e)) != OK)
        return rc;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        rc = errno == EWOULDBLOCK ? busy(fd, table, e) : err_sys(e, ERR_IO, "cannot lock %s", path);
        goto done;
    }
    if ((rc = write_pid(path, false, e)) != OK)
        goto done;
    *out = malloc(sizeof **out);
    if (!*out) {
        rc = err_set(e, ERR_NOMEM, "out of memory");
        goto done;
    }
    (*out)->fd = fd;
    fd = -1;
done:
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

enum err_code spool_lock_yield(const struct spool *s, const char *table, struct err *e)
{
    char dir[IO_PATH];
    char path[IO_PATH];
    enum err_code rc;
    if ((rc = table_dir(dir, s, table, e)) != OK || (rc = io_path(path, dir, "lock", e)) != OK)
        return rc;
    return write_pid(path, true, e);
}

void spool_unlock(struct spool_lock *l)
{
    if (!l)
        return;
    (void)close(l->fd);
    free(l);
}

static enum err_code count_other(void *ctx, int dir, const char *name, struct err *e)
{
    size_t *others = ctx;
    (void)dir;
    (void)e;
    *others += strcmp(name, "lock") != 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
    return OK;
}

void spool_drop_empty_table(const struct spool *s, const char *table)
{
    char dir[IO_PATH];
    char path[IO_PATH];
    struct spool_lock *lock = NULL;
    size_t others = 0;
    if (table_dir(dir, s, table, NULL) != OK || io_path(path, dir, "lock", NULL) != OK ||
        access(path, F_OK) != 0 || spool_lock(&lock, s, table, NULL) != OK)
        return;
    if (io_each_name(dir, false, count_other, &others, NULL) == OK && others == 0) {
        (void)safe_remove(path, NULL); /* a folder that stays does no harm */
        (void)rmdir(dir);
    }
    spool_unlock(lock);
}

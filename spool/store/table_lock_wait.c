/* A process that waits for a table's lock holds a read lock (fcntl, of the open file) on the lock file's first byte. The holder
 * that yields looks for such a lock. The flock itself is another kind of lock, and the two do not exclude each other. Both end
 * with the process. */
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "spool/store/spool.h"
#include "spool/store/table_dir.h"
#include "spool/store/table_lock_private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 32

struct spool_wait {
    int fd;
};

static enum err_code open_lock(int *fd, const struct spool *s, const char *table, struct err *e)
{
    char dir[IO_PATH];
    char path[IO_PATH];
    enum err_code rc;
    *fd = -1;
    if ((rc = table_dir(dir, s, table, e)) != OK || (rc = io_path(path, dir, "lock", e)) != OK)
        return rc;
    return safe_open(fd, path, O_RDONLY, e);
}

static bool is_asked(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static bool says_yields(int fd)
{
    char text[TEXT_MAX] = "";
    size_t got = 0;
    struct err ignored = ERR_INIT;
    if (io_pread(fd, text, sizeof text - 1, 0, &got, "lock", &ignored) != OK)
        return false;
    text[got] = '\0';
    return strstr(text, TABLE_LOCK_YIELDS) != NULL;
}

enum err_code spool_lock_wait(struct spool_wait **out, const struct spool *s, const char *table,
                              struct err *e)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1};
    struct spool_wait *w = malloc(sizeof *w);
    enum err_code rc = ERR_NOMEM;
    *out = NULL;
    if (w == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    w->fd = -1;
    if ((rc = open_lock(&w->fd, s, table, e)) != OK)
        goto done;
    if (!says_yields(w->fd) || fcntl(w->fd, F_OFD_SETLK, &lock) != 0) {
        rc = err_set(e, ERR_BUSY, "table %s is being written by another process", table);
        goto done;
    }
    *out = w;
    w = NULL;
done:
    spool_lock_waited(w);
    return rc;
}

void spool_lock_waited(struct spool_wait *w)
{
    if (w == NULL)
        return;
    if (w->fd >= 0)
        (void)close(w->fd);
    free(w);
}

bool spool_lock_asked(const struct spool *s, const char *table)
{
    int fd = -1;
    if (open_lock(&fd, s, table, NULL) != OK)
        return false;
    bool asked = is_asked(fd);
    (void)close(fd);
    return asked;
}

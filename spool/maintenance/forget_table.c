#include "spool/maintenance/forget_table.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "spool/format/small_file.h"
#include "spool/journal/acked.h"
#include "spool/segment/pruned.h"
#include "spool/segment/segment.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Finds the greatest number that a segment has, or has had. */
static enum err_code last_number(const char *dir, uint64_t *last, struct err *e)
{
    struct segment_list list;
    struct acked a;
    enum acked_state state;
    enum err_code rc = segment_list_all(&list, dir, e);
    *last = 0;
    if (rc == OK)
        rc = acked_read(dir, &a, &state, e);
    if (rc == OK) {
        *last = list.count > 0 ? list.entries[list.count - 1].number : 0;
        *last = list.pruned > *last ? list.pruned : *last;
        *last = a.place.segment > *last ? a.place.segment : *last;
    }
    segment_list_free(&list);
    return rc;
}

struct removal {
    const char *dir;
    bool look;
    struct forgotten_table *sum;
};

static bool stays(const char *name)
{
    return strcmp(name, "lock") == 0 || strcmp(name, PRUNED_FILE) == 0 ||
           strcmp(name, ACKED_FILE) == 0;
}

static enum err_code remove_file(void *ctx, int dir, const char *name, struct err *e)
{
    struct removal *r = ctx;
    struct stat st;
    if (stays(name) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || S_ISDIR(st.st_mode))
        return OK;
    if (!r->look && unlinkat(dir, name, 0) != 0 && errno != ENOENT)
        return err_sys(e, ERR_IO, "cannot remove %s/%s", r->dir, name);
    r->sum->files++;
    r->sum->bytes += S_ISREG(st.st_mode) ? st.st_size : 0;
    FAULT("forgotten-removed");
    return OK;
}

static enum err_code give_up(const char *dir, struct err *e)
{
    struct acked a = {.open = false};
    int fd = -1;
    enum err_code rc = last_number(dir, &a.place.segment, e);
    if (rc == OK && (rc = pruned_write(dir, a.place.segment, e)) == OK)
        rc = acked_write(&fd, dir, &a, e);
    acked_close(&fd);
    FAULT("forgotten");
    return rc;
}

enum err_code forget_table(const struct spool *s, const char *table, bool look,
                           struct forgotten_table *sum, struct err *e)
{
    char dir[IO_PATH];
    struct spool_lock *writer = NULL;
    struct removal r = {.dir = dir, .look = look, .sum = sum};
    bool held = false;
    int lock = -1;
    enum err_code rc = spool_holds(s, table, &held, e);
    *sum = (struct forgotten_table){0};
    if (rc == OK && !held)
        rc = err_set(e, ERR_NO_SPOOL, "the spool holds no table %s", table);
    if (rc != OK || (rc = table_dir(dir, s, table, e)) != OK)
        return rc;
    if (look)
        return io_each_name(dir, true, remove_file, &r, e);
    if ((rc = spool_lock(&writer, s, table, e)) != OK)
        return rc;
    if ((rc = small_file_lock(dir, &lock, e)) == OK) {
        if ((rc = give_up(dir, e)) == OK &&
            (rc = io_each_name(dir, true, remove_file, &r, e)) == OK)
            rc = io_sync_dir(dir, e);
        small_file_unlock(lock);
    }
    spool_unlock(writer);
    return rc;
}

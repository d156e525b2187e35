#include "spool/store/reserve.h"
#include "shared/files/fault_point.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ROOM_FACTOR 16

static bool has_room(const struct spool *s)
{
    struct statvfs v;
    return statvfs(spool_dir(s), &v) == 0 &&
           (uint64_t)v.f_bavail * (uint64_t)v.f_frsize >= (uint64_t)(ROOM_FACTOR * RESERVE_BYTES);
}

void reserve_keep(const struct spool *s)
{
    char path[IO_PATH];
    struct stat st;
    int fd = -1;
    if (io_path(path, spool_dir(s), RESERVE_FILE, NULL) != OK || !has_room(s))
        return;
    if (lstat(path, &st) == 0 && st.st_size >= RESERVE_BYTES)
        return;
    if (safe_open(&fd, path, O_WRONLY | O_CREAT, NULL) != OK)
        return;
    bool made = posix_fallocate(fd, 0, (off_t)RESERVE_BYTES) == 0;
    (void)close(fd); /* nothing was written */
    if (!made)
        (void)safe_remove(path, NULL);
    FAULT("reserve-made");
}

bool reserve_give(const struct spool *s)
{
    char path[IO_PATH];
    struct stat st;
    if (io_path(path, spool_dir(s), RESERVE_FILE, NULL) != OK || lstat(path, &st) != 0 ||
        safe_remove(path, NULL) != OK)
        return false;
    LOG(LOG_WARN, "reserve",
        "the disk is full: the room that was kept for the loader and prune is used now",
        F_STR("file", path));
    FAULT("reserve-given");
    return true;
}

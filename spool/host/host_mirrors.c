#include "spool/host/host_mirrors.h"

#include "shared/files/file_io.h"
#include "spool/remote/ship_note.h"
#include <string.h>

struct each {
    const char *dir;
    host_mirror_fn *fn;
    void *ctx;
};

/* A folder whose note is damaged, or tells of no pull of a host's, is none of these. */
static enum err_code on_name(void *ctx, int dir, const char *name, struct err *e)
{
    const struct each *each = ctx;
    char path[IO_PATH];
    struct ship_note n;
    struct err why = ERR_INIT;
    bool there = false;
    size_t length = strlen(name);
    (void)dir;
    if (length > OBJECT_ACCOUNT_MAX ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != length ||
        io_path(path, each->dir, name, &why) != OK ||
        ship_note_read(&n, path, PULL_NOTE, &there, &why) != OK || !there)
        return OK;
    bool mirror = n.host && n.number > 0;
    ship_note_free(&n);
    return mirror ? each->fn(each->ctx, name, e) : OK;
}

enum err_code host_mirrors_each(const char *dir, host_mirror_fn *fn, void *ctx, struct err *e)
{
    struct each each = {dir, fn, ctx};
    return io_each_name(dir, true, on_name, &each, e);
}

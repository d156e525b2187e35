/* Small files are pushed whole, as they are. A file that is not there is pushed as one without bytes, and the pull removes it. */
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "spool/remote/push_private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <xxhash.h>

struct small {
    const char *name;
    bool news;   /* its change is one */
    bool always; /* goes along with every object, also where the table has nothing new */
    bool grows;  /* its lines count once they are synced: done before others see them */
    bool ahead;  /* goes before the pages */
};
/* refetch.json is removed once a page is there that was fetched by it. Read before the pages it is never missing without that page: else a
 * machine that takes over would not fetch again what was lost. heal writes it before healed.json, so that one is read first. */
static const struct small of_table[] = {{.name = "healed.json", .news = true, .ahead = true},
                                        {.name = "refetch.json", .news = true, .ahead = true},
                                        {.name = "unreadable.json", .news = true},
                                        {.name = "dead-extract.ndjson", .news = true},
                                        {.name = "roll.ndjson", .news = true, .grows = true},
                                        {.name = "runs-extract.ndjson"},
                                        {.name = "moved.json", .always = true},
                                        {.name = NULL}};
static const struct small of_spool[] = {{.name = "source.json", .news = true},
                                        {.name = "refused.json"},
                                        {.name = "asked.json"},
                                        {.name = NULL}};

static enum err_code sync_file(const char *path, struct err *e)
{
    int fd = -1;
    enum err_code rc = safe_open_if_there(&fd, path, O_RDONLY, e);
    if (rc != OK || fd < 0)
        return rc;
    if (fdatasync(fd) != 0)
        rc = err_sys(e, ERR_IO, "cannot sync %s", path);
    (void)close(fd);
    return rc;
}

/* Reads a small file. The text is empty when there is no such file, or when it is too large to be pushed. */
static enum err_code read_one(const struct spool *s, const char *table, const struct small *f,
                              struct buf *text, char path[OBJECT_FILE_MAX], bool *large,
                              struct err *e)
{
    char full[IO_PATH];
    struct err why = ERR_INIT;
    (void)snprintf(path, OBJECT_FILE_MAX, "%s%s%s", table, *table ? "/" : "", f->name);
    enum err_code rc = io_path(full, spool_dir(s), path, e);
    if (rc == OK && f->grows)
        rc = sync_file(full, e);
    if (rc != OK)
        return rc;
    rc = safe_read_file(full, text, &why);
    *large = rc == ERR_TOO_BIG;
    if (rc == OK || why.sys == ENOENT || rc == ERR_TOO_BIG) {
        if (rc != OK)
            buf_reset(text);
        return OK;
    }
    *e = why;
    return rc;
}

enum err_code push_files_hash(const struct spool *s, const char *table, uint64_t *hash,
                              struct err *e)
{
    struct buf text;
    char path[OBJECT_FILE_MAX];
    bool large;
    enum err_code rc = OK;
    *hash = 0;
    buf_init(&text, OBJECT_SMALL_MAX);
    for (const struct small *f = *table ? of_table : of_spool; f->name && rc == OK; f++) {
        if (!f->news || (rc = read_one(s, table, f, &text, path, &large, e)) != OK)
            continue;
        /* The hash covers the files' names, too. It is 0 when there is no file. */
        if (text.len > 0)
            *hash = XXH3_64bits_withSeed(f->name, 8, *hash) ^
                    XXH3_64bits_withSeed(text.data, text.len, *hash + 1);
    }
    buf_free(&text);
    return rc;
}

static void tell_large(const struct small *f, const char *path)
{
    LOG(LOG_WARN, "push",
        f->grows ? "the list of keys is too large to go along, so rows that are gone are not found "
                   "where the spool is pulled: run netty-load on this machine, for this table"
                 : "a file is too large to go along, and counts as missing where the spool is "
                   "pulled: what needs it has to run on this machine",
        F_STR("file", path));
}

/* Has the place this one already? */
static bool is_sent(const struct small *f, const struct buf *text, uint64_t *roll)
{
    uint64_t hash;
    if (!f->grows || !roll)
        return false;
    hash = XXH3_64bits(text->data, text->len); /* of no bytes: not 0 */
    if (hash == *roll)
        return true;
    *roll = hash;
    return false;
}

static enum err_code add_files(const struct spool *s, const char *table, bool ahead, bool changed,
                               uint64_t *roll, struct object_writer *w, struct err *e)
{
    struct buf text;
    char path[OBJECT_FILE_MAX];
    bool large = false;
    enum err_code rc = OK;
    buf_init(&text, OBJECT_SMALL_MAX);
    for (const struct small *f = *table ? of_table : of_spool; f->name && rc == OK; f++) {
        if (f->ahead != ahead || (!changed && !f->always) ||
            (rc = read_one(s, table, f, &text, path, &large, e)) != OK)
            continue;
        if (large)
            tell_large(f, path);
        if (is_sent(f, &text, roll))
            continue;
        if ((rc = object_add_file(w, path, text.len, e)) == OK)
            rc = object_add(w, text.data, text.len, e);
    }
    buf_free(&text);
    return rc;
}

enum err_code push_files_ahead(const struct spool *s, const char *table, struct object_writer *w,
                               struct err *e)
{
    return add_files(s, table, true, true, NULL, w, e);
}

enum err_code push_files_add(const struct spool *s, const char *table, bool changed, uint64_t *roll,
                             struct object_writer *w, struct err *e)
{
    return add_files(s, table, false, changed, roll, w, e);
}

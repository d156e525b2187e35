/* Small files are pushed whole, as they are. A file that is not there is pushed as one without bytes, and the pull removes it. */
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "spool/remote/push_private.h"
#include <errno.h>
#include <stdio.h>
#include <xxhash.h>

struct small {
    const char *name;
    bool news;   /* its change is one */
    bool always; /* goes along with every object, also where the table has nothing new */
};
static const struct small of_table[] = {{.name = "healed.json", .news = true},
                                        {.name = "refetch.json", .news = true},
                                        {.name = "unreadable.json", .news = true},
                                        {.name = "dead-extract.ndjson", .news = true},
                                        {.name = "runs-extract.ndjson"},
                                        {.name = "moved.json", .always = true},
                                        {.name = NULL}};
static const struct small of_spool[] = {{.name = "source.json", .news = true},
                                        {.name = "refused.json"},
                                        {.name = "asked.json"},
                                        {.name = NULL}};

/* Reads a small file. The text is empty when there is no such file, or when it is too large to be pushed. */
static enum err_code read_one(const struct spool *s, const char *table, const char *name,
                              struct buf *text, char path[OBJECT_FILE_MAX], struct err *e)
{
    char full[IO_PATH];
    struct err why = ERR_INIT;
    (void)snprintf(path, OBJECT_FILE_MAX, "%s%s%s", table, *table ? "/" : "", name);
    enum err_code rc = io_path(full, spool_dir(s), path, e);
    if (rc != OK)
        return rc;
    rc = safe_read_file(full, text, &why);
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
    enum err_code rc = OK;
    *hash = 0;
    buf_init(&text, OBJECT_SMALL_MAX);
    for (const struct small *f = *table ? of_table : of_spool; f->name && rc == OK; f++) {
        if (!f->news || (rc = read_one(s, table, f->name, &text, path, e)) != OK)
            continue;
        /* The hash covers the files' names, too. It is 0 when there is no file. */
        if (text.len > 0)
            *hash = XXH3_64bits_withSeed(f->name, 8, *hash) ^
                    XXH3_64bits_withSeed(text.data, text.len, *hash + 1);
    }
    buf_free(&text);
    return rc;
}

enum err_code push_files_add(const struct spool *s, const char *table, bool changed,
                             struct object_writer *w, struct err *e)
{
    struct buf text;
    char path[OBJECT_FILE_MAX];
    enum err_code rc = OK;
    buf_init(&text, OBJECT_SMALL_MAX);
    for (const struct small *f = *table ? of_table : of_spool; f->name && rc == OK; f++) {
        if ((changed || f->always) && (rc = read_one(s, table, f->name, &text, path, e)) == OK &&
            (rc = object_add_file(w, path, text.len, e)) == OK)
            rc = object_add(w, text.data, text.len, e);
    }
    buf_free(&text);
    return rc;
}

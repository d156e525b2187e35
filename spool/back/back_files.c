/* What the loader's side leaves for the extractor: which files, and whether they say anything new. */
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/back/back_private.h"
#include "spool/control/catalog.h"
#include "spool/control/loaded.h"
#include "spool/control/refetch.h"
#include "spool/format/small_file.h"
#include "spool/inventory/missing_records.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define NEWS_MAX ((size_t)64 << 20)

struct back_file {
    const char *name;
    const char *as; /* its name in the object */
};
static const struct back_file of_spool[] = {
    {PULL_NOTE, PULL_NOTE}, {CATALOG_FILE, CATALOG_FILE}, {NULL, NULL}};
static const struct back_file of_table[] = {{LOADED_FILE, LOADED_FILE},
                                            {MISSING_FILE, MISSING_FILE},
                                            {REFETCH_WISH, REFETCH_FILE},
                                            {NULL, NULL}};

void back_name(char out[REMOTE_OBJECT_MAX], const char *id, uint64_t number)
{
    char name[OBJECT_NAME];
    (void)snprintf(out, REMOTE_OBJECT_MAX, BACK_FOLDER "/%s/%s", id, object_name(name, number));
}

/* Empty where there is none, or where it is too large to go along. */
static enum err_code read_file(const char *dir, const char *name, struct buf *text, bool *large,
                               struct err *e)
{
    char path[IO_PATH];
    struct err why = ERR_INIT;
    enum err_code rc = io_path(path, dir, name, e);
    if (rc != OK)
        return rc;
    rc = safe_read_file(path, text, &why);
    *large = rc == ERR_TOO_BIG;
    if (rc != OK)
        buf_reset(text);
    if (rc == OK || rc == ERR_TOO_BIG || why.sys == ENOENT)
        return OK;
    *e = why;
    return rc;
}

/* ---- is there anything new? ---- */

/* A damaged one says nothing. */
static enum err_code add_loaded(struct buf *b, const struct spool *s, const char *table,
                                struct err *e)
{
    struct loaded l = {0};
    struct err why = ERR_INIT;
    enum err_code rc = loaded_read(s, table, &l, &why);
    if (rc != OK && rc != ERR_DAMAGED) {
        *e = why;
        return rc;
    }
    rc = OK;
    for (size_t i = 0; i < l.count && rc == OK; i++) {
        const struct loaded_entry *d = &l.entries[i];
        rc = buf_addf(b,
                      "%s %s %s %" PRIu64 "/%" PRIu64 " %" PRIu64 " %" PRIu64 "/%" PRIu64
                      " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRIu64 "\n",
                      d->id, d->book, d->moved, d->place.segment, d->place.page, d->holes,
                      d->hole.segment, d->hole.page, d->gaps, d->since, d->unchecked,
                      d->checks.wrong);
    }
    loaded_free(&l);
    return rc == OK ? OK : buf_err(e, rc, b, "what is loaded");
}

static enum err_code add_table(struct buf *b, struct buf *text, const struct spool *s,
                               const char *table, struct err *e)
{
    char dir[IO_PATH];
    struct refetch wish;
    bool there;
    bool large;
    enum err_code rc;
    if ((rc = table_dir(dir, s, table, e)) != OK || (rc = add_loaded(b, s, table, e)) != OK ||
        (rc = refetch_read_wish(s, table, &wish, &there, e)) != OK ||
        (rc = read_file(dir, MISSING_FILE, text, &large, e)) != OK)
        return rc;
    rc = buf_addf(b, "%s %" PRId64 " %016" PRIx64 "%s\n", table, there ? wish.asked : 0,
                  (uint64_t)XXH3_64bits(text->data, text->len), large ? " too large" : "");
    return rc == OK ? OK : buf_err(e, rc, b, "what is told");
}

static enum err_code add_spool(struct buf *b, const struct spool *s, struct err *e)
{
    struct catalog catalog = {0};
    struct ship_note note;
    bool there;
    enum err_code rc = ship_note_read(&note, spool_dir(s), PULL_NOTE, &there, e);
    if (rc != OK)
        return rc;
    /* How far is pulled goes along with other news, and is one itself only where objects can be removed because of it. */
    rc = buf_addf(b, "%" PRIu64 "\n", note.whole);
    ship_note_free(&note);
    if (catalog_read(s, &catalog, NULL) != OK)
        catalog = (struct catalog){0};
    for (size_t i = 0; i < catalog.count && rc == OK; i++)
        rc = buf_addf(b, "%s %s\n", catalog.entries[i].table, catalog.entries[i].key);
    catalog_free(&catalog);
    return rc == OK ? OK : buf_err(e, rc, b, "what is told");
}

static enum err_code drop_wishes(const struct spool *s, struct err *e);

enum err_code back_news(const struct spool *s, uint64_t *hash, struct err *e)
{
    char **tables = NULL;
    size_t n = 0;
    struct buf news;
    struct buf text;
    buf_init(&news, NEWS_MAX);
    buf_init(&text, OBJECT_SMALL_MAX);
    enum err_code rc = drop_wishes(s, e);
    if (rc == OK)
        rc = add_spool(&news, s, e);
    if (rc == OK)
        rc = spool_tables(s, &tables, &n, e);
    for (size_t i = 0; i < n && rc == OK; i++)
        rc = add_table(&news, &text, s, tables[i], e);
    *hash = XXH3_64bits(news.data, news.len);
    spool_tables_free(tables, n);
    buf_free(&text);
    buf_free(&news);
    return rc;
}

/* ---- into the object ---- */

static enum err_code add_files(const struct spool *s, const char *table, struct object_writer *w,
                               struct err *e)
{
    char dir[IO_PATH];
    char name[OBJECT_FILE_MAX];
    struct buf text;
    bool large = false;
    enum err_code rc = OK;
    if (*table)
        rc = table_dir(dir, s, table, e);
    else
        (void)snprintf(dir, sizeof dir, "%s", spool_dir(s));
    buf_init(&text, OBJECT_SMALL_MAX);
    for (const struct back_file *f = *table ? of_table : of_spool; f->name && rc == OK; f++) {
        (void)snprintf(name, sizeof name, "%s%s%s", table, *table ? "/" : "", f->as);
        if ((rc = read_file(dir, f->name, &text, &large, e)) != OK)
            break;
        if (large)
            LOG(LOG_WARN, "back",
                "a file is too large to be told to the extractor's machine: run netty-load there, "
                "for this table",
                F_STR("file", name));
        if ((rc = object_add_file(w, name, text.len, e)) == OK)
            rc = object_add(w, text.data, text.len, e);
    }
    buf_free(&text);
    return rc;
}

enum err_code back_add_files(const struct spool *s, struct object_writer *w, struct err *e)
{
    char **tables = NULL;
    size_t n = 0;
    enum err_code rc = spool_tables(s, &tables, &n, e);
    if (rc == OK)
        rc = add_files(s, "", w, e);
    for (size_t i = 0; i < n && rc == OK; i++)
        rc = add_files(s, tables[i], w, e);
    spool_tables_free(tables, n);
    return rc;
}

/* ---- wishes ---- */

/* A later request of the pushed spool's own heal may ask for less: it is not this one. */
static bool has_arrived(const struct refetch *wish, const struct refetch *theirs)
{
    if (wish->asked == WHEN_NONE || theirs->asked == WHEN_NONE || theirs->asked < wish->asked)
        return false;
    if (*theirs->position == '\0' || strcmp(theirs->position, wish->position) == 0)
        return true;
    return refetch_by_time(wish->position) && refetch_by_time(theirs->position) &&
           wish->low != WHEN_NONE && theirs->low != WHEN_NONE && theirs->low <= wish->low;
}

/* The caller has the folder's lock. */
static enum err_code drop_wish(const struct spool *s, const char *table, const char *dir,
                               struct err *e)
{
    char path[IO_PATH];
    struct refetch wish;
    struct refetch theirs;
    bool wished;
    bool there = false;
    enum err_code rc;
    if ((rc = refetch_read_wish(s, table, &wish, &wished, e)) != OK || !wished ||
        (rc = refetch_read(s, table, &theirs, &there, e)) != OK || !there ||
        !has_arrived(&wish, &theirs) || (rc = io_path(path, dir, REFETCH_WISH, e)) != OK)
        return rc;
    return safe_remove(path, e);
}

static enum err_code drop_wishes(const struct spool *s, struct err *e)
{
    char **tables = NULL;
    size_t n = 0;
    enum err_code rc = spool_tables(s, &tables, &n, e);
    for (size_t i = 0; i < n && rc == OK; i++) {
        char dir[IO_PATH];
        int lock = -1;
        if ((rc = table_dir(dir, s, tables[i], e)) != OK ||
            (rc = small_file_lock(dir, &lock, e)) != OK)
            break;
        rc = drop_wish(s, tables[i], dir, e);
        small_file_unlock(lock);
    }
    spool_tables_free(tables, n);
    return rc;
}

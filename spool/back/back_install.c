/* Takes over what an object of the way back tells. It is unpacked into a folder that becomes a spool without pages, so that the files
 * are read, and their checksums judged, by those who know them. */
#include "shared/base/table_names.h"
#include "shared/files/fault_point.h"
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct back_install {
    const struct spool *to;
    struct spool *from;
    struct buf text;
    struct ship_note *note;
    char (*tables)[NAMES_TABLE_MAX + 1];
    size_t count;
};

/* ---- unpacking ---- */

static const char *const known[] = {PULL_NOTE, CATALOG_FILE, LOADED_FILE, MISSING_FILE,
                                    REFETCH_FILE};
#define KNOWN (sizeof known / sizeof known[0])

/* What an object of another puller left is not this one's. */
static enum err_code remove_known(const char *dir, struct err *e)
{
    char path[IO_PATH];
    enum err_code rc = OK;
    for (size_t n = 0; n < KNOWN && rc == OK; n++)
        if ((rc = io_path(path, dir, known[n], e)) == OK)
            rc = safe_remove(path, e);
    return rc;
}

static enum err_code note_table(struct back_install *i, const char *table, const char *dir,
                                struct err *e)
{
    enum err_code rc;
    if (i->count > 0 && strcmp(i->tables[i->count - 1], table) == 0)
        return OK;
    if ((rc = remove_known(dir, e)) != OK)
        return rc;
    void *more = realloc(i->tables, (i->count + 1) * sizeof *i->tables);
    if (!more)
        return err_set(e, ERR_NOMEM, "out of memory");
    i->tables = more;
    memset(i->tables[i->count], 0, sizeof *i->tables);
    memcpy(i->tables[i->count++], table, strlen(table));
    return OK;
}

/* "catalog.json" or "contacts/loaded.json"; others are of a later version. */
enum err_code back_install_file(struct back_install *i, struct object_reader *r,
                                const struct object_item *item, struct err *e)
{
    const char *slash = strchr(item->file, '/');
    const char *name = slash ? slash + 1 : item->file;
    char table[OBJECT_FILE_MAX] = "";
    char dir[IO_PATH];
    char path[IO_PATH];
    bool is_known = false;
    enum err_code rc = OK;
    for (size_t n = 0; n < KNOWN; n++)
        is_known = is_known || strcmp(name, known[n]) == 0;
    if (!is_known)
        return OK;
    if (slash)
        memcpy(table, item->file, (size_t)(slash - item->file));
    else
        (void)snprintf(dir, sizeof dir, "%s", spool_dir(i->from));
    if ((slash && ((rc = table_make(dir, i->from, table, e)) != OK ||
                   (rc = note_table(i, table, dir, e)) != OK)) ||
        (rc = io_path(path, dir, name, e)) != OK)
        return rc;
    if (item->bytes == 0)
        return safe_remove(path, e);
    if ((rc = object_read_file(r, &i->text, e)) == OK)
        rc = io_replace(dir, name, i->text.data, i->text.len, e);
    return rc;
}

/* ---- taking over ---- */

/* A damaged file says nothing; the rest counts all the same. */
static enum err_code pass_damage(enum err_code rc, const struct err *why, struct err *e)
{
    if (rc == OK)
        return OK;
    if (rc == ERR_DAMAGED) {
        LOG(LOG_WARN, "back", "a file that came back is damaged, and passed over", F_ERR(why));
        return OK;
    }
    *e = *why;
    return rc;
}

static const struct loaded_entry *find_loaded(const struct loaded *l, const char *id)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->entries[i].id, id) == 0)
            return &l->entries[i];
    return NULL;
}

static enum err_code take_loaded(const struct back_install *i, const char *table,
                                 struct ship_table *t, struct err *e)
{
    struct loaded theirs = {0};
    struct loaded ours = {0};
    struct err why = ERR_INIT;
    enum err_code rc = pass_damage(loaded_read(i->from, table, &theirs, &why), &why, e);
    t->place = loaded_least(&theirs);
    if (rc == OK)
        rc = loaded_read(i->to, table, &ours, e);
    for (size_t n = 0; n < theirs.count && rc == OK; n++) {
        const struct loaded_entry *entry = &theirs.entries[n];
        const struct loaded_entry *own = find_loaded(&ours, entry->id);
        if ((own == NULL || own->at < entry->at) &&
            (rc = loaded_store(i->to, table, entry, e)) == OK)
            rc = loaded_keep_checks(i->to, table, entry->id, &entry->checks, e);
    }
    loaded_free(&theirs);
    loaded_free(&ours);
    return rc;
}

static enum err_code take_missing(const struct back_install *i, const char *table, struct err *e)
{
    struct missing theirs = {0};
    struct missing ours = {0};
    enum err_code rc = missing_read(i->from, table, &theirs, e);
    if (rc == OK)
        rc = missing_read(i->to, table, &ours, e);
    for (size_t n = 0; n < theirs.count && rc == OK; n++) {
        const struct missing_entry *own = missing_find(&ours, theirs.entries[n].id);
        if (own == NULL || own->at < theirs.entries[n].at)
            rc = missing_store(i->to, table, &theirs.entries[n], e);
    }
    missing_free(&theirs);
    missing_free(&ours);
    return rc;
}

/* Each wish once: the note knows the last one by the time of its asking. Here it has a time that no request had before it, so that an
 * extractor which is at the one before does not take this one for done, and its puller sees that it has arrived. */
static enum err_code take_wish(const struct back_install *i, const char *table,
                               struct ship_table *t, struct err *e)
{
    char dir[IO_PATH];
    struct refetch wish;
    struct refetch ours;
    bool there;
    int lock = -1;
    enum err_code rc = refetch_read(i->from, table, &wish, &there, e);
    if (rc != OK || !there || (uint64_t)wish.asked == t->files)
        return rc;
    if ((rc = table_dir(dir, i->to, table, e)) != OK || (rc = small_file_lock(dir, &lock, e)) != OK)
        return rc;
    int64_t asked = wish.asked;
    if ((rc = refetch_read(i->to, table, &ours, &there, e)) == OK) {
        if (wish.asked < when_now())
            wish.asked = when_now();
        if (there && wish.asked <= ours.asked)
            wish.asked = ours.asked + 1;
        rc = refetch_ask(i->to, table, &wish, e);
    }
    small_file_unlock(lock);
    if (rc != OK)
        return rc;
    t->files = (uint64_t)asked;
    LOG(LOG_INFO, "back", "pages that were damaged where they were pulled will be fetched again",
        F_STR("table", table));
    return rc;
}

static enum err_code take_table(const struct back_install *i, const char *table, struct err *e)
{
    char dir[IO_PATH];
    bool held;
    struct ship_table *t = ship_note_table(i->note, table);
    enum err_code rc =
        t ? spool_holds(i->to, table, &held, e) : err_set(e, ERR_NOMEM, "out of memory");
    if (rc != OK || !held)
        return rc;
    if ((rc = take_loaded(i, table, t, e)) != OK || (rc = take_missing(i, table, e)) != OK ||
        (rc = table_dir(dir, i->to, table, e)) != OK)
        return rc;
    /* What is there already may be there since a take whose sync failed. */
    if ((rc = io_sync_dir(dir, e)) != OK)
        return rc;
    FAULT("back-loaded");
    return take_wish(i, table, t, e);
}

static enum err_code take_catalog(const struct back_install *i, struct err *e)
{
    struct catalog theirs = {0};
    struct catalog ours = {0};
    struct err why = ERR_INIT;
    enum err_code rc = catalog_read(i->from, &theirs, &why);
    if (rc == ERR_IO) /* none */
        return OK;
    if (rc != OK)
        return pass_damage(rc, &why, e);
    rc = catalog_read(i->to, &ours, &why);
    if (rc == ERR_CONFIG) /* of a newer version */
        *e = why;
    else
        rc = rc != OK || ours.written < theirs.written ? catalog_write(i->to, &theirs, e) : OK;
    catalog_free(&theirs);
    catalog_free(&ours);
    return rc;
}

enum err_code back_install_open(struct back_install **out, const struct spool *s,
                                const char *folder, struct ship_note *note, struct err *e)
{
    struct back_install *i = *out = calloc(1, sizeof *i);
    enum err_code rc;
    if (!i)
        return err_set(e, ERR_NOMEM, "out of memory");
    i->to = s;
    i->note = note;
    buf_init(&i->text, OBJECT_SMALL_MAX);
    if ((rc = io_mkdirs(folder, e)) == OK &&
        (rc = spool_mirror(&i->from, folder, spool_id(s), e)) == OK)
        rc = remove_known(folder, e);
    return rc;
}

enum err_code back_install_end(struct back_install *i, struct err *e)
{
    enum err_code rc = take_catalog(i, e);
    for (size_t n = 0; n < i->count && rc == OK; n++)
        rc = take_table(i, i->tables[n], e);
    return rc;
}

void back_install_close(struct back_install *i)
{
    if (!i)
        return;
    spool_close(i->from);
    buf_free(&i->text);
    free(i->tables);
    free(i);
}

enum err_code back_install(const struct spool *s, struct object_reader *r, const char *folder,
                           struct ship_note *note, struct err *e)
{
    struct back_install *i = NULL;
    struct object_item *item = malloc(sizeof *item);
    enum err_code rc = item ? OK : err_set(e, ERR_NOMEM, "out of memory");
    if (rc == OK)
        rc = back_install_open(&i, s, folder, note, e);
    while (rc == OK && (rc = object_next(r, item, e)) == OK && item->kind != OBJECT_END)
        if (item->kind == OBJECT_FILE)
            rc = back_install_file(i, r, item, e);
    if (rc == OK)
        rc = back_install_end(i, e);
    back_install_close(i);
    free(item);
    return rc;
}

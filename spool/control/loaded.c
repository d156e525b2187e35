#include "spool/control/loaded.h"

#include "shared/files/fault_point.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/format/small_file.h"
#include "spool/store/reserve.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT        1
#define DATABASES_MAX 1000

struct parse {
    struct loaded *l;
    const struct spool *spool;
    const char *table;
    uint64_t databases;
};

static enum err_code read_head(struct parse *p, const char *line, size_t n, struct err *e)
{
    uint64_t version = 0;
    char table[64];
    char id[64];
    struct field fields[] = {
        {.name = "netty_loaded", .type = FIELD_COUNT, .to = &version},
        {.name = "spool", .type = FIELD_TEXT, .to = id, .room = sizeof id},
        {.name = "table", .type = FIELD_TEXT, .to = table, .room = sizeof table},
        {.name = "databases", .type = FIELD_COUNT, .to = &p->databases},
    };
    enum err_code rc = fields_read_head(line, n, fields, FIELDS(fields), FORMAT, e);
    if (rc != OK)
        return rc;
    if (p->databases > DATABASES_MAX)
        return err_set(e, ERR_DAMAGED, "tells of more databases than can be");
    if (strcmp(id, spool_id(p->spool)) != 0 || strcmp(table, p->table) != 0)
        return err_set(e, ERR_DAMAGED, "is of another spool or table");
    p->l->entries = calloc(p->databases + 1, sizeof *p->l->entries);
    return p->l->entries ? OK : err_set(e, ERR_NOMEM, "out of memory");
}

static enum err_code on_line(void *ctx, uint64_t number, const char *line, size_t n, struct err *e)
{
    struct parse *p = ctx;
    if (number == 0)
        return read_head(p, line, n, e);
    if (p->l->count >= p->databases)
        return err_set(e, ERR_DAMAGED, "has more lines than it tells of");
    struct loaded_entry *d = &p->l->entries[p->l->count++];
    struct loaded_checks *c = &d->checks;
    char next[24] = "";
    struct field fields[] = {
        {.name = "database", .type = FIELD_TEXT, .to = d->id, .room = sizeof d->id},
        {.name = "name", .type = FIELD_TEXT, .to = d->name, .room = sizeof d->name},
        {.name = "segment", .type = FIELD_COUNT, .to = &d->place.segment},
        {.name = "page", .type = FIELD_COUNT, .to = &d->place.page},
        {.name = "at", .type = FIELD_TIME, .to = &d->at},
        {.name = "holes", .type = FIELD_COUNT, .to = &d->holes, .optional = true},
        {.name = "hole_segment", .type = FIELD_COUNT, .to = &d->hole.segment, .optional = true},
        {.name = "hole_page", .type = FIELD_COUNT, .to = &d->hole.page, .optional = true},
        {.name = "gaps", .type = FIELD_COUNT, .to = &d->gaps, .optional = true},
        {.name = "since", .type = FIELD_TIME, .to = &d->since, .optional = true},
        {.name = "unchecked", .type = FIELD_TIME, .to = &d->unchecked, .optional = true},
        {.name = "book",
         .type = FIELD_TEXT,
         .to = d->book,
         .room = sizeof d->book,
         .optional = true},
        {.name = "moved",
         .type = FIELD_TEXT,
         .to = d->moved,
         .room = sizeof d->moved,
         .optional = true},
        {.name = "check_began", .type = FIELD_TIME, .to = &c->began, .optional = true},
        {.name = "check_next",
         .type = FIELD_TEXT,
         .to = next,
         .room = sizeof next,
         .optional = true},
        {.name = "check_at", .type = FIELD_TIME, .to = &c->looked, .optional = true},
        {.name = "wrong", .type = FIELD_COUNT, .to = &c->wrong, .optional = true},
        {.name = "wrong_at", .type = FIELD_TIME, .to = &c->wrong_at, .optional = true},
        {.name = "wrong_text",
         .type = FIELD_TEXT,
         .to = c->text,
         .room = sizeof c->text,
         .optional = true},
    };
    enum err_code rc = fields_read(line, n, fields, FIELDS(fields), e);
    c->next = rc == OK ? strtoll(next, NULL, 10) : 0;
    return rc;
}

enum err_code loaded_read(const struct spool *s, const char *table, struct loaded *l, struct err *e)
{
    char dir[IO_PATH];
    struct err why = ERR_INIT;
    struct parse p = {.l = l, .spool = s, .table = table};
    *l = (struct loaded){0};
    enum err_code rc = table_dir(dir, s, table, e);
    if (rc != OK)
        return rc;
    rc = small_file_read(dir, LOADED_FILE, on_line, &p, &why);
    if (rc == OK && l->count != p.databases)
        rc = err_set(&why, ERR_DAMAGED, "%s/" LOADED_FILE ": it is cut short", dir);
    if (rc == OK)
        return OK;
    loaded_free(l);
    if (why.sys == ENOENT)
        return OK;
    if (e)
        *e = why;
    return rc;
}

void loaded_free(struct loaded *l)
{
    free(l->entries);
    *l = (struct loaded){0};
}

struct page_place loaded_least(const struct loaded *l)
{
    struct page_place least = {0, 0};
    for (size_t i = 0; i < l->count; i++)
        if (i == 0 || page_compare(l->entries[i].place, least) < 0)
            least = l->entries[i].place;
    return least;
}

bool loaded_first_hole(const struct loaded *l, struct page_place *hole)
{
    bool any = false;
    for (size_t i = 0; i < l->count; i++) {
        const struct loaded_entry *d = &l->entries[i];
        if (d->holes > 0 && (!any || page_compare(d->hole, *hole) < 0))
            *hole = d->hole;
        any = any || d->holes > 0;
    }
    return any;
}

/* A key may be negative, and a count in the file may not: keys are written as text. */
static enum err_code add_checks(struct buf *b, const struct loaded_checks *c)
{
    char time[WHEN_TEXT];
    enum err_code rc = OK;
    if (c->began != WHEN_NONE)
        rc = buf_addf(b, ",\"check_began\":\"%s\",\"check_next\":\"%" PRId64 "\"",
                      when_iso(c->began, time), c->next);
    if (rc == OK && c->looked != WHEN_NONE)
        rc = buf_addf(b, ",\"check_at\":\"%s\"", when_iso(c->looked, time));
    if (rc != OK || c->wrong == 0)
        return rc;
    rc = buf_addf(b, ",\"wrong\":%" PRIu64 ",\"wrong_at\":\"%s\",\"wrong_text\":", c->wrong,
                  when_iso(c->wrong_at, time));
    return rc == OK ? buf_add_json(b, c->text, strlen(c->text)) : rc;
}

static enum err_code add_entry(struct buf *b, const struct loaded_entry *d)
{
    char at[WHEN_TEXT];
    char since[WHEN_TEXT];
    size_t start = b->len;
    enum err_code rc;
    if ((rc = buf_adds(b, "{\"database\":")) != OK ||
        (rc = buf_add_json(b, d->id, strlen(d->id))) != OK ||
        (rc = buf_adds(b, ",\"name\":")) != OK ||
        (rc = buf_add_json(b, d->name, strlen(d->name))) != OK ||
        (rc = buf_addf(b, ",\"segment\":%" PRIu64 ",\"page\":%" PRIu64 ",\"at\":\"%s\"",
                       d->place.segment, d->place.page, when_iso(d->at, at))) != OK)
        return rc;
    if (d->holes + d->gaps > 0 &&
        (rc = buf_addf(b,
                       ",\"holes\":%" PRIu64 ",\"hole_segment\":%" PRIu64 ",\"hole_page\":%" PRIu64
                       ",\"gaps\":%" PRIu64 ",\"since\":\"%s\"",
                       d->holes, d->hole.segment, d->hole.page, d->gaps,
                       when_iso(d->since, since))) != OK)
        return rc;
    if (d->unchecked != WHEN_NONE &&
        (rc = buf_addf(b, ",\"unchecked\":\"%s\"", when_iso(d->unchecked, since))) != OK)
        return rc;
    if (d->book[0] != '\0' && ((rc = buf_adds(b, ",\"book\":")) != OK ||
                               (rc = buf_add_json(b, d->book, strlen(d->book))) != OK))
        return rc;
    if (d->moved[0] != '\0' && ((rc = buf_adds(b, ",\"moved\":")) != OK ||
                                (rc = buf_add_json(b, d->moved, strlen(d->moved))) != OK))
        return rc;
    return (rc = add_checks(b, &d->checks)) == OK ? checksum_line_end(b, start) : rc;
}

static enum err_code compose(struct buf *b, const struct spool *s, const char *table,
                             const struct loaded *l)
{
    enum err_code rc =
        buf_addf(b, "{\"netty_loaded\":%d,\"spool\":\"%s\",\"table\":\"%s\",\"databases\":%zu",
                 FORMAT, spool_id(s), table, l->count);
    if (rc == OK)
        rc = checksum_line_end(b, 0);
    for (size_t i = 0; i < l->count && rc == OK; i++)
        rc = add_entry(b, &l->entries[i]);
    return rc;
}

/* Writes the file, on a full disk into the reserve's room: without the file nothing may be pruned, and the disk would stay full. */
static enum err_code write_file(const struct spool *s, const char *dir, const struct buf *text,
                                struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = io_replace(dir, LOADED_FILE, text->data, text->len, &why);
    if (rc == ERR_FULL && reserve_give(s)) {
        why = ERR_INIT;
        rc = io_replace(dir, LOADED_FILE, text->data, text->len, &why);
    }
    if (rc != OK && e != NULL)
        *e = why;
    return rc;
}

static enum err_code put(const struct spool *s, const char *table, const char *dir,
                         const struct loaded *l, struct err *e)
{
    struct buf text;
    buf_init(&text, SMALL_FILE_MAX);
    enum err_code rc = compose(&text, s, table, l);
    if (rc != OK)
        (void)buf_err(e, rc, &text, LOADED_FILE);
    else
        rc = write_file(s, dir, &text, e);
    buf_free(&text);
    FAULT("loaded-written");
    return rc;
}

static struct loaded_entry *entry_of(struct loaded *l, const char *id)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->entries[i].id, id) == 0)
            return &l->entries[i];
    return NULL;
}

/* Returns the entry whose place a new database takes: the one with the same bookkeeping. NULL where the "new" database is the
 * one whose place that entry took before: then both are in use. */
static struct loaded_entry *moved_from(struct loaded *l, const struct loaded_entry *entry)
{
    for (size_t i = 0; entry->book[0] != '\0' && i < l->count; i++)
        if (strcmp(l->entries[i].book, entry->book) == 0)
            return strcmp(l->entries[i].moved, entry->id) == 0 ? NULL : &l->entries[i];
    return NULL;
}

static enum err_code set_entry(struct loaded *l, const struct loaded_entry *entry, struct err *e)
{
    struct loaded_entry *own = entry_of(l, entry->id);
    struct loaded_entry *old = own ? own : moved_from(l, entry);
    if (old) {
        struct loaded_entry was = *old;
        *old = *entry;
        memcpy(old->moved, own ? was.moved : was.id, sizeof old->moved);
        old->checks = was.checks;
        return OK;
    }
    struct loaded_entry *more = realloc(l->entries, (l->count + 1) * sizeof *more);
    if (!more)
        return err_set(e, ERR_NOMEM, "out of memory");
    l->entries = more;
    l->entries[l->count] = *entry;
    l->entries[l->count++].checks =
        (struct loaded_checks){.began = WHEN_NONE, .looked = WHEN_NONE, .wrong_at = WHEN_NONE};
    return OK;
}

/* The file while it is changed, under the folder's lock. */
struct held {
    char dir[IO_PATH];
    int lock;
    struct loaded l;
};

static enum err_code hold(struct held *h, const struct spool *s, const char *table, struct err *e)
{
    *h = (struct held){.lock = -1};
    enum err_code rc = table_dir(h->dir, s, table, e);
    if (rc == OK)
        rc = small_file_lock(h->dir, &h->lock, e);
    return rc == OK ? loaded_read(s, table, &h->l, e) : rc;
}

/* Ends the change, and writes the file if something has changed. rc: the result of what was done meanwhile. */
static enum err_code release(struct held *h, const struct spool *s, const char *table, bool changed,
                             enum err_code rc, struct err *e)
{
    if (rc == OK && changed)
        rc = put(s, table, h->dir, &h->l, e);
    loaded_free(&h->l);
    small_file_unlock(h->lock);
    return rc;
}

enum err_code loaded_store(const struct spool *s, const char *table,
                           const struct loaded_entry *entry, struct err *e)
{
    struct held h;
    enum err_code rc = hold(&h, s, table, e);
    if (rc == OK)
        rc = set_entry(&h.l, entry, e);
    return release(&h, s, table, true, rc, e);
}

static size_t drop(struct loaded *l, const char *database)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->entries[i].id, database) != 0 && strcmp(l->entries[i].name, database) != 0)
            l->entries[kept++] = l->entries[i];
    size_t dropped = l->count - kept;
    l->count = kept;
    return dropped;
}

static size_t drop_silent(struct loaded *l, int64_t before, struct loaded_entry *last)
{
    size_t kept = 0;
    bool heard = false;
    for (size_t i = 0; i < l->count; i++)
        heard = heard || l->entries[i].at >= before;
    for (size_t i = 0; i < l->count; i++) {
        if (heard && l->entries[i].at < before)
            *last = l->entries[i];
        else
            l->entries[kept++] = l->entries[i];
    }
    size_t dropped = l->count - kept;
    l->count = kept;
    return dropped;
}

enum err_code loaded_forget_silent(const struct spool *s, const char *table, int64_t before,
                                   bool look, struct loaded_entry *last, size_t *dropped,
                                   struct err *e)
{
    struct held h;
    enum err_code rc = hold(&h, s, table, e);
    *dropped = rc == OK ? drop_silent(&h.l, before, last) : 0;
    return release(&h, s, table, *dropped > 0 && !look, rc, e);
}

enum err_code loaded_checked(const struct spool *s, const char *table, int64_t unchecked,
                             struct err *e)
{
    struct held h;
    bool any = false;
    enum err_code rc = hold(&h, s, table, e);
    for (size_t i = 0; rc == OK && i < h.l.count; i++)
        if (h.l.entries[i].unchecked == unchecked) {
            h.l.entries[i].unchecked = WHEN_NONE;
            any = true;
        }
    return release(&h, s, table, any, rc, e);
}

enum err_code loaded_keep_checks(const struct spool *s, const char *table, const char *id,
                                 const struct loaded_checks *checks, struct err *e)
{
    struct held h;
    enum err_code rc = hold(&h, s, table, e);
    struct loaded_entry *own = rc == OK ? entry_of(&h.l, id) : NULL;
    if (own != NULL)
        own->checks = *checks;
    return release(&h, s, table, own != NULL, rc, e);
}

enum err_code loaded_forget(const struct spool *s, const char *table, const char *database,
                            size_t *dropped, struct err *e)
{
    struct held h;
    enum err_code rc = hold(&h, s, table, e);
    *dropped = rc == OK ? drop(&h.l, database) : 0;
    return release(&h, s, table, *dropped > 0, rc, e);
}

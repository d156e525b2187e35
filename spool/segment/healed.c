#include "spool/segment/healed.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/format/small_file.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define FORMAT     1
#define PLACES_MAX ((uint64_t)1 << 20)

struct list {
    struct page_place *places;
    uint64_t count;
    uint64_t declared; /* by the head */
};

static enum err_code read_head(struct list *l, const char *line, size_t n, size_t more,
                               struct err *e)
{
    uint64_t version = 0;
    struct field fields[] = {
        {.name = "netty_healed", .type = FIELD_COUNT, .to = &version},
        {.name = "places", .type = FIELD_COUNT, .to = &l->declared},
    };
    enum err_code rc = fields_read_head(line, n, fields, FIELDS(fields), FORMAT, e);
    if (rc != OK)
        return rc;
    if (l->declared > PLACES_MAX)
        return err_set(e, ERR_DAMAGED, "tells of more places than can be");
    l->places = calloc(l->declared + more, sizeof *l->places);
    return l->places ? OK : err_set(e, ERR_NOMEM, "out of memory");
}

struct parse {
    struct list *list;
    size_t more; /* room for so many more */
};

static enum err_code on_line(void *ctx, uint64_t number, const char *line, size_t n, struct err *e)
{
    const struct parse *p = ctx;
    struct list *l = p->list;
    if (number == 0)
        return read_head(l, line, n, p->more + 1, e);
    if (l->count >= l->declared)
        return err_set(e, ERR_DAMAGED, "has more lines than it tells of");
    struct page_place *place = &l->places[l->count++];
    struct field fields[] = {
        {.name = "segment", .type = FIELD_COUNT, .to = &place->segment},
        {.name = "page", .type = FIELD_COUNT, .to = &place->page},
    };
    return fields_read(line, n, fields, FIELDS(fields), e);
}

static void list_free(struct list *l)
{
    free(l->places);
    *l = (struct list){0};
}

/* Without a file the list is empty, and places may be NULL. */
static enum err_code list_read(struct list *l, const char *dir, size_t more, struct err *e)
{
    struct err why = ERR_INIT;
    struct parse p = {.list = l, .more = more};
    *l = (struct list){0};
    enum err_code rc = small_file_read(dir, HEALED_FILE, on_line, &p, &why);
    if (rc == OK && l->count != l->declared)
        rc = err_set(&why, ERR_DAMAGED, "%s/" HEALED_FILE ": it is cut short", dir);
    if (rc == OK)
        return OK;
    list_free(l);
    if (why.sys == ENOENT)
        return OK;
    if (e)
        *e = why;
    return rc;
}

enum err_code healed_check(const char *dir, struct err *e)
{
    struct list l;
    enum err_code rc = list_read(&l, dir, 0, e);
    list_free(&l);
    return rc;
}

static bool holds(const struct list *l, struct page_place place)
{
    for (uint64_t i = 0; i < l->count; i++)
        if (page_compare(l->places[i], place) == 0)
            return true;
    return false;
}

enum err_code healed_has(const char *dir, struct page_place place, bool *has, struct err *e)
{
    struct list l;
    enum err_code rc = list_read(&l, dir, 0, e);
    *has = rc == OK && holds(&l, place);
    list_free(&l);
    return rc == ERR_DAMAGED ? OK : rc;
}

static enum err_code add_line(struct buf *b, struct page_place place)
{
    size_t start = b->len;
    enum err_code rc =
        buf_addf(b, "{\"segment\":%" PRIu64 ",\"page\":%" PRIu64, place.segment, place.page);
    return rc == OK ? checksum_line_end(b, start) : rc;
}

static enum err_code put(const char *dir, const struct list *l, struct err *e)
{
    struct buf text;
    buf_init(&text, SMALL_FILE_MAX);
    enum err_code rc =
        buf_addf(&text, "{\"netty_healed\":%d,\"places\":%" PRIu64, FORMAT, l->count);
    if (rc == OK)
        rc = checksum_line_end(&text, 0);
    for (uint64_t i = 0; rc == OK && i < l->count; i++)
        rc = add_line(&text, l->places[i]);
    if (rc != OK)
        (void)buf_err(e, rc, &text, HEALED_FILE);
    else
        rc = io_replace(dir, HEALED_FILE, text.data, text.len, e);
    buf_free(&text);
    FAULT("healed-written");
    return rc;
}

static void drop_pruned(struct list *l, uint64_t pruned)
{
    uint64_t kept = 0;
    for (uint64_t i = 0; i < l->count; i++)
        if (l->places[i].segment > pruned)
            l->places[kept++] = l->places[i];
    l->count = kept;
}

enum err_code healed_add(const char *dir, const struct page_place *places, size_t n,
                         uint64_t pruned, struct err *e)
{
    struct list l;
    enum err_code rc = list_read(&l, dir, n, e);
    if (rc != OK && rc != ERR_DAMAGED)
        return rc;
    if (!l.places && !(l.places = calloc(n + 1, sizeof *l.places)))
        return err_set(e, ERR_NOMEM, "out of memory");
    drop_pruned(&l, pruned);
    for (size_t i = 0; i < n; i++)
        if (!holds(&l, places[i]))
            l.places[l.count++] = places[i];
    rc = put(dir, &l, e);
    list_free(&l);
    return rc;
}

enum err_code healed_merge(const char *dir, const char *from, uint64_t pruned, struct err *e)
{
    struct list l;
    enum err_code rc = list_read(&l, from, 0, e);
    if (rc == OK && l.count > 0)
        rc = healed_add(dir, l.places, l.count, pruned, e);
    list_free(&l);
    return rc == ERR_DAMAGED ? OK : rc;
}

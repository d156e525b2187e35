#include "spool/inventory/missing_records.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/format/small_file.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT        1
#define DATABASES_MAX 1000
#define A_LINE        500 /* rows of one line */

struct parse {
    struct missing *m;
    const char *table;
    uint64_t databases;
    uint64_t expected; /* rows of the entry at hand */
};

static enum err_code read_head(struct parse *p, const char *line, size_t n, struct err *e)
{
    uint64_t version = 0;
    char table[64];
    struct field fields[] = {
        {.name = "netty_missing", .type = FIELD_COUNT, .to = &version},
        {.name = "table", .type = FIELD_TEXT, .to = table, .room = sizeof table},
        {.name = "databases", .type = FIELD_COUNT, .to = &p->databases},
    };
    enum err_code rc = fields_read_head(line, n, fields, FIELDS(fields), FORMAT, e);
    if (rc != OK)
        return rc;
    if (p->databases > DATABASES_MAX || strcmp(table, p->table) != 0)
        return err_set(e, ERR_DAMAGED, "is of another table, or of more databases than can be");
    p->m->entries = calloc(p->databases + 1, sizeof *p->m->entries);
    return p->m->entries != NULL ? OK : err_set(e, ERR_NOMEM, "out of memory");
}

static enum err_code read_entry(struct parse *p, const char *line, size_t n, struct err *e)
{
    uint64_t ended = 0;
    if (p->m->count >= p->databases)
        return err_set(e, ERR_DAMAGED, "has more lines than it tells of");
    struct missing_entry *d = &p->m->entries[p->m->count++];
    struct field fields[] = {
        {.name = "database", .type = FIELD_TEXT, .to = d->id, .room = sizeof d->id},
        {.name = "roll", .type = FIELD_TIME, .to = &d->inventory_began},
        {.name = "window", .type = FIELD_COUNT, .to = &d->window},
        {.name = "ended", .type = FIELD_COUNT, .to = &ended},
        {.name = "looks", .type = FIELD_COUNT, .to = &d->lookups},
        {.name = "marked", .type = FIELD_COUNT, .to = &d->deleted},
        {.name = "held", .type = FIELD_COUNT, .to = &d->held},
        {.name = "at", .type = FIELD_TIME, .to = &d->at},
        {.name = "missing", .type = FIELD_COUNT, .to = &p->expected},
    };
    enum err_code rc = fields_read(line, n, fields, FIELDS(fields), e);
    if (rc != OK)
        return rc;
    if (p->expected > MISSING_MAX)
        return err_set(e, ERR_DAMAGED, "tells of more records than can be");
    d->ended = ended != 0;
    d->rows = calloc(p->expected + 1, sizeof *d->rows);
    return d->rows != NULL ? OK : err_set(e, ERR_NOMEM, "out of memory");
}

static bool read_number(const char **p, int64_t *value)
{
    if (strncmp(*p, "null", 4) == 0) {
        *value = WHEN_NONE;
        *p += 4;
        return true;
    }
    char *end = NULL;
    errno = 0;
    *value = strtoll(*p, &end, 10);
    bool good = end != *p && errno == 0;
    *p = end;
    return good;
}

static bool read_row(const char **p, struct missing_row *row)
{
    int64_t *to[] = {&row->key, &row->time, &row->since};
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        if (*(*p)++ != (i == 0 ? '[' : ',') || !read_number(p, to[i]))
            return false;
    }
    return *(*p)++ == ']';
}

static enum err_code read_rows(const struct parse *p, const char *line, size_t n, struct err *e)
{
    struct slice rows = {0};
    struct field fields[] = {{.name = "rows", .type = FIELD_RAW, .to = &rows}};
    enum err_code rc = fields_read(line, n, fields, FIELDS(fields), e);
    struct missing_entry *d = &p->m->entries[p->m->count - 1];
    const char *at = rows.p;
    while (rc == OK && *at != ']') {
        at++; /* the bracket, or the comma between two */
        if (d->count >= p->expected || !read_row(&at, &d->rows[d->count++]))
            rc = err_set(e, ERR_DAMAGED, "has records that cannot be");
    }
    return rc;
}

static enum err_code on_line(void *ctx, uint64_t number, const char *line, size_t n, struct err *e)
{
    struct parse *p = ctx;
    if (number == 0)
        return read_head(p, line, n, e);
    if (p->m->count > 0 && p->m->entries[p->m->count - 1].count < p->expected)
        return read_rows(p, line, n, e);
    return read_entry(p, line, n, e);
}

/* Reads the file and returns what small_file_read returns: the caller judges ENOENT and damage. After an error m is empty. */
static enum err_code read_strictly(const char *dir, const char *table, struct missing *m,
                                   struct err *e)
{
    struct parse p = {.m = m, .table = table};
    *m = (struct missing){0};
    enum err_code rc = small_file_read(dir, MISSING_FILE, on_line, &p, e);
    if (rc == OK &&
        (m->count != p.databases || (m->count > 0 && m->entries[m->count - 1].count != p.expected)))
        rc = err_set(e, ERR_DAMAGED, "%s/" MISSING_FILE ": it is cut short", dir);
    if (rc != OK)
        missing_free(m);
    return rc;
}

enum err_code missing_check(const char *dir, const char *table, struct err *e)
{
    struct missing m;
    struct err why = ERR_INIT;
    enum err_code rc = read_strictly(dir, table, &m, &why);
    missing_free(&m);
    if (rc == OK || why.sys == ENOENT)
        return OK;
    if (e != NULL)
        *e = why;
    return rc;
}

enum err_code missing_read(const struct spool *s, const char *table, struct missing *m,
                           struct err *e)
{
    char dir[IO_PATH];
    struct err why = ERR_INIT;
    *m = (struct missing){0};
    enum err_code rc = table_dir(dir, s, table, e);
    if (rc != OK)
        return rc;
    rc = read_strictly(dir, table, m, &why);
    if (rc == OK || why.sys == ENOENT)
        return OK;
    if (rc == ERR_DAMAGED) {
        LOG(LOG_WARN, "missing", "the list of missing records is damaged and will be made anew",
            F_STR("table", table), F_ERR(&why));
        return OK;
    }
    if (e != NULL)
        *e = why;
    return rc;
}

void missing_free(struct missing *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->entries[i].rows);
    free(m->entries);
    *m = (struct missing){0};
}

const struct missing_entry *missing_find(const struct missing *m, const char *id)
{
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->entries[i].id, id) == 0)
            return &m->entries[i];
    return NULL;
}

static enum err_code add_number(struct buf *b, const char *before, int64_t value)
{
    enum err_code rc = buf_adds(b, before);
    if (rc != OK)
        return rc;
    return value == WHEN_NONE ? buf_adds(b, "null") : buf_addf(b, "%" PRId64, value);
}

static enum err_code add_rows(struct buf *b, const struct missing_entry *d, size_t from)
{
    size_t start = b->len;
    enum err_code rc = buf_adds(b, "{\"rows\":");
    for (size_t i = from; rc == OK && i < d->count && i < from + A_LINE; i++) {
        const struct missing_row *row = &d->rows[i];
        if ((rc = add_number(b, i == from ? "[[" : ",[", row->key)) == OK &&
            (rc = add_number(b, ",", row->time)) == OK &&
            (rc = add_number(b, ",", row->since)) == OK)
            rc = buf_addc(b, ']');
    }
    if (rc == OK)
        rc = buf_addc(b, ']');
    return rc == OK ? checksum_line_end(b, start) : rc;
}

static enum err_code add_entry(struct buf *b, const struct missing_entry *d)
{
    char inventory_began[WHEN_TEXT];
    char at[WHEN_TEXT];
    size_t start = b->len;
    enum err_code rc;
    if ((rc = buf_adds(b, "{\"database\":")) != OK ||
        (rc = buf_add_json(b, d->id, strlen(d->id))) != OK ||
        (rc = buf_addf(b, ",\"roll\":\"%s\",\"window\":%" PRIu64 ",\"ended\":%d",
                       when_iso(d->inventory_began, inventory_began), d->window,
                       d->ended ? 1 : 0)) != OK ||
        (rc = buf_addf(b,
                       ",\"looks\":%" PRIu64 ",\"marked\":%" PRIu64 ",\"held\":%" PRIu64
                       ",\"at\":\"%s\",\"missing\":%zu",
                       d->lookups, d->deleted, d->held, when_iso(d->at, at), d->count)) != OK ||
        (rc = checksum_line_end(b, start)) != OK)
        return rc;
    for (size_t i = 0; i < d->count && rc == OK; i += A_LINE)
        rc = add_rows(b, d, i);
    return rc;
}

static enum err_code compose(struct buf *b, const char *table, const struct missing *old,
                             const struct missing_entry *entry)
{
    size_t others = 0;
    for (size_t i = 0; i < old->count; i++)
        others += strcmp(old->entries[i].id, entry->id) != 0;
    enum err_code rc = buf_addf(b, "{\"netty_missing\":%d,\"table\":\"%s\",\"databases\":%zu",
                                FORMAT, table, others + 1);
    if (rc == OK)
        rc = checksum_line_end(b, 0);
    for (size_t i = 0; i < old->count && rc == OK; i++)
        if (strcmp(old->entries[i].id, entry->id) != 0)
            rc = add_entry(b, &old->entries[i]);
    return rc == OK ? add_entry(b, entry) : rc;
}

enum err_code missing_store(const struct spool *s, const char *table,
                            const struct missing_entry *entry, struct err *e)
{
    char dir[IO_PATH];
    struct missing old = {0};
    struct buf text;
    int lock = -1;
    enum err_code rc = table_dir(dir, s, table, e);
    if (rc != OK || (rc = small_file_lock(dir, &lock, e)) != OK)
        return rc;
    buf_init(&text, SMALL_FILE_MAX);
    if ((rc = missing_read(s, table, &old, e)) == OK) {
        if ((rc = compose(&text, table, &old, entry)) != OK)
            (void)buf_err(e, rc, &text, MISSING_FILE);
        else
            rc = io_replace(dir, MISSING_FILE, text.data, text.len, e);
    }
    FAULT("missing-written");
    missing_free(&old);
    buf_free(&text);
    small_file_unlock(lock);
    return rc;
}

#include "spool/control/catalog.h"

#include "shared/base/table_names.h"
#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CATALOG_MAX (16u << 20)
#define FORMAT      1
#define KEY_MAX     256
#define SOURCE_MAX  128
#define TABLES_MAX  10000

static enum err_code read_head(struct catalog *c, const char *line, size_t n, uint64_t *tables,
                               struct err *e)
{
    uint64_t version = 0;
    struct field fields[] = {
        {.name = "netty_catalog", .type = FIELD_COUNT, .to = &version},
        {.name = "written", .type = FIELD_TIME, .to = &c->written},
        {.name = "tables", .type = FIELD_COUNT, .to = tables},
    };
    enum err_code rc = fields_read_head(line, n, fields, FIELDS(fields), FORMAT, e);
    if (rc != OK)
        return rc;
    if (*tables > TABLES_MAX)
        return err_set(e, ERR_DAMAGED, "tells of more tables than can be");
    c->entries = calloc(*tables + 1, sizeof *c->entries);
    return c->entries ? OK : err_set(e, ERR_NOMEM, "out of memory");
}

static enum err_code read_entry(struct catalog *c, const char *line, size_t n, struct err *e)
{
    char table[NAMES_TABLE_MAX + 1];
    char key[KEY_MAX];
    char source[SOURCE_MAX] = "";
    struct catalog_entry *entry = &c->entries[c->count];
    struct field fields[] = {
        {.name = "table", .type = FIELD_TEXT, .to = table, .room = sizeof table},
        {.name = "key", .type = FIELD_TEXT, .to = key, .room = sizeof key},
        {.name = "max_time_modified",
         .type = FIELD_TIME,
         .to = &entry->max_time_modified,
         .optional = true},
        {.name = "source",
         .type = FIELD_TEXT,
         .to = source,
         .room = sizeof source,
         .optional = true},
        {.name = "measured", .type = FIELD_TIME, .to = &entry->measured, .optional = true},
    };
    enum err_code rc = fields_read(line, n, fields, FIELDS(fields), e);
    if (rc != OK || names_check_table(table, "the catalog", e) != OK)
        return err_set(e, ERR_DAMAGED, "has a table that cannot be");
    c->count++;
    entry->table = strdup(table);
    entry->key = strdup(key);
    entry->source = source[0] != '\0' ? strdup(source) : NULL;
    return entry->table && entry->key && (entry->source || source[0] == '\0')
               ? OK
               : err_set(e, ERR_NOMEM, "out of memory");
}

static enum err_code parse(struct catalog *c, const struct buf *text, struct err *e)
{
    const char *p = text->data;
    const char *end = text->data + text->len;
    uint64_t tables = 0;
    const char *lf;
    while ((lf = memchr(p, '\n', (size_t)(end - p)))) {
        size_t n = (size_t)(lf - p);
        if (!checksum_line_ok(p, n))
            return err_set(e, ERR_DAMAGED, "byte %td: a line does not match its checksum",
                           p - text->data);
        if (c->entries && c->count >= tables)
            return err_set(e, ERR_DAMAGED, "has more lines than it tells of");
        enum err_code rc = c->entries ? read_entry(c, p, n, e) : read_head(c, p, n, &tables, e);
        if (rc != OK)
            return rc;
        p = lf + 1;
    }
    if (p != end || !c->entries || c->count != tables)
        return err_set(e, ERR_DAMAGED, "is cut short");
    return OK;
}

static int by_table(const void *a, const void *b)
{
    const struct catalog_entry *x = a;
    const struct catalog_entry *y = b;
    return strcmp(x->table, y->table);
}

enum err_code catalog_read(const struct spool *s, struct catalog *c, struct err *e)
{
    char path[IO_PATH];
    struct buf text;
    *c = (struct catalog){.written = WHEN_NONE};
    enum err_code rc = io_path(path, spool_dir(s), CATALOG_FILE, e);
    if (rc != OK)
        return rc;
    buf_init(&text, CATALOG_MAX);
    rc = safe_read_file(path, &text, e);
    if (rc == ERR_TOO_BIG)
        rc = err_set(e, ERR_DAMAGED, "%s: is too large", path);
    else if (rc == OK && (rc = parse(c, &text, e)) != OK)
        (void)err_prefix(e, "%s", path);
    buf_free(&text);
    if (rc != OK)
        catalog_free(c);
    else
        qsort(c->entries, c->count, sizeof *c->entries, by_table);
    return rc;
}

enum err_code catalog_check(const struct spool *s, struct err *e)
{
    struct catalog c;
    struct err why = ERR_INIT;
    if (catalog_read(s, &c, &why) == ERR_CONFIG) {
        if (e)
            *e = why;
        return ERR_CONFIG;
    }
    catalog_free(&c);
    return OK;
}

static enum err_code add_time(struct buf *b, int64_t t)
{
    char text[WHEN_TEXT];
    return t == WHEN_NONE ? buf_adds(b, "null") : buf_addf(b, "\"%s\"", when_iso(t, text));
}

static enum err_code add_entry(struct buf *b, const struct catalog_entry *entry)
{
    size_t start = b->len;
    enum err_code rc;
    if ((rc = buf_addf(b, "{\"table\":\"%s\",\"key\":", entry->table)) != OK ||
        (rc = buf_add_json(b, entry->key, strlen(entry->key))) != OK ||
        (rc = buf_adds(b, ",\"max_time_modified\":")) != OK ||
        (rc = add_time(b, entry->max_time_modified)) != OK)
        return rc;
    if (entry->source != NULL &&
        ((rc = buf_adds(b, ",\"source\":")) != OK ||
         (rc = buf_add_json(b, entry->source, strlen(entry->source))) != OK ||
         (rc = buf_adds(b, ",\"measured\":")) != OK || (rc = add_time(b, entry->measured)) != OK))
        return rc;
    return checksum_line_end(b, start);
}

static enum err_code compose(struct buf *b, const struct catalog *c)
{
    enum err_code rc;
    if ((rc = buf_addf(b, "{\"netty_catalog\":%d,\"tables\":%zu,\"written\":", FORMAT, c->count)) !=
            OK ||
        (rc = add_time(b, c->written == WHEN_NONE ? when_now() : c->written)) != OK ||
        (rc = checksum_line_end(b, 0)) != OK)
        return rc;
    for (size_t i = 0; i < c->count && rc == OK; i++)
        rc = add_entry(b, &c->entries[i]);
    return rc;
}

enum err_code catalog_write(const struct spool *s, const struct catalog *c, struct err *e)
{
    struct buf text;
    enum err_code rc = OK;
    for (size_t i = 0; i < c->count; i++)
        if ((rc = names_check_table(c->entries[i].table, "the database", e)) != OK)
            return rc;
    buf_init(&text, CATALOG_MAX);
    rc = compose(&text, c);
    if (rc != OK)
        (void)buf_err(e, rc, &text, "the catalog");
    else
        rc = io_replace(spool_dir(s), CATALOG_FILE, text.data, text.len, e);
    buf_free(&text);
    FAULT("catalog-written");
    return rc;
}

void catalog_free(struct catalog *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->entries[i].table);
        free(c->entries[i].key);
        free(c->entries[i].source);
    }
    free(c->entries);
    *c = (struct catalog){.written = WHEN_NONE};
}

const struct catalog_entry *catalog_find(const struct catalog *c, const char *table)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->entries[i].table, table) == 0)
            return &c->entries[i];
    return NULL;
}

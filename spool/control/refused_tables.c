#include "spool/control/refused_tables.h"

#include "shared/base/buf.h"
#include "shared/files/file_io.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/format/small_file.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT   1
#define TEXT_MAX ((size_t)1 << 20)

static enum err_code read_head(const char *line, size_t n, struct err *e)
{
    uint64_t version = 0;
    struct field fields[] = {{.name = "netty_refused", .type = FIELD_COUNT, .to = &version}};
    return fields_read_head(line, n, fields, FIELDS(fields), FORMAT, e);
}

static enum err_code on_line(void *ctx, uint64_t number, const char *line, size_t n, struct err *e)
{
    struct refused_tables *r = ctx;
    if (number == 0)
        return read_head(line, n, e);
    if (r->count == REFUSED_MAX)
        return err_set(e, ERR_DAMAGED, "has more tables than can be");
    struct refused_table *t = &r->at[r->count];
    *t = (struct refused_table){0};
    struct field fields[] = {
        {.name = "table", .type = FIELD_TEXT, .to = t->table, .room = sizeof t->table},
        {.name = "status", .type = FIELD_COUNT, .to = &t->status},
        {.name = "key", .type = FIELD_HASH, .to = &t->key},
        {.name = "since", .type = FIELD_TIME, .to = &t->since},
        {.name = "asked", .type = FIELD_TIME, .to = &t->asked},
    };
    enum err_code rc = fields_read(line, n, fields, FIELDS(fields), e);
    if (rc == OK)
        rc = names_check_table(t->table, REFUSED_FILE, e);
    r->count += rc == OK;
    return rc;
}

enum err_code refused_read(const struct spool *s, struct refused_tables *r, struct err *e)
{
    struct err why = ERR_INIT;
    *r = (struct refused_tables){.at = calloc(REFUSED_MAX, sizeof *r->at)};
    if (r->at == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    enum err_code rc = small_file_read(spool_dir(s), REFUSED_FILE, on_line, r, &why);
    if (rc == OK)
        return OK;
    r->count = 0;
    if (rc == ERR_DAMAGED || why.sys == ENOENT)
        return OK;
    refused_free(r);
    if (e != NULL)
        *e = why;
    return rc;
}

void refused_free(struct refused_tables *r)
{
    free(r->at);
    *r = (struct refused_tables){0};
}

static struct refused_table *find(const struct refused_tables *r, const char *table)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->at[i].table, table) == 0)
            return &r->at[i];
    return NULL;
}

const struct refused_table *refused_find(const struct refused_tables *r, const char *table)
{
    return find(r, table);
}

static enum err_code add_table(struct buf *b, const struct refused_table *t)
{
    char since[WHEN_TEXT];
    char asked[WHEN_TEXT];
    size_t start = b->len;
    enum err_code rc =
        buf_addf(b,
                 "{\"table\":\"%s\",\"status\":%" PRIu64 ",\"key\":\"%016" PRIx64
                 "\",\"since\":\"%s\",\"asked\":\"%s\"",
                 t->table, t->status, t->key, when_iso(t->since, since), when_iso(t->asked, asked));
    return rc == OK ? checksum_line_end(b, start) : rc;
}

static enum err_code write_all(const struct spool *s, const struct refused_tables *r, struct err *e)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    enum err_code rc = buf_addf(&text, "{\"netty_refused\":%d", FORMAT);
    if (rc == OK)
        rc = checksum_line_end(&text, 0);
    for (size_t i = 0; i < r->count && rc == OK; i++)
        rc = add_table(&text, &r->at[i]);
    if (rc != OK)
        (void)buf_err(e, rc, &text, REFUSED_FILE);
    else
        rc = io_replace(spool_dir(s), REFUSED_FILE, text.data, text.len, e);
    buf_free(&text);
    return rc;
}

static void put(struct refused_tables *r, const struct refused_table *entry)
{
    struct refused_table *t = find(r, entry->table);
    if (t == NULL && r->count == REFUSED_MAX)
        return; /* so the table is asked for in each run */
    bool same = t != NULL && t->status == entry->status && t->key == entry->key;
    int64_t since = same ? t->since : entry->since;
    if (t == NULL)
        t = &r->at[r->count++];
    *t = *entry;
    t->since = since;
}

static void take_out(struct refused_tables *r, const char *table)
{
    struct refused_table *t = find(r, table);
    if (t != NULL)
        *t = r->at[--r->count];
}

/* Changes the file under the folder's lock: adds the entry, or removes the table where entry is NULL. */
static enum err_code change(const struct spool *s, const struct refused_table *entry,
                            const char *table, struct err *e)
{
    struct refused_tables r;
    int lock = -1;
    enum err_code rc = small_file_lock(spool_dir(s), &lock, e);
    if (rc != OK)
        return rc;
    if ((rc = refused_read(s, &r, e)) == OK) {
        bool there = find(&r, table) != NULL;
        if (entry != NULL)
            put(&r, entry);
        else
            take_out(&r, table);
        if (entry != NULL || there)
            rc = write_all(s, &r, e);
        refused_free(&r);
    }
    small_file_unlock(lock);
    return rc;
}

enum err_code refused_set(const struct spool *s, const struct refused_table *entry, struct err *e)
{
    return change(s, entry, entry->table, e);
}

enum err_code refused_clear(const struct spool *s, const char *table, struct err *e)
{
    return change(s, NULL, table, e);
}

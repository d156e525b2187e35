#include "spool/control/asked_tables.h"

#include "shared/base/buf.h"
#include "shared/files/file_io.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/format/small_file.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT   1
#define TEXT_MAX ((size_t)1 << 18)

/* ---- the file ---- */

static enum err_code read_head(const char *line, size_t n, struct err *e)
{
    uint64_t version = 0;
    struct field fields[] = {{.name = "netty_asked", .type = FIELD_COUNT, .to = &version}};
    return fields_read_head(line, n, fields, FIELDS(fields), FORMAT, e);
}

static enum err_code on_line(void *ctx, uint64_t number, const char *line, size_t n, struct err *e)
{
    struct asked_tables *a = ctx;
    if (number == 0)
        return read_head(line, n, e);
    if (a->count == ASKED_MAX)
        return err_set(e, ERR_DAMAGED, "has more lists than can be");
    struct asked_list *l = &a->at[a->count];
    struct field fields[] = {
        {.name = "tables", .type = FIELD_TEXT, .to = l->tables, .room = sizeof l->tables},
        {.name = "named", .type = FIELD_COUNT, .to = &l->named},
        {.name = "runs", .type = FIELD_COUNT, .to = &l->runs},
        {.name = "back", .type = FIELD_COUNT, .to = &l->back},
        {.name = "replaced", .type = FIELD_COUNT, .to = &l->replaced},
    };
    enum err_code rc = fields_read(line, n, fields, FIELDS(fields), e);
    a->count += rc == OK;
    return rc;
}

enum err_code asked_read(const struct spool *s, struct asked_tables *a, struct err *e)
{
    struct err why = ERR_INIT;
    *a = (struct asked_tables){.at = calloc(ASKED_MAX, sizeof *a->at)};
    if (a->at == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    enum err_code rc = small_file_read(spool_dir(s), ASKED_FILE, on_line, a, &why);
    if (rc == OK)
        return OK;
    a->count = 0;
    if (rc == ERR_DAMAGED || why.sys == ENOENT)
        return OK;
    asked_free(a);
    if (e != NULL)
        *e = why;
    return rc;
}

void asked_free(struct asked_tables *a)
{
    free(a->at);
    *a = (struct asked_tables){0};
}

static enum err_code add_list(struct buf *b, const struct asked_list *l)
{
    size_t start = b->len;
    enum err_code rc = buf_addf(b,
                                "{\"tables\":\"%s\",\"named\":%" PRIu64 ",\"runs\":%" PRIu64
                                ",\"back\":%" PRIu64 ",\"replaced\":%" PRIu64,
                                l->tables, l->named, l->runs, l->back, l->replaced);
    return rc == OK ? checksum_line_end(b, start) : rc;
}

static enum err_code write_all(const struct spool *s, const struct asked_tables *a, struct err *e)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    enum err_code rc = buf_addf(&text, "{\"netty_asked\":%d", FORMAT);
    if (rc == OK)
        rc = checksum_line_end(&text, 0);
    for (size_t i = 0; i < a->count && rc == OK; i++)
        rc = add_list(&text, &a->at[i]);
    if (rc != OK)
        (void)buf_err(e, rc, &text, ASKED_FILE);
    else
        rc = io_replace(spool_dir(s), ASKED_FILE, text.data, text.len, e);
    buf_free(&text);
    return rc;
}

/* ---- lists ---- */

static bool has(const struct asked_list *l, const char *table, size_t n)
{
    for (const char *p = l->tables; *p != '\0'; p += *p == ',') {
        size_t len = strcspn(p, ",");
        if (len == n && memcmp(p, table, n) == 0)
            return true;
        p += len;
    }
    return false;
}

static bool share(const struct asked_list *a, const struct asked_list *b)
{
    for (const char *p = a->tables; *p != '\0'; p += *p == ',') {
        size_t len = strcspn(p, ",");
        if (has(b, p, len))
            return true;
        p += len;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Joins the names with commas. Returns false where they do not fit. */
static bool join(char out[ASKED_TEXT], const char **names, size_t n)
{
    size_t len = 0;
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && strcmp(names[i], names[i - 1]) == 0)
            continue;
        size_t more = strlen(names[i]) + (len > 0 ? 1 : 0);
        if (more >= ASKED_TEXT - len)
            return false;
        if (len > 0)
            out[len++] = ',';
        memcpy(out + len, names[i], strlen(names[i]) + 1);
        len += strlen(names[i]);
    }
    return len > 0;
}

/* ---- what a run says ---- */

static bool replaces(const struct asked_list *by, bool is_new, const struct asked_list *l)
{
    bool settings = by->named == 0 && l->named == 0;
    return l != by && l->replaced == 0 && (settings || share(by, l)) &&
           (settings || is_new || l->back < ASKED_BACK);
}

static void drop(struct asked_tables *a, size_t i)
{
    a->count--;
    memmove(&a->at[i], &a->at[i + 1], (a->count - i) * sizeof *a->at);
}

/* Adds a list. Where there is no room, the oldest list that was replaced is dropped, else the oldest of all. */
static struct asked_list *add(struct asked_tables *a, const struct asked_list *list)
{
    size_t i = 0;
    if (a->count == ASKED_MAX) {
        while (i < a->count && a->at[i].replaced == 0)
            i++;
        drop(a, i < a->count ? i : 0);
    }
    a->at[a->count] = *list;
    return &a->at[a->count++];
}

static struct asked_list *find(const struct asked_tables *a, const struct asked_list *list)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->at[i].named == list->named && strcmp(a->at[i].tables, list->tables) == 0)
            return &a->at[i];
    return NULL;
}

/* Notes that a run had the list. Returns whether anything has changed. */
static bool note(struct asked_tables *a, const struct asked_list *list)
{
    struct asked_list *l = find(a, list);
    bool is_new = l == NULL;
    bool changed = is_new;
    if (is_new)
        l = add(a, list);
    if (l->replaced != 0) {
        l->replaced = 0;
        l->back += l->back < ASKED_BACK;
        changed = true;
    }
    if (l->runs < ASKED_RUNS) {
        l->runs++;
        changed = true;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (replaces(l, is_new, &a->at[i])) {
            a->at[i].replaced = 1;
            changed = true;
        }
    }
    return changed;
}

static enum err_code note_locked(const struct spool *s, const struct asked_list *list,
                                 struct err *e)
{
    struct asked_tables a;
    int lock = -1;
    enum err_code rc = small_file_lock(spool_dir(s), &lock, e);
    if (rc != OK)
        return rc;
    if ((rc = asked_read(s, &a, e)) == OK) {
        if (note(&a, list))
            rc = write_all(s, &a, e);
        asked_free(&a);
    }
    small_file_unlock(lock);
    return rc;
}

enum err_code asked_note(const struct spool *s, const char *const *tables, size_t n, bool named,
                         struct err *e)
{
    struct asked_list *list = calloc(1, sizeof *list);
    const char **names = calloc(n > 0 ? n : 1, sizeof *names);
    struct asked_tables a = {0};
    enum err_code rc = OK;
    if (list == NULL || names == NULL) {
        rc = err_set(e, ERR_NOMEM, "out of memory");
        goto done;
    }
    for (size_t i = 0; i < n; i++)
        names[i] = tables[i];
    list->named = named ? 1 : 0;
    if (!join(list->tables, names, n))
        goto done;
    if ((rc = asked_read(s, &a, e)) == OK && note(&a, list)) /* most runs change nothing */
        rc = note_locked(s, list, e);
done:
    asked_free(&a);
    free(names);
    free(list);
    return rc;
}

/* ---- what it means ---- */

bool asked_given_up(const struct asked_tables *a, const char *table)
{
    bool known = false;
    for (size_t i = 0; i < a->count; i++) {
        if (!has(&a->at[i], table, strlen(table)))
            continue;
        if (a->at[i].replaced == 0)
            return false;
        known = true;
    }
    return known;
}

bool asked_by_command_line(const struct asked_tables *a, const char *table)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct asked_list *l = &a->at[i];
        if (l->named != 0 && l->replaced == 0 && l->runs >= ASKED_RUNS &&
            has(l, table, strlen(table)))
            return true;
    }
    return false;
}

#include "load/replay/roll_forward.h"
#include "load/row/jsonb_merge.h"
#include "spool/dead_letters/dead_letter_index.h"
#include "spool/reader/reader.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA_MAX   ((size_t)PAGE_LINE_MAX + 4096)
#define PAGES_TURN 64u /* read before the loop gets its turn */

/* A row of the batch that is rolled forward. */
struct subject {
    struct batch_row row; /* as it has to become; place and line stay its own */
    const char *data;     /* the batch's, or NULL: in `own` */
    struct buf own;
    bool changed;  /* since it was put into the batch */
    int64_t floor; /* the greatest time of its key in the lines before it, or WHEN_NONE */
};

struct roll_forward {
    struct roll_forward_conf conf;
    char *quoted; /* "the key's name" */
    struct reader *reader;
    struct dead_index *dead_letters;
    struct row_builder *row_builder;
    struct jsonb_merge *merge;
    struct batch *batch;
    struct lanes read;  /* so far; the lines from there up to ... */
    struct lanes known; /* ... there are read now */
    struct lanes loaded;
    struct progress end;      /* the greatest of those */
    struct subject *subjects; /* by key */
    size_t count, capacity;
    struct buf data; /* of the line at hand */
    struct buf merged;
};

enum err_code roll_forward_open(struct roll_forward **out, const struct roll_forward_conf *conf,
                                struct err *e)
{
    struct roll_forward *l = calloc(1, sizeof *l);
    enum err_code rc = OK;

    *out = NULL;
    if (l == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    l->conf = *conf;
    buf_init(&l->data, DATA_MAX);
    buf_init(&l->merged, BATCH_DATA_MAX);
    size_t n = strlen(conf->row.key) + 3;
    if ((l->quoted = malloc(n)) == NULL) {
        roll_forward_close(l);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    (void)snprintf(l->quoted, n, "\"%s\"", conf->row.key);
    if ((rc = reader_open(&l->reader, conf->spool, conf->table, e)) == OK &&
        (rc = dead_index_open(&l->dead_letters, conf->spool, conf->table, DEAD_LOAD, e)) == OK &&
        (rc = row_builder_open(&l->row_builder, &conf->row, e)) == OK)
        rc = jsonb_merge_open(&l->merge, e);
    if (rc == OK)
        *out = l;
    else
        roll_forward_close(l);
    return rc;
}

static void drop_subjects(struct roll_forward *l)
{
    for (size_t i = 0; i < l->count; i++)
        buf_free(&l->subjects[i].own);
    l->count = 0;
}

void roll_forward_close(struct roll_forward *l)
{
    if (l == NULL)
        return;
    drop_subjects(l);
    free(l->subjects);
    if (l->reader != NULL)
        reader_close(l->reader);
    dead_index_close(l->dead_letters);
    row_builder_close(l->row_builder);
    jsonb_merge_close(l->merge);
    buf_free(&l->data);
    buf_free(&l->merged);
    free(l->quoted);
    free(l);
}

static int compare_subjects(const void *a, const void *b)
{
    int64_t x = ((const struct subject *)a)->row.row.key;
    int64_t y = ((const struct subject *)b)->row.row.key;

    return (x > y) - (x < y);
}

/* Seeks the first line that some lane has not read. */
static enum err_code seek(struct roll_forward *l, struct err *e)
{
    struct page_place from = {0, 0};
    bool some = false;
    enum err_code rc;

    l->end = (struct progress){0};
    for (unsigned i = 0; i < LANES; i++) {
        const struct progress *read = &l->read.at[i];
        if (progress_compare(read, &l->known.at[i]) >= 0)
            continue;
        if (!some || page_compare(read->place, from) < 0)
            from = read->place;
        if (progress_compare(&l->known.at[i], &l->end) > 0)
            l->end = l->known.at[i];
        some = true;
    }
    if (from.page > 0)
        from.page--; /* of which perhaps only some lines were read */
    if ((rc = dead_index_refresh(l->dead_letters, (struct page_place){0, 0}, e)) != OK)
        return rc;
    return reader_seek(l->reader, from, e);
}

enum err_code roll_forward_begin(struct roll_forward *l, struct batch *b, const struct lanes *known,
                                 const struct lanes *loaded, struct err *e)
{
    size_t n = batch_rows(b);

    drop_subjects(l);
    l->batch = b;
    l->read = (struct lanes){0};
    l->known = *known;
    l->loaded = *loaded;
    if (n > l->capacity) {
        struct subject *more = realloc(l->subjects, n * sizeof *more);
        if (more == NULL)
            return err_set(e, ERR_NOMEM, "out of memory");
        l->subjects = more;
        l->capacity = n;
    }
    for (; l->count < n; l->count++) {
        struct subject *s = &l->subjects[l->count];
        *s = (struct subject){.floor = WHEN_NONE};
        s->row = *batch_row(b, l->count, &s->data);
        buf_init(&s->own, BATCH_DATA_MAX);
    }
    if (n > 1)
        qsort(l->subjects, n, sizeof *l->subjects, compare_subjects);
    return seek(l, e);
}

/* ---- is it about one of the batch's records? ---- */

static int compare_key(const void *key, const void *subject)
{
    int64_t x = *(const int64_t *)key;
    int64_t y = ((const struct subject *)subject)->row.row.key;

    return (x > y) - (x < y);
}

static struct subject *find(const struct roll_forward *l, int64_t key)
{
    return bsearch(&key, l->subjects, l->count, sizeof *l->subjects, compare_key);
}

/* Whether the text has an ASCII character written as an escape, so that a name may be hidden. */
static bool has_hidden_names(const char *p, const char *end)
{
    while ((p = memmem(p, (size_t)(end - p), "\\u00", 4)) != NULL) {
        p += 4;
        if (p < end && *p < '8')
            return true;
    }
    return false;
}

/* Reads the plain integer at p, behind a name. Returns false if there is something else. */
static bool plain_integer(const char *p, const char *end, int64_t *value)
{
    char digits[20] = "";
    size_t n = 0;

    while (p < end && (*p == ' ' || *p == ':' || *p == '\t'))
        p++;
    if (p < end && *p == '-')
        digits[n++] = *p++;
    while (p < end && isdigit((unsigned char)*p) && n < sizeof digits - 1)
        digits[n++] = *p++;
    *value = strtoll(digits, NULL, 10);
    return p < end && (*p == ',' || *p == '}') && n > 0 && isdigit((unsigned char)digits[n - 1]);
}

/* Looks without parsing whether the line may be about a key of the batch: whether behind some occurrence of the key's name, at whatever depth,
 * there is such a key. Where it is not sure, the result is true. */
static bool may_concern(const struct roll_forward *l, const char *line, size_t len)
{
    const char *end = line + len;
    size_t n = strlen(l->quoted);
    int64_t key = 0;

    if (has_hidden_names(line, end))
        return true;
    for (const char *p = line; (p = memmem(p, (size_t)(end - p), l->quoted, n)) != NULL;) {
        p += n;
        if (!plain_integer(p, end, &key) || find(l, key) != NULL)
            return true;
    }
    return false;
}

/* ---- upserts, in the spool's order ---- */

static bool timed(int64_t t)
{
    return t != WHEN_NONE;
}

static enum err_code is_set_aside(struct roll_forward *l, const struct batch_row *row,
                                  bool *rejected, struct err *e)
{
    enum err_code rc = dead_index_has(l->dead_letters, row->place, row->line, rejected, e);

    if (rc == OK && *rejected)
        *rejected = !l->conf.redriven(l->conf.ctx, row->place, row->line);
    return rc;
}

static enum err_code carry_on(struct roll_forward *l, struct subject *s,
                              const struct batch_row *late, struct err *e)
{
    struct row *row = &s->row.row;
    const char *data = s->own.len > 0 ? s->own.data : s->data;
    int64_t reached = timed(row->time_modified) ? row->time_modified : s->floor;
    enum err_code rc = OK;

    if (timed(s->floor) && timed(row->time_modified) && row->time_modified < s->floor)
        return OK; /* stale when its turn was, and now */
    if (timed(late->row.time_modified) && timed(reached) && late->row.time_modified < reached)
        return OK; /* this one was */
    buf_reset(&l->merged);
    if (l->conf.replace) {
        rc = buf_add(&l->merged, l->data.data, l->data.len);
        row->shape = late->row.shape;
    } else if ((rc = jsonb_merge_run(l->merge, data, row->data_len, l->data.data, l->data.len,
                                     &l->merged, e)) != OK)
        return rc;
    buf_reset(&s->own);
    if (rc != OK || (rc = buf_add(&s->own, l->merged.data, l->merged.len)) != OK)
        return buf_err(e, rc, &s->own, "a record's versions together");
    s->changed = true;
    row->data_len = s->own.len;
    if (!timed(row->time_created))
        row->time_created = late->row.time_created;
    if (timed(late->row.time_modified))
        row->time_modified = late->row.time_modified;
    return OK;
}

static int compare_lines(const struct batch_row *a, const struct batch_row *b)
{
    int c = page_compare(a->place, b->place);

    return c != 0 ? c : (a->line > b->line) - (a->line < b->line);
}

/* Whether the line was loaded into the lane of its key, and was not taken into account yet. */
static bool is_due(const struct roll_forward *l, int64_t key, const struct progress *at)
{
    unsigned lane = lane_of(key);

    return progress_compare(at, &l->read.at[lane]) > 0 &&
           progress_compare(at, &l->known.at[lane]) <= 0;
}

/* Notes a line of the row's key that stands before the row: how far the lines of the key have come, and whether the row is another version of
 * the same time. Lines come in order, so the row is still as it was. */
static void note_before(const struct roll_forward *l, struct subject *s, const struct progress *at,
                        const struct row *before)
{
    int64_t time = before->time_modified;

    if (timed(time) && (!timed(s->floor) || time > s->floor))
        s->floor = time;
    if (time == s->row.row.time_modified &&
        progress_compare(at, &l->loaded.at[lane_of(before->key)]) <= 0)
        s->row.news =
            l->data.len != s->row.row.data_len || memcmp(l->data.data, s->data, l->data.len) != 0;
}

/* at: the line's page, and its number there from 1. */
static enum err_code read_line(struct roll_forward *l, const struct progress *at, uint64_t number,
                               const char *line, size_t n, struct err *e)
{
    struct batch_row late = {.place = at->place, .line = number};
    struct row_refusal why;
    bool no = false;
    enum err_code rc;

    if (!may_concern(l, line, n))
        return OK;
    buf_reset(&l->data);
    if ((rc = row_build(l->row_builder, line, n, &l->data, &late.row, &no, &why, e)) != OK || no)
        return rc;
    struct subject *s = find(l, late.row.key);
    int order = s != NULL && is_due(l, late.row.key, at) ? compare_lines(&late, &s->row) : 0;
    if (order == 0 || (rc = is_set_aside(l, &late, &no, e)) != OK || no)
        return rc;
    if (order > 0)
        return carry_on(l, s, &late, e);
    note_before(l, s, at, &late.row);
    return OK;
}

static enum err_code read_page(struct roll_forward *l, const struct page_info *page, struct err *e)
{
    struct page_info info = *page;
    enum err_code rc = OK;

    for (uint64_t i = 0; rc == OK && i < info.records; i++) {
        struct progress at = {.place = info.place, .line = i + 1};
        const char *line = NULL;
        size_t n = 0;
        rc = reader_line(l->reader, &line, &n, e);
        if (rc == OK && line != NULL)
            rc = read_line(l, &at, info.first_line + i, line, n, e);
        else if (rc == ERR_TOO_BIG)
            rc = OK; /* set aside, whatever it is */
    }
    return rc;
}

/* The batch's memory has moved. */
static void find_data_again(struct roll_forward *l)
{
    for (size_t i = 0; i < l->count; i++) {
        const char *data = NULL;
        const struct batch_row *row = batch_row(l->batch, i, &data);
        find(l, row->row.key)->data = data;
    }
}

static enum err_code finish(struct roll_forward *l, struct err *e)
{
    enum err_code rc = OK;

    for (size_t i = 0; rc == OK && i < l->count; i++) {
        struct subject *s = &l->subjects[i];
        if (s->changed)
            rc = batch_put(l->batch, &s->row, s->own.data, e);
        batch_find(l->batch, s->row.row.key)->news = s->row.news;
        s->changed = false;
    }
    find_data_again(l);
    for (unsigned i = 0; i < LANES; i++)
        if (progress_compare(&l->known.at[i], &l->read.at[i]) > 0)
            l->read.at[i] = l->known.at[i];
    return rc;
}

enum err_code roll_forward_run(struct roll_forward *l, bool *more, struct err *e)
{
    *more = l->count > 0 && l->end.place.segment > 0;
    for (unsigned i = 0; *more && i < PAGES_TURN; i++) {
        const struct page_info *page = NULL;
        enum reader_what what = READER_END;
        struct err damage = ERR_INIT;
        enum err_code rc = reader_next(l->reader, &page, &what, &damage);
        if (rc != OK) {
            *e = damage;
            return rc;
        }
        *more = what != READER_END && page_compare(page->place, l->end.place) <= 0;
        if (*more && what == READER_PAGE && (rc = read_page(l, page, e)) != OK)
            return rc;
    }
    return *more ? OK : finish(l, e);
}

enum err_code roll_forward_catch_up(struct roll_forward *l, unsigned lanes, const struct lanes *at,
                                    struct err *e)
{
    bool more = false;
    enum err_code rc;

    for (unsigned i = 0; i < LANES; i++)
        if ((lanes >> i & 1u) != 0 && progress_compare(&at->at[i], &l->known.at[i]) > 0) {
            l->known.at[i] = at->at[i];
            more = true;
        }
    rc = more ? seek(l, e) : OK;
    while (rc == OK && more)
        rc = roll_forward_run(l, &more, e);
    return rc;
}

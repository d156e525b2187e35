#include "load/check/latest_versions.h"
#include "shared/log/log.h"
#include "spool/reader/reader.h"
#include <stdlib.h>
#include <string.h>

#define DATA_MAX  ((size_t)PAGE_LINE_MAX + 4096)
#define NAMES_MAX ((size_t)4 << 20)

/* ---- every row ---- */

struct walk {
    const struct latest_versions_conf *conf;
    struct row_builder *row_builder;
    struct buf data;
    latest_versions_fn *fn;
    void *ctx;
    struct latest_versions_tally *tally;
};

static bool is_loaded(const struct latest_versions_conf *c, int64_t key, struct page_place place,
                      uint64_t line)
{
    const struct progress *at = &c->at.at[lane_of(key)];
    int order = page_compare(place, at->place);

    return order < 0 || (order == 0 && (at->line == 0 || line <= at->line));
}

static enum err_code take_line(struct walk *w, struct page_place place, uint64_t number,
                               const char *line, size_t n, struct err *e)
{
    struct row row;
    struct row_refusal refusal;
    bool refused = false;
    enum err_code rc;

    buf_reset(&w->data);
    if ((rc = row_build(w->row_builder, line, n, &w->data, &row, &refused, &refusal, e)) != OK)
        return rc;
    if (refused)
        w->tally->refused++;
    else if (!is_loaded(w->conf, row.key, place, number))
        w->tally->behind++;
    else {
        w->tally->rows++;
        rc = w->fn(w->ctx, &row, line, n, e);
    }
    return rc;
}

static enum err_code take_page(struct walk *w, struct reader *r, const struct page_info *info,
                               struct err *e)
{
    for (uint64_t number = 1;; number++) {
        const char *line = NULL;
        size_t n = 0;
        enum err_code rc = reader_line(r, &line, &n, e);
        if (rc == ERR_DAMAGED) {
            w->tally->damaged++;
            return OK;
        }
        if (rc == ERR_TOO_BIG) {
            w->tally->refused++;
            continue;
        }
        if (rc == OK && line != NULL)
            rc = take_line(w, info->place, number, line, n, e);
        if (rc != OK || line == NULL)
            return rc;
    }
}

static enum err_code take_all(struct walk *w, struct reader *r, struct err *e)
{
    for (;;) {
        const struct page_info *info = NULL;
        enum reader_what what = READER_END;
        struct err damage = ERR_INIT;
        enum err_code rc = reader_next(r, &info, &what, &damage);
        if (rc != OK) {
            *e = damage;
            return rc;
        }
        if (what == READER_END)
            return OK;
        if (what == READER_DAMAGED)
            w->tally->damaged++;
        else if ((rc = take_page(w, r, info, e)) != OK)
            return rc;
    }
}

enum err_code latest_versions_each(const struct latest_versions_conf *conf, latest_versions_fn *fn,
                                   void *ctx, struct latest_versions_tally *tally, struct err *e)
{
    struct walk w = {.conf = conf, .fn = fn, .ctx = ctx, .tally = tally};
    struct reader *r = NULL;
    enum err_code rc;

    buf_init(&w.data, DATA_MAX);
    *tally = (struct latest_versions_tally){0};
    if ((rc = row_builder_open(&w.row_builder, &conf->row, e)) == OK &&
        (rc = reader_open(&r, conf->spool, conf->table, e)) == OK) {
        rc = take_all(&w, r, e);
        reader_close(r);
    }
    row_builder_close(w.row_builder);
    buf_free(&w.data);
    return rc;
}

/* ---- of a set of keys the newest ---- */

struct shape_names {
    uint64_t id;
    char *names; /* a JSON array */
};

struct latest_versions {
    struct latest_versions_version *set;
    size_t count, capacity;
    struct latest_versions_version stray[LATEST_VERSIONS_STRAY];
    size_t strays;
    bool more_strays;
    int64_t low, high;
    bool names;
    char *key; /* its member is no data */
    struct json_splitter *splitter;
    struct shape_names *shapes;
    size_t shape_count;
    uint32_t last; /* the shape that was found last: mostly the next one's, too */
};

enum err_code latest_versions_open(struct latest_versions **out, struct err *e)
{
    struct latest_versions *n = calloc(1, sizeof *n);
    enum err_code rc;

    if (n == NULL || (n->shapes = calloc(LATEST_VERSIONS_SHAPES, sizeof *n->shapes)) == NULL) {
        free(n);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    n->low = INT64_MAX; /* no strays */
    n->high = INT64_MIN;
    if ((rc = json_splitter_open(&n->splitter, e)) != OK) {
        latest_versions_close(n);
        return rc;
    }
    *out = n;
    return OK;
}

void latest_versions_close(struct latest_versions *n)
{
    if (n == NULL)
        return;
    for (size_t i = 0; i < n->shape_count; i++)
        free(n->shapes[i].names);
    free(n->shapes);
    free(n->set);
    free(n->key);
    if (n->splitter != NULL)
        json_splitter_close(n->splitter);
    free(n);
}

void latest_versions_reset(struct latest_versions *n)
{
    n->count = n->strays = 0;
    n->more_strays = false;
    n->low = INT64_MAX;
    n->high = INT64_MIN;
}

void latest_versions_range(struct latest_versions *n, int64_t low, int64_t high)
{
    n->low = low;
    n->high = high;
}

enum err_code latest_versions_key(struct latest_versions *n, int64_t key, struct err *e)
{
    if (n->count == n->capacity) {
        size_t capacity = n->capacity == 0 ? 4096 : n->capacity * 2;
        struct latest_versions_version *set = reallocarray(n->set, capacity, sizeof *set);
        if (set == NULL)
            return err_set(e, ERR_NOMEM, "out of memory for the keys");
        n->set = set;
        n->capacity = capacity;
    }
    n->set[n->count++] = (struct latest_versions_version){
        .key = key, .time = WHEN_NONE, .shape = LATEST_VERSIONS_NO_SHAPE};
    return OK;
}

size_t latest_versions_count(const struct latest_versions *n)
{
    return n->count;
}

const struct latest_versions_version *latest_versions_of(const struct latest_versions *n, size_t i)
{
    return &n->set[i];
}

size_t latest_versions_strays(const struct latest_versions *n,
                              const struct latest_versions_version **strays, bool *more)
{
    *strays = n->stray;
    *more = n->more_strays;
    return n->strays;
}

const char *latest_versions_names(const struct latest_versions *n, uint32_t shape)
{
    return shape < n->shape_count ? n->shapes[shape].names : "[]";
}

size_t latest_versions_shapes(const struct latest_versions *n)
{
    return n->shape_count;
}

static struct latest_versions_version *find(const struct latest_versions *n, int64_t key)
{
    size_t low = 0;
    size_t high = n->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (n->set[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n->count && n->set[low].key == key ? &n->set[low] : NULL;
}

static bool is_named(const struct member *m, const char *name)
{
    return strlen(name) == m->name_len && memcmp(name, m->name, m->name_len) == 0;
}

/* The members of data: all but those that are columns. Any that stand twice stand here twice. */
static enum err_code add_names(const struct latest_versions *n, const struct record *r,
                               struct buf *out)
{
    enum err_code rc = buf_addc(out, '[');

    for (size_t i = 0; rc == OK && i < r->count; i++) {
        const struct member *m = &r->members[i];
        if (is_named(m, n->key) || is_named(m, "time_created") || is_named(m, "time_modified"))
            continue;
        if (out->len > 1)
            rc = buf_addc(out, ',');
        if (rc == OK)
            rc = buf_add(out, m->raw_name, m->raw_name_len);
    }
    return rc == OK ? buf_addc(out, ']') : rc;
}

static enum err_code add_shape(struct latest_versions *n, uint64_t id, const char *line, size_t len,
                               struct err *e)
{
    struct record record;
    struct buf names;
    enum err_code rc;

    if (n->shape_count == LATEST_VERSIONS_SHAPES)
        return err_set(e, ERR_TOO_BIG, "the records have more than %d different sets of members",
                       LATEST_VERSIONS_SHAPES);
    if ((rc = json_splitter_run(n->splitter, line, len, &record, e)) != OK)
        return rc;
    buf_init(&names, NAMES_MAX);
    if ((rc = add_names(n, &record, &names)) != OK)
        (void)buf_err(e, rc, &names, "the names of a record's members");
    else if ((n->shapes[n->shape_count].names = strdup(names.data)) == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    buf_free(&names);
    if (rc == OK) {
        n->shapes[n->shape_count].id = id;
        n->last = (uint32_t)n->shape_count++;
    }
    return rc;
}

static enum err_code find_shape(struct latest_versions *n, const struct row *row, const char *line,
                                size_t len, uint32_t *shape, struct err *e)
{
    enum err_code rc = OK;
    size_t i = n->last;

    if (i >= n->shape_count || n->shapes[i].id != row->shape)
        for (i = 0; i < n->shape_count && n->shapes[i].id != row->shape; i++)
            ;
    if (i == n->shape_count)
        rc = add_shape(n, row->shape, line, len, e);
    else
        n->last = (uint32_t)i;
    *shape = n->last;
    return rc;
}

static bool says_deleted(struct latest_versions *n, const char *line, size_t len)
{
    struct record record;
    const struct member *m = json_splitter_run(n->splitter, line, len, &record, NULL) == OK
                                 ? record_find(&record, "deleted")
                                 : NULL;

    return m != NULL && m->kind == JSON_BOOL && m->value[0] == 't';
}

/* Finds or adds a key that is not in the set. */
static struct latest_versions_version *find_stray(struct latest_versions *n, int64_t key)
{
    size_t i = 0;

    if (key < n->low || key > n->high)
        return NULL;
    while (i < n->strays && n->stray[i].key != key)
        i++;
    if (i == LATEST_VERSIONS_STRAY) {
        n->more_strays = true;
        return NULL;
    }
    if (i == n->strays)
        n->stray[n->strays++] = (struct latest_versions_version){.key = key, .time = WHEN_NONE};
    return &n->stray[i];
}

static enum err_code on_row(void *ctx, const struct row *row, const char *line, size_t len,
                            struct err *e)
{
    struct latest_versions *n = ctx;
    struct latest_versions_version *v = find(n, row->key);
    bool stray = v == NULL;
    enum err_code rc = OK;

    if (stray && (v = find_stray(n, row->key)) == NULL)
        return OK;
    if (v->seen && v->time != WHEN_NONE && row->time_modified != WHEN_NONE &&
        row->time_modified < v->time)
        return OK; /* stale */
    v->seen = true;
    if (row->time_modified != WHEN_NONE)
        v->time = row->time_modified;
    if (stray)
        v->deleted = says_deleted(n, line, len);
    else if (n->names)
        rc = find_shape(n, row, line, len, &v->shape, e);
    return rc;
}

enum err_code latest_versions_read(struct latest_versions *n,
                                   const struct latest_versions_conf *conf, bool names,
                                   struct latest_versions_tally *tally, struct err *e)
{
    n->names = names;
    free(n->key);
    if ((n->key = strdup(conf->row.key)) == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    return latest_versions_each(conf, on_row, n, tally, e);
}

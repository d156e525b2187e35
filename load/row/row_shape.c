#include "load/row/row_shape.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define REMEMBERED  16u
#define MEMBERS_MAX 1024u /* shapes with more are not remembered, ... */
#define NAMES_MAX   32768u
#define COMMON_MAX  16384u /* bytes of an array's text */

/* A name of data in jsonb's order. */
struct sorted {
    const char *name;
    size_t len;
    uint32_t at; /* the member, or SHAPE_DELETED */
};

struct known {
    struct shape shape;
    size_t members; /* of the record, 0: unused */
    uint32_t *ends; /* of the names in `names`, in the record's order */
    char *names;
    struct shape_piece *pieces;
    struct sorted *sorted; /* their names stand in `names`, or in a constant */
    size_t sorted_count;
};

struct shapes {
    char *key;
    struct known known[REMEMBERED + 1]; /* the last one is for those that are not remembered */
    size_t recent, next;
};

static const char deleted[] = "deleted";

enum err_code shapes_open(struct shapes **out, const char *key, struct err *e)
{
    struct shapes *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s == NULL || (s->key = strdup(key)) == NULL) {
        free(s);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    *out = s;
    return OK;
}

static void known_free(struct known *k)
{
    free(k->ends);
    free(k->names);
    free(k->pieces);
    free(k->sorted);
    *k = (struct known){0};
}

void shapes_close(struct shapes *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i <= REMEMBERED; i++)
        known_free(&s->known[i]);
    free(s->key);
    free(s);
}

static bool is_shape_of(const struct known *k, const struct record *r)
{
    uint32_t at = 0;

    if (k->members != r->count)
        return false;
    for (size_t i = 0; i < r->count; i++) {
        const struct member *m = &r->members[i];
        if (k->ends[i] - at != m->name_len || memcmp(k->names + at, m->name, m->name_len) != 0)
            return false;
        at = k->ends[i];
    }
    return true;
}

static bool allocate(struct known *k, const struct record *r, size_t bytes)
{
    k->ends = calloc(r->count + 1, sizeof *k->ends);
    k->names = malloc(bytes + 1);
    k->pieces = calloc(r->count + 1, sizeof *k->pieces);
    k->sorted = calloc(r->count + 1, sizeof *k->sorted);
    return k->ends != NULL && k->names != NULL && k->pieces != NULL && k->sorted != NULL;
}

static size_t *column_of(const struct shapes *s, struct shape *shape, const char *name, size_t n)
{
    const struct {
        const char *name;
        size_t *at;
    } columns[] = {{s->key, &shape->key},
                   {"time_created", &shape->created},
                   {"time_modified", &shape->modified}};

    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (strlen(columns[i].name) == n && memcmp(columns[i].name, name, n) == 0)
            return columns[i].at;
    return NULL;
}

/* As jsonb does; of equal names the last member first. */
static int compare(const void *a, const void *b)
{
    const struct sorted *x = a;
    const struct sorted *y = b;

    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    int c = memcmp(x->name, y->name, x->len);
    return c != 0 ? c : (x->at < y->at) - (x->at > y->at);
}

/* Copies the names, takes the columns out, and leaves the rest in k->sorted, in the record's order; true: some name has a
 * NUL. */
static bool take_names(const struct shapes *s, struct known *k, const struct record *r)
{
    uint32_t at = 0;
    bool nul = false;

    for (size_t i = 0; i < r->count; i++) {
        const struct member *m = &r->members[i];
        memcpy(k->names + at, m->name, m->name_len);
        size_t *column = column_of(s, &k->shape, m->name, m->name_len);
        if (column != NULL)
            *column = i;
        else
            k->sorted[k->sorted_count++] = (struct sorted){k->names + at, m->name_len, (uint32_t)i};
        nul = nul || memchr(m->name, '\0', m->name_len) != NULL;
        if (m->name_len == strlen(deleted) && memcmp(m->name, deleted, m->name_len) == 0)
            k->shape.deleted = i;
        at += (uint32_t)m->name_len;
        k->ends[i] = at;
    }
    if (k->shape.deleted == SHAPE_NONE)
        k->sorted[k->sorted_count++] = (struct sorted){deleted, strlen(deleted), SHAPE_DELETED};
    return nul;
}

static void sort_names(struct known *k)
{
    size_t n = 0;

    qsort(k->sorted, k->sorted_count, sizeof *k->sorted, compare);
    for (size_t i = 0; i < k->sorted_count; i++) {
        const struct sorted *last = n > 0 ? &k->sorted[n - 1] : NULL;
        if (last == NULL || last->len != k->sorted[i].len ||
            memcmp(last->name, k->sorted[i].name, last->len) != 0)
            k->sorted[n++] = k->sorted[i];
    }
    k->sorted_count = n;
}

/* Whether the member follows the piece directly. `deleted`, whose value is written anew, is always a piece of its own. */
static bool continues(const struct shape *shape, const struct shape_piece *piece, uint32_t at)
{
    return piece->first != SHAPE_DELETED && at != SHAPE_DELETED && piece->last + 1 == at &&
           piece->last != shape->deleted && at != shape->deleted;
}

static void make_pieces(struct known *k)
{
    size_t n = 0;

    k->shape.id = 0;
    for (size_t i = 0; i < k->sorted_count; i++) {
        const struct sorted *name = &k->sorted[i];
        struct shape_piece *last = n > 0 ? &k->pieces[n - 1] : NULL;
        k->shape.id = XXH3_64bits_withSeed(name->name, name->len, k->shape.id);
        if (last != NULL && continues(&k->shape, last, name->at))
            last->last = name->at;
        else
            k->pieces[n++] = (struct shape_piece){name->at, name->at};
    }
    k->shape.pieces = k->pieces;
    k->shape.count = n;
}

static enum err_code add_shape(struct shapes *s, const struct record *r, struct known **out,
                               struct err *e)
{
    size_t bytes = 0;

    for (size_t i = 0; i < r->count; i++)
        bytes += r->members[i].name_len;
    if (bytes > UINT32_MAX)
        return err_set(e, ERR_TOO_BIG, "a record's names are longer than 4 GiB");
    size_t slot = REMEMBERED;
    if (r->count <= MEMBERS_MAX && bytes <= NAMES_MAX) {
        slot = s->next;
        s->next = (s->next + 1) % REMEMBERED;
        s->recent = slot;
    }
    struct known *k = &s->known[slot];
    known_free(k);
    if (!allocate(k, r, bytes)) {
        known_free(k);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    k->shape.key = k->shape.created = k->shape.modified = k->shape.deleted = SHAPE_NONE;
    if (!take_names(s, k, r))
        sort_names(k);
    make_pieces(k);
    k->members = r->count;
    *out = k;
    return OK;
}

static struct known *recall(struct shapes *s, const struct record *r)
{
    for (size_t i = 0; i < REMEMBERED; i++) {
        size_t slot = (s->recent + i) % REMEMBERED;
        struct known *k = &s->known[slot];
        if (k->pieces != NULL && is_shape_of(k, r)) {
            s->recent = slot;
            return k;
        }
    }
    return NULL;
}

enum err_code shapes_of(struct shapes *s, const struct record *r, const struct shape **shape,
                        struct err *e)
{
    struct known *k = recall(s, r);
    enum err_code rc = k != NULL ? OK : add_shape(s, r, &k, e);

    *shape = rc == OK ? &k->shape : NULL;
    return rc;
}

/* ---- names in common ---- */

static const struct known *with_id(const struct shapes *s, uint64_t id)
{
    for (size_t i = 0; i < REMEMBERED; i++)
        if (s->known[i].members > 0 && s->known[i].shape.id == id)
            return &s->known[i];
    return NULL;
}

static bool has_name(const struct known *k, const struct sorted *name)
{
    for (size_t i = 0; i < k->sorted_count; i++)
        if (k->sorted[i].len == name->len && memcmp(k->sorted[i].name, name->name, name->len) == 0)
            return true;
    return false;
}

static bool all_have(const struct shapes *s, const uint64_t *ids, size_t n,
                     const struct sorted *name)
{
    for (size_t i = 1; i < n; i++) {
        const struct known *k = with_id(s, ids[i]);
        if (k == NULL || !has_name(k, name))
            return false;
    }
    return true;
}

static enum err_code add_element(struct buf *out, const struct sorted *name, bool first)
{
    enum err_code rc = buf_adds(out, first ? "\"" : ",\"");

    for (size_t i = 0; rc == OK && i < name->len; i++) {
        if (name->name[i] == '"' || name->name[i] == '\\')
            rc = buf_addc(out, '\\');
        if (rc == OK)
            rc = buf_addc(out, name->name[i]);
    }
    return rc == OK ? buf_addc(out, '"') : rc;
}

enum err_code shapes_common(const struct shapes *s, const uint64_t *ids, size_t n, struct buf *out)
{
    const struct known *k = n > 0 ? with_id(s, ids[0]) : NULL;
    size_t start = out->len;
    bool first = true;
    enum err_code rc = buf_addc(out, '{');

    for (size_t i = 0; k != NULL && rc == OK && i < k->sorted_count; i++) {
        const struct sorted *name = &k->sorted[i];
        if (out->len - start + 2 * name->len > COMMON_MAX ||
            memchr(name->name, '\0', name->len) != NULL || !all_have(s, ids, n, name))
            continue;
        rc = add_element(out, name, first);
        first = false;
    }
    return rc == OK ? buf_addc(out, '}') : rc;
}

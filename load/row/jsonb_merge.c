#include "load/row/jsonb_merge.h"
#include "shared/json/json_record.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define SLOTS_MIN 64u

struct jsonb_merge {
    struct json_splitter *old, *new;
    uint32_t *slots; /* the new object's names: member + 1, 0 = free; a power of two */
    size_t slot_count;
};

enum err_code jsonb_merge_open(struct jsonb_merge **out, struct err *e)
{
    struct jsonb_merge *m = calloc(1, sizeof *m);
    enum err_code rc;

    *out = NULL;
    if (m == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    if ((rc = json_splitter_open(&m->old, e)) != OK ||
        (rc = json_splitter_open(&m->new, e)) != OK) {
        jsonb_merge_close(m);
        return rc;
    }
    *out = m;
    return OK;
}

void jsonb_merge_close(struct jsonb_merge *m)
{
    if (m == NULL)
        return;
    json_splitter_close(m->old);
    json_splitter_close(m->new);
    free(m->slots);
    free(m);
}

/* Returns the slot of the hash table that has the name, or the free slot where it belongs. */
static uint32_t *find(const struct jsonb_merge *m, const struct record *r,
                      const struct member *name)
{
    size_t mask = m->slot_count - 1;
    size_t i = (size_t)XXH3_64bits(name->name, name->name_len) & mask;

    for (; m->slots[i] != 0; i = (i + 1) & mask) {
        const struct member *there = &r->members[m->slots[i] - 1];
        if (there->name_len == name->name_len &&
            memcmp(there->name, name->name, name->name_len) == 0)
            break;
    }
    return &m->slots[i];
}

static enum err_code list_names(struct jsonb_merge *m, const struct record *r, struct err *e)
{
    size_t want = SLOTS_MIN;

    while (want < 2 * r->count)
        want *= 2;
    if (want > m->slot_count) {
        free(m->slots);
        m->slot_count = 0;
        if ((m->slots = calloc(want, sizeof *m->slots)) == NULL)
            return err_set(e, ERR_NOMEM, "out of memory");
        m->slot_count = want;
    } else {
        memset(m->slots, 0, m->slot_count * sizeof *m->slots);
    }
    for (size_t i = 0; i < r->count; i++)
        *find(m, r, &r->members[i]) = (uint32_t)i + 1;
    return OK;
}

static enum err_code add_old(const struct jsonb_merge *m, const struct record *old,
                             const struct record *new, struct buf *out)
{
    enum err_code rc = buf_addc(out, '{');

    for (size_t i = 0; rc == OK && i < old->count; i++) {
        const struct member *member = &old->members[i];
        if (*find(m, new, member) != 0)
            continue;
        size_t n = (size_t)(member->value + member->value_len - member->raw_name);
        if ((rc = buf_add(out, member->raw_name, n)) == OK)
            rc = buf_addc(out, ',');
    }
    return rc;
}

/* Appends the new object's members behind the old one's. */
static enum err_code add_new(const struct record *new, struct buf *out)
{
    if (new->count > 0) {
        const char *first = new->members[0].raw_name;
        return buf_add(out, first, (size_t)(new->text + new->len - first));
    }
    if (out->data[out->len - 1] == ',')
        buf_truncate(out, out->len - 1);
    return buf_addc(out, '}');
}

enum err_code jsonb_merge_run(struct jsonb_merge *m, const char *old, size_t old_len,
                              const char *new, size_t new_len, struct buf *out, struct err *e)
{
    struct record a;
    struct record b;
    size_t before = out->len;
    enum err_code rc;

    if ((rc = json_splitter_run(m->old, old, old_len, &a, e)) != OK ||
        (rc = json_splitter_run(m->new, new, new_len, &b, e)) != OK ||
        (rc = list_names(m, &b, e)) != OK)
        return rc;
    if ((rc = add_old(m, &a, &b, out)) != OK || (rc = add_new(&b, out)) != OK) {
        buf_truncate(out, before);
        return buf_err(e, rc, out, "a record's versions together");
    }
    return OK;
}

/*
 * The index of samples (unchanged_cache.h): of each, the upper half of its digest and where the log has it. Samples lie anywhere in the
 * index, so they are gathered, and written together in the order of their slots.
 */
#include "load/unchanged/unchanged_cache_private.h"
#include <stdlib.h>
#include <string.h>

#define WAITING 1024u
#define PART    4096u /* slots that are read and written at once */
#define FEW     2u    /* samples that are cheaper by themselves than in a part */
#define SINGLE  256u  /* slots that are read one by one, before all are read at once */

struct sample {
    uint64_t value;
    uint32_t slot;
    uint32_t order; /* of two in one slot the later one counts */
};

struct sample_index {
    struct sample waiting[WAITING]; /* not in the file yet */
    size_t count;
    bool whole;              /* used tells of every slot */
    uint8_t used[SLOTS / 8]; /* a bit for each slot in which something is */
};

static bool is_sample(const struct unchanged *u, const uint64_t digest[2])
{
    return (digest[1] & ((UINT64_C(1) << u->level) - 1)) == 0;
}

static uint32_t slot_of(const uint64_t digest[2])
{
    return (uint32_t)((digest[1] >> 16) % SLOTS);
}

static uint64_t slot_at(uint32_t slot)
{
    return HEADER + slot * sizeof(uint64_t);
}

static void note_used(struct sample_index *x, uint32_t slot)
{
    x->used[slot / 8] |= (uint8_t)(1u << slot % 8);
}

static bool is_used(const struct sample_index *x, uint32_t slot)
{
    return (x->used[slot / 8] >> slot % 8 & 1) != 0;
}

void unchanged_index_begin(struct unchanged *u)
{
    if (u->index == NULL && (u->index = calloc(1, sizeof *u->index)) != NULL)
        u->index->whole = u->header.appended == 0;
}

void unchanged_index_reset(struct unchanged *u)
{
    free(u->index);
    u->index = NULL;
    u->singles = 0;
}

static int by_slot(const void *a, const void *b)
{
    const struct sample *x = a;
    const struct sample *y = b;
    if (x->slot != y->slot)
        return x->slot < y->slot ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Writes n samples that lie in one part. Without memory for the part each is written by itself. */
static bool write_part(struct unchanged *u, const struct sample *s, size_t n, uint64_t *part)
{
    uint32_t first = s->slot / PART * PART;

    if (part == NULL || n <= FEW) {
        for (size_t i = 0; i < n; i++)
            if (!unchanged_write(u, &s[i].value, sizeof s[i].value, slot_at(s[i].slot)))
                return false;
        return true;
    }
    if (!unchanged_read(u, part, PART * sizeof *part, slot_at(first)))
        return false;
    for (size_t i = 0; i < n; i++)
        part[s[i].slot - first] = s[i].value;
    return unchanged_write(u, part, PART * sizeof *part, slot_at(first));
}

void unchanged_index_flush(struct unchanged *u)
{
    struct sample_index *x = u->index;

    if (x == NULL || x->count == 0)
        return;
    uint64_t *part = malloc(PART * sizeof *part);
    qsort(x->waiting, x->count, sizeof *x->waiting, by_slot);
    for (size_t i = 0, n = 0; i < x->count; i += n) {
        const struct sample *s = x->waiting + i;
        for (n = 1; i + n < x->count && s[n].slot / PART == s->slot / PART;)
            n++;
        if (!write_part(u, s, n, part))
            break; /* the cache is given up */
    }
    x->count = 0;
    free(part);
}

void unchanged_index_add(struct unchanged *u, const uint64_t digest[2], uint64_t n)
{
    uint64_t value = (digest[1] >> 32 << 32) | (n % u->header.capacity + 1);

    if (!is_sample(u, digest))
        return;
    struct sample_index *x = u->index;
    if (x == NULL) {
        (void)unchanged_write(u, &value, sizeof value, slot_at(slot_of(digest)));
        return;
    }
    if (x->count == WAITING)
        unchanged_index_flush(u);
    x->waiting[x->count] =
        (struct sample){.value = value, .slot = slot_of(digest), .order = (uint32_t)x->count};
    x->count++;
    note_used(x, slot_of(digest));
}

static bool knows_all(const struct sample_index *x)
{
    return x != NULL && x->whole;
}

/* Learns in which slots something is. Without memory slots are read one by one, as before. */
static void learn_used(struct unchanged *u)
{
    unchanged_index_begin(u);
    struct sample_index *x = u->index;
    uint64_t *part = malloc(PART * sizeof *part);
    uint32_t first = 0;

    for (; x != NULL && part != NULL && first < SLOTS; first += PART) {
        if (!unchanged_read(u, part, PART * sizeof *part, slot_at(first)))
            break;
        for (uint32_t i = 0; i < PART; i++)
            if (part[i] != 0)
                note_used(x, first + i);
    }
    free(part);
    if (first < SLOTS)
        return;
    x->whole = true; /* those that wait are noted already */
}

/* Reads what the index has in the digest's slot; 0: nothing. */
static uint64_t value_of(struct unchanged *u, const uint64_t digest[2])
{
    uint32_t slot = slot_of(digest);
    uint64_t value = 0;

    if (!knows_all(u->index) && ++u->singles == SINGLE)
        learn_used(u);
    const struct sample_index *x = u->index;
    if (knows_all(x) && !is_used(x, slot))
        return 0;
    for (size_t i = x == NULL ? 0 : x->count; i-- > 0;)
        if (x->waiting[i].slot == slot)
            return x->waiting[i].value;
    return unchanged_read(u, &value, sizeof value, slot_at(slot)) ? value : 0;
}

bool unchanged_index_find(struct unchanged *u, const uint64_t digest[2], uint64_t *at)
{
    uint64_t last = u->header.appended - 1;
    uint64_t capacity = u->header.capacity;

    if (!is_sample(u, digest))
        return false;
    uint64_t value = value_of(u, digest);
    if (value >> 32 != digest[1] >> 32 || (uint32_t)value == 0 || (uint32_t)value > capacity)
        return false;
    uint64_t back = (last % capacity + capacity - ((uint32_t)value - 1)) % capacity;
    *at = last - back;
    return back <= last;
}

#include "extract/reconcile/key_lookup.h"
#include <string.h>

void key_lookup_start(struct key_lookup *l, const struct inventory_pair *keys, size_t n,
                      const int64_t *known, size_t known_n)
{
    *l = (struct key_lookup){.keys = keys, .count = n};
    l->known_count = known_n < KEY_LOOKUP_KNOWN ? known_n : KEY_LOOKUP_KNOWN;
    memcpy(l->known, known, l->known_count * sizeof *known);
    l->useless = l->known_count == 0;
}

static size_t batch_end(const struct key_lookup *l)
{
    if (l->hurry && l->at > l->from)
        return l->at;
    return l->count - l->from > KEY_LOOKUP_BATCH ? l->from + KEY_LOOKUP_BATCH : l->count;
}

static bool is_control(const struct key_lookup *l)
{
    return !l->opened || l->at == batch_end(l);
}

bool key_lookup_next(const struct key_lookup *l, int64_t *key)
{
    if (l->useless || l->from == l->count)
        return false;
    *key = is_control(l) ? l->known[l->tried] : l->keys[l->at].key;
    return true;
}

void key_lookup_left(struct key_lookup *l, uint64_t left)
{
    l->hurry = left <= KEY_LOOKUP_LEAST;
}

void key_lookup_begin(struct key_lookup *l)
{
    l->records = l->hits = 0;
}

void key_lookup_seen(struct key_lookup *l, bool keyed, int64_t key)
{
    int64_t asked = 0;
    l->records++;
    if (keyed && key_lookup_next(l, &asked) && key == asked)
        l->hits++;
}

/* A known key may be gone by now; another one is tried then. */
static void check_control(struct key_lookup *l)
{
    if (l->records == 0 && l->tried + 1 < l->known_count) {
        l->tried++;
        return;
    }
    if (l->records != 1 || l->hits != 1)
        l->useless = true;
    else if (l->opened)
        l->closed = true;
    else
        l->opened = true;
}

void key_lookup_answer(struct key_lookup *l)
{
    if (is_control(l)) {
        check_control(l);
        return;
    }
    const struct inventory_pair *pair = &l->keys[l->at++];
    if (l->records == 0)
        l->absent[l->absent_count++] = *pair;
    else if (l->records == 1 && l->hits == 1)
        l->present[l->present_count++] = pair->key;
    else
        l->useless = true;
}

void key_lookup_refused(struct key_lookup *l)
{
    l->useless = true;
}

bool key_lookup_ready(struct key_lookup *l, struct inventory_lookup *lookup)
{
    if (!l->closed || l->useless)
        return false;
    lookup->absent = l->absent;
    lookup->absent_count = l->absent_count;
    lookup->present = l->present;
    lookup->present_count = l->present_count;
    l->absent_count = l->present_count = 0;
    l->from = l->at;
    l->opened = l->closed = false;
    return true;
}

/*
 * Looks up single keys at the source. It is not known whether the source can be asked so. So each batch of lookups begins and
 * ends with a control: a lookup of a key that the source is known to have. The batch counts only if both controls find their
 * key. That reveals a filter that is ignored, is refused, finds nothing for anything, or fails in between.
 *
 *     key_lookup_start(&l, keys, n, known, known_n);
 *     while (key_lookup_next(l, &key)) {
 *         key_lookup_begin(l);
 *         key_lookup_seen(l, has_key, key); ...      // each record of the answer
 *         key_lookup_answer(l);
 *         if (key_lookup_ready(l, &look)) ...        // a batch is proven: store it
 *     }
 *     l.useless                                      // true: lookups do not work
 */
#ifndef NETTY_EXTRACT_RECONCILE_KEY_LOOKUP_H
#define NETTY_EXTRACT_RECONCILE_KEY_LOOKUP_H

#include "spool/inventory/inventory.h"

#define KEY_LOOKUP_BATCH 40
#define KEY_LOOKUP_KNOWN 4
#define KEY_LOOKUP_LEAST                                                                           \
    4 /* requests that a batch keeps for its end, since other tables take some meanwhile */

struct key_lookup {
    const struct inventory_pair *keys; /* borrowed */
    size_t count;
    size_t from; /* where the current batch begins */
    size_t at;
    int64_t known[KEY_LOOKUP_KNOWN];
    size_t known_count;
    size_t tried; /* known keys that were tried without success */
    bool hurry;   /* the batch is to end now, with what it has */
    bool opened;  /* the batch's first control was good */
    bool closed;  /* the batch's last control was good */
    bool useless;
    uint64_t records; /* of the answer under way */
    uint64_t hits;
    struct inventory_pair absent[KEY_LOOKUP_BATCH];
    size_t absent_count;
    int64_t present[KEY_LOOKUP_BATCH];
    size_t present_count;
};

void key_lookup_start(struct key_lookup *l, const struct inventory_pair *keys, size_t n,
                      const int64_t *known, size_t known_n);
/* The next key to ask for; false: nothing is left, or asking is useless. */
bool key_lookup_next(const struct key_lookup *l, int64_t *key);
/* So many requests are left: a batch must end within them, or it is lost. */
void key_lookup_left(struct key_lookup *l, uint64_t left);
void key_lookup_begin(struct key_lookup *l);
void key_lookup_seen(struct key_lookup *l, bool keyed, int64_t key);
void key_lookup_answer(struct key_lookup *l);
void key_lookup_refused(struct key_lookup *l);
/* A batch is through, both its controls were good: filled in, and done with. */
bool key_lookup_ready(struct key_lookup *l, struct inventory_lookup *look);

#endif

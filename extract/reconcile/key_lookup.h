/*
 * Asking the source for single keys. Whether it can be asked so is not known, so nothing is believed
 * that was not framed by two good answers for keys that it is known to have: a filter that is
 * ignored, refused or answers nothing for everything is found out, and one that fails meanwhile too.
 *
 *     lookup_open(&l, keys, n, known, known_n);
 *     while (key_lookup_next(l, &key)) {
 *         key_lookup_begin(l);
 *         key_lookup_seen(l, has_key, key); ...      // each record of the answer
 *         key_lookup_answer(l);
 *         if (key_lookup_ready(l, &look)) ...        // a batch is proven: write it down
 *     }
 *     lookup_useless(l)                          // asking does not work
 */
#ifndef NETTY_EXTRACT_RECONCILE_KEY_LOOKUP_H
#define NETTY_EXTRACT_RECONCILE_KEY_LOOKUP_H

#include "spool/inventory/inventory.h"

#define KEY_LOOKUP_BATCH 40
#define KEY_LOOKUP_KNOWN 4
#define KEY_LOOKUP_LEAST                                                                           \
    4 /* requests that a batch keeps back for its end: other tables take some, too */

struct key_lookup {
    const struct inventory_pair *keys; /* borrowed */
    size_t count;
    size_t from; /* the batch at hand */
    size_t at;
    int64_t known[KEY_LOOKUP_KNOWN];
    size_t known_count;
    size_t tried; /* of them, without success */
    bool hurry;   /* the batch is to end with what it has */
    bool opened;  /* the batch's first control was good */
    bool closed;  /* and its last one */
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

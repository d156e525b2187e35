/*
 * What a roll and the loader's answer to it leave to be done: which keys to ask for, with which keys
 * to try first whether asking works at all, and whether the roll is through.
 */
#ifndef NETTY_EXTRACT_RECONCILE_INVENTORY_TODO_H
#define NETTY_EXTRACT_RECONCILE_INVENTORY_TODO_H

#include "spool/inventory/inventory.h"
#include "spool/inventory/missing_records.h"

#define INVENTORY_TODO_KNOWN 4 /* keys seen last, so that they are likely to be there still */
#define INVENTORY_TODO_FEW                                                                         \
    200 /* so many may be asked for one by one; more if the crawl has more pages */

enum inventory_todo_phase {
    INVENTORY_TODO_BEGIN, /* a new roll */
    INVENTORY_TODO_CRAWL,
    INVENTORY_TODO_WAIT, /* for the loader */
    INVENTORY_TODO_HELD  /* the loader holds marks back; a person decides */
};

struct inventory_todo {
    enum inventory_todo_phase phase; /* once the lookups are done */
    struct inventory_pair *lookups;
    size_t count;
    int64_t known[INVENTORY_TODO_KNOWN]; /* the last one first */
    size_t known_count;
    /* Gathered from the roll: */
    struct inventory_pair *done; /* looked at already; those that are there without their time */
    size_t done_count;
    size_t done_capacity;
};

/* For inventory_read and inventory_open; ctx is the todo, all zero at first. */
enum err_code inventory_todo_line(void *ctx, const struct inventory_line *line,
                                  struct err *e) MUST_CHECK;
/* Then, once. anew: whatever there is. */
enum err_code inventory_todo_make(struct inventory_todo *t, const struct spool *s,
                                  const char *table, const struct inventory_state *state, bool anew,
                                  struct err *e) MUST_CHECK;
void inventory_todo_free(struct inventory_todo *t);

#endif

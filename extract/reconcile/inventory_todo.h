/*
 * What a roll (the inventory of keys) and the loader's answers to it leave to be done: which keys to look up, which known keys
 * to try first, to see whether lookups work at all, and whether the roll is finished.
 */
#ifndef NETTY_EXTRACT_RECONCILE_INVENTORY_TODO_H
#define NETTY_EXTRACT_RECONCILE_INVENTORY_TODO_H

#include "spool/inventory/inventory.h"
#include "spool/inventory/missing_records.h"

#define INVENTORY_TODO_KNOWN 4   /* the keys seen last, which are likely to be there still */
#define INVENTORY_TODO_FEW   200 /* at most so many lookups; more if the crawl has more pages */

enum inventory_todo_phase {
    INVENTORY_TODO_BEGIN, /* begin a new roll */
    INVENTORY_TODO_CRAWL, /* go on with the crawl */
    INVENTORY_TODO_WAIT,  /* wait for the loader */
    INVENTORY_TODO_HELD   /* the loader holds marks back (--max-deletes); a person decides */
};

struct inventory_todo {
    enum inventory_todo_phase phase; /* once the lookups are done */
    struct inventory_pair *lookups;
    size_t count;
    int64_t known[INVENTORY_TODO_KNOWN]; /* the newest first */
    size_t known_count;
    /* Gathered from the roll: */
    struct inventory_pair *done; /* keys looked up already; those that were found have no time */
    size_t done_count;
    size_t done_capacity;
};

/* A callback for inventory_read and inventory_open; ctx is a struct inventory_todo, all zero at first. */
enum err_code inventory_todo_line(void *ctx, const struct inventory_line *line,
                                  struct err *e) MUST_CHECK;
/* To be called once, after all lines were read. anew: a new roll is wanted, whatever is under way. */
enum err_code inventory_todo_make(struct inventory_todo *t, const struct spool *s,
                                  const char *table, const struct inventory_state *state, bool anew,
                                  struct err *e) MUST_CHECK;
void inventory_todo_free(struct inventory_todo *t);

#endif

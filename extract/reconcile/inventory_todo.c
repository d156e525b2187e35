#include "extract/reconcile/inventory_todo.h"
#include "shared/base/array.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>

static int by_pair(const void *a, const void *b)
{
    const struct inventory_pair *x = a;
    const struct inventory_pair *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->time > y->time) - (x->time < y->time);
}

static int by_key(const void *a, const void *b)
{
    const struct inventory_pair *x = a;
    const struct inventory_pair *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

static enum err_code add_done(struct inventory_todo *t, struct inventory_pair pair, struct err *e)
{
    struct inventory_pair *more =
        array_room(t->done, &t->done_capacity, t->done_count, sizeof *more, e);
    if (more == NULL)
        return ERR_NOMEM;
    t->done = more;
    t->done[t->done_count++] = pair;
    return OK;
}

static void remember_key(struct inventory_todo *t, int64_t key)
{
    memmove(t->known + 1, t->known, (INVENTORY_TODO_KNOWN - 1) * sizeof *t->known);
    t->known[0] = key;
    if (t->known_count < INVENTORY_TODO_KNOWN)
        t->known_count++;
}

enum err_code inventory_todo_line(void *ctx, const struct inventory_line *line, struct err *e)
{
    struct inventory_todo *t = ctx;
    enum err_code rc = OK;
    if (line->kind == INVENTORY_PAGE) {
        size_t from = line->count > INVENTORY_TODO_KNOWN ? line->count - INVENTORY_TODO_KNOWN : 0;
        for (size_t i = from; i < line->count; i++)
            remember_key(t, line->keys[i]);
    }
    if (line->kind != INVENTORY_LOOKUP)
        return OK;
    for (size_t i = 0; i < line->lookup->absent_count && rc == OK; i++)
        rc = add_done(t, line->lookup->absent[i], e);
    for (size_t i = 0; i < line->lookup->present_count && rc == OK; i++)
        rc = add_done(t, (struct inventory_pair){line->lookup->present[i], WHEN_NONE}, e);
    return rc;
}

/* Gathers the keys that are missing in any of the databases that answered this roll, each key once. */
static enum err_code gather(struct inventory_todo *t, const struct missing *m, int64_t began,
                            struct err *e)
{
    size_t most = 0;
    for (size_t i = 0; i < m->count; i++)
        most += m->entries[i].inventory_began == began ? m->entries[i].count : 0;
    t->lookups = calloc(most + 1, sizeof *t->lookups);
    if (t->lookups == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < m->count; i++) {
        const struct missing_entry *d = &m->entries[i];
        for (size_t j = 0; d->inventory_began == began && j < d->count; j++)
            t->lookups[t->count++] = (struct inventory_pair){d->rows[j].key, d->rows[j].time};
    }
    if (t->count > 0)
        qsort(t->lookups, t->count, sizeof *t->lookups, by_pair);
    return OK;
}

/* Drops keys that were looked up in this roll already, whatever came of it. */
static void drop_done(struct inventory_todo *t)
{
    size_t kept = 0;
    if (t->done_count > 0)
        qsort(t->done, t->done_count, sizeof *t->done, by_key);
    for (size_t i = 0; i < t->count; i++) {
        bool twice = kept > 0 && by_pair(&t->lookups[kept - 1], &t->lookups[i]) == 0;
        bool done = t->done_count > 0 && bsearch(&t->lookups[i], t->done, t->done_count,
                                                 sizeof *t->done, by_key) != NULL;
        if (!twice && !done)
            t->lookups[kept++] = t->lookups[i];
    }
    t->count = kept;
}

/* For a roll that has ended: whether some database has answered all of it, and no such database still waits for lookups. */
static enum inventory_todo_phase ended(const struct missing *m, const struct inventory_state *state)
{
    enum inventory_todo_phase phase = INVENTORY_TODO_WAIT;
    for (size_t i = 0; i < m->count; i++) {
        const struct missing_entry *d = &m->entries[i];
        if (d->inventory_began != state->began)
            continue;
        if (d->held > 0)
            return INVENTORY_TODO_HELD;
        if (!d->ended || d->lookups < state->lookups)
            return INVENTORY_TODO_WAIT;
        phase = INVENTORY_TODO_BEGIN;
    }
    return phase;
}

enum err_code inventory_todo_make(struct inventory_todo *t, const struct spool *s,
                                  const char *table, const struct inventory_state *state, bool anew,
                                  struct err *e)
{
    struct missing m = {0};
    t->phase = INVENTORY_TODO_BEGIN;
    if (!state->there || anew)
        return OK;
    enum err_code rc = missing_read(s, table, &m, e);
    if (rc == OK)
        rc = gather(t, &m, state->began, e);
    if (rc == OK) {
        drop_done(t);
        size_t few = state->pages > INVENTORY_TODO_FEW ? state->pages : INVENTORY_TODO_FEW;
        if (state->useless || t->count > few)
            t->count = 0; /* the next roll is the second look */
        t->phase =
            state->window.ended && state->behind == 0 ? ended(&m, state) : INVENTORY_TODO_CRAWL;
    }
    missing_free(&m);
    return rc;
}

void inventory_todo_free(struct inventory_todo *t)
{
    free(t->lookups);
    free(t->done);
    *t = (struct inventory_todo){0};
}

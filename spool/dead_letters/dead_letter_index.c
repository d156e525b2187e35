#include "spool/dead_letters/dead_letter_index.h"

#include <stdlib.h>
#include <string.h>

struct spot {
    struct page_place place;
    uint64_t line;
};

struct dead_index {
    const struct spool *spool;
    enum dead_side side;
    char *table;
    struct dead_position position;
    bool anew;
    struct spot least, most; /* between these, both included, spots has all that the file has */
    struct spot *spots;      /* in order but for those of the last reading */
    size_t count;
};

static const struct spot last_of_all = {{UINT64_MAX, UINT64_MAX}, UINT64_MAX};

static int compare(const struct spot *a, const struct spot *b)
{
    int c = page_compare(a->place, b->place);
    return c != 0 ? c : (a->line > b->line) - (a->line < b->line);
}

static int compare_spots(const void *a, const void *b)
{
    return compare(a, b);
}

enum err_code dead_index_open(struct dead_index **out, const struct spool *s, const char *table,
                              enum dead_side side, struct err *e)
{
    struct dead_index *x = calloc(1, sizeof *x);
    *out = NULL;
    if (x == NULL || (x->table = strdup(table)) == NULL) {
        free(x);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    x->spool = s;
    x->side = side;
    x->least = last_of_all;
    *out = x;
    return OK;
}

void dead_index_close(struct dead_index *x)
{
    if (x == NULL)
        return;
    free(x->spots);
    free(x->table);
    free(x);
}

static void sort(struct dead_index *x)
{
    if (x->count > 1)
        qsort(x->spots, x->count, sizeof *x->spots, compare_spots);
}

/* Keeps the first half only. The rest is read again when it is asked for. */
static void shorten(struct dead_index *x)
{
    sort(x);
    x->count = DEAD_INDEX_MAX;
    x->most = x->spots[x->count - 1];
}

static enum err_code note(void *ctx, const struct dead_letter *letter, struct err *e)
{
    struct dead_index *x = ctx;
    struct spot spot = {letter->place, letter->line};
    if (x->anew) {
        x->anew = false;
        x->count = 0;
        x->most = last_of_all;
    }
    if (compare(&spot, &x->least) < 0 || compare(&spot, &x->most) > 0)
        return OK;
    if (x->spots == NULL) {
        x->spots = calloc((size_t)2 * DEAD_INDEX_MAX, sizeof *x->spots);
        if (x->spots == NULL)
            return err_set(e, ERR_NOMEM, "out of memory");
    }
    x->spots[x->count++] = spot;
    if (x->count == (size_t)2 * DEAD_INDEX_MAX)
        shorten(x);
    return OK;
}

static enum err_code read_on(struct dead_index *x, struct err *e)
{
    size_t before = x->count;
    enum err_code rc =
        dead_each_since(x->spool, x->table, x->side, &x->position, &x->anew, note, x, e);
    if (rc == OK && x->anew) { /* there is none (any more) */
        x->count = 0;
        x->most = last_of_all;
    }
    if (rc != OK || x->count != before)
        sort(x);
    return rc;
}

static enum err_code read_all(struct dead_index *x, const struct spot *least, struct err *e)
{
    x->least = *least;
    x->most = last_of_all;
    x->count = 0;
    x->position = (struct dead_position){0};
    return read_on(x, e);
}

/* Drops the entries before that place, for which nobody will ask. */
static void drop_before(struct dead_index *x, const struct spot *least)
{
    size_t n = 0;
    while (n < x->count && compare(&x->spots[n], least) < 0)
        n++;
    if (n > 0)
        memmove(x->spots, x->spots + n, (x->count - n) * sizeof *x->spots);
    x->count -= n;
    x->least = *least;
}

enum err_code dead_index_refresh(struct dead_index *x, struct page_place least, struct err *e)
{
    struct spot from = {least, 0};
    if (compare(&from, &x->least) < 0 || compare(&from, &x->most) > 0)
        return read_all(x, &from, e);
    drop_before(x, &from);
    return read_on(x, e);
}

enum err_code dead_index_has(struct dead_index *x, struct page_place place, uint64_t line,
                             bool *has, struct err *e)
{
    struct spot spot = {place, line};
    enum err_code rc = OK;
    *has = false;
    if (compare(&spot, &x->least) < 0 || compare(&spot, &x->most) > 0)
        rc = read_all(x, &spot, e);
    if (rc == OK && x->count > 0)
        *has = bsearch(&spot, x->spots, x->count, sizeof spot, compare_spots) != NULL;
    return rc;
}

#include "extract/crawl/crawl_private.h"
#include <stdlib.h>

#define SET_FIRST ((size_t)1024)
#define SET_MAX   ((size_t)1 << 22)

/* Open addressing; 0 stands for a free place, and for the number 0 itself. */
struct crawl_set {
    uint64_t *places;
    size_t size;
    size_t count;
    bool zero;
};

enum err_code crawl_set_open(struct crawl_set **out)
{
    struct crawl_set *set = calloc(1, sizeof *set);
    *out = NULL;
    if (set == NULL)
        return ERR_NOMEM;
    set->size = SET_FIRST;
    set->places = calloc(set->size, sizeof *set->places);
    if (set->places == NULL) {
        free(set);
        return ERR_NOMEM;
    }
    *out = set;
    return OK;
}

void crawl_set_close(struct crawl_set *set)
{
    if (set == NULL)
        return;
    free(set->places);
    free(set);
}

static bool put(uint64_t *places, size_t size, uint64_t id)
{
    size_t i = (size_t)id & (size - 1);
    while (places[i] != 0 && places[i] != id)
        i = (i + 1) & (size - 1);
    bool fresh = places[i] == 0;
    places[i] = id;
    return fresh;
}

static bool grow(struct crawl_set *set)
{
    size_t size = set->size * 2;
    uint64_t *places = size > SET_MAX ? NULL : calloc(size, sizeof *places);
    if (places == NULL)
        return false;
    for (size_t i = 0; i < set->size; i++)
        if (set->places[i] != 0)
            (void)put(places, size, set->places[i]);
    free(set->places);
    set->places = places;
    set->size = size;
    return true;
}

/* A set that cannot grow takes nothing more, and calls all the rest known. */
bool crawl_set_add(struct crawl_set *set, uint64_t id)
{
    if (id == 0) {
        bool fresh = !set->zero;
        set->zero = true;
        return fresh;
    }
    if (set->count >= set->size / 2 && !grow(set))
        return false;
    bool fresh = put(set->places, set->size, id);
    set->count += fresh;
    return fresh;
}

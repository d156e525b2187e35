#include "shared/time/zone_changes_private.h"
#include <stdlib.h>

#define ZONE_CHANGES 4096 /* more than any zone's own and a cycle's together */

enum err_code zone_add(struct zone_changes *c, int64_t at, int64_t offset)
{
    if (c->n == c->capacity) {
        size_t capacity = c->capacity == 0 ? 8 : c->capacity * 2;
        if (capacity > ZONE_CHANGES)
            return ERR_TOO_BIG;
        struct zone_change *list = realloc(c->list, capacity * sizeof(*list));
        if (list == NULL)
            return ERR_NOMEM;
        c->list = list;
        c->capacity = capacity;
    }
    c->list[c->n++] = (struct zone_change){at, offset};
    return OK;
}

#include "shared/base/array.h"

#include <stdlib.h>

#define FIRST 64u /* elements */

void *array_room(void *array, size_t *capacity, size_t count, size_t size, struct err *e)
{
    if (count < *capacity)
        return array;
    size_t room = *capacity > 0 ? *capacity : FIRST / 2;
    void *more = reallocarray(array, room, 2 * size);
    if (more == NULL)
        (void)err_set(e, ERR_NOMEM, "out of memory");
    else
        *capacity = 2 * room;
    return more;
}

/*
 * Room for one more element at the end of an array that grows.
 *
 *     struct thing *more = array_room(list->things, &list->capacity, list->count, sizeof *more, e);
 *     if (more == NULL)
 *         return ERR_NOMEM;
 *     list->things = more;
 *     list->things[list->count++] = thing;
 *
 * The caller owns the array and frees it with free(). An array begins as NULL with a capacity of 0. There is no cap here: this is for
 * lists whose length is bounded by something else (the lines of one file, the files of one folder).
 */
#ifndef NETTY_SHARED_BASE_ARRAY_H
#define NETTY_SHARED_BASE_ARRAY_H

#include "shared/base/err.h"
#include <stddef.h>

/* Returns the array with room for at least count + 1 elements of `size` bytes: as it was, or moved to twice its capacity. Returns
 * NULL and sets ERR_NOMEM where there is no memory; the array is then as it was. */
void *array_room(void *array, size_t *capacity, size_t count, size_t size,
                 struct err *e) MUST_CHECK;

#endif

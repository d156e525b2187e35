#include "shared/json/json_memory.h"
#include "shared/base/no_memory.h"
#include <stdlib.h>

static void *or_end(void *memory)
{
    if (memory == NULL)
        no_memory_end();
    return memory;
}

static void *on_malloc(void *ctx, size_t n)
{
    (void)ctx;
    return or_end(malloc(n));
}

static void *on_realloc(void *ctx, void *memory, size_t n)
{
    (void)ctx;
    return or_end(realloc(memory, n));
}

static void on_free(void *ctx, void *memory)
{
    (void)ctx;
    free(memory);
}

yajl_handle json_memory_yajl(const yajl_callbacks *callbacks, void *ctx)
{
    yajl_alloc_funcs functions = {on_malloc, on_realloc, on_free, NULL};
    return or_end(yajl_alloc(callbacks, &functions, ctx));
}

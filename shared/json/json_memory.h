/*
 * yajl's memory. yajl uses what an allocation of its returned without looking at it; with this one it ends the program by
 * no_memory.h instead of by SIGSEGV.
 */
#ifndef NETTY_SHARED_JSON_JSON_MEMORY_H
#define NETTY_SHARED_JSON_JSON_MEMORY_H

#include <yajl/yajl_parse.h>

/* yajl_alloc(); never NULL. The caller frees it with yajl_free(). */
yajl_handle json_memory_yajl(const yajl_callbacks *callbacks, void *ctx);

#endif

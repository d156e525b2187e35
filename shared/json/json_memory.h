/*
 * A yajl parser that survives no failed allocation silently: yajl does not check what its allocations return, and would end
 * with SIGSEGV. With these allocation functions it ends the program through no_memory.h.
 */
#ifndef NETTY_SHARED_JSON_JSON_MEMORY_H
#define NETTY_SHARED_JSON_JSON_MEMORY_H

#include <yajl/yajl_parse.h>

/* Like yajl_alloc(), but never returns NULL. The caller frees the parser with yajl_free(). */
yajl_handle json_memory_yajl(const yajl_callbacks *callbacks, void *ctx);

#endif

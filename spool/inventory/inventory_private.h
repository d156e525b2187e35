/* What spool/inventory/inventory.c (reading) and spool/inventory/inventory_write.c share, and nobody else sees. */
#ifndef NETTY_SPOOL_INVENTORY_INVENTORY_PRIVATE_H
#define NETTY_SPOOL_INVENTORY_INVENTORY_PRIVATE_H

#include "shared/base/buf.h"
#include "spool/inventory/inventory.h"

#define INVENTORY_FORMAT   1
#define INVENTORY_LINE_MAX ((size_t)16 << 20)

/* Reads an open file as inventory_read does; *end is where the lines that count end. */
enum err_code inventory_scan(int fd, const char *path, const char *table,
                             struct inventory_state *state, int64_t *end, inventory_fn *fn,
                             void *ctx, struct err *e) MUST_CHECK;

#endif

/*
 * The accounts that were pulled together into a folder: those whose mirrors lie there, whatever accounts are configured.
 *
 *     rc = host_mirrors_each("var/pulled", fn, ctx, e);      // fn(ctx, "lyon", e) for each, in no order; ends with what fn returns, unless OK
 */
#ifndef NETTY_SPOOL_HOST_HOST_MIRRORS_H
#define NETTY_SPOOL_HOST_HOST_MIRRORS_H

#include "shared/base/err.h"

typedef enum err_code host_mirror_fn(void *ctx, const char *account, struct err *e);
enum err_code host_mirrors_each(const char *dir, host_mirror_fn *fn, void *ctx,
                                struct err *e) MUST_CHECK;

#endif

/*
 * Tells when the spool has more: a table's journal has grown, or a table has come.
 *
 * inotify by way of libuv, and a scan now and then for file systems that tell nothing (network,
 * containers). After the first sign it waits a moment, so that a trickle of pages is not a trickle
 * of transactions.
 *
 *     follow_open(&f, loop, spool, changed, ctx, e);
 *     follow_table(f, "contacts", e);    // its folder too
 *     follow_close(f);                   // the memory goes with the loop's handles
 */
#ifndef NETTY_LOAD_RUN_SPOOL_WATCH_H
#define NETTY_LOAD_RUN_SPOOL_WATCH_H

#include "spool/store/spool.h"
#include <uv.h>

struct follow;
/* table NULL: look at all, and for new ones. */
typedef void follow_fn(void *ctx, const char *table);

enum err_code follow_open(struct follow **f, uv_loop_t *loop, const struct spool *s,
                          follow_fn *changed, void *ctx, struct err *e) MUST_CHECK;
void follow_table(struct follow *f, const char *table);
void follow_close(struct follow *f);

#endif

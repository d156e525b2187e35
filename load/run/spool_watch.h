/*
 * Tells when the spool has more: a table's journal has grown, pages of it were acknowledged, or a table has come.
 *
 * inotify by way of libuv, and a scan now and then for file systems that tell nothing (network,
 * containers). After the first sign it waits for half a second, so that a trickle of pages is not a
 * trickle of transactions.
 *
 *     spool_watch_open(&f, loop, spool, changed, ctx, e);
 *     spool_watch_table(f, "contacts", e);    // its folder too
 *     spool_watch_close(f);                   // the memory goes with the loop's handles
 */
#ifndef NETTY_LOAD_RUN_SPOOL_WATCH_H
#define NETTY_LOAD_RUN_SPOOL_WATCH_H

#include "spool/store/spool.h"
#include <uv.h>

struct spool_watch;
/* table NULL: look at all, and for new ones. */
typedef void spool_watch_fn(void *ctx, const char *table);

enum err_code spool_watch_open(struct spool_watch **f, uv_loop_t *loop, const struct spool *s,
                               spool_watch_fn *changed, void *ctx, struct err *e) MUST_CHECK;
void spool_watch_table(struct spool_watch *f, const char *table);
void spool_watch_close(struct spool_watch *f);

#endif

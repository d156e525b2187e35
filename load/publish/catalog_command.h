/*
 * netty-load --catalog: connect, leave the catalog in the spool (catalog_publish.h), end.
 *
 *     tell_open(&t, loop, conninfo, spool, &backoff, e);
 *     tell_start(t, ended, ctx);     // ended(ctx) once
 *     tell_exit(t);                  // the exit code; what went wrong is logged
 *     tell_close(t);                 // the memory goes with the loop's handles
 *
 * What helps by waiting is tried again.
 */
#ifndef NETTY_LOAD_PUBLISH_CATALOG_COMMAND_H
#define NETTY_LOAD_PUBLISH_CATALOG_COMMAND_H

#include "shared/base/backoff.h"
#include "shared/base/err.h"
#include "spool/store/spool.h"
#include <uv.h>

struct tell;
typedef void tell_ended_fn(void *ctx);

/* conninfo NULL: libpq's environment. */
enum err_code tell_open(struct tell **t, uv_loop_t *loop, const char *conninfo,
                        const struct spool *s, const struct backoff *backoff,
                        struct err *e) MUST_CHECK;
void tell_start(struct tell *t, tell_ended_fn *ended, void *ctx);
void tell_stop(struct tell *t); /* ends it soon */
int tell_exit(const struct tell *t);
void tell_close(struct tell *t); /* after its end */

#endif

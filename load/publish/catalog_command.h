/*
 * The command netty-load catalog: connects, writes the catalog into the spool (catalog_publish.h), and ends.
 *
 *     catalog_command_open(&t, loop, conninfo, spool, &backoff, e);
 *     catalog_command_start(t, ended, ctx);     // ended(ctx) once
 *     catalog_command_exit(t);                  // the exit code; what went wrong is logged
 *     catalog_command_close(t);                 // the memory goes with the loop's handles
 *
 * A failure that waiting can help is tried again.
 */
#ifndef NETTY_LOAD_PUBLISH_CATALOG_COMMAND_H
#define NETTY_LOAD_PUBLISH_CATALOG_COMMAND_H

#include "shared/base/backoff.h"
#include "shared/base/err.h"
#include "spool/store/spool.h"
#include <uv.h>

struct catalog_command;
typedef void catalog_command_ended_fn(void *ctx);

/* conninfo NULL: libpq's environment. */
enum err_code catalog_command_open(struct catalog_command **t, uv_loop_t *loop,
                                   const char *conninfo, const char *schema, const struct spool *s,
                                   const struct backoff *backoff, struct err *e) MUST_CHECK;
void catalog_command_start(struct catalog_command *t, catalog_command_ended_fn *ended, void *ctx);
void catalog_command_stop(struct catalog_command *t); /* ends it soon */
int catalog_command_exit(const struct catalog_command *t);
void catalog_command_close(struct catalog_command *t); /* after its end */

#endif

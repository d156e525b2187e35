/*
 * netty-load --pull: the spool is pulled from a remote before it is loaded, and the remote is told what is loaded after it.
 *
 *     remote_pull_open(&p, options, e);                 // NULL where --pull does not apply; of all accounts where none was asked for
 *     remote_pull_now(p);                               // before there is a loop: waits for the end, and may be stopped by a signal
 *     remote_pull_begin(p, loop, true, done, ctx);      // in a thread; done(ctx) from the loop. false: the way back alone
 *     remote_pull_every(p, loop);                       // again and again, each remote_pull_interval, until remote_pull_stop
 *     remote_pull_stop(p);                              // ends what is under way
 *     remote_pull_close(p);                             // after the loop's end
 *
 * A failure is logged, and no reason not to load what is there: remote_pull_code is the exit code of the last pull, or that of the way back
 * where it is graver. All calls but remote_pull_now are
 * from the loop's thread. Where p is NULL there is nothing to be pulled: each call may be made, and does nothing.
 */
#ifndef NETTY_LOAD_CLI_REMOTE_PULL_H
#define NETTY_LOAD_CLI_REMOTE_PULL_H

#include "shared/options/options.h"
#include <stdbool.h>
#include <uv.h>

#define REMOTE_PULL_EVERY (INT64_C(60) * 1000000) /* with --follow, where --every does not tell */

struct remote_pull;
typedef void remote_pull_fn(void *ctx);

enum err_code remote_pull_open(struct remote_pull **p, const struct options *o,
                               struct err *e) MUST_CHECK;
/* Returns the exit code. 75: a signal asked to stop. */
int remote_pull_now(struct remote_pull *p);
/* The way back alone, once there is no loop any more. Returns the exit code; 0 where it was stopped. */
int remote_pull_tell(struct remote_pull *p);
/* Returns false, and does nothing, where p is NULL, was stopped, or is busy. */
bool remote_pull_begin(struct remote_pull *p, uv_loop_t *loop, bool all, remote_pull_fn *done,
                       void *ctx);
void remote_pull_every(struct remote_pull *p, uv_loop_t *loop);
int64_t
remote_pull_interval(const struct remote_pull *p); /* microseconds: --every, or REMOTE_PULL_EVERY */
bool remote_pull_is_busy(const struct remote_pull *p);
/* Has a signal asked to stop while remote_pull_now was under way, or since? */
bool remote_pull_is_stopped(const struct remote_pull *p);
int remote_pull_code(const struct remote_pull *p);
void remote_pull_stop(struct remote_pull *p);
void remote_pull_close(struct remote_pull *p);

#endif

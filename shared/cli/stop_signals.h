/*
 * SIGINT, SIGTERM and SIGHUP on the loop: the first asks to stop at the next page or batch boundary
 * (the callback, once), a second SIGINT or SIGTERM ends the process at once with exit code 75. The
 * handles do not keep the loop alive. After stop_signals_close SIGINT and SIGTERM end the process at once,
 * with 75 too.
 *
 * SIGHUP is a terminal that has gone: it is heard once, and after that ignored, for shell and kernel
 * both send it. Where it was ignored from the start (nohup) it stays so. A program that stays may ask for another meaning
 * (shared/cli/reload.h).
 */
#ifndef NETTY_SHARED_CLI_STOP_SIGNALS_H
#define NETTY_SHARED_CLI_STOP_SIGNALS_H

#include "shared/base/err.h"
#include <uv.h>

struct stop_signals;
typedef void stop_signals_fn(void *ctx);
enum err_code stop_signals_open(struct stop_signals **s, uv_loop_t *loop, stop_signals_fn *fn,
                                void *ctx, struct err *e) MUST_CHECK;
/* SIGHUP asks fn first, and asks to stop only where that returns true. */
typedef bool stop_signals_judge_fn(void);
void stop_signals_on_hang_up(struct stop_signals *s, stop_signals_judge_fn *fn);
/* SIGUSR1 asks for a run now: fn, from the loop, each time. Without this it ends the process, as it does by default. */
enum err_code stop_signals_on_user(struct stop_signals *s, stop_signals_fn *fn, void *ctx,
                                   struct err *e) MUST_CHECK;
bool stop_signals_asked(const struct stop_signals *s);
void stop_signals_close(
    struct stop_signals *s); /* the memory goes when the loop has closed the handles */

#endif

/*
 * SIGINT, SIGTERM and SIGHUP on the loop. The first of them calls fn, once, which asks the program to stop at the next page
 * or batch. A second SIGINT or SIGTERM ends the process at once with exit code 75. The handles do not keep the loop alive.
 * After stop_signals_close the first SIGINT or SIGTERM ends the process at once, with 75 too.
 *
 * SIGHUP means that the terminal has gone. Only the first one counts, because both shell and kernel send one. When SIGHUP was
 * ignored from the start (nohup) it stays ignored. A program that stays running may give it another meaning
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
/* From now on SIGHUP calls fn, and asks the program to stop only when fn returns true. */
typedef bool stop_signals_judge_fn(void);
void stop_signals_on_hang_up(struct stop_signals *s, stop_signals_judge_fn *fn);
/* From now on SIGUSR1, which asks for a run now, calls fn from the loop, each time. Without this call SIGUSR1 ends the process,
 * as it does by default. */
enum err_code stop_signals_on_user(struct stop_signals *s, stop_signals_fn *fn, void *ctx,
                                   struct err *e) MUST_CHECK;
/* Has the program been asked to stop? */
bool stop_signals_asked(const struct stop_signals *s);
void stop_signals_close(
    struct stop_signals *s); /* the memory goes when the loop has closed the handles */

#endif

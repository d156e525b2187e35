/*
 * SIGUSR1 to a loader that stays: with --every it loads at once; with --follow, where nothing waits to be loaded, it leaves a
 * request for netty-extract --every in the spool (spool/control/run_request.h).
 */
#ifndef NETTY_LOAD_CLI_RUN_NOW_H
#define NETTY_LOAD_CLI_RUN_NOW_H

#include "shared/cli/stop_signals.h"
#include "spool/store/spool.h"

/* All borrowed. */
struct run_now {
    uv_timer_t *every;          /* active while the next run of --every is waited for */
    uv_timer_cb begin;          /* what it calls */
    struct spool *const *spool; /* NULL there: the spool is away */
    bool follow;
};
enum err_code run_now_open(struct run_now *r, struct stop_signals *stop, struct err *e) MUST_CHECK;

#endif

/*
 * What SIGUSR1 does to a loader that stays. With --every it loads at once. With --follow nothing waits to be loaded, so the loader writes a
 * request for netty-extract --every into the spool (spool/control/run_request.h).
 */
#ifndef NETTY_LOAD_CLI_RUN_NOW_H
#define NETTY_LOAD_CLI_RUN_NOW_H

#include "shared/cli/stop_signals.h"
#include "spool/store/spool.h"

/* All borrowed. */
struct run_now {
    uv_timer_t *every;          /* active while the loader waits for the next run of --every */
    uv_timer_cb begin;          /* the timer's callback */
    struct spool *const *spool; /* *spool is NULL while the spool is away */
    bool follow;
};
enum err_code run_now_open(struct run_now *r, struct stop_signals *stop, struct err *e) MUST_CHECK;

#endif

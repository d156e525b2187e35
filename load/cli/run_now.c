#include "load/cli/run_now.h"
#include "shared/log/log.h"
#include "spool/control/run_request.h"

static enum err_code leave_request(const struct run_now *r, struct err *e)
{
    char id[RUN_REQUEST_ID];
    if (*r->spool == NULL)
        return err_set(e, ERR_NO_SPOOL, "the spool is away");
    return run_request_leave(*r->spool, "", id, e);
}

static void on_user(void *ctx)
{
    struct run_now *r = ctx;
    struct err e = ERR_INIT;
    enum err_code rc = OK;
    if (r->follow)
        rc = leave_request(r, &e);
    else if (uv_is_active((const uv_handle_t *)r->every))
        (void)uv_timer_start(r->every, r->begin, 0, 0);
    else
        rc = err_set(&e, ERR_BUSY, "a run is under way");
    if (rc == OK)
        LOG0(LOG_INFO, "run-asked", "SIGUSR1 asked for a run");
    else
        LOG(LOG_INFO, "run-asked", "SIGUSR1 asked for a run, and none is begun", F_ERR(&e));
}

enum err_code run_now_open(struct run_now *r, struct stop_signals *stop, struct err *e)
{
    return stop_signals_on_user(stop, on_user, r, e);
}

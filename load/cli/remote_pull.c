#include "load/cli/remote_pull.h"

#include "shared/options/accounts.h"
#include "shared/process/child.h"
#include "spool/ship/pull_round.h"
#include <stdlib.h>

struct remote_pull {
    struct remote *remote;
    const char *dir;
    bool host; /* all accounts are pulled together; dir is the folder of their spools */
    uv_work_t work;
    uv_timer_t timer;
    bool timed; /* the timer is one of the loop's handles */
    bool busy;
    bool stopped;
    bool all;      /* of what is under way */
    int pull_code; /* exit codes of the last of each */
    int back_code;
    int64_t interval;
    remote_pull_fn *done;
    void *ctx;
};

/* What loads nothing, or only again, pulls nothing. */
static bool applies(const struct options *o)
{
    static const enum option_id without[] = {OPT_CHECK,   OPT_CATALOG, OPT_LOADED,
                                             OPT_DRY_RUN, OPT_REPLAY,  OPT_REDRIVE};
    if (!options_given(o, OPT_PULL))
        return false;
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        if (options_int(o, without[i]) != 0)
            return false;
    return true;
}

enum err_code remote_pull_open(struct remote_pull **out, const struct options *o, struct err *e)
{
    *out = NULL;
    if (!applies(o))
        return OK;
    struct remote_pull *p = calloc(1, sizeof *p);
    if (p == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    p->host = options_accounts(o) > 0 && options_account(o) == NULL;
    p->dir = p->host ? options_accounts_folder(o) : options_text(o, OPT_SPOOL);
    p->interval = options_given(o, OPT_EVERY) ? options_int(o, OPT_EVERY) : REMOTE_PULL_EVERY;
    enum err_code rc = remote_open(&p->remote, options_text(o, OPT_PULL), e);
    if (rc != OK)
        free(p);
    else
        *out = p;
    return rc;
}

static void run(struct remote_pull *p)
{
    struct ship_report report = {.objects = 0};
    struct err e = ERR_INIT;
    enum err_code rc;
    if (p->host)
        rc = p->all ? pull_round_all(p->dir, p->remote, &report, &e)
                    : pull_round_all_back(p->dir, p->remote, &e);
    else
        rc = p->all ? pull_round(p->dir, p->remote, &report, &e)
                    : pull_round_back(p->dir, p->remote, &e);
    if (rc != ERR_INTERRUPTED)
        pull_round_tell(&report, rc, &e);
    p->back_code = p->all ? 0 : err_exit(rc);
    if (p->all)
        p->pull_code = err_exit(rc);
}

int remote_pull_now(struct remote_pull *p)
{
    if (p == NULL)
        return 0;
    child_catch_signals();
    p->all = true;
    run(p);
    return remote_pull_code(p);
}

int remote_pull_tell(struct remote_pull *p)
{
    if (p == NULL || p->stopped)
        return 0;
    child_catch_signals();
    p->all = false;
    run(p);
    return remote_pull_code(p);
}

static void on_work(uv_work_t *work)
{
    run(work->data);
}

static void on_time(uv_timer_t *timer);

static void on_worked(uv_work_t *work, int status)
{
    struct remote_pull *p = work->data;
    (void)status;
    p->busy = false;
    if (p->timed)
        (void)uv_timer_start(&p->timer, on_time, (uint64_t)(p->interval / 1000), 0);
    if (p->done != NULL)
        p->done(p->ctx);
}

bool remote_pull_begin(struct remote_pull *p, uv_loop_t *loop, bool all, remote_pull_fn *done,
                       void *ctx)
{
    if (p == NULL || p->stopped || p->busy)
        return false;
    p->all = all;
    p->done = done;
    p->ctx = ctx;
    p->work.data = p;
    p->busy = uv_queue_work(loop, &p->work, on_work, on_worked) == 0;
    return p->busy;
}

static void on_time(uv_timer_t *timer)
{
    struct remote_pull *p = timer->data;
    if (!remote_pull_begin(p, timer->loop, true, NULL, NULL) && p->timed)
        (void)uv_timer_start(&p->timer, on_time, (uint64_t)(p->interval / 1000), 0);
}

int64_t remote_pull_interval(const struct remote_pull *p)
{
    return p == NULL ? REMOTE_PULL_EVERY : p->interval;
}

void remote_pull_every(struct remote_pull *p, uv_loop_t *loop)
{
    if (p == NULL)
        return;
    (void)uv_timer_init(loop, &p->timer); /* cannot fail */
    p->timer.data = p;
    p->timed = true;
    (void)uv_timer_start(&p->timer, on_time, (uint64_t)(p->interval / 1000), 0);
}

bool remote_pull_is_busy(const struct remote_pull *p)
{
    return p != NULL && p->busy;
}

bool remote_pull_is_stopped(const struct remote_pull *p)
{
    return p != NULL && child_is_stopped();
}

int remote_pull_code(const struct remote_pull *p)
{
    return p == NULL ? 0 : exit_graver(p->pull_code, p->back_code);
}

void remote_pull_stop(struct remote_pull *p)
{
    if (p == NULL || p->stopped)
        return;
    p->stopped = true;
    child_stop();
    if (p->timed)
        uv_close((uv_handle_t *)&p->timer, NULL);
    p->timed = false;
}

void remote_pull_close(struct remote_pull *p)
{
    if (p == NULL)
        return;
    remote_close(p->remote);
    free(p);
}

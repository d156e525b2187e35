#include "extract/cli/api_key.h"
#include "extract/cli/service_private.h"
#include "shared/cli/reload.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/control/api_source.h"
#include "spool/control/next_run.h"
#include "spool/remote/ship_note.h"
#include "spool/store/reserve.h"
#include <stdlib.h>
#include <unistd.h>

static void begin_run(struct service *s);

bool service_stays(const struct service *s)
{
    return s->every > 0 && s->turn == NULL;
}

bool service_stopping(const struct service *s)
{
    return s->leaving || (s->stop != NULL && stop_signals_asked(s->stop));
}

/* A process that is its own tells its monitor of its last run when it ends (main.c). */
static void tell_monitor(struct service *s)
{
    int code = s->err.code != OK ? err_exit(s->err.code) : s->code;
    if (s->turn != NULL && s->ping != NULL)
        ping_run(s->ping, &s->loop, code, fetch_metrics_well(s->metrics));
}

/* Everything on the loop goes, and so the loop ends. */
static void wind_down(struct service *s)
{
    if (s->over)
        return;
    s->over = true;
    tell_monitor(s);
    if (service_stays(s) && s->spool != NULL)
        next_run_forget(s->spool);
    stop_signals_close(s->stop);
    progress_close(s->progress);
    s->progress = NULL;
    service_prove_stop(s);
    fetch_metrics_quit(s->metrics);
    http_close(s->env.http);
    rate_limit_close(s->env.rate_limit);
    uv_close((uv_handle_t *)&s->timer, NULL);
    service_requests_close(s);
}

static void on_every(uv_timer_t *timer)
{
    struct service *s = timer->data;
    service_renew_key(s);
    if (!s->renewing)
        begin_run(s);
}

void service_run_soon(struct service *s)
{
    (void)uv_timer_start(&s->timer, on_every, 0, 0);
}

/* At the first multiple of the interval that is still to come: runs neither drift nor pile up. A key that has changed
 * and is refused is tried sooner. */
static void schedule(struct service *s)
{
    char at[WHEN_TEXT];
    int64_t gone = when_tick() - s->first;
    int64_t wait = secret_trial_pause(&s->trial, s->every - gone % s->every);
    int64_t next = when_now() + wait;
    LOG(LOG_INFO, "wait", "waiting for the next run", F_STR("next", when_iso(next, at)));
    next_run_tell(s->spool, next);
    uv_update_time(&s->loop);
    (void)uv_timer_start(&s->timer, on_every, (uint64_t)((wait + 999) / 1000), 0);
}

/* Has a key that was changed been refused for too long? One that has worked may be throttled. */
static bool key_is_done_for(struct service *s)
{
    if (circuit_breaker_key_worked(s->env.circuit_breaker))
        s->trial = (struct secret_trial){0};
    else if (s->code == err_exit(ERR_DENIED))
        return secret_trial_refused(&s->trial, when_tick());
    return false;
}

static void stop_runs(struct service *s, const char *words)
{
    struct err why = ERR_INIT;
    err_set(&why, ERR_INTERRUPTED, "%s", words);
    service_backfill_stop(s, words);
    if (s->run != NULL)
        fetch_run_stop(s->run, &why);
}

/* The regular run, or a run of the backfill, is over: the next one is waited for, or the end. */
void service_run_ended(struct service *s, enum err_code rc)
{
    bool last = rc != OK || !service_stays(s) || service_stopping(s) || key_is_done_for(s);
    s->leaving = s->leaving || last;
    if (!s->leaving)
        return;
    if (s->run != NULL || s->backfill.run != NULL)
        stop_runs(s, "the program is to end; the next run goes on from here");
    else
        wind_down(s);
}

/* All that belongs to a run is done. */
void service_run_over(struct service *s, enum err_code rc)
{
    bool well = s->ping == NULL || fetch_metrics_well(s->metrics);
    ping_note(s->ping, well);
    service_run_ended(s, rc);
    if (s->leaving)
        return;
    ping_run(s->ping, &s->loop, s->code, well);
    schedule(s);
}

static void on_run_done(void *ctx, struct fetch_run *r)
{
    struct service *s = ctx;
    fetch_metrics_run(s->metrics, FETCH_REGULAR, NULL, NULL);
    s->code = fetch_metrics_done(s->metrics, fetch_run_exit(r));
    enum err_code rc = service_show(s, r, &s->err);
    fetch_run_close(r);
    s->run = NULL;
    fetch_plan_free(&s->plan);
    if (rc != OK || !service_reconcile_begin(s))
        service_run_over(s, rc);
}

/* The backfill has ended for a new key. */
void service_renewed(struct service *s)
{
    if (!s->renewing || s->leaving)
        return;
    service_renew_key(s);
    begin_run(s);
}

struct fetch_run_conf service_run_conf(struct service *s)
{
    return (struct fetch_run_conf){
        .env = &s->env,
        .metrics = s->metrics,
        .jobs = s->jobs,
        .brief = s->turn != NULL,
        .progress = s->progress,
    };
}

static enum err_code begin_regular(struct service *s)
{
    struct fetch_run_conf conf = service_run_conf(s);
    enum err_code rc = fetch_plan_make(&s->plan, s->options, s->spool, &s->err);
    if (rc == OK && !s->env.reconcile)
        fetch_plan_tell(&s->plan, s->options, s->spool);
    service_take_asked(s);
    if (rc == OK)
        rc = fetch_run_open(&s->run, &conf, s->plan.wants, s->plan.count, on_run_done, s, &s->err);
    fetch_metrics_run(s->metrics, FETCH_REGULAR, fetch_run_each, s->run);
    if (rc == OK)
        fetch_run_start(s->run);
    return rc;
}

/* The backfill alone, or, by a program that stays, beside the regular runs. */
static void begin_run(struct service *s)
{
    enum err_code rc = OK;
    if (service_prove_key(s, begin_run))
        return;
    s->budget = (uint64_t)options_int(s->options, OPT_BUDGET);
    s->env.budget = s->budget > 0 ? &s->budget : NULL;
    if (s->backfill.wanted)
        rc = service_backfill_begin(s);
    if (rc == OK && (service_stays(s) || !s->backfill.wanted))
        rc = begin_regular(s);
    if (rc != OK)
        service_run_ended(s, rc);
}

void service_leave(struct service *s)
{
    s->leaving = true;
    if (s->run != NULL || s->backfill.run != NULL)
        stop_runs(s, "a signal asked to stop; the next run goes on from here");
    else {
        if (s->proof != NULL)
            err_set(&s->err, ERR_INTERRUPTED, "a signal asked to stop before the run began");
        wind_down(s);
    }
}

static void on_stop(void *ctx)
{
    service_leave(ctx);
}

static enum err_code open_metrics(struct service *s, struct err *e)
{
    struct fetch_metrics_conf conf = {.options = s->options,
                                      .loop = &s->loop,
                                      .spool = s->spool,
                                      .kind = s->env.reconcile ? "reconcile" : "changes",
                                      .every = service_stays(s) ? s->every : 0,
                                      .unseen = s->turn != NULL,
                                      .run = service_ask,
                                      .run_ctx = s};
    return fetch_metrics_open(&s->metrics, &conf, e);
}

static enum err_code open_signals(struct service *s, struct err *e)
{
    enum err_code rc = stop_signals_open(&s->stop, &s->loop, on_stop, s, e);
    if (rc != OK || !service_stays(s))
        return rc;
    reload_watch(s->stop);
    return service_requests_open(s, e);
}

static void begin_loop(struct service *s)
{
    struct err e = ERR_INIT;
    enum err_code rc = s->turn == NULL ? open_signals(s, &e) : OK;
    if (rc == OK && (rc = open_metrics(s, &e)) == OK)
        rc = service_open_client(s, &e);
    if (rc == OK)
        rc = service_open_progress(s, &e);
    s->first = when_tick();
    if (rc == OK) {
        begin_run(s);
        return;
    }
    s->err = e;
    wind_down(s);
}

static enum err_code dry_run(struct service *s, struct err *e)
{
    enum err_code rc = spool_open(&s->spool, options_text(s->options, OPT_SPOOL), SPOOL_LOOK, e);
    if (rc == ERR_NO_SPOOL)
        s->spool = NULL; /* the first run will make it */
    else if (rc != OK)
        return rc;
    if (s->spool != NULL && options_int(s->options, OPT_REBIND) == 0 &&
        (rc = api_source_check(s->spool, s->env.base_url, e)) != OK)
        return rc;
    rc = fetch_plan_make(&s->plan, s->options, s->spool, e);
    if (rc == OK)
        rc = fetch_plan_show(&s->plan, s->options, s->spool, service_backfill_env(s), e);
    return rc;
}

enum err_code service_begin(struct service *s, struct err *e)
{
    enum err_code rc = spool_open(&s->spool, options_text(s->options, OPT_SPOOL), SPOOL_CREATE, e);
    if (rc != OK || (rc = spool_check_writer(s->spool, e)) != OK ||
        (rc = ship_check_own(s->spool, e)) != OK)
        return rc;
    rc = service_bind(s, options_int(s->options, OPT_REBIND) != 0, e);
    if (rc != OK)
        return rc;
    reserve_keep(s->spool);
    if (uv_loop_init(&s->loop) != 0)
        return err_set(e, ERR_INTERNAL, "cannot set up an event loop");
    s->looped = true;
    (void)uv_timer_init(&s->loop, &s->timer); /* cannot fail */
    s->timer.data = s;
    s->env.loop = &s->loop;
    s->env.spool = s->spool;
    begin_loop(s);
    return OK;
}

enum err_code service_finish(struct service *s, struct err *e)
{
    enum err_code rc = s->err.code;
    if (rc != OK)
        *e = s->err;
    else if (!s->over)
        rc = err_set(e, ERR_INTERNAL, "the run came to a halt before its end; run it again");
    if (rc != OK)
        (void)fetch_metrics_done(s->metrics, err_exit(rc)); /* rc goes before */
    if (uv_loop_close(&s->loop) != 0)
        LOG0(LOG_WARN, "loop", "something was left on the event loop");
    return rc;
}

static enum err_code real_run(struct service *s, struct err *e)
{
    enum err_code rc = service_begin(s, e);
    if (!s->looped)
        return rc;
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    return service_finish(s, e);
}

void service_free(struct service *s)
{
    fetch_plan_free(&s->plan);
    service_backfill_hand_on(&s->backfill);
    service_backfill_free(s);
    fetch_metrics_close(s->metrics);
    circuit_breaker_close(s->env.circuit_breaker);
    refusal_gate_close(s->env.gate);
    disk_space_close(s->env.disk_space);
    if (s->spool != NULL)
        spool_close(s->spool);
    if (s->zone != NULL)
        zone_close(s->zone);
}

enum err_code service_run(const struct options *o, struct secret **key, struct ping *ping,
                          int *code, struct err *e)
{
    struct service s = {.options = o,
                        .key = key,
                        .ping = ping,
                        .jobs = (unsigned)options_int(o, OPT_JOBS),
                        .err = ERR_INIT};
    enum err_code rc = service_read_settings(&s, e);
    if (rc == OK)
        rc = options_int(o, OPT_DRY_RUN) != 0 ? dry_run(&s, e) : real_run(&s, e);
    service_free(&s);
    *code = s.code;
    return rc;
}

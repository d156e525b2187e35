#include "extract/api/request_url.h"
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

/* What counts as complete stays this much behind the server's clock: a change may take a moment to
 * be listed. */
#define MARGIN    (60 * WHEN_SECOND)
#define RETRY_MAX (120 * WHEN_SECOND)

#define CONNECTIONS 64

static void begin_run(struct service *s);

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != 0 ? value : NULL;
}

/* --since all and --full are the same. */
static void read_backfill(const struct options *o, struct service *s)
{
    struct service_backfill *b = &s->backfill;
    int64_t since = options_given(o, OPT_SINCE) ? options_int(o, OPT_SINCE) : WHEN_NONE;
    bool all = options_given(o, OPT_SINCE) && since == WHEN_NONE;
    b->restart = options_int(o, OPT_RESTART) != 0;
    b->cancel = options_int(o, OPT_CANCEL) != 0;
    b->crawl = s->env.crawl;
    b->crawl.full = all || options_int(o, OPT_FULL) != 0;
    b->crawl.since = b->crawl.full ? WHEN_NONE : since;
    b->wanted = !s->env.reconcile &&
                (b->crawl.full || b->crawl.since != WHEN_NONE || b->restart || b->cancel);
    if (s->env.reconcile)
        s->env.crawl.full = b->crawl.full || b->restart;
}

static enum err_code read_settings(struct service *s, struct err *e)
{
    const struct options *o = s->options;
    struct table_fetch_env *env = &s->env;
    env->base_url = options_text(o, OPT_BASE_URL);
    enum err_code rc =
        url_check_base(env->base_url, options_origin(o, OPT_BASE_URL), ERR_CONFIG, e);
    if (rc == OK)
        rc = options_zone(o, &s->zone, e);
    if (rc != OK)
        return rc;
    env->zone = s->zone;
    env->crawl = (struct crawl_conf){
        .limit = (unsigned)options_int(o, OPT_LIMIT),
        .overlap = options_int(o, OPT_OVERLAP),
        .margin = MARGIN,
        .zone = s->zone,
        .floor = WHEN_NONE,
        .since = WHEN_NONE,
        .keyed = true,
    };
    env->writer = (struct writer_conf){.segment_size = options_int(o, OPT_SEGMENT_SIZE),
                                       .segment_age = options_int(o, OPT_SEGMENT_AGE)};
    int64_t delay = options_int(o, OPT_RETRY_DELAY);
    env->retries = (struct backoff){.base_us = delay,
                                    .max_us = delay > RETRY_MAX ? delay : RETRY_MAX,
                                    .tries = (unsigned)options_int(o, OPT_RETRIES)};
    env->refused_after = options_int(o, OPT_REFUSED_AFTER);
    env->ahead = (unsigned)options_int(o, OPT_AHEAD);
    env->ahead_memory = &s->ahead;
    env->max_pages = (uint64_t)options_int(o, OPT_MAX_PAGES);
    env->page_max = (uint64_t)options_int(o, OPT_MAX_PAGE_BYTES);
    env->record_max = (size_t)options_int(o, OPT_MAX_RECORD_BYTES);
    env->reconcile = options_int(o, OPT_RECONCILE) != 0;
    s->reconcile_every =
        options_given(o, OPT_RECONCILE_EVERY) ? options_int(o, OPT_RECONCILE_EVERY) : 0;
    s->every = options_given(o, OPT_EVERY) ? options_int(o, OPT_EVERY) : 0;
    read_backfill(o, s);
    return service_backfill_take_on(&s->backfill, e);
}

/* Kept alive: as many as may be open at once, within reason. */
static unsigned connections(const struct options *o)
{
    int64_t n = options_int(o, OPT_JOBS) * options_int(o, OPT_AHEAD);
    return (unsigned)(n < CONNECTIONS ? n : CONNECTIONS);
}

enum err_code service_open_http(struct service *s, const struct secret *key, struct http **http,
                                struct err *e)
{
    const char *ca_file = environment("NETTY_CA_FILE");
    struct http_conf conf = {
        .key = key,
        .timeout = options_int(s->options, OPT_TIMEOUT),
        .connections = connections(s->options),
        .ca_file = ca_file != NULL ? ca_file : environment("SSL_CERT_FILE"),
    };
    return http_open(http, &s->loop, &conf, e);
}

static enum err_code open_client(struct service *s, struct err *e)
{
    struct table_fetch_env *env = &s->env;
    const struct secret *key = *s->key;
    const char *dir = spool_dir(s->spool);
    const struct options *o = s->options;
    struct disk_space_conf disk_space = {
        .max = options_given(o, OPT_SPOOL_MAX) ? options_int(o, OPT_SPOOL_MAX) : 0,
        .least = options_int(o, OPT_SPOOL_FREE),
    };
    enum err_code rc = circuit_breaker_open(&env->circuit_breaker, dir, spool_id(s->spool), key, e);
    if (rc == OK)
        rc = refusal_gate_open(&env->gate, e);
    if (rc == OK)
        rc = rate_limit_open(&env->rate_limit, &s->loop, dir,
                             (unsigned)options_int(s->options, OPT_RATE), e);
    if (rc == OK)
        rc = disk_space_open(&env->disk_space, s->spool, &disk_space, e);
    if (rc == OK && key != NULL)
        rc = service_open_http(s, key, &env->http, e);
    return rc;
}

/* Everything on the loop goes, and so the loop ends. */
static void wind_down(struct service *s)
{
    if (s->over)
        return;
    s->over = true;
    if (s->every > 0 && s->spool != NULL)
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
    bool last = rc != OK || s->every == 0 || stop_signals_asked(s->stop) || key_is_done_for(s);
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
    enum err_code rc = service_print(s, r, &s->err);
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
    const struct options *o = s->options;
    return (struct fetch_run_conf){
        .env = &s->env,
        .metrics = s->metrics,
        .jobs = (unsigned)options_int(o, OPT_JOBS),
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
    if (rc == OK && (s->every > 0 || !s->backfill.wanted))
        rc = begin_regular(s);
    if (rc != OK)
        service_run_ended(s, rc);
}

static void on_stop(void *ctx)
{
    struct service *s = ctx;
    s->leaving = true;
    if (s->run != NULL || s->backfill.run != NULL)
        stop_runs(s, "a signal asked to stop; the next run goes on from here");
    else {
        if (s->proof != NULL)
            err_set(&s->err, ERR_INTERRUPTED, "a signal asked to stop before the run began");
        wind_down(s);
    }
}

static enum err_code open_metrics(struct service *s, struct err *e)
{
    struct fetch_metrics_conf conf = {.options = s->options,
                                      .loop = &s->loop,
                                      .spool = s->spool,
                                      .kind = s->env.reconcile ? "reconcile" : "changes",
                                      .every = s->every,
                                      .run = service_ask,
                                      .run_ctx = s};
    return fetch_metrics_open(&s->metrics, &conf, e);
}

static enum err_code run_loop(struct service *s, struct err *e)
{
    if (uv_timer_init(&s->loop, &s->timer) != 0)
        return err_set(e, ERR_INTERNAL, "cannot set up a timer");
    s->timer.data = s;
    enum err_code rc = stop_signals_open(&s->stop, &s->loop, on_stop, s, e);
    if (rc == OK && s->every > 0)
        reload_watch(s->stop);
    if (rc == OK && s->every > 0)
        rc = service_requests_open(s, e);
    if (rc == OK && (rc = open_metrics(s, e)) == OK)
        rc = open_client(s, e);
    if (rc == OK)
        rc = service_open_progress(s, e);
    s->first = when_tick();
    if (rc == OK)
        begin_run(s);
    else
        wind_down(s);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    if (rc == OK && s->err.code != OK) {
        *e = s->err;
        rc = s->err.code;
    }
    if (rc == OK && !s->over)
        rc = err_set(e, ERR_INTERNAL, "the run came to a halt before its end; run it again");
    if (rc != OK)
        (void)fetch_metrics_done(s->metrics, err_exit(rc)); /* rc goes before */
    return rc;
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

static enum err_code real_run(struct service *s, struct err *e)
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
    s->env.loop = &s->loop;
    s->env.spool = s->spool;
    rc = run_loop(s, e);
    if (uv_loop_close(&s->loop) != 0)
        LOG0(LOG_WARN, "loop", "something was left on the event loop");
    return rc;
}

enum err_code service_run(const struct options *o, struct secret **key, struct ping *ping,
                          int *code, struct err *e)
{
    struct service s = {.options = o, .key = key, .ping = ping, .err = ERR_INIT};
    enum err_code rc = read_settings(&s, e);
    if (rc == OK)
        rc = options_int(o, OPT_DRY_RUN) != 0 ? dry_run(&s, e) : real_run(&s, e);
    fetch_plan_free(&s.plan);
    service_backfill_hand_on(&s.backfill);
    service_backfill_free(&s);
    fetch_metrics_close(s.metrics);
    circuit_breaker_close(s.env.circuit_breaker);
    refusal_gate_close(s.env.gate);
    disk_space_close(s.env.disk_space);
    if (s.spool != NULL)
        spool_close(s.spool);
    if (s.zone != NULL)
        zone_close(s.zone);
    *code = s.code;
    return rc;
}

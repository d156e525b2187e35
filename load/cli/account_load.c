#include "load/cli/account_load.h"
#include "load/cli/load_settings.h"
#include "load/run/load_run.h"
#include "shared/log/log.h"
#include "shared/options/accounts.h"
#include "spool/control/catalog.h"
#include <stdlib.h>
#include <string.h>

struct account_load {
    uv_loop_t loop;
    struct spool *spool;
    struct zone *zone;
    struct load_run_conf conf;
    struct load_run *run;
    struct account_turn turn;
};

static void on_ended(void *ctx)
{
    struct account_load *a = ctx;
    struct load_run_sums sums;

    load_run_sum(a->run, &sums);
    a->turn.tables = sums.tables;
    a->turn.failed = sums.failed;
    const uint64_t counts[ACCOUNT_LOAD_COUNTS] = {sums.counts.read, sums.counts.inserted,
                                                  sums.counts.updated, sums.counts.unchanged,
                                                  sums.counts.dead_letters};
    for (size_t i = 0; i < ACCOUNT_LOAD_COUNTS; i++)
        a->turn.counts[i] = (int64_t)counts[i];
    if (sums.err.code != OK)
        account_turn_failed(&a->turn, &sums.err);
    a->turn.code = load_metrics_done(a->conf.metrics, load_run_exit(a->run));
    load_run_close(a->run);
    a->run = NULL;
    load_metrics_close(a->conf.metrics);
    a->conf.metrics = NULL;
}

static enum err_code open_metrics(struct account_load *a, const struct options *o, struct err *e)
{
    const struct load_metrics_conf conf = {.options = o,
                                           .loop = &a->loop,
                                           .spool = a->spool,
                                           .kind = a->conf.table.redrive ? "redrive" : "load",
                                           .unseen = true};
    return load_metrics_open(&a->conf.metrics, &conf, e);
}

static enum err_code begin(struct account_load *a, const struct options *o, unsigned jobs,
                           struct accounts_look *look, struct err *e)
{
    struct tables_seen seen = {0};
    enum err_code rc = OK;
    if (options_own(o, OPT_PULL))
        rc = err_set(e, ERR_CONFIG,
                     "%s is for one account at a time: leave it out, and run netty-spool pull, or "
                     "netty-load with --account; what was pushed together is pulled together, by "
                     "a setting before the accounts' sections",
                     options_origin(o, OPT_PULL));
    if (rc == OK)
        rc = options_zone(o, &a->zone, e);
    if (rc == OK)
        rc = spool_open(&a->spool, options_text(o, OPT_SPOOL), SPOOL_LOOK, e);
    if (rc == OK)
        rc = spool_check_writer(a->spool, e);
    if (rc == OK)
        rc = catalog_check(a->spool, e);
    if (rc == OK)
        rc = load_settings_read(&a->conf, o, a->spool, a->zone, e);
    a->conf.jobs = jobs;
    a->conf.follow = false;   /* whoever turns the loop begins anew where there is more */
    a->conf.progress = false; /* of several at a time it would be nobody's */
    if (rc == OK)
        rc = open_metrics(a, o, e);
    if (rc == OK && accounts_look_take(look, o, spool_id(a->spool), &seen))
        a->conf.seen = &seen;
    if (rc == OK)
        rc = load_run_open(&a->run, &a->loop, &a->conf, e);
    a->conf.seen = NULL;
    tables_seen_free(&seen); /* what the run has not taken over */
    if (rc == OK)
        load_run_start(a->run, on_ended, a);
    return rc;
}

static void release(struct account_load *a)
{
    load_metrics_close(a->conf.metrics);
    (void)uv_run(&a->loop, UV_RUN_DEFAULT); /* the handles' ends */
    if (uv_loop_close(&a->loop) != 0)
        LOG0(LOG_DEBUG, "loop", "a handle was left open");
    spool_close(a->spool);
    zone_close(a->zone);
    free(a);
}

enum err_code account_load_open(struct account_load **out, const struct options *o, unsigned jobs,
                                struct accounts_look *look, struct err *e)
{
    struct account_load *a = calloc(1, sizeof *a);

    if (a == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for an account");
    if (uv_loop_init(&a->loop) != 0) {
        free(a);
        return err_set(e, ERR_INTERNAL, "cannot make an event loop");
    }
    enum err_code rc = begin(a, o, jobs, look, e);
    if (rc != OK)
        release(a);
    else
        *out = a;
    return rc;
}

uv_loop_t *account_load_loop(struct account_load *a)
{
    return &a->loop;
}

void account_load_stop(struct account_load *a)
{
    if (a->run != NULL)
        load_run_stop(a->run);
}

void account_load_close(struct account_load *a, struct account_turn *turn)
{
    *turn = a->turn;
    release(a);
}

/* --reconcile-every: after a regular run, the next step of each table's reconcile, where one is due. */
#include "extract/cli/service_private.h"
#include "extract/reconcile/reconcile_due.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <string.h>

#define REQUESTS_LEAST 10

/* A program that stays leaves half of the time to the regular runs: the crawl goes on behind the next one. */
static void bound(struct service *s)
{
    uint64_t rate = (uint64_t)options_int(s->options, OPT_RATE);
    uint64_t most = rate * (uint64_t)(s->every / WHEN_SECOND) / 2;
    s->reconcile_env = s->env;
    s->reconcile_env.reconcile = true;
    if (s->every == 0 || rate == 0)
        return;
    s->reconcile_budget = most > REQUESTS_LEAST ? most : REQUESTS_LEAST;
    if (s->env.budget != NULL && *s->env.budget < s->reconcile_budget)
        s->reconcile_budget = *s->env.budget;
    s->reconcile_env.budget = &s->reconcile_budget;
}

/* Only those tables stay in the plan whose turn it is; a table that cannot be looked at keeps no other from its own. */
static void leave_out(struct service *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->plan.count; i++) {
        const char *table = s->plan.wants[i].name;
        struct reconcile_due due;
        struct err e = ERR_INIT;
        if (reconcile_due(&due, s->spool, table, s->reconcile_every, &e) != OK) {
            LOG(LOG_WARN, "deletions", "the search for deleted records cannot go on",
                F_STR("table", table), F_ERR(&e));
            continue;
        }
        reconcile_due_tell(&due, table);
        if (reconcile_is_due(&due))
            s->plan.wants[n++] = s->plan.wants[i];
    }
    s->plan.count = n;
}

static void on_done(void *ctx, struct fetch_run *r)
{
    struct service *s = ctx;
    size_t n = 0;
    const struct fetch_run_row *rows = fetch_run_rows(r, &n);
    for (size_t i = 0; i < n; i++)
        LOG(LOG_INFO, "deletions", "a step of the search for deleted records is done",
            F_STR("table", rows[i].name),
            F_STR("status", table_fetch_status_word(rows[i].result.status)),
            F_INT("requests", rows[i].result.requests), F_INT("records", rows[i].result.records));
    fetch_metrics_run(s->metrics, FETCH_REGULAR, NULL, NULL);
    s->code = fetch_metrics_done(s->metrics, exit_graver(s->code, fetch_run_exit(r)));
    fetch_metrics_kind(s->metrics, "changes");
    fetch_run_close(r);
    s->run = NULL;
    fetch_plan_free(&s->plan);
    service_run_over(s, OK);
}

/* What the API or the disk would not do for the regular run it is not asked for either. */
static bool wanted(const struct service *s)
{
    return s->reconcile_every > 0 && !s->env.reconcile && !service_stopping(s) &&
           (s->code == 0 || s->code == err_exit(ERR_SET_ASIDE));
}

bool service_reconcile_begin(struct service *s)
{
    struct fetch_run_conf conf = service_run_conf(s);
    struct err e = ERR_INIT;
    if (!wanted(s))
        return false;
    enum err_code rc = fetch_plan_make(&s->plan, s->options, s->spool, &e);
    if (rc == OK) {
        bound(s);
        leave_out(s);
        conf.env = &s->reconcile_env;
    }
    if (rc == OK && s->plan.count > 0)
        rc = fetch_run_open(&s->run, &conf, s->plan.wants, s->plan.count, on_done, s, &e);
    if (rc != OK)
        LOG(LOG_WARN, "deletions", "the search for deleted records cannot go on", F_ERR(&e));
    if (s->run == NULL) {
        fetch_plan_free(&s->plan);
        return false;
    }
    fetch_metrics_kind(s->metrics, "reconcile");
    fetch_metrics_run(s->metrics, FETCH_REGULAR, fetch_run_each, s->run);
    fetch_run_start(s->run);
    return true;
}

#include "extract/account.h"

#include "shared/log.h"
#include "shared/when.h"
#include "spool/runs.h"
#include <stdio.h>
#include <stdlib.h>

struct account {
    struct account_conf conf;
};

enum err_code account_open(struct account **a, const struct account_conf *conf, struct err *e)
{
    *a = calloc(1, sizeof **a);
    if (*a == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    (*a)->conf = *conf;
    return OK;
}

void account_close(struct account *a)
{
    free(a);
}

/* A table that was not begun because all were asked to stop has no run to tell of. */
static bool was_run(const struct table_result *r)
{
    return r->requests > 0 || r->err.code != ERR_INTERRUPTED;
}

static void keep_history(const struct account *a, const char *table, const struct table_result *r)
{
    struct err e = ERR_INIT;
    struct runs_entry run = {
        .ended = when_now(), .busy = r->elapsed, .complete_to = r->complete_to};
    run.began = run.ended - r->elapsed;
    (void)snprintf(run.kind, sizeof run.kind, "%s", a->conf.kind);
    (void)snprintf(run.status, sizeof run.status, "%s", table_status_word(r->status));
    if (r->err.code != OK)
        (void)snprintf(run.error, sizeof run.error, "%s", err_word(r->err.code));
    run.counts[RUN_REQUESTS] = (int64_t)r->requests;
    run.counts[RUN_PAGES] = (int64_t)r->pages;
    run.counts[RUN_RECORDS] = (int64_t)r->records;
    run.counts[RUN_BYTES] = (int64_t)r->bytes;
    run.counts[RUN_SET_ASIDE] = (int64_t)r->odd;
    run.counts[RUN_RETRIES] = (int64_t)r->retries;
    if (runs_add(a->conf.spool, table, RUNS_EXTRACT, &run, &e) != OK)
        LOG(LOG_WARN, "history", "the spool is not told how the run went", F_STR("table", table),
            F_ERR(&e));
}

void account_ended(struct account *a, const char *table, const struct table_result *result)
{
    if (a != NULL && was_run(result))
        keep_history(a, table, result);
}

#include "extract/cli/all_accounts.h"
#include "extract/cli/api_key.h"
#include "extract/cli/service.h"
#include "extract/metrics/fetch_account_metrics.h"
#include "spool/overview/account_monitor.h"
#include "spool/store/accounts.h"
#include <stdlib.h>

struct all {
    const struct options *options;
    struct ping *ping;
    struct account_monitor *monitor;
    uv_loop_t *loop;
    bool stays;
};

struct run {
    struct service *service;
    struct secret *key;
    struct ping *ping; /* where the account's section has an address of its own */
};

static void free_run(struct run *r)
{
    secret_free(r->key);
    ping_close(r->ping);
    free(r);
}

static enum err_code open_run(void **out, void *ctx, const struct options *o, unsigned jobs,
                              struct err *e)
{
    struct run *r = calloc(1, sizeof *r);
    (void)ctx;
    if (r == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for an account");
    const struct service_conf conf = {.options = o, .key = &r->key, .jobs = jobs};
    struct service_conf own = conf;
    enum err_code rc = options_own(o, OPT_PING_URL) ? ping_open(&r->ping, o, e) : OK;
    own.ping = r->ping;
    if (rc == OK)
        rc = api_key_read(o, &r->key, e);
    if (rc == OK)
        rc = service_open(&r->service, &own, e);
    if (rc != OK)
        free_run(r);
    else
        *out = r;
    return rc;
}

static uv_loop_t *loop_of(void *run)
{
    const struct run *r = run;
    return service_loop(r->service);
}

static void stop_run(void *run)
{
    const struct run *r = run;
    service_stop(r->service);
}

static void close_run(void *run, struct account_turn *turn)
{
    struct run *r = run;
    service_close(r->service, turn);
    free_run(r);
}

static enum err_code begin(void *ctx, struct account_turns *turns, uv_loop_t *loop, struct err *e)
{
    struct all *a = ctx;
    const struct account_monitor_conf conf = {.options = a->options,
                                              .loop = loop,
                                              .turns = turns,
                                              .side = RUN_HISTORY_EXTRACT,
                                              .defs = fetch_account_metrics};
    a->loop = loop;
    return account_monitor_open(&a->monitor, &conf, e);
}

static void end(void *ctx)
{
    struct all *a = ctx;
    account_monitor_quit(a->monitor);
}

static void end_turn(void *ctx, size_t i, const struct options *o, const struct account_turn *turn)
{
    struct all *a = ctx;
    (void)o;
    account_monitor_ended(a->monitor, i, turn);
}

static int end_round(void *ctx, int code)
{
    struct all *a = ctx;
    code = account_monitor_round(a->monitor, code);
    bool well = account_monitor_well(a->monitor);
    ping_note(a->ping, well);
    if (a->stays)
        ping_run(a->ping, a->loop, code, well);
    return code;
}

/* What one process cannot do for all of them at once. */
static enum err_code check(const struct options *o, struct err *e)
{
    bool backfill = options_int(o, OPT_FULL) != 0 || options_given(o, OPT_SINCE) ||
                    options_int(o, OPT_RESTART) != 0 || options_int(o, OPT_CANCEL) != 0;
    if (options_int(o, OPT_DRY_RUN) != 0)
        return accounts_name_one(o, "--dry-run", e);
    if (backfill && options_given(o, OPT_EVERY))
        return accounts_name_one(o, "--full or --since with --every", e);
    return OK;
}

enum err_code all_accounts_run(const struct options *o, struct ping *ping, int *code, struct err *e)
{
    static const struct account_program program = {
        .counts = {"requests", "pages", "records", "bytes", "retries"},
        .open = open_run,
        .loop = loop_of,
        .stop = stop_run,
        .close = close_run,
        .begin = begin,
        .end = end,
        .ended = end_turn,
        .round = end_round};
    struct all a = {.options = o, .ping = ping, .stays = options_given(o, OPT_EVERY)};
    enum err_code rc = check(o, e);
    if (rc == OK)
        rc = account_turns_run(o, &program, &a, code, e);
    account_monitor_close(a.monitor);
    return rc;
}

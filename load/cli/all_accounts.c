#include "load/cli/all_accounts.h"
#include "load/address/db_same.h"
#include "load/cli/account_load.h"
#include "load/cli/account_news.h"
#include "load/cli/remote_pull.h"
#include "load/metrics/load_account_metrics.h"
#include "shared/log/log.h"
#include "spool/overview/account_monitor.h"
#include "spool/store/accounts.h"

struct all {
    const struct options *options;
    struct account_monitor *monitor;
    struct account_news *news;
    struct accounts_look *look; /* NULL: each account is looked at by itself */
    struct account_turns *turns;
    uv_loop_t *loop;
    struct remote_pull *pull; /* --pull, or NULL */
    bool asked;               /* with --follow: somebody has asked for this round */
    bool wanted;              /* a round waits for the pull, which waits for what is under way */
};

static enum err_code open_run(void **run, void *ctx, const struct options *o, unsigned jobs,
                              struct err *e)
{
    struct account_load *a = NULL;
    const struct all *all = ctx;
    enum err_code rc = account_load_open(&a, o, jobs, all->look, e);

    *run = a;
    return rc;
}

static uv_loop_t *loop_of(void *run)
{
    return account_load_loop(run);
}

static void stop_run(void *run)
{
    account_load_stop(run);
}

static void close_run(void *run, struct account_turn *turn)
{
    account_load_close(run, turn);
}

static enum err_code begin(void *ctx, struct account_turns *turns, uv_loop_t *loop, struct err *e)
{
    struct all *a = ctx;
    const struct account_monitor_conf conf = {.options = a->options,
                                              .loop = loop,
                                              .turns = turns,
                                              .side = RUN_HISTORY_LOAD,
                                              .defs = load_account_metrics};

    a->turns = turns;
    a->loop = loop;
    if (a->look != NULL)
        accounts_look_begin(a->look, loop);
    if (options_int(a->options, OPT_FOLLOW) != 0)
        remote_pull_every(a->pull, loop);
    return account_monitor_open(&a->monitor, &conf, e);
}

static void end(void *ctx)
{
    struct all *a = ctx;

    account_monitor_quit(a->monitor);
    if (a->look != NULL)
        accounts_look_end(a->look);
    if (remote_pull_is_busy(a->pull) || options_int(a->options, OPT_FOLLOW) != 0)
        remote_pull_stop(a->pull);
}

/* ---- accounts that are looked at together ---- */

/* With --follow an account that has brought news is looked at by itself: others have none. */
static bool is_expected(void *ctx, size_t i)
{
    const struct all *a = ctx;

    return options_int(a->options, OPT_FOLLOW) == 0 || a->asked ||
           account_news_is_expected(a->news, i);
}

static bool is_ready(void *ctx, size_t i, bool asked)
{
    struct all *a = ctx;

    a->asked = asked;
    return a->look == NULL || !is_expected(a, i) || accounts_look_is_ready(a->look, i);
}

static void on_looked(void *ctx)
{
    struct all *a = ctx;

    account_turns_go(a->turns);
}

/* Dead letters are loaded by each table's own look. */
static enum err_code open_look(struct all *a, struct err *e)
{
    const struct accounts_look_conf conf = {
        .options = a->options, .expected = is_expected, .done = on_looked, .ctx = a};

    return options_int(a->options, OPT_REDRIVE) != 0 ? OK : accounts_look_open(&a->look, &conf, e);
}

/* ---- --pull with --every: before each round, and what is loaded is told after it ---- */

static void on_pulled(void *ctx)
{
    struct all *a = ctx;

    account_turns_go(a->turns);
}

static bool before_round(void *ctx)
{
    struct all *a = ctx;

    if (a->pull == NULL)
        return false;
    if (remote_pull_is_busy(a->pull)) {
        a->wanted = true;
        return true;
    }
    return remote_pull_begin(a->pull, a->loop, true, on_pulled, a);
}

static void on_told(void *ctx)
{
    struct all *a = ctx;
    bool wanted = a->wanted;

    a->wanted = false;
    if (wanted && !before_round(a))
        account_turns_go(a->turns);
}

static void end_turn(void *ctx, size_t i, const struct options *o, const struct account_turn *turn)
{
    struct all *a = ctx;

    (void)o;
    account_news_ended(a->news, i, turn->code);
    account_monitor_ended(a->monitor, i, turn);
}

static bool is_due(void *ctx, size_t i, bool asked)
{
    const struct all *a = ctx;

    return account_news_is_due(a->news, i, asked);
}

static int end_round(void *ctx, int code)
{
    struct all *a = ctx;
    bool every = options_given(a->options, OPT_EVERY) && options_int(a->options, OPT_FOLLOW) == 0;

    if (every)
        (void)remote_pull_begin(a->pull, a->loop, false, on_told, a);
    if (a->pull != NULL)
        code = exit_graver(code, remote_pull_code(a->pull));
    return account_monitor_round(a->monitor, code);
}

/* What one process cannot do for all of them at once. */
static enum err_code check(const struct options *o, struct err *e)
{
    static const struct {
        enum option_id option;
        const char *name;
    } alone[] = {{OPT_CATALOG, "catalog"},
                 {OPT_LOADED, "--loaded"},
                 {OPT_DRY_RUN, "--dry-run"},
                 {OPT_REPLAY, "replay"}};

    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (options_int(o, alone[i].option) != 0)
            return accounts_name_one(o, alone[i].name, e);
    return OK;
}

/* Before the first round, and, where there is one only, after it. What fails there is no reason not to load what is there. */
static enum err_code run(struct all *a, const struct account_program *program, int *code,
                         struct err *e)
{
    const struct options *o = a->options;
    bool stays = options_given(o, OPT_EVERY) || options_int(o, OPT_FOLLOW) != 0;
    enum err_code rc = remote_pull_open(&a->pull, o, e);

    if (rc != OK)
        return rc;
    (void)remote_pull_now(a->pull);
    if (remote_pull_is_stopped(a->pull))
        return err_set(e, ERR_INTERRUPTED, "stopped while the spools were pulled");
    rc = account_turns_run(o, program, a, code, e);
    if (rc == OK && a->pull != NULL && !stays)
        *code = exit_graver(*code, remote_pull_tell(a->pull));
    return rc;
}

int all_accounts_load(const struct options *o)
{
    static const struct account_program program = {
        .counts = {"read", "inserted", "updated", "unchanged", "dead"},
        .open = open_run,
        .loop = loop_of,
        .stop = stop_run,
        .close = close_run,
        .begin = begin,
        .end = end,
        .due = is_due,
        .ready = is_ready,
        .before = before_round,
        .ended = end_turn,
        .round = end_round};
    struct all a = {.options = o};
    struct err e = ERR_INIT;
    int code = 0;

    options_setup_log(o);
    enum err_code rc = check(o, &e);
    if (rc == OK)
        rc = accounts_check_all(o, db_same_text, &e);
    if (rc == OK)
        rc = account_news_open(&a.news, o, &e);
    if (rc == OK)
        rc = open_look(&a, &e);
    if (rc == OK)
        rc = run(&a, &program, &code, &e);
    remote_pull_close(a.pull);
    account_news_close(a.news);
    accounts_look_close(a.look);
    account_monitor_close(a.monitor);
    if (rc == OK)
        return code;
    LOG(LOG_ERROR, "stopped", "netty-load cannot go on", F_ERR(&e));
    return err_exit(rc);
}

#include "load/cli/all_accounts.h"
#include "load/address/db_same.h"
#include "load/cli/account_load.h"
#include "shared/log/log.h"
#include "spool/store/accounts.h"

static enum err_code open_run(void **run, void *ctx, const struct options *o, unsigned jobs,
                              struct err *e)
{
    struct account_load *a = NULL;
    enum err_code rc = account_load_open(&a, o, jobs, e);

    (void)ctx;
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

/* What one process cannot do for all of them at once. */
static enum err_code check(const struct options *o, struct err *e)
{
    static const struct {
        enum option_id option;
        const char *name;
    } alone[] = {{OPT_CHECK, "doctor"},      {OPT_CATALOG, "catalog"}, {OPT_LOADED, "--loaded"},
                 {OPT_DRY_RUN, "--dry-run"}, {OPT_REPLAY, "replay"},   {OPT_FOLLOW, "--follow"}};

    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (options_int(o, alone[i].option) != 0)
            return accounts_name_one(o, alone[i].name, e);
    if (options_given(o, OPT_METRICS_FILE) ||
        (options_given(o, OPT_LISTEN) && options_given(o, OPT_EVERY)))
        return accounts_name_one(o, "--metrics-file or --listen", e);
    return OK;
}

int all_accounts_load(const struct options *o)
{
    static const struct account_program program = {
        .counts = {"read", "inserted", "updated", "unchanged", "dead"},
        .open = open_run,
        .loop = loop_of,
        .stop = stop_run,
        .close = close_run};
    struct err e = ERR_INIT;
    int code = 0;

    options_setup_log(o);
    enum err_code rc = check(o, &e);
    if (rc == OK)
        rc = accounts_check_all(o, db_same_text, &e);
    if (rc == OK)
        rc = account_turns_run(o, &program, NULL, &code, &e);
    if (rc == OK)
        return code;
    LOG(LOG_ERROR, "stopped", "netty-load cannot go on", F_ERR(&e));
    return err_exit(rc);
}

#include "spool/host/host_failures.h"

#include "shared/log/log.h"

bool host_failure_is_all(enum err_code rc)
{
    return rc == ERR_NOMEM || rc == ERR_INTERRUPTED;
}

static bool is_graver(enum err_code than, enum err_code rc)
{
    return exit_graver(err_exit(than), err_exit(rc)) != err_exit(than);
}

static void log_failure(enum host_work work, const struct err *why)
{
    switch (work) {
    case HOST_PUSH:
        LOG(LOG_ERROR, "push", "the account is left out: its part comes with a later object",
            F_ERR(why));
        break;
    case HOST_PULL:
        LOG(LOG_ERROR, "pull",
            "the account's part could not be taken: it stays behind, and is tried again by the "
            "next pull",
            F_ERR(why));
        break;
    case HOST_TELL:
        LOG(LOG_ERROR, "back", "what is loaded of the account is not told", F_ERR(why));
        break;
    case HOST_TAKE:
        LOG(LOG_ERROR, "back", "what is loaded of the account elsewhere is not known here",
            F_ERR(why));
        break;
    }
}

void host_failure(struct host_failures *f, const char *account, const struct err *why)
{
    const char *before = log_account_now();
    log_account(account);
    log_failure(f->work, why);
    log_account(before);
    if (f->count++ == 0 || is_graver(f->worst.code, why->code)) {
        f->worst = *why;
        (void)err_prefix(&f->worst, "account %s", account);
    }
}

enum err_code host_failures_end(const struct host_failures *f, enum err_code rc, struct err *e)
{
    if (f->count == 0 || (rc != OK && !is_graver(rc, f->worst.code)))
        return rc;
    *e = f->worst;
    return f->worst.code;
}

#include "spool/ship/pull_round.h"

#include "shared/log/log.h"
#include "spool/back/back.h"
#include "spool/host/host_back.h"
#include "spool/host/host_pull.h"
#include "spool/remote/pull.h"

static enum err_code judge(enum err_code rc, struct err *e)
{
    if (rc != ERR_DENIED)
        return rc;
    LOG(LOG_WARN, "back", "the extractor's machine is not told what is loaded", F_ERR(e));
    *e = (struct err)ERR_INIT;
    return OK;
}

enum err_code pull_round_all_back(const char *dir, const struct remote *r, struct err *e)
{
    bool put;
    return judge(host_back_put(dir, r, &put, e), e);
}

enum err_code pull_round_back(const char *dir, const struct remote *r, struct err *e)
{
    struct spool *spool = NULL;
    bool put;
    enum err_code rc = spool_open(&spool, dir, SPOOL_LOOK, e);
    if (rc == OK)
        rc = back_put(spool, r, &put, e);
    spool_close(spool);
    return judge(rc, e);
}

enum err_code pull_round(const char *dir, const struct remote *r, struct ship_report *report,
                         struct err *e)
{
    enum err_code rc = pull_run(dir, r, report, e);
    return rc == OK ? pull_round_back(dir, r, e) : rc;
}

enum err_code pull_round_all(const char *dir, const struct remote *r, struct ship_report *report,
                             struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = host_pull_run(dir, r, report, e);
    if (report->last == 0 || rc == ERR_INTERRUPTED || rc == ERR_UNAVAILABLE)
        return rc;
    /* Where some account, or an object, stops the pull, what is loaded is told all the same. */
    enum err_code told = pull_round_all_back(dir, r, &why);
    if (rc == OK && told != OK)
        *e = why;
    return rc == OK ? told : rc;
}

void pull_round_tell(const struct ship_report *report, enum err_code rc, const struct err *why)
{
    if (rc == ERR_NO_SPOOL)
        LOG(LOG_INFO, "pull", "nothing to pull yet", F_ERR(why));
    else if (rc != OK)
        LOG(LOG_ERROR, "pull", "the pull did not do all that was asked", F_ERR(why));
    if (report->objects > 0)
        LOG(LOG_INFO, "pull", "pulled", F_INT("objects", report->objects),
            F_INT("pages", report->pages), F_INT("bytes", report->bytes),
            F_INT("last", report->last));
}

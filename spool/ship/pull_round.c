#include "spool/ship/pull_round.h"

#include "shared/log/log.h"
#include "spool/back/back.h"
#include "spool/remote/pull.h"

enum err_code pull_round_back(const char *dir, const struct remote *r, struct err *e)
{
    struct spool *spool = NULL;
    bool put;
    enum err_code rc = spool_open(&spool, dir, SPOOL_LOOK, e);
    if (rc == OK)
        rc = back_put(spool, r, &put, e);
    spool_close(spool);
    if (rc != ERR_DENIED)
        return rc;
    LOG(LOG_WARN, "back", "the extractor's machine is not told what is loaded", F_ERR(e));
    *e = (struct err)ERR_INIT;
    return OK;
}

enum err_code pull_round(const char *dir, const struct remote *r, struct ship_report *report,
                         struct err *e)
{
    enum err_code rc = pull_run(dir, r, report, e);
    return rc == OK ? pull_round_back(dir, r, e) : rc;
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

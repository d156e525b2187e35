#include "load/cli/spool_wait.h"

#include "shared/log/log.h"
#include "shared/time/when.h"
#include <signal.h>

/* A signal to stop has come within a second. */
static bool stopped_meanwhile(void)
{
    const struct timespec second = {.tv_sec = 1};
    sigset_t stop;
    sigset_t before;

    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGTERM);
    (void)sigaddset(&stop, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &stop, &before);
    bool stopped = sigtimedwait(&stop, NULL, &second) > 0;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return stopped;
}

/* --follow: the folder's identity may be still on its way, as the last of a copy's files, or yet to be pulled. */
enum err_code spool_wait_open(struct spool **s, const struct options *o, enum spool_mode mode,
                              struct remote_pull *pull, struct err *e)
{
    const char *dir = options_text(o, OPT_SPOOL);
    int64_t pulled = when_tick();
    bool told = false;
    enum err_code rc;

    while ((rc = spool_open(s, dir, mode, e)) == ERR_NO_SPOOL && options_int(o, OPT_FOLLOW) != 0) {
        if (!told)
            LOG(LOG_WARN, "no-spool", "there is no spool yet; it is waited for",
                F_STR("spool", dir));
        told = true;
        if (stopped_meanwhile() || remote_pull_is_stopped(pull))
            return err_set(e, ERR_INTERRUPTED, "stopped while there was no spool yet");
        if (when_tick() - pulled >= remote_pull_interval(pull)) {
            (void)remote_pull_now(pull);
            pulled = when_tick();
        }
    }
    return rc;
}

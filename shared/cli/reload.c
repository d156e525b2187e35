#include "shared/cli/reload.h"
#include "shared/files/terminal.h"
#include "shared/log/log.h"
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SELF "/proc/self/exe"
#define LEFT "_NETTY_LEFT"

static struct {
    enum program program;
    int argc;
    char **argv;
    char path[PATH_MAX]; /* of the program's file, as it was when the program began */
    bool wanted;
} again;

void reload_open(enum program program, int argc, char **argv)
{
    again.program = program;
    again.argc = argc;
    again.argv = argv;
    ssize_t n = readlink(SELF, again.path, sizeof again.path - 1);
    again.path[n > 0 ? n : 0] = '\0';
}

/* Are the settings good enough to begin anew with? */
static bool judge(void)
{
    struct options *o = NULL;
    struct err e = ERR_INIT;
    if (options_read(&o, again.program, again.argc, again.argv, &e) != OK) {
        LOG(LOG_ERROR, "reload", "the settings are wrong, and those from before stay in force",
            F_ERR(&e));
        return false;
    }
    options_free(o);
    LOG0(LOG_INFO, "reload", "settings and secrets are read anew, after what is under way");
    again.wanted = true;
    return true;
}

void reload_watch(struct stop_signals *s)
{
    if (!terminal_there())
        stop_signals_on_hang_up(s, judge);
}

bool reload_wanted(void)
{
    return again.wanted;
}

void reload_leave(const char *text)
{
    if (setenv(LEFT, text, 1) != 0)
        LOG0(LOG_WARN, "reload", "out of memory: what was done once is done once more");
}

const char *reload_left(void)
{
    const char *text = getenv(LEFT);
    return text != NULL ? text : "";
}

void reload_now(void)
{
    sigset_t hang_up;
    (void)fflush(NULL);
    /* SIGHUP is blocked until the new program watches for signals (stop_signals_open). It is no longer ignored. */
    (void)sigemptyset(&hang_up);
    (void)sigaddset(&hang_up, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &hang_up, NULL);
    (void)signal(SIGHUP, SIG_DFL);
    (void)execv(again.path, again.argv);
    if (errno == ENOENT) /* removed or replaced since: the file that runs is still there */
        (void)execv(SELF, again.argv);
    LOG(LOG_ERROR, "reload", "the program cannot be begun anew", F_STR("error", strerror(errno)));
}

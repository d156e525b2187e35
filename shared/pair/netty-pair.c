/*
 * netty-pair: runs `netty-extract --every 10m` beside `netty-load --follow`, for a container, which is
 * one process to start and to stop, with one exit code.
 *
 *     At the start: `netty-load catalog` runs once, so that an extractor without a list of tables finds
 *     the database's list. Then both programs are started.
 *
 *     SIGHUP is passed on to both, which read settings and secrets anew. A program that waits to be
 *     started again is started at once. With a terminal, SIGHUP means that the terminal has gone, and
 *     stops both.
 *
 *     SIGTERM and SIGINT are passed on to both as SIGTERM; a second one ends them at once. netty-pair
 *     ends when both have ended, with the gravest of their codes (75: interrupted).
 *
 *     A program ends for a reason that passes (database or API away, disk full, killed): it is started
 *     again after 1 s, 2 s, 4 s ... 5 min. The other program goes on. So a night without the database
 *     does not use up the few restarts that a platform allows a container.
 *
 *     The extractor knows no table (64) because the list could not be written while the database was
 *     away: `netty-load catalog` is tried again after the same pauses, and the extractor waits for it.
 *
 *     A program ends for a reason that a person must mend (64, 73, 77, 78): the other program is
 *     stopped, and netty-pair ends with that code, so that the container shows it.
 *
 * Only the loader gets NETTY_LISTEN, because two programs cannot share one port. What it shows is read
 * from the spool, where both programs record their runs. Two programs cannot write one file either, so
 * NETTY_METRICS_FILE becomes two: DIR/netty.prom becomes DIR/netty-extract.prom and DIR/netty-load.prom.
 *
 * As process 1 it also reaps processes that others have left behind. The programs take their settings
 * from the environment; NETTY_EVERY is 10m where it is not set. The programs are found by PATH.
 */
#include "shared/base/err.h"
#include "shared/files/terminal.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DELAY_FIRST (1 * WHEN_SECOND)
#define DELAY_MOST  (300 * WHEN_SECOND)
#define STEADY      (600 * WHEN_SECOND) /* after a run as long as this the first delay counts again */
#define NAME_MOST   4096                /* of a file */

struct child {
    const char *const *argv;
    pid_t pid;       /* 0: does not run */
    int64_t started; /* by the clock that never jumps, as the next */
    int64_t due;     /* when it is to be started; 0: not at all */
    int64_t delay;
};

static const char *const catalog_argv[] = {"netty-load", "catalog", NULL};
static const char *const extract_argv[] = {"netty-extract", "--json", NULL};
static const char *const load_argv[] = {"netty-load", "--follow", "--json", NULL};

enum {
    CATALOG,
    EXTRACT,
    LOAD,
    CHILDREN
};

struct pair {
    struct child children[CHILDREN];
    sigset_t signals; /* that are waited for, and blocked */
    bool stopping;
    bool begun;        /* the extractor and the loader were started */
    bool uncatalogued; /* the catalog could not be written, for a reason that passes */
    bool waits;        /* the extractor waits for the catalog */
    int code;          /* the gravest so far */
};

static int64_t now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * WHEN_SECOND + t.tv_nsec / 1000;
}

/* Sets the child's own file of metrics. A name that is too long is passed on, and the child refuses it. */
static void name_metrics(const struct child *c)
{
    const char *file = getenv("NETTY_METRICS_FILE");
    const char *side = c->argv == extract_argv ? "-extract" : "-load";
    char name[NAME_MOST];
    if (file == NULL || file[0] == 0)
        return;
    if (c->argv == catalog_argv) {
        (void)unsetenv("NETTY_METRICS_FILE");
        return;
    }
    const char *slash = strrchr(file, '/');
    const char *base = slash != NULL ? slash + 1 : file;
    const char *dot = strrchr(base, '.');
    int stem = (int)(dot != NULL && dot != base ? dot - file : (ptrdiff_t)strlen(file));
    int n =
        base[0] == 0 ? -1 : snprintf(name, sizeof name, "%.*s%s%s", stem, file, side, file + stem);
    if (n > 0 && (size_t)n < sizeof name)
        (void)setenv("NETTY_METRICS_FILE", name, 1);
}

/* In the forked child: executes the program. Never returns. */
static void become(const struct child *c, pid_t parent)
{
    sigset_t mask;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    /* SIGHUP is blocked until the program listens for it; before that SIGHUP would end the program. */
    (void)sigemptyset(&mask);
    if (c->argv != catalog_argv)
        (void)sigaddset(&mask, SIGHUP);
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
    /* Without a process group of its own the child would get a terminal's ^C twice, once from netty-pair, and the second signal
     * ends it at once. */
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(75);
    if (null >= 0)
        (void)dup2(null, STDIN_FILENO);
    if (c->argv != load_argv)
        (void)unsetenv("NETTY_LISTEN");
    name_metrics(c);
    (void)execvp(c->argv[0], (char *const *)c->argv);
    _exit(errno == ENOENT ? 78 : 70);
}

static void start(struct child *c)
{
    pid_t self = getpid();
    c->due = 0;
    c->started = now();
    c->pid = fork();
    if (c->pid == 0)
        become(c, self);
    if (c->pid < 0) {
        c->pid = 0;
        c->delay = c->delay == 0 ? DELAY_FIRST : c->delay;
        c->due = c->started + c->delay;
        LOG(LOG_ERROR, "start", "a process cannot be made; it is tried again",
            F_STR("child", c->argv[0]), F_STR("error", strerror(errno)));
        return;
    }
    LOG(LOG_INFO, "start", "started", F_STR("child", c->argv[0]), F_INT("pid", c->pid));
}

static void stop_all(struct pair *p)
{
    p->stopping = true;
    for (int i = 0; i < CHILDREN; i++) {
        p->children[i].due = 0;
        if (p->children[i].pid != 0)
            (void)kill(p->children[i].pid, SIGTERM);
    }
}

/* Passes SIGHUP on. `netty-load catalog` does not need it: it has just read its settings and ends soon. */
static void reload_all(struct pair *p)
{
    for (int i = 0; i < CHILDREN; i++) {
        struct child *c = &p->children[i];
        if (c->pid != 0 && i != CATALOG)
            (void)kill(c->pid, SIGHUP);
        if (c->due != 0)
            c->due = now();
    }
}

static bool needs_a_person(int code)
{
    return code == 64 || code == 73 || code == 77 || code == 78;
}

static void start_later(struct child *c, int64_t at)
{
    if (at - c->started > STEADY || c->delay == 0)
        c->delay = DELAY_FIRST;
    else
        c->delay = c->delay * 2 < DELAY_MOST ? c->delay * 2 : DELAY_MOST;
    c->due = at + c->delay;
    LOG(LOG_WARN, "restart", "it is started again after a pause", F_STR("child", c->argv[0]),
        F_SECONDS_AND_MS("wait_seconds", "wait_ms", c->delay));
}

/* Did the extractor end because it knows no table, while the list of tables could not be written? Then it waits for that
 * list, and so for the database. */
static bool lacks_tables(const struct pair *p, int i, int code)
{
    return i == EXTRACT && code == 64 && p->uncatalogued;
}

static void catalog_ended(struct pair *p, int code, int64_t at)
{
    p->uncatalogued = code == 69 || code == 75;
    if (p->waits && p->uncatalogued) {
        start_later(&p->children[CATALOG], at);
        return;
    }
    if (!p->begun || p->waits)
        start(&p->children[EXTRACT]);
    if (!p->begun)
        start(&p->children[LOAD]);
    p->begun = true;
    p->waits = false;
}

static void go_on(struct pair *p, int i, int code, int64_t at)
{
    if (i == CATALOG) {
        catalog_ended(p, code, at);
    } else if (lacks_tables(p, i, code)) {
        p->waits = true;
        start_later(&p->children[CATALOG], at);
    } else {
        start_later(&p->children[i], at);
    }
}

static void ended(struct pair *p, int i, int status)
{
    struct child *c = &p->children[i];
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    int64_t at = now();
    bool grave = needs_a_person(code) && !lacks_tables(p, i, code);
    c->pid = 0;
    LOG(p->stopping || code == 0 ? LOG_INFO
        : grave                  ? LOG_ERROR
                                 : LOG_WARN,
        "ended", "ended", F_STR("child", c->argv[0]), F_INT("code", code),
        F_SECONDS_AND_MS("seconds", "ms", at - c->started));
    if (p->stopping || grave) {
        p->code = exit_graver(p->code, code);
        if (!p->stopping)
            stop_all(p);
    } else {
        go_on(p, i, code, at);
    }
}

/* Reaps every process that has ended: the children, and those that are left to process 1. */
static void reap(struct pair *p)
{
    pid_t pid;
    int status = 0;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < CHILDREN; i++)
            if (p->children[i].pid == pid)
                ended(p, i, status);
}

/* Starts the children that are due. Returns the time until the next one is due, or a long time. */
static int64_t start_due(struct pair *p)
{
    int64_t wait = DELAY_MOST;
    for (int i = 0; i < CHILDREN; i++) {
        struct child *c = &p->children[i];
        if (c->due != 0 && c->due <= now())
            start(c);
        if (c->due != 0 && c->due - now() < wait)
            wait = c->due - now();
    }
    return wait > 0 ? wait : 0;
}

static bool is_any_left(const struct pair *p)
{
    for (int i = 0; i < CHILDREN; i++)
        if (p->children[i].pid != 0)
            return true;
    return false;
}

static void run(struct pair *p)
{
    while (!p->stopping || is_any_left(p)) {
        int64_t wait = start_due(p);
        struct timespec limit = {.tv_sec = (time_t)(wait / WHEN_SECOND),
                                 .tv_nsec = (long)(wait % WHEN_SECOND) * 1000};
        int signal = sigtimedwait(&p->signals, NULL, &limit);
        if (signal == SIGCHLD) {
            reap(p);
        } else if (signal == SIGHUP && !p->stopping && !terminal_there()) {
            LOG0(LOG_INFO, "reload", "both programs read settings and secrets anew");
            reload_all(p);
        } else if (signal > 0) {
            LOG0(LOG_INFO, "stopping", "asked to stop; both programs finish what is under way");
            p->code = exit_graver(p->code, 75);
            stop_all(p);
        }
    }
}

int main(void)
{
    struct pair p = {.children = {[CATALOG] = {.argv = catalog_argv},
                                  [EXTRACT] = {.argv = extract_argv},
                                  [LOAD] = {.argv = load_argv}}};
    const char *format = getenv("NETTY_LOG_FORMAT");
    log_setup("netty-pair", format != NULL && strcmp(format, "json") == 0 ? LOG_JSON : LOG_TEXT,
              LOG_INFO);
    (void)sigemptyset(&p.signals);
    (void)sigaddset(&p.signals, SIGCHLD);
    (void)sigaddset(&p.signals, SIGTERM);
    (void)sigaddset(&p.signals, SIGINT);
    (void)sigaddset(&p.signals, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &p.signals, NULL) != 0 || setenv("NETTY_EVERY", "10m", 0) != 0)
        return 70;
    start(&p.children[CATALOG]);
    run(&p);
    return p.code;
}

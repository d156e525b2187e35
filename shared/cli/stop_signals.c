#include "shared/cli/stop_signals.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
#define SIGNALS (sizeof signals / sizeof signals[0])

struct stop_signals {
    uv_signal_t handles[SIGNALS + 1]; /* and SIGUSR1's */
    size_t open;                      /* handles that the loop knows and has not closed yet */
    bool requested;
    bool closing;
    stop_signals_fn *fn;
    void *ctx;
    stop_signals_judge_fn *judge; /* of SIGHUP, or NULL */
    stop_signals_fn *user;        /* of SIGUSR1, or NULL */
    void *user_ctx;
};

static void end_now(int signal)
{
    (void)signal;
    _exit(75); /* err_exit(ERR_INTERRUPTED), but callable in a signal handler */
}

/* From now on SIGINT and SIGTERM end the process even if the loop never turns again. SIGHUP does not: the kernel and the
 * shell both send one when a terminal goes, so a second SIGHUP is no sign of impatience. */
static void go_past_loop(void)
{
    struct sigaction action = {.sa_handler = end_now};
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNALS; i++) {
        action.sa_handler = signals[i] == SIGHUP ? SIG_IGN : end_now;
        if (sigaction(signals[i], &action, NULL) != 0)
            break; /* the loop's handler stays, and does the same a little later */
    }
}

static void on_signal(uv_signal_t *handle, int signal)
{
    struct stop_signals *s = handle->data;
    if (signal == SIGUSR1) {
        if (!s->requested)
            s->user(s->user_ctx);
        return;
    }
    if (s->requested && signal != SIGHUP)
        end_now(signal);
    if (s->requested || (signal == SIGHUP && s->judge != NULL && !s->judge()))
        return;
    s->requested = true;
    go_past_loop();
    s->fn(s->ctx);
}

static void on_closed(uv_handle_t *handle)
{
    struct stop_signals *s = handle->data;
    if (--s->open == 0)
        free(s);
}

void stop_signals_close(struct stop_signals *s)
{
    if (s == NULL || s->closing)
        return;
    s->closing = true;
    size_t n = s->open;
    /* Closing restores the signals' default actions, which would end the rest of the program with another exit code. */
    sigset_t ours;
    sigset_t before;
    (void)sigemptyset(&ours);
    for (size_t i = 0; i < SIGNALS; i++)
        (void)sigaddset(&ours, signals[i]);
    bool held = pthread_sigmask(SIG_BLOCK, &ours, &before) == 0;
    for (size_t i = 0; i < n; i++)
        uv_close((uv_handle_t *)&s->handles[i], on_closed);
    go_past_loop();
    if (held)
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (n == 0)
        free(s);
}

/* nohup has the program ignore SIGHUP, so that it outlives its terminal. */
static bool hang_up_ignored(void)
{
    struct sigaction now;
    return sigaction(SIGHUP, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void stop_signals_on_hang_up(struct stop_signals *s, stop_signals_judge_fn *fn)
{
    s->judge = fn;
}

bool stop_signals_asked(const struct stop_signals *s)
{
    return s->requested;
}

static int watch(struct stop_signals *s, uv_loop_t *loop, int signal)
{
    uv_signal_t *handle = &s->handles[s->open];
    int rc = uv_signal_init(loop, handle);
    if (rc != 0)
        return rc;
    handle->data = s;
    s->open++;
    rc = uv_signal_start(handle, on_signal, signal);
    uv_unref((uv_handle_t *)handle);
    return rc;
}

enum err_code stop_signals_on_user(struct stop_signals *s, stop_signals_fn *fn, void *ctx,
                                   struct err *e)
{
    s->user = fn;
    s->user_ctx = ctx;
    int rc = watch(s, s->handles[0].loop, SIGUSR1);
    return rc == 0 ? OK : err_set(e, ERR_INTERNAL, "cannot watch for signals: %s", uv_strerror(rc));
}

enum err_code stop_signals_open(struct stop_signals **s, uv_loop_t *loop, stop_signals_fn *fn,
                                void *ctx, struct err *e)
{
    *s = NULL;
    struct stop_signals *made = calloc(1, sizeof *made);
    if (made == NULL)
        return err_set(e, ERR_NOMEM, "signals: out of memory");
    made->fn = fn;
    made->ctx = ctx;
    for (size_t i = 0; i < SIGNALS; i++) {
        if (signals[i] == SIGHUP && hang_up_ignored())
            continue;
        int rc = watch(made, loop, signals[i]);
        if (rc != 0) {
            stop_signals_close(made);
            return err_set(e, ERR_INTERNAL, "cannot watch for signals: %s", uv_strerror(rc));
        }
    }
    /* SIGHUP was blocked while the program began anew (reload_now). */
    sigset_t hang_up;
    (void)sigemptyset(&hang_up);
    (void)sigaddset(&hang_up, SIGHUP);
    (void)pthread_sigmask(SIG_UNBLOCK, &hang_up, NULL);
    *s = made;
    return OK;
}

#include "load/command/session_thread.h"
#include "shared/log/log.h"
#include <stdlib.h>

struct session_thread {
    uv_work_t job;
    uv_loop_t loop;  /* the thread's, and */
    uv_async_t wake; /* what ends its waiting */
    struct session *session;
    session_thread_work_fn *work;
    session_thread_done_fn *done;
    void *ctx;
    const char *account; /* that it is begun for, or NULL */
};

static void on_wake(uv_async_t *wake)
{
    struct session_thread *t = wake->data;

    session_stop(t->session);
}

/* Makes the thread's loop before the thread, so that the thread can be woken at any time. */
static enum err_code open_loop(struct session_thread *t, struct err *e)
{
    if (uv_loop_init(&t->loop) != 0)
        return err_set(e, ERR_INTERNAL, "cannot make an event loop");
    if (uv_async_init(&t->loop, &t->wake, on_wake) != 0) {
        (void)uv_loop_close(&t->loop);
        return err_set(e, ERR_INTERNAL, "cannot make an event loop");
    }
    t->wake.data = t;
    return OK;
}

static void release(struct session_thread *t)
{
    session_close(t->session);
    uv_close((uv_handle_t *)&t->wake, NULL);
    (void)uv_run(&t->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&t->loop);
    free(t);
}

static void in_thread(uv_work_t *job)
{
    struct session_thread *t = job->data;

    log_account(t->account);
    t->work(t->ctx, t->session);
    log_account(NULL); /* the thread has other work after this */
}

static void after_thread(uv_work_t *job, int status)
{
    struct session_thread *t = job->data;
    session_thread_done_fn *done = t->done;
    void *ctx = t->ctx;

    (void)status;
    release(t);
    done(ctx);
}

enum err_code session_thread_start(struct session_thread **out, uv_loop_t *loop,
                                   const char *conninfo, const struct backoff *backoff,
                                   session_thread_work_fn *work, session_thread_done_fn *done,
                                   void *ctx, struct err *e)
{
    struct session_thread *t = calloc(1, sizeof *t);
    enum err_code rc;

    if (t == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    if ((rc = open_loop(t, e)) != OK) {
        free(t);
        return rc;
    }
    t->work = work;
    t->done = done;
    t->ctx = ctx;
    t->account = log_account_now();
    t->job.data = t;
    rc = session_open(&t->session, &t->loop, conninfo, backoff, e);
    if (rc == OK && uv_queue_work(loop, &t->job, in_thread, after_thread) != 0)
        rc = err_set(e, ERR_INTERNAL, "cannot begin a thread");
    if (rc != OK)
        release(t);
    else
        *out = t;
    return rc;
}

void session_thread_stop(struct session_thread *t)
{
    (void)uv_async_send(&t->wake);
}

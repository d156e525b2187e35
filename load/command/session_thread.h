/*
 * A session (session.h) in a thread of its own, beside the loop: for work with calls that wait, while the loop goes on loading.
 *
 *     session_thread_start(&t, loop, conninfo, &backoff, work, done, ctx, e);
 *         work(ctx, session)            // once, in the thread
 *     session_thread_stop(t);           // from the loop: session_stop
 *         done(ctx)                     // once, from the loop, after work has returned; t is gone then
 *
 * Between start and done, only the thread may touch what ctx points to. If start fails, nothing is called, and ctx stays the caller's. The
 * thread owns the session and its connection.
 */
#ifndef NETTY_LOAD_COMMAND_SESSION_THREAD_H
#define NETTY_LOAD_COMMAND_SESSION_THREAD_H

#include "load/command/session.h"

struct session_thread;
typedef void session_thread_work_fn(void *ctx, struct session *s);
typedef void session_thread_done_fn(void *ctx);

/* conninfo NULL: libpq's environment. */
enum err_code session_thread_start(struct session_thread **t, uv_loop_t *loop, const char *conninfo,
                                   const struct backoff *backoff, session_thread_work_fn *work,
                                   session_thread_done_fn *done, void *ctx,
                                   struct err *e) MUST_CHECK;
void session_thread_stop(struct session_thread *t);

#endif

/*
 * The spacing of requests, over all tables and all processes of one spool.
 *
 * A request waits for its turn. Turns are given in the order asked, each at least 1/rate second after the one before,
 * whichever process had that one. The time of the next turn stands in <spool>/pace, read and written under an flock
 * that is never waited for on the loop. The file need not be durable: if it is lost or damaged, one turn comes too early.
 *
 *     rate_limit_open(&p, loop, spool_dir(s), 3, e);
 *     rate_limit_ask(p, &turn, go, ctx);        // go(ctx) is called once, from the loop, never from within this call
 *     rate_limit_cancel(p, &turn);              // the turn is no longer wanted; harmless if none was asked for
 */
#ifndef NETTY_EXTRACT_API_RATE_LIMIT_H
#define NETTY_EXTRACT_API_RATE_LIMIT_H

#include "shared/base/err.h"
#include <stdint.h>
#include <uv.h>

#define RATE_LIMIT_FILE "pace"

struct rate_limit;

/* The caller's memory, all zero before the first use. It must not move while it waits. */
typedef void rate_limit_fn(void *ctx);
struct rate_limit_turn {
    rate_limit_fn *go;
    void *ctx;
    bool waiting;
    struct rate_limit_turn *next;
};

/* rate is in turns a second. With 0 every turn comes at once, and there is no file. */
enum err_code rate_limit_open(struct rate_limit **p, uv_loop_t *loop, const char *dir,
                              unsigned rate, struct err *e) MUST_CHECK;
/* Drops all waiting turns. The memory is freed once the loop has closed the timer. */
void rate_limit_close(struct rate_limit *p);

void rate_limit_ask(struct rate_limit *p, struct rate_limit_turn *turn, rate_limit_fn *go,
                    void *ctx);
void rate_limit_cancel(struct rate_limit *p, struct rate_limit_turn *turn);

/* Takes a turn now and returns 0, or returns how long to wait before asking again, in microseconds. now is the wall
 * clock. For tests; rate_limit_ask does the waiting. */
int64_t rate_limit_take(struct rate_limit *p, int64_t now);

#endif

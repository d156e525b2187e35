/*
 * The spacing of requests, over all tables and all processes of one spool.
 *
 * Turns are given in the order asked, each at least 1/rate second after the one before, whichever
 * process that had it. The time of the next turn stands in <spool>/pace, read and written under an
 * flock that is never waited for on the loop. The file needs no durability: lost or garbled, it
 * costs one turn given early.
 *
 *     pace_open(&p, loop, spool_dir(s), 3, e);
 *     pace_ask(p, &turn, go, ctx);        // go(ctx) is called once, from the loop, never from
 * within pace_forget(p, &turn);              // no longer wanted; nothing happens if it was not
 * asked for
 */
#ifndef NETTY_EXTRACT_API_RATE_LIMIT_H
#define NETTY_EXTRACT_API_RATE_LIMIT_H

#include "shared/base/err.h"
#include <stdint.h>
#include <uv.h>

#define PACE_FILE "pace"

struct pace;

/* The caller's memory, all zero before the first use; it stays where it is while it waits. */
typedef void pace_fn(void *ctx);
struct pace_turn {
    pace_fn *go;
    void *ctx;
    bool waiting;
    struct pace_turn *next;
};

/* rate: turns a second; 0: as soon as asked, and no file. */
enum err_code pace_open(struct pace **p, uv_loop_t *loop, const char *dir, unsigned rate,
                        struct err *e) MUST_CHECK;
/* Forgets all who wait; the memory goes when the loop has closed the timer. */
void pace_close(struct pace *p);

void pace_ask(struct pace *p, struct pace_turn *turn, pace_fn *go, void *ctx);
void pace_forget(struct pace *p, struct pace_turn *turn);

/* Takes a turn now (0), or how long to wait before asking again, in microseconds. now is the wall
 * clock. */
int64_t pace_take(struct pace *p, int64_t now);

#endif

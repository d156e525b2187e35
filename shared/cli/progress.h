/*
 * How far a program is, on standard error. On a terminal: a line for each table at work, drawn again twice a second, within the
 * terminal's width and height. In a pipe: a line of the log a minute for each of them, at level info.
 *
 *     progress_open(&p, loop, terminal, each, ctx, e);
 *     progress_clear(p);      // before anything else is written to a terminal
 *     progress_close(p);
 *
 * What is told is so much of how much, the rate, and the time left as these two make it; where nobody knows how much there is,
 * neither it nor the time left is told. `each` calls see(to, &row) for each table at work; a row lives until see returns.
 */
#ifndef NETTY_SHARED_CLI_PROGRESS_H
#define NETTY_SHARED_CLI_PROGRESS_H

#include "shared/base/err.h"
#include <stdint.h>
#include <uv.h>

struct progress_row {
    const char *name;
    const char *unit;  /* "records", "pages" */
    uint64_t done;     /* so far, */
    uint64_t of;       /* of about so many; 0: not known */
    uint64_t now;      /* of done, in this run */
    int64_t elapsed;   /* of this run; microseconds */
    uint64_t bytes;    /* so far, */
    uint64_t bytes_of; /* of so many; 0: not told */
    int64_t reached;   /* up to this time; or WHEN_NONE */
};

typedef void progress_see_fn(void *to, const struct progress_row *row);
typedef void progress_each_fn(void *ctx, progress_see_fn *see, void *to);

struct progress;
enum err_code progress_open(struct progress **p, uv_loop_t *loop, bool terminal,
                            progress_each_fn *each, void *ctx, struct err *e) MUST_CHECK;
/* Both take NULL. */
void progress_clear(struct progress *p);
void progress_close(struct progress *p);

#endif

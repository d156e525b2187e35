/*
 * Shows how far a program is, on standard error. On a terminal: a line for each table at work, drawn again twice a second,
 * within the terminal's width and height. Otherwise: a log line a minute for each of these tables, at level info.
 *
 *     progress_open(&p, loop, terminal, each, ctx, e);
 *     progress_clear(p);      // before anything else is written to a terminal
 *     progress_close(p);
 *
 * A line says how much of how much is done, the rate, and the time left that follows from the two. When the whole is not
 * known, the line has neither the whole nor the time left. `each` calls see(to, &row) for each table at work; a row needs to
 * live until see returns.
 */
#ifndef NETTY_SHARED_CLI_PROGRESS_H
#define NETTY_SHARED_CLI_PROGRESS_H

#include "shared/base/err.h"
#include <stdint.h>
#include <uv.h>

struct progress_row {
    const char *name;
    const char *unit;  /* "records", "pages" */
    uint64_t done;     /* units done so far, in all runs */
    uint64_t of;       /* how many there are, about; 0: not known */
    uint64_t now;      /* the part of done that this run did */
    int64_t elapsed;   /* how long this run has taken, microseconds */
    uint64_t bytes;    /* bytes done so far */
    uint64_t bytes_of; /* how many bytes there are; 0: bytes are not shown */
    int64_t reached;   /* the table is complete up to this time; WHEN_NONE: not shown */
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

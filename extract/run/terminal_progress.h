/*
 * On a terminal: a line a running table on standard error, drawn again twice a second: records,
 * rate, how far in time, and about how long it will take. Whoever writes something else to standard
 * error calls progress_clear first.
 */
#ifndef NETTY_EXTRACT_RUN_TERMINAL_PROGRESS_H
#define NETTY_EXTRACT_RUN_TERMINAL_PROGRESS_H

#include "extract/metrics/fetch_counts.h"
#include <uv.h>

struct progress;

/* NULL when memory is short: then there is none. The run is borrowed. */
struct progress *progress_open(uv_loop_t *loop, fetch_each_fn *each, const void *run);
/* Both take NULL. */
void progress_clear(struct progress *p);
void progress_close(struct progress *p);

#endif

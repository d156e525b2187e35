/*
 * On a terminal: a line a running table on standard error, drawn again twice a second: records,
 * rate, how far in time, and about how long it will take. Whoever writes something else to standard
 * error calls terminal_progress_clear first.
 */
#ifndef NETTY_EXTRACT_RUN_TERMINAL_PROGRESS_H
#define NETTY_EXTRACT_RUN_TERMINAL_PROGRESS_H

#include "extract/metrics/fetch_counts.h"
#include <uv.h>

struct terminal_progress;

/* NULL when memory is short: then there is none. The run is borrowed. */
struct terminal_progress *terminal_progress_open(uv_loop_t *loop, fetch_each_fn *each,
                                                 const void *run);
/* Both take NULL. */
void terminal_progress_clear(struct terminal_progress *p);
void terminal_progress_close(struct terminal_progress *p);

#endif

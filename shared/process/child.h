/*
 * Runs a program to its end, and keeps what it writes to standard output, and its last message on standard error.
 *
 *     child_catch_signals();                         // once
 *     rc = child_run(argv, input, &out, &end, e);
 *
 * Its environment has none of the variables NETTY_*, DATABASE_URL* and PG*, so it
 * learns neither API key nor database. It is killed when this process ends, in whatever way. When SIGINT or SIGTERM comes
 * meanwhile, the program is asked to end, killed after five seconds, and child_run returns ERR_INTERRUPTED.
 */
#ifndef NETTY_SHARED_PROCESS_CHILD_H
#define NETTY_SHARED_PROCESS_CHILD_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include <stdint.h>

#define CHILD_WORDS 600

struct child_end {
    int code;                /* its exit code; 128 and more: the signal that ended it */
    char words[CHILD_WORDS]; /* its last message on standard error, on one line */
};

void child_catch_signals(void);
/* As if a signal had come: for a program that has other handlers, and runs children in a thread. */
void child_stop(void);
/* Has SIGINT or SIGTERM come? */
bool child_is_stopped(void);
/* Waits for that time, or until one of the signals comes. */
void child_sleep(int64_t microseconds);

#define CHILD_INPUT 4096 /* what a pipe holds */

/* Runs argv[0], which is searched on PATH: ERR_CONFIG with e->sys ENOENT where there is none. Its standard input is `input`, at most
 * CHILD_INPUT bytes, or /dev/null where that is NULL. ERR_TOO_BIG when the program writes more than out's cap. */
enum err_code child_run(const char *const *argv, const char *input, struct buf *out,
                        struct child_end *end, struct err *e) MUST_CHECK;

#endif

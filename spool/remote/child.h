/*
 * Runs a program to its end: what it writes to standard output is kept, of standard error the last words.
 *
 *     child_catch_signals();                         // once
 *     rc = child_run(argv, &out, &end, e);
 *
 * The program gets /dev/null as standard input, and no variable of ours in its environment (NETTY_*, DATABASE_URL*, PG*): it has
 * no business with API key and database. It is killed when this process ends, however that ends. Where SIGINT or SIGTERM
 * comes meanwhile it is asked to end, killed after five seconds, and the call answers ERR_INTERRUPTED.
 */
#ifndef NETTY_SPOOL_REMOTE_CHILD_H
#define NETTY_SPOOL_REMOTE_CHILD_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include <stdint.h>

#define CHILD_WORDS 600

struct child_end {
    int code;                /* its exit code; 128 and more: the signal that ended it */
    char words[CHILD_WORDS]; /* the last line that says something */
};

void child_catch_signals(void);
/* Has one of them come? */
bool child_is_stopped(void);
/* Waits so long, or until one comes. */
void child_sleep(int64_t microseconds);

/* argv[0] is searched on PATH: ERR_CONFIG with e->sys ENOENT where there is none. out: ERR_TOO_BIG where it
 * has more to say than the cap allows. */
enum err_code child_run(const char *const *argv, struct buf *out, struct child_end *end,
                        struct err *e) MUST_CHECK;

#endif

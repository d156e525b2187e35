/*
 * What became of accounts that failed while others went on: each is logged, and the gravest failure is the result.
 *
 *     struct host_failures f = {.work = HOST_PUSH};
 *     if (host_failure_is_all(rc)) return rc;        // it is not the account's: memory, a signal
 *     host_failure(&f, "lyon", &why);
 *     return host_failures_end(&f, rc, e);
 */
#ifndef NETTY_SPOOL_HOST_HOST_FAILURES_H
#define NETTY_SPOOL_HOST_HOST_FAILURES_H

#include "shared/base/err.h"
#include <stddef.h>

enum host_work {
    HOST_PUSH,
    HOST_PULL,
    HOST_TELL, /* the way back, where it is pulled */
    HOST_TAKE  /* ... and where it is pushed */
};
struct host_failures {
    enum host_work work;
    size_t count;
    struct err worst;
};

bool host_failure_is_all(enum err_code rc);
void host_failure(struct host_failures *f, const char *account, const struct err *why);
/* Returns rc, or the worst failure where that is graver; *e is its error. */
enum err_code host_failures_end(const struct host_failures *f, enum err_code rc,
                                struct err *e) MUST_CHECK;

#endif

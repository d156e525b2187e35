/* The rows of all accounts as JSON, for their page: {"netty_accounts":1,"program":...,"stale_after":3600.000,"accounts":[{"account":"lyon",...},...]} */
#ifndef NETTY_SPOOL_OVERVIEW_OVERVIEW_JSON_H
#define NETTY_SPOOL_OVERVIEW_OVERVIEW_JSON_H

#include "shared/base/buf.h"
#include "spool/overview/overview_row.h"

#define OVERVIEW_JSON_MAX ((size_t)8 << 20)

/* All borrowed. */
struct overview_shown {
    const char *account;
    const struct overview_row *row; /* NULL: nobody has looked yet */
    int code;                       /* the verdict's exit code */
    const char *says;
    int last_code; /* of the last run, */
    int64_t ended; /* ... which ended then; or WHEN_NONE */
};

/* stale_after: microseconds. A page that was written longer ago says so, and shows no verdict as good. */
enum err_code overview_json(struct buf *b, const char *program, int64_t stale_after,
                            const struct overview_shown *list, size_t n) MUST_CHECK;

#endif

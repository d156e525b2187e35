/* What the fetch of one table came to, so far or in the end; and how metrics and progress see the
 * tables of a run without knowing the run. */
#ifndef NETTY_EXTRACT_METRICS_FETCH_COUNTS_H
#define NETTY_EXTRACT_METRICS_FETCH_COUNTS_H

#include "extract/crawl/crawl.h"
#include "spool/format/fetch_position.h"

enum table_fetch_status {
    TABLE_FETCH_COMPLETE,
    TABLE_FETCH_UNPROVEN, /* all was read that the API showed, and nothing proves that it was all */
    TABLE_FETCH_PARTIAL,
    TABLE_FETCH_WAITING, /* a reconcile: for the loader, or a person */
    TABLE_FETCH_THROTTLED,
    TABLE_FETCH_CANCELLED, /* a backfill was given up, as asked */
    TABLE_FETCH_FAILED
};

/* Why the API does not give us this one table, though it answers others. */
enum table_fetch_apart {
    TABLE_FETCH_COMMON,    /* it does, or fails for another reason */
    TABLE_FETCH_FORBIDDEN, /* 401 or 403 */
    TABLE_FETCH_UNKNOWN    /* 404 */
};

struct table_fetch_result {
    enum table_fetch_status status;
    enum table_fetch_apart apart;
    struct err err; /* why it is not complete; code OK: max-pages */
    uint64_t requests;
    uint64_t pages;       /* kept */
    uint64_t records;     /* in them */
    uint64_t new_letters; /* of these, that were not among the dead letters */
    uint64_t non_records; /* elements set aside */
    uint64_t bytes;       /* of NDJSON */
    uint64_t retries;
    enum err_code trying; /* what failed, and is asked for again now; or OK */
    uint64_t unused;      /* requests for pages that were asked for ahead, and not taken */
    uint64_t absent;      /* a reconcile: keys asked for in this roll that the API does not have, */
    uint64_t present;     /* and those that it has after all */
    bool backfill;        /* this was a run of one: */
    bool through;         /* ... its last */
    struct backfill_state state;
    uint64_t done;       /* records of the crawl so far, earlier runs included, about; */
    uint64_t of;         /* of so many, 0: not known; */
    uint64_t now;        /* of done, in this run */
    int64_t complete_to; /* or WHEN_NONE */
    int64_t reached;     /* greatest time kept so far, or WHEN_NONE */
    int64_t elapsed;     /* microseconds since table_start */
    struct crawl_stats crawl;
};

const char *table_fetch_status_word(enum table_fetch_status status);

/* Calls see(to, ...) for each table of the run that is open. The result is that of this moment; it lives
 * until see returns. */
typedef void fetch_see_fn(void *to, const char *name, const struct table_fetch_result *result,
                          bool started);
typedef void fetch_each_fn(const void *run, fetch_see_fn *see, void *to);

#endif

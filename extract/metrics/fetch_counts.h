/* What the fetch of one table came to, so far or in the end; and a way for metrics and progress to see the tables of a run
 * without knowing the run. */
#ifndef NETTY_EXTRACT_METRICS_FETCH_COUNTS_H
#define NETTY_EXTRACT_METRICS_FETCH_COUNTS_H

#include "extract/crawl/crawl.h"
#include "spool/format/fetch_position.h"

enum table_fetch_status {
    TABLE_FETCH_COMPLETE,
    TABLE_FETCH_UNPROVEN, /* all that the API showed was read; nothing proves that it showed all */
    TABLE_FETCH_PARTIAL,
    TABLE_FETCH_WAITING, /* a reconcile that waits for the loader, or for a person */
    TABLE_FETCH_THROTTLED,
    TABLE_FETCH_CANCELLED, /* a backfill that was given up by --cancel */
    TABLE_FETCH_FAILED
};

/* Why the API refuses this one table, though it answers for others. */
enum table_fetch_apart {
    TABLE_FETCH_COMMON,    /* it does not refuse the table alone */
    TABLE_FETCH_FORBIDDEN, /* 401 or 403 */
    TABLE_FETCH_UNKNOWN    /* 404 */
};

struct table_fetch_result {
    enum table_fetch_status status;
    enum table_fetch_apart apart;
    struct err err; /* why the table is not complete; code OK: --max-pages was reached */
    uint64_t requests;
    uint64_t pages;       /* kept */
    uint64_t records;     /* in them */
    uint64_t new_letters; /* non_records that were not among the dead letters before */
    uint64_t non_records; /* elements that became dead letters */
    uint64_t bytes;       /* of NDJSON */
    uint64_t retries;
    enum err_code trying; /* how the request that is being repeated failed; or OK */
    uint64_t unused;      /* requests for pages ahead that were never used */
    uint64_t absent;      /* a reconcile: keys that were looked up and that the API does not have */
    uint64_t present;     /* a reconcile: keys that were looked up and that the API has after all */
    bool silent;          /* each answer was 200 without a byte, and it was given up for that */
    bool backfill;        /* this was a run of a backfill */
    bool through;         /* this was the backfill's last run */
    struct backfill_state state;
    uint64_t done;       /* records of the crawl so far, about, earlier runs included */
    uint64_t of;         /* how many there are in all; 0: not known */
    uint64_t now;        /* how many of `done` came in this run */
    int64_t complete_to; /* or WHEN_NONE */
    int64_t reached;     /* greatest time kept so far, or WHEN_NONE */
    int64_t elapsed;     /* microseconds since table_fetch_start */
    struct crawl_stats crawl;
};

const char *table_fetch_status_word(enum table_fetch_status status);

/* A fetch_each_fn calls see(to, ...) for each open table of the run. The result is that of this moment, and lives until
 * see returns. */
typedef void fetch_see_fn(void *to, const char *name, const struct table_fetch_result *result,
                          bool started);
typedef void fetch_each_fn(const void *run, fetch_see_fn *see, void *to);

#endif

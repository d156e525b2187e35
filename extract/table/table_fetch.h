/*
 * One table's run: pages from the API into the spool, until all that the API shows is there.
 *
 * The crawl says what to request (extract/crawl), the rate limit says when, the HTTP client makes the request, the parser takes the
 * answer apart while it arrives, and the spool's writer makes the page durable together with the crawl's position. The next
 * request does not wait for the last page's sync, unless TABLE_FETCH_PENDING_MAX pages are not synced yet. A page that does not
 * end well is taken back whole.
 *
 *     table_fetch_open(&t, &env, &want, &handler, ctx, &apart, e);   // takes the table's lock
 *     table_fetch_complete_to(t)         // how far behind the table is, by which a run orders its tables
 *     table_fetch_start(t);
 *     ... handler.answered(ctx, t)       // the API accepted the key: at every page that is kept
 *     ... handler.retrying(ctx, t)       // a request failed for another reason than the key, and will be repeated
 *     ... handler.refused(ctx, t)        // the table waits until it is known what its refusal means (refusal_gate.h)
 *     ... handler.ended(ctx, t)          // once, from the loop: everything kept is durable, or named as lost
 *     table_fetch_stop(t, &why);         // any time: ends at the last page boundary, and calls ended()
 *     table_fetch_close(t);              // after ended(), or instead of starting; calls handler.closed(ctx) from the loop
 *
 * With env.backfill: a crawl of everything, or from a time on, that begins anew or goes on where the last such run left it. It
 * leaves the regular position as it is, and lets other runs have the table between two pages.
 *
 * A crawl from the beginning may request pages before it is their turn (env.ahead). result.unused counts those that were not
 * used.
 *
 * With env.reconcile: finds what the API no longer has. No page is kept, and the lock is another one, so that an ordinary run
 * can go on beside it.
 *
 * ended() may come from within table_fetch_start and table_fetch_stop, and table_fetch_close may be called from
 * within it.
 */
#ifndef NETTY_EXTRACT_TABLE_TABLE_FETCH_H
#define NETTY_EXTRACT_TABLE_TABLE_FETCH_H

#include "extract/ahead/ahead_answers.h"
#include "extract/api/circuit_breaker.h"
#include "extract/api/http_client.h"
#include "extract/api/rate_limit.h"
#include "extract/api/refusal_gate.h"
#include "extract/api/response_verdict.h"
#include "extract/crawl/crawl.h"
#include "extract/metrics/fetch_counts.h"
#include "shared/base/backoff.h"
#include "spool/dead_report/dead_reasons.h"
#include "spool/maintenance/disk_space.h"
#include "spool/store/spool.h"
#include "spool/writer/writer.h"
#include <uv.h>

#define TABLE_FETCH_PENDING_MAX 32

/* What all tables of a run share. All borrowed. */
struct table_fetch_env {
    uv_loop_t *loop;
    struct spool *spool;
    struct http *http;
    struct rate_limit *rate_limit;
    struct circuit_breaker *circuit_breaker;
    struct refusal_gate *gate;
    int64_t refused_after; /* how long a refused key counts as throttled; microseconds */
    struct zone *zone;
    const char *base_url;
    struct crawl_conf crawl; /* floor is given for each table */
    struct writer_conf writer;
    struct disk_space *disk_space;
    struct backoff retries;
    uint64_t max_pages; /* 0: no bound */
    uint64_t *budget;   /* requests left for all tables of the run; NULL: no bound */
    struct {
        bool on;      /* crawl.full or crawl.since, beside the regular sync */
        bool restart; /* begin it anew */
        bool cancel;  /* give it up */
    } backfill;
    unsigned ahead; /* requests of a table that may be open at once; 1: one after the other */
    struct ahead_memory *ahead_memory;
    bool reconcile; /* find what the API no longer has, instead of fetching (inventory_crawl.h) */
    uint64_t page_max;
    size_t record_max;
};

struct table_fetch;
struct table_fetch_handler {
    void (*answered)(void *ctx, struct table_fetch *t);
    void (*retrying)(void *ctx, struct table_fetch *t);
    void (*refused)(void *ctx, struct table_fetch *t);
    void (*exchanged)(void *ctx, struct table_fetch *t, const struct http_result *result,
                      const struct err *page, enum verdict verdict);
    void (*ended)(void *ctx, struct table_fetch *t);
    void (*closed)(void *ctx);
};

struct table_fetch_want {
    const char *name; /* of the table */
    const char *key;  /* the database's key column, or NULL where it is not known; borrowed */
    int64_t floor;    /* the database's greatest time_modified, or WHEN_NONE */
};

/* Opens the table. If the API refused it less than an hour ago, nothing is opened: the result is ERR_DENIED or ERR_CONFIG, and
 * *apart says which refusal it was. */
enum err_code table_fetch_open(struct table_fetch **t, const struct table_fetch_env *env,
                               const struct table_fetch_want *want,
                               const struct table_fetch_handler *handler, void *ctx,
                               enum table_fetch_apart *apart, struct err *e) MUST_CHECK;
void table_fetch_start(struct table_fetch *t);
void table_fetch_stop(struct table_fetch *t, const struct err *why);
void table_fetch_close(struct table_fetch *t);

const char *table_fetch_name(const struct table_fetch *t);
/* Returns the reasons of the dead letters that this fetch has added. May be NULL. */
const struct dead_reasons *table_fetch_set_aside(const struct table_fetch *t);
int64_t table_fetch_complete_to(const struct table_fetch *t);
/* Returns what the fetch came to so far. Final only after ended(). */
struct table_fetch_result table_fetch_result(const struct table_fetch *t);

#endif

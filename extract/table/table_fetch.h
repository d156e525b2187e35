/*
 * One table's run: pages from the API into the spool, until all that the API shows is there.
 *
 * crawl says what to ask for, rate_limit when, http asks, parse takes the answer apart while it arrives,
 * writer makes the page durable together with the crawl's position. The next request does not wait
 * for the last page's sync, unless TABLE_FETCH_PENDING_MAX pages are behind. A page that does not end
 * well is taken back whole.
 *
 *     table_fetch_open(&t, &env, "contacts", floor, &handler, ctx, e);   // takes the table's lock
 *     table_fetch_complete_to(t)                                         // how far behind it is: who
 * goes first table_fetch_start(t);
 *     ... handler.answered(ctx, t)  the API took the key (at every page kept)
 *     ... handler.retrying(ctx, t)  a request failed for another reason than the key, and waits
 *     ... handler.refused(ctx, t)   the table waits for what its refusal means (refusal_gate.h)
 *     ... handler.ended(ctx, t)     once, from the loop: everything kept is durable or named as
 * lost table_fetch_stop(t, ERR_INTERRUPTED, e);  // any time: ends at the last page boundary, through
 * ended() table_fetch_close(t, closed)        // after ended(), or instead of starting; closed(ctx, t)
 * from the loop, then it is gone
 *
 * With env.backfill a crawl of everything, or from a time on, that begins or goes on where the last such run left it. It
 * leaves the regular position as it is, and lets others have the table between two pages.
 *
 * A crawl from the beginning may ask for pages before it is their turn (env.ahead); of those that were asked for and not used
 * result.unused tells.
 *
 * With env.reconcile the same for finding what the API no longer has: no page is kept, and the lock is
 * another one, so that an ordinary run can go on beside it.
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
    int64_t refused_after; /* so long a refused key counts as throttled; microseconds */
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

/* Where the API refused the table less than an hour ago nothing is opened: ERR_DENIED or ERR_CONFIG, and *apart
 * says so. */
enum err_code table_fetch_open(struct table_fetch **t, const struct table_fetch_env *env,
                               const struct table_fetch_want *want,
                               const struct table_fetch_handler *handler, void *ctx,
                               enum table_fetch_apart *apart, struct err *e) MUST_CHECK;
void table_fetch_start(struct table_fetch *t);
void table_fetch_stop(struct table_fetch *t, const struct err *why);
void table_fetch_close(struct table_fetch *t);

const char *table_fetch_name(const struct table_fetch *t);
/* The elements that this fetch has set aside and that were not among the dead letters before. May be NULL. */
const struct dead_reasons *table_fetch_set_aside(const struct table_fetch *t);
int64_t table_fetch_complete_to(const struct table_fetch *t);
/* Good at any time; complete only after ended(). */
struct table_fetch_result table_fetch_result(const struct table_fetch *t);

#endif

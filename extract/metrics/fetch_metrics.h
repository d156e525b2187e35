/*
 * What the extractor shows to people and monitoring: each run's line of history in the spool
 * (spool/status/run_history.h) and the metrics, in the metrics file and at --listen (spool/status/monitor.h).
 *
 *     fetch_metrics_open(&a, &conf, e);
 *     fetch_metrics_run(a, FETCH_REGULAR, each, run);                  // a run begins; each = NULL: it has ended
 *     fetch_metrics_exchange(a, FETCH_REGULAR, "contacts", result, &page, verdict);   // after each request
 *     fetch_metrics_ended(a, FETCH_REGULAR, "contacts", &result);      // when a table is closed
 *     fetch_metrics_done(a, code);                     // the run has ended: writes the metrics
 *     fetch_metrics_quit(a);                           // stops listening, so that the loop may end
 *     fetch_metrics_close(a);
 *
 * A metrics file that cannot be written counts for the exit code. Any other failure here is logged, and fails no run.
 */
#ifndef NETTY_EXTRACT_METRICS_FETCH_METRICS_H
#define NETTY_EXTRACT_METRICS_FETCH_METRICS_H

#include "extract/api/http_client.h"
#include "extract/api/response_verdict.h"
#include "extract/metrics/fetch_counts.h"
#include "shared/options/options.h"
#include "spool/status/monitor.h"
#include "spool/store/spool.h"
#include <uv.h>

/* A backfill may be under way beside the regular run, of the same tables. */
enum fetch_source {
    FETCH_REGULAR,
    FETCH_BACKFILL,
    FETCH_SOURCES
};

struct fetch_metrics;
/* All borrowed. */
struct fetch_metrics_conf {
    const struct options *options;
    uv_loop_t *loop;
    const struct spool *spool;
    const char *kind;    /* of the regular runs: "changes" or "reconcile" */
    int64_t every;       /* microseconds; 0: once */
    bool unseen;         /* one account of several: no file, and nobody is listened to */
    monitor_run_fn *run; /* POST /run */
    void *run_ctx;
};

/* Fails with ERR_USAGE or ERR_CONFIG for wrong settings. */
enum err_code fetch_metrics_open(struct fetch_metrics **a, const struct fetch_metrics_conf *conf,
                                 struct err *e) MUST_CHECK;
/* Here and below, a may be NULL: then nothing is counted. */
void fetch_metrics_run(struct fetch_metrics *a, enum fetch_source source, fetch_each_fn *each,
                       const void *run);
void fetch_metrics_exchange(struct fetch_metrics *a, enum fetch_source source, const char *table,
                            const struct http_result *result, const struct err *page,
                            enum verdict verdict);
void fetch_metrics_ended(struct fetch_metrics *a, enum fetch_source source, const char *table,
                         const struct table_fetch_result *result);
/* Returns the exit code: the run's, or a graver one. */
int fetch_metrics_done(struct fetch_metrics *a, int code);
/* Names the kind of the runs that follow (run_history.h). kind must stay valid. */
void fetch_metrics_kind(struct fetch_metrics *a, const char *kind);
/* Returns true if `netty-spool status` would end with 0. */
bool fetch_metrics_well(struct fetch_metrics *a) MUST_CHECK;
void fetch_metrics_quit(struct fetch_metrics *a);
void fetch_metrics_close(struct fetch_metrics *a);

#endif

/*
 * What the extractor shows to those who watch: each run's line of history in the spool
 * (spool/status/run_history.h), its metrics, and by way of spool/status/monitor.h the metrics' file and --listen.
 *
 *     fetch_metrics_open(&a, &conf, e);
 *     fetch_metrics_run(a, FETCH_REGULAR, each, run);                       // while it is under way; NULL: none is
 *     fetch_metrics_exchange(a, FETCH_REGULAR, "contacts", result, &page, verdict);   // each request that ended
 *     fetch_metrics_ended(a, FETCH_REGULAR, "contacts", &result);     // each table, when it is closed
 *     fetch_metrics_done(a, code);                     // the run: its metrics are written
 *     fetch_metrics_quit(a);                           // listens no more; the loop may end
 *     fetch_metrics_close(a);
 *
 * Nothing here fails a run but a metrics' file that cannot be written: what else cannot be is
 * logged.
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
    const char *kind;    /* of its regular runs: "changes", "reconcile" */
    int64_t every;       /* microseconds; 0: once */
    bool unseen;         /* one account of several: no file, and nobody is listened to */
    monitor_run_fn *run; /* POST /run */
    void *run_ctx;
};

/* ERR_USAGE, ERR_CONFIG for settings that cannot be. */
enum err_code fetch_metrics_open(struct fetch_metrics **a, const struct fetch_metrics_conf *conf,
                                 struct err *e) MUST_CHECK;
/* a may be NULL, here and below: then nobody watches. */
void fetch_metrics_run(struct fetch_metrics *a, enum fetch_source source, fetch_each_fn *each,
                       const void *run);
void fetch_metrics_exchange(struct fetch_metrics *a, enum fetch_source source, const char *table,
                            const struct http_result *result, const struct err *page,
                            enum verdict verdict);
void fetch_metrics_ended(struct fetch_metrics *a, enum fetch_source source, const char *table,
                         const struct table_fetch_result *result);
/* The exit code: the run's, or a graver one. */
int fetch_metrics_done(struct fetch_metrics *a, int code);
/* What the runs that follow are (run_history.h); lives on. */
void fetch_metrics_kind(struct fetch_metrics *a, const char *kind);
/* Would `netty-spool status` end with 0? */
bool fetch_metrics_well(struct fetch_metrics *a) MUST_CHECK;
void fetch_metrics_quit(struct fetch_metrics *a);
void fetch_metrics_close(struct fetch_metrics *a);

#endif

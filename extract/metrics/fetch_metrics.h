/*
 * What the extractor shows to those who watch: each run's line of history in the spool
 * (spool/status/run_history.h), its metrics, and by way of spool/status/monitor.h the metrics' file and --listen.
 *
 *     account_open(&a, &conf, e);
 *     account_run(a, run);                       // while it is under way; NULL: none is
 *     account_exchange(a, "contacts", result, &page, verdict);   // each request that ended
 *     account_ended(a, "contacts", &result);     // each table, when it is closed
 *     account_done(a, code);                     // the run: its metrics are written
 *     account_quit(a);                           // listens no more; the loop may end
 *     account_close(a);
 *
 * Nothing here fails a run but a metrics' file that cannot be written: what else cannot be is
 * logged.
 */
#ifndef NETTY_EXTRACT_METRICS_FETCH_METRICS_H
#define NETTY_EXTRACT_METRICS_FETCH_METRICS_H

#include "extract/api/http_client.h"
#include "extract/api/response_verdict.h"
#include "extract/metrics/fetch_counts.h"
#include "shared/cli/options.h"
#include "spool/store/spool.h"
#include <uv.h>

struct account;
/* All borrowed. */
struct account_conf {
    const struct options *options;
    uv_loop_t *loop;
    const struct spool *spool;
    const char *kind; /* of its runs: "changes", "full" ... */
    int64_t every;    /* microseconds; 0: once */
};

/* ERR_USAGE, ERR_CONFIG for settings that cannot be. */
enum err_code account_open(struct account **a, const struct account_conf *conf,
                           struct err *e) MUST_CHECK;
/* a may be NULL, here and below: then nobody watches. */
void account_run(struct account *a, fetch_each_fn *each, const void *run);
void account_exchange(struct account *a, const char *table, const struct http_result *result,
                      const struct err *page, enum verdict verdict);
void account_ended(struct account *a, const char *table, const struct table_result *result);
/* The exit code: the run's, or a graver one. */
int account_done(struct account *a, int code);
void account_quit(struct account *a);
void account_close(struct account *a);

#endif

/*
 * What the extractor and the loader show: with --listen /metrics, /healthz, /status.json, /runs.json and the status page, and
 * POST /run asks for a run now; with --metrics-file a file of metrics. Each program has its own metrics; everything else is the
 * spool's status (status.h).
 *
 *     monitor_open(&b, &conf, e);            // reads the settings, listens
 *     monitor_ended(b, "contacts", code);    // how a table's run ended
 *     monitor_done(b, LOAD_METRIC_EXIT, code);     // after each run: writes the file of metrics, if wanted
 *     monitor_quit(b);                       // stops listening; closes the loop's handles
 *     monitor_close(b);
 *
 * The spool is looked at when a client asks, at most once in MONITOR_FRESH.
 */
#ifndef NETTY_SPOOL_STATUS_MONITOR_H
#define NETTY_SPOOL_STATUS_MONITOR_H

#include "shared/http/http_server.h"
#include "shared/metrics/metrics.h"
#include "shared/options/options.h"
#include "spool/control/run_request.h"
#include "spool/status/status.h"
#include <uv.h>

#define MONITOR_FRESH (INT64_C(2) * 1000000)

/* Called before the metrics are rendered, to bring them up to date. s is NULL where the spool cannot be read. */
typedef void monitor_collect_fn(void *ctx, const struct status *s);
/* Called before a verdict: reports, by monitor_trying, what the current runs try again. */
typedef void monitor_look_fn(void *ctx);
/* Called for POST /run: asks for a run of the table, or of all tables (""). ERR_BUSY: a run is under way; ERR_USAGE: there is no such
 * table. */
typedef enum err_code monitor_run_fn(void *ctx, const char *table, char id[RUN_REQUEST_ID],
                                     struct err *e);

/* All borrowed. */
struct monitor_conf {
    const struct options *options;
    uv_loop_t *loop;
    const struct spool *spool;
    struct metrics *metrics;
    size_t verdict;      /* index of the gauge of the verdict by table and reason */
    size_t verdict_exit; /* index of the gauge of its exit code */
    enum run_history_side side;
    bool staying; /* --every or --follow: only then --listen counts */
    bool
        unseen; /* one of several accounts, which are shown together: writes no file and does not listen itself */
    int64_t interval; /* --every; 0: none */
    monitor_collect_fn *collect;
    monitor_look_fn *look; /* NULL: nothing is tried again */
    /* Of several accounts together, and so of no one spool: the paths, which go before /metrics. NULL: of the spool. */
    http_server_fn *answer;
    http_server_door_fn *door;
    void *ctx;
    monitor_run_fn *run; /* NULL: the request is left in the spool, for the extractor */
    void *run_ctx;
};

struct monitor;
/* Fails with ERR_USAGE or ERR_CONFIG for wrong settings. */
enum err_code monitor_open(struct monitor **b, const struct monitor_conf *conf,
                           struct err *e) MUST_CHECK;
/* Reports the failure after which a current run of this process tries again; OK: it goes well. */
void monitor_trying(struct monitor *b, const char *table, enum err_code code);
void monitor_ended(struct monitor *b, const char *table, enum err_code code);
/* Uses another spool from now on, or none (NULL). To be called before the old one is closed. */
void monitor_spool(struct monitor *b, const struct spool *s);
/* Puts the exit code into the metrics, and writes the file of metrics if one is wanted. Returns the graver one of the exit code and
 * of the failure to write the file, which is logged. */
int monitor_done(struct monitor *b, size_t exit_meter, int code) MUST_CHECK;
/* What the spool has for a path of its own: "/", "/healthz", "/status.json", "/runs.json". False: there is no such path. */
bool monitor_answer(struct monitor *b, const char *path, struct http_server_reply *r);
/* Is the verdict's exit code 0 (health.h)? */
bool monitor_well(struct monitor *b) MUST_CHECK;
void monitor_quit(struct monitor *b);
/* All of these functions take NULL. */
void monitor_close(struct monitor *b);

#endif

/*
 * What the extractor and the loader show of themselves: /metrics, /healthz, /status.json, /runs.json and the
 * status page with --listen, where POST /run asks for a run now, and the file of --metrics-file. Each brings its own metrics; the rest
 * is the spool's status (status.h).
 *
 *     monitor_open(&b, &conf, e);            // reads the settings, listens
 *     monitor_ended(b, "contacts", code);    // how a table's run ended
 *     monitor_done(b, LOAD_METRIC_EXIT, code);     // after each run: the metrics' file, if one is wanted
 *     monitor_quit(b);                       // listens no more; the loop's handles are closed
 *     monitor_close(b);
 *
 * The spool is looked at when somebody asks, and not again within MONITOR_FRESH.
 */
#ifndef NETTY_SPOOL_STATUS_MONITOR_H
#define NETTY_SPOOL_STATUS_MONITOR_H

#include "shared/metrics/metrics.h"
#include "shared/options/options.h"
#include "spool/control/run_request.h"
#include "spool/status/status.h"
#include <uv.h>

#define MONITOR_FRESH (INT64_C(2) * 1000000)

/* Brings the metrics up to date, before they are rendered. s is NULL where the spool cannot be
 * read. */
typedef void monitor_collect_fn(void *ctx, const struct status *s);
/* Before a verdict: tells by monitor_trying what the runs under way are at. */
typedef void monitor_look_fn(void *ctx);
/* A run now, of the table, or of all ("": POST /run). ERR_BUSY: one is under way; ERR_USAGE: there is no such table. */
typedef enum err_code monitor_run_fn(void *ctx, const char *table, char id[RUN_REQUEST_ID],
                                     struct err *e);

/* All borrowed. */
struct monitor_conf {
    const struct options *options;
    uv_loop_t *loop;
    const struct spool *spool;
    struct metrics *metrics;
    size_t verdict;      /* of these: a gauge by table and reason, ... */
    size_t verdict_exit; /* ... and one of the code */
    enum run_history_side side;
    bool staying; /* --every or --follow: only then anybody is listened to */
    bool
        unseen; /* one account of several, which are shown together: no file, and nobody is listened to */
    int64_t interval; /* --every; 0: none */
    monitor_collect_fn *collect;
    monitor_look_fn *look; /* NULL: nothing is tried again */
    void *ctx;
    monitor_run_fn *run; /* NULL: the request is left in the spool, for the extractor */
    void *run_ctx;
};

struct monitor;
/* ERR_USAGE, ERR_CONFIG for settings that cannot be. */
enum err_code monitor_open(struct monitor **b, const struct monitor_conf *conf,
                           struct err *e) MUST_CHECK;
/* What a run under way of this process tries again; OK: it goes well. */
void monitor_trying(struct monitor *b, const char *table, enum err_code code);
void monitor_ended(struct monitor *b, const char *table, enum err_code code);
/* Another spool from now on, or none (NULL): the one before is about to be closed. */
void monitor_spool(struct monitor *b, const struct spool *s);
/* The exit code, into the metrics and, where a file of them is wanted, that is written. Answers the
 * graver one of it and of what became of the file, which is logged. */
int monitor_done(struct monitor *b, size_t exit_meter, int code) MUST_CHECK;
/* Has the verdict (health.h) no code? */
bool monitor_well(struct monitor *b) MUST_CHECK;
void monitor_quit(struct monitor *b);
/* All take NULL. */
void monitor_close(struct monitor *b);

#endif

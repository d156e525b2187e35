/*
 * What the extractor and the loader show of themselves: /metrics, /healthz, /status.json and the
 * status page with --listen, and the file of --metrics-file. Each brings its own metrics; the rest
 * is the spool's status (status.h).
 *
 *     board_open(&b, &conf, e);            // reads the settings, listens
 *     board_ended(b, "contacts", code);    // how a table's run ended
 *     board_done(b, METER_EXIT, code);     // after each run: the metrics' file, if one is wanted
 *     board_quit(b);                       // listens no more; the loop's handles are closed
 *     board_close(b);
 *
 * The spool is looked at when somebody asks, and not again within BOARD_FRESH.
 */
#ifndef NETTY_SPOOL_STATUS_MONITOR_H
#define NETTY_SPOOL_STATUS_MONITOR_H

#include "shared/cli/options.h"
#include "shared/metrics/metrics.h"
#include "spool/status/status.h"
#include <uv.h>

#define BOARD_FRESH (INT64_C(2) * 1000000)

/* Brings the metrics up to date, before they are rendered. s is NULL where the spool cannot be
 * read. */
typedef void board_collect_fn(void *ctx, const struct status *s);

/* All borrowed. */
struct board_conf {
    const struct options *options;
    uv_loop_t *loop;
    const struct spool *spool;
    struct metrics *metrics;
    enum runs_side side;
    bool staying;     /* --every or --follow: only then anybody is listened to */
    int64_t interval; /* --every; 0: none */
    board_collect_fn *collect;
    void *ctx;
};

struct board;
/* ERR_USAGE, ERR_CONFIG for settings that cannot be. */
enum err_code board_open(struct board **b, const struct board_conf *conf, struct err *e) MUST_CHECK;
void board_ended(struct board *b, const char *table, enum err_code code);
/* Another spool from now on, or none (NULL): the one before is about to be closed. */
void board_spool(struct board *b, const struct spool *s);
/* The exit code, into the metrics and, where a file of them is wanted, that is written. Answers the
 * graver one of it and of what became of the file, which is logged. */
int board_done(struct board *b, size_t exit_meter, int code) MUST_CHECK;
void board_quit(struct board *b);
/* All take NULL. */
void board_close(struct board *b);

#endif

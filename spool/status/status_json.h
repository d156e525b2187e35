/*
 * The status as one JSON object, for the status page and for programs: /status.json and, within
 * the page, `netty-spool report`. Members are added in later versions, never changed.
 *
 *   {"netty_status":1,"program":"extract","version":"0.1.0","now":"<time>","stale_after":1800.0,
 *    "interval":600.0,"next_run":null,
 *    "health":{"ok":false,"reasons":[{"code":"stale","table":"contacts","error":"","time":"<time>"}]},
 *    "spool":{"bytes":1,"disk_free":1,"waiting_bytes":1,"waiting_since":null,"damaged":0},
 *    "breaker":{"state":"closed","until":null},
 *    "databases":[{"name":"crm","asked":"<time>"}],
 *    "tables":[{"table":"contacts","fetched":"<time>","complete_to":"<time>","loaded_to":"<time>",
 *      "waiting":{"pages":0,"records":0,"bytes":0,"since":null},
 *      "set_aside":{"total":1,"reasons":[{"by":"load","reason":"nul","sqlstate":"","records":1}]},
 *      "damaged":0,"requests_per_change":0.02,
 *      "extract":[{"began":"<time>","ended":"<time>","seconds":1.5,"kind":"changes",
 *        "status":"complete","error":"","complete_to":"<time>","requests":1, ...}],
 *      "load":[{..., "read":1,"inserted":1, ...}]}]}
 *
 * Times are UTC, or null; durations are seconds. "extract" and "load" have the last STATUS_RUNS runs, the oldest first
 * (run_json.h). Within a report a further member "runs" has all runs that are kept.
 */
#ifndef NETTY_SPOOL_STATUS_STATUS_JSON_H
#define NETTY_SPOOL_STATUS_STATUS_JSON_H

#include "spool/status/health.h"

#define STATUS_RUNS     36
#define STATUS_JSON_MAX ((size_t)16 << 20)

struct status_view {
    const char *program; /* "extract", "load" or "spool" */
    int64_t stale_after;
    int64_t interval; /* --every; 0: none */
    const struct health *health;
    bool no_run;               /* nobody can ask for a run */
    const struct spool *spool; /* for the member "runs" with all runs; NULL: without it */
};

enum err_code status_json(struct buf *b, const struct status *s,
                          const struct status_view *view) MUST_CHECK;

#endif

/*
 * Runs as JSON: a single one (in /status.json), and all that are kept, for the page's list (/runs.json, and within a report):
 *
 *   {"netty_runs":1,"tables":[{"table":"contacts","extract":[{"began":"<time>","ended":"<time>","seconds":1.5,
 *     "kind":"changes","status":"complete","error":"","code":0,"complete_to":"<time>","requests":1, ...}],"load":[...]}]}
 *
 * `message` is the error's whole text; it is missing where there is none. In the list counts that are 0 are left out. The list has
 * at most RUN_JSON_MOST runs of all tables together, the newest of each table and program; with nine tables or fewer these are
 * all that are kept.
 */
#ifndef NETTY_SPOOL_STATUS_RUN_JSON_H
#define NETTY_SPOOL_STATUS_RUN_JSON_H

#include "shared/base/buf.h"
#include "spool/status/status.h"

#define RUN_JSON_MOST 20000
#define RUN_JSON_MAX  ((size_t)15 << 20)

/* Appends one run. brief: counts that are 0 are left out. */
enum err_code run_json(struct buf *b, const struct run_history_entry *run,
                       enum run_history_side side, bool brief) MUST_CHECK;
/* Appends the list of runs, [...], of the tables of that status. A history that cannot be read counts as empty. */
enum err_code run_json_tables(struct buf *b, const struct spool *spool,
                              const struct status *s) MUST_CHECK;

#endif

/*
 * What a program that serves all accounts shows of them: /metrics with the label `account`, at most twelve series an account; /healthz;
 * a page with a row an account, the worst first, which asks for /accounts.json; each account's own page at /NAME/; POST /run, for all;
 * and the file of --metrics-file.
 *
 *     account_monitor_open(&m, &conf, e);            // m is NULL where nobody asks for any of it
 *     account_monitor_ended(m, i, &turn);            // after each account's turn: its spool is looked at
 *     code = account_monitor_round(m, code);         // after each round
 *     account_monitor_quit(m);                       // listens no more; the loop may end
 *     account_monitor_close(m);
 *
 * An account's row is as its spool was when its last turn had ended, so that showing costs nothing however many there are; its own
 * page looks anew. Nothing here fails a run but a metrics' file that cannot be written.
 */
#ifndef NETTY_SPOOL_OVERVIEW_ACCOUNT_MONITOR_H
#define NETTY_SPOOL_OVERVIEW_ACCOUNT_MONITOR_H

#include "shared/cli/account_turns.h"
#include "spool/status/monitor.h"

/* The order of a program's metrics. */
enum account_metric {
    ACCOUNT_METRIC_COUNT, /* counters, as account_turn.counts */
    ACCOUNT_METRIC_DURATION = ACCOUNT_METRIC_COUNT + TURN_COUNTS,
    ACCOUNT_METRIC_TIMESTAMP,
    ACCOUNT_METRIC_SUCCESS,
    ACCOUNT_METRIC_COMPLETE_TO,
    ACCOUNT_METRIC_SET_ASIDE,
    ACCOUNT_METRIC_ACCOUNT_EXIT,
    ACCOUNT_METRIC_ACCOUNT_VERDICT,
    ACCOUNT_METRIC_EXIT, /* from here on without an account */
    ACCOUNT_METRIC_VERDICT,
    ACCOUNT_METRIC_BUILD,
    ACCOUNT_METRICS
};

/* clang-format off */
/* Those that both programs have; P is the beginning of their names. */
#define ACCOUNT_METRICS_COMMON(P)                                                                                          \
    [ACCOUNT_METRIC_DURATION] = {P "last_run_duration_seconds", METRIC_GAUGE, {"account"},                                 \
        .help = "How long the account's last turn took."},                                                                 \
    [ACCOUNT_METRIC_TIMESTAMP] = {P "last_run_timestamp_seconds", METRIC_GAUGE, {"account"},                               \
        .help = "When the account's last turn ended, in seconds since the unix epoch."},                                   \
    [ACCOUNT_METRIC_SUCCESS] = {P "last_run_success", METRIC_GAUGE, {"account"},                                           \
        .help = "1 where the account's last turn ended with 0, else 0."},                                                  \
    [ACCOUNT_METRIC_COMPLETE_TO] = {P "complete_to_timestamp_seconds", METRIC_GAUGE, {"account"},                          \
        .help = "Up to when the account's table that is furthest behind is complete, in seconds since the unix epoch."},   \
    [ACCOUNT_METRIC_SET_ASIDE] = {P "set_aside_records", METRIC_GAUGE, {"account"},                                        \
        .help = "Dead letters in the account's spool."},                                                                   \
    [ACCOUNT_METRIC_ACCOUNT_EXIT] = {P "account_last_exit_code", METRIC_GAUGE, {"account"},                                \
        .help = "The exit code that the account's last turn came to."},                                                    \
    [ACCOUNT_METRIC_ACCOUNT_VERDICT] = {P "account_verdict_exit_code", METRIC_GAUGE, {"account"},                          \
        .help = "What netty-spool status --account would have ended with after the account's last turn, or that turn's own code."},                 \
    [ACCOUNT_METRIC_EXIT] = {P "last_exit_code", METRIC_GAUGE, {NULL},                                                     \
        .help = "The exit code that the last run came to, the gravest of all accounts."},                                  \
    [ACCOUNT_METRIC_VERDICT] = {P "verdict_exit_code", METRIC_GAUGE, {NULL},                                               \
        .help = "The gravest of all accounts' verdicts."},                                                                 \
    [ACCOUNT_METRIC_BUILD] = {P "build_info", METRIC_GAUGE, {"version"},                                                   \
        .help = "Always 1; the label tells the program's version."}
/* clang-format on */

struct account_monitor_conf {
    const struct options *options; /* without an account; borrowed, as all here */
    uv_loop_t *loop;
    struct account_turns *turns;
    enum run_history_side side;
    const struct metric_def *defs; /* ACCOUNT_METRICS of them */
};

struct account_monitor;
/* ERR_USAGE, ERR_CONFIG for settings that cannot be. */
enum err_code account_monitor_open(struct account_monitor **m,
                                   const struct account_monitor_conf *conf,
                                   struct err *e) MUST_CHECK;
/* All take NULL. */
void account_monitor_ended(struct account_monitor *m, size_t i, const struct account_turn *turn);
/* Are all accounts well, as far as they have been looked at? */
bool account_monitor_well(const struct account_monitor *m);
/* Returns the round's code, or a graver one where the metrics' file cannot be written. */
int account_monitor_round(struct account_monitor *m, int code);
void account_monitor_quit(struct account_monitor *m);
void account_monitor_close(struct account_monitor *m);

#endif

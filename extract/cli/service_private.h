/*
 * The inside of the service, shared by service*.c only:
 *   service.c           the regular runs, beginning and end
 *   service_settings.c  what the options say
 *   service_turn.c      an account's turn: one run on a loop that somebody else turns
 *   service_key.c       whose the key is, and one that changes
 *   service_backfill.c  the backfill beside them
 *   service_reconcile.c a reconcile's steps behind them
 *   service_request.c   runs that somebody asks for
 *   service_progress.c  how far the runs are, for a terminal or the log
 *   service_summary.c   what a run prints
 */
#ifndef NETTY_EXTRACT_CLI_SERVICE_PRIVATE_H
#define NETTY_EXTRACT_CLI_SERVICE_PRIVATE_H

#include "extract/cli/service.h"
#include "extract/metrics/fetch_metrics.h"
#include "extract/run/fetch_plan.h"
#include "extract/run/fetch_run.h"
#include "extract/run/key_proof.h"
#include "shared/cli/account_turns.h"
#include "shared/cli/stop_signals.h"
#include "shared/log/secret_trial.h"

/* --full, --since, --restart, --cancel: once through, in as many runs as it takes. */
struct service_backfill {
    bool wanted;
    struct table_fetch_env env; /* as the regular runs', but for what is asked for */
    struct crawl_conf crawl;
    bool restart;
    bool cancel;
    struct fetch_plan plan;
    struct fetch_run *run;
    char **through; /* tables whose backfill has come to its end in this process */
    size_t count;
};

struct service {
    const struct options *options;
    struct secret **key;
    struct ping *ping;         /* NULL: nobody is told */
    struct secret_trial trial; /* of a key that has changed */
    bool other_key;            /* the spool was fetched with another one: proof comes first */
    struct key_proof *proof;   /* under way, or NULL */
    void (*proven)(struct service *s);
    uv_loop_t loop;
    bool looped; /* the loop is there */
    struct account_turn result;
    struct account_turn
        *turn;     /* the result, of an account among others; NULL: the process is its own */
    unsigned jobs; /* tables at a time */
    struct spool *spool;
    struct zone *zone;
    struct table_fetch_env env;
    struct ahead_memory ahead;
    struct fetch_metrics *metrics;
    struct fetch_plan plan;
    struct stop_signals *stop;
    struct fetch_run *run;
    struct service_backfill backfill;
    struct progress *progress;
    struct table_fetch_env reconcile_env; /* as the regular runs', of a reconcile's step */
    uint64_t reconcile_budget;
    int64_t reconcile_every; /* microseconds; 0: only when told */
    uv_timer_t timer;        /* --every */
    int64_t every;           /* microseconds; 0: once */
    uint64_t budget;         /* requests that the run has left */
    int64_t first;           /* when the first run began, by the clock that never jumps */
    int code;
    bool leaving;  /* no further run */
    bool renewing; /* the backfill is to end first */
    bool over;
    bool asked;                     /* for a run now, which begins at the loop's next turn: */
    char only[NAMES_TABLE_MAX + 1]; /* of this table; "": of all */
    uv_timer_t look;                /* for a request in the spool */
    bool looks;
    struct err err; /* what ended the service */
};

/* service.c */
/* It stays, with --every, and has the process to itself. */
bool service_stays(const struct service *s);
bool service_stopping(const struct service *s);
/* Opens all but what is dry, and begins; what fails once the loop is there is in s->err, and shows when the loop has ended. */
enum err_code service_begin(struct service *s, struct err *e) MUST_CHECK;
/* After the loop's end. */
enum err_code service_finish(struct service *s, struct err *e) MUST_CHECK;
void service_free(struct service *s);
void service_leave(struct service *s);
struct fetch_run_conf service_run_conf(struct service *s);
void service_run_ended(struct service *s, enum err_code rc);
void service_run_over(struct service *s, enum err_code rc);
void service_renewed(struct service *s);
void service_run_soon(struct service *s);

/* service_settings.c */
enum err_code service_read_settings(struct service *s, struct err *e) MUST_CHECK;
enum err_code service_open_client(struct service *s, struct err *e) MUST_CHECK;
enum err_code service_open_http(struct service *s, const struct secret *key, struct http **http,
                                struct err *e) MUST_CHECK;

/* service_turn.c: adds a run's tables to what the turn came to. */
void service_turn_add(struct service *s, const struct fetch_run *r);

/* service_key.c */
/* The spool's account, and the key's: ERR_CONFIG where the address is another's. */
enum err_code service_bind(struct service *s, bool rebind, struct err *e) MUST_CHECK;
/* True: whose the key is has to be shown first, and `then` follows, unless that ends the run. */
bool service_prove_key(struct service *s, void (*then)(struct service *s)) MUST_CHECK;
void service_prove_stop(struct service *s);
/* Takes up a key that has changed in its file since the last run. A file that cannot be read may just be being written: the old
 * key then stays. */
void service_renew_key(struct service *s);

/* service_backfill.c */
/* Begins a run of the backfill, unless one is under way or the backfill has ended. */
enum err_code service_backfill_begin(struct service *s) MUST_CHECK;
/* Across a reload (shared/cli/reload.h): takes on what the program before had finished, and hands it on to the next one. */
enum err_code service_backfill_take_on(struct service_backfill *b, struct err *e) MUST_CHECK;
void service_backfill_hand_on(const struct service_backfill *b);
/* Returns the settings of the backfill; without one, those of the regular runs. */
const struct table_fetch_env *service_backfill_env(struct service *s);
void service_backfill_stop(struct service *s, const char *why);
void service_backfill_free(struct service *s);

/* service_reconcile.c */
/* Returns true if a step has begun; service_run_over is called at its end. */
bool service_reconcile_begin(struct service *s) MUST_CHECK;

/* service_progress.c */
enum err_code service_open_progress(struct service *s, struct err *e) MUST_CHECK;

/* service_request.c */
enum err_code service_requests_open(struct service *s, struct err *e) MUST_CHECK;
void service_requests_close(struct service *s);
/* monitor_run_fn */
enum err_code service_ask(void *ctx, const char *table, char id[RUN_REQUEST_ID],
                          struct err *e) MUST_CHECK;
/* For a run that was asked for a single table: only that table stays in the plan. */
void service_take_asked(struct service *s);

/* service_summary.c */
/* On standard output; of an account's turn to those who have all of them. */
enum err_code service_show(struct service *s, const struct fetch_run *r, struct err *e) MUST_CHECK;

#endif

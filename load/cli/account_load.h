/*
 * netty-load's run for one account among others. It has a loop of its own, which the caller runs:
 *
 *     account_load_open(&a, options, jobs, e);                 // begins the run
 *     uv_run(account_load_loop(a), UV_RUN_NOWAIT);             // until nothing keeps that loop alive
 *     account_load_close(a, &turn);                            // fills in what the run came to
 *
 * It handles no signals, prints no summary and shows no metrics.
 */
#ifndef NETTY_LOAD_CLI_ACCOUNT_LOAD_H
#define NETTY_LOAD_CLI_ACCOUNT_LOAD_H

#include "load/accounts/accounts_look.h"
#include "shared/cli/account_turns.h"

struct account_load;
#define ACCOUNT_LOAD_COUNTS 5 /* of account_turn.counts: read, inserted, updated, unchanged, dead */

/* The options are borrowed until account_load_close. jobs is the number of connections. look: what was seen of the account already, is
 * taken from it; NULL: nothing was. */
enum err_code account_load_open(struct account_load **a, const struct options *o, unsigned jobs,
                                struct accounts_look *look, struct err *e) MUST_CHECK;
uv_loop_t *account_load_loop(struct account_load *a);
void account_load_stop(struct account_load *a); /* at the next batch boundary */
void account_load_close(struct account_load *a, struct account_turn *turn);

#endif

/*
 * netty-extract from its options to its exit code: one run; or with --every one run at once, and one at each multiple of the
 * interval after it. A run is left out while the one before is still under way.
 */
#ifndef NETTY_EXTRACT_CLI_SERVICE_H
#define NETTY_EXTRACT_CLI_SERVICE_H

#include "extract/cli/ping.h"
#include "shared/base/err.h"
#include "shared/cli/account_turns.h"
#include "shared/log/secret.h"
#include "shared/options/options.h"

/* *key may be NULL with --dry-run. A key that has changed in its file replaces *key between two runs. *code becomes the exit code
 * of the last run; a returned error counts instead of it. ping is told of each run of a program that stays. */
enum err_code service_run(const struct options *o, struct secret **key, struct ping *ping,
                          int *code, struct err *e) MUST_CHECK;

/*
 * One run of an account among others, on a loop of its own, which somebody else turns:
 *
 *     service_open(&s, &conf, e);                  // has begun
 *     uv_run(service_loop(s), UV_RUN_NOWAIT);      // until nothing keeps that loop alive
 *     service_close(s, &turn);                     // what it came to
 *
 * It hears no signals, prints no summary and shows no metrics.
 */
struct service;
#define SERVICE_COUNTS 5 /* of account_turn.counts: requests, pages, records, bytes, retries */

/* All borrowed, until service_close. */
struct service_conf {
    const struct options *options;
    struct secret **key;
    struct ping *ping; /* NULL: nobody is told */
    unsigned jobs;     /* tables at a time */
};

enum err_code service_open(struct service **s, const struct service_conf *conf,
                           struct err *e) MUST_CHECK;
uv_loop_t *service_loop(struct service *s);
void service_stop(struct service *s); /* at the next page boundary; once */
void service_close(struct service *s, struct account_turn *turn);

#endif

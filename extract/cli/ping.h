/*
 * --ping-url: tells a monitor of scheduled jobs, in the common way of these, how each run ended: a GET of the address after a
 * good one, of the address with /fail after its path after a bad one. The monitor alarms where neither comes.
 *
 *     ping_open(&p, options, e);
 *     ping_run(p, loop, good);      // a program that stays: in a thread, nobody waits for it
 *     ping_end(p, code);            // a run that ends
 *     ping_close(p);
 *
 * A run is good where its exit code is 0 and the verdict (spool/status/health.h) names nothing that has a code, so that the
 * loader's failures are told, too; netty-load itself reaches no other address than the database's. Code 75 is neither: it passes.
 * Ten seconds at most, no second try, no redirect; the API's key is not sent. What fails is a warning that names the
 * host alone, and never changes the run's code: the address is a secret, and taken out of every line of the log.
 */
#ifndef NETTY_EXTRACT_CLI_PING_H
#define NETTY_EXTRACT_CLI_PING_H

#include "shared/options/options.h"
#include <uv.h>

struct ping;

/* *p is NULL where no address is given; all below take that. ERR_USAGE or ERR_CONFIG for what is no address. */
enum err_code ping_open(struct ping **p, const struct options *o, struct err *e) MUST_CHECK;
/* One at a time; while one is under way the next is left out. The loop ends when it has. */
void ping_run(struct ping *p, uv_loop_t *loop, int code, bool well);
/* What the verdict is at a run's end, for ping_end. */
void ping_note(struct ping *p, bool well);
void ping_end(struct ping *p, int code);
void ping_close(struct ping *p);

#endif

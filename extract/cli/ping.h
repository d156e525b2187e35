/*
 * For --ping-url: tells a monitor of scheduled jobs how each run ended. After a good run it GETs the address, after a bad one the
 * address with /fail behind its path. The monitor raises an alarm if neither comes.
 *
 *     ping_open(&p, options, e);
 *     ping_run(p, loop, code, well);   // a program that stays: in a thread that nothing waits for
 *     ping_note(p, well);              // a program that does one run: its verdict, then
 *     ping_end(p, code);               // ... its exit code
 *     ping_close(p);
 *
 * A run is good if its exit code is 0 and the verdict (spool/status/health.h) has nothing with a code. So failures of the loader
 * are reported, too; netty-load itself connects to no address but the database's. Code 75 is neither good nor bad, and reported
 * as nothing.
 *
 * A ping takes ten seconds at most, is not repeated, follows no redirect, and carries no API key. A ping that fails is a warning
 * in the log that names the host alone, and never changes the run's code. The address is a secret, and is taken out of every
 * line of the log.
 */
#ifndef NETTY_EXTRACT_CLI_PING_H
#define NETTY_EXTRACT_CLI_PING_H

#include "shared/options/options.h"
#include <uv.h>

struct ping;

/* *p is NULL if no address is given; all functions below accept that. Fails with ERR_USAGE or ERR_CONFIG for a wrong address. */
enum err_code ping_open(struct ping **p, const struct options *o, struct err *e) MUST_CHECK;
/* Starts a ping in a thread. While one is under way, the next one is left out. The loop stays alive until it has ended. */
void ping_run(struct ping *p, uv_loop_t *loop, int code, bool well);
/* Keeps the verdict at a run's end, for ping_end. */
void ping_note(struct ping *p, bool well);
void ping_end(struct ping *p, int code);
void ping_close(struct ping *p);

#endif

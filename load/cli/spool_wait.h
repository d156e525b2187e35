/*
 * Opens the spool. With --follow it is waited for where there is none yet, and pulled again and again meanwhile (remote_pull.h).
 *
 *     rc = spool_wait_open(&spool, options, SPOOL_LOOK, pull, e);      // pull: NULL without --pull
 *
 * ERR_INTERRUPTED: a signal asked to stop meanwhile. All else as spool_open.
 */
#ifndef NETTY_LOAD_CLI_SPOOL_WAIT_H
#define NETTY_LOAD_CLI_SPOOL_WAIT_H

#include "load/cli/remote_pull.h"
#include "spool/store/spool.h"

enum err_code spool_wait_open(struct spool **s, const struct options *o, enum spool_mode mode,
                              struct remote_pull *pull, struct err *e) MUST_CHECK;

#endif

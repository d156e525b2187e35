/*
 * Pulls what a machine has pushed of all its accounts: makes and continues the mirror of each account's spool, in the folder DIR/ACCOUNT.
 *
 *     rc = host_pull_run("var/pulled", remote, &report, e);
 *
 * As pull_run (spool/remote/pull.h) for one spool. All accounts of the objects are pulled, whatever accounts this machine is configured
 * for. An account whose part cannot be written stays behind, which is logged: the others go on, and the next call tries again from the
 * same objects. The result is then that account's error, the gravest of several. The state lies in the folder DIR/.pull, and, how far
 * each account was pulled, in its pull.json.
 * Errors: also ERR_CONFIG where the remote holds one account's objects.
 */
#ifndef NETTY_SPOOL_HOST_HOST_PULL_H
#define NETTY_SPOOL_HOST_HOST_PULL_H

#include "spool/remote/ship_note.h"

enum err_code host_pull_run(const char *dir, const struct remote *r, struct ship_report *report,
                            struct err *e) MUST_CHECK;

#endif

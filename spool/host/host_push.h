/*
 * Pushes the spools of all accounts of this machine to one remote: one new object for all of them, or several if one has no room for all.
 *
 *     rc = host_push_run(options, remote, &report, e);
 *
 * As push_run (spool/remote/push.h) of one spool: after OK everything that was acknowledged in any account when the call began is in the
 * remote. An account whose spool cannot be read is left out: that is logged, its part comes with a later object, and the result is that
 * account's error, the gravest of several. An account without a spool has nothing to push. The state lies in the folder .push beside the
 * accounts' folders, and, how far each account was pushed, in a folder .push of each.
 * Errors: also ERR_CONFIG where the remote holds one account's objects; ERR_NO_SPOOL where no account has a spool.
 */
#ifndef NETTY_SPOOL_HOST_HOST_PUSH_H
#define NETTY_SPOOL_HOST_HOST_PUSH_H

#include "shared/options/accounts.h"
#include "spool/remote/ship_note.h"

enum err_code host_push_run(const struct options *o, const struct remote *r,
                            struct ship_report *report, struct err *e) MUST_CHECK;
/* The same where the accounts' spools are still mirrors of what was pulled: for a take-over (spool/ship), which has written the notes. */
enum err_code host_push_mirrors(const struct options *o, const struct remote *r,
                                struct ship_report *report, struct err *e) MUST_CHECK;

#endif

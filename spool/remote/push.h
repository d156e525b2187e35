/*
 * Pushes a spool's pages to a remote: one new object, or several if one has no room for all, named by the next numbers.
 *
 *     rc = push_run(spool, remote, &report, e);
 *
 * After OK everything that was acknowledged when the call began is in the remote. No name is written twice. After a push that was
 * interrupted, the next one completes it: a finished object is kept on this machine until its put is confirmed.
 * Errors: those of remote.h; ERR_CONFIG when the remote holds objects that are not of this spool's history (another machine
 * writes there, or this one was restored), and nothing is overwritten; ERR_BUSY while another push of this spool is under way;
 * ERR_SET_ASIDE when damaged pages were passed over, with everything else pushed.
 */
#ifndef NETTY_SPOOL_REMOTE_PUSH_H
#define NETTY_SPOOL_REMOTE_PUSH_H

#include "spool/remote/ship_note.h"

/* An object is pushed this often even if nothing is new. Microseconds. */
#define PUSH_SIGN_OF_LIFE ((int64_t)3600 * 1000000)

enum err_code push_run(const struct spool *s, const struct remote *r, struct ship_report *report,
                       struct err *e) MUST_CHECK;

#endif

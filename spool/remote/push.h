/*
 * Pushes a spool's pages to a remote: one new object, or several where they do not fit, named by the next number.
 *
 *     rc = push_run(spool, remote, &report, e);
 *
 * After OK everything that was acknowledged when the call began is in the remote. No name is written twice. A call that did not
 * end, however it ended, is made good by the next one: the finished file is kept until its put is confirmed.
 * Errors: those of remote.h; ERR_CONFIG where the remote holds objects that are not of this spool's history (another writer, a
 * restored machine), and nothing is overwritten then; ERR_BUSY where another push of this spool is under way; ERR_SET_ASIDE, with the
 * work done, where damaged pages were passed over.
 */
#ifndef NETTY_SPOOL_REMOTE_PUSH_H
#define NETTY_SPOOL_REMOTE_PUSH_H

#include "spool/remote/ship_note.h"

#define PUSH_SIGN_OF_LIFE ((int64_t)3600 * 1000000)

enum err_code push_run(const struct spool *s, const struct remote *r, struct ship_report *report,
                       struct err *e) MUST_CHECK;

#endif

/*
 * Pulls what another machine has pushed: makes and continues a spool that is the mirror of the pushed one.
 *
 *     rc = pull_run("var/pulled", remote, &report, e);
 *
 * Takes objects in the order of their numbers, each asked for by its name. An object's records are written and synced, then the
 * lines that show them, then the note that the object was taken. A pull may end anywhere, and can be repeated without harm. The
 * folder gets the pushed spool's identity, so that a database can go on with either spool.
 * ERR_NO_SPOOL: nothing was ever pushed there. ERR_SET_ASIDE: an object is missing and later ones are there; the note records
 * this, and each call fails so until the object has come. ERR_CONFIG: the folder, or the remote, holds another spool.
 */
#ifndef NETTY_SPOOL_REMOTE_PULL_H
#define NETTY_SPOOL_REMOTE_PULL_H

#include "spool/remote/ship_note.h"

enum err_code pull_run(const char *dir, const struct remote *r, struct ship_report *report,
                       struct err *e) MUST_CHECK;

#endif

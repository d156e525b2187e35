/*
 * Pulls what a machine has pushed: makes, and carries on, a spool that is the pushed one's mirror.
 *
 *     rc = pull_run("var/pulled", remote, &report, e);
 *
 * Asks for the next object by its name. An object's records are written and synced, then the lines that show them, then the note
 * that the object is in; it may end anywhere, and is repeated without harm. The folder gets the pushed spool's identity, so that a
 * database goes on with either. ERR_NO_SPOOL: nothing was ever pushed there. ERR_SET_ASIDE: an object is missing, later ones are
 * there; the mark in the note stays, and the next call says so again until the object has come. ERR_CONFIG: the folder, or the
 * remote, holds another spool.
 */
#ifndef NETTY_SPOOL_REMOTE_PULL_H
#define NETTY_SPOOL_REMOTE_PULL_H

#include "spool/remote/ship_note.h"

enum err_code pull_run(const char *dir, const struct remote *r, struct ship_report *report,
                       struct err *e) MUST_CHECK;

#endif

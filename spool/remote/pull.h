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

/* What is made of the objects: one spool (pull_run), or those of a host's accounts (spool/host). The functions get ctx. */
struct object_reader;
struct pull_counts;
struct pull_target {
    const char *dir;  /* the folder that is pulled into */
    const char *note; /* the folder that the note is in */
    bool host;
    void *ctx;
    /* Called first of all, while no other pull can be under way. May be NULL. */
    enum err_code (*begin)(void *ctx, struct err *e);
    /* Takes an object, but for what the note holds back; `held`: takes what is held back at this object, and nothing else. What cannot be
     * taken and hinders nothing else is held back: the note's table then has the account's name, as segment this object's number, and as
     * page that of the object before it. After OK all the rest is durable. */
    enum err_code (*take)(void *ctx, struct object_reader *r, bool held, struct ship_note *note,
                          struct pull_counts *counts, struct err *e);
};
/* Pulls as pull_run does, which calls this. What is held back is taken later from the same objects, and is no failure here. */
enum err_code pull_objects(const struct pull_target *target, const struct remote *r,
                           struct ship_report *report, struct err *e) MUST_CHECK;

/* For a target, about a spool that is there: removes damaged hints, which a power failure may have left. */
enum err_code pull_mend_hints(const struct spool *s, struct err *e) MUST_CHECK;

enum err_code pull_run(const char *dir, const struct remote *r, struct ship_report *report,
                       struct err *e) MUST_CHECK;

#endif

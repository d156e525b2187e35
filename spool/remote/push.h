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

struct object_writer;

/* An object is pushed this often even if nothing is new. Microseconds. */
#define PUSH_SIGN_OF_LIFE ((int64_t)3600 * 1000000)

/* At most once a day everything is pushed again, in one object or several (note->whole is the first one's number), where there is enough
 * behind the last time: a quarter of its bytes, or so many objects. What was before can then be removed (back_drop_replaced). */
#define PUSH_WHOLE_EVERY   ((int64_t)24 * 3600 * 1000000)
#define PUSH_WHOLE_OBJECTS 256

/* What goes into an object: the news of a spool (push_run), or of the accounts of a host (spool/host). Each function gets ctx. */
struct push_built {
    bool more;  /* there was no room for all: another object has to follow */
    bool again; /* the object is of no use: it has to be made anew, from the same note */
    bool none;  /* there is nothing to push after all */
    bool part;  /* something was left out that an earlier object may have: those have to stay */
};
struct push_source {
    const char *dir;   /* the folder that PUSH_DIR is in */
    const char *spool; /* what an object's head tells as the spool's identity */
    bool host;
    void *ctx;
    /* Is nothing new, and the last object less than PUSH_SIGN_OF_LIFE old? Asked only when note->number > 0. */
    enum err_code (*quiet)(void *ctx, const struct ship_note *note, bool *quiet, struct err *e);
    /* Adds what note does not have, and updates note, whose number, chain, written and whole are those of the object. Where everything begins
     * anew note has no tables. */
    enum err_code (*collect)(void *ctx, struct object_writer *w, struct ship_note *note,
                             struct ship_report *report, struct push_built *built, struct err *e);
    /* The functions from here on may be NULL. Whatever an earlier push has left is settled; note is what the remote has. */
    enum err_code (*begin)(void *ctx, const struct ship_note *note, struct err *e);
    /* The object is finished, and about to be put; note->hash is its hash. */
    enum err_code (*finished)(void *ctx, const struct ship_note *note, struct err *e);
    /* It is in the remote. */
    enum err_code (*confirmed)(void *ctx, const struct ship_note *note, struct err *e);
};
/* Pushes what the source has: as push_run, which calls this. */
enum err_code push_objects(const struct push_source *source, const struct remote *r,
                           struct ship_report *report, struct err *e) MUST_CHECK;

/* For a source: is there anything new that the note does not have: records, or a changed small file? Positions alone do not count. */
enum err_code push_has_news(const struct spool *s, const struct ship_note *note, bool *news,
                            struct err *e) MUST_CHECK;
/* For a source: adds the acknowledged pages that the note does not have, and updates the note's tables. *more: there was no room for all. */
enum err_code push_collect(const struct spool *s, struct object_writer *w, struct ship_note *note,
                           struct ship_report *report, bool *more, struct err *e) MUST_CHECK;

enum err_code push_run(const struct spool *s, const struct remote *r, struct ship_report *report,
                       struct err *e) MUST_CHECK;

#endif

/*
 * The way back: what the loader's machine leaves for the extractor goes to the machine that pushes. FORMAT.md, 20, is the standard.
 *
 *     rc = back_put(pulled, remote, &puts, e);       // after a pull: one object at most, where something has changed
 *     rc = back_take(pushed, remote, &report, e);    // before a push
 *
 * An object of the way back holds all of what there is to tell, so the newest one is enough: how far each database has loaded each
 * table, the catalog, the keys that a reconcile asks for, from where to fetch again. Each puller writes below a name of its own,
 * back/ID/, and no name is written twice: a number is noted as used before it is put. A puller whose last object is not the one it
 * knows (the spool was copied or restored, the place emptied) takes a new ID.
 * back_take puts each thing where the pushed spool has it, where it is newer than what is there, with the functions that a loader
 * beside the extractor would use. What one puller has of each table is noted for pruning (ship_pushed): all of them must have it.
 * Both may end anywhere, and are repeated without harm.
 * Errors: those of remote.h; ERR_BUSY where another pull, or push, of the spool is under way.
 */
#ifndef NETTY_SPOOL_BACK_BACK_H
#define NETTY_SPOOL_BACK_BACK_H

#include "spool/remote/remote.h"
#include "spool/store/spool.h"

/* *put: there was something to tell. ERR_DENIED is for the caller to judge: who may only read the place counts for nobody. */
enum err_code back_put(const struct spool *s, const struct remote *r, bool *put,
                       struct err *e) MUST_CHECK;

/* For a machine that pulls no more, because it has taken over what it pulled: removes what it has put, so that nothing waits for it. The
 * caller has the lock of the folder .pull (ship_lock). */
enum err_code back_leave(const struct spool *s, const struct remote *r, struct err *e) MUST_CHECK;

struct back_report {
    uint64_t objects; /* taken now */
    uint64_t pullers; /* known */
};
/* Nothing is asked where nothing was pushed there yet. New pullers are looked for once an hour. */
enum err_code back_take(const struct spool *s, const struct remote *r, struct back_report *report,
                        struct err *e) MUST_CHECK;

#endif

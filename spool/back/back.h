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

#include "spool/remote/ship_note.h"

/* *put: there was something to tell. ERR_DENIED is for the caller to judge: who may only read the place counts for nobody. */
enum err_code back_put(const struct spool *s, const struct remote *r, bool *put,
                       struct err *e) MUST_CHECK;

/* What is told, for back_put_from: a spool's (back_put), or that of all accounts of a host (spool/host). The functions get ctx. */
struct back_source {
    const char *dir;   /* the folder that PULL_DIR is in */
    const char *note;  /* the folder that PULL_NOTE is in */
    const char *spool; /* what the object's head tells as the spool's identity */
    bool host;
    void *ctx;
    /* A hash of what is told: the same where there is nothing new. */
    enum err_code (*news)(void *ctx, uint64_t *hash, struct err *e);
    enum err_code (*add)(void *ctx, struct object_writer *w, struct err *e);
};
enum err_code back_put_from(const struct back_source *source, const struct remote *r, bool *put,
                            struct err *e) MUST_CHECK;

/* For a source, about one spool: a hash of what is told, but for the times at which it was found; it removes wishes that have arrived: the pushed
 * spool's own refetch.json, which came along since, is not older, and asks for as much. */
enum err_code back_news(const struct spool *s, uint64_t *hash, struct err *e) MUST_CHECK;
enum err_code back_add_files(const struct spool *s, struct object_writer *w,
                             struct err *e) MUST_CHECK;

/* For a machine that pulls no more, because it has taken over what it pulled into dir: removes what it has put, so that nothing waits for
 * it. The caller has the lock of the folder .pull in dir (ship_lock). */
enum err_code back_leave(const char *dir, const struct remote *r, struct err *e) MUST_CHECK;

struct back_report {
    uint64_t objects; /* taken now */
    uint64_t pullers; /* known */
};
/* Nothing is asked where nothing was pushed there yet. New pullers are looked for once an hour. */
enum err_code back_take(const struct spool *s, const struct remote *r, struct back_report *report,
                        struct err *e) MUST_CHECK;

/* After a push from dir (a spool, or the folder of a host's accounts): removes objects that later ones replace and that every puller has
 * passed which has told something at `since` or later, once all pullers were looked for since then. Some at a time; what cannot be removed stays, with a warning. */
enum err_code back_drop_replaced(const char *dir, const struct remote *r, int64_t since,
                                 struct err *e) MUST_CHECK;

/* Where what came back goes, for back_take_into: a spool (back_take), or all accounts of a host (spool/host). */
struct back_target {
    const char *dir;   /* the folder that PUSH_DIR is in */
    const char *spool; /* the identity that an object's head has to tell */
    bool host;
    void *ctx;
    /* Takes the object over. note: of the puller, whose file has that name; its tables are told what the puller has. folder: the name of a
     * folder, below PUSH_DIR, to unpack into. *part, false before: a part of it could not be taken, so that the next call takes the object, or
     * a later one, once more. */
    enum err_code (*install)(void *ctx, struct object_reader *r, const char *folder,
                             const char *name, struct ship_note *note, bool *part, struct err *e);
};
enum err_code back_take_into(const struct back_target *target, const struct remote *r,
                             struct back_report *report, struct err *e) MUST_CHECK;

/* For a target, about one spool: unpacks files into the folder, which becomes a spool without pages, and takes over what is newer.
 *
 *     back_install_open(&i, spool, folder, note, e);      // note: of the puller; its tables are told what that one has
 *     back_install_file(i, reader, item, e); ...          // each item that is a file
 *     back_install_end(i, e);
 *     back_install_close(i);                              // in any case; NULL is fine
 */
struct back_install;
enum err_code back_install_open(struct back_install **i, const struct spool *s, const char *folder,
                                struct ship_note *note, struct err *e) MUST_CHECK;
enum err_code back_install_file(struct back_install *i, struct object_reader *r,
                                const struct object_item *item, struct err *e) MUST_CHECK;
enum err_code back_install_end(struct back_install *i, struct err *e) MUST_CHECK;
void back_install_close(struct back_install *i);

#endif

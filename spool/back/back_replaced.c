/* What may go of the objects that were pushed: those before the one with which everything was begun anew (ship_note.h, `replaced`). */
#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/back/back.h"
#include <string.h>
#include <unistd.h>

#define DROP_MOST 32 /* objects that are removed at a time */

struct replaced {
    char dir[IO_PATH];
    char name[SHIP_NOTE_NAME]; /* the push's note */
    int64_t since;
    uint64_t below; /* objects below this one may go */
};

/* What a puller has not taken yet stays, unless it was silent for too long. */
static enum err_code on_note(void *ctx, int dir, const char *name, struct err *e)
{
    struct replaced *p = ctx;
    struct ship_note n;
    bool there;
    size_t stem = strcspn(p->name, ".");
    (void)dir;
    if (!ship_note_is_back(name) || strncmp(name, p->name, stem) != 0 || name[stem] != '.')
        return OK;
    enum err_code rc = ship_note_read(&n, p->dir, name, &there, e);
    if (rc == OK && there && n.written >= p->since && n.acked < p->below)
        p->below = n.acked;
    ship_note_free(&n);
    return rc;
}

/* Who has begun to pull is seen by the next look at all names below back/, once an hour. */
static enum err_code were_looked_for(const struct replaced *p, const struct remote *r, int64_t at,
                                     bool *looked, struct err *e)
{
    char name[SHIP_NOTE_NAME];
    struct ship_note n;
    bool there;
    ship_note_name(name, remote_name(r), "back");
    enum err_code rc = ship_note_read(&n, p->dir, name, &there, e);
    *looked = rc == OK && there && n.listed != WHEN_NONE && n.listed >= at;
    if (rc == OK)
        ship_note_free(&n);
    return rc == ERR_DAMAGED ? OK : rc;
}

/* Ends at the first one that cannot be removed; the next call goes on there. */
static enum err_code drop(const struct replaced *p, const struct remote *r, struct ship_note *n,
                          struct err *e)
{
    uint64_t from = n->kept > 0 ? n->kept : 1;
    uint64_t to = p->below - from > DROP_MOST ? from + DROP_MOST : p->below;
    struct err why = ERR_INIT;
    char object[OBJECT_NAME];
    enum err_code rc = OK;
    for (n->kept = from; n->kept < to; n->kept++) {
        if ((rc = remote_delete(r, object_name(object, n->kept), &why)) != OK)
            break;
        FAULT("object-removed");
    }
    if (rc == ERR_INTERRUPTED) {
        *e = why;
        return rc;
    }
    if (rc != OK)
        LOG(LOG_WARN, "push", "objects that a later one replaces cannot be removed, and stay",
            F_STR("object", object), F_ERR(&why));
    else
        LOG(LOG_DEBUG, "push", "objects that a later one replaces were removed",
            F_INT("objects", to - from));
    return n->kept == from ? OK : ship_note_write(n, p->dir, p->name, e);
}

enum err_code back_drop_replaced(const char *dir, const struct remote *r, int64_t since,
                                 struct err *e)
{
    struct replaced p = {.since = since};
    struct ship_note n;
    bool there;
    bool looked = false;
    int lock = -1;
    enum err_code rc;
    ship_note_init(&n);
    ship_note_name(p.name, remote_name(r), "");
    if ((rc = io_path(p.dir, dir, PUSH_DIR, e)) == OK &&
        (rc = ship_lock(p.dir, "another push of this spool", &lock, e)) == OK &&
        (rc = ship_note_read(&n, p.dir, p.name, &there, e)) == OK) {
        p.below = n.replaced;
        if (p.below > 1 && p.below > n.kept)
            rc = were_looked_for(&p, r, n.whole_at, &looked, e);
        if (rc == OK && looked)
            rc = io_each_name(p.dir, false, on_note, &p, e);
        if (rc == OK && looked && p.below > (n.kept > 0 ? n.kept : 1))
            rc = drop(&p, r, &n, e);
    }
    ship_note_free(&n);
    if (lock >= 0)
        (void)close(lock);
    return rc;
}

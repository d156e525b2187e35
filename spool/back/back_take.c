/*
 * The pushed side. In the spool's folder .push, NAME being a hash of the remote's name:
 *     NAME.back.json       the chain that was pushed when this was written, and when pullers were last looked for
 *     NAME.back.ID.json    of each puller: its last object that was taken, and what its databases have (ship_note.h)
 *     NAME.back            a folder: what the object at hand was unpacked to
 * Where another chain is pushed the place was emptied, and who pulls has another ID: the notes of before go.
 */
#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/back/back_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_EVERY ((int64_t)3600 * 1000000)
#define DROP_MOST  16 /* objects that are removed at a time */

struct puller {
    char id[OBJECT_ID];
    uint64_t known;  /* number of the last object that was taken */
    uint64_t newest; /* ... that the place was seen to hold, */
    uint64_t oldest; /* ... and of the first one there; 0: not looked for */
};

struct take {
    const struct back_target *target;
    const struct remote *remote;
    struct back_report *report;
    int lock;
    char dir[IO_PATH];
    char folder[SHIP_NOTE_NAME];
    char object[IO_PATH];
    char list[SHIP_NOTE_NAME];
    struct ship_note note; /* NAME.back.json */
    bool pushed;           /* there are objects of ours */
    bool looked;           /* for new pullers, just now */
    char chain[OBJECT_ID]; /* theirs */
    struct puller *pullers;
    size_t count;
};

static enum err_code find_chain(struct take *t, struct err *e)
{
    char name[SHIP_NOTE_NAME];
    struct ship_note n;
    bool there;
    ship_note_name(name, remote_name(t->remote), "");
    enum err_code rc = ship_note_read(&n, t->dir, name, &there, e);
    if (rc == ERR_DAMAGED) /* push says what to do */
        return OK;
    if (rc != OK)
        return rc;
    t->pushed = n.number > 0;
    memcpy(t->chain, n.chain, sizeof t->chain);
    ship_note_free(&n);
    return OK;
}

static enum err_code prepare(struct take *t, struct err *e)
{
    char name[SHIP_NOTE_NAME];
    bool there;
    enum err_code rc;
    ship_note_name(t->list, remote_name(t->remote), "back");
    (void)snprintf(t->folder, sizeof t->folder, "%.*s", (int)(strlen(t->list) - strlen(".json")),
                   t->list);
    (void)snprintf(name, sizeof name, "%.*s.seen", (int)strcspn(t->list, "."), t->list);
    if ((rc = io_path(t->dir, t->target->dir, PUSH_DIR, e)) != OK ||
        (rc = io_path(t->object, t->dir, name, e)) != OK ||
        (rc = ship_lock(t->dir, "another push of this spool", &t->lock, e)) != OK ||
        (rc = find_chain(t, e)) != OK)
        return rc;
    rc = ship_note_read(&t->note, t->dir, t->list, &there, e);
    return rc == ERR_DAMAGED ? OK : rc;
}

/* ---- who pulls ---- */

static struct puller *find_puller(struct take *t, const char *id, struct err *e)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->pullers[i].id, id) == 0)
            return &t->pullers[i];
    struct puller *more = realloc(t->pullers, (t->count + 1) * sizeof *more);
    if (!more) {
        (void)err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    t->pullers = more;
    struct puller *p = &t->pullers[t->count++];
    *p = (struct puller){.known = 0};
    (void)snprintf(p->id, sizeof p->id, "%s", id);
    return p;
}

static enum err_code on_note(void *ctx, int dir, const char *name, struct err *e)
{
    struct take *t = ctx;
    struct ship_note n;
    bool there;
    size_t stem = strlen(t->list) - strlen("json");
    (void)dir;
    if (!ship_note_is_back(name) || strncmp(name, t->list, stem) != 0)
        return OK;
    enum err_code rc = ship_note_read(&n, t->dir, name, &there, e);
    if (rc == ERR_DAMAGED) /* who cannot be told what it has is as good as new */
        return OK;
    if (rc != OK || !there)
        return rc;
    struct puller *p = find_puller(t, n.chain, e);
    if (p)
        p->known = n.number;
    ship_note_free(&n);
    return p ? OK : ERR_NOMEM;
}

static enum err_code on_old_note(void *ctx, int dir, const char *name, struct err *e)
{
    struct take *t = ctx;
    char path[IO_PATH];
    (void)dir;
    if (!ship_note_is_back(name) || strncmp(name, t->list, strlen(t->list) - strlen("json")) != 0)
        return OK;
    enum err_code rc = io_path(path, t->dir, name, e);
    return rc == OK ? safe_remove(path, e) : rc;
}

static enum err_code known_pullers(struct take *t, struct err *e)
{
    enum err_code rc = OK;
    if (strcmp(t->note.chain, t->chain) == 0)
        return io_each_name(t->dir, false, on_note, t, e);
    if ((rc = io_each_name(t->dir, false, on_old_note, t, e)) != OK ||
        (rc = io_sync_dir(t->dir, e)) != OK)
        return rc;
    ship_note_free(&t->note);
    (void)snprintf(t->note.remote, sizeof t->note.remote, "%s", remote_name(t->remote));
    memcpy(t->note.chain, t->chain, sizeof t->note.chain);
    return OK;
}

/* "ID/0000000007.netty" */
static enum err_code on_object(void *ctx, const char *name, struct err *e)
{
    struct take *t = ctx;
    char id[OBJECT_ID] = "";
    size_t n = strspn(name, "0123456789abcdef");
    uint64_t number = n == OBJECT_ID - 1 && name[n] == '/' ? object_number(name + n + 1) : 0;
    if (number == 0)
        return OK;
    memcpy(id, name, n);
    struct puller *p = find_puller(t, id, e);
    if (!p)
        return ERR_NOMEM;
    if (number > p->newest)
        p->newest = number;
    if (p->oldest == 0 || number < p->oldest)
        p->oldest = number;
    return OK;
}

static enum err_code look_for_pullers(struct take *t, struct err *e)
{
    int64_t now = when_now();
    if (t->note.listed != WHEN_NONE && now >= t->note.listed && now - t->note.listed < LIST_EVERY)
        return OK;
    t->note.listed = now;
    t->looked = true;
    return remote_each(t->remote, BACK_FOLDER, 2, on_object, t, e);
}

/* ---- what they tell ---- */

static enum err_code read_note(const struct take *t, const struct puller *p, struct ship_note *n,
                               char name[SHIP_NOTE_NAME], struct err *e)
{
    char of[OBJECT_ID + 8];
    bool there;
    (void)snprintf(of, sizeof of, "back.%s", p->id);
    ship_note_name(name, remote_name(t->remote), of);
    enum err_code rc = ship_note_read(n, t->dir, name, &there, e);
    if (rc != OK && rc != ERR_DAMAGED)
        return rc;
    (void)snprintf(n->remote, sizeof n->remote, "%s", remote_name(t->remote));
    (void)snprintf(n->chain, sizeof n->chain, "%s", p->id);
    return OK;
}

/* The older ones are of no use any more. The oldest go first, so that those that are left go with a later take. Whoever may not
 * remove them leaves them there. */
static void drop_older(const struct take *t, const struct puller *p, uint64_t last)
{
    char name[REMOTE_OBJECT_MAX];
    struct err why = ERR_INIT;
    uint64_t from = last == 0 || (p->oldest > 0 && p->oldest < last) ? p->oldest : last;
    enum err_code rc = OK;
    for (uint64_t n = from; n > 0 && n < p->known && n < from + DROP_MOST && rc == OK; n++) {
        back_name(name, p->id, n);
        if ((rc = remote_delete(t->remote, name, &why)) != OK)
            LOG(LOG_DEBUG, "back", "an older object of the way back stays", F_ERR(&why));
    }
}

static enum err_code install(struct take *t, struct puller *p, struct object_reader *r,
                             struct err *e)
{
    const struct object_head *h = object_head(r);
    char name[SHIP_NOTE_NAME];
    struct ship_note n;
    bool part = false;
    enum err_code rc = read_note(t, p, &n, name, e);
    if (rc != OK)
        return rc;
    uint64_t last = n.number;
    if ((rc = t->target->install(t->target->ctx, r, t->folder, name, &n, &part, e)) == OK) {
        FAULT("back-installed");
        n.number = h->number - (part ? 1 : 0);
        n.next = n.number + 1;
        n.hash = object_sum(r)->hash;
        n.written = h->written;
        n.acked = h->acked;
        rc = ship_note_write(&n, t->dir, name, e);
        FAULT("back-taken");
    }
    ship_note_free(&n);
    if (rc != OK)
        return rc;
    p->known = h->number;
    t->report->objects++;
    drop_older(t, p, last);
    return OK;
}

/* *more: it was there and was taken. One that is cut may still be coming; one that is none of this spool's is passed over. */
static enum err_code take_one(struct take *t, struct puller *p, uint64_t number, bool *more,
                              struct err *e)
{
    char name[REMOTE_OBJECT_MAX];
    struct object_reader *r = NULL;
    struct err why = ERR_INIT;
    bool there;
    *more = false;
    back_name(name, p->id, number);
    enum err_code rc = remote_get(t->remote, name, t->object, &there, e);
    if (rc != OK || !there)
        return rc;
    FAULT("back-got");
    rc = object_open(&r, t->object, &why);
    bool fits = rc == OK && object_head(r)->number == number &&
                object_head(r)->host == t->target->host &&
                strcmp(object_head(r)->spool, t->target->spool) == 0 &&
                strcmp(object_head(r)->chain, p->id) == 0;
    if (rc == ERR_DAMAGED || (rc == OK && !fits)) {
        LOG(LOG_WARN, "back", "an object of the way back is of no use, and passed over",
            F_STR("object", name), F_ERR(&why));
        rc = OK;
    } else if (rc != OK) {
        *e = why;
    } else if ((rc = install(t, p, r, e)) == OK) {
        *more = true;
    }
    object_close(r);
    enum err_code gone = safe_remove(t->object, rc == OK ? e : &why);
    return rc == OK ? gone : rc;
}

static enum err_code take_all(struct take *t, struct err *e)
{
    enum err_code rc = known_pullers(t, e);
    if (rc == OK)
        rc = look_for_pullers(t, e);
    for (size_t i = 0; i < t->count && rc == OK; i++) {
        struct puller *p = &t->pullers[i];
        bool more = true;
        if (p->newest > p->known)
            rc = take_one(t, p, p->newest, &more, e);
        more = p->known > 0;
        while (rc == OK && more)
            rc = take_one(t, p, p->known + 1, &more, e);
    }
    t->report->pullers = t->count;
    /* Behind what was found: else it would be looked for again in an hour only. */
    return rc == OK && t->looked ? ship_note_write(&t->note, t->dir, t->list, e) : rc;
}

enum err_code back_take_into(const struct back_target *target, const struct remote *r,
                             struct back_report *report, struct err *e)
{
    struct take t = {.target = target, .remote = r, .report = report, .lock = -1};
    *report = (struct back_report){.objects = 0};
    ship_note_init(&t.note);
    enum err_code rc = prepare(&t, e);
    if (rc == OK && t.pushed)
        rc = take_all(&t, e);
    ship_note_free(&t.note);
    free(t.pullers);
    if (t.lock >= 0)
        (void)close(t.lock);
    return rc;
}

/* ---- one spool ---- */

struct one {
    const struct spool *spool;
};

static enum err_code install_spool(void *ctx, struct object_reader *r, const char *folder,
                                   const char *name, struct ship_note *note, bool *part,
                                   struct err *e)
{
    const struct one *one = ctx;
    char dir[IO_PATH];
    char path[IO_PATH];
    enum err_code rc;
    (void)name;
    *part = false;
    if ((rc = io_path(dir, spool_dir(one->spool), PUSH_DIR, e)) != OK ||
        (rc = io_path(path, dir, folder, e)) != OK)
        return rc;
    return back_install(one->spool, r, path, note, e);
}

enum err_code back_take(const struct spool *s, const struct remote *r, struct back_report *report,
                        struct err *e)
{
    struct one one = {s};
    const struct back_target target = {
        .dir = spool_dir(s), .spool = spool_id(s), .ctx = &one, .install = install_spool};
    return back_take_into(&target, r, report, e);
}

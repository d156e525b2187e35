/*
 * The order of the steps is what makes it safe to end anywhere. Until pull.json goes, the spool is a mirror: no extractor writes to it, and
 * the take-over can be begun anew, with a pull. The push's note (.push/NAME.json) is made from pull.json, so a repeated take-over makes it anew,
 * unless it is of the same object: then a push that did not end may stand behind it, which is made good by the next one.
 */
#include "spool/ship/take_over.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/back/back.h"
#include "spool/control/refetch.h"
#include "spool/remote/pull.h"
#include "spool/remote/push.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct take_over {
    const char *dir;
    const struct remote *remote;
    struct ship_report *report; /* of the pulls */
    struct spool *spool;
    int lock; /* of .pull: no pull comes in between */
    char push_dir[IO_PATH];
    char done[SHIP_NOTE_NAME]; /* names of the push's notes */
    char next[SHIP_NOTE_NAME];
    struct ship_note pulled; /* pull.json */
};

/* Was the spool taken over from this remote already? */
static enum err_code was_taken(const struct take_over *t, bool *taken, struct err *e)
{
    struct ship_note n;
    bool there;
    *taken = false;
    enum err_code rc = ship_note_read(&n, t->dir, PULL_NOTE, &there, e);
    bool mirror = rc == ERR_DAMAGED || there;
    ship_note_free(&n);
    if (mirror || rc != OK)
        return rc == ERR_DAMAGED ? OK : rc; /* pull says what to do */
    rc = ship_note_read(&n, t->dir, TAKEN_NOTE, &there, e);
    *taken = there && strcmp(n.remote, remote_name(t->remote)) == 0;
    ship_note_free(&n);
    if (rc != OK || *taken || !spool_is_there(t->dir))
        return rc;
    return err_set(e, ERR_CONFIG,
                   "the spool at %.500s was not pulled: netty-extract writes to it, so there is "
                   "nothing to take over; name a new folder (--spool), or push this one",
                   t->dir);
}

/* Has the next pull ask the remote for its names: an object may follow a number that was given up. */
static enum err_code forget_listing(const struct take_over *t, struct err *e)
{
    struct ship_note n;
    bool there;
    enum err_code rc = ship_note_read(&n, t->dir, PULL_NOTE, &there, e);
    if (rc == OK && there && n.listed != WHEN_NONE) {
        n.listed = WHEN_NONE;
        rc = ship_note_write(&n, t->dir, PULL_NOTE, e);
    }
    ship_note_free(&n);
    return rc == ERR_DAMAGED ? OK : rc; /* pull says what to do */
}

/* A pull lists the names once an hour only. The last one has listed them, and found nothing. */
static enum err_code pull_to_the_end(const struct take_over *t, struct err *e)
{
    struct ship_report now = {.objects = 1};
    enum err_code rc = OK;
    while (rc == OK && now.objects > 0) {
        if ((rc = forget_listing(t, e)) == OK)
            rc = pull_run(t->dir, t->remote, &now, e);
        t->report->objects += now.objects;
        t->report->pages += now.pages;
        t->report->bytes += now.bytes;
        t->report->last = now.last;
        t->report->written = now.written;
    }
    return rc;
}

static enum err_code prepare(struct take_over *t, struct err *e)
{
    char dir[IO_PATH];
    bool there;
    enum err_code rc;
    ship_note_name(t->done, remote_name(t->remote), "");
    ship_note_name(t->next, remote_name(t->remote), "next");
    if ((rc = spool_open(&t->spool, t->dir, SPOOL_LOOK, e)) != OK ||
        (rc = io_path(dir, t->dir, PULL_DIR, e)) != OK ||
        (rc = io_path(t->push_dir, t->dir, PUSH_DIR, e)) != OK ||
        (rc = io_mkdirs(t->push_dir, e)) != OK ||
        (rc = ship_lock(dir, "another pull into this spool", &t->lock, e)) != OK ||
        (rc = ship_note_read(&t->pulled, t->dir, PULL_NOTE, &there, e)) != OK)
        return rc;
    return there ? OK : err_set(e, ERR_BUSY, "another take-over of this spool has just ended");
}

/* An object that was finished and is none of the chain that was pulled: another machine's has its number, or a later one was pulled. */
static enum err_code drop_pending(const struct take_over *t, struct err *e)
{
    char path[IO_PATH];
    enum err_code rc = io_path(path, t->push_dir, t->next, e);
    if (rc == OK && (rc = safe_remove(path, e)) == OK)
        rc = io_sync_dir(t->push_dir, e);
    return rc;
}

/* What a push has to know, as far as pull.json tells: with no file's size, so the last object is looked at whole, and with no time, so something
 * is pushed in any case. */
static enum err_code write_note(const struct take_over *t, struct err *e)
{
    struct ship_note n;
    ship_note_init(&n);
    enum err_code rc = ship_note_copy(&n, &t->pulled, e);
    if (rc == OK) {
        n.size = n.files = n.gap = 0;
        n.modified = n.written = n.listed = WHEN_NONE;
        for (size_t i = 0; i < n.count; i++)
            n.tables[i].files = n.tables[i].roll = 0;
        rc = ship_note_write(&n, t->push_dir, t->done, e);
    }
    ship_note_free(&n);
    FAULT("take-over-noted");
    return rc;
}

static enum err_code note(const struct take_over *t, struct err *e)
{
    struct ship_note done;
    struct ship_note next;
    bool there;
    bool pending = false;
    enum err_code rc = ship_note_read(&done, t->push_dir, t->done, &there, e);
    bool same = rc == OK && there && done.number == t->pulled.number && done.hash == t->pulled.hash;
    ship_note_free(&done);
    if (rc == OK || rc == ERR_DAMAGED)
        rc = ship_note_read(&next, t->push_dir, t->next, &pending, e);
    bool stale = rc == ERR_DAMAGED || (pending && (!same || next.number <= t->pulled.number));
    if (rc == OK)
        ship_note_free(&next);
    if (rc != OK && rc != ERR_DAMAGED)
        return rc;
    if (stale && (rc = drop_pending(t, e)) != OK)
        return rc;
    return same ? OK : write_note(t, e);
}

typedef enum err_code wish_fn(const struct spool *s, const char *table, struct err *e);

static enum err_code each_table(const struct take_over *t, wish_fn *fn, struct err *e)
{
    char **tables = NULL;
    size_t n = 0;
    enum err_code rc = spool_tables(t->spool, &tables, &n, e);
    for (size_t i = 0; i < n && rc == OK; i++)
        rc = fn(t->spool, tables[i], e);
    spool_tables_free(tables, n);
    return rc;
}

/* What others have told of what they have loaded, of the database's tables and of what they lack. */
static enum err_code take_back(const struct take_over *t, struct err *e)
{
    struct back_report back;
    struct err why = ERR_INIT;
    enum err_code rc = back_leave(t->spool, t->remote, &why);
    if (rc == ERR_DENIED) {
        LOG(LOG_WARN, "back",
            "what this machine has told as one that pulls cannot be removed from the remote: what "
            "is not loaded here is not pruned before --forget-after has passed",
            F_ERR(&why));
        rc = OK;
    }
    if (rc == OK && (rc = back_take(t->spool, t->remote, &back, &why)) == ERR_DENIED) {
        LOG(LOG_WARN, "back", "the remote does not tell what is loaded elsewhere", F_ERR(&why));
        rc = OK;
    }
    if (rc != OK)
        *e = why;
    return rc;
}

/* From here on netty-extract may write. */
static enum err_code become_own(const struct take_over *t, struct err *e)
{
    char from[IO_PATH];
    char to[IO_PATH];
    enum err_code rc;
    if ((rc = each_table(t, refetch_drop_wish, e)) != OK ||
        (rc = io_path(from, t->dir, PULL_NOTE, e)) != OK ||
        (rc = io_path(to, t->dir, TAKEN_NOTE, e)) != OK || (rc = safe_rename(from, to, e)) != OK ||
        (rc = io_sync_dir(t->dir, e)) != OK)
        return rc;
    FAULT("taken-over");
    LOG(LOG_INFO, "taken-over",
        "the spool is this machine's from here on: netty-extract and push go on with it",
        F_STR("remote", remote_name(t->remote)), F_INT("object", t->pulled.number));
    return OK;
}

/* Damaged pages are told, and stop nothing: they are what they were before. */
static enum err_code push(const struct take_over *t, struct err *damage, struct err *e)
{
    struct ship_report pushed;
    struct err why = ERR_INIT;
    enum err_code rc = push_run(t->spool, t->remote, &pushed, &why);
    if (rc == ERR_SET_ASIDE)
        *damage = why;
    else if (rc != OK)
        *e = why;
    FAULT("take-over-pushed");
    return rc == ERR_SET_ASIDE ? OK : rc;
}

static enum err_code take(struct take_over *t, bool taken, struct err *damage, struct err *e)
{
    enum err_code rc;
    if (taken)
        return (rc = spool_open(&t->spool, t->dir, SPOOL_LOOK, e)) == OK ? push(t, damage, e) : rc;
    if ((rc = pull_to_the_end(t, e)) != OK || (rc = prepare(t, e)) != OK ||
        (rc = note(t, e)) != OK || (rc = each_table(t, refetch_take_wish, e)) != OK ||
        (rc = push(t, damage, e)) != OK || (rc = take_back(t, e)) != OK)
        return rc;
    FAULT("take-over-told");
    return become_own(t, e);
}

enum err_code take_over_run(const char *dir, const struct remote *r, struct ship_report *report,
                            struct err *e)
{
    struct take_over t = {.dir = dir, .remote = r, .report = report, .lock = -1};
    struct err damage = ERR_INIT;
    bool taken;
    *report = (struct ship_report){.written = WHEN_NONE};
    ship_note_init(&t.pulled);
    enum err_code rc = was_taken(&t, &taken, e);
    if (rc == OK)
        rc = take(&t, taken, &damage, e);
    ship_note_free(&t.pulled);
    spool_close(t.spool);
    if (t.lock >= 0)
        (void)close(t.lock);
    if (rc == OK && damage.code != OK) {
        *e = damage;
        rc = damage.code;
    }
    return rc;
}

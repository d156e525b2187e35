/*
 * Which objects there are, and which comes next. The folder .push in the spool's folder has these files, where NAME is a hash of the
 * remote's name:
 *     NAME.json         the note: the last object that is known to be in the remote
 *     NAME.next.json    the note as it will be once NAME.object is in the remote: written before the put, renamed after it
 *     NAME.object       a finished object
 *     NAME.seen         an object that was got from the remote, to look at it; removed afterwards
 * When a push was interrupted, the next one finds NAME.next.json and looks its number up in the remote. It then renames the file, or
 * puts the same object again, or gives the number up.
 */
#include "spool/remote/push.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/process/child.h"
#include "shared/time/when.h"
#include "spool/remote/push_private.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define NAME_MAX_ 64

enum fate {
    ABSENT,
    WHOLE,
    CUT
};

struct push {
    const struct push_source *source;
    const struct remote *remote;
    struct ship_report *report;
    int lock;
    char dir[IO_PATH];
    char done[SHIP_NOTE_NAME];
    char next[SHIP_NOTE_NAME];
    char object[IO_PATH]; /* its path */
    char seen[IO_PATH];   /* one that was there */
    struct ship_note note;
    struct ship_note pending;
    bool is_pending;
    bool whole;   /* the next object begins everything anew */
    bool filling; /* everything was begun anew, and does not end with the object before */
    bool
        other_kind; /* an object that was met there is a host's, or one spool's, which ours are not */
};

static enum err_code prepare(struct push *p, struct err *e)
{
    char name[NAME_MAX_];
    char seen[NAME_MAX_];
    const char *remote = remote_name(p->remote);
    uint64_t hash = XXH3_64bits(remote, strlen(remote));
    enum err_code rc;
    ship_note_name(p->done, remote, "");
    ship_note_name(p->next, remote, "next");
    (void)snprintf(name, sizeof name, "%016" PRIx64 ".object", hash);
    (void)snprintf(seen, sizeof seen, "%016" PRIx64 ".seen", hash);
    if ((rc = io_path(p->dir, p->source->dir, PUSH_DIR, e)) != OK ||
        (rc = io_path(p->object, p->dir, name, e)) != OK ||
        (rc = io_path(p->seen, p->dir, seen, e)) != OK)
        return rc;
    return ship_lock(p->dir, "another push of this spool", &p->lock, e);
}

static enum err_code other_kind(const struct push *p, struct err *e)
{
    if (p->source->host)
        return err_set(
            e, ERR_CONFIG,
            "%.300s holds the objects of one account or spool; push the accounts of this "
            "machine to a place of their own, or each by itself, with --account",
            remote_name(p->remote));
    return err_set(e, ERR_CONFIG,
                   "%.300s holds the objects of a machine's accounts, which are pushed together; "
                   "leave --account out, or push this one to another place",
                   remote_name(p->remote));
}

static enum err_code read_notes(struct push *p, struct err *e)
{
    bool there;
    enum err_code rc = ship_note_read(&p->note, p->dir, p->done, &there, e);
    if (rc == OK)
        rc = ship_note_read(&p->pending, p->dir, p->next, &p->is_pending, e);
    if (rc == OK && ((there && p->note.host != p->source->host) ||
                     (p->is_pending && p->pending.host != p->source->host)))
        return other_kind(p, e);
    if (rc == ERR_DAMAGED)
        return err_set(
            e, ERR_CONFIG,
            "what was pushed to %.200s cannot be read (%.300s); push to a new place, which "
            "gets everything",
            remote_name(p->remote), e->msg);
    return rc;
}

static enum err_code foreign(const struct push *p, uint64_t number, struct err *e)
{
    if (p->other_kind)
        return other_kind(p, e);
    return err_set(
        e, ERR_CONFIG,
        "object %" PRIu64
        " at %.300s is not this spool's: another machine pushes there, or this one "
        "was restored from a backup and the remote knows more; nothing was overwritten. Stop the "
        "other one, or push to a new place, which gets everything",
        number, remote_name(p->remote));
}

/* A new chain goes on with the old one's numbers, because no name is written twice. */
static enum err_code begin_chain(struct push *p, struct err *e)
{
    unsigned char random[(OBJECT_ID - 1) / 2];
    uint64_t next = p->note.next > p->note.number + 1 ? p->note.next : p->note.number + 1;
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return err_sys(e, ERR_INTERNAL, "cannot get random numbers");
    ship_note_free(&p->note);
    p->note.next = next;
    p->note.host = p->source->host;
    for (size_t i = 0; i < sizeof random; i++)
        (void)snprintf(p->note.chain + 2 * i, 3, "%02x", random[i]);
    (void)snprintf(p->note.remote, sizeof p->note.remote, "%s", remote_name(p->remote));
    return OK;
}

/* Finds out what the remote has under that number. For a whole object sum is set. */
static enum err_code find_fate(struct push *p, uint64_t number, enum fate *fate,
                               struct object_sum *sum, struct err *e)
{
    char name[OBJECT_NAME];
    struct object_reader *r = NULL;
    struct err why = ERR_INIT;
    bool there;
    *fate = ABSENT;
    enum err_code rc = remote_get(p->remote, object_name(name, number), p->seen, &there, e);
    if (rc != OK || !there)
        return rc;
    rc = object_open(&r, p->seen, &why);
    *fate = rc == OK ? WHOLE : CUT;
    if (rc == OK) {
        *sum = *object_sum(r);
        p->other_kind = object_head(r)->host != p->source->host;
    }
    object_close(r);
    if (rc != OK && rc != ERR_DAMAGED && rc != ERR_CONFIG) {
        *e = why;
        return rc;
    }
    return safe_remove(p->seen, e);
}

/* Is it the object that this machine has put? Size and time show that if the store keeps the time; else the whole object is got. */
static enum err_code is_ours(struct push *p, const struct remote_seen *seen, bool *ours,
                             struct err *e)
{
    enum fate fate;
    struct object_sum sum;
    int64_t apart = seen->modified - p->note.modified;
    *ours = seen->size == p->note.size && seen->modified != WHEN_NONE &&
            p->note.modified != WHEN_NONE && apart <= WHEN_SECOND && apart >= -WHEN_SECOND;
    if (*ours)
        return OK;
    enum err_code rc = find_fate(p, p->note.number, &fate, &sum, e);
    *ours = rc == OK && fate == WHOLE && sum.hash == p->note.hash;
    return rc;
}

/* The last object in the note must be there, and be this machine's. If it is missing, the remote was emptied. */
static enum err_code check_last(struct push *p, bool *wiped, struct err *e)
{
    char name[OBJECT_NAME];
    struct remote_seen seen;
    bool ours;
    *wiped = false;
    if (p->note.number == 0)
        return OK;
    enum err_code rc = remote_look(p->remote, object_name(name, p->note.number), &seen, e);
    if (rc != OK)
        return rc;
    *wiped = !seen.there;
    if (*wiped) {
        LOG(LOG_WARN, "remote-wiped",
            "the last object is gone from the remote: everything is pushed anew",
            F_STR("remote", remote_name(p->remote)), F_INT("object", p->note.number));
        return OK;
    }
    if ((rc = is_ours(p, &seen, &ours, e)) != OK || ours)
        return rc;
    return foreign(p, p->note.number, e);
}

static enum err_code drop_pending(struct push *p, struct err *e)
{
    char path[IO_PATH];
    enum err_code rc = io_path(path, p->dir, p->next, e);
    if (rc == OK && (rc = safe_remove(path, e)) == OK && (rc = io_sync_dir(p->dir, e)) == OK)
        rc = safe_remove(p->object, e);
    ship_note_free(&p->pending);
    p->is_pending = false;
    return rc;
}

/* Gives the number up: it will not be used again, and the note says so. */
static enum err_code give_up(struct push *p, struct err *e)
{
    p->note.next = p->pending.number + 1;
    enum err_code rc = ship_note_write(&p->note, p->dir, p->done, e);
    FAULT("push-given-up");
    return rc == OK ? drop_pending(p, e) : rc;
}

static enum err_code confirm(struct push *p, struct err *e)
{
    char from[IO_PATH];
    char to[IO_PATH];
    enum err_code rc;
    if ((rc = io_path(from, p->dir, p->next, e)) != OK ||
        (rc = io_path(to, p->dir, p->done, e)) != OK || (rc = safe_rename(from, to, e)) != OK ||
        (rc = io_sync_dir(p->dir, e)) != OK)
        return rc;
    FAULT("push-confirmed");
    if ((rc = ship_note_copy(&p->note, &p->pending, e)) != OK)
        return rc;
    ship_note_free(&p->pending);
    p->is_pending = false;
    if (p->source->confirmed && (rc = p->source->confirmed(p->source->ctx, &p->note, e)) != OK)
        return rc;
    return safe_remove(p->object, e);
}

/* Puts the finished object if its number is free. */
static enum err_code put(struct push *p, bool ours, struct err *e)
{
    char name[OBJECT_NAME];
    enum fate state;
    struct object_sum sum = {0};
    uint64_t number = p->pending.number;
    enum err_code rc = find_fate(p, number, &state, &sum, e);
    if (rc != OK)
        return rc;
    if (state == ABSENT) {
        if ((rc = remote_put(p->remote, object_name(name, number), p->object, e)) != OK)
            return rc;
        FAULT("push-put");
        return confirm(p, e);
    }
    if (ours && state == WHOLE && sum.hash == p->pending.hash)
        return confirm(p, e);
    if (!ours && (rc = drop_pending(p, e)) != OK)
        return rc;
    if (!ours || state == WHOLE)
        return foreign(p, number, e);
    LOG(LOG_WARN, "object-cut",
        "an object came to the remote in part only: its number is given up, what it held goes "
        "under the next one",
        F_STR("remote", remote_name(p->remote)), F_INT("object", number));
    return give_up(p, e);
}

/* Completes an earlier push that was interrupted. */
static enum err_code settle(struct push *p, struct err *e)
{
    struct object_reader *r;
    struct err why = ERR_INIT;
    bool wiped;
    enum err_code rc;
    if (!p->is_pending)
        return OK;
    if ((rc = check_last(p, &wiped, e)) != OK)
        return rc;
    if (wiped) {
        if ((rc = begin_chain(p, e)) == OK)
            rc = give_up(p, e);
        return rc;
    }
    rc = object_open(&r, p->object, &why);
    object_close(rc == OK ? r : NULL);
    if (rc == ERR_DAMAGED || why.sys == ENOENT) {
        /* The finished object is missing here: the disk has lost it, or this is a copy of the spool. It may have been put. */
        enum fate state;
        struct object_sum sum;
        if ((rc = find_fate(p, p->pending.number, &state, &sum, e)) != OK)
            return rc;
        if (state == WHOLE)
            return sum.hash == p->pending.hash ? confirm(p, e) : foreign(p, p->pending.number, e);
        return give_up(p, e);
    }
    if (rc != OK) {
        *e = why;
        return rc;
    }
    return put(p, true, e);
}

/* Makes the object of p->pending. One that a part of it has spoiled is made anew, without that part. */
static enum err_code write_object(struct push *p, struct push_built *built, struct object_sum *sum,
                                  struct err *e)
{
    const struct push_source *source = p->source;
    const struct ship_report before = *p->report;
    struct ship_note *n = &p->pending;
    struct object_head head = {.number = n->number,
                               .written = n->written,
                               .before = p->note.number,
                               .before_hash = p->note.hash,
                               .first = p->note.number == 0,
                               .whole = n->whole,
                               .host = source->host};
    enum err_code rc;
    memcpy(head.chain, n->chain, sizeof head.chain);
    (void)snprintf(head.spool, sizeof head.spool, "%s", source->spool);
    do {
        struct object_writer *w = NULL;
        *built = (struct push_built){.more = false};
        *p->report = before;
        if ((rc = object_create(&w, p->object, &head, e)) == OK &&
            (rc = source->collect(source->ctx, w, n, p->report, built, e)) == OK && !built->again &&
            !built->none)
            rc = object_finish(w, sum, e);
        object_drop(w);
    } while (rc == OK && built->again);
    return rc;
}

/* ---- everything anew ---- */

static bool is_due(const struct ship_note *n)
{
    int64_t now = when_now();
    return n->number > n->whole && n->whole_at != WHEN_NONE && now >= n->whole_at &&
           now - n->whole_at >= PUSH_WHOLE_EVERY &&
           (n->since >= n->held / 4 || n->number - n->whole >= PUSH_WHOLE_OBJECTS);
}

static void begin_whole(struct push *p, struct ship_note *n)
{
    p->whole = false;
    p->filling = true;
    n->whole = n->number;
    n->whole_at = n->written;
    n->held = n->since = n->files = 0;
    n->count = 0;
}

static void count_object(struct push *p, struct ship_note *n, const struct push_built *built,
                         uint64_t bytes)
{
    if (n->whole_at == WHEN_NONE) /* of a chain from before there were such objects */
        n->whole_at = n->written;
    if (p->filling)
        n->held += bytes;
    else
        n->since += bytes;
    if (!built->more && !built->part && p->report->damaged == 0)
        n->replaced = n->whole;
    p->filling = p->filling && built->more;
}

/* Makes the next object and its note. */
static enum err_code build(struct push *p, struct push_built *built, struct err *e)
{
    const struct push_source *source = p->source;
    struct object_sum sum;
    struct stat st;
    struct ship_note *n = &p->pending;
    enum err_code rc = ship_note_copy(n, &p->note, e);
    if (rc != OK)
        return rc;
    n->number = n->next > n->number + 1 ? n->next : n->number + 1;
    n->next = n->number + 1;
    n->written = when_now();
    if (p->whole)
        begin_whole(p, n);
    if ((rc = write_object(p, built, &sum, e)) != OK)
        return rc;
    if (built->none)
        return safe_remove(p->object, e);
    if (stat(p->object, &st) != 0)
        return err_sys(e, ERR_IO, "cannot look at %s", p->object);
    n->hash = sum.hash;
    n->size = (uint64_t)st.st_size;
    n->modified = st.st_mtim.tv_sec * WHEN_SECOND + st.st_mtim.tv_nsec / 1000;
    p->report->bytes += sum.packed;
    count_object(p, n, built, n->size);
    FAULT("push-object");
    if ((source->finished && (rc = source->finished(source->ctx, n, e)) != OK) ||
        (rc = ship_note_write(n, p->dir, p->next, e)) != OK)
        return rc;
    p->is_pending = true;
    FAULT("push-noted");
    return OK;
}

static enum err_code push_all(struct push *p, struct err *e)
{
    struct push_built built = {.more = true};
    bool quiet = false;
    bool wiped;
    enum err_code rc = OK;
    if (p->note.number > 0)
        rc = p->source->quiet(p->source->ctx, &p->note, &quiet, e);
    if (rc != OK || quiet)
        return rc;
    if ((rc = check_last(p, &wiped, e)) != OK)
        return rc;
    if ((wiped || p->note.number == 0) && (rc = begin_chain(p, e)) != OK)
        return rc;
    p->whole = p->note.number == 0 || is_due(&p->note);
    while (rc == OK && built.more) {
        if ((rc = build(p, &built, e)) != OK || built.none || (rc = put(p, false, e)) != OK)
            break;
        p->report->objects++;
    }
    return rc;
}

enum err_code push_objects(const struct push_source *source, const struct remote *r,
                           struct ship_report *report, struct err *e)
{
    struct push p = {.source = source, .remote = r, .report = report, .lock = -1};
    enum err_code rc;
    *report = (struct ship_report){.objects = 0};
    ship_note_init(&p.note);
    ship_note_init(&p.pending);
    if ((rc = prepare(&p, e)) == OK && (rc = read_notes(&p, e)) == OK &&
        (rc = settle(&p, e)) == OK && source->begin)
        rc = source->begin(source->ctx, &p.note, e);
    if (rc == OK)
        rc = push_all(&p, e);
    report->last = p.note.number;
    if (rc == OK && report->damaged > 0)
        rc =
            err_set(e, ERR_SET_ASIDE,
                    "%" PRIu64 " damaged pages were not pushed; run netty-spool heal, and the next "
                    "netty-extract fetches them again",
                    report->damaged);
    ship_note_free(&p.note);
    ship_note_free(&p.pending);
    if (p.lock >= 0)
        (void)close(p.lock);
    return rc;
}

/* ---- one spool ---- */

struct one {
    const struct spool *spool;
};

static enum err_code spool_quiet(void *ctx, const struct ship_note *note, bool *quiet,
                                 struct err *e)
{
    const struct one *one = ctx;
    bool news = false;
    int64_t now = when_now();
    enum err_code rc = push_has_news(one->spool, note, &news, e);
    *quiet = rc == OK && !news && note->written != WHEN_NONE && now >= note->written &&
             now - note->written < PUSH_SIGN_OF_LIFE;
    return rc;
}

static enum err_code spool_collect(void *ctx, struct object_writer *w, struct ship_note *note,
                                   struct ship_report *report, struct push_built *built,
                                   struct err *e)
{
    const struct one *one = ctx;
    return push_collect(one->spool, w, note, report, &built->more, e);
}

enum err_code push_run(const struct spool *s, const struct remote *r, struct ship_report *report,
                       struct err *e)
{
    struct one one = {s};
    const struct push_source source = {.dir = spool_dir(s),
                                       .spool = spool_id(s),
                                       .ctx = &one,
                                       .quiet = spool_quiet,
                                       .collect = spool_collect};
    return push_objects(&source, r, report, e);
}

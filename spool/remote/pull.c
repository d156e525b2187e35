/*
 * Which object comes next, and whether an object is that one. The folder .pull in the spool's folder holds the object that is being
 * taken (.pull/object). pull.json says which objects were taken. It is written before anything else of the spool, so that no
 * extractor takes the folder for its own.
 */
#include "spool/remote/pull.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/remote/pull_apply.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_EVERY ((int64_t)3600 * 1000000)

struct pull {
    const struct pull_target *target;
    const struct remote *remote;
    struct ship_report *report;
    int lock;
    char object[IO_PATH];
    struct ship_note note;
    char before[REMOTE_NAME_MAX]; /* the place of the pull before */
    bool noted;                   /* the note is there */
};

static enum err_code read_note(struct pull *p, struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = ship_note_read(&p->note, p->target->note, PULL_NOTE, &p->noted, &why);
    if (rc == OK)
        return OK;
    *e = why;
    return rc == ERR_DAMAGED
               ? err_set(e, ERR_CONFIG, "%.800s; pull into a new folder (--spool)", why.msg)
               : rc;
}

static enum err_code prepare(struct pull *p, struct err *e)
{
    char dir[IO_PATH];
    enum err_code rc;
    if ((rc = read_note(p, e)) != OK || (rc = io_path(dir, p->target->dir, PULL_DIR, e)) != OK ||
        (rc = io_path(p->object, dir, "object", e)) != OK ||
        (rc = ship_lock(dir, "another pull into this spool", &p->lock, e)) != OK)
        return rc;
    memcpy(p->before, p->note.remote, sizeof p->before);
    p->note.host = p->target->host;
    (void)snprintf(p->note.remote, sizeof p->note.remote, "%s", remote_name(p->remote));
    return p->target->begin ? p->target->begin(p->target->ctx, e) : OK;
}

enum fate {
    ABSENT,
    WHOLE,
    CUT
};

static enum err_code is_cut(const struct pull *p, bool *cut, struct err *e)
{
    char text[OBJECT_TAIL_MAX];
    struct object_sum sum;
    struct stat st;
    int fd = -1;
    size_t got = 0;
    enum err_code rc = safe_open(&fd, p->object, O_RDONLY, e);
    if (rc == OK && fstat(fd, &st) != 0)
        rc = err_sys(e, ERR_IO, "cannot look at %s", p->object);
    if (rc == OK)
        rc = io_pread(fd, text, sizeof text,
                      st.st_size > OBJECT_TAIL_MAX ? st.st_size - OBJECT_TAIL_MAX : 0, &got,
                      p->object, e);
    *cut = !object_tail(text, got, &sum);
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

/* Gets the object of that number. *r is NULL unless the object is whole. */
static enum err_code get(struct pull *p, uint64_t number, enum fate *fate, struct object_reader **r,
                         struct err *e)
{
    char name[OBJECT_NAME];
    bool there;
    bool cut;
    struct err why = ERR_INIT;
    enum err_code rc;
    *r = NULL;
    *fate = ABSENT;
    if ((rc = remote_get(p->remote, object_name(name, number), p->object, &there, e)) != OK ||
        !there)
        return rc;
    FAULT("pull-got");
    if ((rc = is_cut(p, &cut, e)) != OK)
        return rc;
    *fate = cut ? CUT : WHOLE;
    if (cut || ((rc = object_open(r, p->object, &why)) == OK && object_head(*r)->number == number))
        return rc;
    object_close(*r);
    *r = NULL;
    if (rc != OK && rc != ERR_DAMAGED) {
        *e = why;
        return rc;
    }
    return err_set(
        e, ERR_DAMAGED,
        "object %" PRIu64
        " at %.300s is not what was written (%.200s); restore it, or empty the place: the "
        "next push brings everything anew",
        number, remote_name(p->remote), rc == OK ? "it has another number" : why.msg);
}

static enum err_code keep_note(struct pull *p, struct err *e)
{
    return p->noted ? ship_note_write(&p->note, p->target->note, PULL_NOTE, e) : OK;
}

/* A place of another name than before has to hold what was pulled last: else it is not the one that was moved, or is only named in
 * another way, and nothing would ever come from it. */
static enum err_code check_place(struct pull *p, struct err *e)
{
    enum fate fate;
    struct object_reader *r;
    if (p->note.number == 0 || strcmp(p->before, p->note.remote) == 0)
        return OK;
    enum err_code rc = get(p, p->note.number, &fate, &r, e);
    bool same = rc == OK && r != NULL && object_sum(r)->hash == p->note.hash;
    object_close(r);
    if (rc != OK)
        return rc;
    if (!same)
        return err_set(
            e, ERR_CONFIG,
            "%.300s does not hold object %" PRIu64
            ", which was pulled last into %.300s, from %.300s; name that place, or a new "
            "folder (--spool)",
            p->note.remote, p->note.number, p->target->dir, p->before);
    return keep_note(p, e);
}

/* Does the object follow the last one that was taken, or hold all of that, and what came behind it? */
static bool follows(const struct pull *p, const struct object_head *h)
{
    return object_begins(h) || (p->note.number > 0 && strcmp(h->chain, p->note.chain) == 0 &&
                                h->before == p->note.number && h->before_hash == p->note.hash);
}

static enum err_code check_kind(const struct pull *p, const struct object_head *h, struct err *e)
{
    if (h->host == p->target->host)
        return OK;
    return err_set(e, ERR_CONFIG,
                   h->host
                       ? "%.300s holds the objects of a machine's accounts: pull them together, "
                         "with a configuration file that has their sections, without --account"
                       : "%.300s holds the objects of one account or spool: pull it with "
                         "--account, or where the configuration file has no accounts",
                   remote_name(p->remote));
}

static enum err_code take(struct pull *p, struct object_reader *r, struct err *e)
{
    const struct object_head *h = object_head(r);
    struct pull_counts counts = {.pages = 0};
    enum err_code rc = check_kind(p, h, e);
    if (rc != OK)
        return rc;
    if (h->first && p->note.number > 0) /* the place was emptied */
        LOG(LOG_WARN, "new-chain", "a new chain of objects begins, with everything",
            F_STR("remote", remote_name(p->remote)), F_INT("object", h->number));
    if (object_begins(h) && h->host) /* this object, and those behind it, have what was held back */
        p->note.count = 0;
    if ((rc = p->target->take(p->target->ctx, r, false, &p->note, &counts, e)) != OK)
        return rc;
    p->noted = true;
    p->report->pages += counts.pages;
    p->report->bytes += counts.bytes;
    FAULT("pull-applied");
    p->note.number = h->number;
    p->note.next = h->number + 1;
    p->note.hash = object_sum(r)->hash;
    p->note.written = h->written;
    p->note.gap = 0;
    p->note.whole = h->whole;
    (void)snprintf(p->note.chain, sizeof p->note.chain, "%s", h->chain);
    if ((rc = ship_note_write(&p->note, p->target->note, PULL_NOTE, e)) != OK)
        return rc;
    FAULT("pull-done");
    p->report->objects++;
    return OK;
}

static enum err_code gap(struct pull *p, uint64_t missing, uint64_t later, struct err *e)
{
    p->note.gap = missing;
    enum err_code rc = keep_note(p, e);
    if (rc != OK)
        return rc;
    return err_set(e, ERR_SET_ASIDE,
                   "object %" PRIu64 " is missing at %.300s, while %" PRIu64
                   " is there: what comes behind it waits. "
                   "Restore it, or empty the place: the next push brings everything anew",
                   missing, remote_name(p->remote), later);
}

/* Objects are missing, and a later one, of number `last`, is there. Gets the one that holds everything anew, if there is one. */
static enum err_code get_whole(struct pull *p, uint64_t last, struct object_reader **r,
                               struct err *e)
{
    enum fate fate;
    enum err_code rc = get(p, last, &fate, r, e);
    if (rc != OK || !*r)
        return rc;
    uint64_t whole = object_head(*r)->whole;
    if (whole != last) {
        object_close(*r);
        *r = NULL;
        if (whole < p->note.next || (rc = get(p, whole, &fate, r, e)) != OK || !*r)
            return rc;
    }
    if (object_begins(object_head(*r))) {
        LOG(LOG_INFO, "pull",
            "objects are gone from the remote; the one that holds everything anew is taken",
            F_INT("missing", p->note.next), F_INT("object", object_head(*r)->number));
        return OK;
    }
    object_close(*r);
    *r = NULL;
    return OK;
}

/* There is no whole object of that number. Looks for a later object that says that it follows the last one that was taken. */
static enum err_code look_behind(struct pull *p, enum fate state, struct object_reader **r,
                                 struct err *e)
{
    uint64_t missing = p->note.next;
    uint64_t later = 0;
    uint64_t last = 0;
    int64_t now = when_now();
    bool listed =
        p->note.listed != WHEN_NONE && now >= p->note.listed && now - p->note.listed < LIST_EVERY;
    enum err_code rc;
    *r = NULL;
    if (state == ABSENT && listed && p->note.number > 0 && p->note.gap == 0)
        return OK;
    if ((rc = remote_later(p->remote, missing, &later, &last, e)) != OK)
        return rc;
    p->note.listed = now;
    if (later == 0)
        return keep_note(p, e);
    if ((rc = get(p, later, &state, r, e)) != OK)
        return rc;
    if (*r ? follows(p, object_head(*r)) : state == CUT) /* it may still be coming */
        return OK;
    object_close(*r);
    *r = NULL;
    if ((rc = get_whole(p, last, r, e)) != OK || *r)
        return rc;
    return gap(p, missing, later, e);
}

static enum err_code foreign(const struct pull *p, uint64_t number, struct err *e)
{
    return err_set(
        e, ERR_CONFIG,
        "object %" PRIu64 " at %.300s does not come behind object %" PRIu64
        ", which was pulled last: another machine has pushed there; nothing was taken of it",
        number, remote_name(p->remote), p->note.number);
}

/* Takes the next object. *more: one was taken, and another one may be there. */
static enum err_code pull_next(struct pull *p, bool *more, struct err *e)
{
    enum fate state;
    struct object_reader *r = NULL;
    enum err_code rc;
    if (p->note.next == 0)
        p->note.next = 1;
    *more = false;
    if ((rc = get(p, p->note.next, &state, &r, e)) == OK && state != WHOLE)
        rc = look_behind(p, state, &r, e);
    if (rc == OK && r && !follows(p, object_head(r)))
        rc = foreign(p, object_head(r)->number, e);
    if (rc == OK && r && (rc = take(p, r, e)) == OK)
        *more = true;
    object_close(r);
    return rc;
}

/* ---- what is held back ---- */

/* `roll` of a note's table: it was tried in this run, and could not be taken. */
static struct ship_table *first_held(const struct ship_note *n)
{
    struct ship_table *least = NULL;
    for (size_t i = 0; i < n->count; i++)
        if (n->tables[i].roll == 0 && (!least || n->tables[i].place.segment < least->place.segment))
            least = &n->tables[i];
    return least;
}

/* There is no such number: it was given up, or the object is missing, which shows at the next one, or was removed, since a later one holds
 * everything. */
static void pass_number(const struct ship_note *n, uint64_t number)
{
    uint64_t next = n->whole > number ? n->whole : number + 1;
    for (size_t i = 0; i < n->count; i++)
        if (n->tables[i].place.segment == number)
            n->tables[i].place.segment = next;
}

static void stay_held(const struct ship_note *n, uint64_t number, const char *why)
{
    for (size_t i = 0; i < n->count; i++) {
        struct ship_table *t = &n->tables[i];
        if (t->place.segment != number)
            continue;
        t->place.segment = t->place.page + 1;
        t->roll = 1;
        LOG(LOG_ERROR, "pull", "the account stays behind", F_STR("account", t->table),
            F_INT("object", number), F_STR("error", why));
    }
}

static void drop_caught_up(struct ship_note *n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n->count; i++)
        if (n->tables[i].place.page < n->number)
            n->tables[kept++] = n->tables[i];
    n->count = kept;
}

/* Takes what is held back at that object, or passes it. */
static enum err_code take_held(struct pull *p, uint64_t number, uint64_t before, struct err *e)
{
    enum fate fate;
    struct object_reader *r;
    struct err why = ERR_INIT;
    struct pull_counts counts = {.pages = 0};
    enum err_code rc = get(p, number, &fate, &r, &why);
    if (rc == ERR_DAMAGED) {
        stay_held(&p->note, number, why.msg);
        return OK;
    }
    if (rc != OK) {
        *e = why;
        return rc;
    }
    const struct object_head *h = r ? object_head(r) : NULL;
    if (h && strcmp(h->chain, p->note.chain) == 0 && (object_begins(h) || h->before == before)) {
        rc = p->target->take(p->target->ctx, r, true, &p->note, &counts, e);
        p->report->pages += counts.pages;
        p->report->bytes += counts.bytes;
    } else if (number >= p->note.whole && (h || number >= p->note.number)) {
        stay_held(&p->note, number, "an object that it needs is missing in the remote");
    } else {
        pass_number(&p->note, number);
    }
    object_close(r);
    return rc;
}

static enum err_code take_all_held(struct pull *p, struct err *e)
{
    const struct ship_table *t;
    enum err_code rc = OK;
    for (size_t i = 0; i < p->note.count; i++)
        p->note.tables[i].roll = 0;
    while (rc == OK && (t = first_held(&p->note)) != NULL) {
        if ((rc = take_held(p, t->place.segment, t->place.page, e)) != OK)
            break;
        drop_caught_up(&p->note);
        rc = keep_note(p, e);
    }
    return rc;
}

enum err_code pull_objects(const struct pull_target *target, const struct remote *r,
                           struct ship_report *report, struct err *e)
{
    struct pull p = {.target = target, .remote = r, .report = report, .lock = -1};
    bool more = true;
    *report = (struct ship_report){.written = WHEN_NONE};
    ship_note_init(&p.note);
    enum err_code rc = prepare(&p, e);
    if (rc == OK)
        rc = check_place(&p, e);
    if (rc == OK && target->host)
        rc = take_all_held(&p, e);
    while (rc == OK && more)
        rc = pull_next(&p, &more, e);
    if (p.lock >= 0 && rc == OK)
        rc = safe_remove(p.object, e);
    if (rc == OK && p.note.number == 0)
        rc = err_set(e, ERR_NO_SPOOL, "nothing was pushed to %.300s yet", remote_name(r));
    if (rc == OK && target->host && p.note.count > 0)
        rc = err_set(e, ERR_SET_ASIDE,
                     "%zu accounts could not take what was pulled, and stay behind; the next pull "
                     "tries again",
                     p.note.count);
    report->last = p.note.number;
    report->written = p.note.written;
    ship_note_free(&p.note);
    if (p.lock >= 0)
        (void)close(p.lock);
    return rc;
}

/*
 * The pulled side. Two files in the spool's folder .pull:
 *     back.json      the last object that was put, the next number, and a hash of what was told (ship_note.h); chain is the ID
 *     back.object    the object at hand
 * The next number is noted before an object is put. So whatever ends the put, that number is not used again: the next object tells
 * the same, and more.
 */
#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/back/back_private.h"
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define NOTE   "back.json"
#define OBJECT "back.object"

struct put {
    const struct back_source *source;
    const struct remote *remote;
    int lock;
    char dir[IO_PATH];
    char object[IO_PATH];
    struct ship_note note;
};

static enum err_code prepare(struct put *p, struct err *e)
{
    struct err why = ERR_INIT;
    bool there;
    enum err_code rc;
    ship_note_init(&p->note);
    if ((rc = io_path(p->dir, p->source->dir, PULL_DIR, e)) != OK ||
        (rc = io_path(p->object, p->dir, OBJECT, e)) != OK ||
        (rc = ship_lock(p->dir, "another pull into this spool", &p->lock, e)) != OK)
        return rc;
    rc = ship_note_read(&p->note, p->dir, NOTE, &there, &why);
    if (rc == ERR_DAMAGED) /* it is told anew, below a new name */
        return OK;
    if (rc != OK)
        *e = why;
    return rc;
}

static enum err_code begin_anew(struct put *p, struct err *e)
{
    unsigned char random[(OBJECT_ID - 1) / 2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return err_sys(e, ERR_INTERNAL, "cannot get random numbers");
    ship_note_free(&p->note);
    p->note.next = 1;
    for (size_t i = 0; i < sizeof random; i++)
        (void)snprintf(p->note.chain + 2 * i, 3, "%02x", random[i]);
    (void)snprintf(p->note.remote, sizeof p->note.remote, "%s", remote_name(p->remote));
    return OK;
}

static enum err_code is_there(const struct put *p, uint64_t number, bool *there, struct err *e)
{
    char name[REMOTE_OBJECT_MAX];
    struct remote_seen seen;
    back_name(name, p->note.chain, number);
    enum err_code rc = remote_look(p->remote, name, &seen, e);
    *there = rc == OK && seen.there;
    return rc;
}

/* The same of a name that nobody should have used: where that is so it takes one request. */
static enum err_code is_taken(const struct put *p, uint64_t number, bool *there, struct err *e)
{
    char name[REMOTE_OBJECT_MAX];
    back_name(name, p->note.chain, number);
    enum err_code rc = remote_get(p->remote, name, p->object, there, e);
    return rc == OK && *there ? safe_remove(p->object, e) : rc;
}

/* The last object is there, or one whose put seemed to fail, and none of the next number: else this is a copy, or the place was
 * emptied. Who pushes removes those before the newest. The last object is looked for first: where puts are refused for long there
 * are many numbers behind it. */
static enum err_code is_known(const struct put *p, bool *known, struct err *e)
{
    bool last = p->note.number == 0;
    bool next = false;
    enum err_code rc = OK;
    *known = false;
    if (*p->note.chain == '\0' || strcmp(p->note.remote, remote_name(p->remote)) != 0)
        return OK;
    for (uint64_t n = p->note.number; rc == OK && !last && n < p->note.next; n++)
        rc = is_there(p, n, &last, e);
    if (rc == OK && last)
        rc = is_taken(p, p->note.next, &next, e);
    *known = rc == OK && last && !next;
    return rc;
}

static enum err_code build(struct put *p, uint64_t number, struct object_sum *sum, struct err *e)
{
    struct object_writer *w = NULL;
    struct object_head head = {.number = number,
                               .written = when_now(),
                               .before = p->note.number,
                               .before_hash = p->note.hash,
                               .first = p->note.number == 0,
                               .host = p->source->host};
    struct ship_note pulled;
    bool there;
    enum err_code rc = ship_note_read(&pulled, p->source->note, PULL_NOTE, &there, e);
    if (rc != OK)
        return rc;
    head.acked = ship_note_acked(&pulled);
    ship_note_free(&pulled);
    memcpy(head.chain, p->note.chain, sizeof head.chain);
    (void)snprintf(head.spool, sizeof head.spool, "%s", p->source->spool);
    if ((rc = object_create(&w, p->object, &head, e)) == OK &&
        (rc = p->source->add(p->source->ctx, w, e)) == OK)
        rc = object_finish(w, sum, e);
    object_drop(w);
    p->note.written = head.written;
    return rc;
}

static enum err_code put(struct put *p, uint64_t news, struct err *e)
{
    char name[REMOTE_OBJECT_MAX];
    struct object_sum sum = {0};
    uint64_t number = p->note.next;
    enum err_code rc;
    if ((rc = build(p, number, &sum, e)) != OK)
        return rc;
    FAULT("back-object");
    p->note.next = number + 1;
    if ((rc = ship_note_write(&p->note, p->dir, NOTE, e)) != OK)
        return rc;
    FAULT("back-noted");
    back_name(name, p->note.chain, number);
    if ((rc = remote_put(p->remote, name, p->object, e)) != OK)
        return rc;
    FAULT("back-put");
    p->note.number = number;
    p->note.hash = sum.hash;
    p->note.files = news;
    rc = ship_note_write(&p->note, p->dir, NOTE, e);
    FAULT("back-told");
    return rc == OK ? safe_remove(p->object, e) : rc;
}

enum err_code back_put_from(const struct back_source *source, const struct remote *r, bool *done,
                            struct err *e)
{
    struct put p = {.source = source, .remote = r, .lock = -1};
    uint64_t news = 0;
    bool known = false;
    *done = false;
    enum err_code rc = prepare(&p, e);
    if (rc == OK)
        rc = source->news(source->ctx, &news, e);
    bool quiet = rc == OK && p.note.number > 0 && p.note.files == news &&
                 strcmp(p.note.remote, remote_name(r)) == 0;
    if (rc == OK && !quiet && (rc = is_known(&p, &known, e)) == OK &&
        (known || (rc = begin_anew(&p, e)) == OK) && (rc = put(&p, news, e)) == OK)
        *done = true;
    ship_note_free(&p.note);
    if (p.lock >= 0)
        (void)close(p.lock);
    return rc;
}

/* ---- one spool ---- */

struct one {
    const struct spool *spool;
};

static enum err_code spool_news(void *ctx, uint64_t *hash, struct err *e)
{
    const struct one *one = ctx;
    return back_news(one->spool, hash, e);
}

static enum err_code spool_add(void *ctx, struct object_writer *w, struct err *e)
{
    const struct one *one = ctx;
    return back_add_files(one->spool, w, e);
}

enum err_code back_put(const struct spool *s, const struct remote *r, bool *done, struct err *e)
{
    struct one one = {s};
    const struct back_source source = {.dir = spool_dir(s),
                                       .note = spool_dir(s),
                                       .spool = spool_id(s),
                                       .ctx = &one,
                                       .news = spool_news,
                                       .add = spool_add};
    return back_put_from(&source, r, done, e);
}

/* ---- pulling no more ---- */

struct leave {
    const struct remote *remote;
    const char *id;
};

static enum err_code remove_one(void *ctx, const char *name, struct err *e)
{
    const struct leave *l = ctx;
    char object[REMOTE_OBJECT_MAX];
    uint64_t number = object_number(name);
    if (number == 0)
        return OK;
    back_name(object, l->id, number);
    return remote_delete(l->remote, object, e);
}

/* A listing may be old: the last object is removed by its name, too. */
static enum err_code remove_all(const struct remote *r, const struct ship_note *n, struct err *e)
{
    char folder[REMOTE_OBJECT_MAX];
    char last[OBJECT_NAME];
    struct leave l = {.remote = r, .id = n->chain};
    (void)snprintf(folder, sizeof folder, BACK_FOLDER "/%s", n->chain);
    enum err_code rc = remote_each(r, folder, 1, remove_one, &l, e);
    return rc == OK ? remove_one(&l, object_name(last, n->next - 1), e) : rc;
}

enum err_code back_leave(const char *pulled, const struct remote *r, struct err *e)
{
    char dir[IO_PATH];
    char path[IO_PATH];
    struct ship_note n;
    struct err why = ERR_INIT;
    bool there = false;
    enum err_code rc;
    if ((rc = io_path(dir, pulled, PULL_DIR, e)) != OK || (rc = io_path(path, dir, NOTE, e)) != OK)
        return rc;
    rc = ship_note_read(&n, dir, NOTE, &there, &why);
    if (rc == ERR_DAMAGED) /* nobody knows what it is called there */
        return OK;
    if (rc != OK)
        *e = why;
    else if (there && *n.chain != '\0' && n.next > 1)
        rc = remove_all(r, &n, e);
    ship_note_free(&n);
    FAULT("back-left");
    return rc == OK ? safe_remove(path, e) : rc;
}

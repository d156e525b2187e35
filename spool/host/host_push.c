/*
 * The accounts' parts of an object, and how far each account was pushed. Beside the host's notes (spool/remote/push.c) each account that has
 * a part has two of the same names, in its own folder .push:
 *     NAME.json         how far it was pushed
 *     NAME.next.json    ... will have been, with the host's object of that number and hash
 * The accounts' NAME.next.json are written before the host's, and renamed after it. So one counts only when it names the last object that
 * the host knows to be in the remote. Where that is not known any more it counts as never written, and its pages are pushed again, which
 * does no harm. A note of another chain than the host's counts as none.
 */
#include "spool/host/host_push.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/host/host_failures.h"
#include "spool/remote/push.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct account {
    const char *name;
    struct spool *spool;   /* NULL: there is none, or it cannot be read */
    char dir[IO_PATH];     /* its folder .push */
    struct ship_note note; /* what the remote has of it */
    struct ship_note next; /* ... will have with the object at hand */
    bool news;
    bool packed; /* it has a part in the object at hand */
};

struct host_push {
    const struct options *options;
    const struct remote *remote;
    char done[SHIP_NOTE_NAME];
    char next[SHIP_NOTE_NAME];
    struct account *list;
    size_t count;
    size_t from;  /* the account that the next object begins with */
    size_t full;  /* ... that had no room in the object at hand */
    bool due;     /* a sign of life: each account has a part */
    bool mirrors; /* the spools may be mirrors */
    struct host_failures failures;
};

static void leave_out(struct host_push *h, struct account *a, const struct err *why)
{
    host_failure(&h->failures, a->name, why);
    spool_close(a->spool);
    a->spool = NULL;
}

/* ---- where each account is ---- */

static enum err_code drop_next(const struct host_push *h, const struct account *a, struct err *e)
{
    char path[IO_PATH];
    enum err_code rc = io_path(path, a->dir, h->next, e);
    return rc == OK ? safe_remove(path, e) : rc;
}

static enum err_code promote(const struct host_push *h, struct account *a, struct err *e)
{
    char from[IO_PATH];
    char to[IO_PATH];
    enum err_code rc;
    if ((rc = io_path(from, a->dir, h->next, e)) != OK ||
        (rc = io_path(to, a->dir, h->done, e)) != OK || (rc = safe_rename(from, to, e)) != OK ||
        (rc = io_sync_dir(a->dir, e)) != OK)
        return rc;
    FAULT("host-push-confirmed");
    return ship_note_copy(&a->note, &a->next, e);
}

/* A damaged note is as good as none: everything of this account is pushed anew. */
static enum err_code read_note(struct ship_note *n, const char *dir, const char *name, bool *there,
                               struct err *e)
{
    enum err_code rc = ship_note_read(n, dir, name, there, e);
    if (rc != ERR_DAMAGED)
        return rc;
    LOG(LOG_WARN, "push", "what was pushed cannot be read: all of the account is pushed anew",
        F_ERR(e));
    *e = (struct err)ERR_INIT;
    return OK;
}

static enum err_code read_notes(const struct host_push *h, struct account *a,
                                const struct ship_note *host, struct err *e)
{
    bool there;
    bool pending;
    enum err_code rc;
    if ((rc = read_note(&a->note, a->dir, h->done, &there, e)) != OK ||
        (rc = read_note(&a->next, a->dir, h->next, &pending, e)) != OK)
        return rc;
    if ((there && !a->note.host) || (pending && !a->next.host))
        return OK; /* begin refuses it */
    if (pending && host->number > 0 && a->next.number == host->number && a->next.hash == host->hash)
        rc = promote(h, a, e);
    else if (pending)
        rc = drop_next(h, a, e);
    ship_note_free(&a->next);
    return rc;
}

/* A mirror may be pushed from here: its note can be read, or there is none. */
static enum err_code check_note(const struct spool *s, struct err *e)
{
    struct ship_note n;
    bool there;
    enum err_code rc = ship_note_read(&n, spool_dir(s), PULL_NOTE, &there, e);
    ship_note_free(&n);
    return rc;
}

static enum err_code open_account(const struct host_push *h, struct account *a,
                                  const struct ship_note *host, struct err *e)
{
    char path[IO_PATH];
    struct err why = ERR_INIT;
    enum err_code rc = io_path(path, options_accounts_folder(h->options), a->name, e);
    if (rc != OK)
        return rc;
    rc = spool_open(&a->spool, path, SPOOL_LOOK, &why);
    if (rc == ERR_NO_SPOOL) {
        LOG(LOG_DEBUG, "push", "the account has no spool yet", F_STR("account", a->name));
        return OK;
    }
    if (rc != OK)
        *e = why;
    if (rc != OK || (rc = spool_check_writer(a->spool, e)) != OK ||
        (rc = h->mirrors ? check_note(a->spool, e) : ship_check_own(a->spool, e)) != OK ||
        (rc = io_path(a->dir, spool_dir(a->spool), PUSH_DIR, e)) != OK)
        return rc;
    return read_notes(h, a, host, e);
}

static enum err_code begin(void *ctx, const struct ship_note *host, struct err *e)
{
    struct host_push *h = ctx;
    size_t there = 0;
    for (size_t i = 0; i < h->count; i++) {
        struct account *a = &h->list[i];
        struct err why = ERR_INIT;
        log_account(a->name);
        enum err_code rc = open_account(h, a, host, &why);
        log_account(NULL);
        if (rc != OK && host_failure_is_all(rc)) {
            *e = why;
            return rc;
        }
        there += a->spool != NULL || rc != OK;
        if (rc != OK)
            leave_out(h, a, &why);
        else if ((a->note.number > 0 && !a->note.host) || (a->next.number > 0 && !a->next.host))
            return err_set(e, ERR_CONFIG,
                           "account %s was pushed to %.300s by itself, with --account; push the "
                           "accounts of this machine to a place of their own",
                           a->name, remote_name(h->remote));
    }
    return there > 0 ? OK
                     : err_set(e, ERR_NO_SPOOL, "no account has a spool in %.300s yet",
                               options_accounts_folder(h->options));
}

/* ---- what is new ---- */

/* What was pushed in another chain is not in the remote any more, what was pushed before everything was begun anew may go from there, and
 * what was pushed under another name is none of this account's there. */
static bool is_of(const struct account *a, const struct ship_note *host)
{
    return strcmp(a->note.chain, host->chain) == 0 && a->note.number >= host->whole &&
           strcmp(a->note.account, a->name) == 0;
}

static enum err_code quiet(void *ctx, const struct ship_note *note, bool *is_quiet, struct err *e)
{
    struct host_push *h = ctx;
    int64_t now = when_now();
    h->due = note->all == WHEN_NONE || now < note->all || now - note->all >= PUSH_SIGN_OF_LIFE;
    *is_quiet = !h->due;
    for (size_t i = 0; i < h->count; i++) {
        struct account *a = &h->list[i];
        struct err why = ERR_INIT;
        if (!a->spool)
            continue;
        a->news = !is_of(a, note);
        enum err_code rc = a->news ? OK : push_has_news(a->spool, &a->note, &a->news, &why);
        if (rc != OK && host_failure_is_all(rc)) {
            *e = why;
            return rc;
        }
        if (rc != OK)
            leave_out(h, a, &why);
        else if (a->news)
            *is_quiet = false;
    }
    return OK;
}

/* ---- into the object ---- */

static enum err_code pack(struct account *a, struct object_writer *w, const struct ship_note *note,
                          struct ship_report *report, bool *more, struct err *e)
{
    enum err_code rc;
    bool first = !is_of(a, note);
    if (first)
        ship_note_free(&a->note);
    if ((rc = ship_note_copy(&a->next, &a->note, e)) != OK ||
        (rc = object_add_account(w, a->name, spool_id(a->spool), first, 0, e)) != OK)
        return rc;
    log_account(a->name);
    rc = push_collect(a->spool, w, &a->next, report, more, e);
    log_account(NULL);
    return rc;
}

/* An account that fails may have left half an item: the object is made anew without it. */
static enum err_code collect(void *ctx, struct object_writer *w, struct ship_note *note,
                             struct ship_report *report, struct push_built *built, struct err *e)
{
    struct host_push *h = ctx;
    bool all = h->due || note->all == WHEN_NONE;
    size_t packed = 0;
    for (size_t i = 0; i < h->count; i++)
        h->list[i].packed = false;
    size_t i = h->from;
    for (; i < h->count && !built->more; i++) {
        struct account *a = &h->list[i];
        struct err why = ERR_INIT;
        if (!a->spool || (!all && !a->news && is_of(a, note)))
            continue;
        enum err_code rc = pack(a, w, note, report, &built->more, &why);
        if (rc != OK && (host_failure_is_all(rc) || object_is_broken(w))) {
            *e = why;
            return rc;
        }
        if (rc != OK) {
            leave_out(h, a, &why);
            built->again = true;
            return OK;
        }
        a->packed = true;
        packed++;
    }
    h->full = built->more ? i - 1 : h->count;
    built->none = packed == 0 && h->from == 0;
    built->part = h->failures.count > 0;
    if (all && !built->more)
        note->all = note->written;
    return OK;
}

/* An account whose note cannot be kept has the same pages in the next object, too. */
static enum err_code keep(const struct host_push *h, struct account *a,
                          const struct ship_note *note, struct err *e)
{
    enum err_code rc;
    struct ship_note *n = &a->next;
    n->host = true;
    n->number = note->number;
    n->next = note->next;
    n->hash = note->hash;
    n->written = note->written;
    memcpy(n->chain, note->chain, sizeof n->chain);
    memcpy(n->remote, note->remote, sizeof n->remote);
    (void)snprintf(n->account, sizeof n->account, "%s", a->name);
    if ((rc = io_mkdirs(a->dir, e)) != OK)
        return rc;
    return ship_note_write(n, a->dir, h->next, e);
}

static enum err_code finished(void *ctx, const struct ship_note *note, struct err *e)
{
    struct host_push *h = ctx;
    for (size_t i = 0; i < h->count; i++) {
        struct account *a = &h->list[i];
        struct err why = ERR_INIT;
        if (!a->packed)
            continue;
        /* Of most of them a sign of life tells nothing new. */
        if (is_of(a, note) && ship_note_same_tables(&a->note, &a->next)) {
            a->packed = false;
            continue;
        }
        enum err_code rc = keep(h, a, note, &why);
        if (rc != OK && host_failure_is_all(rc)) {
            *e = why;
            return rc;
        }
        if (rc != OK) {
            a->packed = false;
            leave_out(h, a, &why);
        }
    }
    FAULT("host-push-kept");
    return OK;
}

static enum err_code confirmed(void *ctx, const struct ship_note *note, struct err *e)
{
    struct host_push *h = ctx;
    (void)note;
    for (size_t i = 0; i < h->count; i++) {
        struct account *a = &h->list[i];
        struct err why = ERR_INIT;
        enum err_code rc = a->packed && a->spool ? promote(h, a, &why) : OK;
        if (rc != OK && host_failure_is_all(rc)) {
            *e = why;
            return rc;
        }
        if (rc != OK)
            leave_out(h, a, &why);
        a->packed = false;
    }
    h->from = h->full;
    return OK;
}

/* ---- all of it ---- */

static enum err_code open_list(struct host_push *h, struct err *e)
{
    h->count = options_accounts(h->options);
    h->list = calloc(h->count, sizeof *h->list);
    if (!h->list)
        return err_set(e, ERR_NOMEM, "out of memory for the accounts");
    for (size_t i = 0; i < h->count; i++) {
        struct account *a = &h->list[i];
        a->name = options_account_name(h->options, i);
        ship_note_init(&a->note);
        ship_note_init(&a->next);
    }
    ship_note_name(h->done, remote_name(h->remote), "");
    ship_note_name(h->next, remote_name(h->remote), "next");
    return OK;
}

static void close_list(struct host_push *h)
{
    for (size_t i = 0; h->list && i < h->count; i++) {
        ship_note_free(&h->list[i].note);
        ship_note_free(&h->list[i].next);
        spool_close(h->list[i].spool);
    }
    free(h->list);
}

static enum err_code push(const struct options *o, const struct remote *r, bool mirrors,
                          struct ship_report *report, struct err *e)
{
    struct host_push h = {
        .options = o, .remote = r, .mirrors = mirrors, .failures = {.work = HOST_PUSH}};
    const struct push_source source = {.dir = options_accounts_folder(o),
                                       .spool = OBJECT_NO_SPOOL,
                                       .host = true,
                                       .ctx = &h,
                                       .quiet = quiet,
                                       .collect = collect,
                                       .begin = begin,
                                       .finished = finished,
                                       .confirmed = confirmed};
    *report = (struct ship_report){.objects = 0};
    enum err_code rc = open_list(&h, e);
    if (rc == OK)
        rc = push_objects(&source, r, report, e);
    close_list(&h);
    return host_failures_end(&h.failures, rc, e);
}

enum err_code host_push_run(const struct options *o, const struct remote *r,
                            struct ship_report *report, struct err *e)
{
    return push(o, r, false, report, e);
}

enum err_code host_push_mirrors(const struct options *o, const struct remote *r,
                                struct ship_report *report, struct err *e)
{
    return push(o, r, true, report, e);
}

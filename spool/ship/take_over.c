/*
 * The order of the steps is what makes it safe to end anywhere. Until pull.json goes, the spool is a mirror: no extractor writes to it, and
 * the take-over can be begun anew, with a pull. The push's note (.push/NAME.json) is made from pull.json, so a repeated take-over makes it anew,
 * unless it is of the same object: then a push that did not end may stand behind it, which is made good by the next one.
 *
 * Of all accounts of a machine the same is done with the host's notes, .pull/pull.json and .push/NAME.json beside the accounts' folders. Each account's
 * own note of the push is made before the host's. The host's pull.json goes before the accounts' do: where it is gone, those are made good.
 */
#include "spool/ship/take_over.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/back/back.h"
#include "spool/control/refetch.h"
#include "spool/host/host_back.h"
#include "spool/host/host_mirrors.h"
#include "spool/host/host_pull.h"
#include "spool/host/host_push.h"
#include "spool/remote/pull.h"
#include "spool/remote/push.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct take_over {
    const struct options *options; /* of all accounts; NULL: of one spool */
    const char *dir;               /* the spool, or the folder of the accounts' spools */
    const struct remote *remote;
    struct ship_report *report; /* of the pulls */
    int lock;                   /* of .pull: no pull comes in between */
    char note_dir[IO_PATH];     /* where pull.json lies */
    char push_dir[IO_PATH];
    char done[SHIP_NOTE_NAME]; /* names of the push's notes */
    char next[SHIP_NOTE_NAME];
    struct ship_note pulled; /* pull.json */
};

/* ---- the spools ---- */

typedef enum err_code spool_fn(const struct take_over *t, const struct spool *s,
                               const char *account, struct err *e);
struct each {
    const struct take_over *t;
    spool_fn *fn;
};

static enum err_code on_mirror(void *ctx, const char *account, struct err *e)
{
    const struct each *each = ctx;
    char path[IO_PATH];
    struct spool *s = NULL;
    const char *before = log_account_now();
    enum err_code rc = io_path(path, each->t->dir, account, e);
    log_account(account);
    if (rc == OK && (rc = spool_open(&s, path, SPOOL_LOOK, e)) == OK)
        rc = each->fn(each->t, s, account, e);
    spool_close(s);
    log_account(before);
    return rc;
}

/* Calls fn for the one spool, whose account is "", or for each account's that is still a mirror. */
static enum err_code each_spool(const struct take_over *t, spool_fn *fn, struct err *e)
{
    struct each each = {t, fn};
    struct spool *s = NULL;
    if (t->options)
        return host_mirrors_each(t->dir, on_mirror, &each, e);
    enum err_code rc = spool_open(&s, t->dir, SPOOL_LOOK, e);
    if (rc == OK)
        rc = fn(t, s, "", e);
    spool_close(s);
    return rc;
}

typedef enum err_code wish_fn(const struct spool *s, const char *table, struct err *e);

static enum err_code each_table(const struct spool *s, wish_fn *fn, struct err *e)
{
    char **tables = NULL;
    size_t n = 0;
    enum err_code rc = spool_tables(s, &tables, &n, e);
    for (size_t i = 0; i < n && rc == OK; i++)
        rc = fn(s, tables[i], e);
    spool_tables_free(tables, n);
    return rc;
}

/* ---- pulling to the end ---- */

static enum err_code is_own(const char *dir, struct err *e)
{
    char path[IO_PATH];
    enum err_code rc = io_path(path, dir, PULL_NOTE, e);
    if (rc != OK || !spool_is_there(dir) || access(path, F_OK) == 0)
        return rc;
    return err_set(e, ERR_CONFIG,
                   "the spool at %.500s was not pulled: netty-extract writes to it, so there is "
                   "nothing to take over; name a new folder (--spool), or push this one",
                   dir);
}

/* Fails where a spool is there that is extracted into. */
static enum err_code check_none_own(const struct take_over *t, struct err *e)
{
    enum err_code rc = t->options ? OK : is_own(t->dir, e);
    for (size_t i = 0; t->options && i < options_accounts(t->options) && rc == OK; i++) {
        char path[IO_PATH];
        if ((rc = io_path(path, t->dir, options_account_name(t->options, i), e)) == OK)
            rc = is_own(path, e);
    }
    return rc;
}

/* Was the spool taken over from this remote already? */
static enum err_code was_taken(const struct take_over *t, bool *taken, struct err *e)
{
    struct ship_note n;
    bool there;
    *taken = false;
    enum err_code rc = ship_note_read(&n, t->note_dir, PULL_NOTE, &there, e);
    bool mirror = rc == ERR_DAMAGED || there;
    ship_note_free(&n);
    if (mirror || rc != OK)
        return rc == ERR_DAMAGED ? OK : rc; /* pull says what to do */
    rc = ship_note_read(&n, t->note_dir, TAKEN_NOTE, &there, e);
    *taken = there && strcmp(n.remote, remote_name(t->remote)) == 0;
    ship_note_free(&n);
    return rc != OK || *taken ? rc : check_none_own(t, e);
}

/* Has the next pull ask the remote for its names: an object may follow a number that was given up. */
static enum err_code forget_listing(const struct take_over *t, struct err *e)
{
    struct ship_note n;
    bool there;
    enum err_code rc = ship_note_read(&n, t->note_dir, PULL_NOTE, &there, e);
    if (rc == OK && there && n.listed != WHEN_NONE) {
        n.listed = WHEN_NONE;
        rc = ship_note_write(&n, t->note_dir, PULL_NOTE, e);
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
            rc = t->options ? host_pull_run(t->dir, t->remote, &now, e)
                            : pull_run(t->dir, t->remote, &now, e);
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
    if ((rc = io_path(dir, t->dir, PULL_DIR, e)) != OK ||
        (rc = io_path(t->push_dir, t->dir, PUSH_DIR, e)) != OK ||
        (rc = io_mkdirs(t->push_dir, e)) != OK ||
        (rc = ship_lock(dir, "another pull into this spool", &t->lock, e)) != OK ||
        (rc = ship_note_read(&t->pulled, t->note_dir, PULL_NOTE, &there, e)) != OK)
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
static enum err_code write_note(const struct take_over *t, const struct ship_note *pulled,
                                const char *account, const char *dir, struct err *e)
{
    struct ship_note n;
    ship_note_init(&n);
    enum err_code rc = ship_note_copy(&n, pulled, e);
    if (rc == OK) {
        n.size = n.files = n.gap = 0;
        n.modified = n.written = n.listed = WHEN_NONE;
        (void)snprintf(n.account, sizeof n.account, "%.*s", OBJECT_ACCOUNT_MAX, account);
        (void)snprintf(n.remote, sizeof n.remote, "%s", remote_name(t->remote));
        for (size_t i = 0; i < n.count; i++)
            n.tables[i].files = n.tables[i].roll = 0;
        rc = ship_note_write(&n, dir, t->done, e);
    }
    ship_note_free(&n);
    return rc;
}

static bool is_configured(const struct take_over *t, const char *account)
{
    for (size_t i = 0; i < options_accounts(t->options); i++)
        if (strcmp(options_account_name(t->options, i), account) == 0)
            return true;
    return false;
}

static enum err_code note_account(const struct take_over *t, const struct spool *s,
                                  const char *account, struct err *e)
{
    char dir[IO_PATH];
    struct ship_note pulled;
    bool there;
    enum err_code rc = ship_note_read(&pulled, spool_dir(s), PULL_NOTE, &there, e);
    if (rc != OK)
        return rc;
    if (!is_configured(t, account))
        LOG0(LOG_WARN, "taken-over",
             "the account is pulled, and is none of this machine's configuration: nothing is "
             "extracted of it");
    if (strcmp(pulled.chain, t->pulled.chain) ==
        0) { /* it has all, also of objects with nothing new of it */
        pulled.number = t->pulled.number;
        pulled.hash = t->pulled.hash;
    }
    if ((rc = io_path(dir, spool_dir(s), PUSH_DIR, e)) == OK && (rc = io_mkdirs(dir, e)) == OK)
        rc = write_note(t, &pulled, account, dir, e);
    ship_note_free(&pulled);
    FAULT("take-over-account-noted");
    return rc;
}

static enum err_code write_notes(const struct take_over *t, struct err *e)
{
    enum err_code rc = t->options ? each_spool(t, note_account, e) : OK;
    if (rc == OK)
        rc = write_note(t, &t->pulled, "", t->push_dir, e);
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
    return same ? OK : write_notes(t, e);
}

static enum err_code take_wishes(const struct take_over *t, const struct spool *s,
                                 const char *account, struct err *e)
{
    (void)t;
    (void)account;
    return each_table(s, refetch_take_wish, e);
}

static enum err_code drop_wishes(const struct take_over *t, const struct spool *s,
                                 const char *account, struct err *e)
{
    (void)t;
    (void)account;
    return each_table(s, refetch_drop_wish, e);
}

static enum err_code take_spool_back(const struct take_over *t, const struct spool *s,
                                     const char *account, struct err *e)
{
    struct back_report back;
    (void)account;
    return back_take(s, t->remote, &back, e);
}

static enum err_code take_told(const struct take_over *t, struct err *e)
{
    struct back_report back;
    return t->options ? host_back_take(t->options, t->remote, &back, e)
                      : each_spool(t, take_spool_back, e);
}

/* What others have told of what they have loaded, of the database's tables and of what they lack. */
static enum err_code take_back(const struct take_over *t, struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = back_leave(t->dir, t->remote, &why);
    if (rc == ERR_DENIED) {
        LOG(LOG_WARN, "back",
            "what this machine has told as one that pulls cannot be removed from the remote: what "
            "is not loaded here is not pruned before --forget-after has passed",
            F_ERR(&why));
        rc = OK;
    }
    if (rc == OK && (rc = take_told(t, &why)) == ERR_DENIED) {
        LOG(LOG_WARN, "back", "the remote does not tell what is loaded elsewhere", F_ERR(&why));
        rc = OK;
    }
    if (rc != OK)
        *e = why;
    return rc;
}

static enum err_code rename_note(const char *dir, struct err *e)
{
    char from[IO_PATH];
    char to[IO_PATH];
    enum err_code rc;
    if ((rc = io_path(from, dir, PULL_NOTE, e)) != OK ||
        (rc = io_path(to, dir, TAKEN_NOTE, e)) != OK || (rc = safe_rename(from, to, e)) != OK)
        return rc;
    return io_sync_dir(dir, e);
}

static enum err_code own_account(const struct take_over *t, const struct spool *s,
                                 const char *account, struct err *e)
{
    (void)t;
    (void)account;
    enum err_code rc = rename_note(spool_dir(s), e);
    FAULT("taken-over-account");
    return rc;
}

/* From here on netty-extract may write. */
static enum err_code become_own(const struct take_over *t, struct err *e)
{
    enum err_code rc;
    if ((rc = each_spool(t, drop_wishes, e)) != OK || (rc = rename_note(t->note_dir, e)) != OK)
        return rc;
    FAULT("taken-over");
    if (t->options && (rc = each_spool(t, own_account, e)) != OK)
        return rc;
    LOG(LOG_INFO, "taken-over",
        "the spool is this machine's from here on: netty-extract and push go on with it",
        F_STR("remote", remote_name(t->remote)), F_INT("object", t->pulled.number));
    return OK;
}

static enum err_code push_spool(const struct take_over *t, const struct spool *s,
                                const char *account, struct err *e)
{
    struct ship_report pushed;
    (void)account;
    return push_run(s, t->remote, &pushed, e);
}

static enum err_code push_news(const struct take_over *t, bool taken, struct err *e)
{
    struct ship_report pushed;
    if (!t->options)
        return each_spool(t, push_spool, e);
    return taken ? host_push_run(t->options, t->remote, &pushed, e)
                 : host_push_mirrors(t->options, t->remote, &pushed, e);
}

/* Damaged pages are told, and stop nothing: they are what they were before. */
static enum err_code push(const struct take_over *t, bool taken, struct err *damage, struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = push_news(t, taken, &why);
    if (rc == ERR_SET_ASIDE)
        *damage = why;
    else if (rc != OK)
        *e = why;
    FAULT("take-over-pushed");
    return rc == ERR_SET_ASIDE ? OK : rc;
}

static enum err_code take(struct take_over *t, bool taken, struct err *damage, struct err *e)
{
    enum err_code rc = OK;
    if (taken) {
        if (t->options) /* an earlier take-over may have died behind the host's note */
            rc = each_spool(t, own_account, e);
        return rc == OK ? push(t, taken, damage, e) : rc;
    }
    if ((rc = pull_to_the_end(t, e)) != OK || (rc = prepare(t, e)) != OK ||
        (rc = note(t, e)) != OK || (rc = each_spool(t, take_wishes, e)) != OK ||
        (rc = push(t, taken, damage, e)) != OK || (rc = take_back(t, e)) != OK)
        return rc;
    FAULT("take-over-told");
    return become_own(t, e);
}

static enum err_code run(struct take_over *t, struct err *e)
{
    struct err damage = ERR_INIT;
    bool taken = false;
    t->lock = -1;
    *t->report = (struct ship_report){.written = WHEN_NONE};
    ship_note_init(&t->pulled);
    enum err_code rc = was_taken(t, &taken, e);
    if (rc == OK)
        rc = take(t, taken, &damage, e);
    ship_note_free(&t->pulled);
    if (t->lock >= 0)
        (void)close(t->lock);
    if (rc == OK && damage.code != OK) {
        *e = damage;
        rc = damage.code;
    }
    return rc;
}

enum err_code take_over_run(const char *dir, const struct remote *r, struct ship_report *report,
                            struct err *e)
{
    struct take_over t = {.dir = dir, .remote = r, .report = report};
    (void)snprintf(t.note_dir, sizeof t.note_dir, "%s", dir);
    return run(&t, e);
}

enum err_code take_over_all(const struct options *o, const struct remote *r,
                            struct ship_report *report, struct err *e)
{
    struct take_over t = {
        .options = o, .dir = options_accounts_folder(o), .remote = r, .report = report};
    enum err_code rc = io_path(t.note_dir, t.dir, PULL_DIR, e);
    return rc == OK ? run(&t, e) : rc;
}

/*
 * Each account's part of an object goes into the mirror of its spool as an object of its own would (spool/remote/pull_apply.h), and its
 * pull.json tells how far it is. The note of the host (DIR/.pull/pull.json) is written by spool/remote/pull.c, once all parts are durable.
 */
#include "spool/host/host_pull.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/host/host_failures.h"
#include "spool/host/host_mirrors.h"
#include "spool/remote/pull.h"
#include "spool/remote/pull_apply.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct host_pull {
    const char *dir;
    const struct remote *remote;
    struct host_failures failures;
    /* of the object at hand */
    struct object_reader *object;
    struct ship_note *host;
    struct pull_counts *counts;
    bool held; /* what is held back is taken, and nothing else */
    /* of the part at hand */
    char name[OBJECT_ACCOUNT_MAX + 1]; /* "": none */
    char folder[IO_PATH];
    struct spool *spool;
    struct ship_note before;
    struct ship_note note;
    struct apply *apply; /* NULL: the part is passed over */
};

static struct ship_table *find_held(const struct host_pull *h, const char *account)
{
    for (size_t i = 0; i < h->host->count; i++)
        if (strcmp(h->host->tables[i].table, account) == 0)
            return &h->host->tables[i];
    return NULL;
}

static void leave_part(struct host_pull *h)
{
    pull_apply_close(h->apply);
    h->apply = NULL;
    ship_note_free(&h->before);
    ship_note_free(&h->note);
    spool_close(h->spool);
    h->spool = NULL;
    h->name[0] = '\0';
    log_account(NULL);
}

/* The account stays behind: it is tried again from this object on. */
static enum err_code fail_part(struct host_pull *h, const struct err *why, struct err *e)
{
    if (host_failure_is_all(why->code)) {
        *e = *why;
        return why->code;
    }
    const struct object_head *head = object_head(h->object);
    host_failure(&h->failures, h->name, why);
    struct ship_table *t = ship_note_table(h->host, h->name);
    if (!t)
        return err_set(e, ERR_NOMEM, "out of memory");
    if (!h->held)
        t->place = (struct page_place){head->number, head->before};
    t->roll = 1;
    leave_part(h);
    return OK;
}

/* ---- an account's mirror ---- */

static enum err_code check_mirror(const struct host_pull *h, const char *id, bool noted,
                                  struct err *e)
{
    if (!noted)
        return err_set(e, ERR_CONFIG,
                       "the spool at %.500s was not pulled from anywhere: it would be mixed with "
                       "%.200s; pull into a new folder (--spool)",
                       h->folder, remote_name(h->remote));
    if (strcmp(spool_id(h->spool), id) != 0)
        return err_set(e, ERR_CONFIG,
                       "%.300s holds another spool of this account than the one that was pulled "
                       "into %.300s; move that folder away",
                       remote_name(h->remote), h->folder);
    return spool_check_writer(h->spool, e);
}

/* The note is there before the spool, so that no extractor takes the folder for its own. */
static enum err_code make_mirror(struct host_pull *h, const struct object_item *item, struct err *e)
{
    enum err_code rc;
    if (item->first == 0)
        return err_set(e, ERR_CONFIG,
                       "%.500s is gone, or was never there, and earlier objects have what belongs "
                       "there; restore it, or pull all accounts into a new folder (--spool)",
                       h->folder);
    h->note.host = true;
    (void)snprintf(h->note.remote, sizeof h->note.remote, "%s", remote_name(h->remote));
    if ((rc = io_mkdirs(h->folder, e)) != OK ||
        (rc = ship_note_write(&h->note, h->folder, PULL_NOTE, e)) != OK)
        return rc;
    FAULT("host-pull-noted");
    LOG0(LOG_INFO, "pull", "the account is pulled for the first time");
    return spool_mirror(&h->spool, h->folder, item->spool, e);
}

static enum err_code open_mirror(struct host_pull *h, const struct object_item *item, struct err *e)
{
    struct err why = ERR_INIT;
    bool noted;
    enum err_code rc = io_path(h->folder, h->dir, h->name, e);
    if (rc != OK)
        return rc;
    rc = ship_note_read(&h->note, h->folder, PULL_NOTE, &noted, &why);
    if (rc == ERR_DAMAGED)
        return err_set(e, ERR_CONFIG, "%.800s; move the account's folder away", why.msg);
    if (rc == OK)
        rc = spool_open(&h->spool, h->folder, SPOOL_LOOK, &why);
    if (rc == OK)
        return check_mirror(h, item->spool, noted, e);
    if (rc == ERR_NO_SPOOL)
        return make_mirror(h, item, e);
    *e = why;
    return rc;
}

static enum err_code begin_mirror(struct host_pull *h, const struct object_item *item,
                                  struct err *e)
{
    enum err_code rc = open_mirror(h, item, e);
    if (rc == OK && h->note.number > 0 && !h->note.host)
        rc = err_set(e, ERR_CONFIG,
                     "%.500s was pulled by itself, from %.200s; pull into a new folder (--spool)",
                     h->folder, h->note.remote);
    if (rc == OK && (rc = ship_note_copy(&h->before, &h->note, e)) == OK)
        rc = pull_apply_open(&h->apply, h->spool, h->object, &h->note, h->counts, e);
    return rc;
}

/* ---- its part ---- */

static enum err_code keep_note(struct host_pull *h, struct err *e)
{
    const struct object_head *head = object_head(h->object);
    struct ship_note *n = &h->note;
    if (n->number > 0 && strcmp(n->chain, head->chain) == 0 &&
        strcmp(n->remote, remote_name(h->remote)) == 0 && ship_note_same_tables(&h->before, n))
        return OK;
    n->host = true;
    n->number = head->number;
    n->next = head->number + 1;
    n->hash = object_sum(h->object)->hash;
    n->written = head->written;
    memcpy(n->chain, head->chain, sizeof n->chain);
    (void)snprintf(n->remote, sizeof n->remote, "%s", remote_name(h->remote));
    return ship_note_write(n, h->folder, PULL_NOTE, e);
}

static enum err_code end_part(struct host_pull *h, struct err *e)
{
    struct err why = ERR_INIT;
    if (!h->apply)
        return OK;
    if (pull_apply_end(h->apply, &why) != OK || keep_note(h, &why) != OK)
        return fail_part(h, &why, e);
    FAULT("host-pull-account");
    leave_part(h);
    return OK;
}

static enum err_code begin_part(struct host_pull *h, const struct object_item *item, struct err *e)
{
    struct err why = ERR_INIT;
    const struct ship_table *held = find_held(h, item->file);
    if (h->held ? !held || held->roll != 0 || held->place.segment != object_head(h->object)->number
                : held != NULL)
        return OK;
    (void)snprintf(h->name, sizeof h->name, "%.*s", OBJECT_ACCOUNT_MAX, item->file);
    log_account(h->name);
    return begin_mirror(h, item, &why) == OK ? OK : fail_part(h, &why, e);
}

static enum err_code take_item(struct host_pull *h, const struct object_item *item, struct err *e)
{
    struct err why = ERR_INIT;
    if (item->kind == OBJECT_ACCOUNT) {
        enum err_code rc = end_part(h, e);
        return rc == OK ? begin_part(h, item, e) : rc;
    }
    if (!h->apply || pull_apply_item(h->apply, item, &why) == OK)
        return OK;
    return fail_part(h, &why, e);
}

/* Those that were held back at this object wait for the next one, but for those that have failed again. */
static void pass_object(const struct host_pull *h)
{
    uint64_t number = object_head(h->object)->number;
    for (size_t i = 0; i < h->host->count; i++) {
        struct ship_table *t = &h->host->tables[i];
        if (t->place.segment == number && t->roll == 0)
            t->place = (struct page_place){number + 1, number};
    }
}

static enum err_code take(void *ctx, struct object_reader *r, bool held, struct ship_note *note,
                          struct pull_counts *counts, struct err *e)
{
    struct host_pull *h = ctx;
    struct object_item *item = malloc(sizeof *item);
    enum err_code rc = item ? OK : err_set(e, ERR_NOMEM, "out of memory");
    h->object = r;
    h->host = note;
    h->counts = counts;
    h->held = held;
    while (rc == OK && (rc = object_next(r, item, e)) == OK && item->kind != OBJECT_END)
        rc = take_item(h, item, e);
    if (rc == OK)
        rc = end_part(h, e);
    leave_part(h);
    if (rc == OK && held)
        pass_object(h);
    free(item);
    return rc;
}

/* Also where nothing new comes for an account: a reader takes a damaged hint for damage. What cannot be looked at is told where it is needed. */
static enum err_code mend(void *ctx, const char *account, struct err *e)
{
    const struct host_pull *h = ctx;
    char path[IO_PATH];
    struct spool *s = NULL;
    struct err why = ERR_INIT;
    enum err_code rc = io_path(path, h->dir, account, &why);
    if (rc == OK && (rc = spool_open(&s, path, SPOOL_LOOK, &why)) == OK)
        rc = pull_mend_hints(s, &why);
    spool_close(s);
    if (!host_failure_is_all(rc))
        return OK;
    *e = why;
    return rc;
}

static enum err_code begin(void *ctx, struct err *e)
{
    const struct host_pull *h = ctx;
    return host_mirrors_each(h->dir, mend, ctx, e);
}

/* Where this machine has taken the accounts over it extracts into them. */
static enum err_code check_folder(const struct host_pull *h, const char *note, struct err *e)
{
    char pulled[IO_PATH];
    char taken[IO_PATH];
    enum err_code rc;
    if ((rc = io_path(pulled, note, PULL_NOTE, e)) != OK ||
        (rc = io_path(taken, note, TAKEN_NOTE, e)) != OK || access(taken, F_OK) != 0 ||
        access(pulled, F_OK) == 0)
        return rc;
    return err_set(e, ERR_CONFIG,
                   "the accounts' spools in %.500s were taken over, and netty-extract writes to "
                   "them: name a new folder (--spool)",
                   h->dir);
}

enum err_code host_pull_run(const char *dir, const struct remote *r, struct ship_report *report,
                            struct err *e)
{
    char note[IO_PATH];
    struct host_pull h = {.dir = dir, .remote = r, .failures = {.work = HOST_PULL}};
    const struct pull_target target = {
        .dir = dir, .note = note, .host = true, .ctx = &h, .begin = begin, .take = take};
    ship_note_init(&h.before);
    ship_note_init(&h.note);
    *report = (struct ship_report){.written = WHEN_NONE};
    enum err_code rc = io_path(note, dir, PULL_DIR, e);
    if (rc == OK)
        rc = check_folder(&h, note, e);
    if (rc == OK)
        rc = pull_objects(&target, r, report, e);
    return host_failures_end(&h.failures, rc, e);
}

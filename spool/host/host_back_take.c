/*
 * The pushed side: each account's part of an object goes where an object of its own would (spool/back). Beside the host's note of the puller,
 * which knows the last object that was taken, each account has one of the same name in its own folder .push: what the puller's databases
 * have of it, and in `files` a hash of what it was told last, so that the same is not taken again.
 */
#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "spool/host/host_back.h"
#include "spool/host/host_failures.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host_take {
    const struct options *options;
    struct host_failures failures;
    /* of the object at hand */
    struct object_reader *object;
    const char *folder;
    const char *note_name;
    const struct ship_note *host; /* of the puller */
    bool part;                    /* that of an account could not be taken */
    /* of the part at hand */
    char name[OBJECT_ACCOUNT_MAX + 1];
    char dir[IO_PATH]; /* the account's folder .push */
    struct spool *spool;
    struct ship_note note;
    struct back_install *install; /* NULL: the part is passed over */
};

static void leave_part(struct host_take *h)
{
    back_install_close(h->install);
    h->install = NULL;
    ship_note_free(&h->note);
    spool_close(h->spool);
    h->spool = NULL;
    log_account(NULL);
}

static enum err_code fail_part(struct host_take *h, const struct err *why, struct err *e)
{
    if (host_failure_is_all(why->code)) {
        *e = *why;
        return why->code;
    }
    host_failure(&h->failures, h->name, why);
    h->part = true;
    leave_part(h);
    return OK;
}

static bool is_configured(const struct host_take *h, const char *account)
{
    for (size_t i = 0; i < options_accounts(h->options); i++)
        if (strcmp(options_account_name(h->options, i), account) == 0)
            return true;
    return false;
}

/* Of an account that is not pushed from here nothing is taken, nor of a spool that this one has replaced, nor what was taken before. */
static enum err_code open_part(struct host_take *h, const struct object_item *item, struct err *e)
{
    char path[IO_PATH];
    char unpacked[IO_PATH];
    struct err why = ERR_INIT;
    bool there;
    enum err_code rc = io_path(path, options_accounts_folder(h->options), h->name, e);
    if (rc != OK)
        return rc;
    rc = spool_open(&h->spool, path, SPOOL_LOOK, &why);
    if (rc == ERR_NO_SPOOL || (rc == OK && strcmp(spool_id(h->spool), item->spool) != 0))
        return OK;
    if (rc != OK) {
        *e = why;
        return rc;
    }
    if ((rc = io_path(h->dir, spool_dir(h->spool), PUSH_DIR, e)) != OK ||
        (rc = io_mkdirs(h->dir, e)) != OK || (rc = io_path(unpacked, h->dir, h->folder, e)) != OK)
        return rc;
    rc = ship_note_read(&h->note, h->dir, h->note_name, &there, e);
    if (rc != OK && rc != ERR_DAMAGED) /* what it has is told anew */
        return rc;
    if (rc == OK && there && item->told != 0 && h->note.files == item->told)
        return OK;
    return back_install_open(&h->install, h->spool, unpacked, &h->note, e);
}

static enum err_code keep_note(struct host_take *h, uint64_t told, struct err *e)
{
    const struct object_head *head = object_head(h->object);
    struct ship_note *n = &h->note;
    n->host = true;
    n->files = told;
    n->number = head->number;
    n->next = head->number + 1;
    n->hash = object_sum(h->object)->hash;
    n->written = head->written;
    memcpy(n->chain, h->host->chain, sizeof n->chain);
    memcpy(n->remote, h->host->remote, sizeof n->remote);
    return ship_note_write(n, h->dir, h->note_name, e);
}

static enum err_code end_part(struct host_take *h, uint64_t told, struct err *e)
{
    struct err why = ERR_INIT;
    if (h->install && (back_install_end(h->install, &why) != OK || keep_note(h, told, &why) != OK))
        return fail_part(h, &why, e);
    FAULT("host-back-account");
    leave_part(h);
    return OK;
}

static enum err_code begin_part(struct host_take *h, const struct object_item *item, struct err *e)
{
    struct err why = ERR_INIT;
    if (!is_configured(h, item->file))
        return OK;
    (void)snprintf(h->name, sizeof h->name, "%.*s", OBJECT_ACCOUNT_MAX, item->file);
    log_account(h->name);
    return open_part(h, item, &why) == OK ? OK : fail_part(h, &why, e);
}

static enum err_code install(void *ctx, struct object_reader *r, const char *folder,
                             const char *name, struct ship_note *note, bool *part, struct err *e)
{
    struct host_take *h = ctx;
    struct object_item *item = malloc(sizeof *item);
    uint64_t told = 0;
    enum err_code rc = item ? OK : err_set(e, ERR_NOMEM, "out of memory");
    h->object = r;
    h->folder = folder;
    h->note_name = name;
    h->host = note;
    h->part = false;
    note->host = true;
    while (rc == OK && (rc = object_next(r, item, e)) == OK && item->kind != OBJECT_END) {
        struct err why = ERR_INIT;
        if (item->kind == OBJECT_ACCOUNT) {
            if ((rc = end_part(h, told, e)) == OK)
                rc = begin_part(h, item, e);
            told = item->told;
        } else if (item->kind == OBJECT_FILE && h->install &&
                   back_install_file(h->install, r, item, &why) != OK) {
            rc = fail_part(h, &why, e);
        }
    }
    if (rc == OK)
        rc = end_part(h, told, e);
    leave_part(h);
    free(item);
    *part = h->part;
    return rc;
}

enum err_code host_back_take(const struct options *o, const struct remote *r,
                             struct back_report *report, struct err *e)
{
    struct host_take h = {.options = o, .failures = {.work = HOST_TAKE}};
    const struct back_target target = {.dir = options_accounts_folder(o),
                                       .spool = OBJECT_NO_SPOOL,
                                       .host = true,
                                       .ctx = &h,
                                       .install = install};
    ship_note_init(&h.note);
    enum err_code rc = back_take_into(&target, r, report, e);
    return host_failures_end(&h.failures, rc, e);
}

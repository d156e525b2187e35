/* The pulled side: the accounts are those whose mirrors lie in the folder, whatever accounts are configured. */
#include "shared/files/file_io.h"
#include "spool/host/host_back.h"
#include "spool/host/host_failures.h"
#include "spool/host/host_mirrors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct mirror {
    char name[OBJECT_ACCOUNT_MAX + 8]; /* no gap behind it: the list is hashed as it is */
    uint64_t told;                     /* 0: it is left out */
};

struct host_put {
    const char *dir;
    struct mirror *list;
    size_t count;
    struct host_failures failures;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct mirror *)a)->name, ((const struct mirror *)b)->name);
}

static enum err_code on_mirror(void *ctx, const char *account, struct err *e)
{
    struct host_put *h = ctx;
    struct mirror *more = realloc(h->list, (h->count + 1) * sizeof *more);
    if (!more)
        return err_set(e, ERR_NOMEM, "out of memory for the accounts");
    h->list = more;
    struct mirror *m = &h->list[h->count++];
    *m = (struct mirror){.told = 0};
    memcpy(m->name, account, strnlen(account, OBJECT_ACCOUNT_MAX));
    return OK;
}

typedef enum err_code mirror_fn(struct mirror *m, const struct spool *s, struct object_writer *w,
                                struct err *e);

/* Calls fn for each account that is not left out, and leaves out those that fail, unless it is w that did. */
static enum err_code each(struct host_put *h, mirror_fn *fn, struct object_writer *w, struct err *e)
{
    for (size_t i = 0; i < h->count; i++) {
        struct mirror *m = &h->list[i];
        char path[IO_PATH];
        struct spool *s = NULL;
        struct err why = ERR_INIT;
        if (w && m->told == 0)
            continue;
        enum err_code rc = io_path(path, h->dir, m->name, &why);
        if (rc == OK && (rc = spool_open(&s, path, SPOOL_LOOK, &why)) == OK)
            rc = fn(m, s, w, &why);
        spool_close(s);
        if (rc != OK && (w || host_failure_is_all(rc))) {
            *e = why;
            return rc;
        }
        if (rc != OK) {
            m->told = 0;
            host_failure(&h->failures, m->name, &why);
        }
    }
    return OK;
}

static enum err_code look(struct mirror *m, const struct spool *s, struct object_writer *w,
                          struct err *e)
{
    enum err_code rc = back_news(s, &m->told, e);
    (void)w;
    m->told += m->told == 0;
    return rc;
}

static enum err_code news(void *ctx, uint64_t *hash, struct err *e)
{
    struct host_put *h = ctx;
    enum err_code rc = host_mirrors_each(h->dir, on_mirror, h, e);
    if (rc != OK)
        return rc;
    if (h->count > 1)
        qsort(h->list, h->count, sizeof *h->list, by_name);
    struct ship_note pulled;
    bool there;
    char dir[IO_PATH];
    if ((rc = each(h, look, NULL, e)) != OK || (rc = io_path(dir, h->dir, PULL_DIR, e)) != OK ||
        (rc = ship_note_read(&pulled, dir, PULL_NOTE, &there, e)) != OK)
        return rc;
    *hash = XXH3_64bits_withSeed(h->list, h->count * sizeof *h->list, pulled.whole);
    ship_note_free(&pulled);
    return OK;
}

static enum err_code pack(struct mirror *m, const struct spool *s, struct object_writer *w,
                          struct err *e)
{
    enum err_code rc = object_add_account(w, m->name, spool_id(s), false, m->told, e);
    return rc == OK ? back_add_files(s, w, e) : rc;
}

static enum err_code add(void *ctx, struct object_writer *w, struct err *e)
{
    return each(ctx, pack, w, e);
}

enum err_code host_back_put(const char *dir, const struct remote *r, bool *put, struct err *e)
{
    struct host_put h = {.dir = dir, .failures = {.work = HOST_TELL}};
    char note[IO_PATH];
    const struct back_source source = {.dir = dir,
                                       .note = note,
                                       .spool = OBJECT_NO_SPOOL,
                                       .host = true,
                                       .ctx = &h,
                                       .news = news,
                                       .add = add};
    enum err_code rc = io_path(note, dir, PULL_DIR, e);
    if (rc == OK)
        rc = back_put_from(&source, r, put, e);
    free(h.list);
    return host_failures_end(&h.failures, rc, e);
}

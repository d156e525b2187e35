#include "load/run/spool_watch.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "spool/journal/acked.h"
#include <stdlib.h>
#include <string.h>

/* How long it is waited for more after the first sign: pages that come every 50 ms are then loaded ten at a time. */
#define LINGER_MS 500u
#define SCAN_MS   10000u

struct watch {
    uv_fs_event_t event;
    struct spool_watch *follow;
    struct watch *next;
    char *table; /* NULL: the spool itself */
    bool dirty;
};

struct spool_watch {
    uv_loop_t *loop;
    const struct spool *spool;
    spool_watch_fn *changed;
    void *ctx;
    struct watch *watches;
    uv_timer_t linger;
    uv_timer_t scan;
    unsigned handles;
};

static void on_closed(uv_handle_t *h)
{
    struct spool_watch *f = h->data;

    if (--f->handles > 0)
        return;
    while (f->watches != NULL) {
        struct watch *w = f->watches;
        f->watches = w->next;
        free(w->table);
        free(w);
    }
    free(f);
}

static void on_linger(uv_timer_t *timer)
{
    struct spool_watch *f = timer->data;

    for (struct watch *w = f->watches; w != NULL; w = w->next)
        if (w->dirty) {
            w->dirty = false;
            f->changed(f->ctx, w->table);
        }
}

static void on_scan(uv_timer_t *timer)
{
    struct spool_watch *f = timer->data;

    f->changed(f->ctx, NULL);
}

/* A page may be loaded once its journal line is there and acked.json counts it. The disk may take longer for the latter than the linger
 * lasts, so both are signs. The rest of what happens in the folder does not matter. */
static bool matters(const struct watch *w, const char *name)
{
    static const char suffix[] = ".journal";

    if (name == NULL)
        return true;
    if (w->table == NULL)
        return strchr(name, '.') == NULL; /* a table's folder */
    if (strcmp(name, ACKED_FILE) == 0)
        return true;
    size_t n = strlen(name);
    return n >= sizeof suffix - 1 && strcmp(name + n - (sizeof suffix - 1), suffix) == 0;
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct watch *w = event->data;

    (void)events;
    if (status != 0 || !matters(w, name))
        return;
    w->dirty = true;
    if (!uv_is_active((uv_handle_t *)&w->follow->linger))
        (void)uv_timer_start(&w->follow->linger, on_linger, LINGER_MS, 0);
}

/* Without inotify (its limits are per user) the scan has to do. */
static void watch(struct spool_watch *f, const char *table, const char *path)
{
    struct watch *w = calloc(1, sizeof *w);
    int rc = UV_ENOMEM;

    if (w != NULL && (table == NULL || (w->table = strdup(table)) != NULL)) {
        w->follow = f;
        (void)uv_fs_event_init(f->loop, &w->event);
        w->event.data = w;
        rc = uv_fs_event_start(&w->event, on_event, path, 0);
        f->handles++;
        w->next = f->watches;
        f->watches = w;
    } else {
        free(w);
    }
    if (rc != 0)
        LOG(LOG_WARN, "watch", "cannot watch the folder; it is looked at every 10 s instead",
            F_STR("path", path), F_STR("error", uv_strerror(rc)));
}

enum err_code spool_watch_open(struct spool_watch **out, uv_loop_t *loop, const struct spool *s,
                               spool_watch_fn *changed, void *ctx, struct err *e)
{
    struct spool_watch *f = calloc(1, sizeof *f);

    if (f == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    f->loop = loop;
    f->spool = s;
    f->changed = changed;
    f->ctx = ctx;
    (void)uv_timer_init(loop, &f->linger); /* cannot fail */
    (void)uv_timer_init(loop, &f->scan);
    f->linger.data = f->scan.data = f;
    f->handles = 2;
    (void)uv_timer_start(&f->scan, on_scan, SCAN_MS, SCAN_MS);
    watch(f, NULL, spool_dir(s));
    *out = f;
    return OK;
}

void spool_watch_table(struct spool_watch *f, const char *table)
{
    char path[IO_PATH];
    struct err e = ERR_INIT;

    if (io_path(path, spool_dir(f->spool), table, &e) == OK)
        watch(f, table, path);
    else
        LOG(LOG_WARN, "watch", "cannot watch the folder", F_ERR(&e));
}

void spool_watch_close(struct spool_watch *f)
{
    if (f == NULL)
        return;
    for (struct watch *w = f->watches; w != NULL; w = w->next) {
        uv_handle_t *h = (uv_handle_t *)&w->event;
        h->data = f;
        uv_close(h, on_closed);
    }
    uv_close((uv_handle_t *)&f->linger, on_closed);
    uv_close((uv_handle_t *)&f->scan, on_closed);
}

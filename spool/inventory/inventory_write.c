/* The roll's one writer: the lock, and lines added at the end. */
#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/inventory/inventory_private.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct inventory {
    const char *table; /* of the caller */
    char dir[IO_PATH];
    char path[IO_PATH];
    int lock;
    int fd; /* the file, or -1 */
    int64_t end;
    struct inventory_state state;
    struct buf keys;
    struct buf deleted;
    struct buf line;
    bool failed;
};

static enum err_code take_lock(struct inventory *r, struct err *e)
{
    char path[IO_PATH];
    enum err_code rc = io_path(path, r->dir, INVENTORY_LOCK, e);
    if (rc != OK)
        return rc;
    if ((rc = safe_open(&r->lock, path, O_RDONLY | O_CREAT, e)) != OK)
        return rc;
    if (flock(r->lock, LOCK_EX | LOCK_NB) == 0)
        return OK;
    if (errno != EWOULDBLOCK)
        return err_sys(e, ERR_IO, "cannot lock %s", path);
    return err_set(e, ERR_BUSY,
                   "table %s is being reconciled by another process; wait for it or stop it",
                   r->table);
}

static void drop_file(struct inventory *r)
{
    if (r->fd >= 0)
        (void)close(r->fd);
    r->fd = -1;
}

static enum err_code open_file(struct inventory *r, struct err *e)
{
    return safe_open(&r->fd, r->path, O_RDWR, e);
}

/* Reads the roll that is there. A torn last line is cut off; after other damage the roll counts as none. */
static enum err_code take_over(struct inventory *r, inventory_fn *fn, void *ctx, struct err *e)
{
    struct err why = ERR_INIT;
    r->state = (struct inventory_state){.began = WHEN_NONE, .last = WHEN_NONE};
    enum err_code rc = open_file(r, &why);
    if (rc != OK && why.sys == ENOENT)
        return OK;
    if (rc == OK)
        rc = inventory_scan(r->fd, r->path, r->table, &r->state, &r->end, fn, ctx, &why);
    if (rc == ERR_DAMAGED) {
        LOG(LOG_WARN, "roll", "the roll of keys is damaged and is begun anew",
            F_STR("table", r->table), F_ERR(&why));
        r->state = (struct inventory_state){.began = r->state.began, .last = WHEN_NONE};
        drop_file(r);
        return OK;
    }
    if (rc != OK) {
        *e = why;
        return rc;
    }
    if (ftruncate(r->fd, r->end) != 0)
        return err_sys(e, ERR_IO, "cannot cut %s", r->path);
    return OK;
}

enum err_code inventory_open(struct inventory **out, const struct spool *s, const char *table,
                             inventory_fn *fn, void *ctx, struct err *e)
{
    struct inventory *r = calloc(1, sizeof *r);
    *out = NULL;
    if (r == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    r->table = table;
    r->lock = r->fd = -1;
    buf_init(&r->keys, INVENTORY_LINE_MAX);
    buf_init(&r->deleted, INVENTORY_LINE_MAX);
    buf_init(&r->line, INVENTORY_LINE_MAX);
    enum err_code rc = table_make(r->dir, s, table, e);
    if (rc == OK)
        rc = io_path(r->path, r->dir, INVENTORY_FILE, e);
    if (rc == OK)
        rc = take_lock(r, e);
    if (rc == OK)
        rc = take_over(r, fn, ctx, e);
    if (rc != OK)
        inventory_close(r);
    else
        *out = r;
    return rc;
}

void inventory_close(struct inventory *r)
{
    if (r == NULL)
        return;
    drop_file(r);
    if (r->lock >= 0)
        (void)close(r->lock);
    buf_free(&r->keys);
    buf_free(&r->deleted);
    buf_free(&r->line);
    free(r);
}

const struct inventory_state *inventory_state(const struct inventory *r)
{
    return &r->state;
}

/* Writes the line, and returns when it is durable. rc: the result of making the line. */
static enum err_code put_line(struct inventory *r, enum err_code rc, struct err *e)
{
    if (rc == OK)
        rc = checksum_line_end(&r->line, 0);
    if (rc != OK)
        return buf_err(e, rc, &r->line, "a line of the roll");
    if (r->failed || r->fd < 0)
        return err_set(e, ERR_IO, "%s: a write failed before", r->path);
    rc = io_pwrite(r->fd, r->line.data, r->line.len, r->end, r->path, e);
    FAULT("roll-written");
    if (rc == OK && fdatasync(r->fd) != 0)
        rc = err_sys(e, ERR_IO, "cannot sync %s", r->path);
    if (rc != OK) {
        r->failed = true;
        (void)!ftruncate(r->fd, r->end);
        return rc;
    }
    r->end += (int64_t)r->line.len;
    FAULT("roll-synced");
    return OK;
}

enum err_code inventory_begin(struct inventory *r, struct err *e)
{
    char began[WHEN_TEXT];
    struct inventory_state fresh = {.there = true, .began = when_now(), .clock = WHEN_NONE};
    fresh.last = r->state.there && r->state.window.ended ? r->state.window.at : r->state.last;
    if (fresh.began <= r->state.began)
        fresh.began = r->state.began + 1;
    fresh.window.to = fresh.page.complete_to = WHEN_NONE;
    buf_reset(&r->line);
    enum err_code rc = buf_addf(&r->line, "{\"netty_roll\":%d,\"table\":\"%s\",\"began\":\"%s\"",
                                INVENTORY_FORMAT, r->table, when_iso(fresh.began, began));
    if (rc == OK)
        rc = fields_add_time(&r->line, "last", fresh.last);
    if (rc == OK)
        rc = checksum_line_end(&r->line, 0);
    if (rc != OK)
        return buf_err(e, rc, &r->line, "a line of the roll");
    drop_file(r);
    if ((rc = io_replace(r->dir, INVENTORY_FILE, r->line.data, r->line.len, e)) != OK ||
        (rc = open_file(r, e)) != OK)
        return rc;
    FAULT("roll-begun");
    r->end = (int64_t)r->line.len;
    r->state = fresh;
    r->failed = false;
    inventory_discard_page(r);
    return OK;
}

static enum err_code add_key(struct buf *b, int64_t key)
{
    return buf_addf(b, "%s%" PRId64, b->len > 0 ? "," : "", key);
}

enum err_code inventory_key(struct inventory *r, int64_t key, bool deleted, struct err *e)
{
    enum err_code rc = add_key(&r->keys, key);
    if (rc == OK && deleted)
        rc = add_key(&r->deleted, key);
    return rc == OK ? OK : buf_err(e, rc, &r->keys, "a page's keys");
}

void inventory_discard_page(struct inventory *r)
{
    buf_reset(&r->keys);
    buf_reset(&r->deleted);
}

static enum err_code compose_page(struct inventory *r, const struct inventory_page *p)
{
    struct buf *b = &r->line;
    enum err_code rc;
    buf_reset(b);
    if ((rc = buf_addf(b, "{\"page\":%" PRIu64, r->state.pages + 1)) != OK ||
        (rc = fields_add_time(b, "fetched", p->fetched)) != OK ||
        (rc = fields_add_time(b, "clock", p->clock)) != OK ||
        (rc = buf_addf(b, ",\"records\":%" PRIu64 ",\"unkeyed\":%" PRIu64 ",\"pass\":%" PRIu64,
                       p->records, p->unkeyed, p->pass)) != OK ||
        (rc = fields_add_time(b, "complete_to", p->complete_to)) != OK ||
        (rc = buf_adds(b, ",\"keys\":[")) != OK ||
        (rc = buf_add(b, r->keys.data, r->keys.len)) != OK ||
        (rc = buf_adds(b, "],\"deleted\":[")) != OK ||
        (rc = buf_add(b, r->deleted.data, r->deleted.len)) != OK ||
        (rc = buf_adds(b, "],\"position\":")) != OK)
        return rc;
    return buf_adds(b, p->position);
}

enum err_code inventory_page(struct inventory *r, const struct inventory_page *page, struct err *e)
{
    struct inventory_state *s = &r->state;
    size_t n = strlen(page->position);
    if (n > PAGE_POSITION_MAX)
        return err_set(e, ERR_TOO_BIG, "a position of %zu bytes", n);
    enum err_code rc = put_line(r, compose_page(r, page), e);
    inventory_discard_page(r);
    if (rc != OK)
        return rc;
    memcpy(s->position, page->position, n + 1);
    if (s->pages == 0)
        s->clock = page->clock;
    s->pages++;
    s->behind++;
    s->records += page->records;
    s->unkeyed += page->unkeyed;
    s->page = *page;
    s->page.position = NULL;
    return OK;
}

static enum err_code compose_window(struct inventory *r, const struct inventory_window *w)
{
    struct buf *b = &r->line;
    enum err_code rc;
    buf_reset(b);
    if ((rc = buf_addf(b, "{\"window\":%" PRIu64, r->state.windows + 1)) != OK ||
        (rc = fields_add_time(b, "at", w->at)) != OK ||
        (rc = fields_add_time(b, "clock", w->clock)) != OK ||
        (rc = fields_add_time(b, "to", w->to)) != OK)
        return rc;
    return buf_addf(b, ",\"ended\":%d", w->ended ? 1 : 0);
}

enum err_code inventory_window(struct inventory *r, const struct inventory_window *window,
                               struct err *e)
{
    enum err_code rc = put_line(r, compose_window(r, window), e);
    if (rc != OK)
        return rc;
    r->state.windows++;
    r->state.behind = 0;
    r->state.window = *window;
    return OK;
}

static enum err_code add_absent(struct buf *b, const struct inventory_lookup *l)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < l->absent_count && rc == OK; i++) {
        const struct inventory_pair *p = &l->absent[i];
        rc = buf_addf(b, "%s[%" PRId64 ",", i > 0 ? "," : "", p->key);
        if (rc == OK)
            rc = p->time == WHEN_NONE ? buf_adds(b, "null]") : buf_addf(b, "%" PRId64 "]", p->time);
    }
    return rc;
}

static enum err_code compose_lookup(struct inventory *r, const struct inventory_lookup *l)
{
    struct buf *b = &r->line;
    enum err_code rc;
    buf_reset(b);
    if ((rc = buf_addf(b, "{\"look\":%" PRIu64, r->state.lookups + 1)) != OK ||
        (rc = fields_add_time(b, "at", l->at)) != OK ||
        (rc = fields_add_time(b, "clock", l->clock)) != OK ||
        (rc = buf_addf(b, ",\"useless\":%d,\"present\":[", l->useless ? 1 : 0)) != OK)
        return rc;
    for (size_t i = 0; i < l->present_count && rc == OK; i++)
        rc = buf_addf(b, "%s%" PRId64, i > 0 ? "," : "", l->present[i]);
    if (rc == OK && (rc = buf_adds(b, "],\"absent\":[")) == OK && (rc = add_absent(b, l)) == OK)
        rc = buf_addc(b, ']');
    return rc;
}

enum err_code inventory_lookup(struct inventory *r, const struct inventory_lookup *lookup,
                               struct err *e)
{
    enum err_code rc = put_line(r, compose_lookup(r, lookup), e);
    if (rc != OK)
        return rc;
    r->state.lookups++;
    r->state.absent += lookup->absent_count;
    r->state.present += lookup->present_count;
    r->state.useless = lookup->useless;
    return OK;
}

#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/store/table_dir.h"
#include "spool/writer/recovery.h"
#include "spool/writer/writer_private.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER ((size_t)256 << 10)

/* -- opening */

static enum err_code take_over(struct writer *w, struct err *e)
{
    struct recovery *r = malloc(sizeof *r);
    enum err_code rc;
    if (!r)
        return err_set(e, ERR_NOMEM, "out of memory");
    if ((rc = recover_table(r, w->dir, w->table, e)) != OK)
        goto done;
    w->number = r->number;
    w->acked = r->last;
    w->acked_chain = w->chain = r->chain;
    memcpy(w->position, r->position, sizeof w->position);
    if (r->go_on) {
        if ((rc = open_segment_reopen(&w->segment, w->dir, r->number, e)) != OK)
            goto done;
        w->segment->bytes = r->bytes;
        w->segment->lines = r->lines;
        w->segment->pages = w->segment->durable = r->last.page;
        w->segment->journal = r->journal;
        w->segment->since = r->since;
    }
    if ((rc = writer_take_last(w, r, e)) != OK)
        goto done;
    if (r->number > 0)
        seal_start(w, r->sealed ? r->number + 1 : r->number);
done:
    free(r);
    return rc;
}

enum err_code writer_open(struct writer **out, uv_loop_t *loop, const struct spool *s,
                          const char *table, const struct writer_conf *conf, struct err *e)
{
    enum err_code rc;
    struct writer *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return err_set(e, ERR_NOMEM, "out of memory");
    w->loop = loop;
    w->account = log_account_now();
    w->acked_fd = w->moved_fd = -1;
    w->conf = *conf;
    w->tail = &w->head;
    if ((rc = spool_lock(&w->lock, s, table, e)) != OK ||
        (conf->yields && (rc = spool_lock_yield(s, table, e)) != OK) ||
        (rc = table_dir(w->dir, s, table, e)) != OK)
        goto done;
    memcpy(w->table, table, strlen(table) + 1); /* its length was checked */
    w->buffer = malloc(BUFFER);
    w->hash = XXH3_createState();
    if (!w->buffer || !w->hash) {
        rc = err_set(e, ERR_NOMEM, "out of memory");
        goto done;
    }
    if ((rc = take_over(w, e)) != OK)
        goto done;
    *out = w;
    w = NULL;
done:
    writer_free(w);
    return rc;
}

const char *writer_position(const struct writer *w)
{
    return *w->position ? w->position : NULL;
}

size_t writer_pending(const struct writer *w)
{
    return w->uncalled;
}

/* -- one page */

static bool is_full(const struct writer *w)
{
    const struct open_segment *segment = w->segment;
    if (segment->pages == 0)
        return false;
    if (segment->bytes + segment->journal >= (uint64_t)w->conf.segment_size)
        return true;
    return segment->since != WHEN_NONE && when_now() - segment->since >= w->conf.segment_age;
}

enum err_code writer_begin(struct writer *w, struct err *e)
{
    enum err_code rc;
    if (w->open || w->leaving)
        return err_set(e, ERR_INTERNAL, "a page was begun in the middle of another");
    if (w->segment && is_full(w)) {
        open_segment_release(w->segment); /* lives until its last page is durable */
        w->segment = NULL;
    }
    if (!w->segment) {
        if (w->number >= SEGMENT_MAX)
            return err_set(e, ERR_TOO_BIG, "%s has used all its segment numbers", w->dir);
        if ((rc = open_segment_create(&w->segment, w->dir, w->number + 1, e)) != OK)
            return rc;
        w->number++;
    }
    if (XXH3_64bits_reset(w->hash) != XXH_OK)
        return err_set(e, ERR_INTERNAL, "cannot compute a checksum");
    w->open = true;
    w->lost = ERR_INIT;
    w->records = w->size = w->flushed = 0;
    w->buffered = 0;
    return OK;
}

void writer_drop_page(struct writer *w)
{
    char name[SEGMENT_NAME_MAX];
    w->open = false;
    if (w->segment && w->flushed > 0 &&
        ftruncate(w->segment->data_fd, (off_t)w->segment->bytes) != 0)
        LOG(LOG_WARN, "spool", "cannot cut off a page that was given up", F_STR("table", w->table),
            F_STR("file", segment_name(name, w->segment->number, SEGMENT_DATA)));
    w->flushed = 0;
    w->buffered = 0;
}

/* Writes, and hashes what it writes: the hash is fast on large pieces. */
static enum err_code write_out(struct writer *w, const void *p, size_t n, struct err *e)
{
    char path[IO_PATH];
    enum err_code rc = segment_path(path, w->dir, w->segment->number,
                                    w->segment->journaled ? SEGMENT_DATA : SEGMENT_NEW, e);
    if (rc != OK)
        return rc;
    if (XXH3_64bits_update(w->hash, w->buffer, w->buffered) != XXH_OK ||
        (n > 0 && XXH3_64bits_update(w->hash, p, n) != XXH_OK))
        return err_set(e, ERR_INTERNAL, "cannot compute a checksum");
    if (w->buffered > 0) {
        rc = io_pwrite(w->segment->data_fd, w->buffer, w->buffered,
                       (int64_t)(w->segment->bytes + w->flushed), path, e);
        w->flushed += w->buffered; /* or in part: it is cut off then */
        w->buffered = 0;
    }
    if (rc == OK && n > 0) {
        rc = io_pwrite(w->segment->data_fd, p, n, (int64_t)(w->segment->bytes + w->flushed), path,
                       e);
        w->flushed += n;
    }
    return rc;
}

enum err_code writer_flush(struct writer *w, struct err *e)
{
    return write_out(w, NULL, 0, e);
}

static enum err_code add_bytes(struct writer *w, const char *p, size_t n, struct err *e)
{
    enum err_code rc;
    w->size += n;
    if (n > BUFFER - w->buffered) {
        bool large = n > BUFFER;
        if ((rc = write_out(w, p, large ? n : 0, e)) != OK || large)
            return rc;
    }
    memcpy(w->buffer + w->buffered, p, n);
    w->buffered += n;
    return OK;
}

enum err_code writer_check_open(const struct writer *w, struct err *e)
{
    if (!w->open)
        return err_set(e, ERR_INTERNAL, "a record without a page");
    if (w->lost.code != OK && e)
        *e = w->lost;
    return w->lost.code;
}

enum err_code writer_append(struct writer *w, const char *line, size_t n, struct err *e)
{
    enum err_code rc = writer_check_open(w, e);
    if (rc == OK && n > PAGE_LINE_MAX)
        rc = err_set(e, ERR_TOO_BIG, "a record of more than %u bytes", PAGE_LINE_MAX);
    else if (rc == OK && (n == 0 || memchr(line, '\n', n)))
        rc = err_set(e, ERR_INTERNAL, "a record that is not one line");
    if (rc == OK && (rc = add_bytes(w, line, n, e)) == OK)
        rc = add_bytes(w, "\n", 1, e);
    if (rc == OK)
        w->records++;
    else if (w->open)
        writer_drop_page(w);
    return rc;
}

enum err_code writer_abort(struct writer *w, struct err *e)
{
    (void)e;
    if (w->open)
        writer_drop_page(w);
    return OK;
}

enum err_code writer_check_position(const char *position, struct err *e)
{
    size_t n = strlen(position);
    if (n > PAGE_POSITION_MAX || memchr(position, '\n', n) || position[0] != '{')
        return err_set(e, ERR_INTERNAL, "a position that is not one short line of JSON");
    enum err_code rc = fields_read(position, n, NULL, 0, e);
    if (rc != OK && rc != ERR_NOMEM)
        rc = err_set(e, ERR_INTERNAL, "a position that is not a JSON object");
    return rc;
}

/* Completes the page's info with its place. */
static struct page_info describe(const struct writer *w, const struct page_info *info)
{
    struct page_info made = *info;
    made.place = (struct page_place){w->segment->number, w->segment->pages + 1};
    made.offset = w->segment->bytes;
    made.bytes = w->size;
    made.records = w->records;
    made.first_line = w->segment->lines + 1;
    made.durable = w->segment->durable;
    made.hash = XXH3_64bits_digest(w->hash);
    made.chain = w->chain;
    return made;
}

/* Makes the pending page with its journal line, whose last member is the position. Sets info->chain to the page's chain. */
static enum err_code pending_page_new(struct pending_page **p, struct page_info *info,
                                      const char *position, struct err *e)
{
    struct buf line;
    size_t n = strlen(position);
    *p = NULL;
    buf_init(&line, JOURNAL_LINE_MAX);
    enum err_code rc = journal_add_page(&line, info, position);
    if (rc != OK) {
        (void)buf_err(e, rc, &line, "a page's line in the journal");
        goto done;
    }
    struct pending_page *made = calloc(1, sizeof *made + line.len);
    if (!made) {
        rc = err_set(e, ERR_NOMEM, "out of memory");
        goto done;
    }
    made->info = *info;
    made->len = line.len;
    memcpy(made->line, line.data, line.len);
    made->position = made->line + line.len - 1 - CHECKSUM_LINE_TAIL - n;
    made->position_len = n;
    *p = made;
done:
    buf_free(&line);
    return rc;
}

void writer_enqueue(struct writer *w, struct pending_page *p, writer_done_fn *done, void *ctx)
{
    p->done = done;
    p->ctx = ctx;
    p->segment = w->segment;
    open_segment_hold(p->segment);
    *w->tail = p;
    w->tail = &p->next;
    w->uncalled++;
    commit_start(w);
}

enum err_code writer_end(struct writer *w, const struct page_info *info, const char *position,
                         writer_done_fn *done, void *ctx, struct err *e)
{
    enum err_code rc = writer_check_open(w, e);
    if (rc != OK || (rc = writer_check_position(position, e)) != OK ||
        (rc = writer_flush(w, e)) != OK)
        goto done;
    struct page_info page = describe(w, info);
    struct pending_page *p;
    if ((rc = pending_page_new(&p, &page, position, e)) != OK)
        goto done;
    w->chain = page.chain;
    if (w->segment->pages++ == 0)
        w->segment->since = info->fetched;
    w->segment->bytes += w->size;
    w->segment->lines += w->records;
    w->segment->journal += p->len;
    w->open = false;
    writer_enqueue(w, p, done, ctx);
done:
    if (rc != OK && w->open)
        writer_drop_page(w);
    return rc;
}

/* -- closing */

void writer_close(struct writer *w, writer_closed_fn *closed, void *ctx)
{
    struct err e;
    if (writer_abort(w, &e) != OK)
        LOG(LOG_WARN, "spool", "cannot take back a page that was begun", F_ERR(&e));
    w->leaving = true;
    w->closed = closed;
    w->closed_ctx = ctx;
    writer_leave_when_done(w);
}

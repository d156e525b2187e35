/* A page that repeats the last one is not written again. Its position goes into moved.json. */
#include "spool/format/position_change.h"
#include "spool/writer/writer_private.h"
#include <stdlib.h>
#include <string.h>

#define CHUNK ((size_t)8 << 10)

/* Reads the records of the last page from the disk. If they are damaged the page counts as a new one. */
static bool read_last(const struct writer *w, uint64_t at, char *chunk, size_t n)
{
    struct err e;
    size_t got = 0;
    return io_pread(w->segment->data_fd, chunk, n, (int64_t)(w->last.offset + at), &got, w->dir,
                    &e) == OK &&
           got == n;
}

static bool read_open(const struct writer *w, uint64_t at, char *chunk, size_t n)
{
    struct err e;
    size_t got = 0;
    if (w->flushed == 0) {
        memcpy(chunk, w->buffer + at, n);
        return true;
    }
    return io_pread(w->segment->data_fd, chunk, n, (int64_t)(w->segment->bytes + at), &got, w->dir,
                    &e) == OK &&
           got == n;
}

/* Compares the open page with the last one byte for byte, because two texts may have the same checksum. */
static bool same_bytes(const struct writer *w)
{
    char last[CHUNK];
    char now[CHUNK];
    for (uint64_t at = 0; at < w->size; at += CHUNK) {
        size_t n = w->size - at < CHUNK ? (size_t)(w->size - at) : CHUNK;
        if (!read_last(w, at, last, n) || !read_open(w, at, now, n) || memcmp(last, now, n) != 0)
            return false;
    }
    return true;
}

/* Does the open page say nothing new? All pages that have ended must be durable, and the last of them must have the same records,
 * or the open page none. */
static enum err_code says_nothing_new(struct writer *w, bool *is, struct err *e)
{
    const struct open_segment *s = w->segment;
    *is = s->pages > 0 && s->durable == s->pages && w->last.place.segment == s->number &&
          w->last.place.page == s->pages &&
          (w->records == 0 || (w->records == w->last.records && w->size == w->last.bytes));
    if (!*is || w->records == 0)
        return OK;
    enum err_code rc = w->flushed > 0 ? writer_flush(w, e) : OK;
    *is = rc == OK && same_bytes(w);
    return rc;
}

/* *p stays NULL where the position has changed in too many ways for moved.json. */
static enum err_code pending_move_new(struct pending_page **p, const struct writer *w,
                                      const struct page_info *info, const char *position,
                                      struct err *e)
{
    struct buf changes;
    size_t n = strlen(position);
    *p = NULL;
    buf_init(&changes, MOVED_CHANGES_MAX);
    enum err_code rc = position_change_find(&changes, w->own, position);
    if (rc == ERR_TOO_BIG || (rc == OK && changes.len == 0)) {
        rc = OK;
        goto done;
    }
    struct pending_page *made = rc == OK ? calloc(1, sizeof *made + changes.len + n) : NULL;
    if (!made) {
        rc = err_set(e, ERR_NOMEM, "out of memory");
        goto done;
    }
    made->moves = true;
    made->info = w->last;
    made->info.fetched = info->fetched;
    made->info.complete_to = info->complete_to;
    made->info.records = w->records;
    made->info.bytes = w->size;
    made->len = changes.len;
    memcpy(made->line, changes.data, changes.len);
    memcpy(made->line + changes.len, position, n);
    made->position = made->line + changes.len;
    made->position_len = n;
    *p = made;
done:
    buf_free(&changes);
    return rc;
}

enum err_code writer_end_or_move(struct writer *w, const struct page_info *info,
                                 const char *position, writer_done_fn *done, void *ctx,
                                 struct err *e)
{
    bool nothing_new = false;
    struct pending_page *p = NULL;
    enum err_code rc = writer_check_open(w, e);
    if (rc == OK && (rc = writer_check_position(position, e)) == OK)
        rc = says_nothing_new(w, &nothing_new, e);
    if (rc == OK && nothing_new)
        rc = pending_move_new(&p, w, info, position, e);
    if (rc == OK && p == NULL)
        return writer_end(w, info, position, done, ctx, e);
    if (w->open)
        writer_drop_page(w);
    if (rc == OK)
        writer_enqueue(w, p, done, ctx);
    return rc;
}

enum err_code writer_take_last(struct writer *w, const struct recovery *r, struct err *e)
{
    struct buf now;
    if (r->page.place.page == 0 || page_compare(r->page.place, r->last) != 0)
        return OK;
    w->last = r->page;
    memcpy(w->own, r->position, sizeof w->own);
    if (!moved_is_of(&r->moved, &r->page))
        return OK;
    buf_init(&now, PAGE_POSITION_MAX);
    enum err_code rc = moved_position(&now, &r->moved, w->own, e);
    if (rc == OK)
        memcpy(w->position, now.data, now.len + 1);
    buf_free(&now);
    return rc;
}

/* The writer's second half: group commits, sealing, and the end. */
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/writer/segment_seal.h"
#include "spool/writer/writer_private.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* -- sealing */

static void seal_work(uv_work_t *work)
{
    struct writer *w = work->data;
    w->seal.err = ERR_INIT;
    w->seal.rc = seal_below(w->dir, w->table, w->seal.at, &w->seal.err);
}

static void seal_done(uv_work_t *work, int status)
{
    struct writer *w = work->data;
    uint64_t done = w->seal.at;
    w->seal.at = 0;
    if (status == 0 && w->seal.rc != OK)
        LOG(LOG_WARN, "seal", "a segment cannot be sealed; its pages are safe in the plain file",
            F_STR("table", w->table), F_ERR(&w->seal.err));
    if (w->seal.below > done)
        seal_start(w, w->seal.below);
    writer_leave_when_done(w);
}

/* Nobody waits for sealing. After a failure the plain file stays, and sealing is tried again with the next segment. */
void seal_start(struct writer *w, uint64_t below)
{
    if (below > w->seal.below)
        w->seal.below = below;
    if (w->seal.at != 0)
        return;
    w->seal.at = w->seal.below;
    w->seal.work.data = w;
    if (uv_queue_work(w->loop, &w->seal.work, seal_work, seal_done) != 0)
        w->seal.at = 0;
}

/* -- commits */

static void pending_page_free(struct pending_page *p)
{
    if (!p)
        return;
    open_segment_release(p->segment);
    free(p);
}

static void call_back(struct writer *w, struct pending_page *p, enum err_code rc,
                      const struct err *err)
{
    w->calling = true;
    while (p) {
        struct pending_page *next = p->next;
        w->uncalled--;
        p->done(p->ctx, rc, &p->info, err);
        pending_page_free(p);
        p = next;
    }
    w->calling = false;
}

/* Records in acked.json that the segment must not be continued, so that the next process starts a new one too. If that cannot
 * be written, recovery comes to the same result: it finds journal lines that acked.json does not cover, or no new lines. */
static void abandon_segment(struct writer *w)
{
    struct err e = ERR_INIT;
    const struct open_segment *segment = w->commit.segment;
    struct acked a = {.place = w->acked, .open = false};
    if (w->acked.segment == segment->number && acked_write(&w->acked_fd, w->dir, &a, &e) != OK)
        LOG(LOG_WARN, "spool", "cannot note that a segment was given up", F_ERR(&e));
    /* A journal that a reader may have seen keeps its number, even if none of its pages counts. */
    if (w->acked.segment != segment->number && open_segment_is_named(segment))
        w->acked = (struct page_place){segment->number, 0};
}

/* Gives the segment up: after a failed sync nobody knows what of it is on the disk. */
static struct pending_page *give_up(struct writer *w, struct pending_page *batch,
                                    const struct err *err)
{
    struct pending_page **end = &batch;
    LOG(LOG_ERROR, "spool", "a page could not be made durable; its segment is given up",
        F_STR("table", w->table), F_INT("segment", w->commit.segment->number), F_ERR(err));
    while (*end)
        end = &(*end)->next;
    *end = w->head;
    w->head = NULL;
    w->tail = &w->head;
    if (w->open) {
        w->lost = *err;
        w->flushed = 0;
    }
    abandon_segment(w);
    w->chain = w->acked_chain;
    open_segment_release(w->segment);
    w->segment = NULL;
    return batch;
}

static void advance_acked(struct writer *w, const struct pending_page *batch)
{
    struct open_segment *segment = w->commit.segment;
    const struct pending_page *last = batch;
    while (last->next)
        last = last->next;
    memcpy(w->position, last->position, last->position_len);
    w->position[last->position_len] = '\0';
    if (last->moves)
        return;
    w->acked = last->info.place;
    w->acked_chain = last->info.chain;
    w->last = last->info;
    memcpy(w->own, w->position, last->position_len + 1);
    segment->durable = last->info.place.page;
    if (!segment->journaled) {
        segment->journaled = true;
        seal_start(w, segment->number);
    }
}

static void commit_work(uv_work_t *work)
{
    struct writer *w = work->data;
    log_account(w->account);
    commit_run(&w->commit);
    log_account(NULL); /* the thread has other work after this */
}

static void commit_done(uv_work_t *work, int status)
{
    struct writer *w = work->data;
    struct pending_page *batch = w->commit.first;
    struct err err = w->commit.err;
    enum err_code rc = w->commit.rc;
    if (status != 0)
        rc = err_set(&err, ERR_INTERNAL, "a commit was cancelled");
    w->committing = false;
    if (rc == OK)
        advance_acked(w, batch);
    else if (!batch->moves) /* a lost moved.json is harmless, and the segment is as it was */
        batch = give_up(w, batch, &err);
    open_segment_release(w->commit.segment);
    w->commit.segment = NULL;
    call_back(w, batch, rc, &err);
    commit_start(w);
    writer_leave_when_done(w);
}

/* Commits, in one step, the pages that have ended, as far as they are of one segment and of one kind. */
void commit_start(struct writer *w)
{
    struct commit *c = &w->commit;
    if (w->committing || !w->head)
        return;
    *c = (struct commit){.segment = w->head->segment,
                         .first = w->head,
                         .position = w->position,
                         .acked_fd = &w->acked_fd,
                         .moved_fd = &w->moved_fd};
    c->header = (struct journal_header){.segment = c->segment->number,
                                        .created = when_now(),
                                        .previous = w->acked,
                                        .chain = w->acked_chain};
    memcpy(c->header.table, w->table, sizeof c->header.table);
    struct pending_page **end = &w->head;
    while (*end && (*end)->segment == c->segment && (*end)->moves == c->first->moves)
        end = &(*end)->next;
    w->head = *end;
    if (!w->head)
        w->tail = &w->head;
    *end = NULL;
    open_segment_hold(c->segment);
    w->committing = true;
    w->work.data = w;
    if (uv_queue_work(w->loop, &w->work, commit_work, commit_done) != 0)
        abort(); /* only for a missing function */
}

/* -- closing */

void writer_free(struct writer *w)
{
    if (!w)
        return;
    open_segment_release(w->segment);
    acked_close(&w->acked_fd);
    moved_close(&w->moved_fd);
    spool_unlock(w->lock);
    (void)XXH3_freeState(w->hash);
    free(w->buffer);
    free(w);
}

static void closing_work(uv_work_t *work)
{
    (void)work;
}

static void closing_done(uv_work_t *work, int status)
{
    struct writer *w = work->data;
    writer_closed_fn *closed = w->closed;
    void *ctx = w->closed_ctx;
    (void)status;
    writer_free(w);
    if (closed)
        closed(ctx);
}

void writer_leave_when_done(struct writer *w)
{
    if (!w->leaving || w->committing || w->head || w->calling || w->seal.at != 0 || w->closing.data)
        return;
    w->closing.data = w;
    /* closing_done is called from the loop, never from within writer_close. */
    if (uv_queue_work(w->loop, &w->closing, closing_work, closing_done) != 0)
        abort();
}

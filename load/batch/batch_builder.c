#include "load/batch/batch_builder_private.h"
#include "shared/files/fault_point.h"
#include "shared/log/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA_MAX   ((size_t)PAGE_LINE_MAX + 4096)
#define HEAVY      ((size_t)128 << 10) /* bytes of a record, on the average */
#define PAGES_TURN 256u                /* passed over before the loop gets its turn */
#define SEAM_ROWS                                                                                  \
    200u /* at a batch's beginning, where the end of the one before may come once more */

static enum err_code open_slots(struct batch_builder *f, const struct spool *s, struct err *e)
{
    enum err_code rc = OK;

    f->out = f->in = &f->slots[0];
    for (size_t i = 0; rc == OK && i < 2; i++)
        rc = batch_slot_open(&f->slots[i], s, f->table, &f->conf.batch, f->key, f->conf.reasons, e);
    return rc;
}

enum err_code batch_builder_open(struct batch_builder **out, const struct spool *s,
                                 const char *table, const struct batch_builder_conf *conf,
                                 struct err *e)
{
    enum err_code rc = ERR_NOMEM;
    struct batch_builder *f = calloc(1, sizeof *f);

    if (f == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    buf_init(&f->data, DATA_MAX);
    f->conf = *conf;
    f->shape = conf->batch;
    f->lanes = LANES_ALL;
    f->table = strdup(table);
    (void)snprintf(f->key, sizeof f->key, "%s", conf->row.key);
    if (f->table == NULL)
        err_set(e, ERR_NOMEM, "out of memory");
    else if ((rc = conf->redrive ? redrive_open(&f->redrive, s, table, e)
                                 : reader_open(&f->reader, s, table, e)) == OK &&
             (rc = row_builder_open(&f->row_builder, &conf->row, e)) == OK &&
             (rc = dead_overtaken_open(&f->overtaken, s, table, DEAD_LOAD, f->key, conf->row.zone,
                                       e)) == OK)
        rc = open_slots(f, s, e);
    if (rc != OK) {
        batch_builder_close(f);
        return rc;
    }
    *out = f;
    return OK;
}

void batch_builder_close(struct batch_builder *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < 2; i++)
        batch_slot_close(&f->slots[i]);
    row_builder_close(f->row_builder);
    if (f->reader != NULL)
        reader_close(f->reader);
    redrive_close(f->redrive);
    dead_overtaken_close(f->overtaken);
    buf_free(&f->data);
    free(f->table);
    free(f);
}

enum err_code batch_builder_seek(struct batch_builder *f, const struct progress *at, struct err *e)
{
    struct page_place after = at->place;

    if (at->line > 0 && after.page > 0)
        after.page--; /* that page again, from its line on */
    /* The server waits for the first one: it had better be soon. */
    struct batch_conf first = f->shape;
    first.bytes_max /= 4;
    f->out = f->in = &f->slots[0];
    batch_slot_begin(f->out, &first, at);
    f->page = NULL;
    f->held = f->lame = false;
    f->whole = (struct progress){.place = after};
    if (page_compare(after, at->place) == 0)
        f->whole.chain = at->chain;
    f->behind = after;
    f->resume = *at;
    if (f->redrive != NULL) {
        redrive_rewind(f->redrive);
        return OK;
    }
    return reader_seek(f->reader, after, e);
}

void batch_builder_use_cache(struct batch_builder *f, struct unchanged *u)
{
    f->unchanged = u;
}

void batch_builder_shape(struct batch_builder *f, size_t rows_max, bool fold)
{
    f->shape.rows_max = rows_max;
    f->shape.fold = fold;
}

void batch_builder_lanes(struct batch_builder *f, unsigned lanes, const struct progress *until)
{
    f->lanes = lanes;
    f->bounded = until != NULL;
    if (until != NULL)
        f->until = *until;
}

static bool still_refused(void *ctx, struct page_place place, uint64_t line)
{
    const struct batch_builder *f = ctx;

    return f->conf.dry_run || rejects_has(f->out->rejects, place, line);
}

/* Whether these lines were passed before, so that they are not read again if the program ends before their dead letters were removed. */
static bool out_of_turn(const struct batch_builder *f)
{
    return f->redrive != NULL || f->conf.replay || f->conf.hole;
}

enum err_code batch_builder_advance(struct batch_builder *f, struct err *e)
{
    enum err_code rc = OK;

    FAULT("batch-committed");
    if (f->redrive != NULL)
        rc = redrive_commit(f->redrive, still_refused, f, e);
    if (f->redrive != NULL && rc == OK)
        rc = rejects_count_again(f->out->rejects, e);
    if (out_of_turn(f))
        batch_builder_drop_letters(f, f->out, LANES_ALL);
    rejects_committed(f->out->rejects);
    struct batch_slot *done = f->out;
    if (f->in == done) {
        batch_slot_begin(done, &f->shape, &done->reached);
        return rc;
    }
    f->out = f->in;
    return rc == OK && f->lame ? batch_builder_seek(f, &done->reached, e) : rc;
}

enum err_code batch_builder_refused(struct batch_builder *f, const struct batch_row *row,
                                    const struct err *why, struct err *e)
{
    if (f->redrive != NULL)
        return rejects_again(f->out->rejects, row->place, row->line, row->row.key, why, e);
    return rejects_refused(f->out->rejects, row->place, row->line, why, e);
}

enum err_code batch_builder_write_rejects(struct batch_builder *f, struct batch_slot *slot,
                                          unsigned lanes, struct err *e)
{
    if (f->redrive != NULL)
        return OK;
    slot->judged |= lanes;
    if (rejects_write(slot->rejects, batch_builder_overtakes, f, f->conf.dry_run, e) == OK) {
        if (!out_of_turn(f))
            batch_builder_drop_letters(f, slot, lanes);
        return OK;
    }
    return err_prefix(e, "cannot set records aside, for which the spool must be writable");
}

static bool wanted(const struct batch_builder *f, const struct page_info *p)
{
    const struct batch_builder_conf *c = &f->conf;

    return (c->segment == 0 || p->place.segment == c->segment) &&
           (c->fetched_from == WHEN_NONE || p->fetched >= c->fetched_from) &&
           (c->fetched_to == WHEN_NONE || p->fetched < c->fetched_to);
}

/* Passes over lines of the page that an earlier run has committed. */
static enum err_code skip_lines(struct batch_builder *f, struct err *e)
{
    const char *line;
    size_t n;

    if (f->resume.line == 0 || page_compare(f->page->place, f->resume.place) != 0)
        return OK;
    while (f->lines < f->resume.line && f->lines < f->page->records) {
        enum err_code rc = reader_line(f->reader, &line, &n, e);
        if (rc != OK && rc != ERR_TOO_BIG)
            return rc;
        f->lines++;
    }
    return OK;
}

/* Whether the page lies behind the bound: it then waits for the next batch_builder_seek. What lies before it is gone or damaged, so the bound is
 * reached. */
static bool too_far(struct batch_builder *f)
{
    struct progress begin = {.place = f->info.place, .line = 1};

    if (!f->bounded || progress_compare(&begin, &f->until) <= 0)
        return false;
    if (progress_compare(&f->whole, &f->until) < 0) {
        f->whole = f->in->reached = f->until;
        f->in->moved = true;
    }
    return true;
}

static bool at_bound(const struct batch_builder *f)
{
    return f->bounded && progress_compare(&f->whole, &f->until) >= 0;
}

/* Passes over pages that are missing. The database remembers them, so that they are reported once. */
static void pass_hole(struct batch_builder *f, const struct page_info *page,
                      const struct err *damage)
{
    struct page_place place = page->place;
    bool complete = place.page == 0 && page->bytes > 0; /* a seek table's: its pages come */
    bool beyond = f->bounded && page_compare(place, f->until.place) > 0;
    bool known = f->conf.known != NULL && f->conf.known(f->conf.ctx, place);

    if (beyond || (complete && f->conf.hole))
        return;
    if (!known) {
        f->damaged++;
        LOG(f->conf.hole ? LOG_WARN : LOG_ERROR, "damaged",
            "a damaged page is passed over; it is loaded once it is whole. netty-spool verify "
            "tells more",
            F_STR("table", f->table), F_ERR(damage));
        if (!complete)
            loaded_pages_hole(&f->in->pages, f->behind, place, damage->msg);
        f->in->moved = f->in->moved || !complete;
    }
    f->behind = place;
}

static enum batch_late lateness(const struct batch_builder *f, const struct page_info *p)
{
    if (f->conf.late != WHEN_NONE && p->fetched <= f->conf.late)
        return BATCH_LATE;
    return f->conf.hole ? BATCH_AGAIN : BATCH_ON_TIME;
}

/* Goes on to the next page that is wanted and sound: f->page, or NULL with BATCH_BUILDER_END or BATCH_BUILDER_MORE. */
static enum err_code next_page(struct batch_builder *f, enum batch_builder_what *what,
                               struct err *e)
{
    *what = BATCH_BUILDER_END;
    if (at_bound(f))
        return OK;
    for (unsigned i = 0; i < PAGES_TURN; i++) {
        enum reader_what got = READER_END;
        struct err damage = ERR_INIT;
        const struct page_info *page = NULL;
        enum err_code rc = reader_next(f->reader, &page, &got, &damage);

        f->page = NULL;
        if (rc != OK) {
            *e = damage;
            return rc;
        }
        if (got == READER_END)
            return OK;
        if (got == READER_DAMAGED) {
            pass_hole(f, page, &damage);
            if (loaded_pages_full(&f->in->pages)) {
                f->in->full = true;
                *what = BATCH_BUILDER_MORE;
                return OK;
            }
            continue;
        }
        f->lines = 0;
        f->info = *page;
        if (too_far(f))
            return OK;
        if (wanted(f, page)) {
            f->page = &f->info;
            *what = BATCH_BUILDER_MORE;
            return skip_lines(f, e);
        }
        f->whole = (struct progress){.place = page->place, .chain = page->chain};
        f->behind = page->place;
    }
    *what = BATCH_BUILDER_MORE;
    return OK;
}

/* Whether the bound is within this page, and reached. */
static bool lines_bound(const struct batch_builder *f)
{
    return f->bounded && f->until.line > 0 && f->lines >= f->until.line &&
           page_compare(f->page->place, f->until.place) == 0;
}

/* Takes the page's lines, until the batch is full or the page has ended. */
static enum err_code take_lines(struct batch_builder *f, bool *full, struct err *e)
{
    enum err_code rc = OK;

    if (f->held && (rc = batch_builder_offer(f, full, e)) != OK)
        return rc;
    while (!*full && !(*full = lines_bound(f))) {
        const char *line = NULL;
        size_t n = 0;
        rc = reader_line(f->reader, &line, &n, e);
        if (rc == OK && line == NULL)
            break;
        f->row =
            (struct batch_row){.place = f->page->place, .line = f->page->first_line + f->lines};
        if (rc == ERR_TOO_BIG)
            rc = batch_builder_refuse_long(f, full, e);
        else if (rc == OK)
            rc = batch_builder_take_line(f, line, n, full, e);
        if (rc != OK)
            return rc;
    }
    if (f->lines > 0 && (f->held || f->lines < f->page->records)) {
        f->in->reached =
            (struct progress){.place = f->page->place, .line = f->lines, .chain = f->page->chain};
    } else if (f->lines == 0 && f->held) {
        f->in->reached = f->whole;
    } else {
        f->whole = (struct progress){.place = f->page->place, .chain = f->page->chain};
        f->behind = f->page->place;
        f->in->reached = f->whole;
        f->in->moved = true;
        rc = loaded_pages_add(&f->in->pages, f->page, e);
        *full = *full || loaded_pages_full(&f->in->pages);
        f->page = NULL;
    }
    return rc;
}

/* Takes records from the dead letters (redrive); one that does not fit is handed back. */
static enum err_code take_redriven(struct batch_builder *f, enum batch_builder_what *what,
                                   struct err *e)
{
    enum err_code rc = OK;
    bool full = false;

    while (!full) {
        const struct redrive_letter *l = NULL;
        if ((rc = redrive_next(f->redrive, &l, e)) != OK || l == NULL)
            break;
        f->row = (struct batch_row){.place = l->place, .line = l->line};
        if ((rc = batch_builder_take_line(f, l->raw, l->raw_len, &full, e)) != OK)
            break;
        if (f->held)
            redrive_unread(f->redrive);
        f->held = false;
    }
    *what = f->in->moved ? BATCH_BUILDER_READY : BATCH_BUILDER_END;
    if (rc == OK && !f->in->moved)
        rc = redrive_flush(f->redrive, e);
    if (rc == OK && !f->in->moved)
        batch_builder_drop_redriven(f);
    return rc;
}

/* Takes up to so many pages into the slot that is being filled. *what is as for batch_builder_run, but never BATCH_BUILDER_READY. */
static enum err_code take_pages(struct batch_builder *f, size_t pages,
                                enum batch_builder_what *what, struct err *e)
{
    enum err_code rc = OK;

    *what = BATCH_BUILDER_MORE;
    for (size_t i = 0; i < pages && !f->in->full; i++) {
        if (f->page == NULL && ((rc = next_page(f, what, e)) != OK || f->page == NULL))
            return rc;
        enum batch_late late = lateness(f, f->page);
        if (late != f->in->late && f->in->read > 0) { /* a batch is all of one kind */
            f->in->full = true;
            return OK;
        }
        f->in->late = late;
        if ((rc = take_lines(f, &f->in->full, e)) != OK)
            return rc;
    }
    return OK;
}

enum err_code batch_builder_run(struct batch_builder *f, enum batch_builder_what *what,
                                struct err *e)
{
    if (f->redrive != NULL)
        return take_redriven(f, what, e);
    enum err_code rc = take_pages(f, SIZE_MAX, what, e);
    if (rc == OK && (f->in->full || (f->in->moved && *what == BATCH_BUILDER_END)))
        *what = BATCH_BUILDER_READY;
    return rc;
}

/* Whether the slot's records are so large that a second batch should not be built: on its way each is in memory several times. */
static bool is_heavy(const struct batch_slot *slot)
{
    return batch_bytes(slot->batch) / HEAVY > batch_rows(slot->batch);
}

bool batch_builder_read_ahead(struct batch_builder *f)
{
    struct err e = ERR_INIT;
    enum batch_builder_what what = BATCH_BUILDER_END;

    if (f->redrive != NULL || f->bounded || f->lame || is_heavy(f->out))
        return false;
    if (f->in == f->out) {
        f->in = f->out == &f->slots[0] ? &f->slots[1] : &f->slots[0];
        batch_slot_begin(f->in, &f->shape, &f->out->reached);
    }
    if (take_pages(f, 1, &what, &e) != OK)
        f->lame = true;
    return !f->lame && !f->in->full && what == BATCH_BUILDER_MORE;
}

bool batch_builder_has_ahead(const struct batch_builder *f)
{
    return f->in != f->out && !f->lame && f->in->moved;
}

void batch_builder_sort_ahead(struct batch_builder *f, unsigned shares)
{
    size_t ends[LANES];

    if (batch_builder_has_ahead(f))
        batch_sort_shares(f->in->batch, shares, ends);
}

struct batch *batch_builder_batch(struct batch_builder *f)
{
    return f->out->batch;
}

struct batch_slot *batch_builder_slot(struct batch_builder *f)
{
    return f->out;
}

struct batch_slot *batch_builder_slot_ahead(struct batch_builder *f)
{
    return batch_builder_has_ahead(f) && f->in->full ? f->in : NULL;
}

bool batch_builder_repeats(const struct batch_builder *f, const struct batch_slot *slot)
{
    struct batch *before = f->slots[slot == &f->slots[0]].batch;
    size_t rows = batch_rows(slot->batch);

    for (size_t i = 0; i < rows && i < SEAM_ROWS; i++)
        if (batch_find(before, batch_came(slot->batch, i)->row.key) != NULL)
            return true;
    return false;
}

const char *batch_builder_names(struct batch_builder *f, struct batch_slot *slot)
{
    return batch_slot_names(slot, f->row_builder);
}

bool batch_builder_has_more(const struct batch_builder *f, const struct batch_slot *slot)
{
    return slot != f->in ? !f->lame && f->in->moved : f->held;
}

struct rejects *batch_builder_rejects(struct batch_builder *f)
{
    return f->out->rejects;
}

struct batch_tally batch_builder_tally(const struct batch_builder *f, unsigned lanes)
{
    return batch_slot_tally(f->out, lanes);
}

const struct progress *batch_builder_reached(const struct batch_builder *f)
{
    return &f->out->reached;
}

bool batch_builder_redriven(const struct batch_builder *f, struct page_place place, uint64_t line)
{
    return f->redrive != NULL && redrive_done(f->redrive, place, line);
}

uint64_t batch_builder_new_letters(const struct batch_builder *f)
{
    return rejects_added(f->slots[0].rejects) + rejects_added(f->slots[1].rejects) - f->gone;
}

uint64_t batch_builder_damaged(const struct batch_builder *f)
{
    return f->damaged;
}

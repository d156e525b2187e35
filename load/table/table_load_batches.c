/* One batch after the other: built, sent, committed; or sent again in another way. */
#include "load/table/table_load_private.h"
#include "load/target/table_key.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <string.h>

#define GROW_AFTER 4u  /* batches that went well before the next one may be larger again */
#define TRUST_MOST 64u /* batches alike, before the next one is taken to be */

static void submit_batch(struct table_load *t, struct batch_slot *slot,
                         const struct progress *from);
static void send_batch(struct table_load *t);
static void on_ahead(uv_idle_t *idle);
static void on_parallel_upsert(void *ctx, const struct parallel_upsert_result *r);

static struct batch_in_flight *other_batch(struct table_load *t)
{
    return t->current == &t->in_flight[0] ? &t->in_flight[1] : &t->in_flight[0];
}

/* Seeks the place where the load goes on. After an interrupted batch some lanes may be ahead: then the others come first, up to there. */
enum err_code table_load_seek(struct table_load *t, struct err *e)
{
    struct progress until;
    bool bounded = false;

    table_load_seek_cache(t);
    parallel_upsert_clear(t->upsert);
    t->ready = t->rolling_forward = t->emptied = t->rising = false;
    t->top = INT64_MIN;
    t->lanes = lanes_behind(&t->at, &t->committed, &until, &bounded);
    const struct progress *end = bounded ? &until : NULL;
    batch_builder_lanes(t->builder, t->lanes, t->hole != SIZE_MAX ? &t->hole_end : end);
    batch_builder_shape(t->builder, t->rows, !t->bisect && !t->conf.redrive);
    return batch_builder_seek(t->builder, &t->committed, e);
}

bool table_load_seek_again(struct table_load *t)
{
    struct err e = ERR_INIT;

    if (table_load_seek(t, &e) == OK)
        return true;
    table_load_give_up(t, &e);
    return false;
}

/* The batch is complete: sends it. */
static void have_batch(struct table_load *t)
{
    t->ready = true;
    submit_batch(t, batch_builder_slot(t->builder), &t->committed);
    send_batch(t);
}

/* Rows that come out of their turn are first rolled forward through the later versions (roll_forward.h), some pages at a time. */
static void roll_forward_more(struct table_load *t)
{
    struct err e = ERR_INIT;

    if (roll_forward_run(t->roll_forward, &t->rolling_forward, &e) != OK)
        table_load_give_up(t, &e);
    else if (t->rolling_forward)
        table_load_resume_after(t, 0);
    else
        have_batch(t);
}

/* Rows of late pages are rolled forward also through pages behind them that are not loaded yet. A later version that this spool has must go in at
 * once, since a stored row of the same time would hold it back afterwards. */
static enum err_code begin_roll_forward(struct table_load *t, bool late, struct err *e)
{
    struct lanes all;
    enum err_code rc = t->roll_forward == NULL ? table_load_open_roll_forward(t, e) : OK;

    for (size_t i = 0; i < LANES; i++)
        all.at[i] = (struct progress){.place = {UINT64_MAX, UINT64_MAX}};
    return rc == OK ? roll_forward_begin(t->roll_forward, batch_builder_batch(t->builder),
                                         late ? &all : &t->stands, &t->stands, e)
                    : rc;
}

/* For a batch of which the builder has refused every record so far: either the table's key column is no member of the records, or these are a few
 * bad ones. */
static enum err_code check_key(struct table_load *t, struct err *e)
{
    const struct relation *r = target_table_relation(t->target);
    bool rows = batch_rows(batch_builder_batch(t->builder)) > 0;

    if (rows || t->keyed || t->conf.redrive || r->name == NULL ||
        rejects_count(batch_builder_rejects(t->builder)) == 0) {
        t->keyed |= rows;
        return OK;
    }
    return table_key_check(t->conf.spool, t->name, r->key, target_table_empty(t->target) ? 1 : 2,
                           e);
}

void table_load_built(struct table_load *t)
{
    bool late = batch_builder_slot(t->builder)->late == BATCH_LATE && !t->conf.dry_run;
    struct err e = ERR_INIT;

    if (check_key(t, &e) != OK) {
        table_load_give_up(t, &e);
        return;
    }
    if (!late && !t->rolls_all) {
        table_load_close_roll_forward(t);
        have_batch(t);
    } else if (begin_roll_forward(t, late, &e) == OK) {
        roll_forward_more(t);
    } else {
        table_load_give_up(t, &e);
    }
}

/* The next batch: the one that is there already (after an error), or a new one. */
void table_load_batch(struct table_load *t)
{
    enum batch_builder_what what = BATCH_BUILDER_END;
    struct err e = ERR_INIT;

    if (t->ready) {
        send_batch(t);
        return;
    }
    if (t->rolling_forward) {
        roll_forward_more(t);
        return;
    }
    if (batch_builder_run(t->builder, &what, &e) != OK) {
        table_load_give_up(t, &e);
        return;
    }
    if (what != BATCH_BUILDER_END)
        table_load_decided(t);
    switch (what) {
    case BATCH_BUILDER_READY:
        if (!table_load_try_triggers(t))
            table_load_built(t);
        break;
    case BATCH_BUILDER_MORE:
        table_load_resume_after(t, 0);
        break;
    case BATCH_BUILDER_END:
        if (t->probing)
            table_load_probe_ended(t);
        else if (t->hole != SIZE_MAX)
            table_load_hole_done(t);
        else
            table_load_all_in(t);
        break;
    }
}

static enum err_code refused(void *ctx, const struct batch_row *row, const struct err *why,
                             struct err *e)
{
    const struct batch_in_flight *f = ctx;

    return batch_builder_refused(f->table->builder, row, why, e);
}

/* Under the lock of the progress: rolls the rows forward through what others have loaded since the progress was last read. */
static enum err_code locked(void *ctx, unsigned lanes, const struct lanes *at, struct err *e)
{
    const struct batch_in_flight *f = ctx;
    const struct table_load *t = f->table;

    return t->roll_forward == NULL ? OK : roll_forward_catch_up(t->roll_forward, lanes, at, e);
}

static void revalidate(void *ctx, const struct batch_row *row)
{
    const struct batch_in_flight *f = ctx;

    table_load_invalidate_cache(f->table, row);
}

static bool explained(void *ctx)
{
    const struct batch_in_flight *f = ctx;

    return f->table->blocked;
}

static enum err_code write_rejects(void *ctx, unsigned lanes, struct err *e)
{
    const struct batch_in_flight *f = ctx;

    return batch_builder_write_rejects(f->table->builder, f->slot, lanes, e);
}

/* Whether a later batch will be committed, so that this COMMIT need not wait for the disk. Never while a row that crashes the server is looked for:
 * the crash would take back what that search has put in. */
static bool more(void *ctx)
{
    const struct batch_in_flight *f = ctx;
    const struct table_load *t = f->table;

    return !t->stopping && !t->narrowing && t->lost == 0 &&
           batch_builder_has_more(t->builder, f->slot);
}

/* Notes the greatest time of the rows that went in. The table's own may be greater, not less. */
static void note_greatest(struct table_load *t, const struct batch_slot *slot, unsigned lanes)
{
    int64_t now = when_now();

    for (size_t i = 0; i < batch_rows(slot->batch); i++) {
        const struct batch_row *r = batch_came(slot->batch, i);
        int64_t at = r->row.time_modified;
        if (at == WHEN_NONE || at > now || (lanes >> lane_of(r->row.key) & 1u) == 0 ||
            (t->total.greatest != WHEN_NONE && at <= t->total.greatest))
            continue;
        if (!rejects_has(slot->rejects, r->place, r->line))
            t->total.greatest = at;
    }
}

/* The share of these lanes is in the database (or, with --dry-run, would be). */
static void on_share_committed(void *ctx, unsigned lanes, const struct txn_result *r)
{
    struct batch_in_flight *f = ctx;
    struct table_load *t = f->table;
    struct batch_tally tally = batch_slot_tally(f->slot, lanes);

    t->total.read += tally.read;
    t->total.folded += tally.folded;
    t->total.stale += tally.stale + r->counts.stale;
    t->total.inserted += r->counts.inserted;
    t->total.updated += r->counts.updated;
    t->total.unchanged += r->counts.unchanged;
    t->total.dead_letters += r->refused + ((lanes & 1u) != 0 ? f->rejected : 0);
    f->inserted += r->counts.inserted;
    f->updated += r->counts.updated;
    t->some_in = t->some_in || batch_rows(f->slot->batch) > r->refused;
    note_greatest(t, f->slot, lanes);
    table_load_validate_cache(f, lanes, r);
    lanes_move(&t->at, lanes, &f->slot->reached);
}

static void grow(struct table_load *t)
{
    if (t->rows >= t->conf.batch.rows_max || ++t->well < GROW_AFTER)
        return;
    t->well = 0;
    t->rows = 2 * t->rows < t->conf.batch.rows_max ? 2 * t->rows : t->conf.batch.rows_max;
}

/* If all rows of a batch were new, or all newer, those of the next batch probably are, too. A wrong guess costs a batch, so after each one the next
 * guess is made later. */
static void update_guess(struct table_load *t)
{
    const struct batch_in_flight *f = t->current;
    size_t rows = batch_rows(f->slot->batch);
    enum batch_path path = rows == 0             ? BATCH_COMPARE
                           : f->inserted == rows ? BATCH_INSERT
                           : f->updated == rows  ? BATCH_NEWER
                                                 : BATCH_COMPARE;

    if (f->guess != BATCH_COMPARE && f->guess != path && t->trust < TRUST_MOST)
        t->trust *= 2;
    t->alike = path == t->path ? t->alike + 1 : 1;
    t->path = path;
}

/* No guess for a batch in which some line may come a second time: a line at the end of one page and the beginning of the next; or keys that went up
 * and go back, as behind the end of a list that was read by key. */
static enum batch_path guess(struct table_load *t, const struct batch_slot *slot)
{
    bool first = t->top == INT64_MIN;
    bool rises = batch_rises(slot->batch, &t->top);
    bool back = t->rising && !rises;

    t->rising = rises && (first || t->rising);
    bool sure = slot->late == BATCH_ON_TIME && !back && t->alike >= t->trust &&
                !batch_builder_repeats(t->builder, slot);
    return sure ? t->path : BATCH_COMPARE;
}

/* Goes on to what comes next: a batch that is on its way already, the next one of the spool, or what lanes that are behind lack. A batch that was
 * read ahead with lines from the cache, while the cache was wrong, is read again; if it is on its way, parallel_upsert takes care of it. */
static enum err_code next_batch(struct table_load *t, struct err *e)
{
    bool pending = parallel_upsert_pending(t->upsert) > 0;
    bool again = (t->lanes != LANES_ALL || t->emptied) && !pending;

    t->committed = *batch_builder_reached(t->builder);
    if (t->bisect && progress_compare(&t->committed, &t->bisect_to) >= 0)
        t->bisect = t->waited = t->narrowing = false;
    batch_builder_shape(t->builder, t->rows, !t->bisect && !t->conf.redrive);
    enum err_code rc = batch_builder_advance(t->builder, e);
    if (rc != OK || !pending)
        return rc == OK && again ? table_load_seek(t, e) : rc;
    t->current = other_batch(t);
    t->ready = true;
    (void)uv_idle_start(&t->ahead, on_ahead); /* fails only without a callback */
    return OK;
}

/* Whether the batch holds all that the spool had, so that pages which came meanwhile are left to the next load: taken at once they would make a batch
 * of one page, and that once more. */
static bool is_last(const struct table_load *t, const struct batch_slot *slot)
{
    return t->conf.follow && !slot->full && !t->probing && !t->bisect && !t->narrowing &&
           !t->emptied && t->lanes == LANES_ALL && t->hole == SIZE_MAX && !t->reload &&
           !t->conf.redrive;
}

/* The whole batch is in. */
static void committed(struct table_load *t)
{
    const struct batch_in_flight *f = t->current;
    const struct page_place *place = &f->slot->reached.place;
    struct err e = ERR_INIT;

    t->total.batches++;
    table_load_trying(t, OK);
    table_load_note_odd_times(t, f->slot);
    table_load_note_holes(t, &f->slot->pages);
    LOG(LOG_DEBUG, "batch", "batch loaded", F_STR("table", t->name),
        F_INT("read", batch_slot_tally(f->slot, LANES_ALL).read),
        F_INT("rows", batch_rows(f->slot->batch)), F_INT("inserted", f->inserted),
        F_INT("updated", f->updated), F_INT("segment", place->segment), F_INT("page", place->page),
        F_INT("known", batch_cached(f->slot->batch)),
        F_SECONDS_AND_MS("seconds", "ms", when_tick() - f->sent));
    table_load_watch(t);
    t->attempt = t->moves = t->alone = t->lost = 0;
    t->went = t->went || f->inserted + f->updated > 0;
    t->suspected = false;
    t->moved_from = (struct lanes){0};
    t->ready = t->looked = false;
    table_load_add_to_cache(t);
    grow(t);
    update_guess(t);
    if (target_table_unprobed(t->target) && t->total.inserted > 0 && !t->conf.replay &&
        !t->conf.redrive && t->hole == SIZE_MAX && parallel_upsert_pending(t->upsert) == 0) {
        t->found = false; /* now there is a row to see by what its triggers do */
        table_load_resume_after(t, 0);
        return;
    }
    bool last = is_last(t, f->slot) && parallel_upsert_pending(t->upsert) == 0;
    if (next_batch(t, &e) != OK)
        table_load_give_up(t, &e);
    else if (last)
        table_load_all_in(t);
    else if (!t->ready)
        table_load_resume_after(t, 0); /* others' turn */
}

static void submit_batch(struct table_load *t, struct batch_slot *slot, const struct progress *from)
{
    struct batch_in_flight *f =
        slot == batch_builder_slot(t->builder) ? t->current : other_batch(t);
    *f = (struct batch_in_flight){.table = t,
                                  .slot = slot,
                                  .guess = guess(t, slot),
                                  .rejected = rejects_count(slot->rejects),
                                  .sent = when_tick()};
    bool all = t->conf.fetched_from == WHEN_NONE && t->conf.fetched_to == WHEN_NONE &&
               t->conf.segment == 0;
    bool first = parallel_upsert_pending(t->upsert) == 0;
    struct parallel_upsert_job job = {
        .txn = {.spool = spool_id(t->conf.spool),
                .branch = t->branch,
                .late = slot->late,
                .archived = t->archived,
                .noted = t->noted,
                .pages = t->conf.redrive ? NULL : &slot->pages,
                .table = t->name,
                .relation = target_table_relation(t->target),
                .batch = slot->batch,
                .names = batch_builder_names(t->builder, slot),
                .validity = unchanged_validity(t->unchanged),
                .lanes = t->lanes,
                .replace = t->conf.batch.replace,
                .bisect = t->bisect || t->conf.redrive,
                .looked = t->looked || t->conf.replay || t->conf.redrive,
                .waited = t->waited,
                .suspect = t->suspected ? &t->suspect : NULL,
                .suspected = &t->suspicion,
                .proven = t->narrowing && t->went,
                .rows_alone = t->conf.redrive || t->each,
                .probe = t->probing,
                .some_in = t->some_in,
                .empty = target_table_empty(t->target) && !t->some_in,
                .guess = f->guess,
                .nowait = first && table_load_may_step_aside(t),
                .guard = !t->conf.replay && !t->conf.redrive && !t->probing && t->hole == SIZE_MAX,
                .store = !t->conf.redrive && !t->probing && !t->reload &&
                         (!t->conf.replay || all) && t->hole == SIZE_MAX,
                .from = *from,
                .to = slot->reached,
                .ctx = f,
                .locked = locked,
                .refused = refused,
                .revalidate = revalidate,
                .explained = explained,
                .write_rejects = write_rejects,
                .more = more},
        .whole = t->bisect || t->conf.redrive || t->conf.dry_run,
        .committed = on_share_committed,
    };

    parallel_upsert_submit(t->upsert, slot->batch, &job);
}

/* Whether the next batch may be submitted now: it is complete, and nothing has to be done after the present batch and before it. */
static bool may_submit_ahead(const struct table_load *t)
{
    const struct batch_slot *ahead = batch_builder_slot_ahead(t->builder);

    return !t->stopping && !t->conf.replay && !t->emptied && t->lanes == LANES_ALL &&
           parallel_upsert_pending(t->upsert) == 1 && ahead != NULL && ahead->late != BATCH_LATE;
}

static void on_ahead(uv_idle_t *idle)
{
    struct table_load *t = idle->data;

    if (!t->stopping && batch_builder_read_ahead(t->builder))
        return;
    (void)uv_idle_stop(idle);
    if (parallel_upsert_pending(t->upsert) < 2) /* else it is on its way already */
        batch_builder_sort_ahead(t->builder, parallel_upsert_shares(t->upsert));
    if (may_submit_ahead(t))
        submit_batch(t, batch_builder_slot_ahead(t->builder), batch_builder_reached(t->builder));
}

static void send_batch(struct table_load *t)
{
    if (t->conf.dry_run) {
        struct err e = ERR_INIT;
        if (write_rejects(t->current, t->lanes, &e) != OK) { /* they are only counted */
            table_load_give_up(t, &e);
            return;
        }
        on_share_committed(t->current, t->lanes, &(struct txn_result){0});
        parallel_upsert_clear(t->upsert);
        committed(t);
        return;
    }
    t->blocked = false;
    rejects_truncate(batch_builder_rejects(t->builder),
                     t->current->rejected); /* the database's judgement is made anew */
    if (!t->bisect && t->roll_forward == NULL && !is_last(t, t->current->slot))
        (void)uv_idle_start(&t->ahead, on_ahead); /* fails only without a callback */
    parallel_upsert_run(t->upsert, t->db, on_parallel_upsert, t);
}

static void on_parallel_upsert(void *ctx, const struct parallel_upsert_result *r)
{
    struct table_load *t = ctx;

    (void)uv_idle_stop(&t->ahead);
    switch (r->end) {
    case TXN_DONE:
        committed(t);
        break;
    case TXN_MOVED:
        table_load_moved(t);
        break;
    case TXN_REVALIDATE:
        t->probing = false;
        if (table_load_seek_again(t))
            table_load_resume_after(t, 0);
        break;
    case TXN_FAILED:
        table_load_batch_failed(t, r);
        break;
    }
}

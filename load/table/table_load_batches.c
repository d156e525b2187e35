/* One batch after the other: filled, sent, committed, or sent otherwise. */
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

/* Some lanes may be ahead, of an interrupted batch: then the others come first, up to there. */
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

/* It is complete: off it goes. */
static void have_batch(struct table_load *t)
{
    t->ready = true;
    submit_batch(t, batch_builder_slot(t->builder), &t->committed);
    send_batch(t);
}

/* What comes out of its turn has to be rolled forward first through what came after it. */
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

/* Of late pages through those behind them, too, that are not loaded yet: what this spool knows better later is put in at once, or a row of
 * the same time would hold it back. */
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

/* Every record so far was refused by the builder: the table's column is none of their members, or they are some
 * broken ones. */
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

/* What others have loaded since it was read last. */
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

/* Where the server crashes each commit has to be on its disk: or what the search for the row has put in is gone again. */
static bool more(void *ctx)
{
    const struct batch_in_flight *f = ctx;
    const struct table_load *t = f->table;

    return !t->stopping && !t->narrowing && t->lost == 0 &&
           batch_builder_has_more(t->builder, f->slot);
}

/* The table's own may be greater, not less. */
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

/* These lanes' share is in the database (or, with --dry-run, would be). */
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

/* Where all was new, or newer, the next batch probably is. A guess that fails costs a batch, so each one has the next wait
 * longer. */
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

/* Not where a line comes once more: at the end of a page and the beginning of the next; or where keys that went up go back,
 * as behind the end of a list that was read by key. */
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

/* On to what comes next: what is on its way already, what is in the spool, or what the lanes that are behind lack. What was
 * read ahead of that the cache knew when it was not to be believed is read again; if it is on its way, parallel_upsert sees to it. */
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

/* All of it is in. */
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
    if (next_batch(t, &e) != OK)
        table_load_give_up(t, &e);
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

/* The next batch is complete, and none of what would be done otherwise after this one can come between. */
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
    if (!t->bisect && t->roll_forward == NULL)
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

/* One batch after the other: filled, sent, committed, or sent otherwise. */
#include "load/table/table_load_private.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <string.h>

#define GROW_AFTER 4u  /* batches that went well before the next one may be larger again */
#define TRUST_MOST 64u /* batches alike, before the next one is taken to be */

static void take_batch(struct table_load *t, struct batch_slot *lot, const struct progress *from);
static void send_batch(struct table_load *t);
static void on_ahead(uv_idle_t *idle);
static void on_crew(void *ctx, const struct parallel_upsert_result *r);

static struct batch_in_flight *other_flight(struct table_load *t)
{
    return t->flight == &t->flights[0] ? &t->flights[1] : &t->flights[0];
}

/* Some lanes may be ahead, of an interrupted batch: then the others come first, up to there. */
enum err_code table_load_seek(struct table_load *t, struct err *e)
{
    struct progress until;
    bool bounded = false;

    table_load_seek_cache(t);
    parallel_upsert_clear(t->crew);
    t->ready = t->hearing = t->emptied = false;
    t->lanes = lanes_behind(&t->at, &t->committed, &until, &bounded);
    batch_builder_lanes(t->fill, t->lanes, bounded ? &until : NULL);
    batch_builder_shape(t->fill, t->rows, !t->bisect && !t->conf.redrive);
    return batch_builder_seek(t->fill, &t->committed, e);
}

static bool seek_again(struct table_load *t)
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
    take_batch(t, batch_builder_slot(t->fill), &t->committed);
    send_batch(t);
}

/* What comes out of its turn has to hear first what came after it. */
static void hear(struct table_load *t)
{
    struct err e = ERR_INIT;

    if (roll_forward_run(t->later, &t->hearing, &e) != OK)
        table_load_give_up(t, &e);
    else if (t->hearing)
        table_load_resume_after(t, 0);
    else
        have_batch(t);
}

static void filled(struct table_load *t)
{
    struct err e = ERR_INIT;

    if (t->later == NULL)
        have_batch(t);
    else if (roll_forward_begin(t->later, batch_builder_batch(t->fill),
                                target_table_progress(t->schema), &e) == OK)
        hear(t);
    else
        table_load_give_up(t, &e);
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
    if (t->hearing) {
        hear(t);
        return;
    }
    if (batch_builder_run(t->fill, &what, &e) != OK) {
        table_load_give_up(t, &e);
        return;
    }
    switch (what) {
    case BATCH_BUILDER_READY:
        filled(t);
        break;
    case BATCH_BUILDER_MORE:
        table_load_resume_after(t, 0);
        break;
    case BATCH_BUILDER_END:
        table_load_finish(t, NULL);
        break;
    }
}

static enum err_code refused(void *ctx, const struct batch_row *row, const struct err *why,
                             struct err *e)
{
    const struct batch_in_flight *f = ctx;

    return batch_builder_refused(f->table->fill, row, why, e);
}

/* What others have loaded since it was heard last. */
static enum err_code locked(void *ctx, unsigned lanes, const struct lanes *at, struct err *e)
{
    const struct batch_in_flight *f = ctx;
    const struct table_load *t = f->table;

    return t->later == NULL ? OK : roll_forward_catch_up(t->later, lanes, at, e);
}

static void distrust(void *ctx, const struct batch_row *row)
{
    const struct batch_in_flight *f = ctx;

    table_load_invalidate_cache(f->table, row);
}

static enum err_code settle(void *ctx, struct err *e)
{
    const struct batch_in_flight *f = ctx;

    return batch_builder_write_rejects(f->table->fill, f->lot, e);
}

static bool more(void *ctx)
{
    const struct batch_in_flight *f = ctx;

    return !f->table->stopping && batch_builder_has_more(f->table->fill, f->lot);
}

/* The table's own may be greater, not less. */
static void note_greatest(struct table_load *t, const struct batch_slot *lot, unsigned lanes)
{
    int64_t now = when_now();

    for (size_t i = 0; i < batch_rows(lot->batch); i++) {
        const struct batch_row *r = batch_came(lot->batch, i);
        int64_t at = r->row.time_modified;
        if (at == WHEN_NONE || at > now || (lanes >> lane_of(r->row.key) & 1u) == 0 ||
            (t->total.greatest != WHEN_NONE && at <= t->total.greatest))
            continue;
        if (!rejects_has(lot->rejects, r->place, r->line))
            t->total.greatest = at;
    }
}

/* These lanes' share is in the database (or, with --dry-run, would be). */
static void share_in(void *ctx, unsigned lanes, const struct txn_result *r)
{
    struct batch_in_flight *f = ctx;
    struct table_load *t = f->table;
    struct batch_tally tally = batch_slot_tally(f->lot, lanes);

    t->total.read += tally.read;
    t->total.folded += tally.folded;
    t->total.stale += tally.stale + r->counts.stale;
    t->total.inserted += r->counts.inserted;
    t->total.updated += r->counts.updated;
    t->total.unchanged += r->counts.unchanged;
    t->total.dead_letters += r->refused + ((lanes & 1u) != 0 ? f->aside : 0);
    f->inserted += r->counts.inserted;
    f->updated += r->counts.updated;
    note_greatest(t, f->lot, lanes);
    table_load_validate_cache(f, lanes, r);
    lanes_move(&t->at, lanes, &f->lot->reached);
}

static void tell_aside(struct table_load *t, size_t dead)
{
    if (dead == 0)
        return;
    LOG(t->told_dead ? LOG_DEBUG : LOG_WARN, "set-aside",
        t->conf.redrive ? "records are still refused, and stay set aside; of further ones the "
                          "summary tells"
                        : "records were set aside; netty-spool dead lists them, and of further "
                          "ones the summary tells",
        F_STR("table", t->name), F_INT("records", dead));
    t->told_dead = true;
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
static void learn_to_guess(struct table_load *t)
{
    const struct batch_in_flight *f = t->flight;
    size_t rows = batch_rows(f->lot->batch);
    enum batch_path way = rows == 0             ? BATCH_COMPARE
                          : f->inserted == rows ? BATCH_INSERT
                          : f->updated == rows  ? BATCH_NEWER
                                                : BATCH_COMPARE;

    if (f->guess != BATCH_COMPARE && f->guess != way && t->trust < TRUST_MOST)
        t->trust *= 2;
    t->alike = way == t->way ? t->alike + 1 : 1;
    t->way = way;
}

/* Not where a line comes once more, as at the end of a page and the beginning of the next. */
static enum batch_path guess(const struct table_load *t, const struct batch_slot *lot)
{
    return t->alike >= t->trust && !batch_builder_repeats(t->fill, lot) ? t->way : BATCH_COMPARE;
}

/* On to what comes next: what is on its way already, what is in the spool, or what the lanes that are behind lack. What was
 * read ahead of that the cache knew when it was not to be believed is read again; if it is on its way, the crew sees to it. */
static enum err_code next_batch(struct table_load *t, struct err *e)
{
    bool flying = parallel_upsert_pending(t->crew) > 0;
    bool again = (t->lanes != LANES_ALL || t->emptied) && !flying;

    t->committed = *batch_builder_reached(t->fill);
    if (t->bisect && progress_compare(&t->committed, &t->bisect_to) >= 0)
        t->bisect = false;
    batch_builder_shape(t->fill, t->rows, !t->bisect && !t->conf.redrive);
    enum err_code rc = batch_builder_advance(t->fill, e);
    if (rc != OK || !flying)
        return rc == OK && again ? table_load_seek(t, e) : rc;
    t->flight = other_flight(t);
    t->ready = true;
    (void)uv_idle_start(&t->ahead, on_ahead); /* fails only without a callback */
    return OK;
}

/* All of it is in. */
static void committed(struct table_load *t)
{
    const struct batch_in_flight *f = t->flight;
    const struct page_place *place = &f->lot->reached.place;
    struct err e = ERR_INIT;

    t->total.batches++;
    tell_aside(t, rejects_count(f->lot->rejects));
    LOG(LOG_DEBUG, "batch", "batch loaded", F_STR("table", t->name),
        F_INT("read", batch_slot_tally(f->lot, LANES_ALL).read),
        F_INT("rows", batch_rows(f->lot->batch)), F_INT("inserted", f->inserted),
        F_INT("updated", f->updated), F_INT("segment", place->segment), F_INT("page", place->page),
        F_INT("known", batch_cached(f->lot->batch)), F_INT("ms", (when_tick() - f->sent) / 1000));
    t->attempt = 0;
    t->ready = t->doubted = false;
    table_load_add_to_cache(t);
    grow(t);
    learn_to_guess(t);
    if (next_batch(t, &e) != OK)
        table_load_give_up(t, &e);
    else if (!t->ready)
        table_load_resume_after(t, 0); /* others' turn */
}

static void take_batch(struct table_load *t, struct batch_slot *lot, const struct progress *from)
{
    struct batch_in_flight *f = lot == batch_builder_slot(t->fill) ? t->flight : other_flight(t);
    *f = (struct batch_in_flight){.table = t,
                                  .lot = lot,
                                  .guess = guess(t, lot),
                                  .aside = rejects_count(lot->rejects),
                                  .sent = when_tick()};
    bool all = t->conf.fetched_from == WHEN_NONE && t->conf.fetched_to == WHEN_NONE &&
               t->conf.segment == 0;
    struct parallel_upsert_job job = {
        .txn = {.spool = spool_id(t->conf.spool),
                .table = t->name,
                .relation = target_table_relation(t->schema),
                .batch = lot->batch,
                .names = batch_builder_names(t->fill, lot),
                .custody = unchanged_validity(t->unchanged),
                .lanes = t->lanes,
                .replace = t->conf.batch.replace,
                .bisect = t->bisect || t->conf.redrive,
                .guess = f->guess,
                .guard = !t->conf.replay && !t->conf.redrive,
                .store = !t->conf.redrive && (!t->conf.replay || all),
                .from = *from,
                .to = lot->reached,
                .ctx = f,
                .locked = locked,
                .refused = refused,
                .distrust = distrust,
                .settle = settle,
                .more = more},
        .whole = t->bisect || t->conf.redrive || t->conf.dry_run,
        .committed = share_in,
    };

    parallel_upsert_submit(t->crew, lot->batch, &job);
}

/* The next batch is complete, and none of what would be done otherwise after this one can come between. */
static bool may_fly(const struct table_load *t)
{
    return !t->stopping && !t->conf.replay && !t->emptied && t->lanes == LANES_ALL &&
           parallel_upsert_pending(t->crew) == 1 && batch_builder_slot_ahead(t->fill) != NULL;
}

static void on_ahead(uv_idle_t *idle)
{
    struct table_load *t = idle->data;

    if (!t->stopping && batch_builder_read_ahead(t->fill))
        return;
    (void)uv_idle_stop(idle);
    if (parallel_upsert_pending(t->crew) < 2) /* else it is on its way already */
        batch_builder_sort_ahead(t->fill, parallel_upsert_shares(t->crew));
    if (may_fly(t))
        take_batch(t, batch_builder_slot_ahead(t->fill), batch_builder_reached(t->fill));
}

static void send_batch(struct table_load *t)
{
    if (t->conf.dry_run) {
        share_in(t->flight, t->lanes, &(struct txn_result){0});
        parallel_upsert_clear(t->crew);
        committed(t);
        return;
    }
    rejects_truncate(batch_builder_rejects(t->fill),
                     t->flight->aside); /* the database's judgement is made anew */
    if (!t->bisect && t->later == NULL)
        (void)uv_idle_start(&t->ahead, on_ahead); /* fails only without a callback */
    parallel_upsert_run(t->crew, t->db, on_crew, t);
}

/* Some row is refused. Folding may have hidden a version that would not be, so it is undone. */
static void look_closer(struct table_load *t)
{
    t->bisect = true;
    t->bisect_to = *batch_builder_reached(t->fill);
    if (seek_again(t))
        table_load_batch(t);
}

static void smaller(struct table_load *t, const struct err *err)
{
    size_t rows = batch_rows(batch_builder_batch(t->fill));

    t->total.troubles[DB_TOO_SLOW]++;
    if (rows <= 1) {
        table_load_retry(t, err, DB_TOO_SLOW);
        return;
    }
    t->rows = rows / 2;
    t->well = 0;
    LOG(LOG_WARN, "too-slow", "a time limit ended the batch; it is halved", F_STR("table", t->name),
        F_STR("sqlstate", err->sqlstate), F_INT("rows", t->rows));
    if (seek_again(t))
        table_load_resume_after(t, 0);
}

static void moved(struct table_load *t)
{
    LOG(LOG_INFO, "moved", "another loader is at this table; going on from where it came to",
        F_STR("table", t->name));
    t->found = false;
    table_load_resume_after(t, 0);
}

/* A null where none may be can be no record's fault: data is always there, so a column was added meanwhile that has no
 * default. Looking at the table again tells; else every record would be set aside, one by one. */
static bool doubt_shape(struct table_load *t, const struct err *err)
{
    if (strcmp(err->sqlstate, "23502") != 0 || t->doubted || t->conf.replay || t->conf.redrive)
        return false;
    t->doubted = true;
    t->found = false;
    table_load_resume_after(t, 0);
    return true;
}

static void failed(struct table_load *t, const struct parallel_upsert_result *r)
{
    enum db_trouble what = db_classify(r->err);

    if (r->in_rows && doubt_shape(t, r->err))
        return;
    if (what == DB_BAD_ROW && r->in_rows && !t->bisect && !t->conf.redrive)
        look_closer(t);
    else if (what == DB_TOO_SLOW && r->in_rows)
        smaller(t, r->err);
    else
        table_load_failed(t, r->err);
}

static void on_crew(void *ctx, const struct parallel_upsert_result *r)
{
    struct table_load *t = ctx;

    (void)uv_idle_stop(&t->ahead);
    switch (r->end) {
    case TXN_DONE:
        committed(t);
        break;
    case TXN_MOVED:
        moved(t);
        break;
    case TXN_DISTRUST:
        if (seek_again(t))
            table_load_resume_after(t, 0);
        break;
    case TXN_FAILED:
        failed(t, r);
        break;
    }
}

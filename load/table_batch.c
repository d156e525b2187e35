/* One batch after the other: filled, sent, committed, or sent otherwise. */
#include "load/table_priv.h"
#include "shared/log.h"
#include "shared/when.h"
#include <string.h>

#define GROW_AFTER 4u /* batches that went well before the next one may be larger again */

static void send_batch(struct table *t);
static void on_txn(void *ctx, const struct txn_result *r);

static bool rewind_to(struct table *t, const struct progress *at)
{
    struct err e = ERR_INIT;

    t->ready = false;
    fill_shape(t->fill, t->rows, !t->bisect && !t->conf.redrive);
    if (fill_seek(t->fill, at, &e) == OK)
        return true;
    table_give_up(t, &e);
    return false;
}

/* The next batch: the one that is there already (after an error), or a new one. */
void table_batch(struct table *t)
{
    enum fill_what what = FILL_END;
    struct err e = ERR_INIT;

    if (t->ready) {
        send_batch(t);
        return;
    }
    if (fill_run(t->fill, &what, &e) != OK) {
        table_give_up(t, &e);
        return;
    }
    switch (what) {
    case FILL_READY:
        batch_sort(fill_batch(t->fill));
        t->ready = true;
        t->aside = aside_count(fill_aside(t->fill));
        send_batch(t);
        break;
    case FILL_MORE:
        table_later(t, 0);
        break;
    case FILL_END:
        table_finish(t, NULL);
        break;
    }
}

static enum err_code refused(void *ctx, const struct batch_row *row, const struct err *why,
                             struct err *e)
{
    struct table *t = ctx;

    return fill_refused(t->fill, row, why, e);
}

static enum err_code settle(void *ctx, struct err *e)
{
    struct table *t = ctx;

    return fill_write_aside(t->fill, e);
}

/* The table's own may be greater, not less. */
static void note_greatest(struct table *t)
{
    const struct batch *b = fill_batch(t->fill);
    const struct aside *aside = fill_aside(t->fill);
    int64_t now = when_now();
    const char *data;

    for (size_t i = 0; i < batch_rows(b); i++) {
        const struct batch_row *r = batch_row(b, i, &data);
        int64_t at = r->row.time_modified;
        if (at == WHEN_NONE || at > now ||
            (t->total.greatest != WHEN_NONE && at <= t->total.greatest))
            continue;
        if (!aside_has(aside, r->place, r->line))
            t->total.greatest = at;
    }
}

/* It is in the database (or, with --dry-run, would be). */
static void committed(struct table *t, const struct txn_counts *c)
{
    const struct fill_tally *tally = fill_tally(t->fill);
    size_t dead = aside_count(fill_aside(t->fill));
    struct err e = ERR_INIT;

    t->total.read += tally->read;
    t->total.folded += tally->folded;
    t->total.stale += tally->stale + c->stale;
    t->total.inserted += c->inserted;
    t->total.updated += c->updated;
    t->total.unchanged += c->unchanged;
    t->total.dead += dead;
    t->total.batches++;
    note_greatest(t);
    if (dead > 0) {
        LOG(t->told_dead ? LOG_DEBUG : LOG_WARN, "set-aside",
            t->conf.redrive ? "records are still refused, and stay set aside; of further ones the "
                              "summary tells"
                            : "records were set aside; netty-spool dead lists them, and of further "
                              "ones the summary tells",
            F_STR("table", t->name), F_INT("records", dead));
        t->told_dead = true;
    }
    LOG(LOG_DEBUG, "batch", "batch loaded", F_STR("table", t->name), F_INT("read", tally->read),
        F_INT("rows", batch_rows(fill_batch(t->fill))), F_INT("inserted", c->inserted),
        F_INT("updated", c->updated));
    t->committed = *fill_reached(t->fill);
    t->attempt = 0;
    t->unknown = t->ready = t->doubted = false;
    if (t->bisect && progress_compare(&t->committed, &t->bisect_to) >= 0)
        t->bisect = false;
    if (t->rows < t->conf.batch.rows_max && ++t->well >= GROW_AFTER) {
        t->well = 0;
        t->rows = 2 * t->rows < t->conf.batch.rows_max ? 2 * t->rows : t->conf.batch.rows_max;
    }
    fill_shape(t->fill, t->rows, !t->bisect && !t->conf.redrive);
    if (fill_settle(t->fill, &e) == OK)
        table_later(t, 0); /* others' turn */
    else
        table_give_up(t, &e);
}

static void send_batch(struct table *t)
{
    bool all = t->conf.fetched_from == WHEN_NONE && t->conf.fetched_to == WHEN_NONE &&
               t->conf.segment == 0;
    struct txn_job job = {
        .spool = spool_id(t->conf.spool),
        .table = t->name,
        .relation = schema_relation(t->schema),
        .batch = fill_batch(t->fill),
        .replace = t->conf.batch.replace,
        .bisect = t->bisect || t->conf.redrive,
        .guard = !t->conf.replay && !t->conf.redrive,
        .store = !t->conf.redrive && (!t->conf.replay || all),
        .from = t->committed,
        .to = *fill_reached(t->fill),
        .refused = refused,
        .settle = settle,
    };

    if (t->conf.dry_run) {
        committed(t, &(struct txn_counts){0});
        return;
    }
    aside_keep(fill_aside(t->fill), t->aside); /* the database's judgement is made anew */
    txn_run(t->txn, t->db, &job, on_txn, t);
}

/* Some row is refused. Folding may have hidden a version that would not be, so it is undone. */
static void look_closer(struct table *t)
{
    const struct fill_tally *tally = fill_tally(t->fill);

    t->bisect = true;
    t->bisect_to = *fill_reached(t->fill);
    if (tally->folded + tally->stale == 0)
        send_batch(t);
    else if (rewind_to(t, &t->committed))
        table_batch(t);
}

static void smaller(struct table *t, const struct err *err)
{
    size_t rows = batch_rows(fill_batch(t->fill));

    if (rows <= 1) {
        table_again(t, err, DB_TOO_SLOW);
        return;
    }
    t->rows = rows / 2;
    t->well = 0;
    LOG(LOG_WARN, "too-slow", "a time limit ended the batch; it is halved", F_STR("table", t->name),
        F_STR("sqlstate", err->sqlstate), F_INT("rows", t->rows));
    if (rewind_to(t, &t->committed))
        table_later(t, 0);
}

static void moved(struct table *t, const struct progress *at)
{
    const struct progress *to = fill_reached(t->fill);

    if (t->unknown && progress_compare(at, to) == 0) {
        LOG(LOG_INFO, "commit-found", "the COMMIT whose answer was lost had succeeded",
            F_STR("table", t->name));
        committed(t, &t->counts);
        return;
    }
    LOG(LOG_INFO, "moved", "another loader is at this table; going on from where it came to",
        F_STR("table", t->name), F_INT("segment", at->place.segment),
        F_INT("page", at->place.page));
    t->unknown = false;
    t->committed = *at;
    if (rewind_to(t, at))
        table_later(t, 0);
}

/* A null where none may be can be no record's fault: data is always there, so a column was added meanwhile that has no
 * default. Looking at the table again tells; else every record would be set aside, one by one. */
static bool doubt_shape(struct table *t, const struct err *err)
{
    if (strcmp(err->sqlstate, "23502") != 0 || t->doubted || t->conf.replay || t->conf.redrive)
        return false;
    t->doubted = true;
    t->found = false;
    table_later(t, 0);
    return true;
}

static void failed(struct table *t, const struct txn_result *r)
{
    enum db_trouble what = db_classify(r->err);

    if (r->in_rows && doubt_shape(t, r->err))
        return;
    if (r->unknown) {
        t->unknown = true;
        t->counts = r->counts;
    }
    if (what == DB_BAD_ROW && r->in_rows && !t->bisect && !t->conf.redrive)
        look_closer(t);
    else if (what == DB_TOO_SLOW && r->in_rows)
        smaller(t, r->err);
    else
        table_trouble(t, r->err);
}

static void on_txn(void *ctx, const struct txn_result *r)
{
    struct table *t = ctx;

    switch (r->end) {
    case TXN_DONE:
        committed(t, &r->counts);
        break;
    case TXN_MOVED:
        moved(t, &r->at);
        break;
    case TXN_FAILED:
        failed(t, r);
        break;
    }
}

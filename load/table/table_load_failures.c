/* What is done about a batch that failed: it is tried again, made smaller, or taken apart, or the table's load ends (load/database/db_decide.h). */
#include "load/table/table_load_private.h"
#include "shared/log/log.h"
#include <string.h>

#define MOVES_MOST                                                                                 \
    3u /* times that another loader was there first, and has come no further, before it is waited for */
#define ISOLATE_ROWS  1000u /* of a batch that is taken apart for what may be the table's fault */
#define ONE_ROW_TRIES 3u    /* of a row that is too slow alone */
#define PROBE_ROWS    500u  /* of the newest pages */
#define NEIGHBOURS    8u    /* ... that it is then tried among */

/* Some row is refused. The batch is built again without folding, since folding may have hidden a version that is not refused. */
static void start_bisect(struct table_load *t, size_t rows)
{
    if (!t->bisect)
        t->bisect_to = *batch_builder_reached(t->builder);
    t->bisect = true;
    if (t->rows > rows) {
        t->rows = rows;
        t->well = 0;
    }
    if (table_load_seek_again(t))
        table_load_resume_after(t, 0);
}

/* Whether a single row is too slow, again and again: it is then sent with some neighbours, to see whether all are. */
static bool is_one_row(const struct table_load *t)
{
    return !t->waited && (t->attempt >= t->conf.backoff.tries || t->attempt + 1 >= ONE_ROW_TRIES);
}

static void smaller(struct table_load *t, enum db_phase phase, const struct err *err)
{
    size_t rows = batch_rows(batch_builder_batch(t->builder));

    if (rows <= 1 && is_one_row(t)) {
        t->waited = true;
        t->rows = NEIGHBOURS;
        start_bisect(t, NEIGHBOURS);
        return;
    }
    if (rows <= 1) {
        table_load_retry(t, phase, err);
        return;
    }
    t->rows = rows / 2;
    t->well = 0;
    LOG(LOG_WARN, "too-slow", "a time limit ended the batch; it is halved", F_STR("table", t->name),
        F_STR("sqlstate", err->sqlstate), F_INT("rows", t->rows));
    if (table_load_seek_again(t))
        table_load_resume_after(t, 0);
}

void table_load_moved(struct table_load *t)
{
    struct err e = ERR_INIT;

    t->found = false;
    t->moves = memcmp(&t->at, &t->moved_from, sizeof t->at) == 0 ? t->moves + 1 : 0;
    t->moved_from = t->at;
    if (t->moves > MOVES_MOST) {
        err_set(&e, ERR_UNAVAILABLE,
                "the table's progress is another one within a transaction than before it; look at "
                "the policies of netty_sync.progress");
        table_load_retry(t, DB_PHASE_BOOKKEEPING, &e);
        return;
    }
    LOG(LOG_INFO, "moved", "another loader is at this table; going on from where it came to",
        F_STR("table", t->name));
    table_load_resume_after(t, 0);
}

/* Whether an error that should pass by itself has been waited for often enough, though the server answers. Then the same rows may be the cause. */
static bool has_waited(struct table_load *t, const struct db_decision *d)
{
    if ((d->action != DB_WAIT && d->action != DB_RECONNECT) || d->then != DB_ISOLATE || t->waited ||
        t->attempt < t->conf.backoff.tries)
        return false;
    t->waited = true;
    return true;
}

static void isolate(struct table_load *t, const struct db_decision *d)
{
    start_bisect(t, d->content ? t->rows : ISOLATE_ROWS);
}

/* ---- a row that ends the connection ---- */

static bool is_killed(const struct table_load *t, const struct db_decision *d)
{
    return t->waited && db_lost(t->db) && d->then == DB_ISOLATE &&
           batch_rows(batch_builder_batch(t->builder)) > 0;
}

/* Counts how often the rows ended the connection. Failures of a server that is starting do not count, since the rows were not sent. */
static void count_lost(struct table_load *t, enum db_phase phase, const struct db_decision *d)
{
    if (d->action == DB_RECONNECT && (phase == DB_PHASE_ROWS || phase == DB_PHASE_COMMIT))
        t->attempt = t->lost++;
}

/* Keeps the error under which the row is suspected. A server that has crashed sends no SQLSTATE; "connection failure" stands for it. */
static void suspect(struct table_load *t, const struct err *err)
{
    t->suspected = true;
    t->suspect = batch_came(batch_builder_batch(t->builder), 0)->row.key;
    t->suspicion = *err;
    if (err->sqlstate[0] == '\0')
        memcpy(t->suspicion.sqlstate, "08006", sizeof t->suspicion.sqlstate);
    t->rows = t->went ? 1 : NEIGHBOURS;
}

/* Halves the rows. Each half has a transaction of its own, since no savepoint outlives the connection. A single row that ends the connection three
 * times is not sent again, and becomes a dead letter when its neighbours are committed; if the connection ends without it, too, it is not to
 * blame. */
static void narrow(struct table_load *t, enum db_phase phase, const struct err *err)
{
    const struct batch *b = batch_builder_batch(t->builder);
    size_t rows = batch_rows(b);

    if (!t->bisect)
        t->bisect_to = *batch_builder_reached(t->builder);
    if (!t->narrowing)
        t->went = t->suspected = false;
    t->bisect = t->narrowing = true;
    t->total.retries++;
    if (t->suspected && rows <= 2) {
        table_load_stopped(t, phase, err);
        return;
    }
    if (t->suspected) {
        t->rows = rows / 2;
    } else if (rows > 1) {
        t->rows = rows / 2 < ISOLATE_ROWS ? rows / 2 : ISOLATE_ROWS;
        t->alone = 0;
    } else if (++t->alone >= ONE_ROW_TRIES) {
        suspect(t, err);
    }
    t->well = t->attempt = 0;
    int64_t wait = t->stopping ? 0 : backoff_wait(&t->conf.backoff, 1, backoff_random(), 0);
    LOG(LOG_WARN, "narrow",
        "a row may end the connection: it is looked for, with fewer rows at a time",
        F_STR("table", t->name), F_ERR(err), F_STR("sqlstate", err->sqlstate),
        F_INT("rows", t->rows), F_SECONDS_AND_MS("wait_seconds", "wait_ms", wait));
    db_drop(t->db);
    if (table_load_seek_again(t))
        table_load_resume_after(t, wait);
}

/* ---- a batch that a constraint refuses as a whole ---- */

/* The oldest records may all lack what the newer ones have. So the newest pages are tried, and rolled back, before the table is blamed. */
static enum err_code begin_probe(struct table_load *t, struct err *e)
{
    struct progress from = *batch_builder_reached(t->builder);
    struct page_place newest;
    enum err_code rc = table_load_near_end(t, &newest, e);

    if (rc != OK)
        return rc;
    if (page_compare(newest, from.place) > 0)
        from = (struct progress){.place = newest};
    t->probing = true;
    t->ready = false;
    parallel_upsert_clear(t->upsert);
    batch_builder_lanes(t->builder, t->lanes, NULL);
    batch_builder_shape(t->builder, PROBE_ROWS, false);
    return batch_builder_seek(t->builder, &from, e);
}

static void all_refused(struct table_load *t, const struct parallel_upsert_result *r)
{
    bool rows = db_decide(r->phase, r->err).content && t->hole == SIZE_MAX;
    struct err e = ERR_INIT;

    t->probed = *r->err;
    if (!rows)
        table_load_stopped(t, r->phase, r->err);
    else if (begin_probe(t, &e) != OK)
        table_load_give_up(t, &e);
    else
        table_load_resume_after(t, 0);
}

void table_load_probe_ended(struct table_load *t)
{
    t->probing = false;
    table_load_stopped(t, DB_PHASE_ROWS, &t->probed);
}

/* Takes the result of such a trial. Returns false if it is a failure like any other. */
static bool probe_failed(struct table_load *t, const struct parallel_upsert_result *r)
{
    if (r->everyone) {
        table_load_probe_ended(t);
        return true;
    }
    t->probing = false;
    t->each = t->each || r->good;
    if (!table_load_seek_again(t))
        return true;
    if (r->good)
        table_load_resume_after(t, 0);
    return r->good;
}

void table_load_batch_failed(struct table_load *t, const struct parallel_upsert_result *r)
{
    struct db_decision d = db_decide(r->phase, r->err);
    enum db_action action = d.action;
    bool again = t->bisect || t->conf.redrive;

    if (r->phase == DB_PHASE_BOOKKEEPING && table_load_step_aside(t, r->err))
        return;
    if (t->probing) {
        if (!probe_failed(t, r))
            table_load_failed(t, r->phase, r->err);
        return;
    }
    if (r->everyone) {
        all_refused(t, r);
        return;
    }
    if (action == DB_LOOK_AGAIN && table_load_look_again(t, r->err))
        return;
    if (action == DB_LOOK_AGAIN)
        action = d.then;
    count_lost(t, r->phase, &d);
    if (has_waited(t, &d)) {
        action = DB_ISOLATE;
        again = false;
    }
    t->total.troubles[db_trouble_of(r->phase, r->err)]++;
    if (is_killed(t, &d)) {
        narrow(t, r->phase, r->err);
        return;
    }
    if (action == DB_ISOLATE && !again)
        isolate(t, &d);
    else if (action == DB_ISOLATE || action == DB_STOP)
        table_load_stopped(t, r->phase, r->err);
    else if (action == DB_SMALLER && r->phase != DB_PHASE_BOOKKEEPING)
        smaller(t, r->phase, r->err);
    else
        table_load_failed(t, r->phase, r->err);
}

#include "load/table/table_load_private.h"
#include "load/target/table_key.h"
#include "shared/base/table_names.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/segment/pruned.h"
#include <stdlib.h>
#include <string.h>

#define FOUND_US (60 * WHEN_SECOND) /* --follow: what a look at the table is good for */
#define SQL_MAX  ((size_t)1 << 20)

static void connect_or_go(struct table_load *t);

enum err_code table_load_open(struct table_load **out, uv_loop_t *loop,
                              const struct table_load_conf *conf, struct err *e)
{
    struct table_load *t = calloc(1, sizeof *t);
    enum err_code rc = OK;

    if (t == NULL || (t->name = strdup(conf->name)) == NULL) {
        free(t);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    t->conf = *conf;
    t->conf.name = t->name;
    t->rows = conf->batch.rows_max;
    t->trust = 1;
    t->tries = (struct failed_try){.spool = conf->spool, .table = t->name, .load = true};
    t->current = &t->in_flight[0];
    t->in_flight[0].table = t->in_flight[1].table = t;
    t->total.greatest = WHEN_NONE;
    t->late = WHEN_NONE;
    t->hole = SIZE_MAX;
    buf_init(&t->sql, SQL_MAX);
    if ((rc = table_load_open_target(t, e)) != OK ||
        (rc = parallel_upsert_open(&t->upsert, &conf->lender, conf->connections, e)) != OK) {
        target_table_close(t->target);
        free(t->name);
        free(t);
        return rc;
    }
    (void)uv_timer_init(loop, &t->timer); /* cannot fail */
    t->timer.data = t;
    (void)uv_idle_init(loop, &t->ahead); /* nor can this */
    t->ahead.data = t;
    (void)uv_timer_init(loop, &t->watch); /* nor this */
    t->watch.data = t;
    *out = t;
    return OK;
}

static void on_closed(uv_handle_t *h)
{
    struct table_load *t = h->data;

    target_table_close(t->target);
    roll_forward_close(t->roll_forward);
    batch_builder_close(t->builder);
    parallel_upsert_close(t->upsert);
    buf_free(&t->sql);
    free(t->found_holes);
    dead_reasons_clear(&t->set_aside);
    table_load_close_cache(t);
    free(t->name);
    free(t);
}

static void on_ahead_closed(uv_handle_t *h)
{
    struct table_load *t = h->data;

    uv_close((uv_handle_t *)&t->timer, on_closed);
}

static void on_watch_closed(uv_handle_t *h)
{
    struct table_load *t = h->data;

    uv_close((uv_handle_t *)&t->ahead, on_ahead_closed);
}

void table_load_close(struct table_load *t)
{
    if (t != NULL)
        uv_close((uv_handle_t *)&t->watch, on_watch_closed);
}

const char *table_load_name(const struct table_load *t)
{
    return t->name;
}

const struct load_counts *table_load_counts(const struct table_load *t)
{
    return &t->total;
}

bool table_load_unreachable(const struct table_load *t)
{
    return t->unreachable;
}

bool table_load_is_waiting(const struct table_load *t)
{
    return t->waiting;
}

size_t table_load_missing(const struct table_load *t)
{
    return target_table_known(t->target)->holes_count;
}

bool table_load_wants_other(const struct table_load *t)
{
    switch (t->state) {
    case TABLE_LOAD_CONNECTING:
        return true;
    case TABLE_LOAD_WAITING:
        return db_lost(t->db);
    case TABLE_LOAD_TALKING: /* it looks for the relation: nothing of a batch is under way */
        return !t->found && !db_proven(t->db);
    case TABLE_LOAD_IDLE:
        break;
    }
    return false;
}

void table_load_use(struct table_load *t, struct db *db)
{
    db_drop(t->db); /* nobody calls back then */
    t->db = db;
    table_load_resume_after(t, 0);
}

/* ---- the end of a load ---- */

/* Frees the batches, which are large: of many tables only a few are loaded at a time. */
static void close_builder(struct table_load *t)
{
    if (t->builder != NULL) {
        t->damaged += batch_builder_damaged(t->builder);
        t->total.new_letters += batch_builder_new_letters(t->builder);
    }
    batch_builder_close(t->builder);
    t->builder = NULL;
}

void table_load_finish(struct table_load *t, const struct err *err)
{
    (void)uv_timer_stop(&t->timer);
    (void)uv_idle_stop(&t->ahead);
    table_load_watch_stop(t);
    table_load_drop_reload(t);
    t->state = TABLE_LOAD_IDLE;
    t->looking = false;
    table_load_trying(t, OK);
    t->total.busy += when_tick() - t->began;
    close_builder(t);
    unchanged_release(t->unchanged);
    parallel_upsert_release(t->upsert);
    t->total.damaged = t->damaged;
    table_load_report(t);
    if (err == NULL && t->roll_forward != NULL && t->conf.replay && t->total.read == 0)
        LOG(LOG_WARN, "nothing", "the spool holds no record of the table that replay asks for",
            F_STR("table", t->name));
    if (err != NULL)
        t->found = false; /* the next load looks at everything anew */
    t->was_aside = t->aside;
    t->done(t->ctx, err);
}

void table_load_give_up(struct table_load *t, const struct err *why)
{
    struct err err = *why;

    err_prefix(&err, "table %s", t->name);
    table_load_finish(t, &err);
}

/* ---- trying again ---- */

static void on_timer(uv_timer_t *timer)
{
    connect_or_go(timer->data);
}

void table_load_resume_after(struct table_load *t, int64_t us)
{
    t->state = TABLE_LOAD_WAITING;
    (void)uv_timer_start(&t->timer, on_timer, (uint64_t)((us + 999) / 1000), 0);
}

void table_load_trying(struct table_load *t, enum err_code code)
{
    t->total.trying = code;
    failed_try_note(&t->tries, code);
}

void table_load_retry(struct table_load *t, enum db_phase phase, const struct err *err)
{
    if (t->stopping) {
        table_load_interrupted(t);
        return;
    }
    t->attempt++;
    if (t->attempt > t->conf.backoff.tries) {
        struct err why = *err;
        db_explain(phase, &why);
        t->unreachable = t->state == TABLE_LOAD_CONNECTING;
        err_prefix(&why, "given up after %u retries", t->conf.backoff.tries);
        table_load_give_up(t, &why);
        return;
    }
    table_load_decided(t);
    t->total.retries++;
    table_load_trying(t, err->code);
    int64_t wait = backoff_wait(&t->conf.backoff, t->attempt, backoff_random(), 0);
    LOG(LOG_WARN, "retry", "the database is tried again after a pause", F_STR("table", t->name),
        F_ERR(err), F_STR("sqlstate", err->sqlstate), F_INT("attempt", t->attempt),
        F_SECONDS_AND_MS("wait_seconds", "wait_ms", wait));
    if (db_decide(phase, err).action == DB_RECONNECT)
        db_drop(t->db);
    table_load_resume_after(t, wait);
}

bool table_load_look_again(struct table_load *t, const struct err *err)
{
    if (t->looked || !t->found || t->conf.replay || t->conf.redrive)
        return false;
    LOG(LOG_INFO, "look-again", "the table may have changed: it is looked at again",
        F_STR("table", t->name), F_ERR(err), F_STR("sqlstate", err->sqlstate));
    t->looked = true;
    t->found = false;
    table_load_resume_after(t, 0);
    return true;
}

/* Whether other connections are there: then it is no failure that this one cannot be had. */
static bool have_others(const struct table_load *t)
{
    const struct connection_lender *l = &t->conf.lender;

    return !t->stopping && l->others != NULL && l->others(l->ctx, t->db);
}

void table_load_failed(struct table_load *t, enum db_phase phase, const struct err *err)
{
    struct db_decision d = db_decide(phase, err);
    enum db_action action = d.action;

    if (t->apart) {
        table_load_connect(t);
        return;
    }
    t->total.troubles[db_trouble_of(phase, err)]++;
    if (action == DB_LOOK_AGAIN && table_load_look_again(t, err))
        return;
    if (action == DB_LOOK_AGAIN)
        action = d.then;
    if (phase == DB_PHASE_CONNECT && action == DB_RECONNECT && have_others(t)) {
        t->waiting = true;
        table_load_give_up(t, err);
        return;
    }
    if (action == DB_WAIT || action == DB_RECONNECT || action == DB_SMALLER)
        table_load_retry(t, phase, err);
    else
        table_load_stopped(t, phase, err);
}

void table_load_stopped(struct table_load *t, enum db_phase phase, const struct err *err)
{
    struct err why = *err;

    db_explain(phase, &why);
    t->unreachable = t->state == TABLE_LOAD_CONNECTING;
    table_load_give_up(t, &why);
}

/* ---- from the connection to the first batch ---- */

static void on_connected(void *ctx, const PGresult *r, const struct err *err)
{
    struct table_load *t = ctx;

    (void)r;
    if (err != NULL) {
        table_load_failed(t, DB_PHASE_CONNECT, err);
        return;
    }
    LOG(LOG_DEBUG, "connected", "connected to the database", F_STR("table", t->name),
        F_INT("server", db_server_version(t->db)));
    connect_or_go(t);
}

static bool is_redriven(void *ctx, struct page_place place, uint64_t line)
{
    const struct table_load *t = ctx;

    return batch_builder_redriven(t->builder, place, line);
}

/* Fills what rows are made by. With --dry-run the table may be missing, since it would be made only by a real run. */
static enum err_code row_conf(const struct table_load *t, char key[RECORD_KEY_NAME],
                              struct row_conf *conf, struct err *e)
{
    const struct relation *r = target_table_relation(t->target);

    if (r->name != NULL) {
        *conf =
            (struct row_conf){r->key, r->key_min, r->key_max, t->conf.zone, t->conf.replace_nul};
        return OK;
    }
    *conf = (struct row_conf){key, INT32_MIN, INT32_MAX, t->conf.zone, t->conf.replace_nul};
    return table_key_find(t->conf.spool, t->name, key, e);
}

void table_load_close_roll_forward(struct table_load *t)
{
    roll_forward_close(t->roll_forward);
    t->roll_forward = NULL;
}

enum err_code table_load_open_roll_forward(struct table_load *t, struct err *e)
{
    char key[RECORD_KEY_NAME];
    struct row_conf row;
    enum err_code rc = row_conf(t, key, &row, e);
    if (rc != OK)
        return rc;
    struct roll_forward_conf conf = {t->conf.spool,         t->name,     row,
                                     t->conf.batch.replace, is_redriven, t};

    return roll_forward_open(&t->roll_forward, &conf, e);
}

/* Whether all records come out of their turn: dead letters do, and a part of the pages. */
static bool all_roll(const struct table_load *t)
{
    const struct table_load_conf *c = &t->conf;
    bool range = c->fetched_from != WHEN_NONE || c->fetched_to != WHEN_NONE || c->segment != 0;

    return !c->dry_run &&
           (c->redrive || (c->replay && (range || t->reload)) || t->hole != SIZE_MAX);
}

enum err_code table_load_make_builder(struct table_load *t, struct err *e)
{
    char key[RECORD_KEY_NAME];
    struct batch_builder_conf conf = {
        .batch = t->conf.batch,
        .fetched_from = t->conf.fetched_from,
        .fetched_to = t->conf.fetched_to,
        .segment = t->conf.segment,
        .redrive = t->conf.redrive,
        .replay = t->conf.replay || t->reload,
        .reasons = &t->set_aside,
        .dry_run = t->conf.dry_run,
        .late = t->late,
        .hole = t->hole != SIZE_MAX,
        .known = table_load_knows_hole,
        .ctx = t,
    };

    enum err_code rc = row_conf(t, key, &conf.row, e);
    if (rc != OK)
        return rc;
    close_builder(t);
    table_load_close_roll_forward(t);
    rc = batch_builder_open(&t->builder, t->conf.spool, t->name, &conf, e);
    t->rolls_all = all_roll(t);
    if (rc == OK)
        table_load_watch_members(t);
    return rc == OK && t->rolls_all ? table_load_open_roll_forward(t, e) : rc;
}

static enum err_code open_builder(struct table_load *t, struct err *e)
{
    enum err_code rc = table_load_make_builder(t, e);

    t->at = t->conf.replay || t->conf.redrive ? (struct lanes){0} : t->stands;
    return rc == OK ? table_load_seek(t, e) : rc;
}

static void on_found(void *ctx, const struct err *err)
{
    struct table_load *t = ctx;

    t->found_at = target_table_at(t->target);
    if (err != NULL && err->code == ERR_INTERRUPTED)
        table_load_interrupted(t);
    else if (t->apart && (err != NULL || !table_load_has_nothing(t)))
        table_load_connect(t);
    else if (err != NULL)
        table_load_failed(ctx, DB_PHASE_BOOKKEEPING, err);
    else
        table_load_compare_identity(ctx);
}

void table_load_pages(struct table_load *t)
{
    struct err e = ERR_INIT;

    if (open_builder(t, &e) != OK) {
        table_load_give_up(t, &e);
        return;
    }
    t->total.whole = t->total.whole || target_table_empty(t->target);
    t->path = target_table_empty(t->target) ? BATCH_INSERT : BATCH_COMPARE;
    t->alike = t->trust;
    table_load_open_cache(t);
}

/* Goes on with the present batch; or, after a pause, with what follows what is committed. */
static void go_on(struct table_load *t)
{
    struct err e = ERR_INIT;

    if (t->builder == NULL) {
        if (table_load_make_builder(t, &e) != OK || table_load_seek(t, &e) != OK) {
            table_load_give_up(t, &e);
            return;
        }
        batch_builder_use_cache(t->builder, t->unchanged);
    }
    table_load_batch(t);
}

static void connect_or_go(struct table_load *t)
{
    if (t->stopping) {
        table_load_interrupted(t);
    } else if (db_lost(t->db) && !t->apart) {
        t->state = TABLE_LOAD_CONNECTING;
        db_connect(t->db, on_connected, t);
    } else if (!t->found) {
        t->state = TABLE_LOAD_TALKING;
        table_load_watch(t);
        target_table_find(t->target, t->db, on_found, t);
    } else {
        t->state = TABLE_LOAD_TALKING;
        table_load_watch(t);
        go_on(t);
    }
}

void table_load_load(struct table_load *t, struct db *db, table_load_done_fn *done, void *ctx)
{
    t->db = db;
    t->done = done;
    t->ctx = ctx;
    t->attempt = t->lost = 0;
    t->some_in = t->probing = t->each = false;
    t->unreachable = t->waiting = t->aside = false;
    t->moves = 0;
    if (t->found && (table_load_missing(t) > 0 || table_load_parted(t)))
        t->found = false; /* --follow: what was missing may have come in */
    if (t->found && when_tick() - t->found_at > FOUND_US)
        t->found = false; /* it may have been emptied, or made again */
    if (!t->found) {
        t->rows = t->conf.batch.rows_max;
        t->bisect = t->looked = t->waited = t->narrowing = t->suspected = false;
    }
    t->looking = !t->found && t->conf.look != NULL;
    t->apart = table_load_goes_apart(t);
    t->began = when_tick();
    table_load_resume_after(t, 0);
}

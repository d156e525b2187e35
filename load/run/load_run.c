#include "load/address/db_address.h"
#include "load/run/load_run_private.h"
#include "load/views/views_job.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>

#define STOP_MS 5000u               /* load_run_stop: for the spool to be told what is loaded */
#define IDLE_US (120 * WHEN_SECOND) /* --follow: a connection that nobody uses */

static void on_dispatch(uv_timer_t *timer);

/* ---- loading ---- */

static void on_loaded(void *ctx, const struct err *err)
{
    struct load_run_table *entry = ctx;
    struct load_run *r = entry->run;
    const struct load_counts *c = table_load_counts(entry->table);

    connection_pool_give(r->pool, entry->db);
    entry->db = NULL;
    load_run_no_progress(entry);
    progress_clear(r->progress);
    if (err != NULL && table_load_is_waiting(entry->table)) {
        LOG(LOG_DEBUG, "connections", "the table waits for a connection of the others",
            F_STR("table", table_load_name(entry->table)), F_ERR(err));
        load_run_is_short(r);
        entry->dirty = true;
        load_run_dispatch_soon(r);
        return;
    }
    entry->aside = err != NULL && table_load_is_aside(entry->table);
    if (entry->aside) {
        entry->dirty = true;
        load_run_dispatch_soon(r);
        return;
    }
    entry->err = err != NULL ? *err : ERR_INIT;
    entry->failed = when_tick();
    r->unpublished = true;
    if (table_load_missing(entry->table) != entry->missing) {
        entry->missing = table_load_missing(entry->table);
        r->published = 0; /* those who watch are told at once */
    }
    load_metrics_loaded(r->conf.metrics, table_load_name(entry->table), err);
    if (err != NULL && err->code != ERR_INTERRUPTED)
        LOG(LOG_ERROR, "failed", "the table is not loaded to its end",
            F_STR("table", table_load_name(entry->table)), F_ERR(err),
            F_STR("sqlstate", err->sqlstate));
    else
        LOG(r->conf.follow ? LOG_DEBUG : LOG_INFO, "loaded",
            err != NULL ? "stopped before the table's end" : "table loaded",
            F_STR("table", table_load_name(entry->table)), F_INT("read", c->read),
            F_INT("inserted", c->inserted), F_INT("updated", c->updated),
            F_INT("dead", c->dead_letters), F_SECONDS_AND_MS("seconds", "ms", c->busy));
    if (r->conf.follow && db_address_refused() && r->err.code == OK) {
        err_set(&r->err, ERR_DENIED,
                "the database goes on refusing a password that has changed or has worked before: "
                "look at DATABASE_URL, or at the file that DATABASE_URL_FILE names");
        LOG(LOG_ERROR, "refused", "netty-load ends, for nothing passes this but a person",
            F_ERR(&r->err));
        load_run_stop(r);
    }
    if (err != NULL && table_load_unreachable(entry->table) && !r->conf.follow)
        for (size_t i = 0; i < r->count; i++)
            if (r->tables[i]->dirty) {
                r->tables[i]->dirty = false;
                r->tables[i]->err = *err;
                load_metrics_loaded(r->conf.metrics, table_load_name(r->tables[i]->table), err);
            }
    load_run_dispatch(r);
}

static bool loading(const struct load_run *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->tables[i]->db != NULL)
            return true;
    return false;
}

static void end(struct load_run *r)
{
    if (r->over)
        return;
    r->over = true;
    spool_watch_close(r->follow);
    r->follow = NULL;
    r->ended(r->ctx);
}

static void on_left(void *ctx, const struct err *err)
{
    struct load_run *r = ctx;

    (void)err; /* logged, and no reason to fail */
    catalog_publish_free(r->catalog);
    r->catalog = NULL;
    load_run_dispatch(r);
}

static void on_published(void *ctx, const struct err *err)
{
    struct load_run *r = ctx;

    if (r->lent != NULL)
        connection_pool_give(r->pool, r->lent);
    r->lent = NULL;
    load_run_told(r, err);
    r->unpublished = r->unpublished || loaded_publish_missed(r->loaded_publish);
    loaded_publish_free(r->loaded_publish);
    r->loaded_publish = NULL;
    load_run_dispatch(r);
}

bool load_run_publish_loaded(struct load_run *r, struct db *db)
{
    struct loaded_publish_conf conf = {.spool = r->conf.table.spool,
                                       .store = true,
                                       .enlist = !r->conf.table.replay || r->conf.enlist,
                                       .beside = r->lent != NULL,
                                       .prune = true,
                                       .limits = r->conf.limits};
    struct err e = ERR_INIT;

    if (!r->unpublished || !load_run_publish_is_due(r) || db == NULL)
        return false;
    if (connection_pool_statements(r->pool) == tables_look_statements(r->look))
        conf.look = r->look;
    conf.prune = !r->conf.follow || r->stopping || r->pruned == 0 ||
                 when_tick() - r->pruned >= LOAD_RUN_MARK_US;
    r->unpublished = false;
    r->published = when_tick();
    r->published_lines = load_run_lines(r);
    r->pruned = conf.prune ? r->published : r->pruned;
    if (loaded_publish_open(&r->loaded_publish, r->loop, db, &conf, &e) != OK)
        return false;
    loaded_publish_run(r->loaded_publish, on_published, r);
    return true;
}

static int64_t greatest(void *ctx, const char *table, bool *whole)
{
    const struct load_run_table *entry = load_run_find(ctx, table);

    *whole = entry != NULL && table_load_counts(entry->table)->whole;
    return entry != NULL ? table_load_counts(entry->table)->greatest : WHEN_NONE;
}

/* Whether the look that was made for several accounts told all there is to know of each table, so that nobody has connected. */
static bool is_told(const struct load_run *r)
{
    bool told = r->seen && tables_look_counts(r->look) && connection_pool_statements(r->pool) == 0;

    for (size_t i = 0; told && i < r->count; i++)
        told = r->tables[i]->err.code == OK;
    return told;
}

/* The connection for what else has to be asked, or NULL. It is not connected where there may be nothing to ask. */
static struct db *for_publishing(const struct load_run *r)
{
    struct db *db = connection_pool_connected(r->pool);

    return db == NULL && is_told(r) ? connection_pool_any(r->pool) : db;
}

/* Publishes what is loaded, once no table is being loaded; not if no connection could be had. */
static bool publish(struct load_run *r)
{
    struct err e = ERR_INIT;
    struct db *db = for_publishing(r);

    if (r->conf.table.dry_run)
        return false;
    if (r->catalog_written)
        return load_run_publish_loaded(r, db);
    r->catalog_written = true;
    tables_look_without_greatest(r->look);
    if (db == NULL || r->stopping ||
        catalog_publish_open(&r->catalog, db, r->conf.table.spool, r->conf.table.schema, &e) != OK)
        return false;
    r->catalog_db = db;
    catalog_publish_use(r->catalog, r->look);
    catalog_publish_run(r->catalog, greatest, on_left, r);
    return true;
}

/* ---- what the source no longer has ---- */

static void on_reconciled(void *ctx, const struct reconcile_row *rows, size_t n)
{
    struct load_run *r = ctx;

    for (size_t i = 0; i < n; i++) {
        struct load_run_table *entry = load_run_find(r, rows[i].table);
        if (entry == NULL)
            continue;
        entry->reconciled.rolled = rows[i].rolled;
        entry->reconciled.deleted += rows[i].deleted;
        entry->reconciled.revived += rows[i].revived;
        entry->reconciled.held_known =
            rows[i].held_known && (entry->reconciled.held == 0 || entry->reconciled.held_known);
        entry->reconciled.held = rows[i].held;
        entry->reconciled.err = rows[i].err;
    }
    r->reconcile = NULL;
    load_run_dispatch(r);
}

/* Starts the reconcile, which has a thread of its own, so that tables can be loaded meanwhile. Returns true if it has begun. */
static bool start_reconcile(struct load_run *r)
{
    const struct table_load_conf *t = &r->conf.table;
    struct reconcile_conf conf = {
        .spool = t->spool,
        .conninfo = r->conf.conninfo,
        .schema = t->schema,
        .backoff = t->backoff,
        .database = tables_look_counts(r->look) ? tables_look_database(r->look) : "",
        .max_deletes = r->conf.max_deletes,
        .dry_run = t->dry_run};
    const char **names = calloc(r->count + 1, sizeof *names);
    struct err e = ERR_INIT;
    size_t n = 0;

    r->compared = true;
    r->compared_at = when_tick();
    for (size_t i = 0; names != NULL && i < r->count; i++)
        if (r->tables[i]->err.code == OK)
            names[n++] = table_load_name(r->tables[i]->table);
    if (names == NULL ||
        reconcile_start(&r->reconcile, r->loop, &conf, names, n, on_reconciled, r, &e) != OK)
        LOG(LOG_WARN, "reconcile", "what the source no longer has is not looked for", F_ERR(&e));
    free(names);
    return r->reconcile != NULL;
}

static bool is_due(const struct load_run *r)
{
    const struct table_load_conf *t = &r->conf.table;

    if (r->stopping || r->reconcile != NULL || t->replay || t->redrive)
        return false;
    return !r->compared || (r->conf.follow && when_tick() - r->compared_at >= LOAD_RUN_MARK_US);
}

/* Closes idle connections: what follows needs one of its own, and the server may give no more. */
static void rest(struct load_run *r)
{
    if (!r->conf.follow || connection_pool_is_short(r->pool))
        connection_pool_rest(r->pool, -1);
}

void load_run_dispatch(struct load_run *r)
{
    if (r->over || r->catalog != NULL || r->loaded_publish != NULL)
        return;
    struct load_run_table *entry;
    load_run_hand_over(r);
    while (!r->stopping && !load_run_is_looking(r) && (entry = load_run_next_table(r)) != NULL &&
           (entry->db = connection_pool_take(r->pool)) != NULL) {
        entry->dirty = false;
        entry->began = when_tick();
        table_load_load(entry->table, entry->db, on_loaded, entry);
    }
    if (loading(r)) {
        if (r->conf.follow && !connection_pool_is_short(r->pool) && load_run_views_are_due(r))
            (void)load_run_start_views(
                r); /* a table that waits for a lock keeps no other waiting */
        load_run_publish_beside(r);
        return;
    }
    if (publish(r))
        return;
    if (is_due(r)) {
        rest(r);
        if (start_reconcile(r))
            return;
    }
    if (r->reconcile == NULL && load_run_views_are_due(r)) {
        rest(r);
        if (load_run_start_views(r))
            return;
    }
    if ((!r->conf.follow || r->stopping) && r->reconcile == NULL && r->views == NULL)
        end(r);
}

/* ---- --follow ---- */

static void on_change(void *ctx, const char *table)
{
    struct load_run *r = ctx;
    struct err e = ERR_INIT;

    if (table == NULL && !r->stopping && spool_replaced(r->conf.table.spool)) {
        err_set(&r->err, ERR_NO_SPOOL,
                "the spool %s is another one than when netty-load started; start it again",
                spool_dir(r->conf.table.spool));
        LOG(LOG_ERROR, "replaced", "the spool was replaced by another", F_ERR(&r->err));
        load_run_stop(r);
        return;
    }
    if (table == NULL) {
        if (load_run_find_tables(r, &e) != OK)
            LOG(LOG_WARN, "scan", "cannot look through the spool", F_ERR(&e));
        if (r->catalog == NULL && r->loaded_publish == NULL)
            connection_pool_rest(r->pool, IDLE_US);
    }
    for (size_t i = 0; i < r->count; i++)
        if (table == NULL || strcmp(table, table_load_name(r->tables[i]->table)) == 0)
            r->tables[i]->dirty = true;
    load_run_dispatch(r);
}

/* ---- beginning and end ---- */

static void on_dispatch(uv_timer_t *timer)
{
    load_run_dispatch(timer->data);
}

void load_run_dispatch_soon(struct load_run *r)
{
    (void)uv_timer_start(&r->dispatch_timer, on_dispatch, 0, 0);
}

static void on_stop_timeout(uv_timer_t *timer)
{
    struct load_run *r = timer->data;

    if (r->loaded_publish != NULL)
        loaded_publish_stop(r->loaded_publish);
}

static void on_stop(uv_timer_t *timer)
{
    struct load_run *r = timer->data;

    (void)uv_timer_start(&r->dispatch_timer, on_stop_timeout, STOP_MS, STOP_MS);
    if (r->catalog != NULL) { /* it may read whole tables, or wait for one */
        db_drop(r->catalog_db);
        catalog_publish_free(r->catalog);
        r->catalog = NULL;
    }
    load_run_dispatch(r);
}

static enum err_code open_pool(struct load_run *r, struct err *e)
{
    size_t n = r->conf.jobs > 0 ? r->conf.jobs : 1;
    size_t useful = r->count * r->conf.table.connections + 1; /* one to ask who holds a lock */

    if (!r->conf.follow && n > useful)
        n = useful > 0 ? useful : 1;
    return connection_pool_open(&r->pool, r->loop, r->conf.conninfo, n, e);
}

enum err_code load_run_open(struct load_run **out, uv_loop_t *loop,
                            const struct load_run_conf *conf, struct err *e)
{
    struct load_run *r = calloc(1, sizeof *r);
    enum err_code rc = OK;

    if (r == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    r->loop = loop;
    r->conf = *conf;
    (void)uv_timer_init(loop, &r->dispatch_timer); /* cannot fail */
    r->dispatch_timer.data = r;
    rc = tables_look_open(&r->look, spool_id(conf->table.spool), conf->table.schema, e);
    if (rc == OK && conf->seen != NULL)
        tables_look_use(r->look, conf->seen);
    r->seen = conf->seen != NULL;
    if (rc == OK && conf->follow)
        rc = spool_watch_open(&r->follow, loop, conf->table.spool, on_change, r, e);
    if (rc == OK && (rc = load_run_find_tables(r, e)) == OK)
        rc = open_pool(r, e);
    if (rc == OK && conf->progress)
        rc = load_run_open_progress(r, e);
    if (rc != OK) {
        load_run_close(r);
        return rc;
    }
    load_run_name_missing(r);
    *out = r;
    return OK;
}

void load_run_start(struct load_run *r, load_run_ended_fn *ended, void *ctx)
{
    r->ended = ended;
    r->ctx = ctx;
    (void)uv_timer_start(&r->dispatch_timer, on_dispatch, 0, 0);
}

void load_run_stop(struct load_run *r)
{
    r->stopping = true;
    if (r->reconcile != NULL)
        reconcile_stop(r->reconcile);
    if (r->views != NULL)
        views_job_stop(r->views);
    for (size_t i = 0; i < r->count; i++)
        if (r->tables[i]->db != NULL)
            table_load_stop(r->tables[i]->table);
    (void)uv_timer_start(&r->dispatch_timer, on_stop, 0, 0);
}

static void on_closed(uv_handle_t *h)
{
    free(h->data);
}

void load_run_close(struct load_run *r)
{
    if (r == NULL)
        return;
    progress_close(r->progress);
    spool_watch_close(r->follow);
    catalog_publish_free(r->catalog);
    loaded_publish_free(r->loaded_publish);
    connection_pool_close(r->pool);
    tables_look_close(r->look);
    for (size_t i = 0; i < r->count; i++) {
        load_run_no_progress(r->tables[i]);
        table_load_close(r->tables[i]->table);
        free(r->tables[i]);
    }
    free(r->tables);
    uv_close((uv_handle_t *)&r->dispatch_timer, on_closed);
}

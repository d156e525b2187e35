/* While a statement waits for a lock, finds out who holds it, on a second connection if one can be had. */
#include "load/database/lock_holder.h"
#include "load/database/sql.h"
#include "load/table/table_load_private.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdio.h>

#define WATCH_MS 10000u /* that a statement may take before it is looked why, ... */
#define AGAIN_MS 60000u /* ... and between two looks */
#define ALONE_MS                                                                                   \
    200u /* both, while rows are looked for that are to blame: a lock would explain it */

static void on_watch(uv_timer_t *timer);
static void on_holder(void *ctx, const PGresult *r, const struct err *err);

static void stop_asking(struct table_load *t)
{
    struct db *db = t->watch_db;

    t->watch_db = NULL;
    if (db != NULL)
        t->conf.lender.give_back(t->conf.lender.ctx, db);
}

static void ask(struct table_load *t)
{
    char tag[SQL_TAG_MAX];
    struct buf sql;
    struct err e = ERR_INIT;

    /* Without the end of the line, which the server's list of sessions may have changed. */
    (void)snprintf(tag, sizeof tag, "/* netty-load %s */", t->name);
    const struct sql_var vars[] = {{"tag", tag}};
    buf_init(&sql, 65536);
    if (sql_expand(&sql, sql_lock_holder, vars, 1, &e) == OK)
        db_query(t->watch_db, sql.data, NULL, 0, on_holder, t);
    else
        stop_asking(t);
    buf_free(&sql);
}

static void on_holder(void *ctx, const PGresult *r, const struct err *err)
{
    struct table_load *t = ctx;

    bool held = err == NULL && PQntuples(r) == 1;
    bool told = t->lock_told != 0 && when_tick() - t->lock_told < (int64_t)AGAIN_MS * 1000;

    t->blocked = t->blocked || held;
    if (held && !told) {
        t->lock_told = when_tick();
        lock_holder_log(LOG_WARN, "the table waits for a lock that another session holds", t->name,
                        NULL, r);
    }
    stop_asking(t);
}

static void on_connected(void *ctx, const PGresult *r, const struct err *err)
{
    struct table_load *t = ctx;

    (void)r;
    if (err == NULL) {
        ask(t);
        return;
    }
    stop_asking(t);
    (void)uv_timer_start(&t->watch, on_watch, AGAIN_MS, AGAIN_MS); /* none can be had */
}

static void on_watch(uv_timer_t *timer)
{
    struct table_load *t = timer->data;

    if (t->state != TABLE_LOAD_TALKING || t->stopping || t->watch_db != NULL ||
        t->conf.lender.borrow == NULL)
        return;
    if ((t->watch_db = t->conf.lender.borrow(t->conf.lender.ctx)) == NULL)
        return;
    if (db_lost(t->watch_db))
        db_connect_spare(t->watch_db, on_connected, t);
    else
        ask(t);
}

void table_load_watch(struct table_load *t)
{
    bool alone = t->found && t->waited;

    (void)uv_timer_start(&t->watch, on_watch, alone ? ALONE_MS : WATCH_MS,
                         alone ? ALONE_MS : AGAIN_MS); /* fails only without a callback */
}

void table_load_watch_stop(struct table_load *t)
{
    (void)uv_timer_stop(&t->watch);
    if (t->watch_db == NULL)
        return;
    db_drop(t->watch_db); /* nobody calls back then */
    stop_asking(t);
}

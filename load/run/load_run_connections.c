/* Which table of a run has which connection. A table that waits gets one; a connection without a table helps a table that has much to load. */
#include "load/address/db_address.h"
#include "load/run/load_run_private.h"
#include "shared/log/log.h"
#include "shared/time/when.h"

#define RETRY_US (60 * WHEN_SECOND) /* --follow: a table that failed */

struct load_run_table *load_run_next_table(const struct load_run *r)
{
    struct load_run_table *last = NULL;

    for (size_t i = 0; i < r->count; i++) {
        struct load_run_table *entry = r->tables[i];
        bool resting = r->conf.follow && entry->err.code != OK &&
                       when_tick() - entry->failed < db_address_pause(RETRY_US);
        if (!entry->dirty || entry->db != NULL || resting)
            continue;
        if (!entry->aside)
            return entry;
        if (last == NULL)
            last = entry;
    }
    return last;
}

bool load_run_is_looking(const struct load_run *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->tables[i]->db != NULL && table_load_is_looking(r->tables[i]->table))
            return true;
    return false;
}

/* ---- a connection with nothing to do helps out ---- */

static struct db *borrow(void *ctx)
{
    const struct load_run *r = ctx;

    return r->stopping ? NULL : connection_pool_take(r->pool);
}

static void give_back(void *ctx, struct db *db)
{
    struct load_run *r = ctx;

    connection_pool_give(r->pool, db);
    load_run_dispatch_soon(r); /* some table may have waited for it */
}

static bool wanted(void *ctx)
{
    return load_run_next_table(ctx) != NULL;
}

void load_run_is_short(struct load_run *r)
{
    if (!connection_pool_is_short(r->pool))
        LOG(LOG_INFO, "connections",
            "no more connections to the database can be had: the tables share those that there "
            "are");
    connection_pool_short(r->pool);
}

static void scarce(void *ctx)
{
    load_run_is_short(ctx);
}

/* Whether another connection is connected, or about to be, and will be given back by the table that has it. */
static bool others(void *ctx, const struct db *db)
{
    const struct load_run *r = ctx;

    return connection_pool_has_other(r->pool, db);
}

/* Gives idle connections to tables that wait. The server may give no more connections only because this process holds one that it does not use. */
void load_run_hand_over(struct load_run *r)
{
    struct db *db;

    for (size_t i = 0; i < r->count; i++) {
        struct load_run_table *entry = r->tables[i];
        if (entry->db == NULL || !table_load_wants_other(entry->table))
            continue;
        if ((db = connection_pool_idle(r->pool)) == NULL)
            return;
        struct db *before = entry->db;
        entry->db = db;
        table_load_use(entry->table, db);
        connection_pool_give(r->pool, before);
    }
}

static void decided(void *ctx)
{
    load_run_dispatch_soon(ctx);
}

struct connection_lender load_run_lender(struct load_run *r)
{
    return (struct connection_lender){.borrow = borrow,
                                      .give_back = give_back,
                                      .wanted = wanted,
                                      .scarce = scarce,
                                      .others = others,
                                      .decided = decided,
                                      .ctx = r};
}

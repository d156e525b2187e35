#include "load/database/connection_pool.h"
#include "shared/time/when.h"
#include <stdlib.h>

#define SHORT_US (300 * WHEN_SECOND) /* until more are asked for again */

struct place {
    struct db *db;
    bool taken;
    int64_t idle; /* when_tick() of when it was given back */
};

struct connection_pool {
    size_t count;
    size_t most;     /* that can be had, as far as is known; ... */
    int64_t learned; /* ... when_tick() of when that was */
    struct place places[];
};

enum err_code connection_pool_open(struct connection_pool **out, uv_loop_t *loop,
                                   const char *conninfo, size_t n, struct err *e)
{
    struct connection_pool *p = calloc(1, sizeof *p + n * sizeof *p->places);
    enum err_code rc = OK;

    if (p == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    while (rc == OK && p->count < n) {
        rc = db_open(&p->places[p->count].db, loop, conninfo, e);
        p->count += rc == OK;
    }
    p->most = p->count;
    if (rc != OK)
        connection_pool_close(p);
    else
        *out = p;
    return rc;
}

void connection_pool_close(struct connection_pool *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->count; i++)
        db_close(p->places[i].db);
    free(p);
}

bool connection_pool_is_short(const struct connection_pool *p)
{
    return p->most < p->count && when_tick() - p->learned < SHORT_US;
}

void connection_pool_short(struct connection_pool *p)
{
    p->most = 0;
    for (size_t i = 0; i < p->count; i++)
        p->most += !db_lost(p->places[i].db);
    if (p->most == 0)
        p->most = 1;
    p->learned = when_tick();
}

/* Returns how many connections are connected, or about to be. */
static size_t in_use(const struct connection_pool *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->count; i++)
        n += p->places[i].taken || !db_lost(p->places[i].db);
    return n;
}

struct db *connection_pool_take(struct connection_pool *p)
{
    struct place *found = NULL;

    for (size_t i = 0; i < p->count; i++)
        if (!p->places[i].taken &&
            (found == NULL || (db_lost(found->db) && !db_lost(p->places[i].db))))
            found = &p->places[i];
    if (found == NULL ||
        (db_lost(found->db) && connection_pool_is_short(p) && in_use(p) >= p->most))
        return NULL;
    found->taken = true;
    return found->db;
}

struct db *connection_pool_idle(struct connection_pool *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (!p->places[i].taken && db_proven(p->places[i].db)) {
            p->places[i].taken = true;
            return p->places[i].db;
        }
    return NULL;
}

void connection_pool_give(struct connection_pool *p, struct db *db)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->places[i].db == db) {
            p->places[i].taken = false;
            p->places[i].idle = when_tick();
        }
}

bool connection_pool_has_other(const struct connection_pool *p, const struct db *db)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->places[i].db != db && (!db_lost(p->places[i].db) || db_connecting(p->places[i].db)))
            return true;
    return false;
}

struct db *connection_pool_connected(const struct connection_pool *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (!db_lost(p->places[i].db))
            return p->places[i].db;
    return NULL;
}

struct db *connection_pool_any(const struct connection_pool *p)
{
    return p->places[0].db;
}

void connection_pool_rest(struct connection_pool *p, int64_t us)
{
    for (size_t i = 0; i < p->count; i++)
        if (!p->places[i].taken && !db_lost(p->places[i].db) &&
            when_tick() - p->places[i].idle > us)
            db_drop(p->places[i].db);
}

uint64_t connection_pool_statements(const struct connection_pool *p)
{
    uint64_t n = 0;

    for (size_t i = 0; i < p->count; i++)
        n += db_statements(p->places[i].db);
    return n;
}

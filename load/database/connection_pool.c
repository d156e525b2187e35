#include "load/database/connection_pool.h"
#include "shared/time/when.h"
#include <stdlib.h>

struct place {
    struct db *db;
    bool taken;
    int64_t idle; /* when_tick() of when it was given back */
};

struct connection_pool {
    size_t count;
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

struct db *connection_pool_take(struct connection_pool *p)
{
    struct place *found = NULL;

    for (size_t i = 0; i < p->count; i++)
        if (!p->places[i].taken &&
            (found == NULL || (db_lost(found->db) && !db_lost(p->places[i].db))))
            found = &p->places[i];
    if (found == NULL)
        return NULL;
    found->taken = true;
    return found->db;
}

void connection_pool_give(struct connection_pool *p, struct db *db)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->places[i].db == db) {
            p->places[i].taken = false;
            p->places[i].idle = when_tick();
        }
}

struct db *connection_pool_connected(const struct connection_pool *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (!db_lost(p->places[i].db))
            return p->places[i].db;
    return NULL;
}

void connection_pool_rest(struct connection_pool *p, int64_t us)
{
    for (size_t i = 0; i < p->count; i++)
        if (!p->places[i].taken && !db_lost(p->places[i].db) &&
            when_tick() - p->places[i].idle > us)
            db_drop(p->places[i].db);
}

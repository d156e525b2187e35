#include "load/database/connection_pool.h"
#include "shared/time/when.h"
#include <stdlib.h>

struct place {
    struct db *db;
    bool taken;
    int64_t idle; /* when_tick() of when it was given back */
};

struct pool {
    size_t count;
    struct place places[];
};

enum err_code pool_open(struct pool **out, uv_loop_t *loop, const char *conninfo, size_t n,
                        struct err *e)
{
    struct pool *p = calloc(1, sizeof *p + n * sizeof *p->places);
    enum err_code rc = OK;

    if (p == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    while (rc == OK && p->count < n) {
        rc = db_open(&p->places[p->count].db, loop, conninfo, e);
        p->count += rc == OK;
    }
    if (rc != OK)
        pool_close(p);
    else
        *out = p;
    return rc;
}

void pool_close(struct pool *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->count; i++)
        db_close(p->places[i].db);
    free(p);
}

struct db *pool_take(struct pool *p)
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

void pool_give(struct pool *p, struct db *db)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->places[i].db == db) {
            p->places[i].taken = false;
            p->places[i].idle = when_tick();
        }
}

struct db *pool_connected(const struct pool *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (!db_lost(p->places[i].db))
            return p->places[i].db;
    return NULL;
}

void pool_rest(struct pool *p, int64_t us)
{
    for (size_t i = 0; i < p->count; i++)
        if (!p->places[i].taken && !db_lost(p->places[i].db) &&
            when_tick() - p->places[i].idle > us)
            db_drop(p->places[i].db);
}

/* When a run that stays (--follow) tells the spool what is loaded, also while some table is still being loaded. */
#include "load/run/load_run_private.h"
#include "shared/time/when.h"

/* --follow: how often the spool is told, if something was loaded meanwhile. */
#define FRESH_US (5 * WHEN_SECOND)

uint64_t load_run_lines(const struct load_run *r)
{
    uint64_t n = 0;

    for (size_t i = 0; i < r->count; i++)
        n += table_load_counts(r->tables[i]->table)->read;
    return n;
}

/* The status shows within some seconds what was loaded. If nothing was, the spool is told now and then that the database was asked. */
bool load_run_publish_is_due(const struct load_run *r)
{
    int64_t pause = load_run_lines(r) != r->published_lines ? FRESH_US : LOAD_RUN_MARK_US;

    return !r->conf.follow || r->stopping || r->published == 0 ||
           when_tick() - r->published >= pause;
}

/* --follow: tells the spool while some table is being loaded, or waits for a lock, so that the figures of the other tables stay up to date. */
void load_run_publish_beside(struct load_run *r)
{
    if (!r->conf.follow || r->stopping || r->conf.table.dry_run)
        return;
    r->unpublished = r->unpublished || load_run_lines(r) != r->published_lines;
    if (!r->unpublished || !load_run_publish_is_due(r) ||
        connection_pool_connected(r->pool) == NULL ||
        (r->lent = connection_pool_take(r->pool)) == NULL)
        return;
    if (!load_run_publish_loaded(r, r->lent)) {
        connection_pool_give(r->pool, r->lent);
        r->lent = NULL;
    }
}

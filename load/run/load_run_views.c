/* --views: the views of tables into which a load has brought members that no record had before. */
#include "load/run/load_run_private.h"
#include "load/views/views_job.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdlib.h>

#define FAILED_US (600 * WHEN_SECOND)      /* --follow: after a failure */
#define SLOW_US   (6 * 3600 * WHEN_SECOND) /* after one that came once the table was being read */

static bool is_due(const struct load_run_table *entry)
{
    return entry->db == NULL && entry->err.code == OK && !entry->views_left &&
           member_set_is_due(table_load_members(entry->table));
}

bool load_run_views_are_due(const struct load_run *r)
{
    int64_t pause = r->views_failed ? FAILED_US : LOAD_RUN_MARK_US;

    if (!r->conf.table.views || r->conf.table.dry_run || r->stopping || r->views != NULL ||
        (r->viewed_at != 0 && r->conf.follow && when_tick() - r->viewed_at < pause))
        return false;
    for (size_t i = 0; i < r->count; i++)
        if (is_due(r->tables[i]))
            return true;
    return false;
}

static void on_done(void *ctx, const struct views_job_table *tables, size_t n)
{
    struct load_run *r = ctx;

    r->views = NULL;
    for (size_t i = 0; i < n; i++) {
        struct load_run_table *entry = load_run_find(r, tables[i].table);
        struct member_set *members = entry != NULL ? table_load_members(entry->table) : NULL;
        if (members == NULL)
            continue;
        if (tables[i].err.code == OK) {
            member_set_learn(members, tables[i].news, tables[i].count);
            continue;
        }
        r->views_failed = true;
        entry->views_left = !r->conf.follow; /* to the next run */
        if (tables[i].read && tables[i].err.code != ERR_INTERRUPTED)
            member_set_postpone(members, SLOW_US);
    }
    load_run_dispatch(r);
}

bool load_run_start_views(struct load_run *r)
{
    const struct table_load_conf *t = &r->conf.table;
    struct views_job_conf conf = {.options = r->conf.options,
                                  .conninfo = r->conf.conninfo,
                                  .schema = t->schema,
                                  .backoff = t->backoff};
    struct views_job_table *tables = calloc(r->count + 1, sizeof *tables);
    struct err e = ERR_INIT;
    size_t n = 0;

    r->viewed_at = when_tick();
    r->views_failed = false;
    for (size_t i = 0; tables != NULL && i < r->count; i++) {
        struct load_run_table *entry = r->tables[i];
        if (!is_due(entry))
            continue;
        struct member_set *members = table_load_members(entry->table);
        size_t count = 0;
        const struct member_new *news = member_set_news(members, &count);
        tables[n++] = (struct views_job_table){.table = table_load_name(entry->table),
                                               .news = news,
                                               .count = count,
                                               .whole = member_set_is_whole(members)};
    }
    if (tables == NULL ||
        views_job_start(&r->views, r->loop, &conf, tables, n, on_done, r, &e) != OK)
        LOG(LOG_WARN, "views-failed",
            "the tables are loaded, and their views were not looked at; a later load tries again, "
            "and netty-load views --apply does at once",
            F_ERR(&e));
    free(tables);
    return r->views != NULL;
}

/* The tables of a run: those that the spool holds and that are asked for. */
#include "load/run/load_run_private.h"
#include "shared/log/log.h"
#include "spool/control/refused_tables.h"
#include <stdlib.h>
#include <string.h>

#define SHARE_MIN ((size_t)256 << 10) /* bytes of a batch: less would be all round trips */

struct load_run_table *load_run_find(const struct load_run *r, const char *table)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(table_load_name(r->tables[i]->table), table) == 0)
            return r->tables[i];
    return NULL;
}

/* Divides the memory of one batch (--batch-bytes) among all batches that may be under way at a time. */
static size_t batch_share(const struct load_run *r, size_t tables)
{
    size_t jobs = r->conf.jobs > 0 ? r->conf.jobs : 1;
    size_t most = r->conf.table.batch.bytes_max;
    size_t n = tables < jobs ? tables : jobs;
    size_t share =
        n > 1 ? most / (n + 3) : most; /* each has a connection, a reader and arrays of rows, too */
    size_t least = most < SHARE_MIN ? most : SHARE_MIN;

    return share > least ? share : least;
}

static enum err_code add(struct load_run *r, const char *table, size_t tables, struct err *e)
{
    struct load_run_table **more = reallocarray(r->tables, r->count + 1, sizeof(void *));
    struct load_run_table *entry = calloc(1, sizeof *entry);
    struct table_load_conf conf = r->conf.table;
    enum err_code rc;

    if (more != NULL)
        r->tables = more;
    if (more == NULL || entry == NULL) {
        free(entry);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    conf.name = table;
    conf.batch.bytes_max = batch_share(r, tables);
    conf.lender = load_run_lender(r);
    conf.look = r->look;
    conf.follow = r->conf.follow;
    if ((rc = table_load_open(&entry->table, r->loop, &conf, e)) != OK) {
        free(entry);
        return rc;
    }
    entry->run = r;
    entry->dirty = true;
    r->tables[r->count++] = entry;
    load_metrics_table(r->conf.metrics, table, table_load_counts(entry->table));
    if (r->follow != NULL)
        spool_watch_table(r->follow, table);
    return OK;
}

static bool asked_for(const struct load_run *r, const char *table)
{
    for (size_t i = 0; i < r->conf.count; i++)
        if (strcmp(r->conf.tables[i], table) == 0)
            return true;
    return r->conf.count == 0;
}

enum err_code load_run_find_tables(struct load_run *r, struct err *e)
{
    char **names = NULL;
    size_t n = 0;
    size_t wanted = 0;
    enum err_code rc = spool_tables(r->conf.table.spool, &names, &n, e);

    for (size_t i = 0; rc == OK && i < n; i++)
        wanted += asked_for(r, names[i]);
    for (size_t i = 0; rc == OK && i < n; i++)
        if (asked_for(r, names[i]) && load_run_find(r, names[i]) == NULL)
            rc = add(r, names[i], wanted, e);
    spool_tables_free(names, n);
    return rc;
}

/* Whether the API does not have this table, as the extractor was told. */
static bool is_unknown(const struct load_run *r, const char *table)
{
    struct refused_tables all;
    if (refused_read(r->conf.table.spool, &all, NULL) != OK)
        return false;
    const struct refused_table *t = refused_find(&all, table);
    bool unknown = t != NULL && t->status == REFUSED_404;
    refused_free(&all);
    return unknown;
}

void load_run_name_missing(struct load_run *r)
{
    for (size_t i = 0; i < r->conf.count; i++) {
        if (load_run_find(r, r->conf.tables[i]) != NULL)
            continue;
        if (is_unknown(r, r->conf.tables[i])) {
            LOG(LOG_ERROR, "no-table", "the API has no such table (status 404), says netty-extract",
                F_STR("table", r->conf.tables[i]));
            if (r->err.code == OK)
                err_set(&r->err, ERR_CONFIG, "the API has no table %s (status 404)",
                        r->conf.tables[i]);
            continue;
        }
        LOG(r->conf.named ? LOG_ERROR : LOG_WARN, "no-table",
            "the spool holds no such table; netty-spool ls shows those that it holds",
            F_STR("table", r->conf.tables[i]));
        if (r->conf.named && !r->conf.follow && r->err.code == OK)
            err_set(&r->err, ERR_NO_SPOOL, "the spool %s holds no table %s",
                    spool_dir(r->conf.table.spool), r->conf.tables[i]);
    }
}

/* How far each table is: fetched, complete, in the database when the loader last looked, set aside.
 */
#include "shared/summary.h"
#include "shared/when.h"
#include "spool/catalog.h"
#include "spool/cmd.h"
#include "spool/dead.h"
#include <errno.h>

struct status {
    struct summary *summary;
    struct catalog catalog;
    uint64_t damaged;
};

struct row {
    int64_t records;
    int64_t bytes;
    int64_t fetched;
    int64_t complete_to;
};

static enum err_code on_page(void *ctx, struct reader *r, const struct page_info *info,
                             struct err *e)
{
    struct row *row = ctx;
    (void)r, (void)e;
    row->records += (int64_t)info->records;
    row->bytes += (int64_t)info->bytes;
    row->fetched = info->fetched;
    if (info->complete_to != WHEN_NONE)
        row->complete_to = info->complete_to;
    return OK;
}

static enum err_code count_letter(void *ctx, const struct dead_letter *letter, struct err *e)
{
    int64_t *count = ctx;
    (void)letter, (void)e;
    (*count)++;
    return OK;
}

static enum err_code show_table(const struct cmd *c, const char *table, void *ctx, struct err *e)
{
    struct status *s = ctx;
    struct row row = {.fetched = WHEN_NONE, .complete_to = WHEN_NONE};
    struct cmd_walk w = {.trusting = true, .page = on_page, .ctx = &row};
    int64_t aside = 0;
    enum err_code rc;
    if ((rc = cmd_walk_pages(c, table, &w, e)) != OK ||
        (rc = dead_each(c->spool, table, DEAD_EXTRACT, count_letter, &aside, e)) != OK ||
        (rc = dead_each(c->spool, table, DEAD_LOAD, count_letter, &aside, e)) != OK)
        return rc;
    s->damaged += w.damaged;
    const struct catalog_entry *entry = catalog_find(&s->catalog, table);
    const struct cell cells[] = {
        {.name = "table", .type = CELL_STR, .str = table},
        {.name = "records", .type = CELL_INT, .num = row.records},
        {.name = "bytes", .type = CELL_INT, .num = row.bytes},
        {.name = "fetched", .type = CELL_TIME, .num = row.fetched},
        {.name = "complete_to", .type = CELL_TIME, .num = row.complete_to},
        {.name = "in_database",
         .type = CELL_TIME,
         .num = entry ? entry->max_time_modified : WHEN_NONE},
        {.name = "set_aside", .type = CELL_INT, .num = aside},
        {.name = "damaged", .type = CELL_INT, .num = (int64_t)w.damaged},
    };
    return summary_row(s->summary, cells, sizeof cells / sizeof cells[0], e);
}

enum err_code cmd_status(const struct cmd *c, struct err *e)
{
    struct status s = {0};
    struct err why = ERR_INIT;
    enum err_code rc = catalog_read(c->spool, &s.catalog, &why);
    if (rc != OK && why.sys != ENOENT) {
        *e = why;
        return rc;
    }
    if ((rc = summary_open(&s.summary, c->json, e)) == OK &&
        (rc = cmd_each_table(c, show_table, &s, e)) == OK &&
        (rc = summary_print(s.summary, c->out, e)) == OK)
        rc = cmd_written(c, e);
    summary_close(s.summary);
    catalog_free(&s.catalog);
    if (rc == OK && s.damaged > 0)
        rc = err_set(e, ERR_SET_ASIDE, "the spool is damaged; `netty-spool verify` looks closer");
    return rc;
}

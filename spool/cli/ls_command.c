#include "shared/cli/summary.h"
#include "shared/time/when.h"
#include "spool/cli/spool_command.h"
#include "spool/control/loaded.h"

struct row {
    uint64_t segment; /* the last one seen */
    int64_t segments;
    int64_t pages;
    int64_t records;
    int64_t bytes;
    int64_t first;
    int64_t last;
    struct page_place end; /* the last page */
};

struct ls {
    struct summary *summary;
    uint64_t damaged;
};

static enum err_code count_page(void *ctx, struct reader *r, const struct page_info *info,
                                struct err *e)
{
    struct row *row = ctx;
    (void)r, (void)e;
    row->segments += info->place.segment != row->segment;
    row->segment = info->place.segment;
    row->pages++;
    row->end = info->place;
    row->records += (int64_t)info->records;
    row->bytes += (int64_t)info->bytes;
    if (row->first == WHEN_NONE || info->fetched < row->first)
        row->first = info->fetched;
    if (info->fetched > row->last)
        row->last = info->fetched;
    return OK;
}

/* Reads what is loaded, by loaded.json. */
static enum err_code read_loaded_file(const struct spool_command *c, const char *table,
                                      struct page_place end, const char **answer, struct err *e)
{
    struct loaded loaded;
    enum err_code rc = loaded_read(c->spool, table, &loaded, e);
    *answer = "unknown";
    if (rc != OK)
        return rc == ERR_DAMAGED ? OK : rc;
    struct page_place least = loaded_least(&loaded);
    *answer = page_compare(least, end) >= 0 ? "yes" : least.segment > 0 ? "in part" : "no";
    loaded_free(&loaded);
    return OK;
}

static enum err_code list_table(const struct spool_command *c, const char *table, void *ctx,
                                struct err *e)
{
    struct ls *ls = ctx;
    struct row row = {.first = WHEN_NONE, .last = WHEN_NONE};
    struct spool_command_walk w = {.trusting = true, .page = count_page, .ctx = &row};
    const char *loaded;
    enum err_code rc = spool_command_walk_pages(c, table, &w, e);
    if (rc != OK || (rc = read_loaded_file(c, table, row.end, &loaded, e)) != OK)
        return rc;
    ls->damaged += w.damaged;
    const struct cell cells[] = {
        {.name = "table", .type = CELL_STR, .str = table},
        {.name = "segments", .type = CELL_INT, .num = row.segments},
        {.name = "pages", .type = CELL_INT, .num = row.pages},
        {.name = "records", .type = CELL_INT, .num = row.records},
        {.name = "bytes", .type = CELL_INT, .num = row.bytes},
        {.name = "first", .type = CELL_TIME, .num = row.first},
        {.name = "last", .type = CELL_TIME, .num = row.last},
        {.name = "loaded", .type = CELL_STR, .str = loaded},
    };
    return summary_row(ls->summary, cells, sizeof cells / sizeof cells[0], e);
}

enum err_code spool_command_ls(const struct spool_command *c, struct err *e)
{
    struct ls ls = {0};
    enum err_code rc = summary_open(&ls.summary, c->json, e);
    if (rc != OK)
        return rc;
    if ((rc = spool_command_each_table(c, list_table, &ls, e)) == OK &&
        (rc = summary_print(ls.summary, c->out, e)) == OK)
        rc = spool_command_written(c, e);
    summary_close(ls.summary);
    if (rc == OK && ls.damaged > 0)
        rc = spool_command_found(ERR_SET_ASIDE, "the spool is damaged",
                                 "netty-spool verify looks closer", e);
    return rc;
}

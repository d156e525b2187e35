/* What a run prints on standard output: a row for each table. */
#include "extract/cli/service_private.h"
#include "shared/cli/summary.h"
#include "shared/time/when.h"
#include <string.h>

#define CELLS 20

/* Which further columns the rows of a run have. */
struct columns {
    bool reconcile;
    bool backfill;
    bool reasons;
    bool unreadable; /* records that the API does not give: complete but for these */
};

static size_t add_backfill(struct cell *cells, size_t n, const struct table_fetch_result *t)
{
    const struct backfill_state *s = &t->state;
    bool known = t->status != TABLE_FETCH_CANCELLED && t->backfill;
    const struct cell more[] = {
        {.name = "backfill",
         .type = CELL_STR,
         .str = t->through ? "through"
                : known    ? "under way"
                           : ""},
        {.name = "began", .type = CELL_TIME, .num = known ? s->began : WHEN_NONE},
        {.name = "found", .type = CELL_INT, .num = known ? (int64_t)s->records : 0},
        {.name = "of", .type = CELL_INT, .num = known ? (int64_t)s->of : 0},
    };
    memcpy(cells + n, more, sizeof more);
    return n + sizeof more / sizeof *more;
}

static enum err_code add_row(struct summary *summary, const struct fetch_run_row *row,
                             const struct columns *columns, struct err *e)
{
    const struct table_fetch_result *t = &row->result;
    char why[CRAWL_UNPROVEN_TEXT];
    const struct cell reason = {
        .name = "reason",
        .type = CELL_STR,
        .str = crawl_unproven_text(t->status == TABLE_FETCH_UNPROVEN ? t->crawl.unproven : 0, why)};
    struct cell cells[CELLS] = {
        {.name = "table", .type = CELL_STR, .str = row->name},
        {.name = "status", .type = CELL_STR, .str = table_fetch_status_word(t->status)},
        {.name = "requests", .type = CELL_INT, .num = (int64_t)t->requests},
        {.name = "pages", .type = CELL_INT, .num = (int64_t)t->pages},
        {.name = "records", .type = CELL_INT, .num = (int64_t)t->records},
        {.name = "bytes", .type = CELL_INT, .num = (int64_t)t->bytes},
        {.name = "retries", .type = CELL_INT, .num = (int64_t)t->retries},
        {.name = "complete_to", .type = CELL_TIME, .num = t->complete_to},
        {.name = "seconds", .type = CELL_SECONDS, .num = t->elapsed},
        {.name = "absent", .type = CELL_INT, .num = (int64_t)t->absent},
        {.name = "present", .type = CELL_INT, .num = (int64_t)t->present},
    };
    size_t n = columns->reconcile ? 11 : 9;
    if (columns->backfill)
        n = add_backfill(cells, n, t);
    if (columns->unreadable)
        cells[n++] =
            (struct cell){.name = "unreadable", .type = CELL_INT, .num = (int64_t)t->crawl.lacking};
    if (columns->reasons)
        cells[n++] = reason;
    return summary_row(summary, cells, n, e);
}

static enum err_code print(const struct service *s, const struct fetch_run *r, struct err *e)
{
    struct summary *summary = NULL;
    size_t n = 0;
    const struct fetch_run_row *rows = fetch_run_rows(r, &n);
    bool json = options_int(s->options, OPT_JSON) != 0;
    struct columns columns = {.reconcile = s->env.reconcile, .backfill = r == s->backfill.run};
    for (size_t i = 0; i < n; i++) {
        const struct table_fetch_result *t = &rows[i].result;
        columns.reasons |= json && !s->env.reconcile && t->status == TABLE_FETCH_UNPROVEN;
        columns.unreadable |= !s->env.reconcile && t->crawl.lacking > 0;
    }
    enum err_code rc = summary_open(&summary, json, e);
    for (size_t i = 0; i < n && rc == OK; i++)
        rc = add_row(summary, &rows[i], &columns, e);
    if (rc == OK)
        rc = summary_print(summary, stdout, e);
    summary_close(summary);
    return rc;
}

enum err_code service_show(struct service *s, const struct fetch_run *r, struct err *e)
{
    if (s->turn == NULL)
        return print(s, r, e);
    service_turn_add(s, r);
    return OK;
}

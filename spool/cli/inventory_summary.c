/* For `netty-spool status`: how far a table's reconcile is (inventory.h, missing_records.h). */
#include "shared/cli/summary.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/cli/spool_command.h"
#include "spool/inventory/inventory.h"
#include "spool/inventory/missing_records.h"

/* The databases' answers to this roll, added up. `answered` is true when at least one database has answered all of it. */
struct answers {
    int64_t missing;
    int64_t held;
    int64_t deleted;
    bool answered; /* to all of it */
};

static struct answers answers_of(const struct missing *m, const struct inventory_state *s)
{
    struct answers w = {0};
    for (size_t i = 0; i < m->count; i++) {
        const struct missing_entry *d = &m->entries[i];
        if (d->inventory_began != s->began)
            continue;
        w.missing += (int64_t)d->count;
        w.held += (int64_t)d->held;
        w.deleted += (int64_t)d->deleted;
        w.answered = w.answered || (d->ended && d->lookups >= s->lookups);
    }
    return w;
}

/* Returns which step comes next. */
static const char *stage(const struct inventory_state *s, const struct answers *w)
{
    if (w->held > 0)
        return "held";
    if (!s->window.ended || s->behind > 0)
        return "crawling";
    if (!w->answered)
        return "waiting";
    return w->missing > 0 ? "looking" : "done";
}

enum err_code spool_command_show_inventory(const struct spool_command *c, const char *table,
                                           struct summary *out, size_t *shown, struct err *e)
{
    struct inventory_state s;
    struct missing m = {0};
    struct err why = ERR_INIT;
    enum err_code rc = inventory_read(c->spool, table, &s, NULL, NULL, &why);
    if (rc == ERR_DAMAGED) {
        LOG(LOG_WARN, "roll",
            "the roll of keys is damaged; netty-extract --reconcile begins it anew",
            F_STR("table", table), F_ERR(&why));
        return OK;
    }
    if (rc != OK)
        *e = why;
    if (rc != OK || !s.there || (rc = missing_read(c->spool, table, &m, e)) != OK)
        return rc;
    const struct answers w = answers_of(&m, &s);
    const struct cell cells[] = {
        {.name = "reconcile", .type = CELL_STR, .str = table},
        {.name = "stage", .type = CELL_STR, .str = stage(&s, &w)},
        {.name = "began", .type = CELL_TIME, .num = s.began},
        {.name = "complete_to", .type = CELL_TIME, .num = s.page.complete_to},
        {.name = "pages", .type = CELL_INT, .num = (int64_t)s.pages},
        {.name = "records", .type = CELL_INT, .num = (int64_t)s.records},
        {.name = "missing", .type = CELL_INT, .num = w.missing},
        {.name = "absent", .type = CELL_INT, .num = (int64_t)s.absent},
        {.name = "marked", .type = CELL_INT, .num = w.deleted},
        {.name = "held", .type = CELL_INT, .num = w.held},
        {.name = "last_finished",
         .type = CELL_TIME,
         .num = s.window.ended && s.behind == 0 ? s.window.at : s.last},
    };
    missing_free(&m);
    ++*shown;
    return summary_row(out, cells, sizeof cells / sizeof cells[0], e);
}

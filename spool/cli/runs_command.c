/* `netty-spool runs`: what the last runs did, the newest first: when, how long, how much, with which code, and the error's text. */
#include "shared/base/table_names.h"
#include "shared/cli/summary.h"
#include "shared/time/when.h"
#include "spool/cli/spool_command.h"
#include "spool/status/run_history.h"
#include <stdlib.h>
#include <string.h>

struct listed {
    char table[NAMES_TABLE_MAX + 1];
    enum run_history_side side;
    struct run_history_entry run;
};

struct listing {
    struct listed *runs;
    size_t count;
};

static int by_begin(const void *a, const void *b)
{
    const struct listed *x = a;
    const struct listed *y = b;
    if (x->run.began != y->run.began)
        return x->run.began < y->run.began ? 1 : -1;
    int order = strcmp(x->table, y->table);
    return order != 0 ? order : (int)y->side - (int)x->side;
}

static enum err_code add_side(struct listing *l, const struct spool_command *c, const char *table,
                              enum run_history_side side, struct err *e)
{
    struct run_history runs = {0};
    enum err_code rc = run_history_read(c->spool, table, side, SIZE_MAX, &runs, e);
    if (rc == OK && runs.count > 0) {
        struct listed *more = realloc(l->runs, (l->count + runs.count) * sizeof *more);
        if (more == NULL)
            rc = err_set(e, ERR_NOMEM, "out of memory");
        else
            l->runs = more;
    }
    for (size_t i = 0; rc == OK && i < runs.count; i++) {
        struct listed *to = &l->runs[l->count++];
        *to = (struct listed){.side = side, .run = runs.entries[i]};
        (void)snprintf(to->table, sizeof to->table, "%s", table);
    }
    run_history_free(&runs);
    return rc;
}

static enum err_code add_table(const struct spool_command *c, const char *table, void *ctx,
                               struct err *e)
{
    enum err_code rc = add_side(ctx, c, table, RUN_HISTORY_EXTRACT, e);
    return rc == OK ? add_side(ctx, c, table, RUN_HISTORY_LOAD, e) : rc;
}

static struct cell count_cell(const char *name, int64_t n, bool has)
{
    return (struct cell){.name = name, .type = has ? CELL_INT : CELL_NONE, .num = n};
}

/* Adds the counts: all of them with --json, for people those that fit beside the error's text. */
static size_t add_counts(const struct listed *l, bool json, struct cell *cells)
{
    const int64_t *n = l->run.counts;
    bool extract = l->side == RUN_HISTORY_EXTRACT;
    if (!json) {
        int64_t records = n[extract ? RUN_RECORDS : RUN_READ];
        int64_t aside = n[extract ? RUN_SET_ASIDE : RUN_DEAD];
        cells[0] = count_cell("requests", n[RUN_REQUESTS], extract);
        cells[1] = count_cell("records", records, true);
        cells[2] = count_cell("written", n[RUN_INSERTED] + n[RUN_UPDATED], !extract);
        cells[3] = count_cell("set_aside", aside, true);
        return 4;
    }
    for (unsigned i = 0; i < RUN_COUNTS; i++)
        cells[i] = count_cell(run_history_count_name((enum run_count)i), n[i],
                              run_history_count_of((enum run_count)i, l->side));
    return RUN_COUNTS;
}

static enum err_code show(const struct listed *l, bool json, struct summary *out, struct err *e)
{
    const struct run_history_entry *run = &l->run;
    const char *text = run->message[0] != '\0' ? run->message : run->reason;
    struct cell cells[10 + RUN_COUNTS] = {
        {.name = "began", .type = CELL_TIME, .num = run->began},
        {.name = "table", .type = CELL_STR, .str = l->table},
        {.name = "program",
         .type = CELL_STR,
         .str = l->side == RUN_HISTORY_EXTRACT ? "extract" : "load"},
        {.name = "kind", .type = CELL_STR, .str = run->kind},
        {.name = "status", .type = CELL_STR, .str = run->status},
        {.name = "code", .type = CELL_INT, .num = err_exit(err_of_word(run->error))},
        {.name = "seconds", .type = CELL_SECONDS, .num = run->busy},
    };
    size_t n = 7;
    n += add_counts(l, json, cells + n);
    if (json) {
        cells[n++] = (struct cell){.name = "ended", .type = CELL_TIME, .num = run->ended};
        cells[n++] = (struct cell){.name = "error", .type = CELL_STR, .str = run->error};
    }
    cells[n++] = (struct cell){.name = "message", .type = CELL_STR, .str = text};
    return summary_row(out, cells, n, e);
}

enum err_code spool_command_runs(const struct spool_command *c, struct err *e)
{
    struct listing all = {0};
    struct summary *out = NULL;
    enum err_code rc = summary_open(&out, c->json, e);
    if (rc == OK)
        rc = spool_command_each_table(c, add_table, &all, e);
    if (rc == OK && all.count > 0)
        qsort(all.runs, all.count, sizeof *all.runs, by_begin);
    for (size_t i = 0; rc == OK && i < all.count; i++)
        rc = show(&all.runs[i], c->json, out, e);
    if (rc == OK && (rc = summary_print(out, c->out, e)) == OK)
        rc = spool_command_written(c, e);
    summary_close(out);
    free(all.runs);
    return rc;
}

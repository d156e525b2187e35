/* How far the tables at work are: of the regular run, and of the backfill beside it. */
#include "extract/cli/service_private.h"
#include "shared/base/table_names.h"
#include <stdio.h>
#include <unistd.h>

struct seeing {
    progress_see_fn *see;
    void *to;
    const char *suffix;
};

static void see_table(void *to, const char *name, const struct table_fetch_result *result,
                      bool started)
{
    const struct seeing *s = to;
    char text[NAMES_TABLE_MAX + 16];
    if (!started)
        return;
    (void)snprintf(text, sizeof text, "%s%s", name, s->suffix);
    const struct progress_row row = {.name = text,
                                     .unit = "records",
                                     .done = result->done,
                                     .of = result->of,
                                     .now = result->now,
                                     .elapsed = result->elapsed,
                                     .reached = result->reached};
    s->see(s->to, &row);
}

static void each(void *ctx, progress_see_fn *see, void *to)
{
    const struct service *s = ctx;
    struct seeing regular = {see, to, ""};
    struct seeing backfill = {see, to, " (backfill)"};
    if (s->run != NULL)
        fetch_run_each(s->run, see_table, &regular);
    if (s->backfill.run != NULL)
        fetch_run_each(s->backfill.run, see_table, &backfill);
}

enum err_code service_open_progress(struct service *s, struct err *e)
{
    bool terminal = s->turn == NULL && isatty(STDERR_FILENO) == 1;
    if (options_int(s->options, OPT_QUIET) != 0)
        return OK;
    return progress_open(&s->progress, &s->loop, terminal, each, s, e);
}

/* `netty-spool forget`: gives tables up, or no longer waits for a database. */
#include "shared/cli/summary.h"
#include "spool/cli/spool_command.h"
#include "spool/control/loaded.h"
#include "spool/maintenance/forget_table.h"

static enum err_code forget_everywhere(const struct spool_command *c, const char *table, void *ctx,
                                       struct err *e)
{
    size_t *all = ctx;
    size_t dropped = 0;
    bool by_option = options_given(c->options, OPT_DATABASE);
    const char *name = options_text(c->options, by_option ? OPT_DATABASE : OPT_FORGET);
    enum err_code rc = loaded_forget(c->spool, table, name, &dropped, e);
    *all += dropped;
    return rc;
}

enum err_code spool_command_forget_database(const struct spool_command *c, struct err *e)
{
    bool by_option = options_given(c->options, OPT_DATABASE);
    size_t dropped = 0;
    enum err_code rc = spool_command_each_table(c, forget_everywhere, &dropped, e);
    if (rc == OK && dropped == 0)
        rc = err_set(e, ERR_USAGE,
                     "no database %s has loaded this spool; `netty-spool status "
                     "--json` names those that have",
                     options_text(c->options, by_option ? OPT_DATABASE : OPT_FORGET));
    return rc;
}

static enum err_code forget_one(const struct spool_command *c, const char *table, void *ctx,
                                struct err *e)
{
    struct forgotten_table sum;
    bool look = options_int(c->options, OPT_DRY_RUN) != 0;
    enum err_code rc = forget_table(c->spool, table, look, &sum, e);
    const struct cell cells[] = {
        {.name = "table", .type = CELL_STR, .str = table},
        {.name = "files", .type = CELL_INT, .num = sum.files},
        {.name = "bytes", .type = CELL_INT, .num = sum.bytes},
    };
    return rc == OK ? summary_row(ctx, cells, sizeof cells / sizeof cells[0], e) : rc;
}

enum err_code spool_command_forget(const struct spool_command *c, struct err *e)
{
    struct summary *summary = NULL;
    if (options_given(c->options, OPT_DATABASE))
        return spool_command_forget_database(c, e);
    if (c->count == 0)
        return err_set(e, ERR_USAGE, "name the tables to give up, or with --database a database");
    enum err_code rc = summary_open(&summary, c->json, e);
    if (rc == OK && (rc = spool_command_each_table(c, forget_one, summary, e)) == OK &&
        (rc = summary_print(summary, c->out, e)) == OK)
        rc = spool_command_written(c, e);
    summary_close(summary);
    return rc;
}

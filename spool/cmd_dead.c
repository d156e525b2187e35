/* What was set aside: a line each, or with --json all of it, the record included. */
#include "shared/buf.h"
#include "shared/when.h"
#include "spool/cmd.h"
#include "spool/dead.h"
#include "spool/letter.h"
#include <inttypes.h>

struct dead {
    const struct cmd *cmd;
    const char *table;
    const char *side;
};

static enum err_code put_json(const struct dead *d, const struct dead_letter *letter, struct err *e)
{
    struct buf line;
    enum err_code rc;
    buf_init(&line, LETTER_MAX);
    if ((rc = letter_add(&line, letter)) != OK)
        (void)buf_err(e, rc, &line, "a record that was set aside");
    else if (fprintf(d->cmd->out, "{\"table\":\"%s\",\"side\":\"%s\",%s", d->table, d->side,
                     line.data + 1) < 0)
        rc = cmd_written(d->cmd, e);
    buf_free(&line);
    return rc;
}

static enum err_code put_letter(void *ctx, const struct dead_letter *letter, struct err *e)
{
    const struct dead *d = ctx;
    char at[WHEN_TEXT];
    if (d->cmd->json)
        return put_json(d, letter, e);
    if (fprintf(d->cmd->out, "%s  %s  %s  %s%s%s  page %" PRIu64 " line %" PRIu64 "  %s\n",
                when_people(letter->at, at), d->table, d->side, letter->reason,
                *letter->sqlstate ? " " : "", letter->sqlstate, letter->place.page, letter->line,
                letter->message) < 0)
        return cmd_written(d->cmd, e);
    return OK;
}

static enum err_code put_table(const struct cmd *c, const char *table, void *ctx, struct err *e)
{
    struct dead d = {.cmd = c, .table = table, .side = "extract"};
    (void)ctx;
    enum err_code rc = dead_each(c->spool, table, DEAD_EXTRACT, put_letter, &d, e);
    d.side = "load";
    return rc == OK ? dead_each(c->spool, table, DEAD_LOAD, put_letter, &d, e) : rc;
}

enum err_code cmd_dead(const struct cmd *c, struct err *e)
{
    enum err_code rc = cmd_each_table(c, put_table, NULL, e);
    return rc == OK ? cmd_written(c, e) : rc;
}

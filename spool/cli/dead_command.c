/* What was set aside: a line each, and how many for which reason; or with --json all of it, the record
 * included, an object a line. */
#include "shared/base/buf.h"
#include "shared/cli/summary.h"
#include "shared/time/when.h"
#include "spool/cli/spool_command.h"
#include "spool/dead_letters/dead_letter_line.h"
#include "spool/dead_letters/dead_letters.h"
#include <inttypes.h>
#include <string.h>

#define REASONS_MAX 64u /* of one table and side; the programs know some 15 */

struct reason {
    char word[64];
    char sqlstate[8];
    int64_t count;
};

struct dead_listing {
    const struct spool_command *command;
    const char *table;
    const char *side;
    struct summary *summary;
    struct reason reasons[REASONS_MAX];
    size_t count;
};

/* The last place is everything else's. */
static void count_reason(struct dead_listing *d, const struct dead_letter *letter)
{
    size_t i = 0;
    while (i < d->count && (strcmp(d->reasons[i].word, letter->reason) != 0 ||
                            strcmp(d->reasons[i].sqlstate, letter->sqlstate) != 0))
        i++;
    if (i == REASONS_MAX)
        i = REASONS_MAX - 1;
    struct reason *r = &d->reasons[i];
    if (i == d->count) {
        bool last = ++d->count == REASONS_MAX;
        *r = (struct reason){0};
        (void)snprintf(r->word, sizeof r->word, "%s", last ? "others" : letter->reason);
        (void)snprintf(r->sqlstate, sizeof r->sqlstate, "%s", last ? "" : letter->sqlstate);
    }
    r->count++;
}

static enum err_code add_reasons(struct dead_listing *d, struct err *e)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < d->count && rc == OK; i++) {
        const struct cell cells[] = {
            {"table", CELL_STR, d->table, 0},
            {"side", CELL_STR, d->side, 0},
            {"reason", CELL_STR, d->reasons[i].word, 0},
            {"sqlstate", CELL_STR, d->reasons[i].sqlstate, 0},
            {"records", CELL_INT, NULL, d->reasons[i].count},
        };
        rc = summary_row(d->summary, cells, sizeof cells / sizeof *cells, e);
    }
    d->count = 0;
    return rc;
}

static enum err_code put_json(const struct dead_listing *d, const struct dead_letter *letter,
                              struct err *e)
{
    struct buf line;
    enum err_code rc;
    buf_init(&line, DEAD_LETTER_LINE_MAX);
    if ((rc = dead_letter_line_add(&line, letter)) != OK)
        (void)buf_err(e, rc, &line, "a record that was set aside");
    else if (fprintf(d->command->out, "{\"table\":\"%s\",\"side\":\"%s\",%s", d->table, d->side,
                     line.data + 1) < 0)
        rc = spool_command_written(d->command, e);
    buf_free(&line);
    return rc;
}

/* The message may hold what the API or the database said: control characters are escaped. */
static enum err_code put_line(const struct dead_listing *d, const struct dead_letter *letter,
                              struct err *e)
{
    char at[WHEN_TEXT];
    struct buf line;
    buf_init(&line, DEAD_LETTER_LINE_MAX);
    enum err_code rc =
        buf_addf(&line, "%s  %s  %s  %s%s%s  page %" PRIu64 " line %" PRIu64 "  ",
                 when_people(letter->at, at), d->table, d->side, letter->reason,
                 *letter->sqlstate ? " " : "", letter->sqlstate, letter->place.page, letter->line);
    if (rc == OK)
        rc = buf_add_text(&line, letter->message, strlen(letter->message));
    if (rc == OK)
        rc = buf_addc(&line, '\n');
    if (rc != OK)
        (void)buf_err(e, rc, &line, "a record that was set aside");
    else if (fwrite(line.data, 1, line.len, d->command->out) != line.len)
        rc = spool_command_written(d->command, e);
    buf_free(&line);
    return rc;
}

static enum err_code put_dead_letter(void *ctx, const struct dead_letter *letter, struct err *e)
{
    struct dead_listing *d = ctx;
    if (d->command->json)
        return put_json(d, letter, e);
    count_reason(d, letter);
    return put_line(d, letter, e);
}

static enum err_code put_side(struct dead_listing *d, enum dead_side side, const char *name,
                              struct err *e)
{
    d->side = name;
    enum err_code rc = dead_each(d->command->spool, d->table, side, put_dead_letter, d, e);
    return rc == OK ? add_reasons(d, e) : rc;
}

static enum err_code put_table(const struct spool_command *c, const char *table, void *ctx,
                               struct err *e)
{
    struct dead_listing *d = ctx;
    (void)c;
    d->table = table;
    enum err_code rc = put_side(d, DEAD_EXTRACT, "extract", e);
    return rc == OK ? put_side(d, DEAD_LOAD, "load", e) : rc;
}

enum err_code spool_command_dead(const struct spool_command *c, struct err *e)
{
    struct dead_listing d = {.command = c};
    enum err_code rc = summary_open(&d.summary, false, e);
    if (rc == OK)
        rc = spool_command_each_table(c, put_table, &d, e);
    if (rc == OK && !c->json)
        rc = summary_print(d.summary, c->out, e);
    if (rc == OK)
        rc = spool_command_written(c, e);
    summary_close(d.summary);
    return rc;
}

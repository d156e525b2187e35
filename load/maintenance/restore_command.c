/* netty-load restore: rows back from a table's archive, or from a file that purge or archive wrote. */
#include "load/command/command.h"
#include "load/maintenance/maintenance.h"
#include "load/maintenance/restore_file.h"
#include "load/row_moves/archive_file.h"
#include "load/row_moves/archive_table.h"
#include "load/row_moves/row_mover.h"
#include "shared/log/log.h"

#define EVERY_ROW "true"

struct work {
    bool replace; /* --update replace */
    const char *file;
    struct archive_table *archive_table;
};

static enum err_code move(void *ctx, struct session *s, const struct row_mover_window *w,
                          PGresult **moved, struct err *e)
{
    const struct work *work = ctx;

    return archive_table_move(work->archive_table, ARCHIVE_TABLE_TAKE_BACK, w->condition, s, w,
                              moved, e);
}

static enum err_code report(struct command_context *c, const struct command_table *t,
                            const char *from, const struct row_mover_counts *n, int64_t began,
                            struct err *e)
{
    const struct cell cells[] = {
        {"table", CELL_STR, t->table, 0},
        {"rows", CELL_INT, NULL, (int64_t)n->rows},
        {"merged", CELL_INT, NULL, (int64_t)n->merged},
        {"from", CELL_STR, from, 0},
        {"seconds", CELL_SECONDS, NULL, when_tick() - began},
    };

    return summary_row(c->summary, cells, sizeof cells / sizeof *cells, e);
}

static enum err_code from_table(struct command_context *c, struct work *work,
                                struct row_mover_counts *n, struct err *e)
{
    struct row_mover m = {.relation = archive_table_archive(work->archive_table),
                          .condition = EVERY_ROW,
                          .rows = c->rows,
                          .bytes = c->bytes,
                          .dry_run = c->dry_run,
                          .move = move,
                          .ctx = work};
    bool there = false;
    enum err_code rc = archive_table_look(work->archive_table, c->session, &there, e);

    if (rc == OK && there)
        rc = row_mover_run(&m, c->session, e);
    *n = m.counts;
    return rc;
}

static enum err_code restore_table(void *ctx, struct command_context *c,
                                   const struct command_table *t, struct err *e)
{
    struct work *work = ctx;
    struct row_mover_counts n = {0};
    struct err late = ERR_INIT;
    int64_t began = when_tick();
    enum err_code rc = archive_table_open(&work->archive_table, t, work->replace, e);

    if (rc != OK)
        return rc;
    if (work->file != NULL)
        rc = restore_file(c, t, work->file, archive_table_merged_back(work->archive_table), &n, e);
    else
        rc = from_table(c, work, &n, e);
    if (report(c, t,
               work->file != NULL ? work->file : archive_table_archive(work->archive_table)->name,
               &n, began, &late) != OK &&
        rc == OK) {
        *e = late;
        rc = late.code;
    }
    archive_table_close(work->archive_table);
    work->archive_table = NULL;
    return rc;
}

enum err_code cmd_restore(struct command_context *c, struct err *e)
{
    struct work work = {.replace = options_int(c->options, OPT_UPDATE) == 1,
                        .file = options_text(c->options, OPT_FROM_FILE)};
    const char *const *words = NULL;

    if (work.file != NULL && options_words(c->options, &words) != 1)
        return err_set(e, ERR_USAGE, "--from-file needs the one table that the file's rows are of");
    return command_each_table(c, restore_table, &work, e);
}

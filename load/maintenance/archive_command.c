/* netty-load archive: rows that were not modified for long, into another table or into a file. */
#include "load/command/command.h"
#include "load/maintenance/maintenance.h"
#include "load/row_moves/archive_table.h"
#include "load/row_moves/row_mover.h"
#include "load/row_moves/rows_to_file.h"
#include "shared/log/log.h"
#include <stdio.h>
#include <stdlib.h>

#define CONDITION_MAX 200

struct work {
    char condition[CONDITION_MAX];
    char *dir;    /* NULL: not to files */
    bool replace; /* --update replace */
    struct archive_table *archive_table;
    const struct command_table *target;
};

static enum err_code move(void *ctx, struct session *s, const struct row_mover_window *w,
                          PGresult **moved, struct err *e)
{
    const struct work *work = ctx;

    return archive_table_move(work->archive_table, ARCHIVE_TABLE_PUT, w->condition, s, w, moved, e);
}

static enum err_code report(struct command_context *c, const struct work *work,
                            const struct row_mover *m, int64_t began, struct err *e)
{
    const struct cell cells[] = {
        {"table", CELL_STR, work->target->table, 0},
        {"rows", CELL_INT, NULL, (int64_t)m->counts.rows},
        {"merged", CELL_INT, NULL, (int64_t)m->counts.merged},
        {"referenced", CELL_INT, NULL, (int64_t)m->counts.held},
        {"archive", CELL_STR, archive_table_archive(work->archive_table)->name, 0},
        {"seconds", CELL_SECONDS, NULL, when_tick() - began},
    };

    return summary_row(c->summary, cells, sizeof cells / sizeof *cells, e);
}

static enum err_code to_table(struct command_context *c, struct work *work, struct err *e)
{
    struct err late = ERR_INIT;
    int64_t began = when_tick();
    struct row_mover m = {.relation = &work->target->relation,
                          .condition = work->condition,
                          .rows = c->rows,
                          .bytes = c->bytes,
                          .dry_run = c->dry_run,
                          .move = move,
                          .ctx = work};
    enum err_code rc = c->dry_run ? OK : archive_table_make(work->archive_table, c->session, e);

    if (rc == OK)
        rc = row_mover_run(&m, c->session, e);
    if (report(c, work, &m, began, &late) != OK && rc == OK) {
        *e = late;
        rc = late.code;
    }
    return rc;
}

static enum err_code archive_table(void *ctx, struct command_context *c,
                                   const struct command_table *t, struct err *e)
{
    struct work *work = ctx;
    const struct rows_to_file_conf conf = {.condition = work->condition, .dir = work->dir};
    enum err_code rc;

    if (work->dir != NULL)
        return rows_to_file_run(c, t, &conf, e);
    work->target = t;
    if ((rc = archive_table_open(&work->archive_table, t, work->replace, e)) == OK)
        rc = to_table(c, work, e);
    archive_table_close(work->archive_table);
    work->archive_table = NULL;
    return rc;
}

enum err_code cmd_archive(struct command_context *c, struct err *e)
{
    struct work work = {.replace = options_int(c->options, OPT_UPDATE) == 1};
    char text[WHEN_TEXT];
    int64_t cutoff = 0;
    enum err_code rc = command_cutoff(c, &cutoff, e);

    if (rc == OK && options_int(c->options, OPT_TO_FILE) != 0)
        rc = command_archive_dir(c, &work.dir, e);
    if (rc == OK) {
        (void)snprintf(work.condition, sizeof work.condition,
                       "t.time_modified OPERATOR(pg_catalog.<) '%s'::pg_catalog.timestamptz",
                       when_iso(cutoff, text));
        rc = command_each_table(c, archive_table, &work, e);
    }
    free(work.dir);
    return rc;
}

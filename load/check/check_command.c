/* netty-load check: is what is in the tables as it should be? Writes nothing, but for the mark of a table that it finds
 * equal (unchecked_mark.h), and how far it has come with --share (check_share.h). */
#include "load/check/check_command.h"
#include "load/check/check_share.h"
#include "load/check/row_checks.h"
#include "load/check/spool_diff.h"
#include "load/database/db_answer.h"
#include "load/database/db_decide.h"
#include "load/database/sql.h"
#include "load/row_moves/row_mover.h"
#include "load/target/loaded_rows.h"
#include "load/views/view_check.h"
#include "shared/time/when.h"
#include <inttypes.h>
#include <string.h>

#define WINDOW 10 /* rows looked at by one statement, in batches */

struct work {
    struct command_context *context;
    struct findings *findings;
    const struct command_table *target;
    struct row_checks row_checks;
    int64_t from;
    int64_t left; /* rows to be looked at */
    bool over;
};

/* ---- rows, window by window ---- */

enum {
    COLUMN_KEY,
    COLUMN_HAS_KEY,
    COLUMN_KEY_TEXT,
    COLUMN_HAS_CREATED,
    COLUMN_CREATED_TEXT,
    COLUMN_CREATED,
    COLUMN_HAS_MODIFIED,
    COLUMN_MODIFIED_TEXT,
    COLUMN_MODIFIED,
    COLUMN_HAS_DETECTED,
    COLUMN_DETECTED_TEXT
};

static const char *text_of(const PGresult *r, int row, int has)
{
    return strcmp(PQgetvalue(r, row, has), "t") == 0 ? PQgetvalue(r, row, has + 1) : NULL;
}

static void check_rows(struct row_checks *i, const PGresult *kinds, const PGresult *twice)
{
    for (int row = 0; row < PQntuples(kinds); row++)
        row_checks_add(i, PQgetvalue(kinds, row, 0), (uint64_t)db_answer_number(kinds, row, 1),
                       PQgetvalue(kinds, row, 2));
    for (int row = 0; row < PQntuples(twice); row++) {
        const struct row_checks_record s = {
            .key = PQgetvalue(twice, row, COLUMN_KEY),
            .key_text = text_of(twice, row, COLUMN_HAS_KEY),
            .created_text = text_of(twice, row, COLUMN_HAS_CREATED),
            .modified_text = text_of(twice, row, COLUMN_HAS_MODIFIED),
            .detected_text = text_of(twice, row, COLUMN_HAS_DETECTED),
            .created = db_answer_time(twice, row, COLUMN_CREATED),
            .modified = db_answer_time(twice, row, COLUMN_MODIFIED),
        };
        row_checks_row(i, &s);
    }
}

static enum err_code check_window(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    const struct relation *r = &w->target->relation;
    char from[ROW_MOVER_NUMBER];
    char to[ROW_MOVER_NUMBER];
    int64_t most = (int64_t)(w->context->rows * WINDOW / (session_too_slow(s) ? WINDOW : 1));
    int64_t size = most < w->left ? most : w->left;
    PGresult *window = NULL;
    PGresult *kinds = NULL;
    PGresult *twice = NULL;
    struct sql_var vars[] = {{"schema", r->schema},
                             {"relation", r->name},
                             {"key", r->key},
                             {"from", row_mover_number(w->from, from)},
                             {"rows", row_mover_number(size, to)}};
    enum err_code rc = session_run(s, sql_window, vars, 5, &window, e);

    if (rc == OK && db_answer_number(window, 0, 1) == 0) {
        w->over = true;
    } else if (rc == OK) {
        int64_t last = db_answer_number(window, 0, 0);
        vars[4] = (struct sql_var){"to", row_mover_number(last, to)};
        if ((rc = session_run(s, sql_inspect_rows, vars, 5, &kinds, e)) == OK &&
            (rc = session_run(s, sql_inspect_times, vars, 5, &twice, e)) == OK) {
            check_rows(&w->row_checks, kinds, twice);
            w->left -= size;
            w->over = last == INT64_MAX || w->left == 0;
            w->from = last == INT64_MAX ? last : last + 1;
        }
    }
    PQclear(window);
    PQclear(kinds);
    PQclear(twice);
    return rc;
}

/* ---- the table as a whole ---- */

static enum err_code check_room(void *ctx, struct session *s, struct err *e)
{
    const struct work *w = ctx;
    const struct relation *rel = &w->target->relation;
    const struct sql_var vars[] = {{"schema", rel->schema}, {"relation", rel->name}};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_inspect_table, vars, 2, &r, e);

    for (int i = 0; rc == OK && i < PQntuples(r); i++) {
        const char *state = PQgetvalue(r, i, 0);
        findings_add(w->findings,
                     strcmp(state, "wrong") == 0    ? FINDING_WRONG
                     : strcmp(state, "change") == 0 ? FINDING_CHANGE
                                                    : FINDING_OK,
                     ERR_DATA, w->target->table, "%s", PQgetvalue(r, i, 1));
    }
    PQclear(r);
    return rc;
}

/* Checks the keys. After a time limit it is not tried again, since the whole table would take as long once more. */
static enum err_code check_keys(void *ctx, struct session *s, struct err *e)
{
    const struct work *w = ctx;
    const struct relation *rel = &w->target->relation;
    const struct sql_var vars[] = {
        {"schema", rel->schema}, {"relation", rel->name}, {"key", rel->key}};
    PGresult *r = NULL;
    enum err_code rc = session_query(s, sql_inspect_begin, NULL, 0, NULL, e);

    if (rc == OK)
        rc = session_run(s, sql_inspect_keys, vars, 3, &r, e);
    if (rc == OK) {
        int64_t twice = db_answer_number(r, 0, 0);
        if (twice == 0)
            findings_add(w->findings, FINDING_OK, OK, w->target->table, "each key stands once");
        else
            findings_add(w->findings, FINDING_WRONG, ERR_DATA, w->target->table,
                         "%" PRId64 " rows have a key that another has, too: the key's index is "
                         "damaged; remove them, then REINDEX",
                         twice);
        rc = session_query(s, "COMMIT", NULL, 0, NULL, e);
    } else if (db_trouble_of(DB_PHASE_MAINTENANCE, e) == DB_TOO_SLOW && !session_stopping(s)) {
        findings_add(w->findings, FINDING_CHANGE, OK, w->target->table,
                     "whether each key stands once takes longer to see than the database lets a "
                     "statement take");
        rc = session_query(s, "ROLLBACK", NULL, 0, NULL, e);
    }
    PQclear(r);
    return rc;
}

/* ---- pages that the table lacks ---- */

static void report_missing(const struct work *w, const struct loaded_row *row)
{
    char since[WHEN_TEXT];
    const char *table = w->target->table;

    if (row->gaps > 0)
        findings_add(w->findings, FINDING_WRONG, ERR_SET_ASIDE, table,
                     "a gap since %s: pages were never loaded that the spool holds no more; fetch "
                     "the whole table again: netty-extract --full %s",
                     when_iso(row->since, since), table);
    if (row->holes > 0)
        findings_add(w->findings, FINDING_WRONG, ERR_SET_ASIDE, table,
                     "%" PRIu64 " holes since %s: pages that could not be read are missing; they "
                     "are loaded once they are whole, and `netty-spool heal %s` has them fetched "
                     "again",
                     row->holes, when_iso(row->since, since), table);
}

/* Looks for missing pages. Without the bookkeeping, or the right to read it, nothing is known; spool_diff_times reports that. */
static enum err_code check_missing(void *ctx, struct session *s, struct err *e)
{
    const struct work *w = ctx;
    const struct spool *spool = w->context->spool;
    const struct sql_var vars[] = {{"spool", spool_id(spool)}, {"unchecked", SQL_UNCHECKED_NONE}};
    struct loaded_row row;
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_loaded_progress, vars, 2, &r, e);

    if (rc != OK && (strcmp(e->sqlstate, "42501") == 0 || strcmp(e->sqlstate, "42P01") == 0 ||
                     strcmp(e->sqlstate, "42703") == 0)) {
        *e = ERR_INIT;
        return OK;
    }
    for (int i = 0; rc == OK && i < PQntuples(r);) {
        bool ours = strcmp(PQgetvalue(r, i, 0), w->target->table) == 0;
        rc = loaded_rows_next(r, spool_dir(spool), w->target->relation.schema, &i, &row, e);
        if (rc == OK && ours)
            report_missing(w, &row);
    }
    PQclear(r);
    return rc;
}

/* share: the part that is looked at, or NULL. Whether each key is there only once is checked for the whole table, once in a round. */
static enum err_code check_part(struct work *w, const struct check_share *share, struct err *e)
{
    struct command_context *c = w->context;
    const struct command_table *t = w->target;
    enum err_code rc = OK;

    while (rc == OK && !w->over)
        rc = session_try(c->session, check_window, w, e);
    if (rc != OK)
        return rc;
    row_checks_report(&w->row_checks, w->findings, t->table);
    session_long(c->session, true);
    if (share == NULL || share->last)
        rc = session_try(c->session, check_keys, w, e);
    if (rc == OK)
        rc = session_try(c->session, check_room, w, e);
    if (rc == OK)
        rc = spool_diff_times(c, t, share != NULL ? &share->from : NULL,
                              share != NULL ? &share->to : NULL, w->findings, e);
    session_long(c->session, false);
    return rc;
}

static enum err_code check_table(void *ctx, struct command_context *c,
                                 const struct command_table *t, struct err *e)
{
    struct work w = {.context = c,
                     .findings = ctx,
                     .target = t,
                     .row_checks = {.zone = c->zone},
                     .from = t->relation.key_min,
                     .left = INT64_MAX};
    struct check_share share;
    bool part = options_given(c->options, OPT_SHARE);
    enum err_code rc = OK;

    findings_mark(w.findings);
    if (part) {
        if ((rc = check_share_begin(&share, c, t, e)) != OK)
            return rc;
        w.from = share.from;
        w.left = share.rows;
        w.over = share.rows == 0;
    }
    if ((rc = check_part(&w, part ? &share : NULL, e)) != OK)
        return rc;
    rc = part ? check_share_end(&share, c, t, w.findings, e)
              : check_share_clear(c, t, w.findings, e);
    if (rc == OK)
        rc = view_check(c, t, w.findings, e);
    if (rc == OK && c->spool != NULL)
        rc = session_try(c->session, check_missing, &w, e);
    return rc;
}

static enum err_code merge_table(void *ctx, struct command_context *c,
                                 const struct command_table *t, struct err *e)
{
    (void)ctx;
    return spool_diff_members(c, t, e);
}

enum err_code cmd_check(struct command_context *c, struct err *e)
{
    struct findings *f = NULL;
    enum err_code rc;

    if (options_int(c->options, OPT_MERGE) != 0) {
        if (c->spool == NULL)
            return err_set(e, ERR_NO_SPOOL, "there is no spool at %s to compare with",
                           options_text(c->options, OPT_SPOOL));
        return command_each_table(c, merge_table, NULL, e);
    }
    if ((rc = findings_open(&f, c->json, c->account, e)) != OK)
        return rc;
    rc = command_each_table(c, check_table, f, e);
    c->code = exit_graver(c->code, findings_exit(f));
    /* What was found before a failure is told. */
    struct err late = ERR_INIT;
    if (findings_report(f, stdout, &late) != OK && rc == OK) {
        *e = late;
        rc = late.code;
    }
    findings_close(f);
    return rc;
}

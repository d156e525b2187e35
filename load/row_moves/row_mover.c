#include "load/row_moves/row_mover.h"
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "shared/files/fault_point.h"
#include "shared/log/log.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW        10 /* keys looked at for each row that a transaction may take */
#define KEYS_MAX      ((size_t)32 << 20) /* a million of keys with 20 digits */
#define NUMBER        ROW_MOVER_NUMBER
#define CONDITION_MAX ((size_t)1 << 18)

const char *row_mover_number(int64_t n, char out[ROW_MOVER_NUMBER])
{
    (void)snprintf(out, NUMBER, "%" PRId64, n);
    return out;
}

static struct sql_var var(const char *name, const char *value)
{
    return (struct sql_var){name, value};
}

/* The window that begins at m->from. */
static enum err_code find_window(struct row_mover *m, struct session *s, struct err *e)
{
    char from[NUMBER];
    char rows[NUMBER];
    const struct sql_var vars[] = {
        var("schema", m->relation->schema), var("relation", m->relation->name),
        var("key", m->relation->key), var("from", row_mover_number(m->from, from)),
        var("rows", row_mover_number((int64_t)(m->share * WINDOW), rows))};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_window, vars, sizeof vars / sizeof *vars, &r, e);

    if (rc == OK) {
        m->over = db_answer_number(r, 0, 1) == 0;
        m->to = db_answer_number(r, 0, 0);
    }
    PQclear(r);
    return rc;
}

/* ---- rows that others refer to ---- */

static enum err_code look_for_references(struct row_mover *m, struct session *s, struct err *e)
{
    enum err_code rc;

    if ((rc = references_read(&m->references, s, m->relation, e)) == OK &&
        (rc = references_narrow(&m->taken, m->references, m->condition, e)) == OK)
        rc = references_held(&m->held, m->references, m->condition, e);
    return rc;
}

/* Counts the rows of the window up to `last` that others refer to, and notes the first of their keys. */
static enum err_code count_held(struct row_mover *m, struct session *s, int64_t last, struct err *e)
{
    char from[NUMBER];
    char to[NUMBER];
    const struct sql_var vars[] = {var("schema", m->relation->schema),
                                   var("relation", m->relation->name),
                                   var("key", m->relation->key),
                                   var("condition", m->held.data),
                                   var("from", row_mover_number(m->from, from)),
                                   var("to", row_mover_number(last, to))};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_left_count, vars, sizeof vars / sizeof *vars, &r, e);

    if (rc == OK) {
        m->counts.held += (uint64_t)db_answer_number(r, 0, 0);
        if (m->first[0] == '\0')
            (void)snprintf(m->first, sizeof m->first, "%s", PQgetvalue(r, 0, 1));
    }
    PQclear(r);
    return rc;
}

/* The window is done up to `last`. */
static enum err_code finish_window(struct row_mover *m, struct session *s, int64_t last,
                                   struct err *e)
{
    bool any = m->references != NULL && references_any(m->references);
    enum err_code rc = any ? count_held(m, s, last, e) : OK;

    if (rc == OK) {
        m->over = last == INT64_MAX;
        m->from = m->over ? last : last + 1;
    }
    return rc;
}

static enum err_code count_window(struct row_mover *m, struct session *s, struct err *e)
{
    char from[NUMBER];
    char to[NUMBER];
    const struct sql_var vars[] = {var("schema", m->relation->schema),
                                   var("relation", m->relation->name),
                                   var("key", m->relation->key),
                                   var("condition", m->taken.data),
                                   var("from", row_mover_number(m->from, from)),
                                   var("to", row_mover_number(m->to, to))};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_due_count, vars, sizeof vars / sizeof *vars, &r, e);

    if (rc == OK && (rc = finish_window(m, s, m->to, e)) == OK) {
        m->counts.rows += (uint64_t)db_answer_number(r, 0, 0);
        m->counts.bytes += (uint64_t)db_answer_number(r, 0, 1);
    }
    PQclear(r);
    return rc;
}

/* ---- one transaction ---- */

static enum err_code lock_rows(const struct row_mover *m, struct session *s, PGresult **rows,
                               struct err *e)
{
    char from[NUMBER];
    char to[NUMBER];
    char most[NUMBER];
    char bytes[NUMBER];
    const struct sql_var vars[] = {var("schema", m->relation->schema),
                                   var("relation", m->relation->name),
                                   var("key", m->relation->key),
                                   var("condition", m->taken.data),
                                   var("from", row_mover_number(m->from, from)),
                                   var("to", row_mover_number(m->to, to)),
                                   var("rows", row_mover_number((int64_t)m->share, most)),
                                   var("bytes", row_mover_number((int64_t)m->bytes, bytes))};
    enum err_code rc = session_query(s, sql_begin, NULL, 0, NULL, e);

    return rc == OK ? session_run(s, sql_due_take, vars, sizeof vars / sizeof *vars, rows, e) : rc;
}

static enum err_code list_keys(struct buf *keys, const PGresult *rows, struct err *e)
{
    enum err_code rc;

    buf_reset(keys);
    rc = buf_addc(keys, '{');
    for (int i = 0; rc == OK && i < PQntuples(rows); i++)
        rc = buf_addf(keys, "%s%s", i > 0 ? "," : "", PQgetvalue(rows, i, 0));
    if (rc == OK)
        rc = buf_addc(keys, '}');
    return rc == OK ? OK : buf_err(e, rc, keys, "the keys of a batch");
}

static enum err_code with_keys(const struct row_mover *m, struct session *s, const char *text,
                               int64_t *count, struct err *e)
{
    const struct sql_var vars[] = {var("schema", m->relation->schema),
                                   var("relation", m->relation->name), var("key", m->relation->key),
                                   var("keys", m->unsure.data)};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, text, vars, sizeof vars / sizeof *vars, &r, e);

    if (rc == OK)
        *count = db_answer_number(r, 0, 0);
    PQclear(r);
    return rc;
}

static uint64_t lines_size(const PGresult *rows)
{
    uint64_t n = 0;

    for (int i = 0; i < PQntuples(rows); i++)
        n += (uint64_t)PQgetlength(rows, i, 1) + 1;
    return n;
}

static enum err_code refuse_count(struct row_mover *m, int64_t gone, int64_t of, struct err *e)
{
    buf_reset(&m->unsure);
    return err_set(e, ERR_REFUSED,
                   "the database removed %" PRId64 " of %" PRId64
                   " rows: look for triggers and row-level security on %s",
                   gone, of, m->relation->name);
}

/* m->unsure holds the keys: what to look for when the answer is lost. */
static enum err_code commit_rows(struct row_mover *m, struct session *s, int64_t rows,
                                 struct err *e)
{
    FAULT("rows-deleted");
    m->unsure_rows = (size_t)rows;
    enum err_code rc = session_query(s, "COMMIT", NULL, 0, NULL, e);
    if (rc != OK)
        return rc;
    FAULT("rows-committed");
    buf_reset(&m->unsure);
    m->counts.rows += (uint64_t)rows;
    m->counts.batches++;
    return OK;
}

static enum err_code remove_rows(struct row_mover *m, struct session *s, const PGresult *rows,
                                 struct err *e)
{
    int64_t gone = 0;
    enum err_code rc;

    if ((rc = m->take(m->ctx, rows, e)) != OK || (rc = list_keys(&m->unsure, rows, e)) != OK ||
        (m->noted && (rc = with_keys(m, s, sql_put_away_note, &gone, e)) != OK) ||
        (rc = with_keys(m, s, sql_rows_delete, &gone, e)) != OK) {
        buf_reset(&m->unsure);
        return rc;
    }
    if (gone != PQntuples(rows))
        return refuse_count(m, gone, PQntuples(rows), e);
    if ((rc = commit_rows(m, s, gone, e)) == OK)
        m->counts.bytes += lines_size(rows);
    return rc;
}

static enum err_code take_window(struct row_mover *m, struct session *s, struct err *e)
{
    PGresult *rows = NULL;
    enum err_code rc = lock_rows(m, s, &rows, e);
    int n = rc == OK ? PQntuples(rows) : 0;
    int64_t last = n > 0 ? strtoll(PQgetvalue(rows, n - 1, 0), NULL, 10) : m->to;

    if (rc == OK)
        rc = n > 0 ? remove_rows(m, s, rows, e) : session_query(s, "COMMIT", NULL, 0, NULL, e);
    PQclear(rows);
    /* Fewer rows than fit may have been taken: the rest comes next. */
    return rc == OK ? finish_window(m, s, last, e) : rc;
}

enum {
    MOVED_LAST,
    MOVED_DUE,
    MOVED_ROWS,
    MOVED_MERGED,
    MOVED_KEYS
};

static enum err_code moved_rows(struct row_mover *m, struct session *s, const PGresult *r,
                                struct err *e)
{
    int64_t due = db_answer_number(r, 0, MOVED_DUE);
    int64_t moved = db_answer_number(r, 0, MOVED_ROWS);
    enum err_code rc;

    if (due == 0)
        return session_query(s, "COMMIT", NULL, 0, NULL, e);
    if (due != moved)
        return refuse_count(m, moved, due, e);
    buf_reset(&m->unsure);
    if ((rc = buf_adds(&m->unsure, PQgetvalue(r, 0, MOVED_KEYS))) != OK)
        return buf_err(e, rc, &m->unsure, "the keys of a batch");
    if ((rc = commit_rows(m, s, moved, e)) == OK)
        m->counts.merged += (uint64_t)db_answer_number(r, 0, MOVED_MERGED);
    return rc;
}

static enum err_code move_window(struct row_mover *m, struct session *s, struct err *e)
{
    const struct row_mover_window window = {m->from, m->to, m->share, m->taken.data};
    PGresult *r = NULL;
    enum err_code rc = session_query(s, sql_begin, NULL, 0, NULL, e);

    if (rc == OK)
        rc = m->move(m->ctx, s, &window, &r, e);
    int64_t last = m->to;
    if (rc == OK && (size_t)db_answer_number(r, 0, MOVED_DUE) == m->share)
        last = db_answer_number(r, 0, MOVED_LAST);
    if (rc == OK)
        rc = moved_rows(m, s, r, e);
    PQclear(r);
    return rc == OK ? finish_window(m, s, last, e) : rc;
}

/* After the answer to a COMMIT was lost: counts the rows that are no longer there as moved. */
static enum err_code count_unsure(struct row_mover *m, struct session *s, struct err *e)
{
    int64_t there = 0;
    enum err_code rc = with_keys(m, s, sql_rows_there, &there, e);

    if (rc == OK) {
        m->counts.rows += m->unsure_rows - (uint64_t)there;
        buf_reset(&m->unsure);
    }
    return rc;
}

static enum err_code step(void *ctx, struct session *s, struct err *e)
{
    struct row_mover *m = ctx;
    enum err_code rc = OK;

    if (m->unsure.len > 0 && (rc = count_unsure(m, s, e)) != OK)
        return rc;
    if (session_too_slow(s) && m->share > 1)
        m->share /= 2;
    if (m->references == NULL && !m->in_place && (rc = look_for_references(m, s, e)) != OK)
        return rc;
    if ((rc = find_window(m, s, e)) != OK || m->over)
        return rc;
    if (m->dry_run)
        return count_window(m, s, e);
    return m->move != NULL ? move_window(m, s, e) : take_window(m, s, e);
}

enum err_code row_mover_run(struct row_mover *m, struct session *s, struct err *e)
{
    enum err_code rc = OK;

    m->share = m->rows;
    m->from = m->relation->key_min;
    m->over = false;
    buf_init(&m->unsure, KEYS_MAX);
    buf_init(&m->taken, CONDITION_MAX);
    buf_init(&m->held, CONDITION_MAX);
    if (buf_adds(&m->taken, m->condition) != OK)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    while (rc == OK && !m->over) {
        rc = session_try(s, step, m, e);
        if (m->share < m->rows)
            m->share++;
    }
    if (m->counts.held > 0)
        LOG(LOG_WARN, "referenced", "rows stay, since rows of other tables refer to them",
            F_STR("relation", m->relation->name), F_INT("rows", m->counts.held),
            F_STR("keys", m->first));
    references_free(m->references);
    m->references = NULL;
    buf_free(&m->taken);
    buf_free(&m->held);
    buf_free(&m->unsure);
    return rc;
}

/* How one table is found: by the look at all tables of the run (tables_look.h), or by statements of its own; and what its triggers do to its
 * times. */
#include "load/database/sql.h"
#include "load/target/target_table_private.h"
#include "shared/log/log.h"
#include <stdio.h>
#include <string.h>

static void on_probed(void *ctx, const PGresult *r, const struct err *err);
static void on_unprobed(void *ctx, const PGresult *r, const struct err *err);

void target_table_tell_security(const struct target_table *s, const PGresult *list, int row)
{
    if (strcmp(PQgetvalue(list, row, LIST_RLS), "t") == 0)
        LOG(LOG_WARN, "row-security",
            "row-level security hides rows of the table from this role: their changes cannot be "
            "loaded; use its owner or a role with BYPASSRLS",
            F_STR("table", s->table));
}

void target_table_name_triggers(struct target_table *s, const PGresult *list, int row)
{
    (void)snprintf(s->triggers, sizeof s->triggers, "%s", PQgetvalue(list, row, LIST_TRIGGERS));
}

void target_table_busy(const struct target_table *s)
{
    if (s->conf.busy != NULL)
        s->conf.busy(s->conf.ctx);
}

/* Takes what the look at all tables saw of this table. What that does not answer is asked for this table alone. */
static void find_seen(struct target_table *s)
{
    struct err why = ERR_INIT;
    int row = 0;

    known_progress_free(&s->known);
    s->empty = s->must_probe = false;
    bool seen = tables_look_take(s->conf.look, s->table, &row);
    const PGresult *r = tables_look_list(s->conf.look);
    if (!seen || !PQgetisnull(r, row, LIST_PROBLEM)) {
        target_table_find_alone(s);
        return;
    }
    s->at = tables_look_at(s->conf.look);
    target_table_tell_security(s, r, row);
    if (relation_read(&s->relation, r, row, &why) != OK ||
        known_progress_read(&s->known, tables_look_progress(s->conf.look), s->table, &why) != OK) {
        target_table_end(s, &why);
        return;
    }
    if (s->known.foreign) {
        target_table_find_alone(s);
        return;
    }
    s->must_probe = s->relation.triggers;
    target_table_name_triggers(s, r, row);
    target_table_find_rows(s);
}

static void on_look(void *ctx, const struct err *err)
{
    struct target_table *s = ctx;

    if (err != NULL)
        target_table_end(s, err);
    else if (!target_table_stopped(s))
        find_seen(s);
}

void target_table_find(struct target_table *s, struct db *db, target_table_done_fn *done, void *ctx)
{
    struct tables_look *look = s->conf.look;

    s->db = db;
    s->done = done;
    s->ctx = ctx;
    s->created = s->adopted = s->alone = s->must_probe = s->probe_alone = false;
    if (look != NULL && tables_look_has(look, s->table))
        find_seen(s);
    else if (look == NULL || tables_look_lacks(look, s->table) ||
             !tables_look_start(look, db, s->table, on_look, s))
        target_table_find_alone(s);
}

/* ---- no more ---- */

void target_table_stop(struct target_table *s)
{
    s->stopping = true;
}

bool target_table_stopped(struct target_table *s)
{
    struct err e = ERR_INIT;

    if (!s->stopping)
        return false;
    err_set(&e, ERR_INTERRUPTED, "stopped before it was known how far the table is");
    target_table_end(s, &e);
    return true;
}

/* ---- its triggers ---- */

/* Finds out whether triggers set time_modified to now (as moddatetime does): then no edit would ever be newer than the stored row. */
void target_table_try_triggers(struct target_table *s)
{
    const struct relation *r = &s->relation;
    const struct sql_var vars[] = {{"schema", r->schema}, {"relation", r->name}, {"key", r->key}};
    struct err e = ERR_INIT;

    s->unprobed = true;
    buf_reset(&s->sql);
    enum err_code rc = buf_addf(&s->sql, SQL_TAG "%s", s->table, sql_begin);
    if (rc != OK)
        buf_err(&e, rc, &s->sql, "the statement");
    else
        rc = sql_expand(&s->sql, sql_probe_time, vars, 3, &e);
    if (rc != OK)
        target_table_end(s, &e);
    else
        db_query(s->db, s->sql.data, NULL, 0, on_probed, s);
}

static void on_probed(void *ctx, const PGresult *r, const struct err *err)
{
    struct target_table *s = ctx;

    if (err != NULL && db_lost(s->db)) {
        target_table_end(s, err);
        return;
    }
    if (err == NULL && PQntuples(r) == 1) {
        s->unprobed = false;
        s->relation.retimed = strcmp(PQgetvalue(r, 0, 0), "t") != 0;
    }
    if (s->relation.retimed)
        LOG(LOG_WARN, "retimed",
            "a trigger of the table sets time_modified: edits go in by the order in which they "
            "were fetched, whatever the stored time",
            F_STR("table", s->table), F_STR("triggers", s->triggers));
    db_query(s->db, "ROLLBACK", NULL, 0, on_unprobed, s);
}

static void on_unprobed(void *ctx, const PGresult *r, const struct err *err)
{
    struct target_table *s = ctx;

    (void)r;
    if (err != NULL)
        target_table_end(s, err);
    else if (s->probe_alone)
        target_table_end(s, NULL);
    else
        target_table_read_progress(s);
}

bool target_table_must_probe(const struct target_table *s)
{
    return s->must_probe;
}

void target_table_probe(struct target_table *s, target_table_done_fn *done, void *ctx)
{
    s->done = done;
    s->ctx = ctx;
    s->must_probe = false;
    s->probe_alone = true;
    target_table_try_triggers(s);
}

const struct tables_look *target_table_look(const struct target_table *s)
{
    return s->alone ? NULL : s->conf.look;
}

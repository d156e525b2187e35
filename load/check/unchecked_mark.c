#include "load/check/unchecked_mark.h"
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/row_moves/row_mover.h"
#include "shared/log/log.h"
#include "spool/control/loaded.h"
#include "spool/status/run_history.h"
#include <stdio.h>
#include <string.h>

struct work {
    struct unchecked_mark mark;
    const struct command_context *context;
    const struct command_table *target;
    bool dropped;
};

/* Whether the error means that there is no mark: before the first load there is no bookkeeping, and that of an earlier version has no marks. */
static bool is_none(const struct err *e)
{
    return strcmp(e->sqlstate, "42P01") == 0 || strcmp(e->sqlstate, "42501") == 0;
}

static enum err_code query_mark(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    const struct sql_var vars[] = {{"spool", spool_id(w->context->spool)},
                                   {"schema", w->target->relation.schema},
                                   {"table_name", w->target->table}};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_unchecked_read, vars, 3, &r, e);

    w->mark.there = rc == OK && PQntuples(r) == 1;
    if (w->mark.there) {
        (void)snprintf(w->mark.since, sizeof w->mark.since, "%s", PQgetvalue(r, 0, 0));
        w->mark.at = db_answer_number(r, 0, 1);
    }
    PQclear(r);
    return rc != OK && is_none(e) ? OK : rc;
}

enum err_code unchecked_mark_read(struct unchecked_mark *m, struct command_context *c,
                                  const struct command_table *t, struct err *e)
{
    struct work w = {.context = c, .target = t};
    enum err_code rc = c->spool == NULL ? OK : session_try(c->session, query_mark, &w, e);

    *m = w.mark;
    return rc;
}

static enum err_code drop_mark(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    char at[ROW_MOVER_NUMBER];
    const struct sql_var vars[] = {{"spool", spool_id(w->context->spool)},
                                   {"schema", w->target->relation.schema},
                                   {"table_name", w->target->table},
                                   {"at", row_mover_number(w->mark.at, at)}};
    enum err_code rc = session_run(s, sql_unchecked_drop, vars, 4, NULL, e);

    w->dropped = rc == OK;
    return rc != OK && is_none(e) ? OK : rc;
}

/* Tells the spool at once that the mark is gone. If that fails, the next load does so. */
static void tell_spool(const struct unchecked_mark *m, const struct command_context *c,
                       const char *table)
{
    struct err e = ERR_INIT;

    if (loaded_checked(c->spool, table, m->at, &e) != OK)
        LOG(LOG_DEBUG, "checked", "the next load will tell the spool that the mark is gone",
            F_STR("table", table), F_ERR(&e));
}

enum err_code unchecked_mark_judge(const struct unchecked_mark *m, struct command_context *c,
                                   const struct command_table *t, struct findings *f, bool equal,
                                   bool pruned, struct err *e)
{
    struct work w = {.mark = *m, .context = c, .target = t};
    enum err_code rc = OK;

    if (!m->there)
        return OK;
    bool whole = !pruned || run_history_full_since(c->spool, t->table, m->at);
    if (equal && whole && !c->dry_run)
        rc = session_try(c->session, drop_mark, &w, e);
    if (rc != OK)
        return rc;
    if (w.dropped) {
        tell_spool(m, c, t->table);
        findings_add(f, FINDING_OK, OK, t->table,
                     "it was emptied, made again or rewritten (%s UTC), and is now found equal to "
                     "the spool: the mark is taken away",
                     m->since);
    } else if (equal && whole)
        findings_add(f, FINDING_OK, OK, t->table,
                     "it was emptied, made again or rewritten (%s UTC), and is equal to the spool",
                     m->since);
    else
        findings_add(f, FINDING_CHANGE, OK, t->table,
                     "it was emptied, made again or rewritten (%s UTC), and is not yet found equal "
                     "to the spool%s%s",
                     m->since,
                     whole ? "" : ", which was pruned: fetch all anew, netty-extract --full ",
                     whole ? "" : t->table);
    return OK;
}

/*
 * A table whose storage file is another than when it was loaded: emptied, or rewritten (VACUUM FULL, CLUSTER, a change of type). What
 * is in it nobody knows, so all that the spool holds is loaded again, as --replay does of a range: each record rolled forward
 * through the later versions that were loaded (roll_forward.h), upserted over what is older or missing. A row that is there stays or
 * becomes what it would have been. The progress stays where it was; only at the end is the table's new identity noted, so that a
 * load that is interrupted begins anew. (One that was dropped and made again has another oid: sql_progress_find.)
 */
#include "load/database/sql.h"
#include "load/table/table_load_private.h"
#include "shared/log/log.h"
#include <stdio.h>
#include <string.h>

#define SQL_MAX 65536u

static void on_identity(void *ctx, const PGresult *r, const struct err *err);
static void on_noted(void *ctx, const PGresult *r, const struct err *err);

static void ask(struct table_load *t, const char *text, size_t n, db_done_fn *done)
{
    const struct relation *rel = target_table_relation(t->target);
    const struct sql_var vars[] = {{"spool", spool_id(t->conf.spool)},
                                   {"schema", rel->schema},
                                   {"table_name", t->name},
                                   {"identity", rel->identity}};
    struct err e = ERR_INIT;
    struct buf sql;

    buf_init(&sql, SQL_MAX);
    if (sql_expand(&sql, text, vars, n, &e) != OK)
        table_load_give_up(t, &e);
    else
        db_query(t->db, sql.data, NULL, 0, done, t);
    buf_free(&sql);
}

static bool is_bypassed(const struct table_load *t)
{
    return t->conf.dry_run || t->conf.replay || t->conf.redrive ||
           target_table_relation(t->target)->name == NULL;
}

void table_load_compare_identity(struct table_load *t)
{
    t->stored_in[0] = '\0';
    if (is_bypassed(t))
        table_load_locate(t);
    else
        ask(t, sql_stored_in_read, 3, on_identity);
}

/* The same table with another file. */
static bool was_rewritten(const char *before, const char *now)
{
    size_t n = strcspn(before, ".");

    return strcmp(before, now) != 0 && strncmp(before, now, n) == 0 && now[n] == '.';
}

/* Where it cannot be read nothing is known, and nothing is compared. */
static void on_identity(void *ctx, const PGresult *r, const struct err *err)
{
    struct table_load *t = ctx;

    if (err != NULL && db_lost(t->db)) {
        table_load_failed(t, DB_PHASE_BOOKKEEPING, err);
        return;
    }
    if (err == NULL && PQntuples(r) == 1)
        (void)snprintf(t->stored_in, sizeof t->stored_in, "%s", PQgetvalue(r, 0, 0));
    if (t->stored_in[0] != '\0' &&
        was_rewritten(t->stored_in, target_table_relation(t->target)->identity)) {
        LOG(LOG_WARN, "remade",
            "the table was emptied or rewritten since it was loaded: all that the spool holds is "
            "loaded again",
            F_STR("table", t->name));
        t->reload = t->conf.replay = true;
    }
    table_load_locate(t);
}

void table_load_drop_reload(struct table_load *t)
{
    if (!t->reload)
        return;
    t->reload = t->conf.replay = false;
    t->found = false;
}

void table_load_all_in(struct table_load *t)
{
    bool known = strcmp(t->stored_in, target_table_relation(t->target)->identity) == 0;

    if (!t->reload && (is_bypassed(t) || known))
        table_load_ended(t);
    else
        ask(t, sql_stored_in_note, 4, on_noted);
}

static void on_noted(void *ctx, const PGresult *r, const struct err *err)
{
    struct table_load *t = ctx;

    (void)r;
    if (err != NULL && (t->reload || db_lost(t->db))) {
        table_load_failed(t, DB_PHASE_BOOKKEEPING, err);
        return;
    }
    (void)snprintf(t->stored_in, sizeof t->stored_in, "%s",
                   target_table_relation(t->target)->identity);
    if (!t->reload) {
        table_load_ended(t);
        return;
    }
    LOG(LOG_INFO, "reloaded", "all that the spool holds was loaded again", F_STR("table", t->name),
        F_INT("read", t->total.read));
    table_load_drop_reload(t);
    table_load_resume_after(t, 0);
}

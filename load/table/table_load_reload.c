/*
 * A table that is another one than when it was loaded last.
 *
 * If its storage file is another one, the table was emptied or rewritten (VACUUM FULL, CLUSTER, a change of type). It is not known what is in it, so
 * all that the spool holds is loaded again, as a replay of a range does: each record is rolled forward through the later versions that were
 * loaded (roll_forward.h), and upserted over what is older or missing. A row that is there stays, or becomes what it would have been. The
 * progress stays where it was; the table's new identity is noted only at the end, so that an interrupted load begins anew.
 *
 * If its oid is another one, the table was dropped and made again, and its progress begins anew (sql_progress_adopt).
 *
 * In both cases the table is marked until check has found it equal to the spool (sql_unchecked_note). Rows that were archived or purged do not
 * come back: only newer versions of them are put in (sql_source_noted, sql_source_archived).
 */
#include "load/database/sql.h"
#include "load/table/table_load_private.h"
#include "shared/base/table_names.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "spool/segment/pruned.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SQL_MAX 65536u

static void on_away(void *ctx, const PGresult *r, const struct err *err);
static void on_marked(void *ctx, const PGresult *r, const struct err *err);
static void on_noted(void *ctx, const PGresult *r, const struct err *err);

static void ask_with(struct table_load *t, const char *text, const struct sql_var *vars, size_t n,
                     db_done_fn *done)
{
    struct err e = ERR_INIT;
    struct buf sql;

    buf_init(&sql, SQL_MAX);
    if (sql_expand(&sql, text, vars, n, &e) != OK)
        table_load_give_up(t, &e);
    else
        table_load_ask(t, sql.data, done);
    buf_free(&sql);
}

/* The end of an unlogged table's identity while the table has no page. */
static const char no_page[] = ".empty";

static size_t bare_length(const char *identity)
{
    size_t n = strlen(identity);
    size_t m = sizeof no_page - 1;

    return n > m && strcmp(identity + n - m, no_page) == 0 ? n - m : n;
}

/* Whether a crash of the server has emptied an unlogged table: it has the same file, and no page now. */
static bool was_lost(const char *before, const char *now)
{
    return bare_length(now) < strlen(now) && strncmp(before, now, bare_length(now)) == 0 &&
           before[bare_length(now)] == '\0';
}

static void ask(struct table_load *t, const char *text, size_t n, db_done_fn *done)
{
    const struct relation *rel = target_table_relation(t->target);
    char identity[sizeof t->stored_in];
    const struct sql_var vars[] = {{"spool", spool_id(t->conf.spool)},
                                   {"schema", rel->schema},
                                   {"table_name", t->name},
                                   {"identity", identity}};

    (void)snprintf(identity, sizeof identity, "%.*s", (int)bare_length(rel->identity),
                   rel->identity);
    ask_with(t, text, vars, n, done);
}

static bool is_bypassed(const struct table_load *t)
{
    return t->conf.dry_run || t->conf.replay || t->conf.redrive ||
           target_table_relation(t->target)->name == NULL;
}

/* Whether it is the same table with another storage file. */
static bool was_rewritten(const char *before, const char *now)
{
    size_t n = strcspn(before, ".");

    return strcmp(before, now) != 0 && strncmp(before, now, n) == 0 && now[n] == '.';
}

/* Whether the table was dropped and made again, so that its progress has begun anew. A table that came with a dump has another oid, too, but keeps
 * its progress. */
static bool was_made_again(struct table_load *t)
{
    const struct known_progress *k = target_table_known(t->target);
    const struct progress none = {0};
    bool anew = true;

    for (size_t b = 0; b < k->branches_count; b++)
        for (size_t i = 0; i < LANES; i++)
            anew = anew && progress_compare(&k->branches[b].at.at[i], &none) == 0;
    return anew;
}

/* If the identity is not known, nothing is compared. */
void table_load_compare_identity(struct table_load *t)
{
    const struct relation *rel = target_table_relation(t->target);
    const struct sql_var vars[] = {{"schema", rel->schema}, {"relation", rel->name}};

    t->stored_in[0] = '\0';
    t->archived = t->noted = false;
    if (!is_bypassed(t))
        (void)snprintf(t->stored_in, sizeof t->stored_in, "%s",
                       target_table_known(t->target)->stored_in);
    if (t->stored_in[0] == '\0' || strcmp(t->stored_in, rel->identity) == 0 ||
        (was_lost(t->stored_in, rel->identity) && was_made_again(t)))
        table_load_judge_other(t);
    else
        ask_with(t, sql_put_away_look, vars, 2, on_away);
}

static void on_away(void *ctx, const PGresult *r, const struct err *err)
{
    struct table_load *t = ctx;

    if (err != NULL && db_lost(t->db)) {
        table_load_failed(t, DB_PHASE_BOOKKEEPING, err);
        return;
    }
    t->archived = err == NULL && strcmp(PQgetvalue(r, 0, 0), "t") == 0;
    t->noted = err == NULL && strcmp(PQgetvalue(r, 0, 1), "t") == 0;
    bool lost = was_lost(t->stored_in, target_table_relation(t->target)->identity);
    bool away = lost && (t->archived || t->noted); /* it may well be empty */
    if (!away && (was_rewritten(t->stored_in, target_table_relation(t->target)->identity) ||
                  was_made_again(t)))
        ask(t, sql_unchecked_note, 3, on_marked);
    else
        table_load_judge_other(t);
}

/* Logs that rows which only pruned pages had cannot be loaded again. */
static void tell_pruned(const struct table_load *t)
{
    char dir[IO_PATH];
    char command[NAMES_TABLE_MAX + 32];
    uint64_t pruned = 0;
    struct err e = ERR_INIT;

    if (io_path(dir, spool_dir(t->conf.spool), t->name, &e) != OK ||
        pruned_read(dir, &pruned, NULL) != OK || pruned == 0)
        return;
    (void)snprintf(command, sizeof command, "netty-extract --full %s", t->name);
    LOG(LOG_WARN, "reach",
        "the spool does not reach back to the table's beginning: if the table was emptied, what is "
        "missing has to be fetched anew",
        F_STR("table", t->name), F_INT("pruned", pruned), F_STR("run", command));
}

static void on_marked(void *ctx, const PGresult *r, const struct err *err)
{
    struct table_load *t = ctx;
    bool rewritten = was_rewritten(t->stored_in, target_table_relation(t->target)->identity);

    (void)r;
    if (err != NULL && db_lost(t->db)) {
        table_load_failed(t, DB_PHASE_BOOKKEEPING, err);
        return;
    }
    LOG(LOG_WARN, "remade",
        rewritten ? "the table was emptied or rewritten since it was loaded: all that the spool "
                    "holds is loaded again; netty-load check tells when it is equal"
                  : "the table was dropped and made again since it was loaded: all that the spool "
                    "holds is loaded again; netty-load check tells when it is equal",
        F_STR("table", t->name));
    tell_pruned(t);
    t->reload = t->conf.replay = rewritten;
    table_load_judge_other(t);
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
    const char *identity = target_table_relation(t->target)->identity;
    bool known = strncmp(t->stored_in, identity, bare_length(identity)) == 0 &&
                 t->stored_in[bare_length(identity)] == '\0';

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
    (void)snprintf(t->stored_in, sizeof t->stored_in, "%.*s",
                   (int)bare_length(target_table_relation(t->target)->identity),
                   target_table_relation(t->target)->identity);
    t->archived = t->noted = false;
    if (!t->reload) {
        table_load_ended(t);
        return;
    }
    LOG(LOG_INFO, "reloaded", "all that the spool holds was loaded again", F_STR("table", t->name),
        F_INT("read", t->total.read));
    table_load_drop_reload(t);
    table_load_resume_after(t, 0);
}

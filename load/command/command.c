#include "load/command/command.h"
#include "load/address/db_same.h"
#include "load/database/sql.h"
#include "shared/base/table_names.h"
#include "shared/cli/stop_signals.h"
#include "shared/log/log.h"
#include "spool/store/accounts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MAX_US (300 * WHEN_SECOND) /* between two tries */
#define ROWS_MOST    1000                /* of a transaction, where --batch-rows does not say */

#define OWN_MAX COMMAND_OPTIONS

/* ---- what cannot be joined ---- */

static bool on_command_line(const struct options *o, enum option_id id)
{
    return strncmp(options_origin(o, id), "--", 2) == 0;
}

static bool is_own(const struct command *c, enum option_id id)
{
    for (size_t i = 0; i < OWN_MAX; i++)
        if (c->own[i] == id && id != 0)
            return true;
    return false;
}

/* Refuses options on the command line that belong to loading, or to another command. Settings in the environment or the file are for all. */
static enum err_code check_options(const struct options *o, const struct commands *all,
                                   const struct command *command, struct err *e)
{
    static const enum option_id loading[] = {
        OPT_EVERY,   OPT_FOLLOW, OPT_CREATE_TABLES, OPT_ON_NUL,  OPT_REPLAY,
        OPT_FROM,    OPT_TO,     OPT_JOBS,          OPT_SEGMENT, OPT_REDRIVE,
        OPT_CATALOG, OPT_CHECK,  OPT_LOADED,        OPT_VIEWS,   OPT_ADOPT};

    for (size_t i = 0; i < sizeof loading / sizeof *loading; i++)
        if (on_command_line(o, loading[i]))
            return err_set(e, ERR_USAGE, "--%s is not for netty-load %s",
                           option_table[loading[i]].name, command->name);
    for (size_t i = 0; i < all->count; i++)
        for (size_t k = 0; k < OWN_MAX && all->list[i].own[k] != 0; k++)
            if (on_command_line(o, all->list[i].own[k]) && !is_own(command, all->list[i].own[k]))
                return err_set(e, ERR_USAGE, "--%s is of netty-load %s, not of netty-load %s",
                               option_table[all->list[i].own[k]].name, all->list[i].name,
                               command->name);
    return OK;
}

/* Refuses a word that is a command's name with a letter wrong, which would be taken for an unknown table. Tables for doctor or --follow need
 * not be in the spool yet. */
static enum err_code refuse_slip(const struct options *o, struct err *e)
{
    const char *meant = options_slip(o);
    const char *const *words = NULL;
    struct spool *spool = NULL;
    struct err why = ERR_INIT;
    bool held = false;

    if (meant == NULL || options_words(o, &words) == 0 || options_int(o, OPT_CHECK) != 0 ||
        options_int(o, OPT_FOLLOW) != 0)
        return OK;
    if (spool_open(&spool, options_text(o, OPT_SPOOL), SPOOL_LOOK, &why) == OK &&
        spool_holds(spool, words[0], &held, &why) != OK)
        held = true; /* the load will say what is wrong with the spool */
    spool_close(spool);
    if (held)
        return OK;
    return err_set(
        e, ERR_USAGE,
        "unknown command %.57s; did you mean %s? Nor does the spool %s hold such a table", words[0],
        meant, options_text(o, OPT_SPOOL));
}

enum err_code command_none(const struct options *o, const struct commands *all, struct err *e)
{
    for (size_t i = 0; i < all->count; i++)
        for (size_t k = 0; k < OWN_MAX && all->list[i].own[k] != 0; k++)
            if (on_command_line(o, all->list[i].own[k]))
                return err_set(e, ERR_USAGE, "--%s is of netty-load %s, which goes before it",
                               option_table[all->list[i].own[k]].name, all->list[i].name);
    return refuse_slip(o, e);
}

/* ---- what commands share ---- */

enum err_code command_cutoff(const struct command_context *c, int64_t *cutoff, struct err *e)
{
    if (!options_given(c->options, OPT_OLDER_THAN))
        return err_set(e, ERR_USAGE, "netty-load %s needs --older-than D, as in --older-than 90d",
                       c->name);
    *cutoff = when_now() - options_int(c->options, OPT_OLDER_THAN);
    return OK;
}

enum err_code command_archive_dir(const struct command_context *c, char **dir, struct err *e)
{
    const char *given = options_text(c->options, OPT_ARCHIVE_DIR);
    const char *spool = options_text(c->options, OPT_SPOOL);
    size_t n = strlen(spool);

    while (n > 1 && spool[n - 1] == '/')
        n--;
    if (given != NULL)
        *dir = strdup(given);
    else if (asprintf(dir, "%.*s-archive", (int)n, spool) < 0)
        *dir = NULL;
    return *dir != NULL ? OK : err_set(e, ERR_NOMEM, "out of memory");
}

void command_failed(struct command_context *c, const char *table, const struct err *err)
{
    LOG(err->code == ERR_INTERRUPTED ? LOG_WARN : LOG_ERROR, "failed",
        "the command did not do all of this table", F_STR("table", table),
        F_STR("command", c->name), F_ERR(err), F_STR("sqlstate", err->sqlstate));
    c->code = exit_graver(c->code, err_exit(err->code));
}

/* ---- tables ---- */

struct listing {
    const char *schema;
    PGresult **result;
};

static enum err_code list(void *ctx, struct session *s, struct err *e)
{
    struct listing *w = ctx;

    return session_list(s, w->schema, w->result, e);
}

static int find_table(const PGresult *r, const char *table)
{
    int row = 0;

    while (row < PQntuples(r) && strcmp(PQgetvalue(r, row, LIST_TABLE), table) != 0)
        row++;
    return row < PQntuples(r) ? row : -1;
}

/* Whether a command can work on the table. A table that the role may not load into can still be looked after. */
static bool usable(const PGresult *r, int row)
{
    return PQgetisnull(r, row, LIST_PROBLEM) || strcmp(PQgetvalue(r, row, LIST_DENIED), "t") == 0;
}

static enum err_code read_target(struct command_table *t, const PGresult *r, int row,
                                 const char *table, struct err *e)
{
    *t = (struct command_table){0};
    if (row < 0)
        return err_set(e, ERR_CONFIG, "the database has no table netty-%s that search_path shows",
                       table);
    if (!usable(r, row))
        return err_set(e, ERR_CONFIG, "the table netty-%s %s; mend that, then run again", table,
                       PQgetvalue(r, row, LIST_PROBLEM));
    if ((t->table = strdup(table)) == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    return relation_read(&t->relation, r, row, e);
}

static enum err_code one_table(struct command_context *c, const PGresult *r, int row,
                               const char *table, target_fn *fn, void *ctx, struct err *e)
{
    struct command_table target;
    struct err err = ERR_INIT;
    enum err_code rc = read_target(&target, r, row, table, &err);

    if (rc == OK)
        rc = fn(ctx, c, &target, &err);
    relation_free(&target.relation);
    free(target.table);
    if (rc == OK)
        return OK;
    command_failed(c, table, &err);
    /* Where nobody can be reached, or nothing more is wanted, the others need not be begun. */
    if (rc == ERR_INTERRUPTED || session_unreachable(c->session))
        return err_set(e, rc, "the tables after it were not begun");
    return OK;
}

enum err_code command_each_table(struct command_context *c, target_fn *fn, void *ctx, struct err *e)
{
    const char *const *tables = NULL;
    PGresult *r = NULL;
    struct listing w = {options_text(c->options, OPT_SCHEMA), &r};
    size_t n = 0;
    enum err_code rc = options_tables(c->options, &tables, &n, e);

    if (rc == OK)
        rc = session_try(c->session, list, &w, e);
    for (size_t i = 0; rc == OK && i < n; i++)
        rc = one_table(c, r, find_table(r, tables[i]), tables[i], fn, ctx, e);
    for (int i = 0; rc == OK && n == 0 && i < PQntuples(r); i++)
        if (usable(r, i))
            rc = one_table(c, r, i, PQgetvalue(r, i, LIST_TABLE), fn, ctx, e);
    PQclear(r);
    return rc;
}

enum err_code command_one_table(struct command_context *c, const char *table, target_fn *fn,
                                void *ctx, struct err *e)
{
    PGresult *r = NULL;
    struct listing w = {options_text(c->options, OPT_SCHEMA), &r};
    enum err_code rc = names_check_table(table, "the command line", e);

    if (rc == OK)
        rc = session_try(c->session, list, &w, e);
    if (rc == OK)
        rc = one_table(c, r, find_table(r, table), table, fn, ctx, e);
    PQclear(r);
    return rc;
}

/* ---- from the beginning to the end ---- */

static int complain(const struct err *e)
{
    LOG(LOG_ERROR, "stopped", "netty-load did not do all that was asked", F_ERR(e));
    return err_exit(e->code);
}

static void on_stop(void *ctx)
{
    struct command_context *c = ctx;

    LOG0(LOG_INFO, "stopping", "asked to stop; the batch under way is finished first");
    c->stopped = true;
    session_stop(c->session);
}

static enum err_code prepare(struct command_context *c, uv_loop_t *loop, struct spool **spool,
                             struct err *e)
{
    const struct options *o = c->options;
    const struct backoff backoff = {.base_us = options_int(o, OPT_RETRY_DELAY),
                                    .max_us = PAUSE_MAX_US,
                                    .tries = (unsigned)options_int(o, OPT_RETRIES)};
    enum err_code rc;

    options_setup_log(o);
    c->json = options_int(o, OPT_JSON) != 0;
    c->dry_run = options_int(o, OPT_DRY_RUN) != 0;
    c->rows = options_given(o, OPT_BATCH_ROWS) ? (size_t)options_int(o, OPT_BATCH_ROWS) : ROWS_MOST;
    c->bytes = (size_t)options_int(o, OPT_BATCH_BYTES);
    if ((c->account == NULL && (rc = accounts_check(o, db_same_text, e)) != OK) ||
        (rc = options_zone(o, &c->zone, e)) != OK)
        return rc;
    rc = spool_open(spool, options_text(o, OPT_SPOOL), SPOOL_LOOK, e);
    if (rc == ERR_NO_SPOOL)
        *spool = NULL; /* some commands look into it, none needs it */
    else if (rc != OK)
        return rc;
    c->spool = *spool;
    if ((rc = summary_open(&c->summary, c->json, e)) != OK)
        return rc;
    summary_lead(c->summary, "account", c->account);
    return session_open(&c->session, loop, options_text(o, OPT_DB), &backoff, e);
}

static void run(struct command_context *c, const struct command *command)
{
    struct err e = ERR_INIT;

    if (command->run(c, &e) != OK)
        c->code = exit_graver(c->code, complain(&e));
    e = ERR_INIT;
    if (summary_print(c->summary, stdout, &e) != OK)
        c->code = exit_graver(c->code, complain(&e));
}

/* With the options, the name and the account in c. */
static int work(struct command_context *c, const struct command *command)
{
    uv_loop_t loop;
    struct spool *spool = NULL;
    struct stop_signals *stop = NULL;
    struct err e = ERR_INIT;

    if (uv_loop_init(&loop) != 0) {
        err_set(&e, ERR_INTERNAL, "cannot make an event loop");
        return complain(&e);
    }
    if (prepare(c, &loop, &spool, &e) == OK &&
        stop_signals_open(&stop, &loop, on_stop, c, &e) == OK)
        run(c, command);
    else
        c->code = complain(&e);
    stop_signals_close(stop);
    session_close(c->session);
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* the handles' ends */
    if (uv_loop_close(&loop) != 0)
        LOG0(LOG_DEBUG, "loop", "a handle was left open");
    summary_close(c->summary);
    spool_close(spool);
    zone_close(c->zone);
    return c->code;
}

/* Returns the exit code; *stopped: the accounts behind this one need not be begun. */
static int one_account(const struct options *o, size_t i, const struct command *command,
                       bool *stopped)
{
    struct options *own = NULL;
    struct err e = ERR_INIT;
    int code;

    log_account(options_account_name(o, i));
    if (options_for_account(&own, o, i, &e) == OK) {
        struct command_context c = {
            .options = own, .name = command->name, .account = options_account_name(o, i)};
        code = work(&c, command);
        *stopped = c.stopped;
    } else {
        code = complain(&e);
    }
    options_free(own);
    log_account(NULL);
    return code;
}

static int each_account(const struct options *o, const struct command *command)
{
    struct err e = ERR_INIT;
    bool stopped = false;
    int code = 0;
    enum err_code rc;

    options_setup_log(o);
    if (command->alone || (command->one != 0 && options_given(o, command->one)))
        rc = accounts_name_one(o, command->name, &e);
    else
        rc = accounts_check_all(o, db_same_text, &e);
    if (rc != OK)
        return complain(&e);
    for (size_t i = 0; i < options_accounts(o) && !stopped; i++)
        code = exit_graver(code, one_account(o, i, command, &stopped));
    return code;
}

int command_main(const struct options *o, const struct commands *all)
{
    const char *name = options_command(o);
    struct err e = ERR_INIT;
    size_t i = 0;

    while (i < all->count && strcmp(all->list[i].name, name) != 0)
        i++;
    if (i == all->count)
        err_set(&e, ERR_INTERNAL, "the command %s is known and does nothing", name);
    else if (check_options(o, all, &all->list[i], &e) != OK)
        return complain(&e);
    else if (options_accounts(o) > 0 && options_account(o) == NULL)
        return each_account(o, &all->list[i]);
    else
        return work(&(struct command_context){.options = o, .name = name}, &all->list[i]);
    return complain(&e);
}

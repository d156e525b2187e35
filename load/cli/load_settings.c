#include "load/cli/load_settings.h"
#include "shared/time/when.h"

#define PAUSE_MAX_US (300 * WHEN_SECOND) /* between two tries */

/* Refuses settings that exclude each other. */
static enum err_code check_conf(const struct options *o, const struct load_run_conf *c,
                                struct err *e)
{
    bool replay = c->table.replay;
    bool some =
        options_given(o, OPT_FROM) || options_given(o, OPT_TO) || options_given(o, OPT_SEGMENT);
    bool loads = c->follow || replay || c->table.redrive || c->table.dry_run ||
                 options_int(o, OPT_LOADED) != 0;
    bool catalog = options_int(o, OPT_CATALOG) != 0;
    bool check = options_int(o, OPT_CHECK) != 0;

    if (some && !replay)
        return err_set(e, ERR_USAGE,
                       "--from, --to and --segment choose what replay loads again: "
                       "netty-load replay");
    if (c->follow && (replay || c->table.dry_run))
        return err_set(e, ERR_USAGE,
                       "--follow goes on for ever: it cannot be joined with replay "
                       "or --dry-run");
    if ((catalog || check) && (loads || (catalog && check)))
        return err_set(e, ERR_USAGE,
                       "doctor and catalog load nothing: give each alone, without --follow, "
                       "replay, redrive, --loaded and --dry-run");
    if (catalog && c->named)
        return err_set(e, ERR_USAGE, "catalog is of all netty-* tables of the database: name none");
    return OK;
}

enum err_code load_settings_read(struct load_run_conf *c, const struct options *o,
                                 const struct spool *spool, struct zone *zone, struct err *e)
{
    const char *const *words = NULL;
    enum err_code rc;

    *c = (struct load_run_conf){
        .table = {.spool = spool,
                  .schema = options_text(o, OPT_SCHEMA),
                  .zone = zone,
                  .backoff = {.base_us = options_int(o, OPT_RETRY_DELAY),
                              .max_us = PAUSE_MAX_US,
                              .tries = (unsigned)options_int(o, OPT_RETRIES)},
                  .batch = {.rows_max = (size_t)options_int(o, OPT_BATCH_ROWS),
                            .bytes_max = (size_t)options_int(o, OPT_BATCH_BYTES),
                            .replace = options_int(o, OPT_UPDATE) == 1,
                            .fold = true},
                  .connections = (unsigned)options_int(o, OPT_CONNECTIONS),
                  .replace_nul = options_int(o, OPT_ON_NUL) == 1,
                  .create = options_int(o, OPT_CREATE_TABLES) != 0,
                  .adopt = options_int(o, OPT_ADOPT) != 0,
                  .dry_run = options_int(o, OPT_DRY_RUN) != 0,
                  .replay = options_int(o, OPT_REPLAY) != 0,
                  .views = options_int(o, OPT_VIEWS) != 0,
                  .depth = (unsigned)options_int(o, OPT_DEPTH),
                  .redrive = options_int(o, OPT_REDRIVE) != 0,
                  .fetched_from = WHEN_NONE,
                  .fetched_to = WHEN_NONE},
        .options = o,
        .conninfo = options_text(o, OPT_DB),
        .jobs = (size_t)options_int(o, OPT_JOBS),
        .follow = options_int(o, OPT_FOLLOW) != 0,
        .progress = options_int(o, OPT_QUIET) == 0,
        .max_deletes = (unsigned)options_int(o, OPT_MAX_DELETES),
        .enlist = options_int(o, OPT_ENLIST) != 0,
        .limits = {.keep = options_int(o, OPT_SPOOL_KEEP),
                   .forget_after = options_int(o, OPT_FORGET_AFTER)},
        .named = options_words(o, &words) > 0,
    };
    if (options_given(o, OPT_SPOOL_MAX))
        c->limits.max = options_int(o, OPT_SPOOL_MAX);
    if (options_given(o, OPT_FROM))
        c->table.fetched_from = options_int(o, OPT_FROM);
    if (options_given(o, OPT_TO))
        c->table.fetched_to = options_int(o, OPT_TO);
    if (options_given(o, OPT_SEGMENT))
        c->table.segment = (uint64_t)options_int(o, OPT_SEGMENT);
    if ((rc = options_tables(o, &c->tables, &c->count, e)) == OK)
        rc = check_conf(o, c, e);
    return rc;
}

/* `netty-spool prune`: removes segments that are loaded and old. Just before, netty-load asks the database what is loaded. */
#include "shared/cli/summary.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/cli/spool_command.h"
#include "spool/maintenance/held_up.h"
#include "spool/maintenance/loaded_query.h"
#include "spool/maintenance/prune.h"
#include <inttypes.h>

static enum err_code on_segment(void *ctx, const struct pruned *p, struct err *e)
{
    const struct cell cells[] = {
        {.name = "table", .type = CELL_STR, .str = p->table},
        {.name = "segment", .type = CELL_INT, .num = (int64_t)p->segment},
        {.name = "bytes", .type = CELL_INT, .num = p->bytes},
        {.name = "ended", .type = CELL_TIME, .num = p->ended},
    };
    return summary_row(ctx, cells, sizeof cells / sizeof cells[0], e);
}

/* Does nothing: spool_command_each_table is called because it refuses a table that is not there. */
static enum err_code nothing(const struct spool_command *c, const char *table, void *ctx,
                             struct err *e)
{
    (void)c, (void)table, (void)ctx, (void)e;
    return OK;
}

/* Logs which databases keep segments that would otherwise be removed now. */
static enum err_code report_held_up(const struct spool_command *c, const struct prune_conf *conf,
                                    const struct prune_sum *sum, struct err *e)
{
    bool full = conf->max > 0 && sum->left > conf->max;
    const struct held_up_what what = {.tables = conf->tables,
                                      .count = conf->count,
                                      .before = full ? INT64_MAX : conf->now - conf->keep,
                                      .may_go = true};
    struct held_up all;
    char since[WHEN_TEXT];
    char at[WHEN_TEXT];
    enum err_code rc = held_up_list(&all, c->spool, &what, e);
    for (size_t i = 0; rc == OK && i < all.count; i++)
        LOG(LOG_WARN, "held-up",
            "a database has not loaded pages that would be removed; they stay until it has, or "
            "until it is forgotten (netty-spool forget --database NAME)",
            F_STR("database", all.entries[i].name),
            F_STR("since", when_iso(all.entries[i].lacks, since)),
            F_STR("asked", when_iso(all.entries[i].at, at)));
    held_up_free(&all);
    return rc;
}

static enum err_code prune(const struct spool_command *c, struct summary *summary, struct err *e)
{
    struct prune_sum sum;
    struct prune_conf conf = {
        .keep = options_int(c->options, OPT_SPOOL_KEEP),
        .max =
            options_given(c->options, OPT_SPOOL_MAX) ? options_int(c->options, OPT_SPOOL_MAX) : 0,
        .now = when_now(),
        .forget_after = options_int(c->options, OPT_FORGET_AFTER),
        .dry_run = options_int(c->options, OPT_DRY_RUN) != 0,
        .tables = c->words,
        .count = c->count,
    };
    enum err_code rc = prune_run(c->spool, &conf, on_segment, summary, &sum, e);
    if (rc != OK)
        return rc;
    LOG(LOG_INFO, "pruned",
        conf.dry_run ? "this is what would be removed, by the loader's last word"
                     : "loaded pages were removed",
        F_INT("segments", sum.segments), F_INT("bytes", sum.bytes), F_INT("left", sum.left),
        F_INT("caches", sum.caches.files), F_INT("cache_bytes", sum.caches.bytes));
    prune_report_silent(&sum);
    if ((rc = report_held_up(c, &conf, &sum, e)) != OK)
        return rc;
    if (sum.unknown > 0)
        return err_set(e, ERR_SET_ASIDE,
                       "the loaded.json of %" PRId64 " tables is damaged: their pages stay; remove "
                       "it, and run netty-load once with each database that loads this spool",
                       sum.unknown);
    if (sum.unclear > 0)
        return err_set(e, ERR_SET_ASIDE,
                       "the pages of %" PRId64 " tables stay, for a note of what was pushed is "
                       "damaged: %.300s; netty-spool push to its place writes it anew within an "
                       "hour, or says what to do",
                       sum.unclear, sum.note.msg);
    if (sum.damaged > 0)
        return err_set(e, ERR_SET_ASIDE,
                       "%" PRId64 " segments are damaged and stay, with all behind them; "
                       "`netty-spool heal` has their pages fetched again",
                       sum.damaged);
    return OK;
}

enum err_code spool_command_prune(const struct spool_command *c, struct err *e)
{
    struct summary *summary = NULL;
    struct err later = ERR_INIT;
    enum err_code rc = spool_command_each_table(c, nothing, NULL, e);
    if (rc == OK && options_given(c->options, OPT_FORGET))
        return spool_command_forget_database(c, e);
    if (rc == OK && options_int(c->options, OPT_DRY_RUN) == 0)
        rc = loaded_query(c->options, c->spool, e);
    if (rc != OK || (rc = summary_open(&summary, c->json, e)) != OK)
        return rc;
    enum err_code done = prune(c, summary, &later);
    if ((rc = summary_print(summary, c->out, e)) == OK)
        rc = spool_command_written(c, e);
    summary_close(summary);
    if (done != OK) {
        *e = later;
        rc = done;
    }
    return rc;
}

/* `netty-spool status`: the verdict; how far each table is fetched and loaded, what waits, dead letters by reason, how the last runs
 * went; the spool as a whole; the databases that load it. */
#include "shared/cli/summary.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/cli/spool_command.h"
#include "spool/status/health.h"
#include "spool/status/status.h"

#define SENTENCE_MAX 8192

static const struct run_history_entry *latest_run(const struct run_history *r)
{
    return r->count > 0 ? &r->entries[r->count - 1] : NULL;
}

static enum err_code show_table(const struct status_table *t, struct summary *out, struct err *e)
{
    const struct cell cells[] = {
        {.name = "table", .type = CELL_STR, .str = t->name},
        {.name = "fetched", .type = CELL_TIME, .num = t->fetched},
        {.name = "complete_to", .type = CELL_TIME, .num = t->complete_to},
        {.name = "loaded_to", .type = CELL_TIME, .num = t->loaded_to},
        {.name = "waiting_pages", .type = CELL_INT, .num = t->pages},
        {.name = "waiting_records", .type = CELL_INT, .num = t->records},
        {.name = "waiting_bytes", .type = CELL_INT, .num = t->bytes},
        {.name = "waiting_since", .type = CELL_TIME, .num = t->since},
        {.name = "set_aside", .type = CELL_INT, .num = t->set_aside},
        {.name = "unreadable", .type = CELL_INT, .num = (int64_t)t->unreadable},
        {.name = "damaged", .type = CELL_INT, .num = (int64_t)t->damaged},
        {.name = "holes", .type = CELL_INT, .num = (int64_t)t->holes},
        {.name = "gaps", .type = CELL_INT, .num = (int64_t)t->gaps},
        {.name = "unchecked", .type = CELL_TIME, .num = t->unchecked},
        {.name = "checked", .type = CELL_TIME, .num = t->checked},
        {.name = "held_deletions", .type = CELL_INT, .num = (int64_t)t->held},
        {.name = "listed", .type = CELL_STR, .str = t->unlisted ? "no" : "yes"},
    };
    return summary_row(out, cells, sizeof cells / sizeof cells[0], e);
}

static enum err_code show_backfill(const struct status_table *t, struct summary *out, struct err *e)
{
    const struct backfill_state *b = &t->filled;
    const struct cell cells[] = {
        {.name = "backfill_of", .type = CELL_STR, .str = t->name},
        {.name = "since", .type = CELL_TIME, .num = b->since},
        {.name = "began", .type = CELL_TIME, .num = b->began},
        {.name = "runs", .type = CELL_INT, .num = (int64_t)b->runs},
        {.name = "requests", .type = CELL_INT, .num = (int64_t)b->requests},
        {.name = "pages", .type = CELL_INT, .num = (int64_t)b->pages},
        {.name = "records", .type = CELL_INT, .num = (int64_t)b->records},
        {.name = "of", .type = CELL_INT, .num = (int64_t)b->of},
    };
    return t->backfill ? summary_row(out, cells, sizeof cells / sizeof cells[0], e) : OK;
}

static enum err_code show_run(const struct status_table *t, const char *program,
                              const struct run_history_entry *run, struct summary *out,
                              struct err *e)
{
    if (!run)
        return OK;
    const int64_t *n = run->counts;
    bool extract = program[0] == 'e';
    int64_t records = n[extract ? RUN_RECORDS : RUN_READ];
    int64_t written = n[RUN_INSERTED] + n[RUN_UPDATED];
    const struct cell cells[] = {
        {.name = "last_run", .type = CELL_STR, .str = t->name},
        {.name = "program", .type = CELL_STR, .str = program},
        {.name = "ended", .type = CELL_TIME, .num = run->ended},
        {.name = "seconds", .type = CELL_SECONDS, .num = run->busy},
        {.name = "status", .type = CELL_STR, .str = run->status},
        {.name = "error", .type = CELL_STR, .str = run->error},
        {.name = "requests", .type = extract ? CELL_INT : CELL_NONE, .num = n[RUN_REQUESTS]},
        {.name = "records", .type = CELL_INT, .num = records},
        {.name = "written", .type = extract ? CELL_NONE : CELL_INT, .num = written},
        {.name = "retries", .type = CELL_INT, .num = n[RUN_RETRIES]},
    };
    return summary_row(out, cells, sizeof cells / sizeof cells[0], e);
}

static enum err_code show_reasons(const struct status_table *t, struct summary *out, struct err *e)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < t->reasons_count && rc == OK; i++) {
        const struct status_reason *r = &t->reasons[i];
        const struct cell cells[] = {
            {.name = "set_aside_of", .type = CELL_STR, .str = t->name},
            {.name = "by", .type = CELL_STR, .str = r->side == DEAD_LOAD ? "load" : "extract"},
            {.name = "reason", .type = CELL_STR, .str = r->reason},
            {.name = "sqlstate", .type = CELL_STR, .str = r->sqlstate},
            {.name = "records", .type = CELL_INT, .num = r->count},
        };
        rc = summary_row(out, cells, sizeof cells / sizeof cells[0], e);
    }
    return rc;
}

static enum err_code show_spool(const struct spool_command *c, const struct status *s,
                                struct summary *out, struct err *e)
{
    bool closed = s->breaker_until == WHEN_NONE;
    const struct cell cells[] = {
        {.name = "spool", .type = CELL_STR, .str = spool_dir(c->spool)},
        {.name = "bytes", .type = CELL_INT, .num = s->bytes},
        {.name = "disk_free", .type = CELL_INT, .num = s->disk_free},
        {.name = "breaker", .type = CELL_STR, .str = closed ? "closed" : "open"},
        {.name = "breaker_until", .type = CELL_TIME, .num = s->breaker_until},
        {.name = "next_run", .type = CELL_TIME, .num = s->next_run},
    };
    return summary_row(out, cells, sizeof cells / sizeof cells[0], e);
}

static enum err_code show_databases(const struct status *s, struct summary *out, struct err *e)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < s->databases.count && rc == OK; i++) {
        const struct loaded_entry *d = &s->databases.entries[i];
        const struct cell cells[] = {
            {.name = "database", .type = CELL_STR, .str = d->name},
            {.name = "identity", .type = CELL_STR, .str = d->id},
            {.name = "asked", .type = CELL_TIME, .num = d->at},
            {.name = "holds_up", .type = CELL_STR, .str = d->behind ? "yes" : "no"},
            {.name = "lacks_since", .type = CELL_TIME, .num = d->lacks},
        };
        rc = summary_row(out, cells, sizeof cells / sizeof cells[0], e);
    }
    return rc;
}

static enum err_code show_refused(const struct refused_table *t, struct summary *out, struct err *e)
{
    const struct cell cells[] = {
        {.name = "refused", .type = CELL_STR, .str = t->table},
        {.name = "status", .type = CELL_INT, .num = (int64_t)t->status},
        {.name = "since", .type = CELL_TIME, .num = t->since},
        {.name = "asked", .type = CELL_TIME, .num = t->asked},
    };
    return summary_row(out, cells, sizeof cells / sizeof cells[0], e);
}

enum section {
    VERDICT,
    TABLES,
    WHOLE,
    DATABASES,
    REFUSED,
    RUNS,
    REASONS,
    BACKFILLS,
    INVENTORIES,
    SECTIONS
};

static enum err_code fill_sections(const struct spool_command *c, const struct status *s,
                                   struct summary **sections, size_t *inventories, struct err *e)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < s->count && rc == OK; i++) {
        const struct status_table *t = s->tables[i];
        if ((rc = show_table(t, sections[TABLES], e)) == OK &&
            (rc = show_run(t, "extract", latest_run(&t->extract), sections[RUNS], e)) == OK &&
            (rc = show_run(t, "load", latest_run(&t->load), sections[RUNS], e)) == OK)
            rc = show_reasons(t, sections[REASONS], e);
        if (rc == OK)
            rc = show_backfill(t, sections[BACKFILLS], e);
        if (rc == OK && t->closed == OK)
            rc = spool_command_show_inventory(c, t->name, sections[INVENTORIES], inventories, e);
    }
    if (rc == OK && (rc = show_spool(c, s, sections[WHOLE], e)) == OK)
        rc = show_databases(s, sections[DATABASES], e);
    for (size_t i = 0; i < s->refused.count && rc == OK; i++)
        rc = show_refused(&s->refused.at[i], sections[REFUSED], e);
    return rc;
}

/* Prints each section as a table of its own; for people after an empty line. */
static enum err_code print(const struct spool_command *c, const struct status *s,
                           struct summary *const *sections, size_t inventories, struct err *e)
{
    bool runs = false;
    bool reasons = false;
    bool backfills = false;
    enum err_code rc = OK;
    for (size_t i = 0; i < s->count; i++) {
        runs = runs || s->tables[i]->extract.count > 0 || s->tables[i]->load.count > 0;
        reasons = reasons || s->tables[i]->reasons_count > 0;
        backfills = backfills || s->tables[i]->backfill;
    }
    const bool wanted[SECTIONS] = {
        true, true,    true,      s->databases.count > 0, s->refused.count > 0,
        runs, reasons, backfills, inventories > 0};
    for (unsigned n = 0; n < SECTIONS && rc == OK; n++) {
        /* People read the verdict first. In the JSON the sections keep the order of older versions. */
        unsigned i = c->json ? (n + 1) % SECTIONS : n;
        if (!wanted[i])
            continue;
        if (n > 0 && !c->json && fputc('\n', c->out) == EOF)
            return spool_command_written(c, e);
        rc = summary_print(sections[i], c->out, e);
    }
    return rc == OK ? spool_command_written(c, e) : rc;
}

static void report_damage(void *ctx, const char *table, const struct err *what)
{
    (void)ctx;
    LOG(LOG_ERROR, "damage", "a part of the spool is damaged", F_STR("table", table), F_ERR(what));
}

enum err_code spool_command_look(const struct spool_command *c, struct status_watch **w,
                                 struct err *e)
{
    struct status_conf conf = {.tables = c->count > 0 ? c->words : NULL,
                               .count = c->count,
                               .whole = true,
                               .options = c->options,
                               .damage = report_damage};
    enum err_code rc = spool_command_check_tables(c, e);
    *w = NULL;
    if (rc == OK && (rc = status_open(w, c->spool, &conf, e)) == OK)
        rc = status_look(*w, e);
    return rc;
}

/* Logs which tables have to be checked. That alone is not wrong yet. */
static void tell_unchecked(const struct status *s)
{
    char since[WHEN_TEXT];
    for (size_t i = 0; i < s->count; i++)
        if (s->tables[i]->unchecked != WHEN_NONE)
            LOG(LOG_WARN, "unchecked",
                "the table was emptied, made again or rewritten since it was loaded: netty-load "
                "check tells whether it is equal to the spool",
                F_STR("table", s->tables[i]->name),
                F_STR("since", when_iso(s->tables[i]->unchecked, since)));
}

/* Logs which tables were not checked for long. Checking is optional, but here somebody had it done, and it has stopped. */
static void tell_check_late(const struct status *s)
{
    char checked[WHEN_TEXT];
    for (size_t i = 0; i < s->count; i++)
        if (s->tables[i]->check_late && !s->tables[i]->unlisted)
            LOG(LOG_WARN, "check-late",
                "netty-load check --share has not looked at the table for more than 45 days: rows "
                "that are quietly old stay so; see that netty-load-check.timer, or what else ran "
                "it, still does",
                F_STR("table", s->tables[i]->name),
                F_STR("checked", when_iso(s->tables[i]->checked, checked)));
}

/* ---- the verdict ---- */

static void judge(const struct spool_command *c, const struct status *s, struct health_conf *conf,
                  struct health *h)
{
    *conf = (struct health_conf){.side = RUN_HISTORY_LOAD,
                                 .stale_after = health_stale_after(c->options),
                                 .since = WHEN_NONE};
    health_check(h, conf, s, NULL, 0);
}

static enum err_code show_reason(const char *word, const char *of, const char *says,
                                 struct summary *out, struct err *e)
{
    const struct cell cells[] = {
        {.name = "verdict", .type = CELL_STR, .str = word},
        {.name = "of", .type = CELL_STR, .str = of},
        {.name = "says", .type = CELL_STR, .str = says},
    };
    return summary_row(out, cells, sizeof cells / sizeof cells[0], e);
}

static enum err_code show_verdict(const struct health *h, const struct health_conf *conf,
                                  struct summary *out, struct err *e)
{
    struct buf says;
    enum err_code rc = OK;
    buf_init(&says, SENTENCE_MAX);
    if (h->total == 0)
        rc = show_reason("ok", "", "all is well", out, e);
    for (size_t i = 0; rc == OK && i < h->count; i++) {
        const struct health_reason *r = &h->reasons[i];
        buf_reset(&says);
        if ((rc = health_sentence(&says, r, h, conf)) != OK)
            rc = buf_err(e, rc, &says, "the verdict");
        else
            rc = show_reason(health_word(r->code), r->table, says.data, out, e);
    }
    buf_free(&says);
    return rc;
}

/* Logs the worst reason, which is the first, and returns its code. */
static enum err_code end(const struct health *h, const struct health_conf *conf, struct err *e)
{
    enum err_code code = h->gravest;
    struct buf says;
    if (code == OK)
        return OK;
    buf_init(&says, SENTENCE_MAX);
    enum err_code rc = health_sentence(&says, &h->reasons[0], h, conf);
    if (rc == OK && h->total > 1)
        rc = buf_addf(&says, "; and %zu more", h->total - 1);
    if (rc != OK)
        rc = buf_err(e, rc, &says, "the verdict");
    else
        rc = spool_command_found(code, "all is not well", says.data, e);
    buf_free(&says);
    return rc;
}

enum err_code spool_command_status(const struct spool_command *c, struct err *e)
{
    struct status_watch *w = NULL;
    struct summary *sections[SECTIONS] = {NULL};
    struct health health;
    struct health_conf conf;
    size_t inventories = 0;
    enum err_code rc = spool_command_look(c, &w, e);
    for (unsigned i = 0; i < SECTIONS && rc == OK; i++)
        rc = summary_open(&sections[i], c->json, e);
    if (rc == OK) {
        judge(c, status_of(w), &conf, &health);
        rc = show_verdict(&health, &conf, sections[VERDICT], e);
    }
    if (rc == OK && (rc = fill_sections(c, status_of(w), sections, &inventories, e)) == OK)
        rc = print(c, status_of(w), sections, inventories, e);
    if (rc == OK)
        tell_unchecked(status_of(w));
    if (rc == OK)
        tell_check_late(status_of(w));
    if (rc == OK)
        rc = end(&health, &conf, e);
    for (unsigned i = 0; i < SECTIONS; i++)
        summary_close(sections[i]);
    status_close(w);
    return rc;
}

#include "spool/status/health.h"

#include "shared/base/units.h"
#include "shared/time/when.h"
#include <stdio.h>
#include <string.h>

const char *health_word(enum health_code code)
{
    static const char *const words[] = {
        [HEALTH_TABLE_STALE] = "stale",
        [HEALTH_NEVER_COMPLETE] = "never_complete",
        [HEALTH_FAILING] = "failing",
        [HEALTH_UNPROVEN] = "unproven",
        [HEALTH_THROTTLED] = "throttled",
        [HEALTH_FORBIDDEN] = "forbidden",
        [HEALTH_UNKNOWN_TABLE] = "unknown_table",
        [HEALTH_FULL] = "full",
        [HEALTH_NO_TABLES] = "no_tables",
        [HEALTH_UNREADABLE] = "unreadable",
        [HEALTH_GAP] = "gap",
        [HEALTH_HOLE] = "hole",
    };
    return words[code];
}

static void add(struct health *h, enum health_code code, const char *table, const char *error,
                int64_t time)
{
    h->total++;
    if (h->count == HEALTH_MOST)
        return;
    struct health_reason *r = &h->reasons[h->count++];
    *r = (struct health_reason){.code = code, .time = time};
    (void)snprintf(r->table, sizeof r->table, "%s", table);
    (void)snprintf(r->error, sizeof r->error, "%s", error);
}

static void check_freshness(struct health *h, const struct health_conf *conf,
                            const struct status *s, const struct status_table *t)
{
    int64_t to = conf->side == RUN_HISTORY_EXTRACT ? t->complete_to : t->loaded_to;
    if (to == WHEN_NONE && s->at - conf->since > conf->stale_after)
        add(h, HEALTH_NEVER_COMPLETE, t->name, "", WHEN_NONE);
    else if (to != WHEN_NONE && s->at - to > conf->stale_after)
        add(h, HEALTH_TABLE_STALE, t->name, "", to);
}

/* Being interrupted, or another's turn, is no failure; records set aside are told elsewhere. */
static bool is_failure(const char *error)
{
    static const char *const harmless[] = {"",          "interrupted", "busy",
                                           "set-aside", "throttled",   "disk-full"};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (strcmp(error, harmless[i]) == 0)
            return false;
    return true;
}

static const char *history_error(const struct run_history *r)
{
    return r->count > 0 ? r->entries[r->count - 1].error : "";
}

static bool is_unproven(const struct run_history *r)
{
    return r->count > 0 && strcmp(r->entries[r->count - 1].status, "unproven") == 0;
}

static const char *unproven_reason(const struct run_history *r)
{
    return r->entries[r->count - 1].reason;
}

static const char *last_error(const struct health_conf *conf, const struct status_table *t,
                              const struct health_last *last, size_t lasts)
{
    for (size_t i = 0; i < lasts; i++)
        if (strcmp(last[i].table, t->name) == 0)
            return last[i].code == OK ? "" : err_word(last[i].code);
    if (conf->both && is_failure(history_error(&t->extract)))
        return history_error(&t->extract);
    return history_error(conf->side == RUN_HISTORY_EXTRACT ? &t->extract : &t->load);
}

static const struct refused_table *refused(const struct status *s, const char *table)
{
    return refused_find(&s->refused, table);
}

static void check_refused(struct health *h, const struct health_conf *conf, const struct status *s)
{
    for (size_t i = 0; i < s->refused.count; i++) {
        const struct refused_table *t = &s->refused.at[i];
        if (conf->side == RUN_HISTORY_EXTRACT || conf->both)
            add(h, t->status == REFUSED_404 ? HEALTH_UNKNOWN_TABLE : HEALTH_FORBIDDEN, t->table, "",
                t->since);
    }
}

void health_check(struct health *h, const struct health_conf *conf, const struct status *s,
                  const struct health_last *last, size_t lasts)
{
    bool full = false;
    *h = (struct health){.databases = &s->databases};
    if (s->breaker_until != WHEN_NONE && (conf->side == RUN_HISTORY_EXTRACT || conf->both))
        add(h, HEALTH_THROTTLED, "", "", s->breaker_until);
    check_refused(h, conf, s);
    for (size_t i = 0; i < s->count; i++) {
        const char *error = last_error(conf, s->tables[i], last, lasts);
        bool asked = !s->tables[i]->unlisted;
        if (asked)
            check_freshness(h, conf, s, s->tables[i]);
        if (!asked)
            error = "";
        else if (is_failure(error) && refused(s, s->tables[i]->name) == NULL)
            add(h, HEALTH_FAILING, s->tables[i]->name, error, WHEN_NONE);
        else if ((conf->side == RUN_HISTORY_EXTRACT || conf->both) &&
                 is_unproven(&s->tables[i]->extract))
            add(h, HEALTH_UNPROVEN, s->tables[i]->name, unproven_reason(&s->tables[i]->extract),
                WHEN_NONE);
        if (s->tables[i]->gaps > 0)
            add(h, HEALTH_GAP, s->tables[i]->name, "", s->tables[i]->holes_since);
        if (s->tables[i]->holes > 0)
            add(h, HEALTH_HOLE, s->tables[i]->name, "", s->tables[i]->holes_since);
        full = full || strcmp(error, err_word(ERR_FULL)) == 0;
    }
    for (size_t i = 0; i < lasts; i++) { /* tables of which the spool has nothing yet */
        bool known = false;
        for (size_t j = 0; j < s->count && !known; j++)
            known = strcmp(s->tables[j]->name, last[i].table) == 0;
        known = known || refused(s, last[i].table) != NULL;
        if (!known && last[i].code != OK && is_failure(err_word(last[i].code)))
            add(h, HEALTH_FAILING, last[i].table, err_word(last[i].code), WHEN_NONE);
        full = full || last[i].code == ERR_FULL;
    }
    if (full)
        add(h, HEALTH_FULL, "", "", WHEN_NONE);
    if (s->count == 0 && s->at - conf->since > conf->stale_after)
        add(h, HEALTH_NO_TABLES, "", "", WHEN_NONE);
}

void health_unreadable(struct health *h, enum err_code code)
{
    *h = (struct health){.total = 0};
    add(h, HEALTH_UNREADABLE, "", err_word(code), WHEN_NONE);
}

/* And who keeps it full. */
static enum err_code add_full(struct buf *b, const struct loaded *databases)
{
    char since[WHEN_TEXT];
    enum err_code rc = buf_adds(b, "the spool or its disk is full");
    for (size_t i = 0; i < databases->count && rc == OK; i++) {
        const struct loaded_entry *d = &databases->entries[i];
        if (d->lacks != WHEN_NONE)
            rc = buf_addf(b,
                          ", and the database %s lacks pages since %s (if it is no more: "
                          "netty-spool forget --database)",
                          d->name, when_iso(d->lacks, since));
    }
    return rc;
}

static enum err_code add_reason(struct buf *b, const struct health_reason *r,
                                const struct health *h, const struct health_conf *conf)
{
    char time[WHEN_TEXT];
    char span[UNITS_TEXT];
    const char *done = conf->side == RUN_HISTORY_EXTRACT ? "complete" : "loaded";
    switch (r->code) {
    case HEALTH_TABLE_STALE:
        return buf_addf(b, "%s is %s only up to %s, more than %s ago", r->table, done,
                        when_iso(r->time, time), units_show_duration(conf->stale_after, span));
    case HEALTH_NEVER_COMPLETE:
        return buf_addf(b, "%s has never been %s", r->table, done);
    case HEALTH_FAILING:
        return buf_addf(b, "the last run of %s failed (%s)", r->table, r->error);
    case HEALTH_UNPROVEN:
        return buf_addf(b, "nothing proves that %s is complete%s%s%s", r->table,
                        r->error[0] != '\0' ? " (" : "", r->error, r->error[0] != '\0' ? ")" : "");
    case HEALTH_THROTTLED:
        return buf_addf(b, "the API asked to be left alone until %s", when_iso(r->time, time));
    case HEALTH_FORBIDDEN:
        return buf_addf(b, "the API refuses table %s to the key since %s", r->table,
                        when_iso(r->time, time));
    case HEALTH_UNKNOWN_TABLE:
        return buf_addf(b, "the API has no table %s", r->table);
    case HEALTH_GAP:
        return buf_addf(
            b, "%s lacks pages since %s that the spool holds no more: netty-extract --full %s",
            r->table, when_iso(r->time, time), r->table);
    case HEALTH_HOLE:
        return buf_addf(b,
                        "%s lacks pages since %s that could not be read; they are loaded once they "
                        "are whole: netty-spool heal %s",
                        r->table, when_iso(r->time, time), r->table);
    case HEALTH_FULL:
        return add_full(b, h->databases);
    case HEALTH_NO_TABLES:
        return buf_adds(b, "the spool holds no table yet");
    case HEALTH_UNREADABLE:
        return buf_addf(b, "the spool cannot be read (%s)", r->error);
    }
    return OK;
}

enum err_code health_line(struct buf *b, const struct health *h, const struct health_conf *conf)
{
    enum err_code rc = OK;
    if (h->total == 0)
        return buf_adds(b, "ok");
    for (size_t i = 0; i < h->count && rc == OK; i++) {
        if (i > 0)
            rc = buf_adds(b, "; ");
        if (rc == OK)
            rc = add_reason(b, &h->reasons[i], h, conf);
    }
    if (rc == OK && h->total > h->count)
        rc = buf_addf(b, "; and %zu more", h->total - h->count);
    return rc;
}

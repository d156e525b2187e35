#include "spool/status/health.h"

#include "shared/base/units.h"
#include "shared/time/when.h"
#include "spool/remote/push.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* In the order of gravity: first what is lost, then what a person must do, then what is late. */
static const struct kind {
    const char *word;
    enum err_code code; /* of netty-spool status; of failures the error's own */
    unsigned rank;
} kinds[] = {
    [HEALTH_UNREADABLE] = {"unreadable", ERR_INTERNAL, 0},
    [HEALTH_GAP] = {"gap", ERR_SET_ASIDE, 1},
    [HEALTH_OBJECT_MISSING] = {"object_missing", ERR_SET_ASIDE, 2},
    [HEALTH_FULL] = {"full", ERR_FULL, 3},
    [HEALTH_DAMAGED] = {"damaged", ERR_SET_ASIDE, 4},
    [HEALTH_HOLE] = {"hole", ERR_SET_ASIDE, 5},
    [HEALTH_WRONG] = {"wrong", ERR_DATA, 6},
    [HEALTH_FORBIDDEN] = {"forbidden", ERR_DENIED, 7},
    [HEALTH_UNKNOWN_TABLE] = {"unknown_table", ERR_CONFIG, 8},
    [HEALTH_FAILING] = {"failing", ERR_INTERNAL, 9},
    [HEALTH_TRYING] = {"trying", ERR_UNAVAILABLE, 10},
    [HEALTH_HELD] = {"held_deletions", ERR_SET_ASIDE, 11},
    [HEALTH_LOAD_STALE] = {"load_stale", ERR_UNAVAILABLE, 12},
    [HEALTH_NEVER_LOADED] = {"never_loaded", ERR_UNAVAILABLE, 13},
    [HEALTH_NOT_PUSHED] = {"not_pushed", ERR_UNAVAILABLE, 14},
    [HEALTH_TABLE_STALE] = {"stale", ERR_UNAVAILABLE, 15},
    [HEALTH_NEVER_COMPLETE] = {"never_complete", ERR_UNAVAILABLE, 16},
    [HEALTH_THROTTLED] = {"throttled", ERR_THROTTLED, 17},
    [HEALTH_NO_TABLES] = {"no_tables", ERR_CONFIG, 18},
    [HEALTH_UNPROVEN] = {"unproven", OK, 19},
};

int64_t health_stale_after(const struct options *o)
{
    return options_given(o, OPT_STALE_AFTER) ? options_int(o, OPT_STALE_AFTER) : HEALTH_STALE;
}

const char *health_word(enum health_code code)
{
    return kinds[code].word;
}

static enum err_code code_of(enum health_code code, const char *error)
{
    bool own = code == HEALTH_FAILING || code == HEALTH_TRYING || code == HEALTH_UNREADABLE;
    return own ? err_of_word(error) : kinds[code].code;
}

/* Adds a reason: the worst stand first, those of one kind in the tables' order. Where there is no room the least grave one is dropped.
 * Returns NULL when that is the new one. */
static struct health_reason *put(struct health *h, enum health_code code, const char *table,
                                 const char *error, int64_t time)
{
    enum err_code own = code_of(code, error);
    size_t at = h->count;
    if (exit_graver(err_exit(h->gravest), err_exit(own)) != err_exit(h->gravest))
        h->gravest = own;
    h->total++;
    while (at > 0 && kinds[h->reasons[at - 1].code].rank > kinds[code].rank)
        at--;
    if (at == HEALTH_MOST)
        return NULL;
    h->count += h->count < HEALTH_MOST;
    memmove(&h->reasons[at + 1], &h->reasons[at], (h->count - 1 - at) * sizeof *h->reasons);
    struct health_reason *r = &h->reasons[at];
    *r = (struct health_reason){.code = code, .time = time};
    (void)snprintf(r->table, sizeof r->table, "%s", table);
    (void)snprintf(r->error, sizeof r->error, "%s", error);
    return r;
}

static void add(struct health *h, enum health_code code, const char *table, const char *error,
                int64_t time)
{
    (void)put(h, code, table, error, time);
}

static void add_wrong(struct health *h, const struct status_table *t)
{
    struct health_reason *r = put(h, HEALTH_WRONG, t->name, "", t->wrong_at);
    if (r != NULL)
        r->text = t->wrong_text;
}

static void add_closed(struct health *h, const struct status_table *t)
{
    struct health_reason *r = put(h, HEALTH_UNREADABLE, t->name, err_word(t->closed), WHEN_NONE);
    if (r != NULL)
        r->text = t->closed_text;
}

static bool is_old(int64_t t, const struct health_conf *conf, const struct status *s)
{
    return t != WHEN_NONE && s->at - t > conf->stale_after;
}

/* A pulled spool knows what was pushed last: whoever pushes tells of a quiet table once an hour only. */
static bool is_fetched_late(int64_t t, const struct health_conf *conf, const struct status *s)
{
    int64_t known = s->pulled.is && s->pulled.pushed != WHEN_NONE ? s->pulled.pushed : s->at;
    return t != WHEN_NONE && known - t > conf->stale_after;
}

static void check_pulled(struct health *h, const struct health_conf *conf, const struct status *s)
{
    const struct status_pulled *p = &s->pulled;
    struct health_reason *r = NULL;
    if (p->gap > 0 && (r = put(h, HEALTH_OBJECT_MISSING, "", "", WHEN_NONE)) != NULL) {
        r->count = p->gap;
        r->text = p->remote;
    }
    if (p->is && p->pushed != WHEN_NONE &&
        s->at - p->pushed > conf->stale_after + PUSH_SIGN_OF_LIFE &&
        (r = put(h, HEALTH_NOT_PUSHED, "", "", p->pushed)) != NULL)
        r->text = p->remote;
}

/* A table that was never complete is late once there was stale_after to complete it. */
static void check_fetched(struct health *h, const struct health_conf *conf, const struct status *s,
                          const struct status_table *t)
{
    int64_t first = t->extract.count > 0 ? t->extract.entries[0].began : WHEN_NONE;
    if (is_fetched_late(t->complete_to, conf, s))
        add(h, HEALTH_TABLE_STALE, t->name, "", t->complete_to);
    else if (t->complete_to == WHEN_NONE && is_old(first, conf, s) &&
             (conf->since == WHEN_NONE || is_old(conf->since, conf, s)))
        add(h, HEALTH_NEVER_COMPLETE, t->name, "", WHEN_NONE);
}

/* Loading is late only where fetching is not. If no database has ever loaded the extractor's spool, it is loaded on another machine. */
static void check_loaded(struct health *h, const struct health_conf *conf, const struct status *s,
                         const struct status_table *t)
{
    bool waits = is_old(t->since, conf, s);
    if (t->loaded_to == WHEN_NONE && waits &&
        (conf->side != RUN_HISTORY_EXTRACT || s->databases.count > 0))
        add(h, HEALTH_NEVER_LOADED, t->name, "", t->since);
    else if (t->loaded_to != WHEN_NONE && is_old(t->loaded_to, conf, s) &&
             (waits || t->complete_to == WHEN_NONE ||
              t->complete_to - t->loaded_to > conf->stale_after))
        add(h, HEALTH_LOAD_STALE, t->name, "", t->loaded_to);
}

/* Is the error a failure? Being interrupted, or finding the table locked, is none. Dead letters, a throttling API and a full disk
 * have reasons of their own. */
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

static void add_held(struct health *h, const struct status_table *t)
{
    struct health_reason *r = put(h, HEALTH_HELD, t->name, "", WHEN_NONE);
    if (r != NULL)
        r->count = t->held;
}

/* Returns how that program's last run of the table ended: by what this process has seen itself, else by the spool's history. */
static const char *last_error(const struct health_conf *conf, enum run_history_side side,
                              const struct status_table *t, const struct health_last *last,
                              size_t lasts)
{
    for (size_t i = 0; i < lasts && conf->side == side; i++)
        if (strcmp(last[i].table, t->name) == 0 && !last[i].none)
            return last[i].code == OK ? "" : err_word(last[i].code);
    return history_error(side == RUN_HISTORY_EXTRACT ? &t->extract : &t->load);
}

static const struct refused_table *refused(const struct status *s, const char *table)
{
    return refused_find(&s->refused, table);
}

static void check_refused(struct health *h, const struct status *s)
{
    for (size_t i = 0; i < s->refused.count; i++) {
        const struct refused_table *t = &s->refused.at[i];
        add(h, t->status == REFUSED_404 ? HEALTH_UNKNOWN_TABLE : HEALTH_FORBIDDEN, t->table, "",
            t->since);
    }
}

/* Reports what a run of the other program, or of another process, tries again. What this process itself tries again is known from
 * struct health_last (check_unknown). */
static void check_trying(struct health *h, const struct status_table *t,
                         const struct health_last *last, size_t lasts)
{
    enum err_code code = t->trying[RUN_HISTORY_EXTRACT];
    if (code == OK)
        code = t->trying[RUN_HISTORY_LOAD];
    for (size_t i = 0; i < lasts && code != OK; i++)
        if (last[i].trying != OK && strcmp(last[i].table, t->name) == 0)
            code = OK;
    if (code != OK)
        add(h, HEALTH_TRYING, t->name, err_word(code), WHEN_NONE);
}

static bool check_table(struct health *h, const struct health_conf *conf, const struct status *s,
                        const struct status_table *t, const struct health_last *last, size_t lasts)
{
    const char *fetch = last_error(conf, RUN_HISTORY_EXTRACT, t, last, lasts);
    const char *load = last_error(conf, RUN_HISTORY_LOAD, t, last, lasts);
    bool apart = refused(s, t->name) != NULL;
    if (t->closed != OK) { /* all else that is known of it is of an earlier look */
        add_closed(h, t);
        return false;
    }
    if (t->gaps > 0)
        add(h, HEALTH_GAP, t->name, "", t->holes_since);
    if (t->holes > 0)
        add(h, HEALTH_HOLE, t->name, "", t->holes_since);
    if (t->damaged > 0)
        add(h, HEALTH_DAMAGED, t->name, "", WHEN_NONE);
    if (t->wrong > 0)
        add_wrong(h, t);
    if (t->unlisted)
        return false;
    if (t->held > 0)
        add_held(h, t);
    if (is_failure(fetch) && !apart)
        add(h, HEALTH_FAILING, t->name, fetch, WHEN_NONE);
    else if (is_unproven(&t->extract))
        add(h, HEALTH_UNPROVEN, t->name, unproven_reason(&t->extract), WHEN_NONE);
    if (is_failure(load))
        add(h, HEALTH_FAILING, t->name, load, WHEN_NONE);
    check_trying(h, t, last, lasts);
    check_fetched(h, conf, s, t);
    check_loaded(h, conf, s, t);
    return strcmp(fetch, err_word(ERR_FULL)) == 0 || strcmp(load, err_word(ERR_FULL)) == 0;
}

/* Checks what this process knows and no file has: also tables of which the spool has nothing yet. */
static bool check_unknown(struct health *h, const struct status *s, const struct health_last *last,
                          size_t lasts)
{
    bool full = false;
    for (size_t i = 0; i < lasts; i++) {
        bool known = refused(s, last[i].table) != NULL;
        for (size_t j = 0; j < s->count && !known; j++)
            known = strcmp(s->tables[j]->name, last[i].table) == 0;
        if (last[i].trying != OK)
            add(h, HEALTH_TRYING, last[i].table, err_word(last[i].trying), WHEN_NONE);
        if (!known && last[i].code != OK && is_failure(err_word(last[i].code)))
            add(h, HEALTH_FAILING, last[i].table, err_word(last[i].code), WHEN_NONE);
        full = full || last[i].code == ERR_FULL;
    }
    return full;
}

void health_check(struct health *h, const struct health_conf *conf, const struct status *s,
                  const struct health_last *last, size_t lasts)
{
    bool full = false;
    *h = (struct health){.databases = &s->databases};
    if (s->breaker_until != WHEN_NONE)
        add(h, HEALTH_THROTTLED, "", "", s->breaker_until);
    check_refused(h, s);
    check_pulled(h, conf, s);
    for (size_t i = 0; i < s->count; i++)
        full = check_table(h, conf, s, s->tables[i], last, lasts) || full;
    full = check_unknown(h, s, last, lasts) || full;
    if (full)
        add(h, HEALTH_FULL, "", "", WHEN_NONE);
    if (s->count == 0 && is_old(conf->since, conf, s))
        add(h, HEALTH_NO_TABLES, "", "", WHEN_NONE);
}

void health_unreadable(struct health *h, enum err_code code)
{
    *h = (struct health){.total = 0};
    add(h, HEALTH_UNREADABLE, "", err_word(code), WHEN_NONE);
}

/* Appends that it is full, and which databases keep it so. */
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

/* The sentence for a table that is late, and who has to do something. */
static enum err_code late_sentence(struct buf *b, const struct health_reason *r,
                                   const struct health_conf *conf)
{
    char time[WHEN_TEXT];
    char span[UNITS_TEXT];
    switch (r->code) {
    case HEALTH_TABLE_STALE:
        return buf_addf(
            b, "%s is complete only up to %s, more than %s ago: see that netty-extract runs",
            r->table, when_iso(r->time, time), units_show_duration(conf->stale_after, span));
    case HEALTH_NEVER_COMPLETE:
        return buf_addf(b, "%s has never been complete: see that netty-extract runs to its end",
                        r->table);
    case HEALTH_LOAD_STALE:
        return buf_addf(b, "%s is loaded only up to %s, more than %s ago: see that netty-load runs",
                        r->table, when_iso(r->time, time),
                        units_show_duration(conf->stale_after, span));
    case HEALTH_NEVER_LOADED:
        return buf_addf(b, "pages of %s wait to be loaded since %s: see that netty-load runs",
                        r->table, when_iso(r->time, time));
    default:
        return OK;
    }
}

/* The sentence for a spool that is pulled. */
static enum err_code pulled_sentence(struct buf *b, const struct health_reason *r)
{
    char time[WHEN_TEXT];
    if (r->code == HEALTH_OBJECT_MISSING)
        return buf_addf(b,
                        "object %" PRIu64
                        " is missing at %.300s, and nothing behind it can be pulled: restore it, "
                        "or empty the place, and the next push brings everything anew",
                        r->count, r->text);
    return buf_addf(b,
                    "nothing has come from %.300s since %s, though a sign of life is pushed once "
                    "an hour: see that netty-spool push runs where netty-extract does, and "
                    "netty-spool pull here",
                    r->text, when_iso(r->time, time));
}

/* The sentence for rows that are missing, wrong, or not marked as deleted. */
static enum err_code rows_sentence(struct buf *b, const struct health_reason *r)
{
    char time[WHEN_TEXT];
    switch (r->code) {
    case HEALTH_GAP:
        return buf_addf(
            b, "%s lacks pages since %s that the spool holds no more: netty-extract --full %s",
            r->table, when_iso(r->time, time), r->table);
    case HEALTH_WRONG:
        return buf_addf(
            b,
            "netty-load check found on %s that %s is not as it should be: %s (after it is "
            "mended: netty-load check %s)",
            when_iso(r->time, time), r->table, r->text, r->table);
    case HEALTH_HOLE:
        return buf_addf(b,
                        "%s lacks pages since %s that could not be read; they are loaded once they "
                        "are whole: netty-spool heal %s",
                        r->table, when_iso(r->time, time), r->table);
    case HEALTH_HELD:
        return buf_addf(b,
                        "%" PRIu64 " record%s of %s %s gone from the source, more than "
                        "--max-deletes allows, and none is marked: look at some of them, then "
                        "netty-load --max-deletes PERCENT %s, or netty-extract --reconcile "
                        "--restart %s to look anew",
                        r->count, r->count == 1 ? "" : "s", r->table, r->count == 1 ? "is" : "are",
                        r->table, r->table);
    default:
        return OK;
    }
}

enum err_code health_sentence(struct buf *b, const struct health_reason *r, const struct health *h,
                              const struct health_conf *conf)
{
    char time[WHEN_TEXT];
    switch (r->code) {
    case HEALTH_TABLE_STALE:
    case HEALTH_NEVER_COMPLETE:
    case HEALTH_LOAD_STALE:
    case HEALTH_NEVER_LOADED:
        return late_sentence(b, r, conf);
    case HEALTH_DAMAGED:
        return buf_addf(b,
                        "the spool of %s is damaged: netty-spool verify tells where, heal has it "
                        "fetched again",
                        r->table);
    case HEALTH_FAILING:
        return buf_addf(b, "the last run of %s failed (%s): netty-spool runs %s tells why",
                        r->table, r->error, r->table);
    case HEALTH_TRYING:
        return buf_addf(b,
                        "%s fails (%s) and is tried again: the log tells why, netty-load doctor "
                        "looks at the database",
                        r->table, r->error);
    case HEALTH_UNPROVEN:
        return buf_addf(b, "nothing proves that %s is complete%s%s%s", r->table,
                        r->error[0] != '\0' ? " (" : "", r->error, r->error[0] != '\0' ? ")" : "");
    case HEALTH_THROTTLED:
        return buf_addf(b, "the API asked to be left alone until %s", when_iso(r->time, time));
    case HEALTH_FORBIDDEN:
        return buf_addf(
            b,
            "the API refuses table %s to the key since %s: have it granted, or take the "
            "table off the list",
            r->table, when_iso(r->time, time));
    case HEALTH_UNKNOWN_TABLE:
        return buf_addf(b, "the API has no table %s: correct its name, or take it off the list",
                        r->table);
    case HEALTH_GAP:
    case HEALTH_WRONG:
    case HEALTH_HOLE:
    case HEALTH_HELD:
        return rows_sentence(b, r);
    case HEALTH_NOT_PUSHED:
    case HEALTH_OBJECT_MISSING:
        return pulled_sentence(b, r);
    case HEALTH_FULL:
        return add_full(b, h->databases);
    case HEALTH_NO_TABLES:
        return buf_adds(b, "the spool holds no table yet");
    case HEALTH_UNREADABLE:
        if (r->text != NULL)
            return buf_addf(b, "%s cannot be read in the spool: %s", r->table, r->text);
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
            rc = health_sentence(b, &h->reasons[i], h, conf);
    }
    if (rc == OK && h->total > h->count)
        rc = buf_addf(b, "; and %zu more", h->total - h->count);
    return rc;
}

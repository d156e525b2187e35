#include "extract/metrics/fetch_metrics.h"

#include "extract/metrics/fetch_metric_defs.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/status/last_run_metrics.h"
#include "spool/status/monitor.h"
#include "spool/status/run_history.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS(us) ((double)(us) / (double)WHEN_SECOND)

/* What has been counted of the table's run so far. */
struct tally {
    enum fetch_source source;
    char table[NAMES_TABLE_MAX + 1];
    struct table_fetch_result seen;
    int64_t errors; /* of this run */
    struct tally *next;
};

struct fetch_metrics {
    struct fetch_metrics_conf conf;
    struct metrics *metrics;
    struct monitor *monitor;
    fetch_each_fn *each;
    const void *runs[FETCH_SOURCES]; /* or NULL */
    struct tally *tallies;
};

static const char *const kinds[] = {"timeout",    "connection",   "cut",          "throttled",
                                    "denied",     "client_error", "server_error", "redirect",
                                    "not_a_page", "too_big",      "other"};

static const struct last_run_metrics last_run = {.side = RUN_HISTORY_EXTRACT,
                                                 .duration = FETCH_METRIC_LAST_DURATION,
                                                 .timestamp = FETCH_METRIC_LAST_TIMESTAMP,
                                                 .success = FETCH_METRIC_LAST_SUCCESS,
                                                 .dead_letters = FETCH_METRIC_DEAD_LETTERS};

/* ---- counting ---- */

/* Finds the table's counts, or makes them: all series then begin with 0, so that Prometheus sees the first increase. */
static struct tally *find(struct fetch_metrics *a, enum fetch_source source, const char *table)
{
    static const char *const statuses[] = {"complete", "unproven", "partial", "throttled",
                                           "failed"};
    for (struct tally *t = a->tallies; t != NULL; t = t->next)
        if (t->source == source && strcmp(t->table, table) == 0)
            return t;
    struct tally *made = calloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    (void)snprintf(made->table, sizeof made->table, "%s", table);
    made->source = source;
    made->next = a->tallies;
    a->tallies = made;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        metrics_add(a->metrics, FETCH_METRIC_API_ERRORS, table, kinds[i], 0);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        metrics_add(a->metrics, FETCH_METRIC_RUNS, table, statuses[i], 0);
    return made;
}

static void count(const struct fetch_metrics *a, struct tally *t,
                  const struct table_fetch_result *r)
{
    struct metrics *m = a->metrics;
    const struct table_fetch_result *seen = &t->seen;
    metrics_add(m, FETCH_METRIC_REQUESTS, t->table, NULL, (double)(r->requests - seen->requests));
    metrics_add(m, FETCH_METRIC_PAGES, t->table, NULL, (double)(r->pages - seen->pages));
    metrics_add(m, FETCH_METRIC_RECORDS, t->table, NULL, (double)(r->records - seen->records));
    metrics_add(m, FETCH_METRIC_BYTES, t->table, NULL, (double)(r->bytes - seen->bytes));
    metrics_add(m, FETCH_METRIC_RETRIES, t->table, NULL, (double)(r->retries - seen->retries));
    metrics_add(m, FETCH_METRIC_UNUSED, t->table, NULL, (double)(r->unused - seen->unused));
    metrics_add(m, FETCH_METRIC_NON_RECORDS, t->table, NULL,
                (double)(r->non_records - seen->non_records));
    t->seen = *r;
}

struct counting {
    struct fetch_metrics *to;
    enum fetch_source source;
};

static void see(void *to, const char *name, const struct table_fetch_result *result, bool started)
{
    const struct counting *c = to;
    struct tally *t = find(c->to, c->source, name);
    if (started && result->trying != OK)
        monitor_trying(c->to->monitor, name, result->trying);
    if (t != NULL)
        count(c->to, t, result);
}

static void count_running(struct fetch_metrics *a)
{
    for (unsigned i = 0; i < FETCH_SOURCES; i++) {
        struct counting c = {a, (enum fetch_source)i};
        if (a->runs[i] != NULL)
            a->each(a->runs[i], see, &c);
    }
}

/* Returns the word that metrics and alerts use for an exchange that brought no page. */
static const char *exchange_kind(const struct http_result *result, const struct err *page,
                                 enum verdict verdict)
{
    enum err_code code = result->err.code != OK ? result->err.code : page->code;
    if (result->timed_out)
        return "timeout";
    if (verdict == VERDICT_THROTTLED || verdict == VERDICT_REFUSED)
        return verdict == VERDICT_REFUSED ? "denied" : "throttled";
    if (result->status == 0)
        return "connection";
    if (result->status == 200 && code == ERR_TOO_BIG)
        return "too_big";
    if (result->status == 200 && (code == ERR_PROTOCOL || code == ERR_DATA))
        return "not_a_page";
    if (result->status == 200)
        return code == ERR_UNAVAILABLE ? "cut" : "other";
    switch (result->status / 100) {
    case 3:
        return "redirect";
    case 4:
        return "client_error";
    case 5:
        return "server_error";
    default:
        return "other";
    }
}

void fetch_metrics_exchange(struct fetch_metrics *a, enum fetch_source source, const char *table,
                            const struct http_result *result, const struct err *page,
                            enum verdict verdict)
{
    struct tally *t = a != NULL ? find(a, source, table) : NULL;
    if (t == NULL)
        return;
    metrics_observe(a->metrics, FETCH_METRIC_REQUEST_SECONDS, NULL, NULL, SECONDS(result->elapsed));
    metrics_add(a->metrics, FETCH_METRIC_RECEIVED, table, NULL, (double)result->bytes);
    if (verdict == VERDICT_PAGE)
        return;
    t->errors++;
    metrics_add(a->metrics, FETCH_METRIC_API_ERRORS, table, exchange_kind(result, page, verdict),
                1);
}

/* ---- a table's end ---- */

/* A table that was not started, because the run was asked to stop, has nothing to report. */
static bool was_run(const struct table_fetch_result *r)
{
    return r->requests > 0 || r->err.code != ERR_INTERRUPTED;
}

static void write_history(const struct fetch_metrics *a, const struct tally *t,
                          const struct table_fetch_result *r)
{
    struct err e = ERR_INIT;
    struct run_history_entry run = {
        .ended = when_now(), .busy = r->elapsed, .complete_to = r->complete_to};
    run.began = run.ended - r->elapsed;
    bool all = r->state.since == WHEN_NONE;
    const char *kind = r->backfill ? (all ? "full" : "since") : a->conf.kind;
    (void)snprintf(run.kind, sizeof run.kind, "%s", kind);
    if (r->through && all)
        run.backfill = r->state.began;
    (void)snprintf(run.status, sizeof run.status, "%s", table_fetch_status_word(r->status));
    if (r->err.code != OK)
        run_history_failed(&run, &r->err);
    if (r->status == TABLE_FETCH_UNPROVEN)
        (void)crawl_unproven_words(r->crawl.unproven, run.reason, sizeof run.reason);
    run.counts[RUN_REQUESTS] = (int64_t)r->requests;
    run.counts[RUN_PAGES] = (int64_t)r->pages;
    run.counts[RUN_RECORDS] = (int64_t)r->records;
    run.counts[RUN_BYTES] = (int64_t)r->bytes;
    run.counts[RUN_ERRORS] = t->errors;
    run.counts[RUN_SET_ASIDE] = (int64_t)r->non_records;
    run.counts[RUN_RETRIES] = (int64_t)r->retries;
    if (run_history_add(a->conf.spool, t->table, RUN_HISTORY_EXTRACT, &run, &e) != OK)
        LOG(LOG_WARN, "history", "the spool is not told how the run went", F_STR("table", t->table),
            F_ERR(&e));
}

void fetch_metrics_ended(struct fetch_metrics *a, enum fetch_source source, const char *table,
                         const struct table_fetch_result *r)
{
    struct tally *t = a != NULL && was_run(r) ? find(a, source, table) : NULL;
    if (t == NULL)
        return;
    count(a, t, r);
    metrics_add(a->metrics, FETCH_METRIC_RUNS, table, table_fetch_status_word(r->status), 1);
    metrics_observe(a->metrics, FETCH_METRIC_RUN_SECONDS, table, NULL, SECONDS(r->elapsed));
    if (r->apart != TABLE_FETCH_UNKNOWN) /* which has no folder in the spool */
        write_history(a, t, r);
    monitor_ended(a->monitor, table, r->err.code);
    t->seen = (struct table_fetch_result){.status = TABLE_FETCH_COMPLETE};
    t->errors = 0;
}

/* ---- the spool's state ---- */

static void set_time(struct metrics *m, enum fetch_metric metric, const char *table, int64_t t)
{
    if (t != WHEN_NONE)
        metrics_set(m, metric, table, NULL, SECONDS(t));
}

/* One series for each reason; and one with the value 0 if all is proven, so that an alert always finds a series. */
static void set_unproven(struct metrics *m, const struct status_table *t)
{
    const struct run_history *runs = &t->extract;
    char words[RUN_HISTORY_REASON] = "";
    char *rest = words;
    if (runs->count == 0)
        return;
    const struct run_history_entry *last = &runs->entries[runs->count - 1];
    bool unproven = strcmp(last->status, table_fetch_status_word(TABLE_FETCH_UNPROVEN)) == 0;
    if (unproven)
        (void)snprintf(words, sizeof words, "%s", last->reason);
    if (words[0] == '\0')
        metrics_set(m, FETCH_METRIC_UNPROVEN, t->name, "", unproven);
    for (char *word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        metrics_set(m, FETCH_METRIC_UNPROVEN, t->name, word, 1);
}

static void set_table(struct metrics *m, const struct status_table *t)
{
    if (!t->unlisted)
        set_time(m, FETCH_METRIC_COMPLETE_TO, t->name, t->complete_to);
    set_time(m, FETCH_METRIC_FETCHED, t->name, t->fetched);
    metrics_set(m, FETCH_METRIC_UNREADABLE, t->name, NULL, (double)t->unreadable);
    metrics_set(m, FETCH_METRIC_DAMAGED, t->name, NULL, (double)t->damaged);
    if (t->backfill)
        metrics_set(m, FETCH_METRIC_BACKFILL_RECORDS, t->name, NULL, (double)t->filled.records);
    if (t->backfill && t->filled.of > 0)
        metrics_set(m, FETCH_METRIC_BACKFILL_EXPECTED, t->name, NULL, (double)t->filled.of);
    if (t->unlisted)
        return;
    set_unproven(m, t);
    last_run_set(m, &last_run, t);
}

static void look(void *ctx)
{
    struct fetch_metrics *a = ctx;
    for (const struct tally *t = a->tallies; t != NULL; t = t->next)
        monitor_trying(a->monitor, t->table, OK);
    count_running(a);
}

static void collect(void *ctx, const struct status *s)
{
    struct fetch_metrics *a = ctx;
    struct metrics *m = a->metrics;
    count_running(a);
    for (size_t i = FETCH_METRIC_LAST_DURATION; i < FETCH_METRIC_EXIT; i++)
        metrics_clear(m, i);
    if (s == NULL)
        return;
    bool open = s->breaker_until != WHEN_NONE;
    metrics_set(m, FETCH_METRIC_SPOOL_BYTES, NULL, NULL, (double)s->bytes);
    metrics_set(m, FETCH_METRIC_DISK_FREE, NULL, NULL, (double)s->disk_free);
    metrics_set(m, FETCH_METRIC_BREAKER_OPEN, NULL, NULL, open);
    metrics_set(m, FETCH_METRIC_BREAKER_UNTIL, NULL, NULL, open ? SECONDS(s->breaker_until) : 0);
    for (size_t i = 0; i < s->count; i++)
        set_table(m, s->tables[i]);
}

/* ---- beginning and end ---- */

enum err_code fetch_metrics_open(struct fetch_metrics **out, const struct fetch_metrics_conf *conf,
                                 struct err *e)
{
    struct fetch_metrics *a = calloc(1, sizeof *a);
    enum err_code rc = OK;
    *out = NULL;
    if (a == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    a->conf = *conf;
    struct monitor_conf monitor = {.options = conf->options,
                                   .loop = conf->loop,
                                   .spool = conf->spool,
                                   .side = RUN_HISTORY_EXTRACT,
                                   .staying = conf->every > 0,
                                   .unseen = conf->unseen,
                                   .interval = conf->every,
                                   .collect = collect,
                                   .look = look,
                                   .ctx = a,
                                   .run = conf->run,
                                   .run_ctx = conf->run_ctx};
    if ((rc = metrics_open(&a->metrics, fetch_metric_defs, FETCH_METRICS, e)) == OK) {
        metrics_set(a->metrics, FETCH_METRIC_BUILD, NETTY_VERSION, NULL, 1);
        monitor.metrics = a->metrics;
        monitor.verdict = FETCH_METRIC_VERDICT;
        monitor.verdict_exit = FETCH_METRIC_VERDICT_EXIT;
        rc = monitor_open(&a->monitor, &monitor, e);
    }
    if (rc != OK) {
        fetch_metrics_close(a);
        return rc;
    }
    *out = a;
    return OK;
}

void fetch_metrics_run(struct fetch_metrics *a, enum fetch_source source, fetch_each_fn *each,
                       const void *run)
{
    if (a == NULL)
        return;
    if (each != NULL)
        a->each = each;
    a->runs[source] = run;
}

int fetch_metrics_done(struct fetch_metrics *a, int code)
{
    return a == NULL ? code : monitor_done(a->monitor, FETCH_METRIC_EXIT, code);
}

void fetch_metrics_kind(struct fetch_metrics *a, const char *kind)
{
    if (a != NULL)
        a->conf.kind = kind;
}

bool fetch_metrics_well(struct fetch_metrics *a)
{
    return a == NULL || monitor_well(a->monitor);
}

void fetch_metrics_quit(struct fetch_metrics *a)
{
    if (a != NULL)
        monitor_quit(a->monitor);
}

void fetch_metrics_close(struct fetch_metrics *a)
{
    if (a == NULL)
        return;
    monitor_close(a->monitor);
    metrics_close(a->metrics);
    while (a->tallies != NULL) {
        struct tally *t = a->tallies;
        a->tallies = t->next;
        free(t);
    }
    free(a);
}

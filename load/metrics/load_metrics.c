#include "load/metrics/load_metrics.h"

#include "load/metrics/load_metric_defs.h"
#include "shared/base/table_names.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/status/last_run_metrics.h"
#include "spool/status/monitor.h"
#include "spool/status/run_history.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS(us) ((double)(us) / (double)WHEN_SECOND)

struct entry {
    char table[NAMES_TABLE_MAX + 1];
    const struct load_counts *live; /* NULL: the table is closed */
    struct load_counts counted;     /* of which the metrics know */
    struct load_counts seen;        /* of which history or `run` knows */
    struct run_history_entry run;   /* what is not written yet */
    bool open;                      /* ... and there is some */
    int64_t written;                /* when_tick() of the last line; 0: none yet */
    struct entry *next;
};

struct load_metrics {
    struct load_metrics_conf conf;
    struct metrics *metrics;
    struct monitor *monitor;
    uv_timer_t timer;
    struct entry *entries;
};

/* By enum db_trouble. */
static const char *const kinds[TABLE_TROUBLES] = {
    [DB_AGAIN] = "unavailable", [DB_TOO_SLOW] = "timeout",    [DB_BAD_ROW] = "bad_row",
    [DB_NO_TABLE] = "no_table", [DB_FORBIDDEN] = "forbidden", [DB_FAULT] = "other",
};

static const struct last_run_metrics last_run = {.side = RUN_HISTORY_LOAD,
                                                 .duration = LOAD_METRIC_LAST_DURATION,
                                                 .timestamp = LOAD_METRIC_LAST_TIMESTAMP,
                                                 .success = LOAD_METRIC_LAST_SUCCESS,
                                                 .dead_letters = LOAD_METRIC_DEAD_LETTERS};

/* ---- counting ---- */

/* Counts what is new since the last time. All series begin with 0, so that Prometheus sees the first increase. */
static void count(const struct load_metrics *a, struct entry *i)
{
    struct metrics *m = a->metrics;
    const struct load_counts *c = i->live;
    struct load_counts *s = &i->counted;
    if (c == NULL)
        return;
    const struct {
        const char *outcome;
        uint64_t n;
    } rows[] = {
        {"inserted", c->inserted - s->inserted},    {"updated", c->updated - s->updated},
        {"unchanged", c->unchanged - s->unchanged}, {"stale", c->stale - s->stale},
        {"folded", c->folded - s->folded},          {"dead", c->dead_letters - s->dead_letters},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        metrics_add(m, LOAD_METRIC_ROWS, i->table, rows[k].outcome, (double)rows[k].n);
    for (size_t k = 0; k < TABLE_TROUBLES; k++)
        metrics_add(m, LOAD_METRIC_DATABASE_ERRORS, i->table, kinds[k],
                    (double)(c->troubles[k] - s->troubles[k]));
    metrics_add(m, LOAD_METRIC_READ, i->table, NULL, (double)(c->read - s->read));
    metrics_add(m, LOAD_METRIC_BATCHES, i->table, NULL, (double)(c->batches - s->batches));
    metrics_add(m, LOAD_METRIC_RETRIES, i->table, NULL, (double)(c->retries - s->retries));
    metrics_add(m, LOAD_METRIC_DAMAGED, i->table, NULL, (double)(c->damaged - s->damaged));
    *s = *c;
}

static struct entry *find(struct load_metrics *a, const char *table)
{
    static const char *const statuses[] = {"complete", "partial", "failed"};
    for (struct entry *i = a->entries; i != NULL; i = i->next)
        if (strcmp(i->table, table) == 0)
            return i;
    struct entry *made = calloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    (void)snprintf(made->table, sizeof made->table, "%s", table);
    made->next = a->entries;
    a->entries = made;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        metrics_add(a->metrics, LOAD_METRIC_LOADS, table, statuses[i], 0);
    return made;
}

void load_metrics_table(struct load_metrics *a, const char *table, const struct load_counts *counts)
{
    struct entry *i = a != NULL ? find(a, table) : NULL;
    if (i == NULL)
        return;
    i->live = counts;
    i->counted = i->seen = *counts;
}

/* ---- history ---- */

/* Writes the line of history. A spool that may only be read is no failure, since the loader needs no more. */
static void write_line(struct load_metrics *a, struct entry *i)
{
    struct err e = ERR_INIT;
    if (!i->open)
        return;
    i->open = false;
    i->written = when_tick();
    if (a->conf.spool == NULL ||
        run_history_add(a->conf.spool, i->table, RUN_HISTORY_LOAD, &i->run, &e) == OK)
        return;
    bool harmless = e.sys == EROFS || e.sys == EACCES || e.sys == EPERM;
    LOG(harmless ? LOG_DEBUG : LOG_WARN, "history", "the spool is not told how the run went",
        F_STR("table", i->table), F_ERR(&e));
}

static void write_all(struct load_metrics *a)
{
    for (struct entry *i = a->entries; i != NULL; i = i->next)
        write_line(a, i);
}

static void on_timer(uv_timer_t *timer)
{
    write_all(timer->data);
}

static void add_counts(struct entry *i, const struct load_counts *c)
{
    const struct load_counts *seen = &i->seen;
    int64_t *n = i->run.counts;
    n[RUN_READ] += (int64_t)(c->read - seen->read);
    n[RUN_INSERTED] += (int64_t)(c->inserted - seen->inserted);
    n[RUN_UPDATED] += (int64_t)(c->updated - seen->updated);
    n[RUN_UNCHANGED] += (int64_t)(c->unchanged - seen->unchanged);
    n[RUN_STALE] += (int64_t)(c->stale - seen->stale);
    n[RUN_FOLDED] += (int64_t)(c->folded - seen->folded);
    n[RUN_DEAD] += (int64_t)(c->dead_letters - seen->dead_letters);
    n[RUN_BATCHES] += (int64_t)(c->batches - seen->batches);
    n[RUN_RETRIES] += (int64_t)(c->retries - seen->retries);
    i->run.busy += c->busy - seen->busy;
}

/* Returns the run's status. The last load counts: a table that failed and then was loaded well is well. */
static const char *run_status(struct run_history_entry *run, const struct err *err)
{
    const char *status = "complete";
    if (err != NULL)
        status = err->code == ERR_INTERRUPTED ? "partial" : "failed";
    (void)snprintf(run->status, sizeof run->status, "%s", status);
    run->error[0] = run->message[0] = '\0';
    if (err != NULL)
        run_history_failed(run, err);
    return status;
}

void load_metrics_loaded(struct load_metrics *a, const char *table, const struct err *err)
{
    struct entry *i = a != NULL ? find(a, table) : NULL;
    int64_t now = when_now();
    if (i == NULL || i->live == NULL)
        return;
    struct load_counts counts = *i->live;
    int64_t busy = counts.busy - i->seen.busy;
    bool nothing = err == NULL && counts.read == i->seen.read && i->run.error[0] == 0;
    monitor_ended(a->monitor, table, err != NULL ? err->code : OK);
    if (a->conf.follow && nothing && !i->open && i->written != 0) {
        i->seen = counts;
        return;
    }
    if (!i->open) {
        i->run = (struct run_history_entry){.began = now - busy, .complete_to = WHEN_NONE};
        (void)snprintf(i->run.kind, sizeof i->run.kind, "%s", a->conf.kind);
    }
    i->open = true;
    i->run.ended = now;
    add_counts(i, &counts);
    metrics_add(a->metrics, LOAD_METRIC_LOADS, table, run_status(&i->run, err), 1);
    metrics_observe(a->metrics, LOAD_METRIC_LOAD_SECONDS, table, NULL, SECONDS(busy));
    i->seen = counts;
    if (!a->conf.follow || i->written == 0 || when_tick() - i->written >= LOAD_METRICS_SPAN)
        write_line(a, i);
}

/* ---- the spool's state ---- */

static void set_table(struct metrics *m, const struct status *s, const struct status_table *t)
{
    double ratio = status_requests_per_change(t);
    int64_t age = t->since != WHEN_NONE && s->at > t->since ? s->at - t->since : 0;
    if (t->loaded_to != WHEN_NONE && !t->unlisted)
        metrics_set(m, LOAD_METRIC_COMPLETE_TO, t->name, NULL, SECONDS(t->loaded_to));
    metrics_set(m, LOAD_METRIC_WAITING_BYTES, t->name, NULL, (double)t->bytes);
    metrics_set(m, LOAD_METRIC_WAITING_RECORDS, t->name, NULL, (double)t->records);
    metrics_set(m, LOAD_METRIC_WAITING_PAGES, t->name, NULL, (double)t->pages);
    metrics_set(m, LOAD_METRIC_WAITING_AGE, t->name, NULL, SECONDS(age));
    metrics_set(m, LOAD_METRIC_HOLES, t->name, NULL, (double)t->holes);
    metrics_set(m, LOAD_METRIC_GAPS, t->name, NULL, (double)t->gaps);
    metrics_set(m, LOAD_METRIC_UNCHECKED, t->name, NULL, t->unchecked != WHEN_NONE ? 1 : 0);
    metrics_set(m, LOAD_METRIC_HELD, t->name, NULL, (double)t->held);
    if (ratio >= 0)
        metrics_set(m, LOAD_METRIC_RATIO, t->name, NULL, ratio);
    if (!t->unlisted)
        last_run_set(m, &last_run, t);
}

static void look(void *ctx)
{
    struct load_metrics *a = ctx;
    for (struct entry *i = a->entries; i != NULL; i = i->next)
        monitor_trying(a->monitor, i->table, i->live != NULL ? i->live->trying : OK);
}

static void collect(void *ctx, const struct status *s)
{
    struct load_metrics *a = ctx;
    for (struct entry *i = a->entries; i != NULL; i = i->next)
        count(a, i);
    for (size_t i = LOAD_METRIC_LAST_DURATION; i < LOAD_METRIC_EXIT; i++)
        metrics_clear(a->metrics, i);
    if (s == NULL)
        return;
    metrics_set(a->metrics, LOAD_METRIC_SPOOL_BYTES, NULL, NULL, (double)s->bytes);
    for (size_t i = 0; i < s->count; i++)
        set_table(a->metrics, s, s->tables[i]);
}

/* ---- beginning and end ---- */

enum err_code load_metrics_open(struct load_metrics **out, const struct load_metrics_conf *conf,
                                struct err *e)
{
    struct load_metrics *a = calloc(1, sizeof *a);
    enum err_code rc;
    *out = NULL;
    if (a == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    a->conf = *conf;
    struct monitor_conf monitor = {.options = conf->options,
                                   .loop = conf->loop,
                                   .spool = conf->spool,
                                   .side = RUN_HISTORY_LOAD,
                                   .staying = conf->follow || conf->every > 0,
                                   .unseen = conf->unseen,
                                   .interval = conf->every,
                                   .collect = collect,
                                   .look = look,
                                   .ctx = a};
    if ((rc = metrics_open(&a->metrics, load_metric_defs, LOAD_METRICS, e)) == OK) {
        metrics_set(a->metrics, LOAD_METRIC_BUILD, NETTY_VERSION, NULL, 1);
        monitor.metrics = a->metrics;
        monitor.verdict = LOAD_METRIC_VERDICT;
        monitor.verdict_exit = LOAD_METRIC_VERDICT_EXIT;
        rc = monitor_open(&a->monitor, &monitor, e);
    }
    (void)uv_timer_init(conf->loop, &a->timer); /* cannot fail */
    a->timer.data = a;
    uv_unref((uv_handle_t *)&a->timer);
    if (rc == OK && conf->follow)
        (void)uv_timer_start(&a->timer, on_timer, LOAD_METRICS_SPAN / 1000,
                             LOAD_METRICS_SPAN / 1000);
    if (rc != OK) {
        load_metrics_close(a);
        return rc;
    }
    *out = a;
    return OK;
}

int load_metrics_done(struct load_metrics *a, int code)
{
    if (a == NULL)
        return code;
    write_all(a);
    for (struct entry *i = a->entries; i != NULL; i = i->next) {
        count(a, i);
        i->live = NULL;
    }
    return monitor_done(a->monitor, LOAD_METRIC_EXIT, code);
}

void load_metrics_spool(struct load_metrics *a, const struct spool *s)
{
    if (a == NULL)
        return;
    a->conf.spool = s;
    monitor_spool(a->monitor, s);
}

static void on_closed(uv_handle_t *h)
{
    struct load_metrics *a = h->data;
    while (a->entries != NULL) {
        struct entry *i = a->entries;
        a->entries = i->next;
        free(i);
    }
    free(a);
}

void load_metrics_close(struct load_metrics *a)
{
    if (a == NULL)
        return;
    write_all(a);
    monitor_close(a->monitor);
    metrics_close(a->metrics);
    uv_close((uv_handle_t *)&a->timer, on_closed);
}

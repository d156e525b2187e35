#include "extract/run/fetch_run.h"
#include "extract/metrics/fetch_metrics.h"
#include "extract/run/refusal_probe.h"
#include "extract/run/silent_tables.h"
#include "extract/run/unknown_tables.h"
#include "shared/base/units.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdlib.h>

#define CLOCKS_APART (60 * WHEN_SECOND)
#define TRY_EVERY_MS 50
#define WAIT_MAX     (120 * WHEN_SECOND)
#define LOOKS        20 /* at a lock whose holder does not say that it yields: a second */

struct fetch_run {
    struct fetch_run_conf conf;
    fetch_run_done_fn *done;
    void *ctx;
    struct fetch_run_row *rows;
    size_t count;
    size_t locked;  /* rows that wait for another run to let go of their table */
    int64_t opened; /* since when, by the clock that never jumps */
    uv_timer_t locks;
    size_t running; /* started and not ended */
    size_t waiting; /* of these, refused, and not known why */
    size_t open;    /* tables not closed yet */
    bool careful;   /* one table only, until the API has taken the key */
    bool probing;   /* ... because it asked to be left alone */
    bool stopping;
    bool pumping;
    bool clocks;  /* that they differ has been told */
    bool heard;   /* a request was answered, by whatever status */
    bool closing; /* all tables are closed, and the probe is about those that are silent */
    struct refusal_probe probe;
    struct err why;
};

static void pump(struct fetch_run *r);

static void report_set_aside(const struct fetch_run *r, const struct fetch_run_row *row)
{
    char text[DEAD_REASONS_TEXT];
    const struct dead_reasons *reasons = table_fetch_set_aside(row->table);
    progress_clear(r->conf.progress);
    if (reasons != NULL && reasons->total > 0)
        LOG(LOG_WARN, "set-aside",
            "records were set aside as dead letters; netty-spool dead lists them, and what to do "
            "about each",
            F_STR("table", row->name), F_INT("records", reasons->total),
            F_STR("reasons", dead_reasons_text(reasons, text)));
}

static void report(const struct fetch_run *r, const struct fetch_run_row *row)
{
    char to[WHEN_TEXT];
    const struct table_fetch_result *t = &row->result;
    bool good = t->err.code == OK;
    /* A run that is still at it is what the next one finds under a backfill: no trouble of anybody's. */
    bool calm = good || t->err.code == ERR_INTERRUPTED || t->err.code == ERR_BUSY;
    struct log_field fields[] = {
        F_STR("table", row->name),
        F_STR("status", table_fetch_status_word(t->status)),
        F_INT("requests", t->requests),
        F_INT("pages", t->pages),
        F_INT("records", t->records),
        F_INT("retries", t->retries),
        F_INT("unused", t->unused),
        F_INT("overlaps", t->crawl.overlaps),
        F_INT("step_backs", t->crawl.step_backs),
        F_INT("timeless", t->crawl.timeless),
        F_INT("odd", t->non_records),
        F_INT("unreadable", t->crawl.lacking),
        F_STR("complete_to", when_iso(t->complete_to, to)),
        F_SECONDS("seconds", t->elapsed),
        F_ERR(&t->err),
    };
    size_t n = sizeof fields / sizeof *fields - (good ? 1 : 0);
    progress_clear(r->conf.progress);
    log_event(calm ? LOG_INFO : LOG_ERROR, "table", good ? "table fetched" : "table not complete",
              fields, n);
    fetch_metrics_ended(r->conf.metrics, r->conf.source, row->name, t);
}

/* These are about the key or the disk, not about the table. */
static bool concerns_all(const struct table_fetch_result *r)
{
    enum err_code code = r->apart == TABLE_FETCH_COMMON ? r->err.code : OK;
    return code == ERR_DENIED || code == ERR_THROTTLED || code == ERR_FULL;
}

/* Each further table would be given up in the same way, after all its retries. */
static bool is_away(const struct fetch_run *r, const struct table_fetch_result *t)
{
    return r->conf.brief && !r->heard && t->requests > 0 && t->err.code == ERR_UNAVAILABLE;
}

static struct fetch_run_row *row_of(struct fetch_run *r, const struct table_fetch *t)
{
    struct fetch_run_row *row = r->rows;
    while (row->table != t)
        row++;
    return row;
}

static void on_answered(void *ctx, struct table_fetch *t)
{
    struct fetch_run *r = ctx;
    (void)t;
    if (!r->careful)
        return;
    r->careful = false;
    pump(r);
}

/* A key that never worked is tried by one request alone; but a failure that says nothing of the key
 * must not keep the other tables waiting for it. */
static void on_retrying(void *ctx, struct table_fetch *t)
{
    struct fetch_run *r = ctx;
    if (!r->probing)
        on_answered(r, t);
}

/* ---- tables that are refused ---- */

/* Another table's request may tell what it means. */
static void on_refused(void *ctx, struct table_fetch *t)
{
    struct fetch_run *r = ctx;
    row_of(r, t)->refused = true;
    r->waiting++;
    pump(r);
}

static void on_probed(void *ctx, bool answered)
{
    const struct fetch_run *r = ctx;
    refusal_gate_settle(r->conf.env->gate, answered);
}

/* No table is left whose request could tell what the refusal means: one that this run has read is requested once more. */
static void probe(struct fetch_run *r)
{
    const struct table_fetch_env *env = r->conf.env;
    const struct fetch_run_row *row = r->rows;
    const struct fetch_run_row *end = r->rows + r->count;
    while (row < end && (!row->ended || row->result.pages == 0))
        row++;
    bool left = env->budget == NULL || *env->budget > 0;
    if (row == end || !left ||
        refusal_probe_start(&r->probe, env, row->name, on_probed, r, NULL) != OK) {
        refusal_gate_settle(env->gate, false);
        return;
    }
    if (env->budget != NULL)
        --*env->budget;
}

/* What becomes of it is known at the run's end. */
static bool is_told_late(const struct fetch_run_row *row)
{
    return row->result.apart == TABLE_FETCH_UNKNOWN || row->result.silent;
}

static void on_ended(void *ctx, struct table_fetch *t)
{
    struct fetch_run *r = ctx;
    struct fetch_run_row *row = row_of(r, t);
    row->result = table_fetch_result(t);
    row->ended = true;
    report_set_aside(r, row);
    row->table = NULL;
    r->running -= row->started ? 1 : 0;
    r->waiting -= row->refused ? 1 : 0;
    if (!is_told_late(row))
        report(r, row);
    table_fetch_close(t);
    if (concerns_all(&row->result) || is_away(r, &row->result))
        fetch_run_stop(r, &row->result.err);
    pump(r);
}

static void tell_late(struct fetch_run *r)
{
    bool unknown = !unknown_tables_explain(r->rows, r->count, r->conf.env);
    for (size_t i = 0; i < r->count; i++)
        if (r->rows[i].result.silent || (unknown && r->rows[i].result.apart == TABLE_FETCH_UNKNOWN))
            report(r, &r->rows[i]);
}

static void on_done(uv_handle_t *handle)
{
    struct fetch_run *r = handle->data;
    r->done(r->ctx, r);
}

static void finish(struct fetch_run *r, bool answered)
{
    silent_tables_judge(r->rows, r->count, answered);
    tell_late(r);
    uv_close((uv_handle_t *)&r->locks, on_done);
}

static void on_silence_probed(void *ctx, bool answered)
{
    struct fetch_run *r = ctx;
    r->closing = false;
    finish(r, answered);
}

static void on_closed(void *ctx)
{
    struct fetch_run *r = ctx;
    if (--r->open > 0)
        return;
    const struct table_fetch_env *env = r->conf.env;
    const char *other = r->stopping ? NULL : silent_tables_other(r->rows, r->count);
    bool left = env->budget == NULL || *env->budget > 0;
    r->closing = other != NULL && left &&
                 refusal_probe_start(&r->probe, env, other, on_silence_probed, r, NULL) == OK;
    if (!r->closing)
        finish(r, false);
    else if (env->budget != NULL)
        --*env->budget;
}

/* Warns, once a run, if this machine's clock is wrong: by it is told when something was fetched, and how late a table is. */
static void compare_clocks(struct fetch_run *r, const struct http_result *result)
{
    char by[UNITS_TEXT];
    int64_t ahead = result->date != WHEN_NONE ? when_now() - result->date : 0;
    int64_t apart = ahead < 0 ? -ahead : ahead;
    if (r->clocks || result->status != 200 || apart <= CLOCKS_APART + result->elapsed)
        return;
    r->clocks = true;
    LOG(LOG_WARN, "clocks",
        ahead > 0 ? "this machine's clock is ahead of the API's: set it right (NTP), or the times "
                    "that are told are wrong"
                  : "this machine's clock is behind the API's: set it right (NTP), or the times "
                    "that are told are wrong",
        F_STR("by", units_show_duration(apart / WHEN_SECOND * WHEN_SECOND, by)));
}

static void on_exchanged(void *ctx, struct table_fetch *t, const struct http_result *result,
                         const struct err *page, enum verdict verdict)
{
    struct fetch_run *r = ctx;
    r->heard = r->heard || result->status != 0;
    compare_clocks(r, result);
    fetch_metrics_exchange(r->conf.metrics, r->conf.source, table_fetch_name(t), result, page,
                           verdict);
}

static const struct table_fetch_handler handler = {.answered = on_answered,
                                                   .exchanged = on_exchanged,
                                                   .retrying = on_retrying,
                                                   .refused = on_refused,
                                                   .ended = on_ended,
                                                   .closed = on_closed};

static void pump(struct fetch_run *r)
{
    if (r->pumping)
        return;
    r->pumping = true;
    for (size_t i = 0;
         i < r->count && !r->stopping && r->running - r->waiting < (r->careful ? 1 : r->conf.jobs);
         i++) {
        struct fetch_run_row *row = &r->rows[i];
        if (row->table == NULL || row->started)
            continue;
        row->started = true;
        r->running++;
        table_fetch_start(row->table);
    }
    r->pumping = false;
    if (!r->stopping && r->waiting > 0 && r->running == r->waiting && !r->probe.under_way &&
        refusal_gate_stuck(r->conf.env->gate))
        probe(r);
}

/* WHEN_NONE is less than any time: a table never fetched goes first. */
static int further_behind(const void *a, const void *b)
{
    const struct fetch_run_row *x = a;
    const struct fetch_run_row *y = b;
    int64_t tx = x->table != NULL ? table_fetch_complete_to(x->table) : WHEN_NONE;
    int64_t ty = y->table != NULL ? table_fetch_complete_to(y->table) : WHEN_NONE;
    return tx < ty ? -1 : tx > ty;
}

/* A backfill lets a regular run have the table between two of its pages, and itself waits for a regular run to end. Two
 * regular runs, or two backfills, do not wait for each other. But a backfill that has just taken the lock says only a moment later
 * that it yields, so a regular run looks more than once. */
static bool waits_for_lock(const struct fetch_run *r, struct fetch_run_row *row, enum err_code code)
{
    const struct table_fetch_env *env = r->conf.env;
    bool backfill = env->backfill.on && !env->backfill.cancel;
    if (code != ERR_BUSY || env->reconcile || r->stopping ||
        when_tick() - r->opened >= (r->conf.patient ? INT64_MAX : WAIT_MAX))
        return false;
    if (row->wait != NULL)
        return true;
    bool yields = spool_lock_wait(&row->wait, env->spool, row->name, NULL) == OK;
    if (!backfill)
        return yields || ++row->looks < LOOKS;
    spool_lock_waited(row->wait); /* what yields is a backfill, too */
    row->wait = NULL;
    return !yields;
}

static void open_row(struct fetch_run *r, struct fetch_run_row *row)
{
    struct err e = ERR_INIT;
    enum table_fetch_apart apart;
    struct table_fetch_want table = {.name = row->name, .key = row->key, .floor = row->floor};
    enum err_code rc = table_fetch_open(&row->table, r->conf.env, &table, &handler, r, &apart, &e);
    row->locked = rc != OK && waits_for_lock(r, row, rc);
    if (row->locked)
        return;
    spool_lock_waited(row->wait);
    row->wait = NULL;
    if (rc == OK) {
        r->open++;
        return;
    }
    row->ended = true;
    row->result = (struct table_fetch_result){.status = TABLE_FETCH_FAILED,
                                              .apart = apart,
                                              .err = e,
                                              .complete_to = WHEN_NONE,
                                              .reached = WHEN_NONE};
    row->result.crawl.complete_to = row->result.crawl.reached = WHEN_NONE;
    if (apart != TABLE_FETCH_UNKNOWN)
        report(r, row);
}

/* Opens the tables that can be had now; they are started in their turn. */
static void try_locks(uv_timer_t *timer)
{
    struct fetch_run *r = timer->data;
    for (size_t i = 0; i < r->count; i++) {
        struct fetch_run_row *row = &r->rows[i];
        if (!row->locked)
            continue;
        open_row(r, row);
        r->locked -= row->locked ? 0 : 1;
    }
    if (r->locked == 0)
        (void)uv_timer_stop(&r->locks);
    pump(r);
    if (r->locked == 0)
        on_closed(r); /* the rows that waited are counted as one that is open */
}

enum err_code fetch_run_open(struct fetch_run **r, const struct fetch_run_conf *conf,
                             const struct fetch_run_want *wants, size_t n, fetch_run_done_fn *done,
                             void *ctx, struct err *e)
{
    *r = calloc(1, sizeof **r);
    struct fetch_run_row *rows = calloc(n > 0 ? n : 1, sizeof *rows);
    if (*r == NULL || rows == NULL) {
        free(*r);
        free(rows);
        *r = NULL;
        return err_set(e, ERR_NOMEM, "out of memory for a run");
    }
    **r = (struct fetch_run){.conf = *conf, .done = done, .ctx = ctx, .rows = rows, .count = n};
    (*r)->opened = when_tick();
    (void)uv_timer_init(conf->env->loop, &(*r)->locks); /* it only fails without a loop */
    (*r)->locks.data = *r;
    for (size_t i = 0; i < n; i++) {
        rows[i].name = wants[i].name;
        rows[i].floor = wants[i].floor;
        rows[i].key = wants[i].key;
        open_row(*r, &rows[i]);
        (*r)->locked += rows[i].locked ? 1 : 0;
    }
    (*r)->open += (*r)->locked > 0 ? 1 : 0;
    qsort(rows, n, sizeof *rows, further_behind);
    return OK;
}

void fetch_run_start(struct fetch_run *r)
{
    struct circuit_breaker *circuit_breaker = r->conf.env->circuit_breaker;
    r->probing = circuit_breaker_look(circuit_breaker, when_now()) == CIRCUIT_BREAKER_TRY;
    r->careful = r->probing || !circuit_breaker_key_worked(circuit_breaker);
    if (r->locked > 0)
        (void)uv_timer_start(&r->locks, try_locks, TRY_EVERY_MS, TRY_EVERY_MS);
    if (r->open > 0) {
        pump(r);
        return;
    }
    r->open = 1;
    on_closed(r);
}

void fetch_run_stop(struct fetch_run *r, const struct err *why)
{
    if (r->stopping)
        return;
    r->stopping = true;
    r->why = *why;
    refusal_probe_stop(&r->probe);
    if (r->closing) {
        r->closing = false;
        finish(r, false);
        return;
    }
    for (size_t i = 0; i < r->count; i++)
        if (r->rows[i].table != NULL)
            table_fetch_stop(r->rows[i].table, &r->why);
    if (r->locked > 0) /* they are tried once more, and wait no longer */
        (void)uv_timer_start(&r->locks, try_locks, 0, TRY_EVERY_MS);
}

const struct fetch_run_row *fetch_run_rows(const struct fetch_run *r, size_t *n)
{
    *n = r->count;
    return r->rows;
}

void fetch_run_each(const void *run, fetch_see_fn *see, void *to)
{
    const struct fetch_run *r = run;
    for (size_t i = 0; i < r->count; i++)
        if (r->rows[i].table != NULL) {
            struct table_fetch_result now = table_fetch_result(r->rows[i].table);
            see(to, r->rows[i].name, &now, r->rows[i].started);
        }
}

int fetch_run_exit(const struct fetch_run *r)
{
    int code = 0;
    for (size_t i = 0; i < r->count; i++) {
        const struct table_fetch_result *t = &r->rows[i].result;
        code = exit_graver(code, err_exit(t->err.code));
        if (t->new_letters > 0 || t->crawl.stepped > 0)
            code = exit_graver(code, err_exit(ERR_SET_ASIDE));
    }
    return code;
}

void fetch_run_close(struct fetch_run *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->count; i++)
        spool_lock_waited(r->rows[i].wait);
    free(r->rows);
    free(r);
}

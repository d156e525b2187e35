#include "extract/table.h"
#include "extract/judge.h"
#include "extract/page.h"
#include "extract/url.h"
#include "shared/buf.h"
#include "shared/log.h"
#include "shared/names.h"
#include "shared/when.h"
#include "spool/refetch.h"
#include <stdlib.h>
#include <string.h>

struct table {
    const struct table_env *env;
    char name[NAMES_TABLE_MAX + 1];
    struct table_handler handler;
    void *ctx;

    struct crawl *crawl;
    struct writer *writer;
    struct page *page;
    struct buf url;
    struct buf position;

    struct pace_turn turn;
    struct http_request *request; /* under way, or NULL */
    uv_timer_t timer;             /* until the next try */
    unsigned attempt;             /* retries of the request at hand */
    int64_t asked;                /* by Retry-After */

    struct refetch refetch; /* from where pages that were lost are fetched again */
    bool refetching;        /* the spool still holds that wish */
    bool started;
    bool ending; /* no further request; ended() once nothing is pending */
    bool ended;
    bool stalled; /* waits for the writer to catch up */
    bool warned;  /* that the filter is ignored */
    int64_t began;
    int64_t complete_to; /* by the last durable page: the crawl itself is ahead of the disk */
    struct table_result result;
};

static void next(struct table *t);

const char *table_name(const struct table *t)
{
    return t->name;
}

const char *table_status_word(enum table_status status)
{
    static const char *const words[] = {"complete", "partial", "throttled", "failed"};
    return words[status];
}

static enum table_status status_of(enum err_code code)
{
    if (code == OK || code == ERR_INTERRUPTED)
        return TABLE_PARTIAL;
    return code == ERR_THROTTLED ? TABLE_THROTTLED : TABLE_FAILED;
}

struct table_result table_result(const struct table *t)
{
    struct table_result r = t->result;
    crawl_stats(t->crawl, &r.crawl);
    r.complete_to = t->complete_to;
    r.reached = r.crawl.reached;
    if (!t->ended && t->started)
        r.elapsed = when_tick() - t->began;
    return r;
}

int64_t table_complete_to(const struct table *t)
{
    return table_result(t).complete_to;
}

static void tell_ended(struct table *t)
{
    if (!t->ending || t->ended || writer_pending(t->writer) > 0)
        return;
    t->ended = true;
    t->result.elapsed = t->started ? when_tick() - t->began : 0;
    t->handler.ended(t->ctx, t);
}

/* why: NULL when the crawl is done. The first reason counts. */
static void end(struct table *t, const struct err *why, enum table_status status)
{
    struct err e = ERR_INIT;
    if (t->ending)
        return;
    t->ending = true;
    t->result.status = status;
    if (why != NULL)
        t->result.err = *why;
    pace_forget(t->env->pace, &t->turn);
    (void)uv_timer_stop(&t->timer);
    if (t->request != NULL)
        http_cancel(t->request);
    t->request = NULL;
    if (page_take_back(t->page, &e) != OK && t->result.err.code == OK) {
        t->result.status = TABLE_FAILED;
        t->result.err = e;
    }
    tell_ended(t);
}

static void fail(struct table *t, const struct err *why)
{
    end(t, why, status_of(why->code));
}

/* From here on the table's own position leads through what was lost. */
static void refetch_begun(struct table *t)
{
    struct err e = ERR_INIT;
    t->refetching = false;
    if (refetch_clear(t->env->spool, t->name, &t->refetch, &e) != OK)
        LOG(LOG_WARN, "refetch", "the next run will fetch the lost pages once more",
            F_STR("table", t->name), F_ERR(&e));
}

static void on_commit(void *ctx, enum err_code rc, const struct page_info *info,
                      const struct err *err)
{
    struct table *t = ctx;
    if (rc == OK) {
        if (t->refetching)
            refetch_begun(t);
        t->result.pages++;
        t->result.records += info->records;
        t->result.bytes += info->bytes;
        t->complete_to = info->complete_to;
    } else if (t->ending && t->result.err.code == OK) {
        t->result.err = *err; /* what seemed complete is not */
        t->result.status = TABLE_FAILED;
    } else {
        fail(t, err);
    }
    if (t->ending) {
        tell_ended(t);
    } else if (t->stalled && writer_pending(t->writer) < TABLE_PENDING_MAX) {
        t->stalled = false;
        next(t);
    }
}

static void on_timer(uv_timer_t *timer)
{
    next(timer->data);
}

/* The page was not to be had: take back what came of it, and wait before the next try. */
static void retry(struct table *t, const struct err *why, bool smaller)
{
    struct err e = ERR_INIT;
    const struct backoff *policy = &t->env->retries;
    if (page_take_back(t->page, &e) != OK) {
        fail(t, &e);
        return;
    }
    crawl_page_restart(t->crawl);
    if (smaller)
        crawl_timed_out(t->crawl);
    if (t->attempt >= policy->tries) {
        e = *why;
        err_prefix(&e, "given up after %u %s", t->attempt + 1, t->attempt == 0 ? "try" : "tries");
        fail(t, &e);
        return;
    }
    t->attempt++;
    t->result.retries++;
    int64_t wait = backoff_wait(policy, t->attempt, backoff_random(), t->asked);
    LOG(LOG_WARN, "retry", "the request failed and is made again", F_STR("table", t->name),
        F_INT("attempt", t->attempt), F_INT("wait_ms", wait / 1000), F_ERR(why));
    uv_update_time(t->env->loop);
    (void)uv_timer_start(&t->timer, on_timer, (uint64_t)(wait / 1000), 0);
    t->handler.retrying(t->ctx, t);
}

/* Nothing is missed by it, but every run then reads the whole list. */
static void warn_unfiltered(struct table *t, const struct crawl_stats *stats)
{
    if (stats->filter_ignored && !t->warned)
        LOG(LOG_WARN, "unfiltered",
            "the API ignores the filter on time_modified, so all pages are read each time",
            F_STR("table", t->name));
    t->warned = stats->filter_ignored;
}

static void keep(struct table *t)
{
    struct err e = ERR_INIT;
    struct crawl_stats stats;
    crawl_stats(t->crawl, &stats);
    warn_unfiltered(t, &stats);
    buf_reset(&t->position);
    enum err_code rc = crawl_position(t->crawl, &t->position, &e);
    if (rc == OK)
        rc = page_keep(t->page, t->position.data, stats.complete_to, on_commit, t, &e);
    if (rc != OK) {
        fail(t, &e);
        return;
    }
    if (breaker_worked(t->env->breaker, &e) != OK) {
        fail(t, &e);
        return;
    }
    t->handler.answered(t->ctx, t);
    next(t);
}

static void take_page(struct table *t, const struct http_result *result,
                      const struct parse_result *parsed)
{
    struct err e = ERR_INIT;
    struct crawl_answer answer = {.date = result->date, .now = when_now()};
    t->attempt = 0;
    t->result.odd += parsed->odd;
    LOG(LOG_DEBUG, "page", "page fetched", F_STR("table", t->name),
        F_INT("records", parsed->records), F_INT("count", parsed->count),
        F_INT("bytes", result->bytes), F_INT("ms", result->elapsed / 1000));
    switch (crawl_page(t->crawl, &answer, &e)) {
    case CRAWL_KEEP:
        keep(t);
        return;
    case CRAWL_RETAKE:
        if (page_take_back(t->page, &e) != OK)
            fail(t, &e);
        else
            next(t);
        return;
    case CRAWL_BROKEN:
        fail(t, &e);
    }
}

static void throttled(struct table *t, const struct http_result *result, struct err *why)
{
    struct err e = ERR_INIT;
    if (breaker_trip(t->env->breaker, when_now(), result->status, result->retry_after, &e) != OK)
        LOG(LOG_WARN, "breaker", "cannot remember that the API throttles", F_ERR(&e));
    fail(t, why);
}

static void on_done(void *ctx, const struct http_result *result)
{
    struct table *t = ctx;
    struct parse_result parsed = {0};
    struct err page = ERR_INIT;
    struct err e = ERR_INIT;
    t->request = NULL;
    t->asked = result->retry_after > 0 ? result->retry_after : 0;
    if (result->err.code == OK && result->status == 200)
        page.code = page_finish(t->page, &parsed, &page);
    enum verdict verdict = judge(t->name, result, &page, breaker_key_worked(t->env->breaker), &e);
    switch (verdict) {
    case VERDICT_PAGE:
        take_page(t, result, &parsed);
        return;
    case VERDICT_RETRY:
    case VERDICT_SMALLER:
        retry(t, &e, verdict == VERDICT_SMALLER);
        return;
    case VERDICT_THROTTLED:
        throttled(t, result, &e);
        return;
    case VERDICT_DENIED:
    case VERDICT_FAILED:
        fail(t, &e);
    }
}

static enum err_code on_body(void *ctx, const char *bytes, size_t n, struct err *e)
{
    struct table *t = ctx;
    return page_body(t->page, bytes, n, e);
}

static const struct http_handler http_handler = {.body = on_body, .done = on_done};

/* Is the API to be left alone? Another process may have been told so since the last request. */
static enum err_code look_at_breaker(struct table *t, struct err *e)
{
    char until[WHEN_TEXT];
    struct breaker *b = t->env->breaker;
    int64_t now = when_now();
    switch (breaker_look(b, now)) {
    case BREAKER_CLOSED:
        return OK;
    case BREAKER_TRY:
        return breaker_probe(b, now, e);
    case BREAKER_OPEN:
        break;
    }
    return err_set(e, ERR_THROTTLED, "the API asked to be left alone until %s",
                   when_people(breaker_until(b), until));
}

static void on_turn(void *ctx)
{
    struct table *t = ctx;
    struct err e = ERR_INIT;
    enum err_code rc = look_at_breaker(t, &e);
    if (rc == OK) {
        page_start(t->page);
        rc = http_get(t->env->http, &t->request, t->url.data, &http_handler, t, &e);
    }
    if (rc != OK)
        fail(t, &e);
    else
        t->result.requests++;
}

/* What to do now that nothing is under way. */
static void next(struct table *t)
{
    struct err e = ERR_INIT;
    struct crawl_request request;
    if (t->ending)
        return;
    if (writer_pending(t->writer) >= TABLE_PENDING_MAX) {
        t->stalled = true;
        return;
    }
    uint64_t kept = t->result.pages + writer_pending(t->writer);
    if (crawl_next(t->crawl, &request) == CRAWL_DONE) {
        end(t, NULL, TABLE_COMPLETE);
    } else if (t->env->max_pages > 0 && kept >= t->env->max_pages) {
        end(t, NULL, TABLE_PARTIAL);
    } else if (room_check(t->env->room, &e) != OK ||
               url_page(&t->url, t->env->base_url, t->name, &request, &e) != OK) {
        fail(t, &e);
    } else {
        pace_ask(t->env->pace, &t->turn, on_turn, t);
    }
}

static void table_free(struct table *t)
{
    page_close(t->page);
    crawl_close(t->crawl);
    buf_free(&t->url);
    buf_free(&t->position);
    free(t);
}

static void on_writer_closed(void *ctx)
{
    struct table *t = ctx;
    struct table_handler handler = t->handler;
    void *closed_ctx = t->ctx;
    table_free(t);
    handler.closed(closed_ctx);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct table *t = handle->data;
    writer_close(t->writer, on_writer_closed, t);
}

void table_close(struct table *t)
{
    uv_close((uv_handle_t *)&t->timer, on_timer_closed);
}

/* Where the table stands; after damage, where it stood before it, unless the user says from where.
 */
static enum err_code find_position(struct table *t, struct crawl_conf *conf, const char **position,
                                   struct err *e)
{
    bool there = false;
    *position = writer_position(t->writer);
    if (conf->since != WHEN_NONE)
        return OK;
    enum err_code rc = refetch_read(t->env->spool, t->name, &t->refetch, &there, e);
    if (rc != OK || !there)
        return rc;
    t->refetching = true;
    *position = t->refetch.position[0] != 0 ? t->refetch.position : NULL;
    conf->full = conf->full || t->refetch.position[0] == 0;
    LOG(LOG_INFO, "refetch", "pages that were damaged are fetched again", F_STR("table", t->name),
        F_STR("from", conf->full ? "the beginning" : "before the damage"));
    return OK;
}

static enum err_code open_parts(struct table *t, int64_t floor, struct err *e)
{
    const struct table_env *env = t->env;
    struct crawl_conf conf = env->crawl;
    conf.floor = floor;
    conf.now = when_now();
    const char *position = NULL;
    enum err_code rc = find_position(t, &conf, &position, e);
    if (rc == OK)
        rc = crawl_open(&t->crawl, &conf, position, e);
    if (rc != OK)
        return rc;
    struct crawl_stats stats;
    crawl_stats(t->crawl, &stats);
    t->complete_to = stats.complete_to;
    struct page_parts parts = {
        .spool = env->spool,
        .table = t->name,
        .writer = t->writer,
        .crawl = t->crawl,
        .zone = env->zone,
        .record_max = env->record_max,
        .page_max = env->page_max,
    };
    return page_open(&t->page, &parts, e);
}

static void nothing(void *ctx)
{
    table_free(ctx);
}

enum err_code table_open(struct table **t, const struct table_env *env, const char *name,
                         int64_t floor, const struct table_handler *handler, void *ctx,
                         struct err *e)
{
    *t = NULL;
    struct table *made = calloc(1, sizeof *made);
    if (made == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a table");
    made->env = env;
    made->handler = *handler;
    made->ctx = ctx;
    memcpy(made->name, name, strnlen(name, NAMES_TABLE_MAX));
    buf_init(&made->url, URL_MAX);
    buf_init(&made->position, PAGE_POSITION_MAX);
    enum err_code rc =
        writer_open(&made->writer, env->loop, env->spool, made->name, &env->writer, e);
    if (rc != OK) {
        table_free(made);
        return rc;
    }
    rc = open_parts(made, floor, e);
    if (rc != OK) {
        writer_close(made->writer, nothing, made);
        return rc;
    }
    /* It only fails without a loop. */
    (void)uv_timer_init(env->loop, &made->timer);
    made->timer.data = made;
    *t = made;
    return OK;
}

void table_start(struct table *t)
{
    t->started = true;
    t->began = when_tick();
    next(t);
}

void table_stop(struct table *t, const struct err *why)
{
    fail(t, why);
}

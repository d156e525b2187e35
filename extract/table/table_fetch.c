#include "extract/api/request_url.h"
#include "extract/api/response_verdict.h"
#include "extract/table/table_fetch_private.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdlib.h>

#define STOP_WAIT_MS 1000 /* for what is on its way */

const char *table_fetch_name(const struct table_fetch *t)
{
    return t->name;
}

static enum table_fetch_status status_of(enum err_code code)
{
    if (code == OK || code == ERR_INTERRUPTED)
        return TABLE_FETCH_PARTIAL;
    return code == ERR_THROTTLED ? TABLE_FETCH_THROTTLED : TABLE_FETCH_FAILED;
}

struct table_fetch_result table_fetch_result(const struct table_fetch *t)
{
    struct table_fetch_result r = t->result;
    r.new_letters = t->letters + (t->page != NULL ? fetched_page_new_letters(t->page) : 0);
    crawl_stats(t->crawl, &r.crawl);
    r.complete_to = t->complete_to;
    r.reached = r.crawl.reached;
    r.backfill = t->counts;
    r.state = t->at->state;
    bool whole = t->counts || r.crawl.whole;
    r.done = whole ? r.crawl.seen : r.records;
    r.now = whole && r.done >= t->begun_with ? r.done - t->begun_with : r.records;
    r.of = table_fetch_total(t, &r.crawl, r.done);
    if (t->reconcile != NULL) {
        const struct inventory_state *state = inventory_crawl_state(t->reconcile);
        r.absent = state->absent;
        r.present = state->present;
    }
    if (!t->ended && t->started)
        r.elapsed = when_tick() - t->began;
    return r;
}

const struct dead_reasons *table_fetch_set_aside(const struct table_fetch *t)
{
    return t->page != NULL ? fetched_page_reasons(t->page) : NULL;
}

int64_t table_fetch_complete_to(const struct table_fetch *t)
{
    return table_fetch_result(t).complete_to;
}

static unsigned pending(const struct table_fetch *t)
{
    return t->writer != NULL ? (unsigned)writer_pending(t->writer) : 0;
}

/* The status of a fetch that has read all. An unproven one is logged once a run, with the reason. */
static enum table_fetch_status status_done(const struct table_fetch *t)
{
    struct crawl_stats stats;
    char why[CRAWL_UNPROVEN_TEXT];
    crawl_stats(t->crawl, &stats);
    if (stats.lacking > 0)
        LOG(LOG_WARN, "lacking",
            "the table is complete but for records that the API does not give; "
            "later runs try again, netty-spool dead lists them",
            F_STR("table", t->name), F_INT("records", stats.lacking), F_INT("new", stats.stepped));
    if (stats.unproven == 0)
        return TABLE_FETCH_COMPLETE;
    LOG(LOG_WARN, "unproven", "nothing proves that the table is complete", F_STR("table", t->name),
        F_STR("reason", crawl_unproven_text(stats.unproven, why)));
    return TABLE_FETCH_UNPROVEN;
}

static void report_ended(struct table_fetch *t)
{
    struct err e = ERR_INIT;
    if (!t->ending || t->ended || pending(t) > 0 || t->leaving)
        return;
    if ((t->writer != NULL || t->reconcile != NULL) && /* else another run has the table */
        table_fetch_write_places(t, true, &e) != OK && t->result.err.code == OK) {
        t->result.status = TABLE_FETCH_FAILED;
        t->result.err = e;
    }
    t->ended = true;
    if (t->result.err.code == OK)
        table_fetch_backfill_tell(t);
    t->result.elapsed = t->started ? when_tick() - t->began : 0;
    t->handler.ended(t->ctx, t);
}

void table_fetch_end(struct table_fetch *t, const struct err *why, enum table_fetch_status status)
{
    struct err e = ERR_INIT;
    if (t->ending)
        return;
    t->ending = true;
    t->result.status = status;
    table_fetch_trying(t, OK);
    if (why != NULL)
        t->result.err = *why;
    rate_limit_cancel(t->env->rate_limit, &t->turn);
    refusal_gate_forget(t->env->gate, &t->gate);
    (void)uv_timer_stop(&t->timer);
    if (t->request != NULL)
        http_cancel(t->request);
    t->request = NULL;
    table_fetch_ahead_drop(t);
    if (t->page != NULL && fetched_page_discard(t->page, &e) != OK && t->result.err.code == OK) {
        t->result.status = TABLE_FETCH_FAILED;
        t->result.err = e;
    }
    if (t->reconcile != NULL && inventory_crawl_stop(t->reconcile, &e) != OK &&
        t->result.err.code == OK) {
        t->result.status = TABLE_FETCH_FAILED;
        t->result.err = e;
    }
    report_ended(t);
}

void table_fetch_fail(struct table_fetch *t, const struct err *why)
{
    table_fetch_end(t, why, status_of(why->code));
}

/* The refetch of lost pages has begun: from here on the table's own position leads through them. */
static void refetch_begun(struct table_fetch *t)
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
    struct table_fetch *t = ctx;
    if (rc == OK) {
        if (t->refetching)
            refetch_begun(t);
        t->result.pages++;
        table_fetch_trying(t, OK);
        t->result.records += info->records;
        t->result.bytes += info->bytes;
        t->complete_to = info->complete_to;
    } else if (t->ending && t->result.err.code == OK) {
        t->result.err = *err; /* what seemed complete is not */
        t->result.status = TABLE_FETCH_FAILED;
    } else {
        table_fetch_fail(t, err);
    }
    table_fetch_committed(t);
}

void table_fetch_committed(struct table_fetch *t)
{
    if (t->ending) {
        report_ended(t);
    } else if (t->stalled && writer_pending(t->writer) < t->stalled) {
        t->stalled = 0;
        table_fetch_next(t);
    }
}

static void on_timer(uv_timer_t *timer)
{
    table_fetch_next(timer->data);
}

/* Returns true if the refused request was of a form that not every API has, so that the crawl goes on without it. */
static bool do_without(struct table_fetch *t, const struct http_result *result,
                       const struct err *why)
{
    struct err e = ERR_INIT;
    if ((why->code != ERR_REFUSED && result->status / 100 != 3) || !crawl_refused(t->crawl, true))
        return false;
    LOG(LOG_INFO, "form", "the API does not sort or filter as asked; other ways are used",
        F_STR("table", t->name), F_ERR(why));
    t->attempt = 0;
    if (fetched_page_discard(t->page, &e) != OK) {
        table_fetch_fail(t, &e);
        return true;
    }
    if (t->reconcile != NULL)
        inventory_crawl_again(t->reconcile);
    table_fetch_next(t);
    return true;
}

void table_fetch_next_later(struct table_fetch *t, int64_t wait)
{
    int64_t pause = t->stop.code != OK ? 0 : wait / 1000;
    uv_update_time(t->env->loop);
    (void)uv_timer_start(&t->timer, on_timer, (uint64_t)pause, 0);
}

/* Warns that the API ignores the filter. Nothing is missed because of that, but every run reads the whole list. */
static void warn_unfiltered(struct table_fetch *t, const struct crawl_stats *stats)
{
    if (stats->filter_ignored && !t->warned)
        LOG(LOG_WARN, "unfiltered",
            "the API ignores the filter on time_modified, so all pages are read each time",
            F_STR("table", t->name));
    t->warned = stats->filter_ignored;
}

void table_fetch_keep(struct table_fetch *t)
{
    struct err e = ERR_INIT;
    struct crawl_stats stats;
    crawl_stats(t->crawl, &stats);
    warn_unfiltered(t, &stats);
    enum err_code rc = table_fetch_position(t, &stats, &e);
    table_fetch_ahead_bound(t, &stats);
    if (rc == OK) /* what is known to be set aside is not asked for again: the bytes come first */
        rc = fetched_page_store_aside(t->page, &e);
    if (rc == OK)
        rc = table_fetch_write_places(t, false, &e);
    if (rc == OK)
        rc = (table_fetch_may_leave_out(t) ? fetched_page_keep_news : fetched_page_keep)(
            t->page, t->position.data, table_fetch_page_complete_to(t, &stats), on_commit, t, &e);
    if (rc != OK) {
        table_fetch_fail(t, &e);
        return;
    }
    if (table_fetch_answered(t))
        table_fetch_next(t);
}

bool table_fetch_answered(struct table_fetch *t)
{
    struct err e = ERR_INIT;
    if (circuit_breaker_worked(t->env->circuit_breaker, &e) != OK) {
        table_fetch_fail(t, &e);
        return false;
    }
    t->handler.answered(t->ctx, t);
    return true;
}

/* Finds the key's name by the answer's records. Returns false if the page is read again with another name, or if the table has failed. */
static bool look_at_key(struct table_fetch *t)
{
    struct err e = ERR_INIT;
    if (t->asked.limit == 0) /* a lookup of one key */
        return true;
    enum page_key_verdict verdict = page_key_judge(t->key, t->asked.limit == 1, &e);
    const char *learned = page_key_learned(t->key);
    if (verdict == PAGE_KEY_GOOD && learned != NULL)
        crawl_learn_key(t->crawl, learned);
    if (verdict == PAGE_KEY_GOOD)
        return true;
    if (verdict == PAGE_KEY_NONE || fetched_page_discard(t->page, &e) != OK) {
        table_fetch_fail(t, &e);
        return false;
    }
    LOG(LOG_INFO, "record-key", "the records tell what their key is called",
        F_STR("table", t->name), F_STR("key", page_key_name(t->key)));
    if (t->reconcile != NULL)
        inventory_crawl_again(t->reconcile);
    else
        crawl_page_restart(t->crawl);
    table_fetch_next(t);
    return false;
}

void table_fetch_took(struct table_fetch *t, const struct http_result *result,
                      const struct page_parser_result *parsed)
{
    t->attempt = 0;
    ahead_answers_note(&t->ahead.answers, parsed->bytes);
    table_fetch_note_answer(t, result, parsed);
    table_fetch_note_count(t, parsed);
    t->result.non_records += parsed->non_records + parsed->malformed;
    LOG(LOG_DEBUG, "page", "page fetched", F_STR("table", t->name),
        F_INT("request", t->result.requests), F_INT("records", parsed->records),
        F_INT("count", parsed->count), F_INT("bytes", result->bytes),
        F_SECONDS_AND_MS("seconds", "ms", result->elapsed));
}

static void take_page(struct table_fetch *t, const struct http_result *result,
                      const struct page_parser_result *parsed)
{
    struct err e = ERR_INIT;
    struct crawl_answer answer = {.date = result->date, .now = when_now(), .count = parsed->count};
    ahead_level_took(&t->ahead.level, result->elapsed);
    table_fetch_took(t, result, parsed);
    if (!look_at_key(t))
        return;
    if (t->reconcile != NULL) {
        table_fetch_reconcile_answer(t, result, parsed);
        return;
    }
    switch (crawl_page(t->crawl, &answer, &e)) {
    case CRAWL_KEEP:
        table_fetch_keep(t);
        return;
    case CRAWL_RETAKE:
        if (fetched_page_take_back(t->page, &e) != OK)
            table_fetch_fail(t, &e);
        else
            table_fetch_next(t);
        return;
    case CRAWL_PART:
        table_fetch_next(t);
        return;
    case CRAWL_BROKEN:
        table_fetch_fail(t, &e);
    }
}

static void on_done(void *ctx, const struct http_result *answer)
{
    struct table_fetch *t = ctx;
    struct http_result read = *answer;
    const struct http_result *result = &read;
    struct page_parser_result parsed = {0};
    struct err page = ERR_INIT;
    struct err e = ERR_INIT;
    t->request = NULL;
    t->retry_after = result->retry_after > 0 ? result->retry_after : 0;
    table_fetch_read(t, &read, &parsed, &page);
    enum verdict verdict = response_verdict(
        t->name, result, &page, circuit_breaker_key_worked(t->env->circuit_breaker), &e);
    t->handler.exchanged(t->ctx, t, result, &page, verdict);
    if (table_fetch_elements_heard(t, &parsed, verdict, &e))
        return;
    switch (verdict) {
    case VERDICT_PAGE:
        table_fetch_not_refused(t);
        refusal_gate_answered(t->env->gate, &t->gate);
        if (!t->ending)
            take_page(t, result, &parsed);
        return;
    case VERDICT_REFUSED:
        table_fetch_refused(t, result, &e);
        return;
    case VERDICT_RETRY:
    case VERDICT_SMALLER:
        refusal_gate_failed(t->env->gate, &t->gate);
        table_fetch_retry(t, result, &e, verdict == VERDICT_SMALLER);
        return;
    case VERDICT_THROTTLED:
        table_fetch_throttled(t, result->status, result->retry_after, &e);
        return;
    case VERDICT_UNKNOWN:
        table_fetch_unknown(t, &e);
        return;
    case VERDICT_FAILED:
        if (do_without(t, result, &e))
            return;
        if (t->reconcile != NULL && e.code == ERR_REFUSED && inventory_crawl_refused(t->reconcile))
            table_fetch_reconcile_answer(t, result, &parsed);
        else
            table_fetch_fail(t, &e);
    }
}

static enum err_code on_body(void *ctx, const char *bytes, size_t n, struct err *e)
{
    struct table_fetch *t = ctx;
    return fetched_page_body(t->page, bytes, n, e);
}

static const struct http_handler http_handler = {.body = on_body, .done = on_done};

static void make_request(void *ctx)
{
    struct table_fetch *t = ctx;
    struct err e = ERR_INIT;
    enum err_code rc = table_fetch_look_at_breaker(t->env, &e);
    if (rc == OK) {
        table_fetch_elements_start(t);
        rc = http_get(t->env->http, &t->request, t->url.data, &http_handler, t, &e);
    }
    if (rc != OK) {
        table_fetch_fail(t, &e);
        return;
    }
    t->result.requests++;
    table_fetch_ahead_more(t);
}

/* The gate is open. A request that has its turn already is made at once; else it waits for one. */
static void on_gate(void *ctx)
{
    struct table_fetch *t = ctx;
    if (t->in_turn)
        make_request(t);
    else
        rate_limit_ask(t->env->rate_limit, &t->turn, make_request, t);
}

static void on_turn(void *ctx)
{
    struct table_fetch *t = ctx;
    t->in_turn = true;
    refusal_gate_ask(t->env->gate, &t->gate, on_gate, t);
    t->in_turn = false;
}

/* Asks for a turn for the next request. The request is taken from the budget now, so that no two tables take the last one. */
void table_fetch_ask(struct table_fetch *t)
{
    struct err e = ERR_INIT;
    uint64_t *budget = t->env->budget;
    if (budget != NULL && *budget == 0) {
        table_fetch_end(t, NULL, TABLE_FETCH_PARTIAL);
    } else if (disk_space_check(t->env->disk_space, &e) != OK) {
        table_fetch_fail(t, &e);
    } else {
        if (budget != NULL)
            --*budget;
        rate_limit_ask(t->env->rate_limit, &t->turn, on_turn, t);
    }
}

void table_fetch_next(struct table_fetch *t)
{
    struct err e = ERR_INIT;
    struct crawl_request request = {0};
    if (t->ending)
        return;
    if (t->reconcile != NULL) {
        table_fetch_reconcile_next(t);
        return;
    }
    if (t->env->backfill.cancel) {
        table_fetch_backfill_cancel(t);
        return;
    }
    if (t->stop.code != OK && !table_fetch_ahead_holds(t)) {
        table_fetch_fail(t, &t->stop);
        return;
    }
    /* Its last page says that it is through: there is nothing to come back to. */
    t->ahead.leaving = t->stop.code != OK;
    bool wanted = t->own && !t->result.through && spool_lock_asked(t->env->spool, t->name) &&
                  !table_fetch_ahead_holds(t);
    t->stalled = wanted ? 1 : TABLE_FETCH_PENDING_MAX;
    if (writer_pending(t->writer) >= t->stalled)
        return;
    t->stalled = 0;
    if (wanted) {
        table_fetch_yield(t);
        return;
    }
    uint64_t kept = t->result.pages + writer_pending(t->writer);
    enum crawl_next next = crawl_next(t->crawl, &request);
    t->asked = request;
    if (next == CRAWL_DONE && t->counts && t->at->backfill)
        table_fetch_backfill_close(t, status_done(t));
    else if (next == CRAWL_DONE)
        table_fetch_end(t, NULL, status_done(t));
    else if (t->env->max_pages > 0 && kept >= t->env->max_pages)
        table_fetch_end(t, NULL, TABLE_FETCH_PARTIAL);
    else if (table_fetch_ahead_serves(t))
        return;
    else if (url_page(&t->url, t->env->base_url, t->name, page_key_name(t->key), &request, &e) !=
             OK)
        table_fetch_fail(t, &e);
    else
        table_fetch_ask(t);
}

void table_fetch_start(struct table_fetch *t)
{
    t->started = true;
    t->began = when_tick();
    if (table_fetch_take_back(t))
        table_fetch_next(t);
}

static void on_stop_late(uv_timer_t *timer)
{
    struct table_fetch *t = timer->data;
    table_fetch_fail(t, &t->stop);
}

/* The next run would repeat the request that is under way, so its answer is waited for, for a moment. (While a page is on its way, the timer is
 * free.) */
void table_fetch_stop(struct table_fetch *t, const struct err *why)
{
    bool waits = t->request != NULL || t->ahead.awaited != NULL;
    if (t->ending || t->stop.code != OK)
        return;
    if (!waits || t->reconcile != NULL || t->asked.limit == 0) {
        table_fetch_fail(t, why);
        return;
    }
    t->stop = *why;
    t->ahead.leaving = true;
    uv_update_time(t->env->loop);
    (void)uv_timer_start(&t->timer, on_stop_late, STOP_WAIT_MS, 0);
}

/* Pages that are requested before it is their turn (crawl.h), as many as ahead_level.h allows. The same rate limit, budget and
 * circuit breaker hold for them as for all requests. Only one such request of a table waits for the rate limit at a time, so
 * that other tables do not wait behind many of them. */
#include "extract/api/request_url.h"
#include "extract/api/response_verdict.h"
#include "extract/table/table_fetch_private.h"
#include "shared/log/log.h"
#include "shared/time/when.h"

/* ---- what may be asked for ---- */

static bool may_ask(struct table_fetch *t)
{
    const struct table_fetch_env *env = t->env;
    struct table_fetch_ahead *a = &t->ahead;
    size_t open = a->answers.count + (t->request != NULL ? 1 : 0);
    bool under_way = t->request != NULL || a->awaited != NULL;
    bool bounded = env->budget != NULL && *env->budget == 0;
    bool doubt = t->gate.refused || refusal_gate_doubts(env->gate);
    unsigned level = ahead_level(&a->level, t->result.requests, t->result.unused);
    return env->ahead > 1 && t->reconcile == NULL && under_way && !t->ending && !a->leaving &&
           !bounded && !doubt && open < level && ahead_level_spares(&a->level, a->answers.count) &&
           page_key_learned(t->key) != NULL && ahead_answers_room(&a->answers);
}

/* Chooses the first page that the crawl will ask for and that was not requested yet. */
static bool choose(const struct table_fetch *t, struct crawl_request *request)
{
    const struct table_fetch_env *env = t->env;
    uint64_t kept = t->result.pages + writer_pending(t->writer);
    for (unsigned further = 1; further <= env->ahead; further++) {
        if (env->max_pages > 0 && kept + further >= env->max_pages)
            return false;
        if (!crawl_ahead(t->crawl, further, request))
            return false;
        if (ahead_answers_find(&t->ahead.answers, request) == NULL)
            return true;
    }
    return false;
}

static bool is_closed(const struct table_fetch *t)
{
    return circuit_breaker_look(t->env->circuit_breaker, when_now()) == CIRCUIT_BREAKER_CLOSED;
}

static enum err_code make_request(struct table_fetch *t, const struct crawl_request *request,
                                  struct err *e)
{
    struct buf url;
    buf_init(&url, URL_MAX);
    enum err_code rc = url_page(&url, t->env->base_url, t->name, page_key_name(t->key), request, e);
    if (rc == OK)
        rc = ahead_answers_ask(&t->ahead.answers, request, url.data, e);
    buf_free(&url);
    return rc;
}

static void on_turn(void *ctx)
{
    struct table_fetch *t = ctx;
    struct crawl_request request;
    struct err e = ERR_INIT;
    if (!may_ask(t) || !choose(t, &request) || !is_closed(t))
        return;
    if (make_request(t, &request, &e) != OK) {
        ahead_level_failed(&t->ahead.level); /* the page is asked for in its turn */
        LOG(LOG_DEBUG, "ahead", "a page cannot be asked for ahead", F_STR("table", t->name),
            F_ERR(&e));
        return;
    }
    t->result.requests++;
    if (t->env->budget != NULL)
        --*t->env->budget;
    table_fetch_ahead_more(t);
}

void table_fetch_ahead_more(struct table_fetch *t)
{
    struct crawl_request request;
    if (!t->ahead.turn.waiting && may_ask(t) && choose(t, &request))
        rate_limit_ask(t->env->rate_limit, &t->ahead.turn, on_turn, t);
}

/* ---- answers ---- */

static void drop(struct table_fetch *t, struct ahead_answer *answer)
{
    t->result.unused += answer->failed ? 0 : 1;
    ahead_answers_drop(&t->ahead.answers, answer);
}

/* A refusal of the key ends the run, as in answer to any request. Any other failure does not count against the page: the page is
 * requested again in its turn, and that answer counts. */
static void on_done(void *ctx, struct ahead_answer *answer)
{
    struct table_fetch *t = ctx;
    struct table_fetch_ahead *a = &t->ahead;
    const struct http_result *result = &answer->result;
    struct err page = ERR_INIT;
    struct err e = ERR_INIT;
    bool awaited = a->awaited == answer;
    enum verdict verdict = response_verdict(
        t->name, result, &page, circuit_breaker_key_worked(t->env->circuit_breaker), &e);
    if (awaited)
        a->awaited = NULL;
    t->handler.exchanged(t->ctx, t, result, &page, verdict);
    if (verdict == VERDICT_THROTTLED) {
        table_fetch_throttled(t, result->status, result->retry_after, &e);
        return;
    }
    if (verdict == VERDICT_PAGE) {
        ahead_level_took(&a->level, result->elapsed);
    } else {
        ahead_level_failed(&a->level);
        LOG(LOG_DEBUG, "ahead", "a page that was asked for ahead did not come",
            F_STR("table", t->name), F_ERR(&e));
    }
    if (awaited)
        table_fetch_next(t);
    else
        table_fetch_ahead_more(t);
}

/* Requests the page again in its turn, after a pause, as after any failure. */
static void ask_later(struct table_fetch *t, struct ahead_answer *answer)
{
    const struct http_result *result = &answer->result;
    struct err page = ERR_INIT;
    struct err why = ERR_INIT;
    int64_t after = result->retry_after > 0 ? result->retry_after : 0;
    int64_t wait = backoff_wait(&t->env->retries, 1, backoff_random(), after);
    bool worked = circuit_breaker_key_worked(t->env->circuit_breaker);
    (void)response_verdict(t->name, result, &page, worked, &why);
    t->result.retries++;
    LOG(LOG_WARN, "retry", "the request failed and is made again", F_STR("table", t->name),
        F_INT("attempt", 1), F_SECONDS_AND_MS("wait_seconds", "wait_ms", wait), F_ERR(&why));
    drop(t, answer);
    table_fetch_next_later(t, wait);
}

/* Reads the page of an answer. Returns false if the answer cannot be used. */
static bool read_page(struct table_fetch *t, const struct ahead_answer *answer,
                      struct page_parser_result *parsed, struct err *e)
{
    struct crawl_answer shown = {.date = answer->result.date, .now = answer->at};
    fetched_page_start(t->page, &t->asked, 0);
    t->malformed_sum = 0;
    enum err_code rc = fetched_page_body(t->page, answer->body.data, answer->body.len, e);
    if (rc == OK)
        rc = fetched_page_finish(t->page, parsed, e);
    shown.count = parsed->count;
    return rc == OK && parsed->malformed == 0 &&
           page_key_judge(t->key, t->asked.limit == 1, e) == PAGE_KEY_GOOD &&
           crawl_page_ahead(t->crawl, &shown) == CRAWL_KEEP;
}

/* Takes an answer that is here already, now that the crawl has asked for its page. If it does not fit, the page is requested in the ordinary way. */
static void take(struct table_fetch *t, struct ahead_answer *answer)
{
    struct page_parser_result parsed = {0};
    struct err e = ERR_INIT;
    if (read_page(t, answer, &parsed, &e)) {
        struct http_result result = answer->result;
        ahead_answers_drop(&t->ahead.answers, answer);
        table_fetch_took(t, &result, &parsed);
        table_fetch_keep(t);
        return;
    }
    drop(t, answer);
    e = (struct err)ERR_INIT;
    if (fetched_page_discard(t->page, &e) != OK)
        table_fetch_fail(t, &e);
    else
        table_fetch_next(t);
}

/* Takes the answers one after the other in a loop. A page that is kept leads to the next one, which must not make take() call
 * itself. */
static void take_all(struct table_fetch *t)
{
    struct table_fetch_ahead *a = &t->ahead;
    if (a->taking)
        return;
    a->taking = true;
    while (a->taken != NULL && !t->ending) {
        struct ahead_answer *answer = a->taken;
        a->taken = NULL;
        take(t, answer);
    }
    a->taking = false;
}

/* ---- the crawl asks ---- */

static bool is_ahead(const struct table_fetch *t, const struct crawl_request *request)
{
    struct crawl_request next;
    for (unsigned further = 1; crawl_ahead(t->crawl, further, &next); further++) {
        if (ahead_same_request(&next, request))
            return true;
        if (next.offset > request->offset)
            return false;
    }
    return false;
}

/* Drops answers to requests that the crawl will no longer make. */
static void drop_wrong(struct table_fetch *t)
{
    struct ahead_answer *next = NULL;
    for (struct ahead_answer *answer = t->ahead.answers.first; answer != NULL; answer = next) {
        next = answer->next;
        if (!ahead_same_request(&answer->asked, &t->asked) && !is_ahead(t, &answer->asked))
            drop(t, answer);
    }
}

static void judge_guess(struct table_fetch *t)
{
    struct table_fetch_ahead *a = &t->ahead;
    if (ahead_same_request(&a->last, &t->asked)) /* once more */
        return;
    if (a->guessed && ahead_same_request(&a->guess, &t->asked))
        ahead_level_right(&a->level, (unsigned)a->answers.count);
    a->last = t->asked;
    a->guessed = crawl_ahead(t->crawl, 1, &a->guess);
}

bool table_fetch_ahead_serves(struct table_fetch *t)
{
    struct table_fetch_ahead *a = &t->ahead;
    if (t->env->ahead < 2)
        return false;
    judge_guess(t);
    drop_wrong(t);
    struct ahead_answer *answer = ahead_answers_find(&a->answers, &t->asked);
    if (answer == NULL) { /* the turn that was for another page is this one's */
        rate_limit_cancel(t->env->rate_limit, &a->turn);
        return false;
    }
    if (answer->came) {
        a->taken = answer;
        take_all(t);
    } else if (answer->failed && answer->result.err.code != ERR_TOO_BIG) {
        ask_later(t, answer);
    } else if (answer->failed) { /* there was no memory for it */
        drop(t, answer);
        return false;
    } else {
        a->awaited = answer;
        table_fetch_ahead_more(t);
    }
    return true;
}

bool table_fetch_ahead_holds(struct table_fetch *t)
{
    struct crawl_request request;
    struct table_fetch_ahead *a = &t->ahead;
    if (a->answers.count == 0)
        return false;
    a->leaving = crawl_next(t->crawl, &request) == CRAWL_FETCH &&
                 ahead_answers_find(&a->answers, &request) != NULL;
    return a->leaving;
}

/* ---- beginning and end ---- */

void table_fetch_ahead_open(struct table_fetch *t)
{
    struct table_fetch_ahead *a = &t->ahead;
    ahead_level_init(&a->level, t->env->ahead);
    ahead_answers_init(&a->answers, t->env->http, t->env->ahead_memory, on_done, t);
}

/* Tells the level how many pages the crawl has. `count` is good enough for that, whether or not it is proven to be the total. */
void table_fetch_ahead_bound(struct table_fetch *t, const struct crawl_stats *stats)
{
    const struct backfill_state *before = &t->before;
    uint64_t pages = t->counts ? t->at->state.pages : stats->pages;
    uint64_t each = pages > 0 && stats->seen >= pages ? stats->seen / pages : 1;
    uint64_t of =
        t->left != UINT64_MAX ? stats->seen + t->left : table_fetch_total(t, stats, stats->seen);
    uint64_t more = of > stats->seen ? (of - stats->seen) / each : 0;
    uint64_t lost = before->requests > before->pages ? before->requests - before->pages : 0;
    ahead_level_bound(&t->ahead.level, pages + more, before->runs > 0 ? lost : 0);
}

void table_fetch_ahead_drop(struct table_fetch *t)
{
    struct table_fetch_ahead *a = &t->ahead;
    rate_limit_cancel(t->env->rate_limit, &a->turn);
    a->awaited = a->taken = NULL;
    a->guessed = a->leaving = false;
    while (a->answers.first != NULL)
        drop(t, a->answers.first);
}

void table_fetch_ahead_failed(struct table_fetch *t)
{
    ahead_level_failed(&t->ahead.level);
}

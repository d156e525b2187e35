/* Pages that cannot be had, and the places of records that are stepped over (extract/places). */
#include "extract/table/table_fetch_private.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/control/unreadable.h"
#include <stdlib.h>
#include <string.h>

/* ---- a request that failed ---- */

static enum crawl_after_failure what_now(struct table_fetch *t, const struct http_result *result,
                                         const struct err *why, bool smaller)
{
    struct crawl_seen seen;
    struct crawl_failure f = {
        .too_large = smaller,
        .left = t->env->retries.tries > t->attempt ? t->env->retries.tries - t->attempt : 0,
        .now = when_now(),
        .why = why->msg};
    bool whole = result->err.code == OK && result->status == 200;
    if (t->asked.alone && whole && fetched_page_bytes(t->page, &seen, &f.sum))
        f.seen = &seen;
    if (t->reconcile != NULL && inventory_crawl_looks_up(t->reconcile))
        return f.left > 0 ? CRAWL_AGAIN : CRAWL_GIVE_UP;
    return crawl_failed(t->crawl, &f);
}

static enum err_code take_back(struct table_fetch *t, struct err *e)
{
    if (t->asked.looks)
        return OK;
    if (t->reconcile != NULL)
        inventory_crawl_again(t->reconcile);
    return fetched_page_discard(t->page, e);
}

void table_fetch_trying(struct table_fetch *t, enum err_code code)
{
    t->result.trying = code;
    failed_try_note(&t->tries, code);
}

/* Ends the run where more records in a row are not given than one run passes by. The API is there, and the next run goes on behind
 * those that are known now. Returns false if that is not why the crawl gave up. */
static bool left_for_next(struct table_fetch *t, const struct err *why)
{
    struct crawl_stats stats;
    crawl_stats(t->crawl, &stats);
    if (stats.in_a_row == 0)
        return false;
    LOG(LOG_WARN, "lacking",
        "the API gives none of the records in a row so far, more than one run passes by; the next "
        "run goes on behind them",
        F_STR("table", t->name), F_INT("records", stats.in_a_row), F_INT("new", stats.stepped),
        F_ERR(why));
    table_fetch_end(t, NULL, TABLE_FETCH_PARTIAL);
    return true;
}

void table_fetch_retry(struct table_fetch *t, const struct http_result *result,
                       const struct err *why, bool smaller)
{
    struct err e = ERR_INIT;
    const struct backoff *policy = &t->env->retries;
    table_fetch_ahead_failed(t);
    enum crawl_after_failure after = what_now(t, result, why, smaller);
    enum err_code rc = take_back(t, &e);
    if (rc == OK && after == CRAWL_SET_ASIDE)
        rc = fetched_page_set_aside(t->page, &e);
    if (rc == OK && after == CRAWL_GIVE_UP && left_for_next(t, why))
        return;
    if (rc == OK && after == CRAWL_GIVE_UP) {
        e = *why;
        err_prefix(&e, "given up after %u %s", t->attempt + 1, t->attempt == 0 ? "try" : "tries");
        rc = e.code;
        t->result.silent = !t->spoke && t->reconcile == NULL;
    }
    if (rc != OK) {
        table_fetch_fail(t, &e);
        return;
    }
    if (after == CRAWL_OTHER_WAY)
        LOG(LOG_INFO, "form", "the last try is made without asking for the order of keys",
            F_STR("table", t->name));
    t->attempt = crawl_heard(t->crawl) ? 1 : t->attempt + 1;
    t->result.retries++;
    table_fetch_trying(t, after == CRAWL_AGAIN ? why->code : OK);
    int64_t wait = backoff_wait(policy, t->attempt, backoff_random(), t->retry_after);
    LOG(LOG_WARN, "retry",
        after == CRAWL_AGAIN ? "the request failed and is made again"
                             : "the request failed, and another one is made",
        F_STR("table", t->name), F_INT("attempt", t->attempt),
        F_SECONDS_AND_MS("wait_seconds", "wait_ms", wait), F_ERR(why));
    table_fetch_next_later(t, wait);
    t->handler.retrying(t->ctx, t);
}

/* ---- places ---- */

static enum err_code add_place(void *ctx, const struct place *place, struct err *e)
{
    return places_add(ctx, place) != NULL ? OK : err_set(e, ERR_NOMEM, "out of memory");
}

/* Reads the table's known places. Places that are lost with a damaged list are met again when everything is read, and the list is then written
 * anew. */
static enum err_code read_list(struct table_fetch *t, struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = unreadable_read(t->env->spool, t->name, add_place, t->places, &why);
    if (rc == ERR_DAMAGED) {
        LOG(LOG_WARN, "unreadable",
            "the list of records that were stepped over is damaged: what it says is lacking may be "
            "more; netty-extract --full meets all of them again",
            F_STR("table", t->name), F_ERR(&why));
        t->places->changed = t->env->crawl.full;
        return OK;
    }
    if (rc != OK)
        *e = why;
    return rc;
}

enum err_code table_fetch_read_places(struct table_fetch *t, struct err *e)
{
    enum err_code rc = places_open(&t->places, e);
    return rc == OK ? read_list(t, e) : rc;
}

enum err_code table_fetch_write_places(struct table_fetch *t, bool durable, struct err *e)
{
    struct places *places = t->places;
    if (places == NULL)
        return OK;
    if (durable && t->result.err.code != ERR_IO)
        places_sweep(places);
    if (durable ? !places->changed && places->noted == 0 : !places_unsaved(places))
        return OK;
    places->changed = false;
    places->noted = 0;
    return unreadable_write(t->env->spool, t->name, places->at, places->n, e);
}

/* Whether a page without news need not be written: nothing else depends on its position, neither a refetch of lost pages, nor a backfill, nor
 * the known places. If the position is lost, the next run looks once more. */
bool table_fetch_may_leave_out(const struct table_fetch *t)
{
    const struct places *p = t->places;
    return !t->refetching && !t->counts && !t->own && !t->at->backfill &&
           (p == NULL || (p->n == 0 && !p->changed && p->noted == 0));
}

/* A backfill: a crawl beside the regular one, with a position of its own in the same pages (spool/format/fetch_position.h). If
 * the table has no regular position yet, its first crawl is the backfill. */
#include "extract/table/table_fetch_private.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <string.h>

#define TRY_AGAIN_MS 100

/* ---- where it begins ---- */

/* Reads what the regular position says. A crawl is opened only for that. */
static enum err_code look_at_regular(const struct table_fetch *t, struct crawl_stats *stats,
                                     struct err *e)
{
    struct crawl_conf conf = t->env->crawl;
    struct crawl *crawl = NULL;
    *stats = (struct crawl_stats){.complete_to = WHEN_NONE, .ended = true};
    if (t->at->regular[0] == '\0')
        return OK;
    conf.full = false;
    conf.since = WHEN_NONE;
    conf.places = NULL;
    enum err_code rc = crawl_open(&crawl, &conf, t->at->regular, e);
    if (rc == OK)
        crawl_stats(crawl, stats);
    crawl_close(crawl);
    return rc;
}

static enum err_code refuse_other(const struct table_fetch *t, struct err *e)
{
    char began[WHEN_TEXT];
    return err_set(e, ERR_USAGE,
                   "a backfill of everything is under way for %s since %s: go on with it (--full), "
                   "or give it up (--full --cancel), before one of another start",
                   t->name, when_people(t->at->state.began, began));
}

/* Decides whether the backfill begins anew or goes on. */
static enum err_code choose(struct table_fetch *t, int64_t since, bool *anew, struct err *e)
{
    const struct fetch_position *at = t->at;
    char other[WHEN_TEXT];
    *anew = !at->backfill || (t->env->backfill.restart && !t->reopened);
    if (*anew || at->state.since == since)
        return OK;
    if (at->state.since == WHEN_NONE)
        return refuse_other(t, e);
    LOG(LOG_INFO, "backfill", "another start is asked for: the backfill under way is given up",
        F_STR("table", t->name), F_STR("since", when_iso(at->state.since, other)));
    *anew = true;
    return OK;
}

static enum err_code begin(struct table_fetch *t, int64_t since, struct crawl_stats *regular,
                           struct crawl_conf *conf, const char **position, struct err *e)
{
    struct fetch_position *at = t->at;
    bool first = at->regular[0] == '\0' || (at->backfill && !at->has_own);
    bool restart = t->env->backfill.restart;
    enum err_code rc = look_at_regular(t, regular, e);
    if (rc != OK && !first && since == WHEN_NONE) {
        *e = ERR_INIT; /* what a newer program wrote, say, is no reason not to read everything */
        *regular = (struct crawl_stats){.complete_to = WHEN_NONE, .ended = true};
        rc = OK;
    }
    bool unfinished = rc == OK && !regular->ended && regular->whole && since == WHEN_NONE;
    at->backfill = true;
    at->has_own = !first && (restart || !unfinished);
    at->state = (struct backfill_state){.began = when_now(), .since = since};
    *position = at->regular[0] != '\0' ? at->regular : NULL;
    bool goes_on = !at->has_own && !first;
    conf->full = since == WHEN_NONE && !goes_on;
    conf->since = goes_on ? WHEN_NONE : since;
    return rc;
}

enum err_code table_fetch_backfill_open(struct table_fetch *t, struct crawl_conf *conf,
                                        const char **position, struct err *e)
{
    struct fetch_position *at = t->at;
    const struct table_fetch_env *env = t->env;
    struct crawl_stats regular = {.complete_to = WHEN_NONE};
    int64_t since = env->crawl.full ? WHEN_NONE : env->crawl.since;
    bool anew = false;
    if (env->backfill.cancel) {
        enum err_code none = look_at_regular(t, &regular, NULL);
        t->regular_to = none == OK ? regular.complete_to : WHEN_NONE;
        return OK;
    }
    if (!env->crawl.full && since == WHEN_NONE && at->backfill)
        since = at->state.since; /* --restart alone: the one under way */
    if (t->reopened && !at->backfill)
        return err_set(e, ERR_INTERRUPTED, "the backfill was given up (--cancel)");
    enum err_code rc = choose(t, since, &anew, e);
    conf->floor = WHEN_NONE;
    if (rc != OK)
        return rc;
    if (anew) {
        rc = begin(t, since, &regular, conf, position, e);
    } else {
        *position = at->has_own ? at->own : at->regular;
        conf->full = false;
        conf->since = WHEN_NONE;
        rc = look_at_regular(t, &regular, e);
    }
    t->regular_to = regular.complete_to;
    t->own = at->has_own;
    return rc;
}

/* ---- the position ---- */

/* Returns how many records the backfill has in all: by `count`, if that has proven to be the total, else by the last crawl of everything. */
uint64_t table_fetch_total(const struct table_fetch *t, const struct crawl_stats *stats,
                           uint64_t done)
{
    if (stats->counted && t->left != UINT64_MAX)
        return done + t->left;
    bool all = stats->whole && (!t->counts || t->at->state.since == WHEN_NONE);
    return all && t->at->records > done ? t->at->records : 0;
}

/* Notes how many records are behind the answer, by its `count`. */
void table_fetch_note_count(struct table_fetch *t, const struct page_parser_result *parsed)
{
    if (t->asked.limit == 0 || t->asked.equal[0] != 0 || t->asked.sort == CRAWL_BY_KEY_DOWN)
        return;
    uint64_t end = t->asked.offset + parsed->records;
    uint64_t count = parsed->count > 0 ? (uint64_t)parsed->count : 0;
    t->left = parsed->count < 0 ? UINT64_MAX : count > end ? count - end : 0;
}

static void note_progress(struct table_fetch *t, const struct crawl_stats *stats)
{
    struct backfill_state *s = &t->at->state;
    if (!t->counts)
        return;
    s->runs = t->before.runs + 1;
    s->requests = t->before.requests + t->result.requests;
    s->pages = t->before.pages + ++t->kept;
    s->records = stats->seen;
    s->of = table_fetch_total(t, stats, s->records);
}

/* Returns up to when the regular crawl has proven the table complete. */
static int64_t regular_to(const struct table_fetch *t, const struct crawl_stats *stats)
{
    return t->own || t->env->backfill.cancel ? t->regular_to : stats->complete_to;
}

/* Returns up to when the table is complete: a backfill of everything proves that as well as the regular crawl does. (WHEN_NONE is less than any
 * time.) */
int64_t table_fetch_page_complete_to(const struct table_fetch *t, const struct crawl_stats *stats)
{
    int64_t to = regular_to(t, stats);
    if (t->own && t->at->state.since == WHEN_NONE && stats->complete_to > to)
        to = stats->complete_to;
    return t->at->proven > to ? t->at->proven : to;
}

/* What a backfill has proven beyond the regular crawl is written into each page, until the regular crawl has come as far. */
static void note_proven(struct table_fetch *t, const struct crawl_stats *stats)
{
    int64_t to = table_fetch_page_complete_to(t, stats);
    t->at->proven = to > regular_to(t, stats) ? to : WHEN_NONE;
}

/* Makes the position that follows from the current page. */
enum err_code table_fetch_position(struct table_fetch *t, const struct crawl_stats *stats,
                                   struct err *e)
{
    struct fetch_position *at = t->at;
    enum err_code rc = OK;
    note_progress(t, stats);
    note_proven(t, stats);
    if (stats->ended && stats->whole)
        at->records = stats->seen;
    if (t->counts && stats->ended) {
        t->result.through = true;
        at->backfill = false;
    }
    buf_reset(&t->position);
    buf_reset(&t->own_position);
    if (t->own)
        rc = buf_err(e, buf_adds(&t->position, at->regular), &t->position, "a position");
    if (rc == OK)
        rc = crawl_position(t->crawl, t->own ? &t->own_position : &t->position, e);
    return rc == OK
               ? fetch_position_add(&t->position, at, t->own ? t->own_position.data : at->own, e)
               : rc;
}

/* ---- its end ---- */

static void on_closing_page(void *ctx, enum err_code rc, const struct page_info *info,
                            const struct err *err)
{
    struct table_fetch *t = ctx;
    (void)info;
    if (rc != OK)
        table_fetch_fail(t, err);
    else
        table_fetch_end(t, NULL, t->closing);
    table_fetch_committed(t);
}

/* Ends the backfill: a page without records is written whose position has no backfill under way. */
void table_fetch_backfill_close(struct table_fetch *t, enum table_fetch_status status)
{
    struct err e = ERR_INIT;
    struct crawl_stats stats;
    crawl_stats(t->crawl, &stats);
    t->closing = status;
    t->result.through = status != TABLE_FETCH_CANCELLED;
    t->at->backfill = false;
    note_proven(t, &stats);
    buf_reset(&t->position);
    enum err_code rc =
        t->own || t->env->backfill.cancel
            ? buf_err(&e, buf_adds(&t->position, t->at->regular), &t->position, "a position")
            : crawl_position(t->crawl, &t->position, &e);
    if (rc == OK)
        rc = fetch_position_add(&t->position, t->at, t->at->own, &e);
    if (rc == OK)
        rc = fetched_page_keep(t->page, t->position.data, table_fetch_page_complete_to(t, &stats),
                               on_closing_page, t, &e);
    if (rc != OK)
        table_fetch_fail(t, &e);
}

void table_fetch_backfill_cancel(struct table_fetch *t)
{
    char began[WHEN_TEXT];
    if (!t->at->backfill) {
        LOG(LOG_INFO, "backfill", "no backfill is under way", F_STR("table", t->name));
        table_fetch_end(t, NULL, TABLE_FETCH_CANCELLED);
        return;
    }
    LOG(LOG_INFO, "backfill", "the backfill is given up; what it fetched stays",
        F_STR("table", t->name), F_STR("began", when_iso(t->at->state.began, began)),
        F_INT("records", t->at->state.records));
    table_fetch_backfill_close(t, TABLE_FETCH_CANCELLED);
}

/* Logs what the backfill found. */
void table_fetch_backfill_tell(const struct table_fetch *t)
{
    char began[WHEN_TEXT];
    const struct backfill_state *s = &t->at->state;
    if (!t->result.through)
        return;
    LOG(LOG_INFO, "backfill", "the backfill is through: all that the API shows has been fetched",
        F_STR("table", t->name), F_STR("began", when_iso(s->began, began)), F_INT("runs", s->runs),
        F_INT("requests", s->requests), F_INT("pages", s->pages), F_INT("records", s->records));
}

/* ---- letting others have the table ---- */

static void on_try(uv_timer_t *timer);

static void wait_for_turn(struct table_fetch *t)
{
    uv_update_time(t->env->loop);
    (void)uv_timer_start(&t->timer, on_try, TRY_AGAIN_MS, 0);
}

/* Opens the crawl again from its position in the spool. The old crawl, which borrows its places, is kept for the result until the new one is
 * there. */
static enum err_code open_again(struct table_fetch *t, struct err *e)
{
    struct crawl *crawl = t->crawl;
    struct places *places = t->places;
    t->crawl = NULL;
    t->places = NULL;
    enum err_code rc = table_fetch_open_parts(t, WHEN_NONE, e);
    if (t->crawl == NULL) {
        places_close(t->places);
        t->crawl = crawl;
        t->places = places;
    } else {
        crawl_close(crawl);
        places_close(places);
    }
    return rc;
}

static void on_try(uv_timer_t *timer)
{
    struct table_fetch *t = timer->data;
    struct err e = ERR_INIT;
    if (t->ending)
        return;
    struct writer_conf conf = t->env->writer;
    enum err_code rc = ERR_BUSY;
    conf.yields = true;
    if (!spool_lock_asked(t->env->spool, t->name))
        rc = writer_open(&t->writer, t->env->loop, t->env->spool, t->name, &conf, &e);
    if (rc == ERR_BUSY) {
        wait_for_turn(t);
        return;
    }
    if (rc == OK)
        rc = open_again(t, &e);
    if (rc != OK)
        table_fetch_fail(t, &e);
    else if (t->started)
        table_fetch_next(t);
    else
        table_fetch_lend(t);
}

/* While the table's turn has not come: lends its lock to a run that wants it. */
static void on_lend(uv_timer_t *timer)
{
    struct table_fetch *t = timer->data;
    if (t->ending || !spool_lock_asked(t->env->spool, t->name))
        return;
    (void)uv_timer_stop(&t->timer);
    table_fetch_yield(t);
}

void table_fetch_lend(struct table_fetch *t)
{
    if (t->own && t->writer != NULL)
        (void)uv_timer_start(&t->timer, on_lend, TRY_AGAIN_MS, TRY_AGAIN_MS);
}

bool table_fetch_take_back(struct table_fetch *t)
{
    if (t->own && t->writer == NULL)
        return false;
    (void)uv_timer_stop(&t->timer);
    return true;
}

static void on_let_go(void *ctx)
{
    struct table_fetch *t = ctx;
    t->leaving = false;
    if (t->ending)
        table_fetch_committed(t);
    else
        wait_for_turn(t);
}

/* Called between two pages, when all pages are durable. */
void table_fetch_yield(struct table_fetch *t)
{
    struct writer *writer = t->writer;
    struct err e = ERR_INIT;
    if (table_fetch_write_places(t, true, &e) != OK) {
        table_fetch_fail(t, &e);
        return;
    }
    table_fetch_ahead_drop(t);
    LOG(LOG_INFO, "yield", "the backfill waits: another run has the table before it goes on",
        F_STR("table", t->name));
    t->letters += fetched_page_new_letters(t->page);
    fetched_page_close(t->page);
    t->page = NULL;
    t->writer = NULL;
    t->leaving = true;
    t->reopened = t->kept > 0;
    writer_close(writer, on_let_go, t);
}

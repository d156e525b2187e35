#include "extract/crawl/crawl_private.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MIN    10
#define ATTEMPTS_MAX 5
#define REPEATS_MAX  4
#define STUCK_MAX    200
#define TUNES_MAX    2
#define TUNE_LEAST   (60 * WHEN_SECOND)

static void clear(struct crawl *c, const struct crawl_conf *conf)
{
    struct crawl_entry *known = c->known;
    struct crawl_entry *entries = c->page.entries;
    *c = (struct crawl){.conf = *conf, .phase = CRAWL_HEAD, .limit = conf->limit};
    c->known = known;
    c->page.entries = entries;
    crawl_facts_reset(&c->page);
    c->frontier = c->below_time = c->furthest = c->covered = WHEN_NONE;
    c->began = c->last = c->turn = c->doubt = c->complete = WHEN_NONE;
    c->base = c->based = c->low = WHEN_NONE;
}

/* Keeps what was learned of the API, forgets where the crawl was. */
static void begin(struct crawl *c)
{
    struct crawl old = *c;
    clear(c, &old.conf);
    c->limit = old.limit;
    c->proven = old.proven;
    c->lead = old.lead;
    c->open = true;
}

static void begin_full(struct crawl *c)
{
    begin(c);
    c->everything = true;
}

/* Nothing is known of what comes before `from`: early enough for any skew. */
static void begin_from(struct crawl *c, int64_t from, int64_t lead)
{
    begin(c);
    c->phase = CRAWL_BODY;
    crawl_ask_time(&c->ask, from, lead);
}

static void begin_floor(struct crawl *c)
{
    int64_t floor = c->conf.floor;
    int64_t now = c->conf.now > 0 ? c->conf.now : INT64_MAX - CRAWL_LEAD_MAX;
    if (floor == WHEN_NONE || floor > now + CRAWL_LEAD_MAX)
        begin_full(c); /* a greatest time in the future says nothing of the others */
    else
        begin_from(c, (floor < now ? floor : now) - c->conf.overlap, CRAWL_LEAD_MAX);
}

static void begin_next(struct crawl *c)
{
    c->phase = CRAWL_BODY;
    c->everything = c->look = false;
    c->began = c->turn = c->doubt = c->furthest = c->below_time = WHEN_NONE;
    c->below[0] = '\0';
    c->walk = 0;
    crawl_marks_known(c);
    if (c->known_count == 0) {
        uint64_t seen = c->seen;
        int64_t complete = c->complete;
        begin_from(c, 0, 0);
        c->seen = seen;
        c->complete = complete;
    } else if (c->settled && c->rests && c->low == WHEN_NONE) {
        c->ask = c->rest;
    } else {
        crawl_marks_start(c);
    }
}

/* A run that was left goes on where it was. What became visible late behind it is for the next run,
 * which must start early enough, for this one may end long after. */
static void resume(struct crawl *c)
{
    c->resumed = true;
    if (c->phase != CRAWL_BODY || c->frontier == WHEN_NONE)
        return;
    int64_t overlap = crawl_overlap(c);
    int64_t low = c->frontier - overlap;
    bool fresh = c->last == WHEN_NONE || low > c->last - 2 * overlap - CRAWL_LEAD_MAX;
    if (fresh && (c->low == WHEN_NONE || low < c->low))
        c->low = low;
}

static enum err_code begin_any(struct crawl *c, const char *position, struct err *e)
{
    enum err_code rc = OK;
    if (position != NULL && (rc = crawl_position_read(c, position, e)) != OK) {
        if (!c->conf.full)
            return rc;
        clear(c, &c->conf);
    }
    if (c->conf.full)
        begin_full(c);
    else if (c->conf.since != WHEN_NONE)
        begin_from(c, c->conf.since - 1, CRAWL_LEAD_MAX);
    else if (position == NULL)
        begin_floor(c);
    else if (c->phase == CRAWL_END)
        begin_next(c);
    else
        resume(c);
    return OK;
}

enum err_code crawl_open(struct crawl **out, const struct crawl_conf *conf, const char *position,
                         struct err *e)
{
    enum err_code rc = ERR_NOMEM;
    *out = NULL;
    struct crawl *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    c->known = calloc(CRAWL_KNOWN, sizeof(*c->known));
    c->page.entries = calloc(CRAWL_KNOWN, sizeof(*c->page.entries));
    if (c->known == NULL || c->page.entries == NULL) {
        (void)err_set(e, ERR_NOMEM, "out of memory");
        goto done;
    }
    clear(c, conf);
    if ((rc = begin_any(c, position, e)) != OK)
        goto done;
    *out = c;
    c = NULL;
done:
    crawl_close(c);
    return rc;
}

void crawl_close(struct crawl *c)
{
    if (c == NULL)
        return;
    free(c->known);
    free(c->page.entries);
    free(c);
}

enum crawl_next crawl_next(struct crawl *c, struct crawl_request *request)
{
    if (c->phase == CRAWL_END || c->broken)
        return CRAWL_DONE;
    *request = (struct crawl_request){.offset = c->ask.offset, .limit = c->limit};
    if (c->ask.filtered)
        (void)when_api(crawl_ask_after(&c->ask), request->after);
    c->asked = c->limit;
    crawl_facts_reset(&c->page);
    return CRAWL_FETCH;
}

enum err_code crawl_record(struct crawl *c, const struct crawl_seen *seen, struct err *e)
{
    (void)e;
    crawl_facts_add(c, seen);
    return OK;
}

void crawl_page_restart(struct crawl *c)
{
    crawl_facts_reset(&c->page);
}

void crawl_timed_out(struct crawl *c)
{
    unsigned least = c->conf.limit < LIMIT_MIN ? c->conf.limit : LIMIT_MIN;
    c->limit = c->limit / 2 < least ? least : c->limit / 2;
    c->good = 0;
}

static enum crawl_verdict broken(struct crawl *c)
{
    c->broken = true;
    return CRAWL_BROKEN;
}

static enum crawl_verdict retake(struct crawl *c, struct err *e)
{
    c->stats.step_backs++;
    if (++c->stuck <= STUCK_MAX)
        return CRAWL_RETAKE;
    (void)err_set(e, ERR_PROTOCOL,
                  "the pages of the list do not fit together after %d attempts: it changes faster "
                  "than it can be read, or the API does not sort by time_modified; run again later",
                  STUCK_MAX);
    return broken(c);
}

/* Does the page begin at or before what has been read? The only way to keep a page. A run's first
 * page also has to show that it reads the overlap again. */
static bool continuous(const struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    const struct crawl_ask *ask = &c->ask;
    bool covers = c->covered == WHEN_NONE || c->placed ||
                  (page->first != WHEN_NONE && page->first <= c->covered);
    if (c->phase == CRAWL_HEAD && page->late_hit)
        covers = false; /* edits came in before the records without a time */
    if (covers && page->hits > 0)
        return true;
    if (covers && page->first != WHEN_NONE && c->frontier != WHEN_NONE &&
        page->first < c->frontier - CRAWL_FOLD)
        return true;
    if (ask->offset > 0)
        return false;
    if (!ask->filtered || c->open)
        return true;
    return ask->lead >= CRAWL_LEAD_MAX &&
           (c->frontier == WHEN_NONE || ask->base_time < c->frontier);
}

static bool filter_ignored(const struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    if (!c->ask.filtered || page->n == 0)
        return false;
    if (page->first == WHEN_NONE)
        return page->timeless == page->n;
    return page->first <= crawl_ask_after(&c->ask) - CRAWL_LEAD_MAX;
}

static enum crawl_verdict go_unfiltered(struct crawl *c, struct err *e)
{
    uint64_t back = 1 + c->limit / 32;
    c->unfiltered = true;
    c->step = 0;
    c->attempts = 0;
    c->ask = (struct crawl_ask){.offset = c->seen > back ? c->seen - back : 0};
    return retake(c, e);
}

static enum crawl_verdict walk_instead(struct crawl *c, struct err *e)
{
    c->stay = c->stay * 2 + 1;
    c->walk = c->stay = c->stay > 127 ? 127 : c->stay;
    c->attempts = c->tunes = 0;
    crawl_ask_walk(c, &c->ask, &c->place, c->place_n);
    return retake(c, e);
}

static int64_t longer_lead(int64_t lead)
{
    static const int64_t hours[] = {0, 2, 8};
    for (size_t i = 0; i < sizeof(hours) / sizeof(*hours); i++)
        if (hours[i] * 3600 * WHEN_SECOND > lead)
            return hours[i] * 3600 * WHEN_SECOND;
    return CRAWL_LEAD_MAX;
}

/* An anchor that the crawl knows to be before its frontier. */
static void ask_rescue(struct crawl *c)
{
    int64_t lead = c->ask.lead;
    c->must = true;
    c->attempts = 0;
    if (c->below_time != WHEN_NONE && c->below_time < c->frontier) {
        c->ask = (struct crawl_ask){.jump = true, .filtered = true, .base_time = c->below_time};
        memcpy(c->ask.base, c->below, sizeof(c->ask.base));
    } else {
        crawl_ask_time(&c->ask, c->frontier == WHEN_NONE ? 0 : c->frontier - 1, 0);
    }
    c->ask.lead = lead;
}

static enum crawl_verdict step_back(struct crawl *c, struct err *e)
{
    struct crawl_ask *ask = &c->ask;
    if (ask->offset > 0) {
        if (c->step == 0)
            c->step = c->limit;
        ask->offset = ask->offset > c->step ? ask->offset - c->step : 0;
        c->step *= 2;
        return retake(c, e);
    }
    if (!ask->jump || ask->lead >= CRAWL_LEAD_MAX)
        ask_rescue(c);
    c->attempts++;
    if (c->attempts >= ATTEMPTS_MAX && c->placed && !c->must)
        return walk_instead(c, e);
    ask->lead = longer_lead(ask->lead);
    return retake(c, e);
}

/* A jump that came down so early that a whole page shows nothing new. */
static bool landed_early(const struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    if (!c->ask.jump || !c->placed || c->must || crawl_page_short(c))
        return false;
    return page->hits > 0 ? page->news == 0 : page->peak != WHEN_NONE && page->peak < c->frontier;
}

/* The filter let through nothing at or before the first record: so much lead is enough. */
static enum crawl_verdict jump_again(struct crawl *c, struct err *e)
{
    int64_t enough =
        c->page.first == WHEN_NONE ? INT64_MAX : c->page.first - crawl_ask_after(&c->ask);
    c->attempts++;
    if (++c->tunes > TUNES_MAX || enough > c->ask.lead - TUNE_LEAST)
        return walk_instead(c, e);
    c->ask.lead = enough < -CRAWL_LEAD_MAX ? -CRAWL_LEAD_MAX : enough;
    return retake(c, e);
}

/* The page that was kept last, at another offset. */
static bool repeated(const struct crawl *c)
{
    const struct crawl_ask *ask = &c->ask;
    const struct crawl_ask *place = &c->place;
    return c->placed && !ask->jump && ask->offset > place->offset &&
           ask->filtered == place->filtered && ask->base_time == place->base_time &&
           ask->lead == place->lead && c->page.n > 1 && c->page.n == c->place_n &&
           c->page.sum == c->kept_sum && !crawl_page_short(c);
}

/* Records that came in before the page can have moved it by just as many places; each look further
 * on makes that less likely. */
static enum crawl_verdict skip_repeated(struct crawl *c, struct err *e)
{
    if (++c->repeats < REPEATS_MAX) {
        c->ask.offset += c->page.n << c->repeats;
        return retake(c, e);
    }
    (void)err_set(e, ERR_PROTOCOL,
                  "the API ignores offset: it sends the same %" PRIu64 " records at offset %" PRIu64
                  " as at %" PRIu64 "; what comes behind them cannot be read",
                  c->page.n, c->ask.offset, c->place.offset);
    return broken(c);
}

static enum crawl_verdict unsorted(struct crawl *c, struct err *e)
{
    (void)err_set(e, ERR_PROTOCOL,
                  "the API does not sort by time_modified: within a page the times fall by %" PRId64
                  " hours; such a list cannot be read completely while it changes",
                  c->page.fall / (3600 * WHEN_SECOND));
    return broken(c);
}

enum crawl_verdict crawl_page(struct crawl *c, const struct crawl_answer *answer, struct err *e)
{
    if (c->page.fall > CRAWL_LEAD_MAX)
        return unsorted(c, e);
    if (repeated(c))
        return skip_repeated(c, e);
    if (filter_ignored(c))
        return go_unfiltered(c, e);
    if (landed_early(c))
        return jump_again(c, e);
    if (!continuous(c))
        return step_back(c, e);
    c->last = answer->date != WHEN_NONE ? answer->date : answer->now > 0 ? answer->now : WHEN_NONE;
    crawl_keep(c);
    return CRAWL_KEEP;
}

void crawl_stats(const struct crawl *c, struct crawl_stats *stats)
{
    *stats = c->stats;
    stats->timeless = c->timeless;
    stats->complete_to = c->complete;
    stats->filter_ignored = c->unfiltered;
    stats->lead = c->lead;
    stats->reached = c->frontier;
    if (c->frontier != WHEN_NONE && c->last != WHEN_NONE && c->frontier > c->last)
        stats->reached = c->last;
}

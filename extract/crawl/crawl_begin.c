/* Where a run begins: anew, from a time, where the last one ended, or where it was left. */
#include "extract/crawl/crawl_position_private.h"
#include <string.h>

void crawl_clear(struct crawl *c, const struct crawl_conf *conf)
{
    struct crawl_entry *known = c->known;
    struct crawl_entry *entries = c->page.entries;
    *c = (struct crawl){.conf = *conf, .phase = CRAWL_HEAD, .limit = conf->limit};
    c->known = known;
    c->page.entries = entries;
    crawl_facts_reset(&c->page);
    c->frontier = c->below_time = c->furthest = c->covered = WHEN_NONE;
    c->ending = c->sure = c->goal = c->clock = c->loose_time = WHEN_NONE;
    c->keys.began = c->keys.must = WHEN_NONE;
    c->lag = INT64_MAX;
    c->count = -1;
    c->learned.looked = c->learned.born = c->learned.hold = c->learned.retry = WHEN_NONE;
    c->began = c->last = c->turn = c->doubt = c->complete = WHEN_NONE;
    c->base = c->based = c->low = WHEN_NONE;
}

/* Begins anew: keeps what was learned of the API, and drops where the crawl was. */
static void begin(struct crawl *c)
{
    struct crawl old = *c;
    crawl_clear(c, &old.conf);
    c->limit = old.limit;
    c->grow_after = old.grow_after;
    c->learned = old.learned;
    c->no_keys = old.no_keys;
    c->lead = old.lead;
    c->open = true;
    crawl_passes_free(&old);
}

/* Begins the list by time from its beginning, since the API does not sort by key. */
void crawl_begin_by_time(struct crawl *c)
{
    begin(c);
    c->everything = true;
}

/* A table that does not fit in a page is read by key. Then its first page by time is not kept, and need not be taken apart. */
bool crawl_is_for_keys(const struct crawl *c)
{
    return c->everything && c->phase == CRAWL_HEAD && c->open && !c->placed && !c->conf.by_time &&
           c->ask.offset == 0 && !c->ask.filtered && c->sure == WHEN_NONE && crawl_keys_possible(c);
}

static void begin_full(struct crawl *c)
{
    begin(c);
    c->everything = true;
    c->learned.unproven = 0;
    c->learned.hold = WHEN_NONE;
    c->learned.passed = false;
    c->learned.key[0] = '\0';
    if (c->conf.keyed && !c->no_keys) {
        c->learned.sorts = CRAWL_UNKNOWN; /* it may have learned to */
        c->learned.downs = CRAWL_UNKNOWN;
        c->learned.equals = CRAWL_UNKNOWN;
    }
}

/* Begins at `from`, early enough for any skew, since nothing is known of what comes before. */
static void begin_from(struct crawl *c, int64_t from, int64_t lead)
{
    begin(c);
    c->phase = CRAWL_BODY;
    crawl_ask_time(&c->ask, from, lead);
}

/* Returns the time from which on changes are to be read after a list by key: not later than what the list had when it was begun. That is the greatest
 * time that the list showed, less as long as the list took. A few of the greatest times are left out, since they may lie in the future; if
 * some do by the clock, the time is also not later than the clock less the greatest skew. */
int64_t crawl_changed_since(const struct crawl *c, const struct crawl_keys *keys)
{
    size_t n = keys->latest_count;
    int64_t by_clock = keys->began - CRAWL_LEAD_MAX;
    if (n == 0)
        return by_clock;
    int64_t by_times = keys->latest[n > CRAWL_FUTURE ? n - CRAWL_FUTURE : 0] -
                       (c->clock - keys->began) - CRAWL_FOLD;
    bool future = keys->latest[n - 1] > keys->began;
    return future && by_clock < by_times ? by_clock : by_times;
}

void crawl_catch_up(struct crawl *c)
{
    struct crawl_keys keys = c->keys;
    struct crawl_stats stats = c->stats;
    int64_t clock = c->clock;
    int64_t complete = c->complete;
    int64_t lead = c->lead;
    uint64_t timeless = c->timeless;
    int64_t from = crawl_changed_since(c, &keys);
    size_t i = keys.latest_count;
    while (i > 0 && keys.latest[i - 1] > from)
        i--;
    begin_from(c, from, CRAWL_LEAD_MAX);
    if (i > 0) { /* a record that stands early enough, and must show */
        c->covered = keys.latest[i - 1];
        crawl_ask_time(&c->ask, c->covered - WHEN_SECOND, lead);
    }
    if (keys.latest_count > 0)
        c->goal = keys.latest[keys.latest_count - 1];
    memcpy(c->keys.latest, keys.latest, sizeof c->keys.latest); /* they tell where a place is */
    c->keys.latest_count = keys.latest_count;
    c->sure = keys.began;
    c->clock = c->last = clock;
    c->seen = keys.seen;
    c->timeless = timeless;
    c->complete = complete;
    c->stats = stats;
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

/* Looks for new records without a time. In the list by time they have no certain place, so they are looked for by key: in each run if the
 * table has such records, else once a day. */
static void look_for_births(struct crawl *c)
{
    const struct crawl_learned *l = &c->learned;
    int64_t now = c->conf.now;
    int64_t looked = l->top_count > 0 ? l->tops[l->top_count - 1].at : l->born;
    bool due = l->timeless || (now > 0 && (looked == WHEN_NONE || now - looked >= CRAWL_DAY));
    if (due && c->conf.keyed && !c->no_keys && l->downs != CRAWL_NO && l->sorts != CRAWL_NO)
        crawl_newest_begin(c);
}

/* Whether this run begins with a list by key that failed before, though the API was there, and for which the table is unproven. */
static bool proof_is_due(const struct crawl *c)
{
    const struct crawl_learned *l = &c->learned;
    return l->unproven != 0 && l->retry != WHEN_NONE && c->conf.now >= l->retry &&
           crawl_keys_possible(c);
}

static void begin_next(struct crawl *c)
{
    c->phase = CRAWL_BODY;
    c->everything = c->look = c->limited = c->behind = c->verify = c->single = c->loose_timeless =
        false;
    c->loose_time = WHEN_NONE;
    c->loose_count = 0;
    c->sure = WHEN_NONE;
    c->blind = 0;
    c->learned.shorts = 0;
    c->ending = c->began = c->turn = c->doubt = c->furthest = c->below_time = WHEN_NONE;
    c->below[0] = '\0';
    c->walk = 0;
    crawl_marks_known(c);
    c->goal = c->frontier;
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
    if (proof_is_due(c))
        crawl_all_begin(c, false, 0);
    else
        look_for_births(c);
}

/* Goes on with a run that was left. Records that become visible late behind its place are left to the next run, which must start early enough,
 * since this one may end long after. */
static void resume(struct crawl *c)
{
    c->resumed = true;
    crawl_passes_resume(c);
    if (c->frontier == WHEN_NONE)
        return;
    int64_t overlap = crawl_overlap(c);
    int64_t low = c->frontier - overlap;
    bool fresh = c->last == WHEN_NONE || low > c->last - 2 * overlap - CRAWL_LEAD_MAX;
    if (fresh && (c->low == WHEN_NONE || low < c->low))
        c->low = low;
}

enum err_code crawl_begin(struct crawl *c, const char *position, struct err *e)
{
    enum err_code rc = OK;
    if (position != NULL && (rc = crawl_position_read(c, position, e)) != OK) {
        if (!c->conf.full)
            return rc;
        crawl_clear(c, &c->conf);
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

/* Lets a run that is to read a known place again begin where the place was met: there it is known how many records come before. */
void crawl_start_at_place(struct crawl *c, int64_t start)
{
    const struct places *places = c->conf.places;
    for (size_t i = 0; places != NULL && i < places->n; i++) {
        const struct place *place = &places->at[i];
        int64_t from = WHEN_NONE;
        int64_t to = WHEN_NONE;
        if (place->closed || place->sort != CRAWL_BY_TIME || place->from[0] == '\0' ||
            place->equal[0] != '\0' || place->offset >= c->limit ||
            when_parse(place->from, strlen(place->from), NULL, &from) != OK ||
            from + c->lead > start)
            continue;
        if (place->after.there &&
            (when_parse(place->after.time, strlen(place->after.time), c->conf.zone, &to) != OK ||
             to < start))
            continue;
        crawl_ask_time(&c->ask, from + c->lead, c->lead);
        start = from + c->lead;
    }
}

#include "extract/crawl/crawl_private.h"
#include <string.h>

#define STAY_MAX   127
#define GROW_PAGES 5
#define GROW_MAX   320
#define YEAR_1     (INT64_C(-62135596800) * WHEN_SECOND)

int64_t crawl_ask_after(const struct crawl_ask *ask)
{
    int64_t after = ask->base_time < YEAR_1 ? YEAR_1 : ask->base_time - ask->lead;
    if (after < YEAR_1)
        after = YEAR_1;
    int64_t milli = WHEN_SECOND / 1000;
    int64_t rest = after % milli;
    return after - (rest < 0 ? rest + milli : rest);
}

void crawl_ask_time(struct crawl_ask *ask, int64_t time, int64_t lead)
{
    if (time < YEAR_1)
        time = YEAR_1;
    *ask = (struct crawl_ask){.jump = true, .filtered = true, .base_time = time, .lead = lead};
    (void)when_iso(time, ask->base);
}

/* Asks for the next page under the same anchor, behind a page of n records. A few of these must show again, and more of them if the list was
 * seen moving up between two pages. */
static void ask_walk(const struct crawl *c, struct crawl_ask *ask, const struct crawl_ask *from,
                     uint64_t n)
{
    uint64_t overlap = 1 + c->asked / 32 + (c->drift < n / 2 ? c->drift : n / 2);
    n -= c->place_run < n ? c->place_run : n; /* those in doubt must show again, too */
    if (overlap >= n)
        overlap = n > 1 + c->drift ? 1 + c->drift : n > 1 ? n - 1 : 1;
    *ask = *from;
    ask->jump = false;
    ask->offset += n > overlap ? n - overlap : 0;
}

/* Learns by how many places the list moves up between two pages: so many fewer records of the last page stand before the new ones than if
 * nothing had moved. Half as much is added, and the value falls slowly. */
static void learn_drift(struct crawl *c)
{
    const struct crawl_ask *ask = &c->ask;
    const struct crawl_ask *place = &c->place;
    c->drift -= (c->drift + 3) / 4;
    if (ask->jump || !c->placed || c->page.hits == 0 || ask->filtered != place->filtered ||
        ask->base_time != place->base_time || ask->lead != place->lead)
        return;
    uint64_t still = place->offset + c->place_n;
    uint64_t now = ask->offset + (c->page.n - c->page.news);
    if (now < still && (still - now) * 3 / 2 > c->drift)
        c->drift = (still - now) * 3 / 2;
}

static void begin_run(struct crawl *c)
{
    c->began = c->last;
    c->opens = c->open && c->covered == WHEN_NONE;
    c->open = false;
    c->low = WHEN_NONE;
    crawl_marks_begin(c);
}

static void learn_lead(struct crawl *c, bool full)
{
    if (!c->ask.filtered || c->ask.offset > 0)
        return;
    if (c->ask.jump && !c->opens && c->page.hits > 0)
        c->lead = c->ask.lead;
    /* The filter let nothing through at or before the first record; so much lead would have been
     * enough. Where pages are short there is nothing to save. */
    int64_t enough = full && c->page.first != WHEN_NONE ? c->page.first - crawl_ask_after(&c->ask)
                                                        : CRAWL_LEAD_MAX;
    if (enough < c->lead - WHEN_SECOND)
        c->lead = enough < -CRAWL_LEAD_MAX ? -CRAWL_LEAD_MAX : enough;
}

static void learn_cost(struct crawl *c)
{
    if (!c->ask.jump)
        return;
    if (c->attempts > 0)
        c->stay = c->stay * 2 + 1 > STAY_MAX ? STAY_MAX : c->stay * 2 + 1;
    else
        c->stay /= 2;
    c->walk = c->stay;
}

static bool came_further(const struct crawl *c)
{
    if (c->page.peak != WHEN_NONE && (c->furthest == WHEN_NONE || c->page.peak > c->furthest))
        return true;
    return c->page.hits > 0 && c->page.news > 0 && c->placed && !c->ask.jump &&
           c->ask.offset > c->far;
}

static void move_frontier(struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    int64_t last = crawl_facts_last(page);
    if (last != WHEN_NONE)
        c->frontier = last;
    if (page->peak != WHEN_NONE && page->peak > c->furthest) {
        c->furthest = page->peak;
        c->idle = 0;
    }
    size_t behind;
    const struct crawl_entry *below = crawl_facts_below(page, &behind);
    if (below != NULL) {
        memcpy(c->below, below->text, sizeof(c->below));
        c->below_time = below->time;
    }
}

static void count_seen(struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    if (!c->ask.filtered)
        c->seen = c->ask.offset + page->n;
    else
        c->seen += page->hits > 0 ? page->news : page->n;
}

/* Moves complete_to. At the end, all is kept that the API showed when the crawl came among times that may lie in the future; before the end,
 * all that is shown as older than the page's last times. Without any clock nothing is claimed, since the end of the list may just be changing. */
static void move_complete(struct crawl *c, bool end)
{
    int64_t to = crawl_cap(c);
    if (to == INT64_MAX || (c->phase == CRAWL_TAIL && !end))
        return;
    if (end && (c->learned.unproven & ~CRAWL_UNPROVEN_TIMELESS) != 0)
        return;
    if (c->limited && to > c->sure - c->conf.margin - WHEN_SECOND)
        to = c->sure - c->conf.margin - WHEN_SECOND;
    if (c->learned.hold != WHEN_NONE && to > c->learned.hold)
        to = c->learned.hold;
    if (!end && c->below_time == WHEN_NONE)
        return;
    if (!end && c->below_time - CRAWL_FOLD < to)
        to = c->below_time - CRAWL_FOLD;
    if (to > c->complete)
        c->complete = to;
}

/* Whether edits move the list up by nearly as many places as the crawl walks. */
static bool creeps(const struct crawl *c)
{
    const struct crawl_ask *ask = &c->ask;
    const struct crawl_ask *place = &c->place;
    return c->placed && !ask->jump && c->page.n >= c->asked && ask->filtered == place->filtered &&
           ask->base_time == place->base_time && ask->lead == place->lead &&
           ask->offset < place->offset + 1 + c->place_n / 8;
}

/* Remembers the page's records, which the next page must overlap. */
static void remember_page(struct crawl *c)
{
    bool same = c->placed && c->ask.filtered == c->place.filtered &&
                c->ask.base_time == c->place.base_time && c->ask.lead == c->place.lead;
    c->far = same && c->far > c->ask.offset ? c->far : c->ask.offset;
    c->place = c->ask;
    c->place_n = c->page.n;
    const struct step *step = &c->trial.step;
    bool cut = c->trial.parts && step->gap > 0 && step->after.n >= c->learned.longest;
    c->place_part = cut ? step->after.n : c->page.n; /* what tells of a cap is the last part */
    c->place_asked = cut ? step->behind : c->asked;
    c->place_run = c->page.run;
    c->placed = true;
    c->kept_sum = c->page.sum;
    c->kept_set = c->page.set_sum;
    if (c->page.n == 0)
        return;
    struct crawl_entry *entries = c->page.entries;
    c->page.entries = c->known;
    c->known = entries;
    c->known_count = c->page.count;
    for (size_t i = c->known_count - c->place_run; i < c->known_count; i++)
        c->known[i].tied = true;
}

static void finish(struct crawl *c)
{
    const struct crawl_mark *newest = c->recent_count > 0 ? &c->recent[c->recent_count - 1] : NULL;
    int64_t base = newest != NULL ? newest->time : WHEN_NONE;
    if (base != c->base || c->based == WHEN_NONE) {
        c->base = base;
        c->based = c->last;
        c->settled = false;
    } else if (c->began != WHEN_NONE && c->began >= c->based + crawl_overlap(c)) {
        c->settled = true;
    }
    c->phase = CRAWL_END;
}

static void ask_tail(struct crawl *c)
{
    uint64_t back = 1 + c->limit / 32;
    c->ask = (struct crawl_ask){.offset = c->seen > back ? c->seen - back : 0};
}

/* Asks from a new anchor: the greatest time below the last one, so that all records of the last time show again. If that would not advance,
 * asks on by offset, provided that a record before them shows again. */
static bool ask_jump(struct crawl *c)
{
    size_t behind = 0;
    const struct crawl_facts page = {.entries = c->known, .count = c->known_count};
    const struct crawl_entry *below = crawl_facts_below(&page, &behind);
    if (c->phase != CRAWL_BODY || c->unfiltered)
        return false;
    if (below == NULL && !c->place.filtered && c->frontier != WHEN_NONE) {
        crawl_ask_time(&c->ask, c->frontier - WHEN_SECOND, c->lead);
        return true;
    }
    if (below == NULL || (behind > c->place_n / 2 && behind > c->place_run))
        return false;
    struct crawl_ask to = {
        .jump = true, .filtered = true, .base_time = below->time, .lead = c->lead};
    memcpy(to.base, below->text, sizeof(to.base));
    if (c->place.filtered && crawl_ask_after(&to) <= crawl_ask_after(&c->place))
        return false;
    c->ask = to;
    return true;
}

/* Whether the records in doubt are a single one with a time and some that were stepped over, and so no group of one time that could be read again and
 * again. */
static bool stuck_at_gap(const struct crawl *c)
{
    size_t timed = 0;
    size_t gaps = 0;
    for (size_t i = c->known_count; i > 0 && c->known[i - 1].tied; i--) {
        timed += c->known[i - 1].kind == CRAWL_TIMED;
        gaps += c->known[i - 1].gap;
    }
    return gaps > 0 && timed < 2;
}

/* The last page's records all share one time, and others of that time may follow. */
void crawl_stuck(struct crawl *c)
{
    if (stuck_at_gap(c) && !crawl_keys_possible(c))
        crawl_go_past_or_end(c);
    else if (crawl_singles(c))
        crawl_trouble(c, CRAWL_UNPROVEN_SINGLE);
    else if (crawl_last_known(c)->kind == CRAWL_TIMELESS)
        crawl_trouble(c, CRAWL_UNPROVEN_TIMELESS);
    else
        crawl_trouble(c, CRAWL_UNPROVEN_TIES);
}

/* Returns how many records of the last page are not in doubt, up to one that can show again: a record that was stepped over cannot. */
static uint64_t count_settled(const struct crawl *c)
{
    uint64_t n = c->place_n - (c->place_run < c->place_n ? c->place_run : c->place_n);
    size_t i = c->known_count > c->place_run ? c->known_count - c->place_run : 0;
    for (; i > 0 && n > 0 && c->place_run > 0 && c->known[i - 1].gap; i--)
        n--;
    return n;
}

/* Whether the last page was full of one time but for a few records, so that more of them probably follow, and their list by key is known to work.
 * It need not be asked for again from the first of them on, then. */
static bool group_at_hand(const struct crawl *c)
{
    return c->learned.equals == CRAWL_YES && c->place_n >= c->asked && c->asked >= 10 &&
           c->place_run < c->place_n && c->place_run >= c->asked - c->asked / 10 &&
           crawl_group_possible(c);
}

void crawl_go_on(struct crawl *c, bool may_jump)
{
    uint64_t settled = count_settled(c);
    bool lone = c->place_n < 2 && c->place_run == 0; /* nothing is in doubt, or no longer */
    bool stuck = settled < 2 && (c->place_run > 0 || crawl_singles(c));
    bool walks = c->walk > 0;
    bool group = group_at_hand(c);
    if (c->blind > 0 && c->place.offset >= c->blind)
        c->blind = 0;
    if (c->walk > 0)
        c->walk--;
    if (c->single || c->blind > 0) {
        c->ask = c->place;
        c->ask.jump = false;
        c->ask.offset += c->single ? 1 : crawl_window(c);
    } else if (!group && may_jump && !walks && ask_jump(c)) {
        return;
    } else if (!group && lone && !stuck) {
        c->ask = c->place;
        c->ask.jump = false;
        c->blind = ++c->ask.offset;
    } else if (!group && !stuck) {
        ask_walk(c, &c->ask, &c->place, c->place_n);
    } else {
        crawl_stuck(c);
    }
}

/* Enters the tail, behind the last record with a time. No later time may be claimed as complete, since edits come in before the records
 * without a time. */
static void enter_tail(struct crawl *c)
{
    c->phase = CRAWL_TAIL;
    if (c->turn == WHEN_NONE)
        c->turn = c->doubt != WHEN_NONE ? c->doubt : c->last;
}

/* The list has come to its end. */
void crawl_finish(struct crawl *c)
{
    if (c->ask.filtered && c->everything) {
        enter_tail(c);
        c->look = true;
        ask_tail(c);
    } else {
        move_complete(c, true);
        finish(c);
    }
}

static void ask_again(struct crawl *c)
{
    c->ask = c->place;
    c->ask.jump = false;
}

/* Looks behind the end; not if nothing of the tail was found again. */
static void look_further(struct crawl *c)
{
    if (c->phase != CRAWL_TAIL || c->page.n > 0 || c->ask.offset > 0) {
        /* A page that was put together may be longer than any that is asked for. */
        uint64_t window = crawl_window(c) < c->limit ? crawl_window(c) : c->limit;
        ask_again(c);
        crawl_look_begin(c, c->place.offset + (c->place_n > window ? c->place_n - window : 0));
    } else if (c->sure == WHEN_NONE && crawl_keys_possible(c)) {
        crawl_all_begin(c, false, CRAWL_UNPROVEN_HIDDEN);
    } else {
        crawl_unproven(c, CRAWL_UNPROVEN_HIDDEN);
        crawl_finish(c);
    }
}

static void decide(struct crawl *c)
{
    enum crawl_after after = crawl_after_page(c);
    bool counted = crawl_count_ends(c, c->ask.offset);
    if (after == CRAWL_ON)
        c->ending = WHEN_NONE;
    else if ((c->page.n > 0 && !crawl_same_page(c)) || c->ending == WHEN_NONE)
        c->ending = c->last; /* not the page that is as it was when the one behind was empty */
    if (after != CRAWL_ENDED)
        move_complete(c, false);
    if (c->page.n > 0 || !c->placed)
        remember_page(c);
    c->behind = c->verify = false;
    switch (after) {
    case CRAWL_ENDED:
        if (counted)
            c->learned.looked = c->clock;
        crawl_finish(c);
        return;
    case CRAWL_REST:
        crawl_leave_to_next(c);
        crawl_finish(c);
        return;
    case CRAWL_BEHIND:
        ask_again(c);
        c->ask.offset += c->place_n;
        c->behind = true;
        return;
    case CRAWL_VERIFY:
        ask_again(c);
        c->verify = true;
        return;
    case CRAWL_SHOW:
        crawl_since_begin(c, CRAWL_UNPROVEN_HIDDEN);
        return;
    case CRAWL_LOOK:
        look_further(c);
        return;
    case CRAWL_ON:
        break;
    }
    /* A table that does not fit into a page is read by key, where the API can be asked so. */
    if (c->everything && !c->conf.by_time && c->sure == WHEN_NONE && crawl_keys_possible(c) &&
        c->clock != WHEN_NONE) {
        crawl_all_begin(c, false, 0);
        return;
    }
    if (c->phase == CRAWL_BODY && c->page.ends_timeless && !c->ask.filtered)
        enter_tail(c);
    crawl_go_on(c, true);
}

unsigned crawl_grow_after(const struct crawl *c)
{
    return c->grow_after > GROW_PAGES ? c->grow_after : GROW_PAGES;
}

void crawl_grow(struct crawl *c)
{
    if (c->limit >= c->conf.limit || c->trial.parts || ++c->good < crawl_grow_after(c))
        return;
    c->good = 0;
    c->trial.fallback = c->limit;
    c->trial.grown = true;
    c->trial.stepped = c->trial.shrunk = false;
    c->limit = c->limit * 2 > c->conf.limit ? c->conf.limit : c->limit * 2;
}

void crawl_grow_less(struct crawl *c)
{
    unsigned after = crawl_grow_after(c);
    c->good = 0;
    c->grow_after = after * 2 > GROW_MAX ? GROW_MAX : after * 2;
}

/* Moves on to the part of the list that the page shows. */
static void move_phase(struct crawl *c, bool end)
{
    const struct crawl_facts *page = &c->page;
    bool body = page->timed + page->unreadable > 0;
    if (c->phase == CRAWL_HEAD && body) {
        c->phase = CRAWL_BODY;
        c->turn = WHEN_NONE;
    } else if (c->phase == CRAWL_HEAD && c->turn == WHEN_NONE) {
        c->turn =
            c->last; /* for all we know yet, edits come in before the records without a time */
    } else if (c->phase == CRAWL_BODY && !c->ask.filtered && c->ask.offset == 0 && !body &&
               page->n > 0) {
        c->phase = CRAWL_HEAD; /* stepped back to before the first record with a time */
    } else if (c->phase == CRAWL_TAIL && !c->look && !end && body && page->news > 0 &&
               !page->ends_timeless) {
        c->phase = CRAWL_BODY; /* some single record without a time stood among those with */
    }
}

/* Notes the clock of the page that ends among times that may lie in the future, or with times that cannot be read and may be such: from then
 * on edits come in before what was read. */
static void move_turn(struct crawl *c)
{
    if (c->turn != WHEN_NONE || c->last == WHEN_NONE)
        return;
    if (c->page.ends_unreadable) {
        if (c->doubt == WHEN_NONE)
            c->doubt = c->last;
        return;
    }
    int64_t then = c->doubt != WHEN_NONE ? c->doubt : c->last;
    if (c->frontier != WHEN_NONE && c->frontier > then - CRAWL_LEAD_MAX)
        c->turn = then;
    if (c->page.timed > 0) /* behind those that cannot be read; else it tells nothing of them */
        c->doubt = WHEN_NONE;
}

static void keep_body(struct crawl *c, bool end)
{
    move_phase(c, end);
    move_frontier(c);
    if (c->phase != CRAWL_BODY)
        return;
    move_turn(c);
    crawl_marks_add(c);
    learn_lead(c, !end);
    learn_cost(c);
}

void crawl_keep(struct crawl *c)
{
    bool end = c->page.n < c->asked && !crawl_capped(c, c->page.n);
    if (!c->placed && !c->resumed)
        begin_run(c);
    if (came_further(c)) {
        c->stuck = c->trial.hops = 0;
        c->hollow = false;
    }
    c->stats.pages++;
    c->stats.overlaps += c->page.hits > 0;
    c->timeless += c->page.timeless;
    /* A page of the whole list shows records that one of the filtered list need not show. */
    if (c->placed && c->ask.filtered == c->place.filtered)
        crawl_learn_page(c, c->place_part, c->place_asked, c->page.news > 0);
    crawl_learn_longest(c);
    if (c->page.n > 1)
        c->single = false;
    learn_drift(c);
    c->creeps = creeps(c) ? c->creeps + 1 : 0;
    keep_body(c, end);
    count_seen(c);
    decide(c);
    c->step = 0;
    c->attempts = c->tunes = 0;
    c->repeats = 0;
    c->must = c->opens = false;
    c->covered = WHEN_NONE;
    crawl_grow(c);
}

/*
 * What the list by time alone cannot prove: more equal times than a page holds (their order may change
 * from one request to the next), whole pages of hidden records, pages of one record. Another list is
 * read then, whose order is that of the keys. Where the API has none, the table is unproven.
 */
#include "extract/crawl/crawl_private.h"
#include <stdio.h>
#include <string.h>

#define CHASE_SOME 60 /* answers */
#define BACK_MAX   1000
#define CHASE_MAX  500                /* ... where nothing else helps */
#define PAUSE      (60 * WHEN_SECOND) /* between two answers */
#define PAUSES_MAX 20                 /* that are allowed for */
#define IDLE_MAX   10500              /* answers that came no later in the list, */
#define IDLE_SAME  7                  /* one of which counts as so many if it came no further */
#define ROW        32                 /* records in a row, which cost much to take apart twice */

bool crawl_is_loose(const struct crawl *c, const struct crawl_entry *entry)
{
    if (entry->kind == CRAWL_TIMELESS)
        return c->loose_timeless;
    if (entry->kind != CRAWL_TIMED)
        return false;
    if (c->learned.passed && entry->time == c->learned.passed_time)
        return true; /* once is enough: they are unproven in any case */
    if (c->loose_time == WHEN_NONE)
        return false;
    for (size_t i = 0; i < c->loose_count; i++)
        if (c->loose[i] == entry->time)
            return true;
    /* Clocks are put back, so that behind a group may come another one of a time that is a little less. */
    bool any = c->sure != WHEN_NONE || (c->learned.unproven & CRAWL_UNPROVEN_TIES) != 0;
    return any ? entry->time <= c->loose_time
               : entry->time == c->loose_time || entry->time < c->loose_time - CRAWL_FOLD;
}

/* The one with a time that can be read, if there is one. */
const struct crawl_entry *crawl_last_known(const struct crawl *c)
{
    for (size_t i = c->known_count; i > 0 && c->known[i - 1].tied; i--)
        if (c->known[i - 1].kind == CRAWL_TIMED)
            return &c->known[i - 1];
    return &c->known[c->known_count - 1];
}

void crawl_loosen(struct crawl *c, bool timeless, int64_t time)
{
    if (timeless) {
        c->loose_timeless = true;
    } else if (time != WHEN_NONE) {
        if (c->loose_count == CRAWL_LOOSE)
            memmove(c->loose, c->loose + 1, --c->loose_count * sizeof(*c->loose));
        c->loose[c->loose_count++] = c->loose_time = time;
    }
}

/* All that was there when this run's list by key began is kept. What came later is the next run's, which
 * must begin here. */
void crawl_leave_to_next(struct crawl *c)
{
    int64_t low = c->frontier == WHEN_NONE ? 0 : c->frontier - 1;
    c->limited = true;
    if (c->low == WHEN_NONE || low < c->low)
        c->low = low;
}

/* All that was there when this run began has been read by key. What came since is for the next run. */
enum crawl_verdict crawl_leave_rest(struct crawl *c)
{
    crawl_leave_to_next(c);
    c->stats.pages++;
    crawl_finish(c);
    return CRAWL_KEEP;
}

/* What it reads was read before, by this run or the one before. Of times of the future that is not known. */
bool crawl_is_back(const struct crawl *c)
{
    int64_t reached = c->furthest > c->goal ? c->furthest : c->goal;
    return c->frontier != WHEN_NONE && c->frontier < reached && reached <= c->clock;
}

/* In a pause nothing is read, and the list goes on. */
void crawl_pause(struct crawl *c, int64_t before)
{
    int64_t pause = before != WHEN_NONE && c->clock != WHEN_NONE ? c->clock - before : 0;
    if (pause < PAUSE || c->lag > INT64_MAX - pause || c->pauses == PAUSES_MAX)
        return;
    c->lag += pause;
    c->pauses++;
}

/* Is the crawl among times of today, and no nearer to the clock than it was? The records' zone may be another one. */
static bool falls_behind(struct crawl *c)
{
    int64_t lag =
        c->frontier == WHEN_NONE || c->clock == WHEN_NONE ? INT64_MAX : c->clock - c->frontier;
    bool today = lag >= -CRAWL_LEAD_MAX && lag <= CRAWL_LEAD_MAX;
    if (today && lag >= c->lag)
        return true;
    c->lag = today ? lag : INT64_MAX;
    return false;
}

/* Returns a number that is the greater, the later a page begins in the table. */
static uint64_t part_of(const struct crawl *c, const struct crawl_ask *ask)
{
    if (!ask->filtered)
        return c->phase == CRAWL_TAIL ? UINT64_MAX : 0;
    return (uint64_t)crawl_ask_after(ask) - (uint64_t)INT64_MIN;
}

/* Counts the answers since the run came later in the list than ever, by its filter or by a time (crawl_keep.c). Returns true if they are too
 * many: an API that gives any page at any offset shows no end. A sound list comes to so many if more than a million records share one time,
 * or if 1,500 pages are read again. Then the next run goes on. */
static bool is_idle(struct crawl *c, bool kept)
{
    uint64_t part = part_of(c, &c->place);
    uint64_t at = c->place.offset + c->place_n;
    bool later = kept && part > c->reach;
    bool further = kept && part == c->reach && at > c->reach_at;
    c->idle = later ? 0 : c->idle + (further ? 1 : IDLE_SAME);
    if (later || further) {
        c->reach = part;
        c->reach_at = at;
    }
    return c->idle > IDLE_MAX;
}

/* A list may change as fast as it is read, for ever. What changes after a run began is not for this run: it ends, by
 * what is behind it by key, which edits do not move, or, where there is no such list, without having ended. */
enum crawl_verdict crawl_chase(struct crawl *c, enum crawl_verdict verdict, struct err *e)
{
    bool looks = c->look_behind.windows > 0 || c->look_behind.bottom;
    if ((verdict != CRAWL_KEEP && verdict != CRAWL_RETAKE) || c->phase == CRAWL_END ||
        c->phase == CRAWL_KEYS || looks || c->passes.on)
        return verdict;
    if (is_idle(c, verdict == CRAWL_KEEP)) {
        (void)err_set(e, ERR_UNAVAILABLE,
                      "the list goes on without coming to an end: for thousands of pages it showed "
                      "nothing later than before; what has come is kept, and the next run goes on");
        c->broken = true;
        return CRAWL_BROKEN;
    }
    if (crawl_is_back(c) && c->backs < BACK_MAX) {
        c->backs++;
        return verdict;
    }
    c->chase = falls_behind(c) || c->creeps > 0 ? c->chase + 1 : 0;
    if (c->chase > CHASE_SOME && c->sure != WHEN_NONE)
        return crawl_leave_rest(c);
    if (c->chase > CHASE_SOME && crawl_since_possible(c, true)) {
        c->chase = 0;
        crawl_since_begin(c, CRAWL_UNPROVEN_UNFIT);
    }
    if (c->chase <= CHASE_MAX)
        return verdict;
    (void)err_set(e, ERR_UNAVAILABLE,
                  "the table changes as fast as it is read: in %d answers the crawl came no nearer "
                  "to the present; what has come is kept, and the next run goes on",
                  CHASE_MAX);
    c->broken = true;
    return CRAWL_BROKEN;
}

void crawl_page_restart(struct crawl *c)
{
    c->trial.step.state = STEP_NONE;
    c->trial.probe = 0;
    c->trial.further = 0;
    crawl_learn_longest(c); /* it may be empty then */
    crawl_facts_reset(&c->page);
}

/* Nothing is claimed from here on. */
void crawl_unproven(struct crawl *c, unsigned why)
{
    struct crawl_learned *l = &c->learned;
    if (c->sure != WHEN_NONE) {
        crawl_leave_to_next(c);
        return;
    }
    l->unproven |= why;
    if (why == CRAWL_UNPROVEN_TIMELESS)
        return;
    int64_t hold = c->frontier == WHEN_NONE ? 0 : c->frontier - CRAWL_FOLD - 1;
    if (c->complete > hold)
        hold = c->complete;
    if (l->hold == WHEN_NONE || hold < l->hold)
        l->hold = hold;
}

/* On, though nobody knows what lies between. */
static void go_on_blindly(struct crawl *c, unsigned why)
{
    switch (why) {
    case CRAWL_UNPROVEN_SINGLE:
        c->single = true;
        break;
    case CRAWL_UNPROVEN_TIES:
    case CRAWL_UNPROVEN_TIMELESS:
        if (crawl_is_loose(c, crawl_last_known(c)) ||
            crawl_last_known(c)->kind == CRAWL_UNREADABLE) {
            c->blind = c->place.offset + 1;
            break;
        }
        if (c->sure == WHEN_NONE) {
            crawl_passes_begin(c);
            return;
        }
        crawl_loosen(c, why == CRAWL_UNPROVEN_TIMELESS, crawl_last_known(c)->time);
        c->place_run = 0;
        break;
    default: /* up to what was found */
        break;
    }
    crawl_go_on(c, false);
}

/* The same place again and again: the crawl goes round in a list that it does not understand. Every turn costs
 * requests, so that there is an end to them. */
bool crawl_goes_round(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    uint64_t between =
        (t->before.there ? t->before.id : 0) + (t->after.there ? t->after.id * PLACES_MIX : 1);
    if (c->passes.on) /* they go round on purpose, and have an end of their own */
        return false;
    bool alone = !crawl_keys_possible(c) && c->phase != CRAWL_KEYS;
    t->hops = alone ? t->hops + 1 : 0; /* from one place to another, and back */
    bool news = c->page.n > c->page.odd + c->page.met;
    if ((t->step.gap == 0 && news) || t->hops > CRAWL_TURNS_MAX)
        return t->hops > CRAWL_TURNS_MAX;
    uint64_t list =
        c->phase != CRAWL_KEYS && c->ask.filtered ? (uint64_t)crawl_ask_after(&c->ask) : 0;
    uint64_t at = list * PLACES_MIX + t->step.offset + t->step.low;
    t->turns = t->between == between || t->at == at || !news ? t->turns + 1 : 1;
    t->between = between;
    t->at = at;
    if (!crawl_keys_possible(c) && t->turns == CRAWL_TURNS_FEW)
        return true;
    return t->turns == CRAWL_TURNS_MAX || t->turns > 2 * CRAWL_TURNS_MAX;
}

/* Returns true if the list may be gone on with behind the last kept page. That is so where it comes further than ever in this run, and a
 * few times where it does not: so there is an end to it. */
static bool may_pass(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    uint64_t list = part_of(c, &c->place);
    uint64_t at = c->place.offset + c->place_n;
    if (list < t->past || (list == t->past && at <= t->past_at))
        return ++t->pasts <= CRAWL_TURNS_FEW;
    t->past = list;
    t->past_at = at;
    return true;
}

/* One record between two places shows nothing of what its neighbours are, so that the list cannot be seen to go on behind
 * it. Where there is no other order it is gone on with all the same, and nothing is proven; else false. */
bool crawl_go_past(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    bool looks = c->look_behind.windows > 0 || c->look_behind.bottom;
    if (crawl_keys_possible(c) || c->phase == CRAWL_KEYS || !c->placed || looks || !may_pass(c))
        return false;
    crawl_unproven(c, CRAWL_UNPROVEN_UNFIT);
    c->ask = c->place;
    c->ask.jump = false;
    c->ask.offset += c->place_n;
    c->blind = c->ask.offset + 1;
    c->behind = c->verify = false;
    c->stuck = 0;
    t->turns = t->hops = 0;
    t->step.state = STEP_NONE;
    return true;
}

/* The same where nothing else is left: if it may not be done, the same page follows, and is the last one. */
void crawl_go_past_or_end(struct crawl *c)
{
    if (crawl_go_past(c))
        return;
    c->trial.forced = true;
    c->trial.hops = CRAWL_TURNS_MAX;
}

/* The first place of the page that was stepped over, and the one behind the last of these. */
static void find_gap(const struct crawl_facts *page, size_t *first, size_t *next)
{
    *first = 0;
    while (*first < page->count && !page->entries[*first].gap)
        ++*first;
    *next = *first;
    while (*next < page->count && page->entries[*next].gap)
        ++*next;
}

static bool shows_twice(const struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    size_t first;
    size_t next;
    find_gap(page, &first, &next);
    for (size_t i = 0; i < first; i++)
        for (size_t j = next; j < page->count; j++)
            if (page->entries[i].id == page->entries[j].id)
                return true;
    return false;
}

/* Records of one time may stand in another order in each answer. The page's two parts are two of them, so that a good record
 * can be on neither. Not where it is one place that is stepped over, and no record is on both: then all but one are there, and
 * that is the one that fails. Of several, others may be good ones, unless their bytes came. */
bool crawl_may_lack(const struct crawl *c)
{
    const struct crawl_trial *t = &c->trial;
    const struct crawl_facts *page = &c->page;
    size_t first;
    size_t next;
    find_gap(page, &first, &next);
    bool seen = true;
    for (unsigned i = 0; i < t->step.gap; i++) {
        seen &= i < STEP_GAP_MAX && t->gaps[i].seen;
        for (unsigned j = 0; seen && j < i; j++) /* in two places, it is one record */
            seen &= t->gaps[i].identity != t->gaps[j].identity;
    }
    if (c->phase == CRAWL_KEYS)
        return !seen && crawl_keys_may_lack(c, t->step.gap > 1);
    if (shows_twice(c))
        return true;
    bool loose = first > 0 && crawl_is_loose(c, &page->entries[first - 1]) && next < page->count &&
                 crawl_is_loose(c, &page->entries[next]);
    const struct places *places = c->conf.places;
    bool proven =
        t->step.known && (places == NULL || t->known == 0 || !places->at[t->known - 1].doubtful);
    return t->step.gap > 1 && !seen && !proven && !loose;
}

bool crawl_group_possible(const struct crawl *c)
{
    return crawl_keys_possible(c) && c->learned.equals != CRAWL_NO && !c->unfiltered &&
           crawl_last_known(c)->kind == CRAWL_TIMED;
}

void crawl_trouble(struct crawl *c, unsigned why)
{
    if (why == CRAWL_UNPROVEN_TIES && crawl_group_possible(c)) {
        crawl_group_begin(c);
    } else if (c->sure != WHEN_NONE) {
        crawl_leave_to_next(c);
        go_on_blindly(c, why);
    } else if (crawl_keys_possible(c)) {
        crawl_all_begin(c, !c->everything, why);
    } else {
        crawl_unproven(c, why);
        go_on_blindly(c, why);
    }
}

/* Steps do not come to an end: the list has no order that lasts from one request to the next, or moves too
 * fast. In the order of keys it may; else they are made all the same, and nothing is proven. */
bool crawl_steps_lost(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    t->step.state = STEP_NONE;
    t->rounds = 0;
    if (t->step.wide) {
        /* What was tried is remembered, so that the next run goes on behind it. */
        t->after.there = false;
        if (crawl_known_remember(c, true))
            c->stats.in_a_row = t->step.gap;
        return false;
    }
    if (c->phase == CRAWL_KEYS) {
        (void)(crawl_keys_compare(c) || crawl_refused(c, false));
    } else if (!c->placed && crawl_keys_possible(c) && c->sure == WHEN_NONE) {
        crawl_all_begin(c, false, CRAWL_UNPROVEN_UNFIT);
    } else if (c->placed && crawl_keys_possible(c) && c->sure == WHEN_NONE) {
        c->blind = c->place.offset + 1;
        crawl_trouble(c, CRAWL_UNPROVEN_UNFIT);
    } else {
        t->forced = true;
        crawl_unproven(c, CRAWL_UNPROVEN_UNFIT);
    }
    return true;
}

enum crawl_verdict crawl_steps_end(struct crawl *c, struct err *e)
{
    struct crawl_trial *t = &c->trial;
    bool again = t->forced && c->sure != WHEN_NONE && c->phase != CRAWL_KEYS;
    if (again) /* all that was there has been read by key */
        return crawl_leave_rest(c);
    bool round = t->turns > CRAWL_TURNS_MAX || (t->forced && t->hops > CRAWL_TURNS_MAX);
    if (t->hops > CRAWL_TURNS_MAX) /* once more, with nothing proven */
        t->hops = 0;
    if (!round && crawl_steps_lost(c))
        return crawl_retake(c, e);
    (void)err_set(e, ERR_UNAVAILABLE,
                  "the API's list leads back to the same unreadable record again and again: the "
                  "next run tries it once more, and netty-spool status tells what is left out");
    return CRAWL_BROKEN;
}

/* What a list by key shows is all that was there when the place was met, so that it is known from now on. */
enum crawl_verdict crawl_prove_otherwise(struct crawl *c, struct err *e)
{
    struct crawl_trial *t = &c->trial;
    bool looks = c->look_behind.windows > 0 || c->look_behind.bottom;
    if (!looks && crawl_since_possible(c, true) && crawl_known_remember(c, false)) {
        t->step.state = STEP_NONE;
        crawl_restore_size(c, t->step.behind);
        crawl_since_begin(c, CRAWL_UNPROVEN_UNFIT);
        return crawl_retake(c, e);
    }
    /* What shows that the list is by key leads back here, and need not take it apart once more. */
    if (c->phase == CRAWL_KEYS && c->trial.step.gap >= ROW && !shows_twice(c))
        (void)crawl_known_remember(c, true);
    return crawl_steps_end(c, e);
}

/* Where no other list proves what lacks, the page is taken as it is: to take it apart once more would show no more. */
bool crawl_take_unproven(struct crawl *c)
{
    bool looks = c->look_behind.windows > 0 || c->look_behind.bottom;
    bool proves = crawl_keys_possible(c) && c->sure == WHEN_NONE;
    bool row = c->trial.step.gap >= ROW && !shows_twice(c);
    if (c->phase == CRAWL_KEYS || looks || proves || !row)
        return false;
    c->trial.forced = true;
    crawl_unproven(c, CRAWL_UNPROVEN_UNFIT);
    return true;
}

const char *crawl_unproven_text(unsigned unproven, char out[CRAWL_UNPROVEN_TEXT])
{
    static const char *const reasons[] = {
        "more records of one time_modified than a page holds, and the API does not sort by key",
        "more records without a time_modified than a page holds, and the API does not sort by key",
        "whole pages of the list are hidden from the key, and the API does not sort by key",
        "the API sends one record a page, and does not sort by key",
        "new records without a time_modified cannot be looked for, as the API does not sort by key",
        "pages do not fit together, or lack records in a row, and the API does not sort by key",
        "the API ignores offset, so that nothing behind its one page can be seen",
        "the API's answers do not agree: some lack records that others have",
        "the API sends no bytes for this table; PHP does so where it cannot encode a record",
    };
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if ((unproven >> i & 1u) == 0)
            continue;
        int more =
            snprintf(out + n, CRAWL_UNPROVEN_TEXT - n, "%s%s", n > 0 ? "; " : "", reasons[i]);
        n += more > 0 ? (size_t)more : 0;
        n = n < CRAWL_UNPROVEN_TEXT ? n : CRAWL_UNPROVEN_TEXT - 1;
    }
    return out;
}

const char *crawl_unproven_words(unsigned unproven, char *out, size_t room)
{
    static const char *const words[] = {"ties",  "timeless", "hidden",  "single", "births",
                                        "unfit", "offset",   "differs", "silent"};
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof words / sizeof *words && n < room; i++) {
        if ((unproven >> i & 1u) == 0)
            continue;
        int more = snprintf(out + n, room - n, "%s%s", n > 0 ? " " : "", words[i]);
        n += more > 0 ? (size_t)more : 0;
    }
    return out;
}

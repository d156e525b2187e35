/*
 * What the list by time does not show. What changed last in a table of which records are hidden: all behind a
 * time, by key. And new records that have no time yet: the greatest keys, downward. Keys are not committed in the order in
 * which they were given out, so that each look goes down to what was the greatest a day ago.
 */
#include "extract/crawl/crawl_private.h"
#include <string.h>

#define NEWEST_EMPTIES 8 /* pages in a row */
#define SINCE_EMPTY    8 /* pages, as long as was asked for */
#define REPEATS_MAX    8
#define YEAR_1         (INT64_C(-62135596800) * WHEN_SECOND)
#define ASTRAY_MAX     3

/* Then the crawl goes on as it stands. */
void crawl_newest_begin(struct crawl *c)
{
    c->keys = (struct crawl_keys){
        .list = CRAWL_NEWEST, .back = c->phase, .detour = true, .began = WHEN_NONE};
    c->phase = CRAWL_KEYS;
}

/* One that is older than a day is enough. */
void crawl_push_top(struct crawl_learned *l, int64_t at, int64_t key)
{
    struct crawl_top *tops = l->tops;
    l->top = key;
    if (l->top_count > 0 && at - tops[l->top_count - 1].at < CRAWL_DAY / (CRAWL_TOPS - 2))
        return;
    while (l->top_count == CRAWL_TOPS || (l->top_count > 1 && at - tops[1].at >= CRAWL_DAY))
        memmove(tops, tops + 1, --l->top_count * sizeof(*tops));
    tops[l->top_count++] = (struct crawl_top){at, key};
}

/* So many records at or before what was the greatest key a day ago must be seen: keys are under way that are
 * less than the greatest that shows. */
static uint64_t enough(const struct crawl *c)
{
    return 2 + crawl_window(c) / 2;
}

/* Down to a key that was the greatest a day ago, and some known ones further: what is missing before them is
 * not under way any more. Where nothing is claimed yet (the crawl from the beginning went by time) and there are
 * records without a time, all are read once. */
static bool is_deep(const struct crawl *c)
{
    const struct crawl_learned *l = &c->learned;
    if (l->born == WHEN_NONE && (l->top_count == 0 || !l->thinned))
        return !l->timeless;
    return l->top_count > 0 && c->keys.below >= enough(c) && c->page.key_most <= l->top;
}

static void count_below(struct crawl *c, bool begun, int64_t last)
{
    const struct crawl_learned *l = &c->learned;
    for (size_t i = 0; i < c->page.count && l->top_count > 0; i++) {
        const struct crawl_entry *entry = &c->page.entries[i];
        bool next = entry->keyed && (!begun || entry->key < last);
        c->keys.below += next && entry->key <= l->tops[0].key;
    }
}

void crawl_newest_read(struct crawl *c)
{
    struct crawl_learned *l = &c->learned;
    const struct crawl_keys *k = &c->keys;
    if (k->ordered)
        l->sorts = l->downs = CRAWL_YES;
    bool all = c->page.n == 0 || !is_deep(c);
    if (!k->gap && (all || (l->born != WHEN_NONE && l->downs == CRAWL_YES)))
        l->born = k->began;
    if (k->begun)
        crawl_push_top(l, k->began, k->most);
    crawl_back_to_time(c);
}

/* reaches: the page shows the last one known, or what comes behind it. One that is as long as any may have been cut. */
static bool newest_ends(const struct crawl *c, bool reaches)
{
    const struct crawl_facts *page = &c->page;
    if (page->n > 0 && is_deep(c))
        return true;
    if (crawl_count_ends(c, c->keys.offset))
        return true;
    bool last = page->beyond == 0 && reaches && crawl_room(c);
    return (page->n == 0 || last) && (!c->learned.thinned || c->keys.empties >= NEWEST_EMPTIES);
}

/* Pages of one record, each of which tells of no order: this one is greater than the one before. Some that
 * came in before may do that, once. */
static enum crawl_verdict astray(struct crawl *c, struct err *e)
{
    struct crawl_keys *k = &c->keys;
    if (++k->tries >= ASTRAY_MAX) {
        crawl_keys_fail(c);
        return crawl_retake(c, e);
    }
    k->offset = k->pages = k->below = 0;
    k->begun = false;
    return crawl_retake(c, e);
}

static void take(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    count_below(c, k->begun, k->last);
    k->ordered |= c->page.keyed > 1 || (k->begun && c->page.beyond > 0);
    if (!k->begun || c->page.key_least < k->last)
        k->last = c->page.key_least;
    k->begun = true;
}

enum crawl_verdict crawl_newest_page(struct crawl *c, struct err *e)
{
    struct crawl_keys *k = &c->keys;
    const struct crawl_facts *page = &c->page;
    enum crawl_verdict verdict = CRAWL_RETAKE;
    bool reaches = page->n > 0 && (!k->begun || page->key_least <= k->last);
    if (page->n > 0 && !reaches && !k->ordered && c->learned.downs != CRAWL_YES)
        return astray(c, e);
    if (k->offset > 0 && !crawl_keys_reach_back(c)) {
        if (!c->learned.thinned && page->n > 0 && !crawl_singles(c)) {
            crawl_keys_step_back(c);
            return crawl_retake(c, e);
        }
        k->gap = true;
    }
    k->step = 0;
    k->pages++;
    k->empties = page->n > 0 ? 0 : k->empties + 1;
    if (page->n > 0) {
        crawl_keys_take(c);
        verdict = crawl_keys_keep(c);
        take(c);
    }
    /* The same again and again: the API ignores the offset. */
    k->repeats = page->n > 0 && page->beyond == 0 && k->pages > 1 ? k->repeats + 1 : 0;
    k->gap |= k->repeats > REPEATS_MAX;
    if (newest_ends(c, reaches) || k->repeats > REPEATS_MAX)
        crawl_newest_read(c);
    else
        k->offset += page->n > 1                        ? page->n - 1
                     : page->n == 1 && page->beyond > 0 ? 1
                                                        : crawl_window(c);
    return verdict;
}

/* ---- what changed last ---- */

/* Its last page's times tell from where: the greatest below the last one, so that the last one's records show. */
static int64_t since(const struct crawl *c)
{
    size_t behind;
    const struct crawl_facts known = {.entries = c->known, .count = c->known_count};
    const struct crawl_entry *below = crawl_facts_below(&known, &behind);
    int64_t last = crawl_facts_last(&known);
    return below != NULL ? below->time : last != WHEN_NONE ? last - WHEN_SECOND : WHEN_NONE;
}

/* Where records are left out of pages, the last page may have hidden the first of a group whose order changes. Where the
 * list by time changes as fast as it is read, this one does not. Only behind a page that this run has kept: what the run before
 * saw last says nothing of what this one has to read before it. */
bool crawl_since_possible(const struct crawl *c, bool chased)
{
    return (c->learned.thinned || chased) && c->phase == CRAWL_BODY && !c->everything &&
           !c->unfiltered && !c->no_since && crawl_keys_possible(c) && c->clock != WHEN_NONE &&
           c->placed && c->known_count > 0 && since(c) != WHEN_NONE;
}

void crawl_since_begin(struct crawl *c, unsigned why)
{
    int64_t time = since(c);
    if (time == WHEN_NONE)
        time = YEAR_1;
    c->keys = (struct crawl_keys){.list = CRAWL_SINCE,
                                  .back = c->phase,
                                  .detour = true,
                                  .why = why,
                                  .began = WHEN_NONE,
                                  .time = time,
                                  .lead = c->lead};
    for (size_t i = 0; i < c->known_count; i++)
        c->known[i].tied = c->known[i].kind == CRAWL_TIMED && c->known[i].time > time;
    c->phase = CRAWL_KEYS;
}

/* Where records are left out of pages: place by place, upward, with no regard to which records show again. Edits come in
 * anywhere and move what is behind them further on, so that nothing slips to where it was looked for already. */
enum crawl_verdict crawl_since_page(struct crawl *c, struct err *e)
{
    struct crawl_keys *k = &c->keys;
    const struct crawl_facts *page = &c->page;
    uint64_t further = crawl_window(c) > 1 ? crawl_window(c) - 1 : 1;
    bool same = k->pages > 0 && page->n > 1 && page->set_sum == k->previous_set;
    if (same || (page->n == 0 && k->pages == 0)) { /* it has no such list, or heeds no offset */
        crawl_keys_fail(c);
        return crawl_retake(c, e);
    }
    enum crawl_verdict verdict = CRAWL_RETAKE;
    k->pages++;
    k->previous_set = page->set_sum;
    k->empties = page->beyond > 0 ? 0 : k->empties + 1;
    if (page->n > 0) {
        crawl_keys_note(c); /* which the next page's keys must not fall back behind */
        crawl_keys_take(c);
        verdict = crawl_keys_keep(c);
    }
    if (page->beyond > 0) {
        c->stuck = 0;
        k->last = page->key_most;
        k->seen += page->beyond;
        k->begun = true;
    }
    if (k->empties * further > SINCE_EMPTY * (uint64_t)c->asked || crawl_count_ends(c, k->offset))
        crawl_keys_read(c);
    else
        k->offset += further;
    return verdict;
}

/* Reads the list again, from so early on that no skew matters. */
static void since_earlier(struct crawl *c)
{
    unsigned why = c->keys.why;
    crawl_back_to_time(c);
    crawl_since_begin(c, why);
    c->keys.lead = CRAWL_LEAD_MAX;
}

/* What stood before them is kept as well, or was left to the next run: this is the end. That the list begins early enough is shown by a record of
 * the last page only if it is as it was: an edited one is in the list, wherever that begins. */
void crawl_since_read(struct crawl *c)
{
    if (!crawl_group_is_whole(c)) {
        crawl_keys_fail(c);
        return;
    }
    if (!c->keys.early && c->keys.lead < CRAWL_LEAD_MAX) {
        since_earlier(c);
        return;
    }
    if (c->trial
            .pends) /* a place that nothing else proves: where there is no room for it, it is met again */
        (void)places_meet(c->conf.places, &c->trial.pending, c->clock);
    c->trial.pends = false;
    if (c->keys.seen > 1)
        c->learned.sorts = CRAWL_YES;
    c->learned.looked = c->clock;
    if (!c->limited)
        c->sure = c->keys.began;
    c->limited = true;
    c->ask = c->place;
    crawl_back_to_time(c);
    crawl_finish(c);
}

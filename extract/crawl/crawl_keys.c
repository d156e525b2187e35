/*
 * Lists by key: everything (CRAWL_ALL), the records of one time (CRAWL_GROUP), what changed after a time (CRAWL_SINCE), and the newest
 * records downward (CRAWL_NEWEST). No two records share a key, and no edit changes it.
 *
 * A page is good if its keys rise and it begins at or before the last kept key: then nothing lies between. The crawl checks on each page
 * that the API sorts by key.
 */
#include "extract/crawl/crawl_private.h"
#include <string.h>

#define REPEATS_MAX   8
#define REPEATS_MANY  100 /* if records may be left out of pages */
#define GROUP_TRIES   7
#define ANEW_MAX      3
#define FURTHER_PAGES UINT64_C(8)
#define LEAD_GRAIN    (900 * WHEN_SECOND) /* zones differ by quarters of an hour */

bool crawl_keys_possible(const struct crawl *c)
{
    return c->conf.keyed && !c->no_keys && c->learned.sorts != CRAWL_NO;
}

void crawl_all_begin(struct crawl *c, bool detour, unsigned why)
{
    c->keys = (struct crawl_keys){
        .list = CRAWL_ALL, .back = c->phase, .detour = detour, .why = why, .began = WHEN_NONE};
    c->keys.must = crawl_key_shown(c);
    c->phase = CRAWL_KEYS;
}

/* Returns the lead in whole quarters of an hour. A filter for one time needs the exact one, while others may begin too early. */
static int64_t exact_lead(int64_t lead)
{
    int64_t rest = lead % LEAD_GRAIN;
    lead -= rest < 0 ? rest + LEAD_GRAIN : rest;
    return rest > LEAD_GRAIN / 2 ? lead + LEAD_GRAIN : lead;
}

/* Returns the lead to try. The lead of the other filters comes first, which may be greater than needed; the greatest one there is says nothing. Then
 * come those of zones that people often mistake for each other. */
static int64_t group_lead(const struct crawl *c, unsigned tries)
{
    static const int64_t hours[GROUP_TRIES - 2] = {0, 1, 2, -1, -2};
    int64_t lead = c->place.filtered && c->place.lead < CRAWL_LEAD_MAX ? c->place.lead : c->lead;
    if (tries == 0)
        return c->learned.equals == CRAWL_YES ? c->learned.equal_lead : exact_lead(lead);
    return tries == 1 ? exact_lead(lead) : hours[tries - 2] * 3600 * WHEN_SECOND;
}

void crawl_group_begin(struct crawl *c)
{
    c->keys = (struct crawl_keys){
        .list = CRAWL_GROUP,
        .back = c->phase,
        .detour = true,
        .why = CRAWL_UNPROVEN_TIES,
        .began = WHEN_NONE,
        .time = crawl_last_known(c)->time,
        .lead = group_lead(c, 0),
        .place = c->place.offset + c->place_n - c->place_run,
    };
    c->phase = CRAWL_KEYS;
}

void crawl_keys_request(const struct crawl *c, struct crawl_request *request)
{
    const struct crawl_keys *k = &c->keys;
    const struct crawl_look *look = &c->look_behind;
    request->sort = k->list == CRAWL_NEWEST ? CRAWL_BY_KEY_DOWN : CRAWL_BY_KEY;
    request->offset = look->windows > 0 || look->bottom ? look->offset : k->offset;
    if (k->contrast) {
        request->sort = CRAWL_BY_KEY_DOWN;
        request->offset = k->contrast - 1;
    }
    if (k->list == CRAWL_GROUP)
        (void)when_api(k->time - k->lead, request->equal);
    if (k->list == CRAWL_SINCE) {
        const struct crawl_ask ask = {.base_time = k->time, .lead = k->lead};
        (void)when_api(crawl_ask_after(&ask), request->after);
    }
}

/* ---- a list that has been read, or cannot be read ---- */

void crawl_back_to_time(struct crawl *c)
{
    c->phase = (enum crawl_phase)c->keys.back;
    c->look_behind = (struct crawl_look){.windows = 0};
}

static void all_read(struct crawl *c)
{
    struct crawl_learned *l = &c->learned;
    struct crawl_keys *k = &c->keys;
    if (k->seen > 1) /* they were in order; an empty list shows no order */
        l->sorts = CRAWL_YES;
    l->unproven = 0;
    l->passed = false;
    l->hold = l->retry = WHEN_NONE;
    l->looked = c->clock;
    l->born = k->began;
    l->top_count = 0;
    if (k->begun) {
        crawl_push_top(l, k->began, k->edged ? k->edge : k->most);
        l->top = k->most;
    }
    if (k->torn > 1) { /* they probably lack others, too, where they did not overlap */
        l->unproven = CRAWL_UNPROVEN_DIFFERS;
        l->hold = c->complete == WHEN_NONE ? 0 : c->complete;
        l->retry = c->clock + CRAWL_DAY;
    }
    c->sure = k->began;
    c->seen = k->seen;
    if (!k->detour) {
        crawl_catch_up(c);
        return;
    }
    int64_t low = crawl_changed_since(c, k);
    if (c->low == WHEN_NONE || low < c->low)
        c->low = low;
    crawl_back_to_time(c);
    c->limited = true;
    for (size_t i = 0; i < c->known_count; i++)
        c->known[i].tied = false;
    c->place_run = 0;
    crawl_go_on(c, true);
}

static void group_read(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    if (!crawl_group_is_whole(c)) {
        crawl_keys_fail(c);
        return;
    }
    c->learned.equals = CRAWL_YES;
    c->learned.equal_lead = k->lead;
    crawl_back_to_time(c);
    crawl_loosen(c, false, k->time);
    uint64_t back = 1 + c->limit / 32 + c->drift;
    if (back >= k->seen)
        back = k->seen > 1 ? k->seen - 1 : 1;
    c->place_run = 0;
    c->ask = c->place;
    c->ask.jump = false;
    c->ask.offset = k->place + (k->seen > back ? k->seen - back : 0);
}

/* Returns true unless pages of one record leave in doubt that all were seen: they show no order. None is missing if there are as many
 * positions as records were seen. */
static bool seen_all(const struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    return c->learned.thinned || !crawl_singles(c) || !k->begun || k->offset < k->seen;
}

void crawl_keys_read(struct crawl *c)
{
    bool anew = c->keys.list != CRAWL_NEWEST && (!seen_all(c) || crawl_keys_disturbed(c));
    if (anew ? crawl_keys_begin_again(c, ANEW_MAX) : crawl_keys_few_compared(c))
        return;
    if (anew)
        crawl_keys_fail(c);
    else if (c->keys.list == CRAWL_ALL && crawl_keys_fall_short(c))
        crawl_look_begin(c, c->keys.offset + c->keys.further++ * FURTHER_PAGES * c->asked);
    else if (c->keys.list == CRAWL_ALL)
        all_read(c);
    else if (c->keys.list == CRAWL_GROUP)
        group_read(c);
    else if (c->keys.list == CRAWL_SINCE)
        crawl_since_read(c);
    else
        crawl_newest_read(c);
}

/* Goes on without the list, which the API does not have. */
void crawl_keys_fail(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    bool detour = k->detour;
    unsigned why = k->why;
    crawl_back_to_time(c);
    switch ((enum crawl_list)k->list) {
    case CRAWL_NEWEST:
        c->learned.downs = CRAWL_NO;
        return;
    case CRAWL_SINCE:
        c->no_since = true;
        c->trial.pends = false;
        c->ask = c->place;
        c->ask.jump = false;
        if (why == CRAWL_UNPROVEN_HIDDEN)
            crawl_look_begin(c, c->place.offset);
        else
            crawl_go_on(c, true);
        return;
    case CRAWL_GROUP:
        c->learned.equals = CRAWL_NO;
        break;
    case CRAWL_ALL:
        c->learned.sorts = CRAWL_NO;
        if (!detour && !c->everything)
            return; /* what was unproven before still is */
        break;
    }
    if (detour)
        crawl_trouble(c, why);
    else
        crawl_begin_by_time(c);
}

static enum crawl_verdict fail(struct crawl *c, struct err *e)
{
    const struct crawl_request *list = &c->trial.page;
    places_disown(c->conf.places, (unsigned)list->sort, list->after, list->equal);
    crawl_keys_fail(c);
    return crawl_retake(c, e);
}

/* ---- what a page shows ---- */

void crawl_keys_take(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    const struct crawl_facts *page = &c->page;
    if (page->timeless > 0)
        c->learned.timeless = true;
    crawl_learn_longest(c);
    if (k->list == CRAWL_ALL)
        crawl_note_latest(c);
    if (k->list == CRAWL_GROUP || k->list == CRAWL_SINCE)
        crawl_note_met(c);
    if (!k->begun || page->key_most > k->most)
        k->most = page->key_most;
}

enum crawl_verdict crawl_keys_keep(struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    struct crawl_learned *l = &c->learned;
    bool wanted = c->page.beyond > 0;
    if (k->list == CRAWL_NEWEST) {
        uint64_t sum = c->page.timeless_sum & INT64_MAX; /* as a position holds it */
        bool same = k->pages <= CRAWL_BIRTH_PAGES && l->sums[k->pages - 1] == sum;
        wanted = c->page.timeless > 0 && !same;
        if (k->pages <= CRAWL_BIRTH_PAGES)
            l->sums[k->pages - 1] = sum;
    }
    if (!wanted)
        return CRAWL_RETAKE;
    c->stats.pages++;
    c->timeless += c->page.timeless;
    if (k->list != CRAWL_GROUP && c->began == WHEN_NONE)
        c->began = k->began;
    return CRAWL_KEEP;
}

/* ---- where to go on ---- */

void crawl_keys_step_back(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    k->step = k->step == 0 ? 1 + c->drift : k->step * 2;
    k->offset = k->offset > k->step ? k->offset - k->step : 0;
    k->behind = k->verify = false;
}

/* Notes a key below which nothing comes in any more. Keys that were not committed yet when the list was read to here are lower than the
 * greatest one now, by less than a page. */
static void note_edge(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    if (!k->edged && k->begun)
        k->edge = k->prior;
    k->edged |= k->begun;
}

static void look_behind(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    note_edge(c);
    k->behind = k->verify = false;
    if (k->list != CRAWL_NEWEST && crawl_look_due(c))
        crawl_look_begin(c, k->offset);
    else
        crawl_keys_read(c);
}

/* Goes on behind a continuous page. Pages of one record cannot overlap: there the record behind is requested, and then again this one, which
 * must still be in its place. */
static void go_on(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    const struct crawl_facts *page = &c->page;
    bool full = page->n >= c->asked || crawl_capped(c, c->page.n);
    bool look = false;
    if (crawl_only_grows(c, &look) || crawl_count_ends(c, k->offset)) {
        note_edge(c);
        c->learned.looked = c->clock;
        crawl_keys_read(c);
    } else if (look) {
        k->offset += page->n - 1;
        look_behind(c);
    } else if (page->n == 1 && crawl_singles(c)) {
        k->offset++;
    } else if (page->n == 1 && full) {
        note_edge(c);
        k->offset++;
        k->behind = true;
    } else if (full ||
               (page->beyond > 0 && page->n > 1 && (c->learned.thinned || !crawl_room(c)))) {
        k->offset += crawl_keys_stride(c, page->n);
    } else if (c->learned.thinned) {
        look_behind(c);
    } else {
        note_edge(c);
        k->offset += page->n;
        k->behind = true;
    }
}

/* Returns true if the page has the last page's records, though at another offset. */
static bool repeated(const struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    return k->pages > 0 && !k->verify && k->offset > k->previous_at && c->page.n > 0 &&
           c->page.n == k->previous && c->page.set_sum == k->previous_set;
}

/* Takes a page that begins at or before the last key. */
static enum crawl_verdict connected(struct crawl *c, struct err *e)
{
    struct crawl_keys *k = &c->keys;
    const struct crawl_facts *page = &c->page;
    /* the API may give the same records at each offset, in other versions */
    k->stale = page->beyond == 0 && k->pages > 0 ? k->stale + 1 : 0;
    if (k->stale >= REPEATS_MANY)
        return crawl_ignores_offset(c, k->previous_at, k->offset, e);
    k->again = k->pages > 0 ? repeated(c) : k->offset > 0;
    if (k->pages++ > 0)
        crawl_learn_page(c, k->previous, k->previous_asked, page->beyond > 0);
    /* The last key is shown again by a page that begins further on: the last page covered so many positions. A page of one record shows no
     * order, so that its record may stand in both places. */
    if (page->n > 1 && k->pages > 1 && k->offset > k->previous_at)
        crawl_learn_window(c, k->offset - k->previous_at);
    k->previous_at = k->offset;
    k->previous_set = page->set_sum;
    k->previous = page->n;
    k->previous_asked = c->asked;
    k->behind = k->verify = false;
    k->step = 0;
    c->stats.overlaps += k->offset > 0;
    crawl_keys_take(c);
    enum crawl_verdict verdict = crawl_keys_keep(c);
    crawl_grow(c);
    if (page->beyond > 0) {
        c->stuck = k->repeats = 0;
        k->prior = k->begun ? k->last : page->key_first;
        k->last = page->key_most;
        k->seen += page->beyond;
        k->begun = true;
    }
    go_on(c);
    return verdict;
}

static enum crawl_verdict unconnected(struct crawl *c, struct err *e)
{
    struct crawl_keys *k = &c->keys;
    if (crawl_singles(c) && c->page.n == 1) {
        k->holds = true;
        k->held = c->page.key_first;
        k->verify = true;
        k->offset--;
        crawl_keys_take(c);
        return crawl_keys_keep(c);
    }
    if (k->behind) {
        crawl_learn_page(c, k->previous, k->previous_asked, true);
        if (k->previous == 1) /* a page covers no more positions than it shows records */
            c->learned.window = c->learned.again = 0;
        k->behind = false;
        k->offset--;
    } else {
        crawl_keys_step_back(c);
    }
    return crawl_retake(c, e);
}

/* Tries another lead. Returns false if there is none. A group is never empty, so that an empty answer means that the lead was wrong. */
static bool other_lead(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    int64_t last = k->lead;
    while (k->lead == last && k->tries + 1 < GROUP_TRIES)
        k->lead = group_lead(c, ++k->tries);
    return k->lead != last;
}

static enum crawl_verdict empty_page(struct crawl *c, struct err *e)
{
    struct crawl_keys *k = &c->keys;
    if (k->offset == 0 && k->list == CRAWL_GROUP && other_lead(c))
        return CRAWL_RETAKE;
    if (k->offset == 0 && (k->list == CRAWL_GROUP || k->list == CRAWL_SINCE))
        return fail(c, e);
    if (k->offset == 0 && c->count == 0 && c->learned.counted == CRAWL_YES) {
        crawl_keys_read(c);
    } else if (k->offset == 0) {
        look_behind(c);
    } else if (k->behind && crawl_count_agrees(c, k->offset)) {
        c->learned.looked = c->clock;
        crawl_keys_read(c);
    } else if (crawl_singles(c)) {
        k->holds = false;
        k->verify = true;
        k->offset--;
    } else if (k->behind) {
        k->offset--;
        look_behind(c);
    } else {
        crawl_keys_step_back(c);
        return crawl_retake(c, e);
    }
    return CRAWL_RETAKE;
}

/* Takes the second answer for a page of one record. It must stand where it stood, or further on: then the record that was seen behind its
 * place is the next one. */
static enum crawl_verdict verified(struct crawl *c, struct err *e)
{
    struct crawl_keys *k = &c->keys;
    k->verify = false;
    if (c->page.n == 0 || c->page.key_first > k->last) {
        crawl_keys_step_back(c);
        return crawl_retake(c, e);
    }
    k->step = 0;
    if (!k->holds) {
        look_behind(c);
        return CRAWL_RETAKE;
    }
    c->stuck = k->repeats = 0;
    k->prior = k->last;
    k->last = k->held;
    k->seen++;
    k->holds = false;
    k->offset += 2;
    return CRAWL_RETAKE;
}

static enum crawl_verdict keys_page(struct crawl *c, struct err *e)
{
    struct crawl_keys *k = &c->keys;
    const struct crawl_look *look = &c->look_behind;
    bool looks = look->windows > 0 || look->bottom;
    if (k->contrast) {
        crawl_keys_contrast(c);
        return crawl_retake(c, e);
    }
    if (!looks && repeated(c) && crawl_keys_fall_back(c))
        return ++k->repeats < REPEATS_MAX / 2 || crawl_keys_begin_again(c, 1) ? crawl_retake(c, e)
               : k->seen > c->page.n /* other offsets showed others */
                   ? fail(c, e)
                   : crawl_ignores_offset(c, k->previous_at, k->offset, e);
    if ((c->page.n > 0 && (!crawl_keys_in_order(c) ||
                           (!looks && k->list != CRAWL_NEWEST && crawl_keys_unsteady(c)))) ||
        (k->began == WHEN_NONE && c->clock == WHEN_NONE))
        return fail(c, e);
    if (!looks && crawl_keys_doubtful(c))
        return crawl_retake(c, e);
    if (k->began == WHEN_NONE)
        k->began = c->clock;
    crawl_learn_count(c, looks ? look->offset : k->offset, looks);
    if (k->list == CRAWL_NEWEST)
        return crawl_newest_page(c, e);
    if (k->list == CRAWL_SINCE && c->learned.thinned)
        return crawl_since_page(c, e);
    if (looks)
        return crawl_look_keys_page(c, e);
    if (c->page.n > 0)
        crawl_keys_note(c);
    if (k->verify)
        return verified(c, e);
    if (c->page.n == 0)
        return empty_page(c, e);
    if (repeated(c) && ++k->repeats >= REPEATS_MAX)
        return crawl_ignores_offset(c, k->previous_at, k->offset, e);
    return k->offset > 0 && !crawl_keys_reach_back(c) ? unconnected(c, e) : connected(c, e);
}

/* A page with which the run ends is kept, so that the end is committed. */
enum crawl_verdict crawl_keys_page(struct crawl *c, struct err *e)
{
    enum crawl_verdict verdict = keys_page(c, e);
    if (verdict != CRAWL_RETAKE || c->phase != CRAWL_END)
        return verdict;
    c->stats.pages++;
    return CRAWL_KEEP;
}

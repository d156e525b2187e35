/* Places that were stepped over: passed by at once where they are known, remembered, those that pages show to be none any
 * more, and those that are due, tried again at a run's end. */
#include "extract/crawl/crawl_private.h"
#include <string.h>

#define AGAIN_MAX 2  /* in a run */
#define WIDE      50 /* places around one that has moved */
#define CALM      2  /* pages, after which a smaller size is as good as any */

static int64_t clock_of(const struct crawl *c)
{
    return c->clock != WHEN_NONE ? c->clock : c->conf.now;
}

static void list_of(const struct crawl_request *request, struct place *list)
{
    *list = (struct place){.sort = (unsigned)request->sort};
    memcpy(list->from, request->after, sizeof list->from);
    memcpy(list->equal, request->equal, sizeof list->equal);
}

/* A run's first page: it begins with one of the marks, and where the place stands behind that is known. */
static const struct place *by_ordinal(const struct crawl *c, uint64_t *low)
{
    const struct crawl_request *page = &c->trial.page;
    if (c->placed || c->phase != CRAWL_BODY || !c->ask.filtered || page->offset > 0)
        return NULL;
    uint64_t from = crawl_marks_first(c, c->ask.base_time);
    if (from == 0)
        return NULL;
    const struct place *place = places_by_ordinal(c->conf.places, from, page->limit);
    if (place != NULL)
        *low = place->ordinal - from;
    return place;
}

/* A place that is known to lie on the page. */
void crawl_known_begin(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    struct place list;
    struct places *places = c->conf.places;
    t->known = 0;
    if (places == NULL || places->n == 0 || c->look_behind.windows > 0 || c->look_behind.bottom ||
        c->passes.on)
        return;
    list_of(&t->page, &list);
    const struct place *place = places_within(places, &list, t->page.offset, t->page.limit);
    uint64_t low = place != NULL ? place->offset - t->page.offset : 0;
    if (place == NULL && (place = by_ordinal(c, &low)) == NULL)
        return;
    struct step_known known = {.low = (unsigned)low,
                               .count = place->count,
                               .has_before = place->before.there,
                               .has_after = place->after.there,
                               .before_id = place->before.id,
                               .after_id = place->after.id,
                               .check = c->conf.now > 0 && place->due <= c->conf.now};
    t->known = (size_t)(place - places->at) + 1;
    memcpy(t->why, place->said, sizeof t->why);
    step_begin_known(&t->step, t->page.offset, t->page.limit, crawl_trial_pinned(c), &known);
    t->before = place->before;
    t->after = place->after;
    memset(t->gaps, 0, sizeof t->gaps);
    if (t->step.state == STEP_BEHIND) /* the page begins with it */
        crawl_trial_gap(c);
}

/* What is stepped over is remembered before the page is kept. False: there is no room for it, and what nobody remembers
 * must not be passed by. */
bool crawl_known_remember(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    struct places *places = c->conf.places;
    if (places == NULL || t->step.gap == 0)
        return true;
    bool aside = true;
    for (unsigned i = 0; i < t->step.gap; i++)
        aside &= t->gaps[i].seen;
    struct place met;
    list_of(&t->page, &met);
    met.before = t->before;
    met.after = t->after;
    met.count = t->step.gap;
    met.offset = t->step.offset + t->step.low;
    uint64_t again = c->page.hits > 0 && c->page.n > c->page.news ? c->page.n - c->page.news : 0;
    uint64_t from = again < c->ordinal ? c->ordinal - again : 0;
    met.ordinal = c->phase != CRAWL_KEYS ? from + t->step.before.n + 1 : 0;
    met.aside = aside;
    memcpy(met.said, t->why, sizeof met.said);
    return places_meet(places, &met, clock_of(c)) != NULL;
}

void crawl_page_restart(struct crawl *c)
{
    c->trial.step.state = STEP_NONE;
    c->trial.probe = 0;
    crawl_facts_reset(&c->page);
}

void crawl_trial_kept(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    if (!t->parts) {
        t->passed += t->fails;
        t->fails = t->rounds = 0;
        if (t->shrunk && ++t->calm >= CALM)
            t->shrunk = false;
        if (t->grown && t->page.limit == c->limit)
            t->grown = t->stepped = false;
    }
    crawl_places_read(c);
}

/* What a page shows, or proves to be readable, is no place any more. */
void crawl_places_read(struct crawl *c)
{
    struct places *places = c->conf.places;
    const struct crawl_facts *page = &c->page;
    unsigned sort = (unsigned)c->trial.page.sort;
    if (places == NULL || places->n == 0)
        return;
    for (size_t i = 0; i < page->count; i++) {
        const struct crawl_entry *at = &page->entries[i];
        if (at->keyed && !at->gap)
            places_key_read(places, at->key);
        for (size_t next = i + 1; next < page->count && next <= i + 2; next++) {
            if (page->entries[next].gap)
                break;
            places_neighbours_read(places, sort, at->id, page->entries[next].id);
        }
    }
}

static uint64_t from_place(const struct place *place, uint64_t back)
{
    return place->offset > back ? place->offset - back : 0;
}

/* A place that is due, and that no page of this run has shown. */
bool crawl_again_next(struct crawl *c, struct crawl_request *request)
{
    struct crawl_trial *t = &c->trial;
    struct places *places = c->conf.places;
    if (places == NULL || places->n == 0 || c->conf.now <= 0)
        return false;
    if (t->again == 0) {
        const struct place *due = t->retries < AGAIN_MAX ? places_due(places, c->conf.now) : NULL;
        if (due == NULL)
            return false;
        t->again = (size_t)(due - places->at) + 1;
        t->wide = false;
        t->retries++;
    }
    const struct place *place = &places->at[t->again - 1];
    uint64_t offset = from_place(place, t->wide ? WIDE : 1);
    *request = (struct crawl_request){.sort = (enum crawl_sort)place->sort, .offset = offset};
    uint64_t size = place->offset - offset + place->count + 1;
    request->limit = t->wide ? c->conf.limit : (unsigned)size;
    memcpy(request->after, place->from, sizeof request->after);
    memcpy(request->equal, place->equal, sizeof request->equal);
    t->now = t->page = *request;
    return true;
}

/* The page covers the place: what is between its neighbours is on it, or nowhere. */
static bool covers(const struct crawl *c, const struct place *place)
{
    const struct crawl_facts *page = &c->page;
    const struct place_side *low =
        place->sort == CRAWL_BY_KEY_DOWN ? &place->after : &place->before;
    const struct place_side *high =
        place->sort == CRAWL_BY_KEY_DOWN ? &place->before : &place->after;
    bool ends = page->n < c->trial.page.limit;
    if (place->sort == CRAWL_BY_TIME) {
        bool starts = c->trial.page.offset == 0 && c->trial.page.after[0] == '\0';
        bool met = false;
        for (size_t i = 0; i < page->count; i++) {
            met |= page->entries[i].id == place->before.id;
            if (met && page->entries[i].id == place->after.id)
                return true;
        }
        return (place->before.there ? met : starts) && !place->after.there && ends && page->n > 0;
    }
    if (page->keyed == 0 || page->keyed < page->n)
        return false;
    bool falls = place->sort == CRAWL_BY_KEY_DOWN;
    bool order = page->n == 1 || (falls ? page->falling : page->rising);
    bool from =
        low->keyed ? page->key_least <= low->key : c->trial.page.offset == 0 || (falls && ends);
    bool to =
        high->keyed ? page->key_most >= high->key : ends || (falls && c->trial.page.offset == 0);
    return order && from && to;
}

/* True: it came. */
bool crawl_again_page(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    struct places *places = c->conf.places;
    struct place *place = &places->at[t->again - 1];
    if (covers(c, place))
        places_shut(places, place);
    crawl_trial_kept(c);
    if (place->closed) {
        t->again = 0;
        return c->page.n > 0;
    }
    if (t->wide) {
        places_tried(places, place, c->conf.now, "");
        t->again = 0;
    }
    t->wide = !t->wide;
    return false;
}

enum crawl_after_failure crawl_again_failed(struct crawl *c, const struct crawl_failure *f)
{
    struct crawl_trial *t = &c->trial;
    struct places *places = c->conf.places;
    places_tried(places, &places->at[t->again - 1], c->conf.now, f->why);
    t->again = 0;
    return CRAWL_OTHER;
}

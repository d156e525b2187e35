/* The places of records that were stepped over: they are remembered, stepped over at once in later runs, tried again at a run's end, and closed. */
#include "extract/crawl/crawl_private.h"
#include "extract/places/place_shown.h"
#include <string.h>

#define AGAIN_MAX 2   /* requests of a run that bring nothing, at most */
#define CAME_MAX  100 /* places of a run that are tried since others came, at most */
#define WIDE      50  /* positions before a place that has moved */
#define CALM      2   /* good pages, after which a smaller page size is the ordinary one */

void crawl_side(const struct crawl_entry *entry, struct place_side *side)
{
    *side = (struct place_side){
        .there = true, .id = entry->id, .keyed = entry->keyed, .key = entry->key};
    memcpy(side->time, entry->text, sizeof side->time);
}

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

/* Finds a place on a run's first page. That page begins with a mark, and it is known how far behind the mark the place stands. */
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

/* Finds a place that was met under a later filter than the page's. It probably stands at the same offset of this page. */
static const struct place *by_filter(const struct crawl *c, uint64_t *low)
{
    const struct crawl_request *page = &c->trial.page;
    const struct place *best = NULL;
    if (c->phase != CRAWL_BODY || !c->ask.filtered || page->offset > 0)
        return NULL;
    for (size_t i = 0; i < c->conf.places->n; i++) {
        const struct place *place = &c->conf.places->at[i];
        int64_t from = WHEN_NONE;
        bool counts = !place->closed && !place->lost && !place->within && place->equal[0] == '\0' &&
                      place->sort == CRAWL_BY_TIME && place->offset < page->limit;
        if (!counts || when_parse(place->from, strlen(place->from), NULL, &from) != OK ||
            from <= crawl_ask_after(&c->ask))
            continue;
        if (best == NULL || place->offset < best->offset)
            best = place;
    }
    if (best != NULL)
        *low = best->offset;
    return best;
}

/* Finds a place that the last kept page stepped over. Under the same filter the next page, which overlaps, has it again. */
static const struct place *by_last_page(const struct crawl *c, uint64_t *low)
{
    const struct crawl_request *page = &c->trial.page;
    const struct crawl_ask *last = &c->place;
    bool same = c->phase != CRAWL_KEYS && c->placed && !c->ask.jump &&
                c->ask.filtered == last->filtered && c->ask.base_time == last->base_time &&
                c->ask.lead == last->lead;
    uint64_t at = last->offset + c->place_n - c->known_count;
    for (size_t i = 1; same && i < c->known_count; i++) {
        bool shows = at + i >= page->offset && at + i - page->offset < page->limit;
        if (!c->known[i].gap || c->known[i - 1].gap || !shows)
            continue;
        *low = at + i - page->offset;
        return places_behind(c->conf.places, CRAWL_BY_TIME, c->known[i - 1].id);
    }
    return NULL;
}

/* How a place was found. */
enum found {
    FOUND_HERE,  /* in the same list */
    FOUND_NEAR,  /* in a similar list, so that its offset is a guess */
    FOUND_FAILED /* the same, and the page has already failed */
};

/* Requests the page around the known place. `low` positions of the page stand before it, for certain or probably (found). */
static void begin_known(struct crawl *c, const struct place *place, uint64_t low, enum found found)
{
    struct crawl_trial *t = &c->trial;
    struct places *places = c->conf.places;
    struct place list;
    list_of(&t->page, &list);
    const struct place *next =
        places_within(places, &list, place->offset + place->count, t->page.limit);
    uint64_t between = next != NULL ? next->offset - place->offset - place->count : 0;
    struct step_known known = {
        .low = (unsigned)low,
        .count = place->count,
        .behind = between > 0 ? (unsigned)between : t->page.limit,
        .has_before = place->before.there,
        .has_after = place->after.there,
        .before_id = place->before.id,
        .after_id = place->after.id,
        .grows = place->sort == CRAWL_BY_KEY_DOWN,
        .young =
            place_is_young(place, c->conf.zone, clock_of(c), CRAWL_LEAD_MAX + crawl_overlap(c)),
        .check = found != FOUND_FAILED && c->conf.now > 0 && place->due <= c->conf.now,
        .guess = found == FOUND_NEAR || c->passes.on};
    t->known = (size_t)(place - places->at) + 1;
    memcpy(t->why, place->said, sizeof t->why);
    step_begin_known(&t->step, t->page.offset, t->page.limit, crawl_trial_pinned(c), &known);
    t->step.fine = t->turns > 1;
    t->step.forced = t->forced || c->passes.on;
    t->before = place->before;
    t->after = place->after;
    memset(t->gaps, 0, sizeof t->gaps);
    if (t->step.state == STEP_BEHIND) /* the page begins with the place */
        crawl_trial_gap(c);
}

/* Before a page is requested: looks for a known place on it, and requests the page around that. */
void crawl_known_begin(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    const struct places *places = c->conf.places;
    struct place list;
    t->known = 0;
    if (places == NULL || places->n == 0 || c->look_behind.windows > 0 || c->look_behind.bottom ||
        (c->passes.on && t->guessed))
        return;
    list_of(&t->page, &list);
    const struct place *place = places_within(places, &list, t->page.offset, t->page.limit);
    uint64_t low = place != NULL ? place->offset - t->page.offset : 0;
    if (place == NULL)
        place = by_last_page(c, &low);
    enum found found = place != NULL ? FOUND_HERE : FOUND_NEAR;
    if (place == NULL && !t->guessed && (place = by_ordinal(c, &low)) == NULL)
        place = by_filter(c, &low);
    if (place == NULL)
        return;
    begin_known(c, place, low, found);
}

/* Sets *request to one for a record that the API has given before: in this run, or else beside a known place in an earlier one. */
bool crawl_ask_known(const struct crawl *c, struct crawl_request *request)
{
    const struct places *places = c->conf.places;
    if (c->trial.answered.limit > 0) {
        *request = c->trial.answered;
        return true;
    }
    for (size_t i = 0; places != NULL && i < places->n; i++) {
        const struct place *place = &places->at[i];
        bool before = place->before.there && place->offset > 0;
        if (place->closed || place->lost || (!place->after.there && !before))
            continue;
        *request = (struct crawl_request){.sort = (enum crawl_sort)place->sort};
        memcpy(request->after, place->from, sizeof request->after);
        memcpy(request->equal, place->equal, sizeof request->equal);
        request->offset = place->after.there ? place->offset + place->count : place->offset - 1;
        return true;
    }
    return false;
}

/* Returns true if the place was met by time under another filter and may be on this page. */
static bool met_by_time(const struct crawl *c, const struct place *place)
{
    const char *from = c->trial.page.after;
    return !place->closed && !place->lost && !place->within && place->sort == CRAWL_BY_TIME &&
           strcmp(place->from, from) != 0 && place_latest(place, c->conf.zone) != WHEN_NONE &&
           place_latest(place, c->conf.zone) > crawl_ask_after(&c->ask) - CRAWL_LEAD_MAX;
}

/* After the page failed: looks for a place that was met under another filter at the offset that it had there. */
bool crawl_known_again(struct crawl *c)
{
    const struct places *places = c->conf.places;
    const struct crawl_request *page = &c->trial.page;
    const struct place *best = NULL;
    if (places == NULL || c->phase != CRAWL_BODY || !c->ask.filtered || page->offset > 0 ||
        c->passes.on)
        return false;
    for (size_t i = 0; i < places->n; i++) {
        const struct place *place = &places->at[i];
        if (met_by_time(c, place) && place->before.there && place->offset < page->limit &&
            (best == NULL || place->offset < best->offset))
            best = place;
    }
    if (best == NULL)
        return false;
    c->trial.fails = 0;
    begin_known(c, best, best->offset, FOUND_FAILED);
    return true;
}

bool crawl_known_elsewhere(const struct crawl *c)
{
    const struct places *places = c->conf.places;
    bool filtered = c->phase != CRAWL_KEYS && c->ask.filtered;
    for (size_t i = 0; places != NULL && filtered && i < places->n; i++)
        if (met_by_time(c, &places->at[i]))
            return true;
    return places != NULL && places_elsewhere(places, (unsigned)c->trial.page.sort);
}

/* Remembers what was stepped over, before the page is kept. If it is not proven yet, it waits for the list that proves it. Returns
 * false if there is no room: then the page must not be kept, for the records would be forgotten. */
bool crawl_known_remember(struct crawl *c, bool proven)
{
    struct crawl_trial *t = &c->trial;
    struct places *places = c->conf.places;
    if (places == NULL || t->step.gap == 0 || c->keys.contrast) /* that page is not kept */
        return true;
    struct place met;
    list_of(&t->page, &met);
    met.before = t->before;
    met.after = t->after;
    met.count = t->step.gap;
    met.offset = t->step.offset + t->step.low;
    uint64_t again = c->page.hits > 0 && c->page.n > c->page.news ? c->page.n - c->page.news : 0;
    uint64_t from = again < c->ordinal ? c->ordinal - again : 0;
    met.ordinal = c->phase != CRAWL_KEYS ? from + t->step.before.n + 1 : 0;
    met.aside = t->step.aside == t->step.gap;
    met.doubtful = proven && c->phase != CRAWL_KEYS && crawl_may_lack(c);
    place_bound(&met, c->conf.zone, c->phase == CRAWL_KEYS ? c->keys.time : WHEN_NONE);
    met.keyed = met.count == 1 && t->gaps[0].seen && t->gaps[0].keyed;
    met.key = met.keyed ? t->gaps[0].key : 0;
    memcpy(met.said, t->why, sizeof met.said);
    if (!proven)
        t->pending = met;
    t->pends |= !proven; /* a place that waits for the same list goes on waiting */
    return !proven || places_meet(places, &met, clock_of(c)) != NULL;
}

/* Notes n malformed records that came within their page, from the i-th on. If they end the page, either the list ends there, or the
 * next page, which overlaps this one, shows what stands behind them. */
static void note_run(struct crawl *c, size_t i, size_t n)
{
    struct crawl_trial *t = &c->trial;
    struct places *places = c->conf.places;
    const struct crawl_entry *at = &c->page.entries[i];
    const struct crawl_request *from = &t->page;
    bool starts = from->offset == 0 && from->after[0] == '\0' && from->equal[0] == '\0';
    struct place *edge = t->edge > 0 && t->edge_id == at->id ? &places->at[t->edge - 1] : NULL;
    struct place met;
    bool known = n == 1 && at->hinted; /* it is found by its key, wherever it stands */
    if (i == 0 && !starts && edge == NULL && !known)
        return;
    list_of(from, &met);
    met.count = (unsigned)n;
    met.offset = from->offset + i;
    met.aside = met.within = true;
    met.keyed = known;
    met.key = met.keyed ? at->key : 0;
    if (i > 0)
        crawl_side(&at[-1], &met.before);
    else if (edge != NULL)
        met.before = edge->before;
    bool ends = i + n == c->page.count;
    if (!ends)
        crawl_side(&at[n], &met.after);
    struct place *place = places_note(places, &met, edge, clock_of(c));
    t->edge = ends && place != NULL ? (size_t)(place - places->at) + 1 : 0;
    t->edge_id = at->id;
}

/* Notes the page's malformed records. Each has a place of its own if its key is known, since a later page may be shorter than a row of them. */
static void note_aside(struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    for (size_t i = 0, n; i<page->count; i += n> 0 ? n : 1) {
        bool keyed = true;
        for (n = 0; i + n < page->count && page->entries[i + n].aside; n++)
            keyed &= page->entries[i + n].hinted;
        if (n > 0)
            note_run(c, i, n = keyed ? 1 : n);
    }
}

void crawl_trial_kept(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    const struct crawl_facts *page = &c->page;
    t->guessed = false;
    if (page->n > page->odd + page->met) {
        t->vain = 0;
        t->turns = t->parts ? t->turns : 0;
    }
    if (!t->parts) {
        t->passed += t->fails;
        t->fails = t->rounds = 0;
        if (t->shrunk && ++t->calm >= CALM)
            t->shrunk = false;
        t->halved &= t->shrunk; /* what failed within the larger page was passed */
        if (t->grown && t->page.limit == c->limit)
            t->grown = t->stepped = false;
    }
    crawl_places_read(c);
}

/* Returns the largest page size that is known to work. */
static unsigned size_of(const struct crawl *c)
{
    return c->trial.grown && !c->trial.stepped ? c->trial.fallback : c->limit;
}

/* Describes the current page in the terms of place_shown.h. */
static void show(const struct crawl *c, struct place_shown at[CRAWL_KNOWN], struct place_page *page)
{
    const struct crawl_facts *facts = &c->page;
    const struct crawl_request *from = &c->trial.page;
    for (size_t i = 0; i < facts->count; i++) {
        const struct crawl_entry *entry = &facts->entries[i];
        at[i] = (struct place_shown){
            .id = entry->id, .time = entry->time, .came = !entry->gap && !entry->aside};
    }
    *page = (struct place_page){.at = at,
                                .n = facts->count,
                                .from = from->after,
                                .equal = from->equal,
                                .offset = from->offset + facts->n - facts->count,
                                .most = from->limit >= size_of(c),
                                .begins = from->offset == 0 && facts->n == facts->count,
                                .ends = facts->n < from->limit};
}

static void read_by_time(struct crawl *c)
{
    struct places *places = c->conf.places;
    struct place_shown at[CRAWL_KNOWN];
    struct place_page page;
    show(c, at, &page);
    for (size_t i = 0; i < places->n; i++) {
        struct place *place = &places->at[i];
        if (!place->closed && place->sort == CRAWL_BY_TIME && place_is_passed(place, &page))
            places_shut(places, place);
    }
}

/* Closes the places whose records the page has, and those between whose neighbours it shows that nothing is missing. */
void crawl_places_read(struct crawl *c)
{
    struct places *places = c->conf.places;
    const struct crawl_facts *page = &c->page;
    struct place list;
    if (places == NULL)
        return;
    list_of(&c->trial.page, &list);
    if (!c->trial.parts && !c->passes.on)
        note_aside(c);
    for (size_t i = 0; i < page->count && places->n > 0; i++) {
        const struct crawl_entry *at = &page->entries[i];
        if (at->keyed && !at->gap)
            places_key_read(places, at->key);
        for (size_t next = i + 1; next < page->count && next <= i + 2; next++) {
            if (list.sort == CRAWL_BY_TIME || page->entries[next].gap || page->entries[next].aside)
                break;
            places_neighbours_read(places, &list, at->id, page->entries[next].id);
        }
    }
    if (list.sort == CRAWL_BY_TIME && places->n > 0)
        read_by_time(c);
}

/* Requests the place with its two neighbours, where they were last seen. Every second try may use a page size that has failed before. */
static void ask_there(const struct crawl *c, const struct place *place, unsigned back,
                      unsigned limit, struct crawl_request *request)
{
    unsigned most = place->tries % 2 == 0 ? c->conf.limit : size_of(c);
    uint64_t offset = place->offset > back ? place->offset - back : 0;
    uint64_t size = place->offset - offset + place->count + 1;
    request->offset = offset;
    request->limit = limit == 0 && size < most ? (unsigned)size : size_of(c);
    memcpy(request->after, place->from, sizeof request->after);
}

/* Requests a wider range, since the neighbours have moved. Every second try is by time: some for any zone, some one or two pages further on. */
static void ask_around(const struct crawl *c, const struct place *place,
                       struct crawl_request *request)
{
    int64_t time = WHEN_NONE;
    const char *text = place->before.time;
    bool timed = (place->sort == CRAWL_BY_TIME) == (place->equal[0] == '\0') && !c->unfiltered &&
                 place->before.there && text[0] != '\0' &&
                 when_parse(text, strlen(text), c->conf.zone, &time) == OK && time != WHEN_NONE;
    if (timed && place->tries % 2 == 0) {
        request->sort = CRAWL_BY_TIME;
        request->equal[0] = '\0';
        unsigned turn = place->tries / 2 % 6;
        int64_t lead = turn % 2 == 0 ? c->lead + CRAWL_FOLD : CRAWL_LEAD_MAX;
        request->limit = turn % 4 < 2 ? c->conf.limit : size_of(c);
        request->offset = (uint64_t)(turn / 2) * (request->limit > 2 ? request->limit - 2 : 1);
        (void)when_api(time - lead - WHEN_SECOND, request->after);
    } else {
        ask_there(c, place, WIDE < size_of(c) / 2 ? WIDE : size_of(c) / 2, size_of(c), request);
    }
}

/* Sets *request to one for a place that is due. Once a record came, the server may have mended others, too, so that all are due. */
bool crawl_again_next(struct crawl *c, struct crawl_request *request)
{
    struct crawl_trial *t = &c->trial;
    struct places *places = c->conf.places;
    if (places == NULL || places->n == 0 || c->conf.now <= 0)
        return false;
    if (t->again == 0) {
        bool more = t->retries < AGAIN_MAX && t->came < CAME_MAX;
        const struct place *due = more ? places_due(places, c->conf.now, t->came > 0) : NULL;
        if (due == NULL)
            return false;
        t->again = (size_t)(due - places->at) + 1;
        t->wide = false;
    }
    const struct place *place = &places->at[t->again - 1];
    *request = (struct crawl_request){.sort = (enum crawl_sort)place->sort, .apart = true};
    memcpy(request->equal, place->equal, sizeof request->equal);
    if (t->wide)
        ask_around(c, place, request);
    else
        ask_there(c, place, 1, 0, request);
    t->now = t->page = *request;
    return true;
}

/* Returns true if the page holds the whole list, in whatever order. */
static bool is_whole_list(const struct crawl *c)
{
    const struct crawl_request *from = &c->trial.page;
    return from->offset == 0 && from->after[0] == '\0' && from->equal[0] == '\0' &&
           !crawl_capped(c, c->page.n);
}

/* Returns true if whatever still stands between the place's neighbours is on the page. */
static bool covers(const struct crawl *c, const struct place *place, const struct place_page *shown)
{
    const struct crawl_facts *page = &c->page;
    bool falls = place->sort == CRAWL_BY_KEY_DOWN;
    const struct place_side *low = falls ? &place->after : &place->before;
    const struct place_side *high = falls ? &place->before : &place->after;
    if (shown->ends && page->n > 0 && is_whole_list(c))
        return true;
    if (place->sort == CRAWL_BY_TIME)
        return place_is_covered(place, shown, c->conf.zone);
    if (page->keyed == 0 || page->keyed < page->n || (unsigned)c->trial.page.sort != place->sort)
        return false;
    bool order = page->n == 1 || (falls ? page->falling : page->rising);
    bool starts = c->trial.page.offset == 0;
    bool from = low->keyed ? page->key_least <= low->key : falls ? shown->ends : starts;
    bool to = high->keyed ? page->key_most >= high->key : falls ? starts : shown->ends;
    return order && from && to;
}

/* Takes the answer to crawl_again_next. Returns true if the record came, or may have come: then the page is kept. */
bool crawl_again_page(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    struct places *places = c->conf.places;
    struct place *place = &places->at[t->again - 1];
    struct place_shown at[CRAWL_KNOWN];
    struct place_page shown;
    show(c, at, &shown);
    bool may = place->sort == CRAWL_BY_TIME && place_may_show(place, &shown, c->conf.zone);
    if (covers(c, place, &shown))
        places_shut(places, place);
    crawl_trial_kept(c);
    place = &places->at[t->again - 1]; /* the array may have moved */
    places_settle(places, place->closed || may);
    if (place->closed) {
        t->again = 0;
        t->came++;
        return c->page.n > 0;
    }
    t->retries++;
    if (!t->wide && t->retries < AGAIN_MAX) {
        t->wide = true;
        return may;
    }
    if (t->wide)
        places_tried(places, place, c->conf.now, "");
    t->again = 0;
    return may;
}

enum crawl_after_failure crawl_again_failed(struct crawl *c, const struct crawl_failure *f)
{
    places_tried(c->conf.places, &c->conf.places->at[c->trial.again - 1], c->conf.now, f->why);
    c->trial.retries++;
    c->trial.again = 0;
    return CRAWL_OTHER;
}

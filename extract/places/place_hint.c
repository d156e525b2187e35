/* By time, a place's neighbours in the order of keys tell where it may stand, and the other way round: records are often changed in the order
 * in which they were made, or not at all. */
#include "extract/places/place_hint.h"
#include "extract/places/places_private.h"
#include "shared/time/when.h"
#include <string.h>

/* A neighbour, with its time. */
struct neighbour {
    const struct place_side *side;
    int64_t time;
};

static int64_t time_of(const struct place_side *side, struct zone *zone)
{
    int64_t time = WHEN_NONE;
    bool known = side->there && side->time[0] != '\0' &&
                 when_parse(side->time, strlen(side->time), zone, &time) == OK;
    return known ? time : WHEN_NONE;
}

/* Counts the records behind the list's beginning whose time is less than this one. */
static uint64_t count_below(const struct place_hint *page, int64_t time)
{
    uint64_t n = 0;
    for (size_t i = 0; i < page->n; i++)
        n += page->times[i] > page->from && page->times[i] < time;
    return n;
}

/* Takes the neighbours in the order of the page's list. */
static void set_sides(struct step_known *known, const struct place_side *before,
                      const struct place_side *after)
{
    known->has_before = before->there;
    known->has_after = after->there;
    known->before_id = before->id;
    known->after_id = after->id;
}

/* The place stands between the same two records, or behind the only one that is known. */
static bool by_time(const struct place *place, const struct place_hint *page, uint64_t *at,
                    struct step_known *known)
{
    const struct place_side *low = place_low(place);
    const struct place_side *high = place_high(place);
    int64_t from = time_of(low, page->zone);
    int64_t to = time_of(high, page->zone);
    bool both = from != WHEN_NONE && to != WHEN_NONE;
    if ((from == WHEN_NONE && to == WHEN_NONE) || page->n == 0)
        return false;
    if (from == to) /* records of one time stand in any order */
        return false;
    if (both && to < from) { /* the newer ones have the lower keys */
        const struct place_side *side = low;
        low = high;
        high = side;
        from = to;
    }
    set_sides(known, low, high);
    *at = from != WHEN_NONE ? count_below(page, from + 1) : count_below(page, to);
    return true;
}

static bool by_key_down(const struct place *place, const struct place_hint *page, uint64_t *at,
                        struct step_known *known)
{
    const struct place_side *high = &place->before;
    const struct place_side *low = &place->after;
    if ((high->there && !high->keyed) || (low->there && !low->keyed))
        return false;
    if (!high->there || (low->there && low->key > high->key)) {
        high = &place->after;
        low = &place->before;
    }
    bool both = high->there && low->there;
    if (!high->there || (both && page->top < high->key))
        return false;
    *at = both ? (uint64_t)(page->top - high->key) + 1 : 0;
    if (both)
        set_sides(known, high, low);
    else
        set_sides(known, low, high); /* it is the newest */
    return true;
}

bool places_hint(const struct places *p, const struct place_hint *page, struct step_known *known)
{
    const struct place *only = NULL;
    for (size_t i = 0; i < p->n; i++) {
        const struct place *place = &p->at[i];
        if (place->closed || place->within || place->sort == page->sort || place_begins_page(place))
            continue;
        if (only != NULL) /* they may stand side by side here */
            return false;
        only = place;
    }
    uint64_t at = 0;
    *known = (struct step_known){.count = 1, .behind = page->limit, .hint = true, .young = true};
    if (only == NULL || only->count != 1 ||
        !(page->sort == 0                 ? by_time(only, page, &at, known)
          : page->sort == PLACES_KEY_DOWN ? by_key_down(only, page, &at, known)
                                          : false))
        return false;
    if (at < page->offset || at - page->offset >= page->limit)
        return false;
    known->low = (unsigned)(at - page->offset);
    if (at == 0)
        known->has_before = false;
    return true;
}

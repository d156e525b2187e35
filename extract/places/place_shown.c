#include "extract/places/place_shown.h"
#include "shared/time/when.h"
#include <string.h>

#define FOLD                                                                                       \
    (INT64_C(3600) * WHEN_SECOND) /* clocks are put back: times as shown order but for this much */

/* Whether the first of the records with the time of record i is on the page, too. */
static bool has_first(const struct place_page *page, size_t i)
{
    int64_t time = page->at[i].time;
    for (; i > 0 && page->at[i - 1].came; i--)
        if (page->at[i - 1].time != time)
            return true;
    return i == 0 && page->begins;
}

/* Whether the last of the records with the time of record i is on the page, too. */
static bool has_last(const struct place_page *page, size_t i)
{
    int64_t time = page->at[i].time;
    for (; i + 1 < page->n && page->at[i + 1].came; i++)
        if (page->at[i + 1].time != time)
            return true;
    return i + 1 == page->n && page->ends;
}

/* Reads the neighbour's time. Returns false if it cannot be read. */
static bool time_of(const struct place_side *side, struct zone *zone, int64_t *time)
{
    return side->there && side->time[0] != '\0' &&
           when_parse(side->time, strlen(side->time), zone, time) == OK && *time != WHEN_NONE;
}

int64_t place_latest(const struct place *place, struct zone *zone)
{
    int64_t time = WHEN_NONE;
    bool known =
        time_of(place->sort == PLACES_KEY_DOWN ? &place->before : &place->after, zone, &time);
    return known ? time : WHEN_NONE;
}

void place_bound(struct place *place, struct zone *zone, int64_t since)
{
    int64_t time = WHEN_NONE;
    bool known = place->sort == 0 && time_of(&place->before, zone, &time);
    place->latest = place_latest(place, zone);
    place->earliest = known ? time : since;
}

bool place_is_young(const struct place *place, struct zone *zone, int64_t now, int64_t late)
{
    bool by_key = place->sort == PLACES_BY_KEY || place->sort == PLACES_KEY_DOWN;
    bool down = place->sort == PLACES_KEY_DOWN;
    const struct place_side *low = down ? &place->after : &place->before;
    const struct place_side *high = down ? &place->before : &place->after;
    uint64_t between = (uint64_t)high->key - (uint64_t)low->key - 1;
    if (by_key && low->keyed && high->keyed && between <= place->count)
        return false; /* no other key is there */
    int64_t latest = place_latest(place, zone);
    return latest == WHEN_NONE || latest > now - late;
}

bool place_may_show(const struct place *place, const struct place_page *page, struct zone *zone)
{
    int64_t from = INT64_MIN; /* at a list's beginning, and behind records without a time */
    int64_t to = INT64_MAX;
    if (!time_of(&place->before, zone, &from))
        from = INT64_MIN;
    if (!time_of(&place->after, zone, &to))
        to = INT64_MAX;
    for (size_t i = 0; i < page->n; i++) {
        const struct place_shown *at = &page->at[i];
        if (at->came && at->time >= from && at->time <= to && at->id != place->before.id &&
            at->id != place->after.id)
            return true;
    }
    return false;
}

static bool stands_before(const struct place_page *page, size_t i, const struct place_side *side,
                          struct zone *zone)
{
    int64_t time = WHEN_NONE;
    if (page->at[i].id == side->id)
        return has_first(page, i);
    return page->at[i].time != WHEN_NONE && time_of(side, zone, &time) &&
           page->at[i].time < time - FOLD;
}

static bool stands_after(const struct place_page *page, size_t i, const struct place_side *side,
                         struct zone *zone)
{
    int64_t time = WHEN_NONE;
    if (page->at[i].id == side->id)
        return has_last(page, i);
    return page->at[i].time != WHEN_NONE && time_of(side, zone, &time) &&
           page->at[i].time > time + FOLD;
}

static bool stands_at(const struct place_page *page, uint64_t offset, uint64_t id)
{
    return offset >= page->offset && offset - page->offset < page->n &&
           page->at[offset - page->offset].id == id;
}

/* Whether all of the page, which is as long as any, is of one time. Where its records change their order nothing proves what the list holds,
 * but for a list by key. */
static bool is_of_one_time(const struct place_page *page)
{
    for (size_t i = 0; i < page->n; i++)
        if (page->at[i].time == WHEN_NONE || page->at[i].time != page->at[0].time)
            return false;
    return page->most && page->n > 0;
}

/* Whether the records from i to last are in an order of times that no other record of these times can come into. */
static bool stays(const struct place_page *page, size_t i, size_t last)
{
    bool rising = true;
    for (size_t at = i; rising && at < last; at++)
        rising = page->at[at].time != WHEN_NONE && page->at[at].time < page->at[at + 1].time;
    return rising || (has_first(page, i) && has_last(page, last)) || is_of_one_time(page);
}

/* Whether both neighbours stand where they stood, and everything between them came. */
static bool stands_still(const struct place *place, const struct place_page *page)
{
    uint64_t to = place->offset + place->count;
    if (strcmp(page->from, place->from) != 0 || strcmp(page->equal, place->equal) != 0)
        return false;
    bool before = place->before.there
                      ? place->offset > 0 && stands_at(page, place->offset - 1, place->before.id)
                      : page->begins && place->offset == 0;
    bool after = place->after.there ? stands_at(page, to, place->after.id)
                                    : page->ends && page->offset + page->n == to;
    if (!before || !after)
        return false;
    for (uint64_t at = place->offset; at < to; at++)
        if (!page->at[at - page->offset].came)
            return false;
    size_t first = place->offset - page->offset;
    return stays(page, first - place->before.there, to - page->offset - !place->after.there);
}

bool place_is_covered(const struct place *place, const struct place_page *page, struct zone *zone)
{
    bool met = !place->before.there && page->begins && strcmp(page->from, place->from) == 0;
    if (stands_still(place, page))
        return true;
    bool same = met && place->from[0] != '\0'; /* as long as the filter is read as it was */
    for (size_t i = 0; i < page->n; i++) {
        met |= place->before.there && stands_before(page, i, &place->before, zone);
        if (met && place->after.there && (!same || page->at[i].id == place->after.id) &&
            stands_after(page, i, &place->after, zone))
            return true;
    }
    return met && !place->after.there && page->ends && page->n > 0;
}

static bool rises(const struct place_shown *at)
{
    return at[0].time != WHEN_NONE && at[0].time < at[1].time && at[1].time < at[2].time;
}

bool place_is_passed(const struct place *place, const struct place_page *page)
{
    if (!place->before.there || !place->after.there)
        return false;
    for (size_t i = 0; i < page->n; i++) {
        if (page->at[i].id != place->before.id || !page->at[i].came)
            continue;
        size_t next = i + 1;
        while (next < page->n && next <= i + 2 && page->at[next].came &&
               page->at[next].id != place->after.id)
            next++;
        if (next >= page->n || next > i + 2 || !page->at[next].came)
            return false;
        bool there = page->offset + i + 1 == place->offset &&
                     strcmp(page->from, place->from) == 0 && strcmp(page->equal, place->equal) == 0;
        if (next == i + 2 && (rises(page->at + i) || (there && is_of_one_time(page))))
            return true;
        return has_first(page, i) && has_last(page, next);
    }
    return false;
}

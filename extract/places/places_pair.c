/* Which places are of the same records: these are lacking once ("complete but for N"). And how one place is known as another. */
#include "extract/places/places_private.h"
#include "shared/time/when.h"
#include <string.h>

bool place_same_side(const struct place_side *x, const struct place_side *y)
{
    return x->there == y->there && (!x->there || x->id == y->id);
}

bool place_by_key(const struct place *place)
{
    return place->sort == PLACES_BY_KEY || place->sort == PLACES_KEY_DOWN;
}

const struct place_side *place_low(const struct place *place)
{
    return place->sort == PLACES_KEY_DOWN ? &place->after : &place->before;
}

const struct place_side *place_high(const struct place *place)
{
    return place->sort == PLACES_KEY_DOWN ? &place->before : &place->after;
}

bool place_of_part(const struct place *place)
{
    return place->from[0] != '\0' || place->equal[0] != '\0';
}

bool place_same_keys(const struct place *x, const struct place *y)
{
    return place_by_key(x) && place_by_key(y) && place_low(x)->keyed == place_low(y)->keyed &&
           place_high(x)->keyed == place_high(y)->keyed &&
           (!place_low(x)->keyed || place_low(x)->key == place_low(y)->key) &&
           (!place_high(x)->keyed || place_high(x)->key == place_high(y)->key);
}

bool place_is_done(const struct place *place)
{
    return place->closed || place->aside;
}

bool place_is_lacking(const struct place *place)
{
    return !place->closed && place_lacks(place) > 0;
}

bool place_begins_page(const struct place *place)
{
    return place->equal[0] == '\0' && (place->from[0] != '\0' || place->offset > 0) &&
           !place->before.there;
}

/* Whether the same record stood before the place and behind it: it had changed its place from one request to the next. */
static bool turns(const struct place *place)
{
    return place->before.there && place->after.there && place->before.id == place->after.id;
}

/* Finds the same place, met when the neighbour before it was seen, or at the beginning of an earlier such page. */
static struct place *seen_before(const struct places *p, const struct place *place)
{
    for (size_t i = 0; place_begins_page(place) && i < p->n; i++) {
        struct place *other = &p->at[i];
        if (other != place && !place_is_done(other) && !turns(other) &&
            other->sort == place->sort && other->equal[0] == '\0' &&
            place_same_side(&other->after, &place->after) &&
            (!place_begins_page(other) || other < place))
            return other;
    }
    return NULL;
}

static void count_once(struct place *place, const struct place *other)
{
    place->twins = other->count < place->count ? other->count : place->count;
}

/* Whether the place is one by time, and not another one's that may have been met twice. */
static bool by_time_once(const struct place *place)
{
    return !place_by_key(place) && !place_begins_page(place);
}

/* A place that was met twice in one list lacks its records once. */
static void pair_page_begin(struct places *p, struct place *met)
{
    const struct place *other = seen_before(p, met);
    if (other != NULL)
        count_once(met, other);
    for (size_t i = 0; i < p->n; i++)
        if (&p->at[i] != met && place_is_lacking(&p->at[i]) && seen_before(p, &p->at[i]) == met)
            count_once(&p->at[i], met);
}

/* Whether the place is in a list of everything by key. */
static bool of_all(const struct place *place)
{
    return place->sort == PLACES_BY_KEY && !place_of_part(place);
}

/* What a part of the list shows between two keys lies between those that all of it shows, or further apart. */
static bool encloses(const struct place *part, const struct place *place)
{
    bool from = !place_low(part)->keyed ||
                (place_low(place)->keyed && place_low(part)->key <= place_low(place)->key);
    bool to = !place_high(part)->keyed ||
              (place_high(place)->keyed && place_high(part)->key >= place_high(place)->key);
    return place_by_key(place) && part->from[0] != '\0' && from && to;
}

/* What a part of the table lacks between two keys is what all of it lacks there, or some of that. Returns how many of the new
 * place's records were met before. */
static unsigned pair_part(struct places *p, struct place *met)
{
    for (size_t i = 0; i < p->n; i++) {
        struct place *place = &p->at[i];
        if (place == met || place_is_done(place) || place_of_part(place) == place_of_part(met) ||
            !place_same_keys(place, met))
            continue;
        struct place *part = place_of_part(met) ? met : place;
        const struct place *all = part == met ? place : met;
        count_once(part, all);
        return part == met ? met->count : part->twins;
    }
    return 0;
}

/* Whether the filter of the one place begins no earlier than that of the other. */
static bool begins_behind(const struct place *place, const struct place *other)
{
    int64_t at = WHEN_NONE;
    int64_t from = WHEN_NONE;
    return when_parse(place->from, strlen(place->from), NULL, &at) == OK && at != WHEN_NONE &&
           when_parse(other->from, strlen(other->from), NULL, &from) == OK && at >= from;
}

/* A list of those of one time has what was met by time between two of that time. A list of what changed last has what was met behind
 * the time where it begins, or under a filter that begins no earlier. */
static bool may_have(const struct place *keyed, const struct place *timed)
{
    const struct place_side *member = keyed->before.there ? &keyed->before : &keyed->after;
    if (keyed->equal[0] != '\0')
        return member->there && timed->before.there && timed->after.there &&
               strcmp(timed->before.time, member->time) == 0 &&
               strcmp(timed->after.time, member->time) == 0;
    bool behind = keyed->earliest != WHEN_NONE && timed->earliest > keyed->earliest;
    return keyed->from[0] == '\0' || behind || begins_behind(timed, keyed);
}

/* The records of a new place that are those of known ones. */
struct shared {
    unsigned left; /* records that are not yet found elsewhere */
    bool told;     /* all that were found were reported by an earlier run */
    int64_t since; /* since when the first of them is lacking */
};

/* Takes the records of a known place for so many of the new one's. Returns how many. */
static unsigned share(struct shared *s, const struct place *place)
{
    unsigned n = place_lacks(place) < s->left ? place_lacks(place) : s->left;
    s->left -= n;
    s->told &= !place->fresh;
    if (!place->fresh && place->since < s->since)
        s->since = place->since;
    return n;
}

/* Pairs a new place in a list by key with known places by time: a record that is met in both lists is lacking once. A place by time of
 * this run counts as the same records. So does one of an earlier run if the list by key must have its records: a list of everything
 * has, and a list of the greatest keys has if they were lacking after the time of the new place's later neighbour. */
static void pair_by_key(struct places *p, struct place *met, unsigned left)
{
    struct shared s = {.left = left, .told = true, .since = met->since};
    for (size_t i = 0; i < p->n && s.left > 0; i++) {
        const struct place *place = &p->at[i];
        if (place != met && place_is_lacking(place) && encloses(met, place))
            met->twins += share(&s, place);
    }
    for (size_t i = 0; i < p->n && s.left > 0; i++) {
        struct place *place = &p->at[i];
        bool had = of_all(met) || (met->sort == PLACES_KEY_DOWN && met->latest < place->since);
        if (place_is_lacking(place) && !place_by_key(place) && (place->fresh || had) &&
            may_have(met, place))
            place->twins += share(&s, place);
    }
    met->told = s.told && s.left == 0;
    if (met->told)
        met->since = s.since;
}

/* Pairs a new place by time with known places by key: with those of this run, and with those of a list of everything that were met after
 * the time of the new place's later neighbour, so that the list had the new place's records, too. */
static void pair_by_time(const struct places *p, struct place *met)
{
    uint64_t keyed = 0;
    uint64_t twins = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct place *place = &p->at[i];
        bool had = of_all(place) && met->latest != WHEN_NONE && met->latest < place->since;
        if (place_is_done(place))
            continue;
        keyed +=
            place_by_key(place) && (place->fresh || had) && may_have(place, met) ? place->count : 0;
        twins += seen_before(p, place) == NULL ? place->twins : 0;
    }
    uint64_t left = twins < keyed ? keyed - twins : 0;
    met->twins = left < met->count ? (unsigned)left : met->count;
}

void places_unpair(struct places *p)
{
    uint64_t keyed = 0;
    uint64_t twins = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct place *place = &p->at[i];
        if (place_is_done(place))
            continue;
        keyed += place_by_key(place) ? place_lacks(place) : 0;
        twins += by_time_once(place) ? place->twins : 0;
    }
    for (size_t i = 0; i < p->n && twins > keyed; i++) {
        struct place *place = &p->at[i];
        if (place_is_done(place) || !by_time_once(place))
            continue;
        uint64_t n = place->twins < twins - keyed ? place->twins : twins - keyed;
        place->twins -= (unsigned)n;
        twins -= n;
    }
}

void places_pair(struct places *p, struct place *met)
{
    pair_page_begin(p, met);
    unsigned before = met->twins > 0 ? met->count : pair_part(p, met);
    if (before >= met->count)
        return;
    if (place_by_key(met))
        pair_by_key(p, met, met->count - before);
    else
        pair_by_time(p, met);
}

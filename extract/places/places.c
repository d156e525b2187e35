#include "extract/places/places.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 16

enum err_code places_open(struct places **p, struct err *e)
{
    *p = calloc(1, sizeof **p);
    if (*p == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    return OK;
}

void places_close(struct places *p)
{
    if (p == NULL)
        return;
    free(p->at);
    free(p);
}

struct place *places_add(struct places *p, const struct place *place)
{
    if (p->n == p->room) {
        size_t room = p->room == 0 ? ROOM_FIRST : 2 * p->room;
        struct place *more = room > PLACES_MAX ? NULL : realloc(p->at, room * sizeof *more);
        if (more == NULL)
            return NULL;
        p->at = more;
        p->room = room;
    }
    p->at[p->n] = *place;
    return &p->at[p->n++];
}

static bool same_side(const struct place_side *x, const struct place_side *y)
{
    return x->there == y->there && (!x->there || x->id == y->id);
}

static bool by_key(const struct place *place)
{
    return place->sort == PLACES_BY_KEY || place->sort == PLACES_KEY_DOWN;
}

static const struct place_side *low(const struct place *place)
{
    return place->sort == PLACES_KEY_DOWN ? &place->after : &place->before;
}

static const struct place_side *high(const struct place *place)
{
    return place->sort == PLACES_KEY_DOWN ? &place->before : &place->after;
}

/* Whether two places lie between the same keys, whatever the direction of the list; versions may differ. */
static bool same_keys(const struct place *x, const struct place *y)
{
    return by_key(x) && by_key(y) && low(x)->keyed == low(y)->keyed &&
           high(x)->keyed == high(y)->keyed && (!low(x)->keyed || low(x)->key == low(y)->key) &&
           (!high(x)->keyed || high(x)->key == high(y)->key);
}

static struct place *find(const struct places *p, const struct place *met)
{
    for (size_t i = 0; i < p->n; i++) {
        struct place *place = &p->at[i];
        bool same = place->sort == met->sort && strcmp(place->equal, met->equal) == 0 &&
                    same_side(&place->before, &met->before) &&
                    same_side(&place->after, &met->after);
        /* One neighbour may have been edited, or be a new one. */
        bool half = place->sort == met->sort && strcmp(place->from, met->from) == 0 &&
                    strcmp(place->equal, met->equal) == 0 && place->offset == met->offset &&
                    ((place->before.there && same_side(&place->before, &met->before)) ||
                     (place->after.there && same_side(&place->after, &met->after)));
        bool own = place->keyed && met->keyed && place->key == met->key && place->count == 1 &&
                   met->count == 1 && by_key(place) == by_key(met);
        if (same || half || own || same_keys(place, met))
            return place;
    }
    return NULL;
}

static bool closed_or_aside(const struct place *place)
{
    return place->closed || place->aside;
}

static bool lacks(const struct place *place)
{
    return !place->closed && place_lacks(place) > 0;
}

/* Whether the place was met at the beginning of a page that is not the list's first, so that the record before it was not on the page. */
static bool begins_page(const struct place *place)
{
    return place->equal[0] == '\0' && (place->from[0] != '\0' || place->offset > 0) &&
           !place->before.there;
}

/* Finds the same place, met when the neighbour before it was seen, or at the beginning of an earlier such page. */
static struct place *seen_before(const struct places *p, const struct place *place)
{
    for (size_t i = 0; begins_page(place) && i < p->n; i++) {
        struct place *other = &p->at[i];
        if (other != place && !closed_or_aside(other) && other->sort == place->sort &&
            other->equal[0] == '\0' && same_side(&other->after, &place->after) &&
            (!begins_page(other) || other < place))
            return other;
    }
    return NULL;
}

static void count_once(struct place *place, const struct place *other)
{
    place->twins = other->count < place->count ? other->count : place->count;
}

/* A place that was met twice in one list lacks its records once. */
static void pair_page_begin(struct places *p, struct place *met)
{
    const struct place *other = seen_before(p, met);
    if (other != NULL)
        count_once(met, other);
    for (size_t i = 0; i < p->n; i++)
        if (&p->at[i] != met && lacks(&p->at[i]) && seen_before(p, &p->at[i]) == met)
            count_once(&p->at[i], met);
}

/* Whether the place is in a list of everything by key. */
static bool of_all(const struct place *place)
{
    return place->sort == PLACES_BY_KEY && place->from[0] == '\0' && place->equal[0] == '\0';
}

/* What a part of the list shows between two keys lies between those that all of it shows, or further apart. */
static bool encloses(const struct place *part, const struct place *place)
{
    bool from = !low(part)->keyed || (low(place)->keyed && low(part)->key <= low(place)->key);
    bool to = !high(part)->keyed || (high(place)->keyed && high(part)->key >= high(place)->key);
    return by_key(place) && part->from[0] != '\0' && from && to;
}

/* A record that is met by time and in the order of keys is lacking once. In one run two places are taken for it; else
 * everything by key has what was met by time before, and so have the greatest keys, up to a neighbour that is as old; */
static void pair_by_key(struct places *p, struct place *met)
{
    unsigned left = met->count;
    bool told = true;
    int64_t since = met->since;
    for (size_t i = 0; i < p->n && left > 0; i++) {
        const struct place *place = &p->at[i];
        if (place == met || !lacks(place) || !encloses(met, place))
            continue;
        unsigned n = place_lacks(place) < left ? place_lacks(place) : left;
        met->twins += n;
        left -= n;
        told &= !place->fresh;
        if (!place->fresh && place->since < since)
            since = place->since;
    }
    for (size_t i = 0; i < p->n && left > 0; i++) {
        struct place *place = &p->at[i];
        bool had = of_all(met) || (met->sort == PLACES_KEY_DOWN && met->latest < place->since);
        if (!lacks(place) || by_key(place) || (!place->fresh && !had))
            continue;
        unsigned n = place_lacks(place) < left ? place_lacks(place) : left;
        place->twins += n;
        left -= n;
        told &= !place->fresh;
        if (!place->fresh && place->since < since)
            since = place->since;
    }
    met->told = told && left == 0;
    if (met->told)
        met->since = since;
}

/* ... and had, by its neighbour's time, what is met by time later. */
static void pair_by_time(const struct places *p, struct place *met)
{
    uint64_t keyed = 0;
    uint64_t twins = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct place *place = &p->at[i];
        bool had = of_all(place) && met->latest != WHEN_NONE && met->latest < place->since;
        if (closed_or_aside(place))
            continue;
        keyed += by_key(place) && (place->fresh || had) ? place->count : 0;
        twins += seen_before(p, place) == NULL ? place->twins : 0;
    }
    uint64_t left = twins < keyed ? keyed - twins : 0;
    met->twins = left < met->count ? (unsigned)left : met->count;
}

static void plan(struct place *place, int64_t now)
{
    int64_t wait = PLACE_FIRST;
    for (unsigned i = 0; i < place->tries && wait < PLACE_LONGEST; i++)
        wait *= 2;
    place->due = now + (wait < PLACE_LONGEST ? wait : PLACE_LONGEST);
}

static struct place *add_met(struct places *p, const struct place *met, int64_t now)
{
    struct place made = *met;
    made.since = made.tried = now;
    made.tries = made.twins = 0;
    made.fresh = true;
    made.told = made.closed = made.closing = made.lost = false;
    plan(&made, now);
    return places_add(p, &made);
}

static bool has_moved(const struct place *place, const struct place *met)
{
    return place->offset != met->offset || place->count != met->count ||
           place->doubtful != met->doubtful || place->ordinal != met->ordinal ||
           strcmp(place->from, met->from) != 0 || strcmp(place->equal, met->equal) != 0 ||
           !same_side(&place->before, &met->before) || !same_side(&place->after, &met->after);
}

static void move_to(struct place *place, const struct place *met)
{
    place->before = met->before;
    place->after = met->after;
    place->sort = met->sort;
    memcpy(place->from, met->from, sizeof place->from);
    memcpy(place->equal, met->equal, sizeof place->equal);
    place->count = met->count;
    if (place->twins > place->count)
        place->twins = place->count;
    place->offset = met->offset;
    place->ordinal = met->ordinal;
    if (met->keyed) {
        place->keyed = true;
        place->key = met->key;
    }
    place->doubtful = met->doubtful;
    place->closed = place->closing = place->lost = false;
}

struct place *places_meet(struct places *p, const struct place *met, int64_t now)
{
    struct place *place = find(p, met);
    if (place == NULL) {
        p->changed = true;
        place = add_met(p, met, now);
        if (place != NULL && lacks(place))
            pair_page_begin(p, place);
        if (place != NULL && place->twins == 0 && lacks(place) && by_key(place))
            pair_by_key(p, place);
        else if (place != NULL && place->twins == 0 && lacks(place))
            pair_by_time(p, place);
        return place;
    }
    p->changed |= has_moved(place, met);
    place->fresh |= met->count > place->count;
    move_to(place, met);
    place->aside |= met->aside;
    return place;
}

struct place *places_note(struct places *p, const struct place *met, struct place *known,
                          int64_t now)
{
    struct place *place = known != NULL ? known : find(p, met);
    if (place == NULL) {
        place = p->n < PLACES_NOTED ? add_met(p, met, now) : NULL;
        p->noted += place != NULL;
        return place;
    }
    if (!place->aside || place->closed)
        p->changed = true;
    place->aside = place->within = true;
    place->closed = place->closing = false;
    /* In the order of keys it is found again, wherever it moves to; and behind a neighbour, rather than at a page's beginning. */
    if ((by_key(place) && !by_key(met)) || (place->before.there && begins_page(met)))
        return place;
    p->noted += has_moved(place, met);
    move_to(place, met);
    return place;
}

bool places_unsaved(const struct places *p)
{
    return p->changed || 16 * p->noted > p->n;
}

struct place *places_within(const struct places *p, const struct place *list, uint64_t offset,
                            uint64_t limit)
{
    struct place *first = NULL;
    for (size_t i = 0; i < p->n; i++) {
        struct place *place = &p->at[i];
        if (place->closed || place->lost || place->within || place->sort != list->sort ||
            strcmp(place->from, list->from) != 0 || strcmp(place->equal, list->equal) != 0 ||
            place->offset < offset || place->offset - offset >= limit)
            continue;
        if (first == NULL || place->offset < first->offset)
            first = place;
    }
    return first;
}

struct place *places_by_ordinal(const struct places *p, uint64_t from, uint64_t limit)
{
    struct place *first = NULL;
    for (size_t i = 0; i < p->n; i++) {
        struct place *place = &p->at[i];
        if (place->closed || place->lost || place->within || place->sort != 0 ||
            place->ordinal < from || place->ordinal - from >= limit || place->ordinal == 0)
            continue;
        if (first == NULL || place->ordinal < first->ordinal)
            first = place;
    }
    return first;
}

struct place *places_behind(const struct places *p, unsigned sort, uint64_t before)
{
    for (size_t i = 0; p != NULL && i < p->n; i++) {
        struct place *place = &p->at[i];
        if (!place->closed && !place->lost && !place->within && place->sort == sort &&
            place->before.there && place->before.id == before)
            return place;
    }
    return NULL;
}

bool places_elsewhere(const struct places *p, unsigned sort)
{
    size_t here = 0;
    size_t there = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct place *place = &p->at[i];
        bool counts = !place->closed && !place->within;
        here += counts && (place->sort == 0) == (sort == 0);
        there += counts && (place->sort == 0) != (sort == 0);
    }
    return there > here;
}

void places_shut(struct places *p, struct place *place)
{
    place->closing |= !place->closed;
    place->closed = true;
    p->changed = true;
}

void places_disown(struct places *p, unsigned sort, const char *from, const char *equal)
{
    for (size_t i = 0; p != NULL && i < p->n; i++) {
        struct place *met = &p->at[i];
        bool open = !met->closed || met->closing; /* by a page that will not be kept */
        if (!met->fresh || !open || met->sort != sort || strcmp(met->from, from) != 0 ||
            strcmp(met->equal, equal) != 0)
            continue;
        unsigned left = met->count - met->twins;
        for (size_t j = 0; j < p->n && left > 0; j++) {
            struct place *place = &p->at[j];
            unsigned n = by_key(place) || place->closed ? 0 : place->twins;
            n = n < left ? n : left;
            place->twins -= n;
            left -= n;
        }
        met->closed = p->changed = true;
        met->closing = false;
    }
}

void places_settle(struct places *p, bool kept)
{
    for (size_t i = 0; p != NULL && i < p->n; i++) {
        struct place *place = &p->at[i];
        if (place->closing && !kept)
            place->closed = false;
        place->closing = false;
    }
}

/* A record with this key came: closes its place, in whatever list that is. */
void places_key_read(struct places *p, int64_t key)
{
    for (size_t i = 0; i < p->n; i++) {
        struct place *place = &p->at[i];
        if (place->closed)
            continue;
        if (place->keyed && place->count == 1 && place->key == key)
            places_shut(p, place);
        bool above = by_key(place) && low(place)->keyed && key > low(place)->key;
        if (above && place->count == 1 && high(place)->keyed && key < high(place)->key)
            places_shut(p, place);
    }
}

/* These two records follow each other on a page, or have only readable ones between them. */
void places_neighbours_read(struct places *p, unsigned sort, uint64_t before, uint64_t after)
{
    for (size_t i = 0; i < p->n; i++) {
        struct place *place = &p->at[i];
        if (!place->closed && place->sort == sort && place->before.there && place->after.there &&
            place->before.id == before && place->after.id == after)
            places_shut(p, place);
    }
}

void places_tried(struct places *p, struct place *place, int64_t now, const char *said)
{
    place->tries++;
    place->tried = now;
    plan(place, now);
    if (said[0] != '\0') {
        size_t n = strnlen(said, PLACE_SAID - 1);
        memcpy(place->said, said, n);
        place->said[n] = '\0';
    }
    p->changed = true;
}

struct place *places_due(const struct places *p, int64_t now, bool early)
{
    struct place *first = NULL;
    for (size_t i = 0; i < p->n; i++) {
        struct place *place = &p->at[i];
        if (place->closed || place->fresh || (place->due > now && (!early || place->tried >= now)))
            continue;
        if (first == NULL || place->due < first->due)
            first = place;
    }
    return first;
}

void places_sweep(struct places *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!p->at[i].closed)
            p->at[kept++] = p->at[i];
    p->changed |= kept < p->n;
    p->n = kept;
}

uint64_t places_lacking(const struct places *p)
{
    uint64_t n = 0;
    for (size_t i = 0; p != NULL && i < p->n; i++) {
        const struct place *place = &p->at[i];
        if (!place->closed)
            n += place_lacks(place);
    }
    return n;
}

uint64_t places_fresh(const struct places *p)
{
    uint64_t n = 0;
    for (size_t i = 0; p != NULL && i < p->n; i++)
        if (p->at[i].fresh && !p->at[i].told && !p->at[i].closed)
            n += place_lacks(&p->at[i]);
    return n;
}

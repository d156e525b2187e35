#include "extract/places/places_private.h"
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

static struct place *find(const struct places *p, const struct place *met)
{
    for (size_t i = 0; i < p->n; i++) {
        struct place *place = &p->at[i];
        /* By key, a part of the table is another list; by time, it is the same one from some place on. */
        bool lists = strcmp(place->equal, met->equal) == 0 &&
                     (!place_by_key(met) || place_of_part(place) == place_of_part(met));
        bool same = place->sort == met->sort && lists &&
                    place_same_side(&place->before, &met->before) &&
                    place_same_side(&place->after, &met->after);
        /* One neighbour may have been edited, or be a new one. */
        bool half = place->sort == met->sort && strcmp(place->from, met->from) == 0 &&
                    strcmp(place->equal, met->equal) == 0 && place->offset == met->offset &&
                    ((place->before.there && place_same_side(&place->before, &met->before)) ||
                     (place->after.there && place_same_side(&place->after, &met->after)));
        bool own = place->keyed && met->keyed && place->key == met->key && place->count == 1 &&
                   met->count == 1 && place_by_key(place) == place_by_key(met);
        if (same || half || own || (lists && place_same_keys(place, met)))
            return place;
    }
    return NULL;
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
           !place_same_side(&place->before, &met->before) ||
           !place_same_side(&place->after, &met->after);
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
        if (place != NULL && place_is_lacking(place))
            places_pair(p, place);
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
    if ((place_by_key(place) && !place_by_key(met)) ||
        (place->before.there && place_begins_page(met)))
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
            unsigned n = place_by_key(place) || place->closed ? 0 : place->twins;
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
    bool any = false;
    for (size_t i = 0; p != NULL && i < p->n; i++) {
        struct place *place = &p->at[i];
        if (place->closing && !kept)
            place->closed = false;
        any |= place->closing && kept;
        place->closing = false;
    }
    if (any)
        places_unpair(p);
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
        /* No other key is there. Else one that comes may be a late one, or one that was edited out of the list. */
        bool only = place_by_key(place) && place_low(place)->keyed && place_high(place)->keyed &&
                    place_low(place)->key < INT64_MAX - 1 &&
                    place_high(place)->key == place_low(place)->key + 2;
        if (only && place->count == 1 && key == place_low(place)->key + 1)
            places_shut(p, place);
    }
}

/* These two records follow each other on a page, or have only readable ones between them. The page of a list that holds but a part
 * of the table tells nothing of what is between them in another list. */
void places_neighbours_read(struct places *p, const struct place *list, uint64_t before,
                            uint64_t after)
{
    for (size_t i = 0; i < p->n; i++) {
        struct place *place = &p->at[i];
        bool holds = !place_of_part(list) || (strcmp(list->from, place->from) == 0 &&
                                              strcmp(list->equal, place->equal) == 0);
        if (!place->closed && place->sort == list->sort && holds && place->before.there &&
            place->after.there && place->before.id == before && place->after.id == after)
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

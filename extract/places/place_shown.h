/*
 * What a page of the list by time shows of a known place (places.h): whether the place is on it, and whether its record came.
 * Records of one time may stand in another order in each answer. So a neighbour of the place tells where the place is only
 * together with all other records of its time.
 */
#ifndef NETTY_EXTRACT_PLACES_PLACE_SHOWN_H
#define NETTY_EXTRACT_PLACES_PLACE_SHOWN_H

#include "extract/places/places.h"
#include "shared/time/zone.h"

/* One position of the page, in the page's order. */
struct place_shown {
    uint64_t id;
    int64_t time; /* WHEN_NONE: none that can be read */
    bool came;    /* false: the record here did not come */
};

struct place_page {
    const struct place_shown *at;
    size_t n;
    const char *from, *equal; /* which list (struct place), */
    uint64_t offset;          /* and the offset of the page's first record in it */
    bool most;                /* as many records were requested as a page can have */
    bool begins, ends;        /* nothing stands before the page, or behind it */
};

/* Returns a time that the place's record cannot be later than; WHEN_NONE: not known. */
int64_t place_latest(const struct place *place, struct zone *zone);
/* Sets what is known of when the place's record was changed. since: of a list that holds but what changed later; WHEN_NONE: of others. */
void place_bound(struct place *place, struct zone *zone, int64_t since);
/* Returns true if records may still come in between the place's neighbours: late ones, up to so long after their time, and
 * where the later neighbour is of the future, all that are edited. */
bool place_is_young(const struct place *place, struct zone *zone, int64_t now, int64_t late);
/* Returns true if one of the page's records may be the place's record. */
bool place_may_show(const struct place *place, const struct place_page *page, struct zone *zone);
/* Returns true if the page covers the place: whatever is between the place's neighbours is on the page. */
bool place_is_covered(const struct place *place, const struct place_page *page, struct zone *zone);
/* Returns true if the page has both neighbours with nothing between them, or with one record, which then is the place's. */
bool place_is_passed(const struct place *place, const struct place_page *page);

#endif

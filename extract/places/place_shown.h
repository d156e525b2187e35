/*
 * What a page of the list by time shows of a place. Records of one time may stand in another order in each answer, so that a
 * neighbour of before tells where a place is only with all the records of its time.
 */
#ifndef NETTY_EXTRACT_PLACES_PLACE_SHOWN_H
#define NETTY_EXTRACT_PLACES_PLACE_SHOWN_H

#include "extract/places/places.h"
#include "shared/time/zone.h"

/* A record of the page, in its order. */
struct place_shown {
    uint64_t id;
    int64_t time; /* WHEN_NONE: none that can be read */
    bool came;    /* else there is a place here, too */
};

struct place_page {
    const struct place_shown *at;
    size_t n;
    const char *from, *equal; /* its list, */
    uint64_t offset;          /* and where in it the first one stands */
    bool begins, ends;        /* nothing stands before it, or behind it */
};

/* The time that its record cannot be later than; WHEN_NONE: not known. */
int64_t place_latest(const struct place *place, struct zone *zone);
/* One of the page's records may be the one that was missing. */
bool place_may_show(const struct place *place, const struct place_page *page, struct zone *zone);
/* The page covers the place: what is between its neighbours is on it, or nowhere. */
bool place_is_covered(const struct place *place, const struct place_page *page, struct zone *zone);
/* The neighbours follow each other, or with one record between them, which is the one that was missing. */
bool place_is_passed(const struct place *place, const struct place_page *page);

#endif

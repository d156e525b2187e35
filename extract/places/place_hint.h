/*
 * Where a place that was met in another order of the list may stand on a page that has failed: a guess, from the times and keys of
 * the place's neighbours. A guess proves nothing. Where the same two neighbours stand around it, the place is known (step_over.h);
 * else the page is searched in the ordinary way.
 */
#ifndef NETTY_EXTRACT_PLACES_PLACE_HINT_H
#define NETTY_EXTRACT_PLACES_PLACE_HINT_H

#include "extract/places/places.h"
#include "extract/places/step_over.h"
#include "shared/time/zone.h"

/* The page that failed, and what is known of the records of its list. */
struct place_hint {
    unsigned sort; /* see struct place */
    uint64_t offset;
    unsigned limit;
    /* By time: the list holds what comes behind this time, and these are the times of its last records, the least first. */
    int64_t from;
    const int64_t *times;
    size_t n;
    /* By key downward: the greatest key, or WHEN_NONE. */
    int64_t top;
    struct zone *zone;
};

/* Sets *known to the place of one record that may stand on the page. Returns false if there is none, or if several places are known in
 * other orders: these may stand side by side here. */
bool places_hint(const struct places *p, const struct place_hint *page, struct step_known *known);

#endif

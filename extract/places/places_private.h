/*
 * Questions about a place that both places.c and places_pair.c ask, and the pairing of places that are about the same records.
 */
#ifndef NETTY_EXTRACT_PLACES_PLACES_PRIVATE_H
#define NETTY_EXTRACT_PLACES_PLACES_PRIVATE_H

#include "extract/places/places.h"

bool place_same_side(const struct place_side *x, const struct place_side *y);
bool place_by_key(const struct place *place);
/* Return the neighbour with the lower and with the higher key, whatever the list's direction. */
const struct place_side *place_low(const struct place *place);
const struct place_side *place_high(const struct place *place);
/* Returns true if the place's list holds only a part of the table, so that fewer records may stand between two keys. */
bool place_of_part(const struct place *place);
/* Returns true if both places lie between the same keys, whatever their lists' direction. The neighbours' versions may differ. */
bool place_same_keys(const struct place *x, const struct place *y);
bool place_is_done(const struct place *place); /* closed, or its bytes came */
bool place_is_lacking(const struct place *place);
/* Returns true if the place was met at the beginning of a page that is not the list's first, so that its neighbour before is unknown. */
bool place_begins_page(const struct place *place);

/* Finds which of a new place's records are those of other places, and the other way round, and sets `twins` of both. */
void places_pair(struct places *p, struct place *met);
/* Lets places by time count again that were paired with places by key, if fewer records are lacking by key than are paired: some of those
 * places were closed. */
void places_unpair(struct places *p);

#endif

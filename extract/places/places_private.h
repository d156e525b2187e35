/*
 * What places.c and places_pair.c both ask about a place.
 */
#ifndef NETTY_EXTRACT_PLACES_PLACES_PRIVATE_H
#define NETTY_EXTRACT_PLACES_PLACES_PRIVATE_H

#include "extract/places/places.h"

bool place_same_side(const struct place_side *x, const struct place_side *y);
bool place_by_key(const struct place *place);
/* Its neighbours in the order of keys, whatever the list's direction. */
const struct place_side *place_low(const struct place *place);
const struct place_side *place_high(const struct place *place);
/* Of a list that holds but a part of the table: there may be fewer records between two keys. */
bool place_of_part(const struct place *place);
/* Between the same keys, whatever the list's direction; versions may be others. */
bool place_same_keys(const struct place *x, const struct place *y);
bool place_is_done(const struct place *place); /* closed, or its bytes came */
bool place_is_lacking(const struct place *place);
/* It was met at the beginning of a page that is not the list's first: what stands before it was not on the page. */
bool place_begins_page(const struct place *place);

/* A new place: which of its records are those of other places, and the other way round. */
void places_pair(struct places *p, struct place *met);

#endif

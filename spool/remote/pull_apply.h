/*
 * Writes an object's content into a pulled spool.
 *
 *     pull_apply(spool, reader, note, &counts, e);      // object_open has checked the object
 *
 * Order of durable steps, for each segment: records, the journal's header and the segment's names where it is new, lines, the word in acked.json.
 * Everything has its place by what the object says, so doing it again writes the same bytes to the same places.
 * Where the spool holds another page at a place the pushed history counts: what stood there and behind is removed.
 */
#ifndef NETTY_SPOOL_REMOTE_PULL_APPLY_H
#define NETTY_SPOOL_REMOTE_PULL_APPLY_H

#include "spool/remote/ship_note.h"

struct pull_counts {
    uint64_t pages;
    uint64_t bytes; /* of records */
};
/* Adds to counts, and moves the note's tables. */
enum err_code pull_apply(const struct spool *s, struct object_reader *r, struct ship_note *note,
                         struct pull_counts *counts, struct err *e) MUST_CHECK;

#endif

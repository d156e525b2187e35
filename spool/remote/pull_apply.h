/*
 * Writes an object's content into a pulled spool.
 *
 *     pull_apply(spool, reader, note, &counts, e);      // object_open has checked the object
 *
 * The durable steps, for each segment, in this order: its records; for a new segment the journal's header and the files' names;
 * the journal's lines; acked.json. The object says where everything goes, so doing it again writes the same bytes to the same
 * places. Where the spool has another page at a place, the pushed page counts: the other one, and all behind it, are removed.
 */
#ifndef NETTY_SPOOL_REMOTE_PULL_APPLY_H
#define NETTY_SPOOL_REMOTE_PULL_APPLY_H

#include "spool/remote/ship_note.h"

struct pull_counts {
    uint64_t pages;
    uint64_t bytes; /* of records */
};
/* Adds to counts, and updates the note's tables. */
enum err_code pull_apply(const struct spool *s, struct object_reader *r, struct ship_note *note,
                         struct pull_counts *counts, struct err *e) MUST_CHECK;

/* The same, item by item, for an object that holds more than this spool's:
 *
 *     pull_apply_open(&a, spool, reader, note, &counts, e);
 *     pull_apply_item(a, item, e); ...                      // headers, pages and files, in their order
 *     pull_apply_end(a, e);                                 // what was taken is durable
 *     pull_apply_close(a);                                  // in any case; NULL is fine
 */
struct apply;
enum err_code pull_apply_open(struct apply **a, const struct spool *s, struct object_reader *r,
                              struct ship_note *note, struct pull_counts *counts,
                              struct err *e) MUST_CHECK;
enum err_code pull_apply_item(struct apply *a, const struct object_item *item,
                              struct err *e) MUST_CHECK;
enum err_code pull_apply_end(struct apply *a, struct err *e) MUST_CHECK;
void pull_apply_close(struct apply *a);

#endif

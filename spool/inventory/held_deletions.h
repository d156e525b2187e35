/*
 * How many deletions of a table wait for a person: records that the source no longer has, more of them than --max-deletes
 * allows, so that none is marked (missing_records.h).
 *
 * Of several databases the one with the most counts, for they wait for the same decision. What a database has said of an
 * earlier roll than the present one counts no more: --restart has given it up.
 */
#ifndef NETTY_SPOOL_INVENTORY_HELD_DELETIONS_H
#define NETTY_SPOOL_INVENTORY_HELD_DELETIONS_H

#include "spool/control/loaded.h"

/* Only of those databases. A damaged roll: none, for it is begun anew. */
enum err_code held_deletions(const struct spool *s, const char *table, const struct loaded *of,
                             uint64_t *held, struct err *e) MUST_CHECK;

#endif

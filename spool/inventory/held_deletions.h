/*
 * How many deletions of a table wait for a person. When the source no longer has more records than --max-deletes allows, the
 * loader marks none of them as deleted, and a person decides (missing_records.h).
 *
 * Of several databases the one with the most such records counts, because one decision is for all. An answer of a database to
 * an earlier roll than the present one does not count: --restart has given that roll up.
 */
#ifndef NETTY_SPOOL_INVENTORY_HELD_DELETIONS_H
#define NETTY_SPOOL_INVENTORY_HELD_DELETIONS_H

#include "spool/control/loaded.h"

/* Sets *held. Only the databases in `of` count. With a damaged roll *held is 0, because the roll is begun anew. */
enum err_code held_deletions(const struct spool *s, const char *table, const struct loaded *of,
                             uint64_t *held, struct err *e) MUST_CHECK;

#endif

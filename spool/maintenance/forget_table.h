/*
 * Gives a table up: its pages, position, records set aside and bookkeeping go; the numbers of its segments go on, so that a table
 * that is fetched again later has no place that somebody takes for one of before.
 *
 * One durable step (pruned.h), then the files go; a crash in between leaves files that count for nobody, and that the next call removes.
 * The databases' rows stay.
 */
#ifndef NETTY_SPOOL_MAINTENANCE_FORGET_TABLE_H
#define NETTY_SPOOL_MAINTENANCE_FORGET_TABLE_H

#include "spool/store/spool.h"
#include <stdbool.h>

struct forgotten_table {
    int64_t files, bytes; /* removed, or with `look` to be removed */
};

/* ERR_NO_SPOOL where the spool does not hold it, ERR_BUSY while somebody fetches it. */
enum err_code forget_table(const struct spool *s, const char *table, bool look,
                           struct forgotten_table *sum, struct err *e) MUST_CHECK;

#endif

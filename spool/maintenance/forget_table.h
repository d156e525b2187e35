/*
 * Gives a table up: removes its pages, position, dead letters and notes. The numbers of its segments go on, so that a table that is
 * fetched again later has no place that a reader takes for an earlier one.
 *
 * Forgetting is one durable step (pruned.h); then the files are removed. A crash in between leaves files that count for no reader,
 * and that the next call removes. The rows in the databases stay.
 */
#ifndef NETTY_SPOOL_MAINTENANCE_FORGET_TABLE_H
#define NETTY_SPOOL_MAINTENANCE_FORGET_TABLE_H

#include "spool/store/spool.h"
#include <stdbool.h>

struct forgotten_table {
    int64_t files, bytes; /* removed; with `look`: that would be removed */
};

/* ERR_NO_SPOOL: the spool has no such table. ERR_BUSY: it is being fetched. With `look` nothing is removed. */
enum err_code forget_table(const struct spool *s, const char *table, bool look,
                           struct forgotten_table *sum, struct err *e) MUST_CHECK;

#endif

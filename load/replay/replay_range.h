/*
 * The part of the spool that a replay takes: one segment (--segment), or the pages that were fetched within a time (--from, --to).
 */
#ifndef NETTY_LOAD_REPLAY_REPLAY_RANGE_H
#define NETTY_LOAD_REPLAY_REPLAY_RANGE_H

#include "spool/store/spool.h"
#include <stdbool.h>

/* Fails with ERR_NO_SPOOL, and says which segments there are, if there is no such segment: named, in one of the tables; else in none of them
 * (count 0: all of the spool's tables). A table that the spool does not hold at all is ignored. */
enum err_code replay_range_check(const struct spool *s, const char *const *tables, size_t count,
                                 bool named, uint64_t segment, struct err *e) MUST_CHECK;

struct replay_range {
    int64_t from, to; /* when the pages were fetched; or WHEN_NONE */
    uint64_t segment; /* or 0 */
};
/* Logs for each table from when to when pages are taken, how many these are, and from when to when there are pages. Reads the journals. */
enum err_code replay_range_tell(const struct spool *s, const char *const *tables, size_t count,
                                const struct replay_range *range, struct err *e) MUST_CHECK;

#endif

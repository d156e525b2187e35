/*
 * What of the spool a replay of a part takes: a segment (--segment), or the pages of a time (--from, --to).
 */
#ifndef NETTY_LOAD_REPLAY_REPLAY_RANGE_H
#define NETTY_LOAD_REPLAY_REPLAY_RANGE_H

#include "spool/store/spool.h"
#include <stdbool.h>

/* ERR_NO_SPOOL where one of the tables (named), or each of them (otherwise; count 0: all of the
 * spool's), has no such segment; with what it has instead. A table that the spool does not hold at
 * all is no matter here. */
enum err_code replay_range_check(const struct spool *s, const char *const *tables, size_t count,
                                 bool named, uint64_t segment, struct err *e) MUST_CHECK;

struct replay_range {
    int64_t from, to; /* when the pages were fetched; or WHEN_NONE */
    uint64_t segment; /* or 0 */
};
/* Logs, for each of the tables, what window the times make, how many pages lie in it, and which times there are.
 * Reads the journals. */
enum err_code replay_range_tell(const struct spool *s, const char *const *tables, size_t count,
                                const struct replay_range *range, struct err *e) MUST_CHECK;

#endif

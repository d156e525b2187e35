/*
 * Is there, in the spool, the segment that --replay --segment asks for?
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

#endif

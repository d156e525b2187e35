/*
 * Seals segments that are no longer written: a segment is compressed beside the plain file, a footer is added to its journal,
 * the compressed file gets its name, the plain file is removed. Each step is durable before the next one, so an interrupted
 * sealing is completed by doing it again.
 *
 * Segments that were given up (torn, or with pages that do not count) stay as they are. The calls block, so they belong in a
 * worker thread. The caller holds the table's lock.
 */
#ifndef NETTY_SPOOL_WRITER_SEGMENT_SEAL_H
#define NETTY_SPOOL_WRITER_SEGMENT_SEAL_H

#include "shared/base/err.h"
#include <stdint.h>

/* Seals all plain segments below that number. Goes on after a failure, and returns the first one. */
enum err_code seal_below(const char *dir, const char *table, uint64_t below,
                         struct err *e) MUST_CHECK;

#endif

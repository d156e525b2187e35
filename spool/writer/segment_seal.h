/*
 * Sealing: what has become of a segment that is no longer written. It is compressed beside the
 * plain file, its footer goes into its journal, the compressed file gets its name, the plain one
 * goes; each step durable before the next, so that whatever ends it, doing it again ends it well.
 *
 * Segments that were given up (torn, or with pages that do not count) stay as they are. Blocking:
 * for a worker thread of the one who holds the table's lock.
 */
#ifndef NETTY_SPOOL_WRITER_SEGMENT_SEAL_H
#define NETTY_SPOOL_WRITER_SEGMENT_SEAL_H

#include "shared/base/err.h"
#include <stdint.h>

/* All plain segments below that number. Goes on after a failure and returns the first. */
enum err_code seal_below(const char *dir, const char *table, uint64_t below,
                         struct err *e) MUST_CHECK;

#endif

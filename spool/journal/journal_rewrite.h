/*
 * A journal written anew: a copy of what can be read of it in a new file, synced and put in its
 * place. The one way to make lines last of which nobody knows whether they do (acked.h): a sync of
 * the old file would prove nothing.
 *
 * Nobody may be adding lines to it, and none is added to it afterwards: who has the old file open
 * would not see them. For the holder of the table's lock.
 */
#ifndef NETTY_SPOOL_JOURNAL_JOURNAL_REWRITE_H
#define NETTY_SPOOL_JOURNAL_JOURNAL_REWRITE_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

/* The first `bytes` bytes, whole lines, and one more line (n bytes with its line end; 0: none). A
 * failure leaves the journal as it was. */
enum err_code journal_rewrite(const char *dir, uint64_t segment, uint64_t bytes, const char *line,
                              size_t n, struct err *e) MUST_CHECK;

#endif

/*
 * Writes a journal anew: a copy of its lines in a new file, which is synced and put in the journal's
 * place. This is the only way to make lines durable of which nobody knows whether they are (acked.h):
 * a sync of the old file would prove nothing.
 *
 * The caller holds the table's lock. Nobody may be adding lines meanwhile, and no line is added
 * afterwards either, because a reader that has the old file open would not see it.
 */
#ifndef NETTY_SPOOL_JOURNAL_JOURNAL_REWRITE_H
#define NETTY_SPOOL_JOURNAL_JOURNAL_REWRITE_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

/* Copies the first `bytes` bytes, which are whole lines, and adds one more line (n bytes with its line end; 0: none). A failure
 * leaves the journal as it was. */
enum err_code journal_rewrite(const char *dir, uint64_t segment, uint64_t bytes, const char *line,
                              size_t n, struct err *e) MUST_CHECK;

#endif

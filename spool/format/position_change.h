/*
 * What of a position differs from another: the outermost members of one JSON object that have
 * another value in the other. Both have the same members in the same order, else nothing is found.
 *
 *     position_change_find(&changes, before, now);            // {"last":17}; "" where it is not so
 *     position_change_apply(&now, before, changes, n, e);     // now, byte for byte
 *
 * The texts are positions as the journal has them (journal.h). Values are compared as they are written.
 */
#ifndef NETTY_SPOOL_FORMAT_POSITION_CHANGE_H
#define NETTY_SPOOL_FORMAT_POSITION_CHANGE_H

#include "shared/base/buf.h"
#include "shared/base/err.h"

/* changes is emptied first. Fails as buf_add does. */
enum err_code position_change_find(struct buf *changes, const char *before,
                                   const char *now) MUST_CHECK;
/* now is emptied first. ERR_DAMAGED where a member is not one of before's. */
enum err_code position_change_apply(struct buf *now, const char *before, const char *changes,
                                    size_t n, struct err *e) MUST_CHECK;

#endif

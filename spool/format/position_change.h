/*
 * The difference of two positions: the outermost members whose values differ. Both positions are JSON objects. Only when both
 * have the same members in the same order is there a result.
 *
 *     position_change_find(&changes, before, now);            // {"last":17}; "" where the members differ
 *     position_change_apply(&now, before, changes, n, e);     // now, byte for byte
 *
 * The texts are positions as the journal has them (journal.h). Values are compared as texts.
 */
#ifndef NETTY_SPOOL_FORMAT_POSITION_CHANGE_H
#define NETTY_SPOOL_FORMAT_POSITION_CHANGE_H

#include "shared/base/buf.h"
#include "shared/base/err.h"

/* Replaces the content of changes. Fails as buf_add does. */
enum err_code position_change_find(struct buf *changes, const char *before,
                                   const char *now) MUST_CHECK;
/* Replaces the content of now. Fails with ERR_DAMAGED where before lacks a member of changes. */
enum err_code position_change_apply(struct buf *now, const char *before, const char *changes,
                                    size_t n, struct err *e) MUST_CHECK;

#endif

/*
 * Merges two JSON objects as text: the result is what jsonb's operator old || new would give.
 *
 *     jsonb_merge_open(&m, e);
 *     jsonb_merge_run(m, old, old_len, new, new_len, &out, e);   // adds to out; reused from call to call
 *     jsonb_merge_close(m);
 */
#ifndef NETTY_LOAD_ROW_JSONB_MERGE_H
#define NETTY_LOAD_ROW_JSONB_MERGE_H

#include "shared/base/buf.h"

struct jsonb_merge;
enum err_code jsonb_merge_open(struct jsonb_merge **m, struct err *e) MUST_CHECK;
void jsonb_merge_close(struct jsonb_merge *m); /* NULL is fine */

/* Fails with ERR_DATA if one of the two is no object. old and new must not point into out. */
enum err_code jsonb_merge_run(struct jsonb_merge *m, const char *old, size_t old_len,
                              const char *new, size_t new_len, struct buf *out,
                              struct err *e) MUST_CHECK;

#endif

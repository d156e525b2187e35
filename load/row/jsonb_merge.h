/*
 * old || new of two JSON objects, as text: what jsonb's operator would come to.
 *
 *     merger_open(&m, e);
 *     merger_run(m, old, old_len, new, new_len, &out, e);   // adds to out; reused from call to call
 *     merger_close(m);
 */
#ifndef NETTY_LOAD_ROW_JSONB_MERGE_H
#define NETTY_LOAD_ROW_JSONB_MERGE_H

#include "shared/base/buf.h"

struct merger;
enum err_code merger_open(struct merger **m, struct err *e) MUST_CHECK;
void merger_close(struct merger *m); /* NULL is fine */

/* ERR_DATA where one of the two is no object. old and new are not in out. */
enum err_code merger_run(struct merger *m, const char *old, size_t old_len, const char *new,
                         size_t new_len, struct buf *out, struct err *e) MUST_CHECK;

#endif

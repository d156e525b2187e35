/*
 * The one growing buffer. It has a cap from the moment it exists: growing beyond it is an error
 * (ERR_TOO_BIG), never a larger buffer. Content is bytes; data[len] is always a 0 that does not
 * count, so that text can be printed.
 *
 *     struct buf b;
 *     buf_init(&b, 1 << 20);
 *     if ((rc = buf_add(&b, p, n)) != OK)
 *         ...
 *     buf_free(&b);
 *
 * The owner of the struct owns the memory. Pointers into data are good until the next call that
 * adds. Reading the members is allowed everywhere, writing them only here.
 */
#ifndef NETTY_SHARED_BASE_BUF_H
#define NETTY_SHARED_BASE_BUF_H

#include "shared/base/err.h"
#include <stddef.h>

struct buf {
    char *data; /* never NULL after buf_init: an empty string until something is added */
    size_t len;
    size_t cap; /* allocated, without the closing 0 */
    size_t max; /* the cap */
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);  /* back to the state after buf_init, memory given back */
void buf_reset(struct buf *b); /* len = 0, memory kept */

/* Room for n more bytes at data + len; then add what was written there with buf_grown. */
enum err_code buf_reserve(struct buf *b, size_t n) MUST_CHECK;
void buf_grown(struct buf *b, size_t n);

enum err_code buf_add(struct buf *b, const void *p, size_t n) MUST_CHECK;
enum err_code buf_adds(struct buf *b, const char *s) MUST_CHECK;
enum err_code buf_addc(struct buf *b, char c) MUST_CHECK;
enum err_code buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;

/* Drop the first n bytes (the rest moves down), or all beyond the first n. */
void buf_consume(struct buf *b, size_t n);
void buf_truncate(struct buf *b, size_t n);

/* s[0..n) as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, control
 * characters (utf8_is_control) escapes. buf_add_text is the same for a person: no quotes, and `"`
 * and `\` stay. All or nothing, as every function here. */
enum err_code buf_add_json(struct buf *b, const char *s, size_t n) MUST_CHECK;
enum err_code buf_add_text(struct buf *b, const char *s, size_t n) MUST_CHECK;

/* Turn a buf function's code into a message: "<what> is larger than <max>" or "out of memory". */
enum err_code buf_err(struct err *e, enum err_code code, const struct buf *b, const char *what);

#endif

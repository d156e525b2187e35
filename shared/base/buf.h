/*
 * The one growing buffer. It has a cap from the start: growing beyond the cap fails with ERR_TOO_BIG.
 * The content is bytes. data[len] is always a 0 that is not part of the content, so that text can be
 * printed.
 *
 *     struct buf b;
 *     buf_init(&b, 1 << 20);
 *     if ((rc = buf_add(&b, p, n)) != OK)
 *         ...
 *     buf_free(&b);
 *
 * The owner of the struct owns the memory. Pointers into data are valid until the next call that
 * adds. Anybody may read the members; only these functions write them.
 *
 * A function that fails leaves the content as it was. Adding fails with ERR_TOO_BIG or ERR_NOMEM.
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

/* Makes room for n more bytes at data + len. The caller writes there, then calls buf_grown with the
 * number of bytes that it has written. */
enum err_code buf_reserve(struct buf *b, size_t n) MUST_CHECK;
void buf_grown(struct buf *b, size_t n);

enum err_code buf_add(struct buf *b, const void *p, size_t n) MUST_CHECK;
enum err_code buf_adds(struct buf *b, const char *s) MUST_CHECK;
enum err_code buf_addc(struct buf *b, char c) MUST_CHECK;
enum err_code buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;

/* buf_consume drops the first n bytes (the rest moves down), buf_truncate all beyond the first n. */
void buf_consume(struct buf *b, size_t n);
void buf_truncate(struct buf *b, size_t n);

/* buf_add_json adds s[0..n) as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD,
 * control characters (utf8_is_control) become escapes. buf_add_text does the same for a person: without
 * quotes, and `"` and `\` stay as they are. */
enum err_code buf_add_json(struct buf *b, const char *s, size_t n) MUST_CHECK;
enum err_code buf_add_text(struct buf *b, const char *s, size_t n) MUST_CHECK;

/* Turns the code of a failed buf function into a message: "<what> is larger than <max>" or "out of
 * memory". Returns the code. */
enum err_code buf_err(struct err *e, enum err_code code, const struct buf *b, const char *what);

#endif

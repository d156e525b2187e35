/*
 * Base64 (RFC 4648, with padding): dead letters that are not UTF-8 are kept as text with this.
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_BASE64_H
#define NETTY_SPOOL_DEAD_LETTERS_BASE64_H

#include "shared/base/buf.h"

/* Appends the bytes as base64. */
enum err_code base64_add(struct buf *b, const void *p, size_t n) MUST_CHECK;
/* Appends the decoded bytes. ERR_DATA when s is not base64 as base64_add writes it. */
enum err_code base64_decode(struct buf *b, const char *s, size_t n) MUST_CHECK;

#endif

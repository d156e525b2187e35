/*
 * Bytes as text, for what is set aside and is not UTF-8 (RFC 4648, with padding).
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_BASE64_H
#define NETTY_SPOOL_DEAD_LETTERS_BASE64_H

#include "shared/base/buf.h"

enum err_code base64_add(struct buf *b, const void *p, size_t n) MUST_CHECK;
/* Appends the decoded bytes. ERR_DATA when s is not what base64_add makes. */
enum err_code base64_decode(struct buf *b, const char *s, size_t n) MUST_CHECK;

#endif

/*
 * Finds what JSON or jsonb forbids and yajl accepts, in one pass over a text: bytes that are not strict
 * UTF-8 (yajl accepts overlong forms, surrogates, and characters beyond U+10FFFF), control characters
 * between tokens (yajl takes vertical tab and form feed for blanks), and the two escapes that jsonb
 * refuses. yajl judges the rest of the grammar.
 */
#ifndef NETTY_SHARED_JSON_JSON_STRICT_H
#define NETTY_SHARED_JSON_JSON_STRICT_H

#include <stddef.h>
#include <stdint.h>

/* Returns NULL for a good text, and adds RECORD_HAS_NUL and RECORD_LONE_SURROGATE (json_types.h) to *flags where they apply.
 * For a bad text: returns the reason, and sets *at to the offending byte. */
const char *json_strict_check(const char *s, size_t n, uint32_t *flags, size_t *at);

/* Decodes s[0..n), the inside of a JSON string that yajl has accepted, into out, which has room for n bytes. Returns the
 * length, at most n. Half of a surrogate pair becomes U+FFFD. */
size_t json_unescape(const char *s, size_t n, char *out);

#endif

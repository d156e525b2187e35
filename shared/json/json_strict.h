/*
 * What JSON and jsonb forbid and yajl lets through, found in one pass over a text: bytes that are
 * not strict UTF-8 (yajl takes overlong forms, surrogates and what lies beyond U+10FFFF), control
 * characters between tokens (it takes vertical tab and form feed for blanks), and the two escapes
 * that jsonb refuses. The rest of the grammar is yajl's to judge.
 */
#ifndef NETTY_SHARED_JSON_JSON_STRICT_H
#define NETTY_SHARED_JSON_JSON_STRICT_H

#include <stddef.h>
#include <stdint.h>

/* NULL, with RECORD_HAS_NUL and RECORD_LONE_SURROGATE (shared/json/json_record.h) added to *flags where they
 * apply; else the reason, with *at the offending byte. */
const char *json_strict_check(const char *s, size_t n, uint32_t *flags, size_t *at);

/* s[0..n), the inside of a JSON string that yajl took, decoded into out, which has room for n
 * bytes. Returns the length, at most n. Half of a surrogate pair becomes U+FFFD. */
size_t json_unescape(const char *s, size_t n, char *out);

#endif

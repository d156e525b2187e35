/*
 * Finds key and time of a record whose text may not be valid JSON, as far as both stand at its outermost level before the
 * first error. For messages and lists; nothing that must be exact may rely on it.
 *
 *     struct json_hint hint = json_hint_read("contact_id", raw, n);
 */
#ifndef NETTY_SHARED_JSON_JSON_HINT_H
#define NETTY_SHARED_JSON_JSON_HINT_H

#include <stddef.h>

/* Slices of s. A length of 0: not found. */
struct json_hint {
    const char *key; /* digits, without the quotes of a string */
    size_t key_len;
    const char *time; /* time_modified, as it was sent */
    size_t time_len;
};
struct json_hint json_hint_read(const char *key, const char *s, size_t n);

#endif

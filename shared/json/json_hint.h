/*
 * Key and time of a record that may be no JSON: as far as they stand plainly at its outermost level before what is
 * malformed. For those who tell of a record, and for nothing that must be exact.
 *
 *     struct json_hint hint = json_hint_read("contact_id", raw, n);
 */
#ifndef NETTY_SHARED_JSON_JSON_HINT_H
#define NETTY_SHARED_JSON_JSON_HINT_H

#include <stddef.h>

/* Slices of s. A length of 0: not to be made out. */
struct json_hint {
    const char *key; /* digits, also where they came as a string */
    size_t key_len;
    const char *time; /* of time_modified, as it came */
    size_t time_len;
};
struct json_hint json_hint_read(const char *key, const char *s, size_t n);

#endif

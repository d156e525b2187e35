/*
 * An object's members as slices of its text, the kinds of values, and the RECORD_ flags for what PostgreSQL may refuse.
 */
#ifndef NETTY_SHARED_JSON_JSON_TYPES_H
#define NETTY_SHARED_JSON_JSON_TYPES_H

#include <stddef.h>
#include <stdint.h>

enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_OBJECT,
    JSON_ARRAY
};

struct member {
    const char *name; /* decoded, not terminated; a slice of the text unless it had escapes. Half of
                       * a surrogate pair is decoded as U+FFFD. */
    size_t name_len;
    const char *raw_name; /* the slice with its quotes, as sent */
    size_t raw_name_len;
    const char *value; /* the slice, as sent: "abc" with its quotes, 12, {...} */
    size_t value_len;
    enum json_kind kind;
};

/* Two things that are valid JSON and that jsonb refuses: an escaped NUL, and half of a surrogate pair. */
#define RECORD_HAS_NUL        1u
#define RECORD_LONE_SURROGATE 2u
/* A number has an exponent of more than three digits, or more than RECORD_NUMBER bytes: the type numeric may not hold it. */
#define RECORD_WIDE_NUMBER 4u
#define RECORD_NUMBER      1000

#endif

/*
 * A record's text: one JSON object without white space between tokens, of 1.0 to 1.5 KB and 38
 * members by default, a function of the seed, the table and the record's state.
 *
 * It holds what real records do and careless readers do not expect: accents, emoji and escapes in
 * several spellings, numbers that no double holds, trailing zeros, exponents, nested objects with
 * members named like the outermost ones (time_modified, deleted, the key), null, empty texts, a
 * missing `deleted`. Each version changes some members and `revision`, even where the time is the
 * same.
 */
#ifndef NETTY_TESTS_SIM_RECORD_BODY_H
#define NETTY_TESTS_SIM_RECORD_BODY_H

#include "shared/base/buf.h"
#include "tests/sim/base/stamp.h"
#include "tests/sim/record/table.h"

/* Records that jsonb or the table cannot take as they are, for --odd. */
enum body_odd {
    ODD_NONE,
    ODD_NUL,       /* a text with \u0000 */
    ODD_SURROGATE, /* a text with half of a surrogate pair */
    ODD_NO_KEY,    /* the key is missing */
    ODD_TEXT_KEY,  /* the key is a text: "12" */
    ODD_BIG_KEY,   /* the key is beyond 32 bits */
    ODD_ANY,       /* by record, each of the above */
};

struct body_conf {
    enum stamp_format format;
    size_t bytes; /* about this many, from 100; 0: 1.0 to 1.5 KB */
    unsigned odd; /* one record in so many is odd; 0: none */
    enum body_odd odd_kind;
    bool vanish; /* some members are there in some versions only */
    /* Moods of a table, which the truth does not show: */
    bool key_text;       /* keys are strings of digits */
    unsigned deleted_is; /* enum deleted_is (mood.h) */
};

#define BODY_MAX (8u << 20) /* a record is never larger */

/* Adds the record's text to out. Errors are out's. */
enum err_code body_text(const struct body_conf *conf, const struct table *t, const struct rec *rec,
                        struct buf *out) MUST_CHECK;

/* The slice that is the value of an outermost member of a body's text, or false. name must be one
 * that is spelt without escapes. */
bool body_member(const char *text, size_t n, const char *name, const char **value, size_t *len);

/* The same text with line breaks and four blanks an indent, as --pretty sends it. */
enum err_code body_pretty(struct buf *out, const char *text, size_t n, unsigned depth) MUST_CHECK;

#endif

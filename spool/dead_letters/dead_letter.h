/*
 * One dead letter: a record that was set aside, with the reason. The texts belong to whoever fills the
 * struct in.
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_H
#define NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_H

#include "spool/format/page.h"
#include <stddef.h>

enum dead_side {
    DEAD_EXTRACT,
    DEAD_LOAD
};

/* What is listed no more has lost its record's text. Its place stays, for that line is not in the database. */
enum dead_state {
    DEAD_LISTED,
    DEAD_DISMISSED, /* a person has said so; it is known by its hash when it is read again */
    DEAD_OVERTAKEN, /* a newer version of its record went in */
};

struct dead_letter {
    int64_t at;
    const char *reason;   /* a stable word: "nul", "surrogate", "key-missing", "not-an-object",
                             "refused" ... */
    const char *sqlstate; /* "" where the database had no say */
    const char *message;
    const char *file;        /* "" for the extractor, whose line is in no segment */
    struct page_place place; /* of the page it came with */
    uint64_t line;           /* in the segment; for the extractor its number in the page */
    const char *raw;
    size_t raw_len;
    enum dead_state state;
    int64_t state_at; /* since when, where it is not listed */
    uint64_t
        hash; /* of one that was dismissed, dead_letter_hash of what raw was; 0: it was empty */
};

#endif

/*
 * One dead letter: a record that could not be used, with the reason. The texts belong to the code that fills the struct in.
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_H
#define NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_H

#include "spool/format/page.h"
#include <stddef.h>

enum dead_side {
    DEAD_EXTRACT,
    DEAD_LOAD
};

/* A dead letter that is no longer listed has lost its record's text. Its place stays, because that line of the spool is not in
 * the database. */
enum dead_state {
    DEAD_LISTED,
    DEAD_DISMISSED, /* a person has dismissed it; if the record is read again, its hash shows that */
    DEAD_OVERTAKEN, /* a newer version of its record went into the database */
};

struct dead_letter {
    int64_t at;
    const char *reason;   /* a stable word: "nul", "surrogate", "key-missing", "not-an-object",
                             "refused" ... */
    const char *sqlstate; /* "" where the database was not asked */
    const char *message;
    const char *file;        /* "" for the extractor, whose line is in no segment */
    struct page_place place; /* of the record's page */
    uint64_t line; /* in the segment; for the extractor: the element's number in the page */
    const char *raw;
    size_t raw_len;
    enum dead_state state;
    int64_t state_at; /* since when it is no longer listed */
    uint64_t
        hash; /* of a dismissed one: dead_letter_hash of the text that raw was; 0: raw was empty */
};

#endif

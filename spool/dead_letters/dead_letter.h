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
};

#endif

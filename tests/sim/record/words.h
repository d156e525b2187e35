/*
 * The invented vocabulary that records are written with: French, with everything in it that a
 * careless reader of JSON trips over. Telephone numbers are of the ranges kept for fiction, mail
 * addresses end in names kept for examples.
 */
#ifndef NETTY_TESTS_SIM_RECORD_WORDS_H
#define NETTY_TESTS_SIM_RECORD_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum words {
    WORDS_CIVILITY,
    WORDS_FIRST_NAME,
    WORDS_LAST_NAME,
    WORDS_COMPANY,
    WORDS_STREET,
    WORDS_CITY,
    WORDS_SOURCE,
    WORDS_STATUS,
    WORDS_TAG,
    WORDS_KIND,
    WORDS_FEATURE,
    WORDS_SENTENCE,
    WORDS_TITLE,
    WORDS_LISTS
};

/* The pick-th (modulo their number) of the list. */
const char *words_pick(enum words list, uint64_t pick);

#endif

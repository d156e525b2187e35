/*
 * Random numbers that are the same on every run.
 */
#ifndef NETTY_TESTS_UNIT_LOAD_RANDOM_H
#define NETTY_TESTS_UNIT_LOAD_RANDOM_H

#include <stdint.h>

/* xorshift64*; the state is any number but 0. */
static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* 0 <= result < n */
static inline int random_below(uint64_t *state, int n)
{
    return (int)((random_next(state) >> 32) % (uint64_t)n);
}

#endif

/*
 * Randomness that is a function of its seeds and of nothing else: the same numbers on every
 * machine, in every run. A generator is a value on the stack; there is no hidden state.
 */
#ifndef NETTY_TESTS_SIM_BASE_RNG_H
#define NETTY_TESTS_SIM_BASE_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

uint64_t rng_mix(uint64_t a, uint64_t b);     /* one well-stirred number out of two */
uint64_t rng_text(uint64_t a, const char *s); /* ... out of a number and a text */

struct rng rng_seed(uint64_t a, uint64_t b, uint64_t c);
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n);           /* 0 ... n-1; n > 0 */
bool rng_chance(struct rng *r, unsigned k, unsigned of); /* true k times out of `of` */

#endif

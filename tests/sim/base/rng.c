#include "tests/sim/base/rng.h"

/* The finalizer of splitmix64: every input bit reaches every output bit. */
static uint64_t stir(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t rng_mix(uint64_t a, uint64_t b)
{
    return stir(a ^ stir(b));
}

uint64_t rng_text(uint64_t a, const char *s)
{
    for (; *s != '\0'; s++)
        a = stir(a ^ (unsigned char)*s);
    return a;
}

struct rng rng_seed(uint64_t a, uint64_t b, uint64_t c)
{
    return (struct rng){.state = rng_mix(rng_mix(a, b), c)};
}

uint64_t rng_next(struct rng *r)
{
    r->state += UINT64_C(0x9e3779b97f4a7c15);
    return stir(r->state);
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    /* The high half of a product: cheaper than a remainder, and as even as a test could notice. */
    return (uint64_t)((unsigned __int128)rng_next(r) * n >> 64);
}

bool rng_chance(struct rng *r, unsigned k, unsigned of)
{
    return rng_below(r, of) < k;
}

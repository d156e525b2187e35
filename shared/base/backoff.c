#include "shared/base/backoff.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define ASKED_FACTOR 4 /* a server may ask for a longer wait than max_us, but not for days */

/* base x 2^(attempt - 1), at most max. */
static int64_t bound_of(const struct backoff *policy, unsigned attempt)
{
    int64_t bound = policy->base_us;
    for (unsigned i = 1; i < attempt && bound < policy->max_us; i++)
        if (__builtin_mul_overflow(bound, 2, &bound))
            return policy->max_us;
    return bound < policy->max_us ? bound : policy->max_us;
}

int64_t backoff_wait(const struct backoff *policy, unsigned attempt, uint64_t random,
                     int64_t asked_us)
{
    int64_t bound = bound_of(policy, attempt);
    int64_t wait = bound > 0 ? (int64_t)(random % ((uint64_t)bound + 1)) : 0;
    int64_t most = 0;
    if (__builtin_mul_overflow(policy->max_us, ASKED_FACTOR, &most))
        most = INT64_MAX;
    int64_t asked = asked_us < most ? asked_us : most;
    return wait > asked ? wait : asked;
}

/* splitmix64: every seed gives a good sequence, and any machine the same one. */
static uint64_t next_seeded(const char *seed)
{
    static bool started;
    static uint64_t state;
    if (!started)
        state = strtoull(seed, NULL, 10);
    started = true;
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t backoff_random(void)
{
    const char *seed = getenv("NETTY_SEED");
    if (seed != NULL && seed[0] != '\0')
        return next_seeded(seed);
    uint64_t random = 0;
    for (;;) {
        if (getrandom(&random, sizeof random, 0) == (ssize_t)sizeof random)
            return random;
        if (errno == EINTR)
            continue;
        /* Jitter must differ between processes, nothing more; the clock's last digits do. */
        struct timespec now = {0};
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_nsec * UINT64_C(0x9e3779b97f4a7c15);
    }
}

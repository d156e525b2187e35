/*
 * A retry policy as data: exponential, capped, with full jitter (each wait is uniform between 0 and
 * the exponential bound, so that clients that failed together do not come back together), and never
 * sooner than the server asked for.
 */
#ifndef NETTY_SHARED_BASE_BACKOFF_H
#define NETTY_SHARED_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t base_us; /* bound of the first wait */
    int64_t max_us;  /* bound of any wait */
    unsigned tries;  /* retries after the first try */
};

/* The wait before retry `attempt` (1 is the first). random is any uniform 64-bit number; asked_us
 * is the server's Retry-After or 0: the wait is at least that, clamped to max_us x 4. */
int64_t backoff_wait(const struct backoff *policy, unsigned attempt, uint64_t random,
                     int64_t asked_us);

/* Uniform random bits from the kernel; seeded by NETTY_SEED in the environment for tests. */
uint64_t backoff_random(void);

#endif

/*
 * How long to wait before a retry: exponential, capped, with full jitter, and never sooner than the
 * server asked for. Full jitter: each wait is uniform between 0 and the exponential bound, so that
 * clients that failed together do not come back together.
 */
#ifndef NETTY_SHARED_BASE_BACKOFF_H
#define NETTY_SHARED_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t base_us; /* bound of the first wait */
    int64_t max_us;  /* bound of any wait */
    unsigned tries;  /* retries after the first try */
};

/* Returns the wait in microseconds before retry `attempt` (1 is the first). random is any uniform
 * 64-bit number. asked_us is the server's Retry-After, or 0: the wait is at least asked_us, of which
 * no more counts than four times max_us. */
int64_t backoff_wait(const struct backoff *policy, unsigned attempt, uint64_t random,
                     int64_t asked_us);

/* Returns uniform random bits from the kernel. With NETTY_SEED in the environment (tests): a sequence
 * that the seed determines. */
uint64_t backoff_random(void);

#endif

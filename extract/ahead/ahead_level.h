/*
 * How many requests of one table may be open at once: the one for the page whose turn it is, and those for later pages.
 *
 *     ahead_level_init(&l, most);
 *     ahead_level_bound(&l, whole, lost);       // what a kill may lose: when the run begins, and when more is known
 *     ahead_level_took(&l, elapsed);            // after each page that came
 *     ahead_level_right(&l, open);              // the crawl asked for a page that was guessed; `open` requests were open
 *     ahead_level_failed(&l);                   // a request was refused, or failed
 *     ahead_level(&l, requests, unused)         // the number; 1: nothing is requested ahead
 *     ahead_level_spares(&l, at_stake)          // false: a kill would lose too many requests
 *
 * The number is one at first, and grows by one with each right guess, up to `most`. After a refusal or a failure it is one
 * again, until the requests that were open then have ended. It stays one while pages take less than 10 ms, since nothing
 * would be gained, and while more than 2 % of the requests brought nothing that was used. No clock, no network.
 */
#ifndef NETTY_EXTRACT_AHEAD_AHEAD_LEVEL_H
#define NETTY_EXTRACT_AHEAD_AHEAD_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

#define AHEAD_TIMES                                                                                \
    8 /* of the last pages the quickest counts, since the others may have waited for each other */

struct ahead_level {
    unsigned most;
    unsigned now;
    int64_t took[AHEAD_TIMES]; /* microseconds */
    unsigned times;            /* pages so far */
    uint64_t spare;            /* so many requests ahead may be lost by a kill */
};

void ahead_level_init(struct ahead_level *l, unsigned most);
/* Bounds what a kill may lose, which is every request that is open then: 1 % of the crawl's pages over all its runs; while
 * nothing was lost yet, 12 pages or half of `most`, if that is more. whole is about how many pages the crawl has, 0 if
 * unknown; lost is how many requests of earlier runs brought no page. */
void ahead_level_bound(struct ahead_level *l, uint64_t whole, uint64_t lost);
/* Returns true if one more may be requested ahead. at_stake counts pages ahead that are open, or have come and wait for their
 * turn. */
bool ahead_level_spares(const struct ahead_level *l, uint64_t at_stake);
void ahead_level_took(struct ahead_level *l, int64_t elapsed);
void ahead_level_right(struct ahead_level *l, unsigned open);
void ahead_level_failed(struct ahead_level *l);
/* Returns the number. requests counts all that the table's run has made; unused those of them whose page was requested ahead
 * and never used. */
unsigned ahead_level(struct ahead_level *l, uint64_t requests, uint64_t unused);

#endif

/*
 * How many requests of one table may be open at once: the ordinary one, and those for pages that are asked for ahead.
 *
 *     ahead_level_init(&l, most);
 *     ahead_level_bound(&l, whole, lost);       // what may be lost by a kill: as the run begins, and as more is known
 *     ahead_level_took(&l, elapsed);            // each page that came
 *     ahead_level_right(&l, open);              // the crawl asked for what was guessed, while so many were open
 *     ahead_level_failed(&l);                   // a request was refused, or failed
 *     ahead_level(&l, requests, unused)         // 1: nothing ahead
 *     ahead_level_spares(&l, at_stake)          // false: a kill would lose too many
 *
 * It is one at first, grows by one with each guess that was right, up to `most`, and is one again after a refusal or a
 * failure, until what was open then has come. Where pages take less than 10 ms it stays one: asking ahead would gain
 * nothing. So it does while more than 2 % of the requests were made for nothing. No clock, no network.
 */
#ifndef NETTY_EXTRACT_AHEAD_AHEAD_LEVEL_H
#define NETTY_EXTRACT_AHEAD_AHEAD_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

#define AHEAD_TIMES                                                                                \
    8 /* the last pages, of which the quickest counts: the others may have waited for each other */

struct ahead_level {
    unsigned most;
    unsigned now;
    int64_t took[AHEAD_TIMES]; /* microseconds */
    unsigned times;            /* pages so far */
    uint64_t spare;            /* requests for pages ahead that a kill may lose */
};

void ahead_level_init(struct ahead_level *l, unsigned most);
/* whole: pages of the crawl in all, about; 0: nobody knows. lost: requests of the runs before that brought none. What is open
 * when a run is killed is lost. It may be 1 % of the whole over all runs; while nothing
 * was lost yet, 12 pages, or half of `most`, if that is more. */
void ahead_level_bound(struct ahead_level *l, uint64_t whole, uint64_t lost);
/* at_stake: pages ahead that are open, or have come and wait for their turn. */
bool ahead_level_spares(const struct ahead_level *l, uint64_t at_stake);
void ahead_level_took(struct ahead_level *l, int64_t elapsed);
void ahead_level_right(struct ahead_level *l, unsigned open);
void ahead_level_failed(struct ahead_level *l);
/* requests: all that the table's run has made; unused: of these, for pages that were asked for ahead and not taken. */
unsigned ahead_level(struct ahead_level *l, uint64_t requests, uint64_t unused);

#endif

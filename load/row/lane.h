/*
 * Lanes: what lets one table be loaded over several connections with each key's order kept.
 *
 * Every key belongs to one of LANES lanes, for ever. The database keeps how far each lane has been
 * loaded (netty_sync.progress, a row a lane), and a transaction loads some lanes' rows of a batch and
 * moves the same lanes' progress. Most batches are one transaction with all lanes. A large one may be
 * several at a time, each on a connection of its own; since the next batch waits for all of them, and
 * a key has one lane, no key's lines can overtake each other.
 *
 * Where such a batch was interrupted, some lanes are ahead of others. lanes_behind tells what comes
 * next then: the lanes that are furthest behind, up to where the next one is. So a page is loaded
 * once into each lane, whatever was interrupted, and by whomever it is taken up.
 */
#ifndef NETTY_LOAD_ROW_LANE_H
#define NETTY_LOAD_ROW_LANE_H

#include "spool/format/page.h"
#include <stdbool.h>

/* The bookkeeping's rows say which keys are in: neither this number nor lane_of may ever change. */
#define LANES     4u
#define LANES_ALL ((1u << LANES) - 1u)

/* How far a table, or a lane of it, has been loaded: pages up to and with `place`; with line > 0 only
 * that many of its lines. */
struct progress {
    struct page_place place;
    uint64_t line;
    uint64_t
        chain; /* which page that is (spool/journal/journal_codec.h); 0: not known. Not compared */
};
int progress_compare(const struct progress *a, const struct progress *b);

struct lanes {
    struct progress at[LANES];
};

unsigned lane_of(int64_t key);

/* Which lanes (a bit each) come next, from where (*from), and up to where (*until) others are already; true: some are. */
unsigned lanes_behind(const struct lanes *l, struct progress *from, struct progress *until,
                      bool *bounded);
/* The lanes of share i where n connections share all of them. */
unsigned lanes_share(unsigned i, unsigned n);
/* These lanes are there now. */
void lanes_move(struct lanes *l, unsigned which, const struct progress *to);

#endif

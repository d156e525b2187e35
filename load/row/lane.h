/*
 * Lanes divide a table's keys, so that one table can be loaded over several connections while the lines of each key stay in
 * order.
 *
 * Every key belongs to one of LANES lanes, for ever. The database keeps how far each lane has been loaded (netty_sync.progress,
 * one row a lane). A transaction loads some lanes' rows of a batch, and moves the progress of the same lanes. Most batches are
 * one transaction with all lanes. A large batch may be several transactions at a time, each on a connection of its own; a
 * lane's share of the next batch begins only after the same lane's share of this one is in (load/upsert/parallel_upsert.h).
 *
 * After an interruption some lanes may be further than others. lanes_behind then says what comes next: the lanes that are
 * furthest behind, up to where the next lane is. So each page is loaded once into each lane, whatever was interrupted.
 */
#ifndef NETTY_LOAD_ROW_LANE_H
#define NETTY_LOAD_ROW_LANE_H

#include "spool/format/page.h"
#include <stdbool.h>

/* Neither this number nor lane_of may ever change: the rows of netty_sync.progress were written with them. */
#define LANES     4u
#define LANES_ALL ((1u << LANES) - 1u)

/* How far a table or a lane has been loaded: all pages up to and with `place`; if line > 0, only the first `line` lines of the
 * page at `place`. */
struct progress {
    struct page_place place;
    uint64_t line;
    uint64_t
        chain; /* identifies that page (spool/journal/journal_codec.h); 0: not known. progress_compare ignores it */
};
int progress_compare(const struct progress *a, const struct progress *b);

struct lanes {
    struct progress at[LANES];
};

unsigned lane_of(int64_t key);

/* Returns which lanes (a bit each) come next. *from is where they are; if *bounded, other lanes are at *until already. */
unsigned lanes_behind(const struct lanes *l, struct progress *from, struct progress *until,
                      bool *bounded);
/* Returns the lanes of share i, if n connections share all lanes. */
unsigned lanes_share(unsigned i, unsigned n);
/* Moves the progress of these lanes. */
void lanes_move(struct lanes *l, unsigned which, const struct progress *to);

#endif

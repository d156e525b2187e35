/*
 * Places of a list that the API does not give (spool/control/unreadable.h): a record because of which it fails, or sends
 * what nobody can read. Pure data, and how one place is known again.
 *
 * One that is `aside` is known only so that it costs little to pass it by. The others are what a table lacks ("complete
 * but for N records"), and are tried again, less and less often: an hour later, then after twice as long each
 * time, up to a week.
 *
 *     places_open(&p, e);
 *     places_meet(p, &place)          // it failed: a new one, or one that is known
 *     places_neighbours_read(p, …)    // a page was read: what is between its records is no place any more
 *     places_due(p, now)              // one to try again
 *     places_close(p);
 *
 * A place that is closed stays, marked, until the page that closed it is durable (places_sweep).
 */
#ifndef NETTY_EXTRACT_PLACES_PLACES_H
#define NETTY_EXTRACT_PLACES_PLACES_H

#include "shared/base/err.h"
#include "spool/control/unreadable.h"

#define PLACE_FIRST     (INT64_C(3600) * 1000000) /* to the first try again */
#define PLACE_LONGEST   (INT64_C(7) * 86400 * 1000000)
#define PLACES_BY_KEY   1u /* as enum crawl_sort */
#define PLACES_KEY_DOWN 2u

struct places {
    struct place *at;
    size_t n;
    size_t room;
    bool changed; /* since it was read, or last written */
};

enum err_code places_open(struct places **p, struct err *e) MUST_CHECK;
void places_close(struct places *p);

/* NULL: it is full, or there is no memory. */
struct place *places_add(struct places *p, const struct place *place);
/* now: the clock, or 0. The place as it is known from now on; NULL as above. */
struct place *places_meet(struct places *p, const struct place *met, int64_t now);
/* The first place that is known to lie there; NULL: none. */
struct place *places_within(const struct places *p, const struct place *list, uint64_t offset,
                            uint64_t limit);
/* Likewise of a list by time, where so many records are known to come before. */
struct place *places_by_ordinal(const struct places *p, uint64_t from, uint64_t limit);
/* A page was read; key: of a record on it. */
void places_key_read(struct places *p, int64_t key);
void places_neighbours_read(struct places *p, unsigned sort, uint64_t before, uint64_t after);
void places_shut(struct places *p, struct place *place);
void places_tried(struct places *p, struct place *place, int64_t now, const char *said);
struct place *places_due(const struct places *p, int64_t now);
void places_sweep(struct places *p); /* drops what is closed */
/* What nothing is lacking for is forgotten after PLACE_LONGEST: no run comes by there any more. */
void places_forget(struct places *p, int64_t now);

/* Records that the table lacks. */
uint64_t places_lacking(const struct places *p);
uint64_t places_fresh(const struct places *p);

#endif

/*
 * Places of a list that the API does not give (spool/control/unreadable.h): a record because of which it fails, or sends
 * what nobody can read. Pure data, and how one place is known again.
 *
 * Those that are not `aside` are what a table lacks ("complete but for N records"); the bytes of the others lie among the
 * dead letters. All are tried again, less and less often, for the server may mend them without an edit that would show them:
 * an hour later, then after twice as long each time, up to a week. Pages are asked for around all but those `within`.
 *
 *     places_open(&p, e);
 *     places_meet(p, &place)          // it failed: a new one, or one that is known
 *     places_note(p, &place)          // the same, of one that came with its page, malformed
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

/* A number times this changes all bits of an identity that it is added to. */
#define PLACES_MIX      UINT64_C(0x9e3779b97f4a7c15)
#define PLACE_FIRST     (INT64_C(3600) * 1000000) /* to the first try again */
#define PLACE_LONGEST   (INT64_C(7) * 86400 * 1000000)
#define PLACES_NOTED    (PLACES_MAX / 4 * 3) /* of those `within`: the others have the rest */
#define PLACES_BY_KEY   1u                   /* as enum crawl_sort */
#define PLACES_KEY_DOWN 2u

struct places {
    struct place *at;
    size_t n;
    size_t room;
    bool changed; /* since it was read, or last written */
    size_t
        noted; /* likewise, of those `within`: what a kill loses of them is what it lost to have them tried again */
};

enum err_code places_open(struct places **p, struct err *e) MUST_CHECK;
void places_close(struct places *p);

/* NULL: it is full, or there is no memory. */
struct place *places_add(struct places *p, const struct place *place);
/* now: the clock, or 0. The place as it is known from now on; NULL as above. */
struct place *places_meet(struct places *p, const struct place *met, int64_t now);
/* place->within. NULL: there is no room for it; nothing is lost by that but that it is tried again. known: the place
 * that it is for certain; NULL: that is looked for. */
struct place *places_note(struct places *p, const struct place *place, struct place *known,
                          int64_t now);
/* Is the list to be written before the page is kept? Those that were noted wait until they are a sixteenth of it. */
bool places_unsaved(const struct places *p);
/* The first place that is known to lie there; NULL: none. */
struct place *places_within(const struct places *p, const struct place *list, uint64_t offset,
                            uint64_t limit);
/* Likewise of a list by time, where so many records are known to come before. */
struct place *places_by_ordinal(const struct places *p, uint64_t from, uint64_t limit);
/* The one behind this version. */
struct place *places_behind(const struct places *p, unsigned sort, uint64_t before);
/* More records are known in the other order than in this one. */
bool places_elsewhere(const struct places *p, unsigned sort);
/* A page was read; key: of a record on it, which is none that is set aside. */
void places_key_read(struct places *p, int64_t key);
void places_neighbours_read(struct places *p, unsigned sort, uint64_t before, uint64_t after);
void places_shut(struct places *p, struct place *place);
/* There is no such list: what this run met in it are no places, and those by time count again. */
void places_disown(struct places *p, unsigned sort, const char *from, const char *equal);
/* The page is kept. Else what it showed did not come: the places that it closed are open again. */
void places_settle(struct places *p, bool kept);
void places_tried(struct places *p, struct place *place, int64_t now, const char *said);
/* early: one that is not due, and was not tried at `now`, will do. */
struct place *places_due(const struct places *p, int64_t now, bool early);
void places_sweep(struct places *p); /* drops what is closed */

/* Records that the table lacks. */
uint64_t places_lacking(const struct places *p);
uint64_t places_fresh(const struct places *p);

#endif

/*
 * The known places of a table: positions in a list whose record the API does not give, since it fails on that record, or
 * sends bytes that nobody can read (spool/control/unreadable.h). Pure data, and the rules by which a place is recognized.
 *
 * The bytes of the places that are `aside` are among the dead letters; the others are what the table lacks ("complete but for
 * N records"). All places are tried again, since the server may mend a record without an edit that would show it: an hour
 * later, then after twice as long each time, up to a week. Pages are asked for around the known places, except for those
 * `within`, whose malformed record came with its page.
 *
 *     places_open(&p, e);
 *     places_meet(p, &place, now)     // a place failed: adds it, or finds the known one
 *     places_note(p, &place, …)       // the same for a malformed record that came with its page
 *     places_neighbours_read(p, …)    // two records follow each other on a page: no place is between them any more
 *     places_due(p, now, …)           // a place to try again
 *     places_close(p);
 *
 * A closed place stays in the list, marked, until the page that closed it is durable (places_sweep).
 */
#ifndef NETTY_EXTRACT_PLACES_PLACES_H
#define NETTY_EXTRACT_PLACES_PLACES_H

#include "shared/base/err.h"
#include "spool/control/unreadable.h"

/* An odd multiplier for hashing: a small number times this, added to an identity, changes all its bits. */
#define PLACES_MIX      UINT64_C(0x9e3779b97f4a7c15)
#define PLACE_FIRST     (INT64_C(3600) * 1000000) /* to the first try again */
#define PLACE_LONGEST   (INT64_C(7) * 86400 * 1000000)
#define PLACES_NOTED    (PLACES_MAX / 4 * 3) /* places `within` at most; the rest is for the others */
#define PLACES_BY_KEY   1u                   /* the values of enum crawl_sort */
#define PLACES_KEY_DOWN 2u

struct places {
    struct place *at;
    size_t n;
    size_t room;
    bool changed; /* since the list was read or last written */
    size_t
        noted; /* places `within` that were added or moved since then; a kill may lose them, and then they are not tried again */
};

enum err_code places_open(struct places **p, struct err *e) MUST_CHECK;
void places_close(struct places *p);

/* Returns NULL if the list is full, or there is no memory. */
struct place *places_add(struct places *p, const struct place *place);
/* Returns the place as it is known from now on; NULL as above. now is the clock, or 0. */
struct place *places_meet(struct places *p, const struct place *met, int64_t now);
/* For a place with place->within. Returns NULL if there is no room for it; it is then not tried again, and nothing else is
 * lost. known: the place that this is for certain; NULL: it is looked for. */
struct place *places_note(struct places *p, const struct place *place, struct place *known,
                          int64_t now);
/* Returns true if the list must be written before the page is kept. Places `within` wait until they are a sixteenth of the
 * list. */
bool places_unsaved(const struct places *p);
/* Returns the first place known to lie on the page of this list at offset; NULL: none. */
struct place *places_within(const struct places *p, const struct place *list, uint64_t offset,
                            uint64_t limit);
/* Likewise for a list by time, if it is known that `from` records come before the page. */
struct place *places_by_ordinal(const struct places *p, uint64_t from, uint64_t limit);
/* Returns the place behind the record with this identity; NULL: none. */
struct place *places_behind(const struct places *p, unsigned sort, uint64_t before);
/* Returns true if more places are known in the other order than in this one. */
bool places_elsewhere(const struct places *p, unsigned sort);
/* Tells that a page had a good record with this key. */
void places_key_read(struct places *p, int64_t key);
void places_neighbours_read(struct places *p, const struct place *list, uint64_t before,
                            uint64_t after);
void places_shut(struct places *p, struct place *place);
/* Tells that there is no such list: the places that this run met in it are dropped, and those by time count again. */
void places_disown(struct places *p, unsigned sort, const char *from, const char *equal);
/* Tells whether the page was kept. If not, the places that it closed are open again. */
void places_settle(struct places *p, bool kept);
void places_tried(struct places *p, struct place *place, int64_t now, const char *said);
/* Returns a place that is due; NULL: none. early: also one that is not due yet and was not tried at `now`. */
struct place *places_due(const struct places *p, int64_t now, bool early);
void places_sweep(struct places *p); /* drops what is closed */

/* Returns how many records the table lacks, and how many of them are new in this run. */
uint64_t places_lacking(const struct places *p);
uint64_t places_fresh(const struct places *p);

#endif

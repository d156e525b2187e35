/*
 * Places in a table's list whose records the API does not give: <table>/unreadable.json. The extractor writes the file, and
 * tries the places again; the status reads it to say how complete the table is.
 *
 *     unreadable_read(spool, "contacts", each, ctx, e);   // no file: none; ERR_DAMAGED: after the places before the damage
 *     unreadable_write(spool, "contacts", at, n, e);      // replaces the file whole; durable on return
 *     unreadable_count(spool, "contacts", &count, e);     // in a damaged file: the places before the damage
 *
 * A place lies between two records that the API did give, after the place itself had failed. A place is `aside` when its bytes
 * came and are among the dead letters (`within`: and its page did not fail for it). The same record can be met at two places,
 * once in the list by time and once in the list by key; `twins` is how many of a place's records are those of other places, by
 * all that is known. The rest is what the table lacks.
 */
#ifndef NETTY_SPOOL_CONTROL_UNREADABLE_H
#define NETTY_SPOOL_CONTROL_UNREADABLE_H

#include "spool/store/spool.h"
#include <stdbool.h>

#define UNREADABLE_FILE "unreadable.json"
#define PLACES_MAX      4096u /* of a table */
#define PLACE_TEXT      40    /* a time as sent, a filter's value */
#define PLACE_SAID      201

/* A record beside a place. */
struct place_side {
    bool there;  /* false: the list begins, or ends, here */
    uint64_t id; /* of this version of the record */
    bool keyed;
    int64_t key;
    char time[PLACE_TEXT]; /* as sent, or "" */
};

struct place {
    struct place_side before;
    struct place_side after;
    unsigned count; /* records between them, mostly 1 */
    /* Where the place was last met: the list, and the offset in it. */
    unsigned sort;          /* the list's order: 0: by time, 1: by key, 2: by key downward */
    char from[PLACE_TEXT];  /* the value of the list's lower bound, or "" */
    char equal[PLACE_TEXT]; /* the value of the list's equality filter, or "" */
    uint64_t offset;
    uint64_t ordinal; /* among the records that runs by time kept; 0: not known */
    int64_t since;    /* when it first failed; microseconds */
    int64_t tried;    /* when it was last tried */
    unsigned tries;   /* how often, since then */
    int64_t due;      /* when it will be tried again */
    bool aside;
    bool within;    /* ... and its page comes all the same, so that its neighbours cost nothing */
    bool doubtful;  /* it is not proven that the place holds no other records */
    unsigned twins; /* how many of its records are those of other places; at most count */
    bool keyed;     /* the record's own key is known: */
    int64_t key;
    char said[PLACE_SAID]; /* what the server said, or what was wrong */
    /* The following are of the current run, and not in the file. */
    bool fresh;       /* met for the first time */
    bool told;        /* ... but not new: it was known in another order of the list */
    int64_t latest;   /* an upper bound of its time; WHEN_NONE: not known */
    int64_t earliest; /* a time that its record stands behind; WHEN_NONE: not known */
    bool closed;      /* it became readable, or has gone */
    bool closing;     /* ... as the current page shows */
    bool lost;        /* not where it was: it is not looked for there again */
};

typedef enum err_code unreadable_fn(void *ctx, const struct place *place, struct err *e);
enum err_code unreadable_read(const struct spool *s, const char *table, unreadable_fn *each,
                              void *ctx, struct err *e) MUST_CHECK;
enum err_code unreadable_write(const struct spool *s, const char *table, const struct place *at,
                               size_t n, struct err *e) MUST_CHECK;

/* Returns how many records the table lacks because of the place. */
static inline unsigned place_lacks(const struct place *p)
{
    return p->aside || p->twins >= p->count ? 0 : p->count - p->twins;
}

struct unreadable_count {
    uint64_t records; /* records that the table lacks */
    int64_t since;    /* since when it lacks the first of them; WHEN_NONE: it lacks none */
};
enum err_code unreadable_count(const struct spool *s, const char *table,
                               struct unreadable_count *count, struct err *e) MUST_CHECK;

#endif

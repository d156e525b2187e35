/*
 * Places of a table's list that the API does not give: <table>/unreadable.json. Written by the extractor, which tries them
 * again; read by who tells how complete a table is.
 *
 *     unreadable_read(spool, "contacts", each, ctx, e);   // no file: none; ERR_DAMAGED: those before the damage
 *     unreadable_write(spool, "contacts", at, n, e);      // whole; durable on return
 *     unreadable_count(spool, "contacts", &count, e);     // of a damaged file those before the damage
 *
 * A place lies between two records that were answered after it had failed. It is `aside` where its bytes came and lie among
 * the dead letters (`within`: without its page having failed); `twins` of its records are, by all that is known, those of other places (met in the order of keys,
 * too); the others are what the table lacks.
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
    bool there;  /* else it is the list's beginning, or end */
    uint64_t id; /* of the version */
    bool keyed;
    int64_t key;
    char time[PLACE_TEXT]; /* as sent, or "" */
};

struct place {
    struct place_side before;
    struct place_side after;
    unsigned count; /* records between them, mostly 1 */
    /* Where it was seen last: the list, and the offset in it. */
    unsigned sort;          /* 0: by time, 1: by key, 2: by key downward */
    char from[PLACE_TEXT];  /* the filter's value, or "" */
    char equal[PLACE_TEXT]; /* likewise */
    uint64_t offset;
    uint64_t ordinal; /* among the records that runs by time kept; 0: not known */
    int64_t since;    /* microseconds */
    int64_t tried;    /* last, */
    unsigned tries;
    int64_t due; /* and when it is again */
    bool aside;
    bool within;    /* ... and pages with it come all the same: it costs its neighbours nothing */
    bool doubtful;  /* nothing has proven yet that no other record is among them */
    unsigned twins; /* so many of its records are those of other places; at most count */
    bool keyed;     /* the record's own key could be made out: */
    int64_t key;
    char said[PLACE_SAID]; /* what the server said, or what was wrong */
    /* In the run that is under way; not in the file. */
    bool fresh;     /* met for the first time */
    bool told;      /* ... but it is no news: it was known in another order */
    int64_t latest; /* the time that it cannot be later than; WHEN_NONE: not known */
    bool closed;    /* readable, or gone */
    bool closing;   /* ... as the page at hand shows */
    bool lost;      /* not where it was: it is not looked for there again */
};

typedef enum err_code unreadable_fn(void *ctx, const struct place *place, struct err *e);
enum err_code unreadable_read(const struct spool *s, const char *table, unreadable_fn *each,
                              void *ctx, struct err *e) MUST_CHECK;
enum err_code unreadable_write(const struct spool *s, const char *table, const struct place *at,
                               size_t n, struct err *e) MUST_CHECK;

/* Records that the table lacks because of it. */
static inline unsigned place_lacks(const struct place *p)
{
    return p->aside || p->twins >= p->count ? 0 : p->count - p->twins;
}

struct unreadable_count {
    uint64_t records; /* that the table lacks */
    int64_t since;    /* the oldest of them; WHEN_NONE: there is none */
};
enum err_code unreadable_count(const struct spool *s, const char *table,
                               struct unreadable_count *count, struct err *e) MUST_CHECK;

#endif

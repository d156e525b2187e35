/*
 * A small table behind a small API, for the crawl's model test: records in their list, edits that
 * move them, and the ways in which such an API may show times and read filters. Nothing here knows
 * of the crawl.
 */
#ifndef NETTY_TESTS_MODEL_WORLD_H
#define NETTY_TESTS_MODEL_WORLD_H

#include "shared/time/when.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORLD_MAX  256
#define WORLD_FROM (INT64_C(1715595753) * WHEN_SECOND) /* the clock at the beginning */

struct rng {
    uint64_t state;
};
uint64_t rng_next(struct rng *r);
unsigned rng_below(struct rng *r, unsigned n); /* 0 ... n - 1 */
bool rng_chance(struct rng *r, unsigned percent);

enum world_form {
    FORM_API,
    FORM_SPACE,
    FORM_T,
    FORM_OFFSET,
    FORM_MICROS,
    FORMS
};

/* In which order records of one time come. */
enum world_ties {
    TIES_BY_KEY,
    TIES_DRAWN, /* anew for each request */
    TIES_TOP_N  /* by limit and offset together, as PostgreSQL's top-N sort has it */
};
/* What the API makes of a form that not every API has. */
enum world_form_kind {
    FORM_WORKS,
    FORM_IGNORED,
    FORM_REFUSED,
    FORM_KINDS
};
enum world_count {
    COUNT_TOTAL,
    COUNT_PAGE,
    COUNT_ABSENT,
    COUNTS,
    COUNT_VISIBLE = COUNTS, /* of those that match the key may see so many */
    COUNT_ALL,              /* in the table, whatever is asked for */
    COUNT_STALE,            /* the total of some requests ago */
    COUNT_ROUND,            /* an estimate */
    COUNT_KINDS
};

/* What a record does that the API does not give. */
enum world_bad {
    BAD_FAILS,  /* any page with it fails: 500, or a body cut short */
    BAD_HANGS,  /* the same, by a time-out */
    BAD_TEXT,   /* the same, by its text; asked for alone, its bytes are there */
    BAD_WITHIN, /* its text is no JSON; its neighbours come all the same */
    BAD_KINDS
};

struct world_conf {
    unsigned records;     /* at the beginning */
    unsigned timeless;    /* of them without a time */
    bool timeless_last;   /* else first */
    unsigned ties;        /* percent of records that share the time of the one before */
    unsigned dense;       /* percent of the others that follow within seconds */
    enum world_form form; /* how times are written */
    bool fine;            /* the list orders by milliseconds, of which only seconds are shown */
    int64_t shown;        /* times are shown this much later than they are */
    int64_t fold;         /* from this time on they are shown an hour earlier; or WHEN_NONE */
    int64_t read;         /* filters are read this much later */
    bool daily;           /* filters compare days only, as text in two forms does */
    unsigned garbled;     /* every so many-th record shows a time that nobody can read; 0: none */
    unsigned cap;         /* the API's own page size; 0: none */
    enum world_ties order;
    unsigned hidden;               /* percent of the records that are left out of each page */
    unsigned block;                /* so many neighbours more are: a private import */
    bool births;                   /* new records have no time until they are edited */
    enum world_form_kind by_key;   /* sort=KEY:asc and :desc */
    enum world_form_kind by_equal; /* filters=time_modified:equal:T */
    enum world_count count_is;
    unsigned rush;   /* so many records are edited before each request, all the time */
    unsigned tick;   /* seconds that pass before each request */
    bool other_name; /* the key's name is known only once a page has shown it */
    bool forgets;    /* leaves every seventh place of the list out: what must be found */
    bool ignores_filter;
    bool ignores_offset;
    unsigned future; /* records with a time in 2099 */
    unsigned soon;   /* records with a time tomorrow or the day after */
    unsigned bad;    /* percent of the records that are not given */
    unsigned one;    /* exactly this one is not, from 1; 0: none */
    enum world_bad bad_is;
    unsigned above; /* larger pages than this fail; 0: none do */
    uint64_t seed;
};

struct world_record {
    bool alive;
    bool reserved; /* its key is taken, and it is not there yet */
    bool hidden;   /* from the key that asks */
    bool bad;      /* it is not given */
    bool timed;
    int64_t time;     /* as the list orders it */
    unsigned version; /* from 1 */
    uint64_t changed; /* world.steps when it became what it is */
    int64_t visible;  /* the clock then */
    bool late;        /* became visible later than its time */
};

struct world {
    struct world_conf conf;
    struct world_record records[WORLD_MAX];
    unsigned count;
    unsigned short list[WORLD_MAX]; /* indices in the list's order */
    unsigned length;
    int64_t clock;
    uint64_t steps;
    uint64_t draws; /* requests so far */
    int64_t stale;  /* the count of before */
    bool blank;     /* world_is_blank, at some request */
    bool mended;    /* what was bad is given */
};

enum world_sort {
    SORT_TIME,
    SORT_KEY,
    SORT_KEY_DOWN
};
struct world_request {
    const char *after; /* "": no filter */
    const char *equal;
    enum world_sort sort;
    uint64_t offset;
    unsigned limit;
};
struct world_answer {
    bool refused;
    int64_t count; /* -1: none */
    size_t n;
    unsigned short records[256];
};

void world_init(struct world *w, const struct world_conf *conf);
void world_edit(struct world *w, unsigned record); /* any number; nothing when it is gone */
void world_delete(struct world *w, unsigned record);
void world_insert(struct world *w, int64_t late);
void world_pass(struct world *w, int64_t time);

/* Some page, and those 1, 2 and 4 ... pages behind it that a crawl looks at where nothing has shown yet that records are hidden,
 * show nothing, though the list goes on: such a crawl cannot but take that for the end. */
bool world_is_blank(const struct world *w, unsigned limit);

void world_list(struct world *w, const struct world_request *request, struct world_answer *out);
/* The time as the API shows it; "" for none. */
const char *world_show(const struct world *w, unsigned record, char out[WHEN_TEXT]);
/* Is the record given? */
bool world_gives(const struct world *w, unsigned record);
bool world_garbled(const struct world *w, unsigned record);
int64_t world_shown(const struct world *w, unsigned record); /* the same as the crawl reads it */

#endif

/*
 * One history of the crawl's model test: a world, several runs over it, and what happens between
 * their requests. It is made from a number, can be played any number of times with the same end,
 * and be made smaller while it still fails.
 *
 * What must hold, whatever happens (history_play finds where it does not):
 *  - a run that has come to its end has kept every version that was there when it began, or says that nothing proves it:
 *    only where nothing can, or where requests that failed by chance kept it from that, and then until a run in silence;
 *  - what changed during a run is kept by it or the next one: after a last run in silence the
 * spool's newest versions are the world's;
 *  - "complete up to" never claims what is not kept;
 *  - none of this depends on the order in which the API made its answers: of the pages that are asked for ahead, each as the
 *    list was then, some fail, and events come between them;
 *  - records that are not given, and pages that fail above a size, keep no other record away, though a run may be given up
 *    or call itself unproven for them. Where nothing else happens, and the API sorts by key, one such record comes by itself
 *    once it is mended, and costs at most 75 requests a run, and where filters are read as times are shown 28 at most, 2 for
 *    each page that it stands on, and 12 where its group of equal times is read by key;
 *  - every run ends within a bounded number of requests, and no honest API is called broken.
 */
#ifndef NETTY_TESTS_MODEL_HISTORY_H
#define NETTY_TESTS_MODEL_HISTORY_H

#include "tests/model/world.h"
#include <stdio.h>

#define HISTORY_EVENTS 48
#define HISTORY_RUNS   6
#define HISTORY_AHEAD  6 /* HELD_MAX */

enum event_type {
    EVENT_EDIT, /* record a */
    EVENT_BULK, /* records a ... a + b in one second */
    EVENT_INSERT,
    EVENT_LATE,    /* a record becomes visible b seconds after its time */
    EVENT_DELETE,  /* record a */
    EVENT_PASS,    /* b seconds */
    EVENT_FAIL,    /* the request fails after some records */
    EVENT_TIMEOUT, /* the same, and the page size halves */
    EVENT_KILL,    /* the program dies and is started again */
    EVENT_STOP,    /* the run is left, the next one goes on */
    EVENT_TYPES
};

struct event {
    unsigned at; /* before the request of this number, counted over all runs */
    enum event_type type;
    unsigned a;
    unsigned b;
};

enum history_start {
    START_FULL,
    START_SINCE,
    START_FLOOR
};
enum history_clock {
    CLOCK_DATE,
    CLOCK_LOCAL,
    CLOCK_NONE
};

struct history {
    uint64_t seed;
    struct world_conf world;
    unsigned limit[HISTORY_RUNS]; /* page size of each run */
    bool by_time;                 /* crawl_conf.by_time */
    unsigned ahead;               /* so many pages may be asked for before it is their turn */
    unsigned mends;               /* the run before which what was bad is mended; 0: none */
    unsigned watch;               /* a record, from 1; 0: none */
    bool lone;                    /* what the record costs is not bounded, but counted */
    unsigned full;                /* the run that is told to read everything; 0: none */
    int64_t overlap;
    int64_t margin;
    enum history_clock clock;
    enum history_start start;
    int64_t from; /* since or floor */
    unsigned runs;
    int64_t gap[HISTORY_RUNS];  /* before each run */
    int64_t read[HISTORY_RUNS]; /* how filters are read from then on */
    struct event events[HISTORY_EVENTS];
    unsigned event_count;
};

struct history_result {
    char violation[256]; /* "" when all held */
    unsigned requests;
    unsigned worst; /* requests of the longest run */
    unsigned quiet; /* requests of the second run in silence */
    unsigned retakes;
    unsigned pages;
    unsigned unproven; /* runs that ended so */
    unsigned blank;    /* runs that ended in a world where nothing shows that records are hidden */
    unsigned taken;    /* pages that were asked for before it was their turn, and kept */
    unsigned run[HISTORY_RUNS + 2]; /* requests of each */
    unsigned met[HISTORY_RUNS + 2]; /* answers of each that had the watched record, */
    bool grouped[HISTORY_RUNS + 2]; /* ... some of them among the records of one time */
    bool knew[HISTORY_RUNS + 2];    /* before the run it was known that a record is not given, */
    bool still[HISTORY_RUNS +
               2]; /* ... and where; the run found it there, and tried it no more than that */
    bool priced;   /* `more` is set: */
    int more[HISTORY_RUNS +
             2]; /* requests of each run beyond those of the same one without the record */
};

/* What one record that is not given costs, over many histories (history_make_lone). */
struct history_costs {
    unsigned met; /* runs that met it for the first time, */
    unsigned met_above,
        met_worst;  /* ... of which so many cost more than COSTS_MET; the greatest costs */
    unsigned known; /* runs that found it where it was known, */
    unsigned known_above,
        known_worst; /* ... of which so many cost more than COSTS_KNOWN; the greatest costs */
};
#define COSTS_MET   24
#define COSTS_KNOWN 2

void history_make(struct history *h, uint64_t seed);
/* Another one: a small table of which much is not given, with equal times, and often no order by key. There a page that is put
 * together proves the least. */
void history_make_lacking(struct history *h, uint64_t seed);
/* Another one: one record is not given, and nothing else happens. Mostly filters are read as times are shown. */
void history_make_lone(struct history *h, uint64_t seed);
/* Adds what the history's runs have cost. It must be one of history_make_lone. */
void history_costs_add(struct history_costs *costs, const struct history_result *r);
void history_happen(const struct event *ev,
                    struct world *w); /* nothing, where it concerns the program alone */
void history_play(const struct history *h, struct history_result *r);
void history_trace(const struct history *h, FILE *out); /* plays it and tells every step */
void history_shrink(struct history *h);
bool history_honest(const struct history *h);
/* Nothing keeps the crawl from proving that it is complete. */
bool history_provable(const struct history *h);
/* Nobody can read a list of which places are drawn anew and some are hidden, but by key. */
bool history_readable(const struct history *h);
void history_print(const struct history *h, FILE *out);

#endif

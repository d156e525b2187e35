/*
 * What plays a history of the crawl's model test (history.h): the world, the crawl, and what a database would have by now.
 * Shared by play.c, which plays, and checks.c, which finds where something does not hold.
 */
#ifndef NETTY_TESTS_MODEL_PLAYER_H
#define NETTY_TESTS_MODEL_PLAYER_H

#include "shared/base/err.h"
#include "tests/model/history.h"
#include "tests/model/reply.h"

#define NEVER UINT64_MAX

struct player {
    const struct history *h;
    struct history_result *result;
    FILE *trace;
    struct world world;
    struct zone *zone;
    struct crawl *crawl;
    struct buf position;
    bool positioned;
    unsigned kept[WORLD_MAX]; /* the version that the database would have */
    int64_t kept_time[WORLD_MAX];
    struct places *places; /* what the crawl knows of records that are not given, */
    struct place *saved;   /* and what is on disk of that */
    size_t saved_n;
    struct reply_record page[4 * REPLY_MAX]; /* the page that was begun */
    size_t page_n;
    bool page_open;
    unsigned attempt;          /* failures in a row; */
    bool by_chance;            /* one of them had no cause */
    unsigned alone[WORLD_MAX]; /* such failures of the record, asked for alone, since it came */
    struct held held;          /* answers to what was asked for ahead */
    struct rng order;          /* in which requests are made */
    unsigned requests;         /* over all runs */
    unsigned in_run;
    unsigned made; /* runs */
    unsigned run;
    bool everything;  /* the run is one from the beginning */
    bool open;        /* a run is under way, perhaps over several starts */
    uint64_t begin;   /* world.steps when it began */
    int64_t complete; /* the last claim */
    bool begun;       /* and has kept a page */
    bool quiet;       /* nothing happens any more */
    bool fail, timeout, kill, stop;
    bool killed, stopped; /* while something was asked for ahead */
    bool timeless;        /* a record without a time was shown */
    bool unproven;        /* the last run that ended, or came to none */
    bool noticed;         /* that records are hidden */
    bool otherwise;       /* by chance the run had to do without some list, */
    bool owes;            /* and is unproven for that: a later one makes good for it */
};

/* Into the trace, where there is one. */
void player_tell(struct player *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Something does not hold. The first of a history is kept. */
void player_violated(struct player *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Nothing shows that records are hidden: the only world in which a list is taken for ended that is not, so that
 * neither is checked. */
bool player_is_blank(const struct player *p);
/* By chance the record failed as often as one that is not given, and is counted as such ("complete but for N"). It comes once
 * it is tried again. */
bool player_is_excused(const struct player *p, unsigned record);
bool player_excuses(const struct player *p);
/* Every version that was there before step `begin` is kept. */
void player_check_kept(struct player *p, uint64_t begin, const char *when);
/* "Complete but for N records": no more of them are lacking. */
void player_check_lacking(struct player *p, uint64_t lacking);
void player_check_claim(struct player *p, int64_t complete, bool end);
/* Records without a time are claimed to be kept as of some look. */
void player_check_births(struct player *p, int64_t births_to);

/* trouble.c: as table_fetch_trouble.c and fetched_page.c have it. */
void player_places_open(struct player *p);
/* ended: the run has come to its end, or was left in order. */
void player_places_save(struct player *p, bool ended);
void player_places_close(struct player *p);
/* A number that is another one once a place was met elsewhere, or tried. */
uint64_t player_places_sum(const struct player *p);
void player_page_begin(struct player *p, const struct crawl_request *request);
void player_page_add(struct player *p, const struct reply *reply);
void player_page_discard(struct player *p);
/* The request failed. False: the run is given up. */
bool player_failed(struct player *p, const struct reply *reply, bool hangs);
/* Some records, or pages, are not given: a run may be given up, or end unproven. The next one goes on. */
bool player_lacks(const struct player *p);
/* Once what was bad is mended, it comes, sooner or later. run: makes one. */
void player_mend(struct player *p, void (*run)(struct player *p));
/* costs.c: what the one record that is not given has cost. */
void player_check_costs(struct player *p, const struct history_result *without);

#endif

/*
 * Takes a page apart that cannot be had: finds which place of the page is the cause, and fetches the page without it. A pure
 * state machine: it is told what came of each request, and says the next one. Its states, in which "the cause" is the place:
 *
 *   SEARCH   requests pages from the same offset on, of half as many places each time. A page of `low` places is answered, and
 *            one of `high` places fails, until the cause is the place behind the first `low`.
 *   ALONE    requests the cause alone, four times together with AGAIN: more often if failures have passed by themselves, once less
 *            if a record is known to fail in another order. If it is answered: CONFIRM requests the page up to and with this
 *            place once more. If that fails again and again, pages are too large (STEP_PLAIN, of `size`); else the failure has
 *            passed.
 *   BEFORE   requests the page up to the cause.
 *   BEHIND   requests what is behind the cause. If that fails, the next place is requested ALONE, since it may be a cause, too;
 *            otherwise the page is requested smaller.
 *   AGAIN    requests the cause again. It must still fail, twice in a row if its bytes do not come. If it had left the list, its
 *            neighbour would stand in its place and be missed; and one failure may be that neighbour's, by chance.
 *   STILL    requests what is before the cause, which must be as it was: if something had left the list there, a record would be
 *            missed in the same way. For a list's first place, what is behind the cause must be as it was.
 *
 * BEFORE and BEHIND together are the page, with the places in between stepped over. STILL is answered last, which shows that the
 * API was there while the cause failed. If a state does not come out as it must, all begins anew at BEFORE; after STEP_ROUNDS_MAX
 * rounds the result is STEP_LOST.
 *
 * A known place that stands between its known neighbours needs BEFORE and BEHIND only, since nothing else can be between the two.
 * Where these are its neighbours in another order of the list, it must fail AGAIN, twice, before BEHIND.
 * At a list's end, or if the list grows at its beginning, a good record may have come in place of one that is gone: there
 * the place must fail AGAIN, once, before BEHIND.
 */
#ifndef NETTY_EXTRACT_PLACES_STEP_OVER_H
#define NETTY_EXTRACT_PLACES_STEP_OVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STEP_ALONE_TRIES 4 /* of ALONE and AGAIN together */
#define STEP_ALONE_MORE  10
#define STEP_TRIES       2 /* of a request that was answered before, or that decides about sizes */
#define STEP_GAP_MAX     400 /* places stepped over in a row; known ones may count (step_over.c) */
#define STEP_ROUNDS_MAX  4

enum step_state {
    STEP_NONE,
    STEP_SEARCH,
    STEP_ALONE,
    STEP_CONFIRM,
    STEP_BEFORE,
    STEP_BEHIND,
    STEP_AGAIN,
    STEP_STILL
};

enum step_result {
    STEP_ON,    /* make the next request */
    STEP_SAME,  /* make the same request once more */
    STEP_PLAIN, /* nothing is stepped over: request an ordinary page of `size` places */
    STEP_TAKEN, /* what BEFORE and BEHIND brought is the page */
    STEP_LOST   /* given up: the list moves too fast, or has no order */
};

struct step_request {
    uint64_t offset;
    unsigned limit;
    bool goes_on; /* the answer is the page's second part */
    bool looks;   /* the answer's records belong to no page */
    bool alone;   /* for the place that seems to be the cause */
};

/* What is known of a place that is stepped over. */
struct step_gap {
    bool seen; /* its bytes came */
    bool keyed;
    int64_t key;
    uint64_t identity;
    char time[40]; /* as sent, or "" */
};

/* What an answer showed. */
struct step_facts {
    uint64_t n;
    uint64_t sum; /* of the versions in their order */
    uint64_t first;
    uint64_t last;
};

struct step {
    enum step_state state;
    uint64_t offset; /* of the page */
    unsigned limit;  /* its size */
    bool pinned;     /* the page may begin with the cause */
    bool forced;     /* nothing is proven in any case, so AGAIN and STILL need not succeed */
    bool expected;   /* a record that was met in another order must be met in this one, too */
    unsigned passed; /* failures of this run that passed by themselves */
    unsigned low;
    unsigned high;
    unsigned stride; /* of SEARCH, from a place that was known; 0: by halves */
    unsigned down;   /* the same for BEFORE */
    unsigned gap;    /* places that are stepped over */
    unsigned tries;  /* of ALONE */
    unsigned count;  /* of the gap, places that were known before */
    unsigned behind; /* places to request behind the gap */
    unsigned beyond; /* BEHIND: so many places were not answered, */
    unsigned within; /* ... and so many were */
    bool fine;       /* BEHIND requests as many places as can be had, since fewer led to no end */
    bool eyed;       /* the first place behind the gap was requested alone */
    unsigned at;     /* AGAIN: which place of the gap */
    bool shown;      /* AGAIN: its bytes came with the failure (set by the caller) */
    unsigned aside;  /* places of the gap whose bytes came (set by the caller) */
    unsigned rounds;
    bool earlier; /* the place before the page was not requested yet */
    unsigned size;
    bool grows;  /* records come in at the list's beginning */
    bool young;  /* ... or between the neighbours that are known */
    bool known;  /* the neighbours are known */
    bool seeks;  /* known: the neighbour before is looked for */
    bool guess;  /* known: the neighbour before is not looked for */
    bool hint;   /* known: from another order of the list */
    bool failed; /* some request has failed */
    bool sure;   /* ALONE need fail once only */
    bool unlike; /* ALONE failed in different ways, which may pass */
    bool wide;   /* STEP_LOST: more than STEP_GAP_MAX in a row; `gap` of them are known now */
    bool mended; /* a place that was known as a cause is one no longer */
    bool has_before;
    bool has_after;
    uint64_t before_id;
    uint64_t after_id;
    bool searched;
    uint64_t found; /* what SEARCH showed of the places before the cause */
    bool moved;     /* BEFORE is not that, or BEHIND failed by itself: ALONE may be of another */
    struct step_facts answer; /* of the request under way */
    struct step_facts before; /* of BEFORE */
    struct step_facts after;  /* of BEHIND */
};

/* Begins with the page at offset, which failed. pinned: the page may begin with the cause; else it is made to begin earlier
 * (s->offset). rounds: how many were made before. */
enum step_result step_begin(struct step *s, uint64_t offset, unsigned limit, bool pinned,
                            unsigned rounds);

struct step_known {
    unsigned low; /* places of the page before the known place */
    unsigned count;
    unsigned
        behind; /* places to request behind it: as many as when it was met, so that the same records show */
    bool has_before, has_after;
    uint64_t before_id, after_id;
    bool grows; /* see struct step */
    bool check; /* the place is to be tried again */
    bool young; /* records may still come in between its neighbours: all of it is asked for */
    bool
        guess; /* nothing has failed yet, and the place may be on another page: it is not looked for */
    bool
        hint; /* the page has failed, and the place was met in another order of the list (place_hint.h) */
};
void step_begin_known(struct step *s, uint64_t offset, unsigned limit, bool pinned,
                      const struct step_known *known);

/* Returns how many failures in a row can come before something is requested that was answered before. */
unsigned step_failures_left(const struct step *s);

void step_request(const struct step *s, struct step_request *out);
void step_restart(struct step *s); /* before the answer's records are handed in, also anew */
void step_record(struct step *s, uint64_t id);
enum step_result step_answered(struct step *s);
enum step_result step_failed(struct step *s);

#endif

/*
 * A page that cannot be had: which of its places is the cause, and the page without it. A pure state machine:
 * told what came of each request, it says the next one.
 *
 *   SEARCH   pages from the same offset on, by halves: of how many places one is answered (`low`), and of how
 *            many none is (`high`), until the one behind `low` remains
 *   ALONE    it is asked for alone, four times with AGAIN; more where failures have passed by themselves, once less where
 *            a record is known to fail in another order. Answered: CONFIRM, the page up to and with it once more. Fails it
 *            again and again, pages are too large (STEP_PLAIN, of `size`); else the failure has passed
 *   BEFORE   the page up to it
 *   BEHIND   what is behind it. Where that fails, the next one is asked for ALONE: it is a cause, too, or the
 *            page is asked for smaller
 *   AGAIN    it must fail still, twice in a row where its bytes do not come: had it left the list, its neighbour would stand
 *            in its place and be missed, and a single failure may be that neighbour's, by chance
 *   STILL    and what is before it be as it was: had something left the list before it, the same would be so.
 *            (Nothing can stand before a list's first place: then what is behind must.)
 *
 * BEFORE and BEHIND together are the page, with so many places in between that are stepped over. STILL was answered
 * last: the API was there while the place failed. Else it begins anew at BEFORE, and after STEP_ROUNDS_MAX times it is STEP_LOST.
 *
 * A place that is known, and stands between the neighbours that it had, needs BEFORE and BEHIND only: what is
 * between two such neighbours has been counted. At a list's end, or where the list grows at its beginning, a good record may have
 * come in place of one that is gone: there it must fail AGAIN, once, before BEHIND.
 */
#ifndef NETTY_EXTRACT_PLACES_STEP_OVER_H
#define NETTY_EXTRACT_PLACES_STEP_OVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STEP_ALONE_TRIES 4 /* those of AGAIN are among them */
#define STEP_ALONE_MORE  10
#define STEP_TRIES       2   /* of a request that was answered before, or decides about sizes */
#define STEP_GAP_MAX     100 /* places in a row, beside those that were known */
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
    STEP_ON,    /* to the next request */
    STEP_SAME,  /* it is the same once more */
    STEP_PLAIN, /* to an ordinary page of `size` places */
    STEP_TAKEN, /* what BEFORE and BEHIND brought is the page */
    STEP_LOST   /* the list moves too fast, or has no order */
};

struct step_request {
    uint64_t offset;
    unsigned limit;
    bool goes_on; /* the page's second part */
    bool looks;   /* its records belong to no page */
    bool alone;   /* the cause, for all that is known */
};

/* What came of a place that is stepped over. */
struct step_gap {
    bool seen; /* its bytes did; */
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
    bool pinned;     /* it may begin with the cause */
    bool forced;     /* nothing is proven in any case */
    bool expected;   /* a record that was met in another order must be met in this one, too */
    unsigned passed; /* failures of this run that passed by themselves */
    unsigned low;
    unsigned high;
    unsigned stride; /* of the search, from a place that was known; 0: by halves */
    unsigned down;   /* likewise, of BEFORE */
    unsigned gap;    /* places that are stepped over */
    unsigned tries;  /* of ALONE */
    unsigned count;  /* of those that were known */
    unsigned behind; /* places to ask for behind them */
    unsigned beyond; /* so many of them were not answered, */
    unsigned within; /* and so many were */
    bool fine;       /* as many as can be had are asked for: less led to no end */
    bool eyed;       /* the first of them was asked for alone */
    unsigned at;     /* of AGAIN: which of them, */
    bool shown;      /* ... whether its bytes came with the failure (the caller's), */
    unsigned aside;  /* and so many came as bytes, which are set aside (the caller's) */
    unsigned rounds;
    bool earlier; /* the one before was not asked for yet */
    unsigned size;
    bool grows;  /* records come in at the list's beginning */
    bool known;  /* the neighbours are: */
    bool seeks;  /* ... and the one before is looked for */
    bool guess;  /* ... or is not */
    bool failed; /* something has */
    bool sure;   /* ALONE need fail once only */
    bool unlike; /* ALONE failed in different ways: that may pass */
    bool wide;   /* LOST: more than STEP_GAP_MAX in a row; `gap` of them are known now */
    bool mended; /* what was known as a cause is none any more */
    bool has_before;
    bool has_after;
    uint64_t before_id;
    uint64_t after_id;
    struct step_facts answer; /* to the request under way */
    struct step_facts before; /* to BEFORE */
    struct step_facts after;  /* to BEHIND */
};

/* The page at offset failed. pinned: it may begin with the cause; else it will begin earlier (s->offset). rounds:
 * made before. */
enum step_result step_begin(struct step *s, uint64_t offset, unsigned limit, bool pinned,
                            unsigned rounds);

struct step_known {
    unsigned low; /* places before it in the page */
    unsigned count;
    unsigned
        behind; /* places behind it that are asked for: as many as when it was met, so that the same shows */
    bool has_before, has_after;
    uint64_t before_id, after_id;
    bool grows; /* see struct step */
    bool check; /* it is to be tried again */
    bool
        guess; /* nothing has failed yet, and it may well stand on another page: it is not looked for */
};
void step_begin_known(struct step *s, uint64_t offset, unsigned limit, bool pinned,
                      const struct step_known *known);

/* So many failures in a row can come before something is asked for that was answered before. */
unsigned step_failures_left(const struct step *s);

void step_request(const struct step *s, struct step_request *out);
void step_restart(struct step *s); /* the answer's records are handed in (anew) */
void step_record(struct step *s, uint64_t id);
enum step_result step_answered(struct step *s);
enum step_result step_failed(struct step *s);

#endif

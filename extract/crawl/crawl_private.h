/*
 * The inside of a crawl, shared by the files crawl*.c only:
 *   crawl.c          what to ask, and what an answer means
 *   crawl_keep.c     what a kept page changes: how far the crawl is, and what it asks for next
 *   crawl_page.c     one answer's records, and what they show
 *   crawl_marks.c    which versions the next run will look for, and where it starts
 *   crawl_position.c the position as text, and back
 *
 * A version is one record with one time_modified: an edit makes another version.
 */
#ifndef NETTY_EXTRACT_CRAWL_CRAWL_PRIVATE_H
#define NETTY_EXTRACT_CRAWL_CRAWL_PRIVATE_H

#include "extract/crawl/crawl.h"

/* Times as parsed order as the list does, but for this much: clocks that are put back. */
#define CRAWL_FOLD (INT64_C(3600) * WHEN_SECOND)
/* An anchor this much early begins at or before the time it was made from, whatever the skew. */
#define CRAWL_LEAD_MAX (CRAWL_SKEW_MAX + CRAWL_FOLD)

#define CRAWL_KNOWN    256 /* versions of a page that are remembered: its last ones */
#define CRAWL_EDGE     8   /* versions in a position: what the next page must overlap */
#define CRAWL_MARKS    40  /* versions in a position: what the next run must find */
#define CRAWL_PAGE_MIN 10  /* no API sends pages shorter than this unless the list ends */

enum crawl_phase {
    CRAWL_HEAD, /* unfiltered: before the first record with a time */
    CRAWL_BODY, /* records with times, by filter where the API has one that works */
    CRAWL_TAIL, /* unfiltered: behind the last record with a time */
    CRAWL_END
};

enum crawl_kind {
    CRAWL_TIMED,
    CRAWL_TIMELESS,
    CRAWL_UNREADABLE /* the source has a time for it, which we cannot read; the list has a place for
                        it */
};

struct crawl_entry {
    uint64_t id; /* of the version */
    int64_t time;
    enum crawl_kind kind;
    char text[CRAWL_TIME_MAX];
};

/* A kept version that the next run looks for; ordinal: its place among those kept, roughly. */
struct crawl_mark {
    uint64_t id;
    int64_t time;
    uint64_t ordinal;
};

/* A request, as the crawl thinks of it. The filter's value is base less lead. */
struct crawl_ask {
    bool jump; /* to a new anchor; else a walk on under the same one */
    bool filtered;
    char base[CRAWL_TIME_MAX]; /* a source's own time, or one of ours */
    int64_t base_time;
    int64_t lead;
    uint64_t offset;
};

struct crawl_facts {
    struct crawl_entry *entries; /* the last ones, in order */
    size_t count;                /* of entries */
    uint64_t n;                  /* records */
    uint64_t timed, timeless, unreadable;
    uint64_t hits;        /* versions that had to be there */
    bool late_hit;        /* records with a time stood before the first of them */
    uint64_t news;        /* records after the last hit */
    int64_t first;        /* the first time, or WHEN_NONE */
    int64_t peak;         /* the greatest */
    int64_t fall;         /* how far a time lay below one before it */
    uint64_t sum;         /* of the versions in their order */
    bool ends_unreadable; /* the last record but for timeless ones */
    bool ends_timeless;   /* records without a time follow ones with */
};

struct crawl {
    struct crawl_conf conf;
    enum crawl_phase phase;
    bool everything; /* this run is one from the beginning */
    bool open;       /* nothing is known yet: the first page is good by itself */
    bool unfiltered; /* the filter does not work */
    bool look;       /* in the tail: the body has ended, and this is only a look behind it */
    bool resumed;    /* goes on with a run that was left */
    bool broken;

    struct crawl_ask ask; /* what is asked for next */
    unsigned limit;       /* with this page size */
    unsigned asked;       /* the page size of the request under way */
    unsigned good;        /* pages since the size last changed */
    uint64_t proven;      /* the longest page seen */

    struct crawl_facts page; /* the answer under way */

    /* The last kept page. */
    struct crawl_entry *known;
    size_t known_count;
    struct crawl_ask place;
    uint64_t place_n;
    int64_t covered; /* the first page must reach back to here; or WHEN_NONE */
    bool placed;     /* there is one in this run */
    uint64_t kept_sum;
    int64_t frontier; /* its last time: all that stands before that record is kept; or WHEN_NONE */
    char below[CRAWL_TIME_MAX]; /* the greatest time below, as the source wrote it; or "" */
    int64_t below_time;

    /* Stepping. */
    int64_t lead;      /* the one that worked */
    uint64_t step;     /* how far the next step back goes */
    uint64_t drift;    /* how far the list is expected to move up between pages */
    unsigned attempts; /* at this jump */
    unsigned tunes;    /* of them to come down nearer */
    bool must;         /* this jump has no walk to fall back on */
    unsigned stay;     /* pages to walk after a jump that cost too much */
    unsigned walk;     /* of them still to go */
    unsigned repeats;  /* equal pages at different offsets */
    unsigned stuck;    /* step-backs since the crawl last came further */
    int64_t furthest;  /* the greatest time kept, future ones too */

    /* The run, and the next one. */
    int64_t began;     /* the clock at its first kept page */
    int64_t last;      /* the clock at its last one */
    int64_t turn;      /* the clock when it came among times that may lie in the future */
    int64_t doubt;     /* the clock when it came to times that cannot be read; or WHEN_NONE */
    int64_t complete;  /* complete up to */
    uint64_t seen;     /* distinct records before the frontier, roughly */
    uint64_t timeless; /* in this run */
    struct crawl_mark marks[CRAWL_MARKS];
    size_t mark_count;
    struct crawl_mark recent[CRAWL_EDGE];
    size_t recent_count;
    uint64_t ordinal;
    struct crawl_ask rest; /* where the next run finds the list's end again */
    bool rests;
    bool settled;  /* the overlap has been read again after all late comers were there */
    int64_t base;  /* the greatest time of the last finished run, */
    int64_t based; /* and the clock when it was first the greatest */
    int64_t low;   /* the next run must not start later than this; or WHEN_NONE */

    struct crawl_stats stats;
};

/* crawl_page.c */
void crawl_facts_reset(struct crawl_facts *page);
void crawl_facts_add(struct crawl *c, const struct crawl_seen *seen);
/* The greatest time below the last one, and how many records stand behind it; NULL: there is none.
 */
const struct crawl_entry *crawl_facts_below(const struct crawl_facts *page, size_t *behind);
int64_t crawl_facts_last(const struct crawl_facts *page); /* the last time, or WHEN_NONE */

/* crawl_marks.c */
int64_t crawl_cap(const struct crawl *c);     /* times beyond this one may lie in the future */
int64_t crawl_overlap(const struct crawl *c); /* what a run reads again of the last one */
void crawl_marks_begin(struct crawl *c);      /* the first page of a run is there */
void crawl_marks_add(struct crawl *c);        /* the page's versions */
void crawl_marks_known(struct crawl *c);      /* what is known when a run starts: the marks */
void crawl_marks_start(struct crawl *c);      /* where it starts */

/* crawl_keep.c */
void crawl_keep(struct crawl *c);
void crawl_ask_walk(const struct crawl *c, struct crawl_ask *ask, const struct crawl_ask *from,
                    uint64_t n);
void crawl_ask_time(struct crawl_ask *ask, int64_t time, int64_t lead);
int64_t
crawl_ask_after(const struct crawl_ask *ask); /* the filter's value, in whole milliseconds */
bool crawl_page_short(const struct crawl *c); /* the list ends here */

/* crawl_position.c */
enum err_code crawl_position_read(struct crawl *c, const char *json, struct err *e) MUST_CHECK;

#endif

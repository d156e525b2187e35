/*
 * The inside of a crawl, shared by the files crawl*.c only:
 *   crawl.c          what to ask, and what an answer means; crawl_position.c the position as text; crawl_position_read.c: and back
 *   crawl_page.c     one answer's records, and what they show; crawl_keep.c: how far the crawl is, and what it asks for next
 *   crawl_begin.c    where a run begins; crawl_end.c: where a list ends, and what that takes to be sure
 *   crawl_keys.c     lists in the order of their keys; crawl_newest.c: those without a time, downward; crawl_keys_order.c: what a page's keys tell
 *   crawl_trouble.c  what the list by time alone cannot prove; crawl_places.c: records that are stepped over; crawl_again.c: known ones, tried again
 *   crawl_passes.c   reading records of one time again and again; crawl_marks.c: what the next run will look for, and where it starts
 * A version is one record with one time_modified: an edit makes another version.
 */
#ifndef NETTY_EXTRACT_CRAWL_CRAWL_PRIVATE_H
#define NETTY_EXTRACT_CRAWL_CRAWL_PRIVATE_H

#include "extract/crawl/crawl.h"
#include "extract/places/step_over.h"

/* Times as parsed order as the list does, but for this much: clocks that are put back. */
#define CRAWL_FOLD (INT64_C(3600) * WHEN_SECOND)
/* An anchor this much early begins at or before the time it was made from, whatever the skew. */
#define CRAWL_LEAD_MAX (CRAWL_SKEW_MAX + CRAWL_FOLD)

#define CRAWL_KNOWN       512 /* how many of a page's last versions are remembered */
#define CRAWL_RECENT      8   /* the last versions that the next run looks for */
#define CRAWL_EDGE        16  /* versions in a position: what the next page must overlap */
#define CRAWL_MARKS       40  /* versions in a position: what the next run must find */
#define CRAWL_LATEST      96  /* greatest times, from before which a crawl by key catches up */
#define CRAWL_FUTURE      16  /* how many of them may lie in the future */
#define CRAWL_TOPS        10  /* greatest keys of the last day */
#define CRAWL_BIRTH_PAGES 8   /* pages of newest records that are known again by their sum */
#define CRAWL_LOOSE       8
#define CRAWL_TURNS_MAX   30 /* step-overs of one place, before the list is read in another way */
#define CRAWL_TURNS_FEW   4  /* ... where there is no other way */
#define CRAWL_DAY         (INT64_C(86400) * WHEN_SECOND)

enum crawl_phase {
    CRAWL_HEAD, /* unfiltered: before the first record with a time */
    CRAWL_BODY, /* records with times, by filter where the API has one that works */
    CRAWL_TAIL, /* unfiltered: behind the last record with a time */
    CRAWL_END,
    CRAWL_KEYS /* a list in the order of its keys */
};

enum crawl_kind {
    CRAWL_TIMED,
    CRAWL_TIMELESS,
    CRAWL_UNREADABLE /* the source has sent a time that cannot be read; the list is sorted by it */
};

struct crawl_entry {
    uint64_t id; /* of the version */
    int64_t time;
    enum crawl_kind kind;
    int64_t key;
    bool keyed;
    bool tied;          /* it has the page's last time: others of the same time may follow */
    bool gap;           /* a record that was stepped over */
    bool aside, hinted; /* it became a dead letter within its page; its key seems to be `key` */
    char text[CRAWL_TIME_MAX];
};

/* A kept version that the next run looks for; ordinal: its place among those kept, roughly. */
struct crawl_mark {
    uint64_t id;
    int64_t time;
    uint64_t ordinal;
};

/* A request of the list by time. The filter's value is base less lead. */
struct crawl_ask {
    bool jump; /* to a new anchor (filter value); else a walk on by offset under the same anchor */
    bool filtered;
    char base[CRAWL_TIME_MAX]; /* a time as the source sent it, or one that was computed */
    int64_t base_time;
    int64_t lead;
    uint64_t offset;
};

/* What one answer showed. "Known" versions are those of the last kept page, or of the position. */
struct crawl_facts {
    struct crawl_entry *entries; /* the last records, in order */
    size_t count;                /* how many entries */
    uint64_t n;                  /* how many records the answer had */
    uint64_t timed, timeless, unreadable;
    uint64_t odd;         /* elements that are no records */
    uint64_t hits;        /* known versions that prove continuity */
    uint64_t met;         /* known versions, those in doubt included */
    uint64_t again;       /* versions of the last kept page */
    uint64_t fresh;       /* records behind the last one that was met */
    bool reached;         /* the last version of that page is there */
    bool late_hit;        /* records with a time stood before the first hit */
    uint64_t news;        /* records behind the last hit */
    int64_t first;        /* the first time, or WHEN_NONE */
    int64_t peak;         /* the greatest time */
    int64_t fall;         /* by how much a time was below one before it, at most */
    uint64_t sum;         /* a checksum of the versions in their order */
    bool ends_unreadable; /* the last record but for timeless ones */
    bool ends_timeless;   /* records without a time follow ones with */
    size_t run;           /* how many of the last records share one time; 0: none are in doubt */
    bool alike;           /* all records may share one time */
    uint64_t set_sum;     /* a checksum of the versions in any order */
    uint64_t timeless_sum;
    /* of a list by key */
    uint64_t keyed;
    int64_t key_first, key_last, key_least, key_most;
    bool rising, falling;
    uint64_t beyond;    /* keys that come after all that was known */
    uint64_t strangers; /* records of another time than the group's */
};

/* Whether the API can do something. YES and NO only after it was seen. */
enum crawl_known {
    CRAWL_UNKNOWN,
    CRAWL_YES,
    CRAWL_NO
};

/* What the table has shown of the API, and when that was last looked at. Kept from run to run. */
struct crawl_learned {
    uint64_t longest;   /* records of the longest page */
    uint64_t window;    /* how many places a page was seen to cover, at least */
    unsigned again;     /* how often that was seen */
    uint64_t least;     /* the shortest page that more followed though it was not full; 0: none */
    uint64_t fulls;     /* pages in a row that were as long as any and followed by more */
    uint64_t shorts;    /* shorter pages that were followed by more */
    bool thinned;       /* the API leaves records out of pages */
    int64_t looked;     /* when pages behind the end were last looked at, or `count` told the end */
    unsigned counted;   /* enum crawl_known: `count` is the total */
    unsigned sorts;     /* enum crawl_known: the list can be had by key */
    unsigned downs;     /* enum crawl_known: ... by key, downward */
    unsigned equals;    /* enum crawl_known: the records of one time can be had by key */
    int64_t equal_lead; /* how much earlier the value for that must be */
    bool timeless;      /* there are records without a time */
    int64_t born;       /* when the newest records were last looked for */
    unsigned unproven;
    int64_t retry; /* when lists by key, which failed once, are tried again; or WHEN_NONE */
    bool passed;   /* passes were made over records of passed_time */
    int64_t passed_time;
    int64_t hold; /* completeness is not proven beyond this time; or WHEN_NONE */
    struct crawl_top {
        int64_t at, key;
    } tops[CRAWL_TOPS]; /* the greatest key at these times, the newest last */
    size_t top_count;
    char key[CRAWL_KEY_MAX]; /* the key's name; "": not known */
    int64_t top;             /* the greatest key now, if there is any */
    uint64_t sums[CRAWL_BIRTH_PAGES];
};

enum crawl_list {
    CRAWL_ALL,    /* every record */
    CRAWL_GROUP,  /* those of one time */
    CRAWL_NEWEST, /* the greatest keys, downward */
    CRAWL_SINCE   /* those behind a time */
};

/* A list by key, and how far it has been read. */
struct crawl_keys {
    unsigned list; /* enum crawl_list */
    unsigned back; /* enum crawl_phase that goes on afterwards */
    bool detour;   /* it interrupts a crawl by time */
    unsigned why;  /* CRAWL_UNPROVEN_*: the reason that it is to remove */
    uint64_t offset, seen;
    int64_t last;      /* all up to this key is kept, if begun */
    bool begun;        /* a page was kept */
    int64_t began;     /* the clock at its first page */
    int64_t time;      /* CRAWL_GROUP: the time of its records */
    int64_t lead;      /* CRAWL_GROUP: how much earlier the filter's value must be */
    unsigned tries;    /* CRAWL_GROUP: how many leads were tried */
    uint64_t place;    /* CRAWL_GROUP: where it begins in the list by time */
    int64_t most;      /* the greatest key */
    int64_t must;      /* a key that the list by time has shown, or WHEN_NONE */
    int64_t prior;     /* the last key of the page before */
    int64_t edge;      /* what that was when the list first seemed to end */
    bool edged, early; /* CRAWL_SINCE: an unedited record shows that it begins early enough */
    int64_t latest[CRAWL_LATEST]; /* the greatest times that are no future ones, the least first */
    size_t latest_count;
    /* Not in the position. */
    uint64_t step, empties; /* back; empty pages in a row */
    bool behind;            /* the page asked for must be empty */
    bool verify;            /* pages of one record: is the last one still in its place? */
    bool holds;             /* ... the one behind was seen: */
    int64_t held;
    uint64_t previous; /* records on the last page, */
    unsigned previous_asked;
    uint64_t previous_at, previous_set, pages;
    int64_t shown[CRAWL_KNOWN]; /* the keys of the last answer, */
    size_t shown_count;
    uint64_t shown_at;            /* its offset, */
    bool shown_whole;             /* and whether it had as many as were asked for */
    unsigned further, torn;       /* looks further behind the end; records that an answer lacked */
    unsigned repeats, stale, few; /* of the same page; pages in a row with nothing new; with few */
    bool grows;                   /* few and few came, and nothing was further behind */
    bool again;                   /* it is one, or what stood before it is not known any more */
    unsigned anew;                /* times that the list was begun again */
    bool gap;                     /* pages that do not overlap */
    uint64_t contrast;            /* the page asked for is one downward, at this place; from 1 */
    bool ordered;                 /* keys were seen in their order */
    bool unread, shifted;         /* records whose key cannot be read; some came in another place */
    uint64_t below; /* known ones that were seen at or before the greatest key of a day ago */
};

/* A look at pages behind the list's end, from further on downward. */
struct crawl_look {
    unsigned windows; /* behind the end; 0: none is under way */
    bool bottom;      /* the last one: where the end was */
    uint64_t base;    /* offset of the page that showed the end */
    unsigned pages;   /* size of a page */
    uint64_t offset;
    bool found;
    uint64_t found_at;
    int64_t found_last;
    bool shown;            /* a page further on had records */
    int64_t beyond, least; /* the key of the last of these; the least key that was found */
};

/* Passes over the records of one time (or of none), for an API without an order by key: crawl_passes.c. */
struct crawl_passes {
    bool on, timeless;
    int64_t time;
    uint64_t start;
    uint64_t reach; /* where the end of these records was seen */
    unsigned pass, quiet, sames;
    bool news;
    uint64_t pages, last_set; /* of this pass */
    struct crawl_set *seen;
};

/* Pages that fail: requested smaller, then taken apart (crawl_places.c). */
struct crawl_trial {
    struct crawl_request page; /* what was asked for in the ordinary way */
    struct crawl_request now;  /* the request under way */
    struct step step;
    unsigned rounds;           /* of it, since a page was kept */
    unsigned passed;           /* failures that passed by themselves */
    bool parts;                /* the page was put together, */
    int64_t began, shown;      /* the clock at its first part; the key of what is beyond */
    uint64_t beyond, further;  /* does it go on there? Or 0; so many came, or positions are */
    unsigned probe, doubts;    /* is the API there at all? The question under way, from 1; or 0 */
    uint64_t bytes, met, same; /* sums of a record's bytes: in vain, or 0; where; at two offsets */
    bool heard, twice;         /* the same came twice; the question is asked once more for that */
    struct crawl_request answered; /* the last one that was, with records; limit 0: none */
    unsigned fails, vain; /* of the page, in a row; of any, since a record came that was new */
    bool shrunk, halved;  /* it is asked for smaller than `whole`; since the page at hand failed */
    unsigned whole, calm; /* pages kept since */
    bool grown;           /* larger than is known to work */
    unsigned fallback;    /* which is this */
    bool stepped;         /* ... because a step was made at a size that was smaller for its sake */
    bool forced;          /* steps prove nothing any more */
    uint64_t between, at; /* the last place that was stepped over: its neighbours; its offset, */
    unsigned turns, hops; /* and how often in a row; all since the list came further */
    uint64_t past, past_at; /* how far a list was gone on with unproven: its filter, its offset, */
    unsigned pasts;         /* and how often that came no further */
    struct place_side before, after; /* of the step */
    struct step_gap gaps[STEP_GAP_MAX];
    char why[PLACE_SAID];
    size_t known;           /* the place that the step is about, from 1; or 0 */
    bool guessed;           /* one was looked for in vain on the page at hand */
    struct place pending;   /* one that is to be proven by another list, */
    bool pends;             /* where there is one */
    size_t again;           /* at the run's end: the one that is tried again, likewise */
    size_t edge;            /* the place at the last page's end, likewise, */
    uint64_t edge_id;       /* of this record */
    unsigned retries, came; /* requests of that which brought nothing, and a record */
    bool wide;              /* ... and looked for further around */
};

struct crawl {
    struct crawl_conf conf;
    enum crawl_phase phase;
    bool everything; /* this run is one from the beginning */
    bool open;       /* nothing is known yet: the first page is good by itself */
    bool opens;      /* ... and it is at hand: early enough for any skew, so that it tells none */
    bool unfiltered; /* the filter does not work */
    bool look;       /* in the tail: the body has ended, and this is only a look behind it */
    bool resumed, broken; /* goes on with a run that was left; was called so */
    struct crawl_learned learned;
    struct crawl_keys keys;
    struct crawl_look look_behind;
    struct crawl_passes passes;
    int64_t clock, count;       /* of the answer at hand; or WHEN_NONE, -1: none */
    bool elsewhere;             /* its offset was not heeded, so that the count tells nothing */
    int64_t sure;               /* all that was there then is kept; or WHEN_NONE */
    bool limited;               /* what came later is not proven to be */
    bool behind, verify;        /* the page asked for must be empty; be as the last one was */
    bool no_keys, no_since;     /* lists by key fail in this run; those behind a time do */
    bool single;                /* pages of one record, which cannot overlap */
    uint64_t blind;             /* up to this offset pages need not overlap; 0: they must */
    bool loose_timeless;        /* records without a time are no longer in doubt, */
    int64_t loose_time;         /* nor those up to this one; or WHEN_NONE */
    int64_t loose[CRAWL_LOOSE]; /* the last such times */
    size_t loose_count;
    int64_t goal; /* the greatest time of the last run, or of the list by key; or WHEN_NONE */
    struct crawl_ask ask;      /* what is asked for next */
    unsigned limit, asked;     /* with this page size; that of the request under way */
    unsigned good, grow_after; /* pages since its last change; before a larger one, 0: GROW_PAGES */
    struct crawl_trial trial;
    struct crawl_facts page; /* the answer under way */
    /* The last kept page. */
    struct crawl_entry *known;
    size_t known_count;
    struct crawl_ask place;
    uint64_t place_n, place_part; /* its records, and those of its last part */
    int64_t covered;              /* the first page must reach back to here; or WHEN_NONE */
    bool placed;                  /* there is one in this run */
    unsigned place_asked;
    uint64_t far;     /* the greatest offset under its anchor */
    size_t place_run; /* its last records that are in doubt */
    uint64_t kept_sum, kept_set;
    int64_t frontier; /* its last time: all that stands before that record is kept; or WHEN_NONE */
    char below[CRAWL_TIME_MAX]; /* the greatest time below, as the source wrote it; or "" */
    int64_t below_time;
    /* Stepping. */
    int64_t lead;                  /* the one that worked */
    uint64_t step;                 /* how far the next step back goes */
    uint64_t drift;                /* how far the list is expected to move up between pages */
    unsigned attempts, tunes;      /* at this jump; of them to come down nearer */
    bool must;                     /* this jump has no walk to fall back on */
    unsigned stay, walk;           /* pages to walk after a jump that cost too much; still to go */
    unsigned sames, repeats;       /* pages in a row of the same records; equal ones elsewhere */
    unsigned stuck;                /* step-backs since the crawl last came further, */
    bool hollow;                   /* one of them from an empty page */
    unsigned chase, creeps, backs; /* answers that came no further: by times, by places, behind */
    unsigned pauses;               /* between answers that were allowed for */
    int64_t lag;      /* the least by which the times were behind the clock since then */
    int64_t furthest; /* the greatest time kept, future ones too */
    uint64_t reach, reach_at, idle; /* the latest part, its greatest offset; answers since then */
    /* The run, and the next one. */
    int64_t began, last; /* the clock at its first kept page, at its last one */
    int64_t turn;        /* the clock when it came among times that may lie in the future */
    int64_t doubt;       /* the clock when it came to times that cannot be read; or WHEN_NONE */
    int64_t ending; /* the clock at the list's last page, until it is proven to be; or WHEN_NONE */
    int64_t complete;        /* complete up to */
    uint64_t seen, timeless; /* distinct records before the frontier, roughly; of this run */
    struct crawl_mark marks[CRAWL_MARKS];
    size_t mark_count;
    struct crawl_mark recent[CRAWL_RECENT];
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
uint64_t crawl_version_id(const struct crawl_seen *seen);
void crawl_facts_reset(struct crawl_facts *page);
void crawl_facts_add(struct crawl *c, const struct crawl_seen *seen);
/* The greatest time below the last one, and how many records stand behind it; or NULL. */
const struct crawl_entry *crawl_facts_below(const struct crawl_facts *page, size_t *behind);
int64_t crawl_facts_last(const struct crawl_facts *page); /* the last time, or WHEN_NONE */
void crawl_trial_gap(struct crawl *c); /* in place of those that are stepped over */
void crawl_facts_run(struct crawl *c); /* which of its last records are in doubt */
/* crawl_marks.c */
int64_t crawl_cap(const struct crawl *c);     /* times beyond this one may lie in the future */
int64_t crawl_overlap(const struct crawl *c); /* what a run reads again of the last one */
void crawl_marks_begin(struct crawl *c);      /* the first page of a run is there */
void crawl_marks_add(struct crawl *c);        /* the page's versions */
void crawl_marks_known(struct crawl *c);      /* what is known when a run starts: the marks */
uint64_t crawl_marks_first(const struct crawl *c, int64_t after); /* its ordinal; 0: none */
void crawl_marks_start(struct crawl *c);                          /* where it starts */
/* crawl_keep.c */
void crawl_keep(struct crawl *c);
void crawl_go_on(struct crawl *c, bool may_jump); /* behind the last kept page */
void crawl_stuck(struct crawl *c);
void crawl_grow(struct crawl *c);                 /* after a good page */
unsigned crawl_grow_after(const struct crawl *c); /* so many of them */
void crawl_grow_less(struct crawl *c);            /* a larger size was tried, and failed */
void crawl_finish(struct crawl *c);
void crawl_ask_time(struct crawl_ask *ask, int64_t time, int64_t lead);
int64_t crawl_ask_after(const struct crawl_ask *ask); /* the filter's value, in whole ms */
/* crawl_end.c */
enum crawl_after {
    CRAWL_ON,
    CRAWL_BEHIND, /* the page behind must be looked at */
    CRAWL_VERIFY, /* and this one again */
    CRAWL_LOOK,   /* and those far behind */
    CRAWL_SHOW,   /* and what stands behind the last times, by key */
    CRAWL_REST,   /* nothing: what was there when the list by key was begun is kept */
    CRAWL_ENDED
};
enum crawl_after crawl_after_page(const struct crawl *c);
void crawl_learn_count(struct crawl *c, uint64_t offset, bool looks);
void crawl_learn_page(struct crawl *c, uint64_t previous, unsigned asked, bool news);
void crawl_learn_window(struct crawl *c, uint64_t further);
void crawl_learn_behind(struct crawl *c);
bool crawl_count_agrees(const struct crawl *c, uint64_t offset);
bool crawl_group_goes_on(const struct crawl *c);
bool crawl_count_ends(const struct crawl *c, uint64_t offset);
bool crawl_room(const struct crawl *c);               /* the page could have held more */
bool crawl_capped(const struct crawl *c, uint64_t n); /* as long as the API lets pages be */
bool crawl_same_page(const struct crawl *c);
bool crawl_look_due(const struct crawl *c);
bool crawl_only_grows(struct crawl *c, bool *look);
uint64_t crawl_window(const struct crawl *c); /* a page covers so many places at least */
bool crawl_singles(const struct crawl *c);    /* for all that is known pages hold one record */
void crawl_look_begin(struct crawl *c, uint64_t base);
enum crawl_verdict crawl_look_page(struct crawl *c, struct err *e);
enum crawl_verdict crawl_look_keys_page(struct crawl *c, struct err *e);
/* crawl_keys.c */
bool crawl_keys_possible(const struct crawl *c);
void crawl_all_begin(struct crawl *c, bool detour, unsigned why);
void crawl_group_begin(struct crawl *c);
void crawl_newest_begin(struct crawl *c);
void crawl_since_begin(struct crawl *c, unsigned why);
enum crawl_verdict crawl_since_page(struct crawl *c, struct err *e);
bool crawl_since_possible(const struct crawl *c, bool chased);
void crawl_keys_request(const struct crawl *c, struct crawl_request *request);
enum crawl_verdict crawl_keys_page(struct crawl *c, struct err *e);
void crawl_keys_fail(struct crawl *c);
void crawl_keys_doubt(struct crawl *c);
uint64_t crawl_keys_stride(const struct crawl *c, uint64_t n); /* behind a page of n records */
void crawl_keys_read(struct crawl *c);                         /* all of it */
bool crawl_keys_begin_again(struct crawl *c, unsigned most);
void crawl_keys_take(struct crawl *c);
enum crawl_verdict crawl_keys_keep(struct crawl *c);
void crawl_keys_step_back(struct crawl *c);
void crawl_back_to_time(struct crawl *c);
/* crawl_keys_order.c */
bool crawl_keys_in_order(const struct crawl *c);
bool crawl_keys_may_lack(const struct crawl *c, bool several);
bool crawl_keys_compare(struct crawl *c);
bool crawl_keys_few_compared(struct crawl *c);
bool crawl_keys_fall_back(const struct crawl *c);
bool crawl_keys_unsteady(struct crawl *c);
bool crawl_keys_doubtful(struct crawl *c);
void crawl_keys_contrast(struct crawl *c);
bool crawl_keys_reach_back(const struct crawl *c);
int64_t crawl_key_shown(const struct crawl *c);
bool crawl_keys_fall_short(const struct crawl *c);
void crawl_keys_note(struct crawl *c);
bool crawl_keys_disturbed(const struct crawl *c);
void crawl_note_latest(struct crawl *c);
void crawl_note_met(struct crawl *c);
bool crawl_group_is_whole(const struct crawl *c);
bool crawl_hint(const struct crawl *c, struct step_known *known);
/* crawl_newest.c */
void crawl_push_top(struct crawl_learned *l, int64_t at, int64_t key);
void crawl_newest_read(struct crawl *c);
void crawl_since_read(struct crawl *c);
enum crawl_verdict crawl_newest_page(struct crawl *c, struct err *e);
/* crawl_begin.c */
void crawl_clear(struct crawl *c, const struct crawl_conf *conf);
enum err_code crawl_begin(struct crawl *c, const char *position, struct err *e) MUST_CHECK;
void crawl_begin_by_time(struct crawl *c);
void crawl_catch_up(struct crawl *c);
bool crawl_is_for_keys(const struct crawl *c);
int64_t crawl_changed_since(const struct crawl *c, const struct crawl_keys *keys);
/* crawl_trouble.c */
void crawl_trouble(struct crawl *c, unsigned why);
void crawl_pause(struct crawl *c, int64_t before);
bool crawl_is_back(const struct crawl *c);
enum crawl_verdict crawl_chase(struct crawl *c, enum crawl_verdict verdict, struct err *e);
const struct crawl_entry *crawl_last_known(const struct crawl *c);
void crawl_unproven(struct crawl *c, unsigned why);
void crawl_leave_to_next(struct crawl *c);
enum crawl_verdict crawl_leave_rest(struct crawl *c);
bool crawl_group_possible(const struct crawl *c); /* the last page's time has a list by key */
bool crawl_go_past(struct crawl *c);
void crawl_go_past_or_end(struct crawl *c);
bool crawl_goes_round(struct crawl *c);
bool crawl_may_lack(const struct crawl *c); /* the page that was put together */
bool crawl_steps_lost(struct crawl *c);
enum crawl_verdict crawl_steps_end(struct crawl *c, struct err *e);
enum crawl_verdict crawl_prove_otherwise(struct crawl *c, struct err *e);
bool crawl_take_unproven(struct crawl *c);
void crawl_loosen(struct crawl *c, bool timeless, int64_t time);
bool crawl_is_loose(const struct crawl *c, const struct crawl_entry *entry);
/* crawl_places.c, crawl_again.c */
bool crawl_trial_next(struct crawl *c, struct crawl_request *request);
bool crawl_trial_looks(const struct crawl *c);
void crawl_start_at_place(struct crawl *c, int64_t start);
void crawl_trial_record(struct crawl *c, const struct crawl_seen *seen);
bool crawl_trial_page(struct crawl *c, enum crawl_verdict *verdict, struct err *e);
bool crawl_trial_refused(struct crawl *c);
void crawl_restore_size(struct crawl *c, unsigned worked);
void crawl_trial_kept(struct crawl *c);
void crawl_places_read(struct crawl *c);
bool crawl_trial_pinned(const struct crawl *c);
void crawl_known_begin(struct crawl *c);
bool crawl_ask_known(const struct crawl *c, struct crawl_request *request);
bool crawl_known_again(struct crawl *c);
bool crawl_known_elsewhere(const struct crawl *c);
bool crawl_known_remember(struct crawl *c, bool proven);
void crawl_side(const struct crawl_entry *entry, struct place_side *side);
void crawl_learn_longest(struct crawl *c);
bool crawl_again_next(struct crawl *c, struct crawl_request *request);
bool crawl_again_page(struct crawl *c);
enum crawl_after_failure crawl_again_failed(struct crawl *c, const struct crawl_failure *f);
/* crawl_passes.c */
void crawl_passes_begin(struct crawl *c);
void crawl_passes_resume(struct crawl *c);
void crawl_passes_free(struct crawl *c);
enum crawl_verdict crawl_passes_page(struct crawl *c);
/* crawl.c */
enum crawl_verdict crawl_retake(struct crawl *c, struct err *e);
enum crawl_verdict crawl_ignores_offset(struct crawl *c, uint64_t first, uint64_t now,
                                        struct err *e);
#endif

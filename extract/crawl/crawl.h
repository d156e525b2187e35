/*
 * The crawl of one table as a pure state machine: answers in, requests out; no clock, no network,
 * no disk. It reads a list that changes while it is read (NETTY.md) and must miss nothing.
 * extract/README.md has the proof and the costs; tests/model plays it against random histories.
 *
 * What holds:
 *  - A run that has come to its end (CRAWL_DONE) with stats.unproven 0 has kept, in its newest
 *    version, every record with a time that the API showed when the run began and that lies after
 *    its start. What changes during the run is kept by it or the next one. A run that is left
 *    (killed, throttled, --max-pages) is gone on with from its last position; it began when it was
 *    first started. Where nothing can prove it, stats.unproven has the reasons.
 *  - Records without a time are kept by runs from the beginning (the first one, conf.full), and new
 *    ones by those that claim it (stats.births_to).
 *  - stats.complete_to: within a run, all is kept that was changed before it and shows a time
 *    before it; at the end, all that was changed before it. It never lies beyond the clock less
 *    margin, nor, where there are records of the future, beyond the clock when the run came to
 *    them, nor beyond what is proven. Without any clock nothing is claimed.
 *  - Every run ends: each kept page comes further unless the list changed, and after 200
 *    step-backs that led nowhere the crawl gives up. A list that changes as fast as it is read is
 *    left after 60 answers that came no nearer to the present, for what is behind by key; after 500
 *    the run is CRAWL_BROKEN with ERR_UNAVAILABLE, and the next one goes on. (New keys, a page of
 *    them for each request, are followed for as long as they come.) An API that ignores the filter is paged through by offset
 *    (stats.filter_ignored); one that sends one full page for ever or does not sort is
 *    CRAWL_BROKEN.
 *
 * What it relies on, beyond NETTY.md:
 *  - A key belongs to one record for ever. Neither that the API sorts by key, nor that equal times
 *    have an order, nor that a short page is the last one, is relied on.
 *  - Behind the last record shown, no more than 8 pages of records are hidden from the key. (The
 *    list has a `count`, or has shown holes, where more are.)
 *  - Filter and records differ by at most CRAWL_SKEW_MAX, and times as shown order as the list
 *    does, but for an hour (clocks that are put back).
 *  - A record shows up at most half the overlap after its time (a transaction that takes so long).
 *    A second edit within one second shows nothing new, but is read again with the overlap.
 *  - Where records show times behind the server's Date, a record of the future within that very
 *    gap cannot be told from a present one; a few of them are survived.
 *
 * Calling sequence:
 *
 *     crawl_open(&c, &conf, position, e);    // JSON text of an earlier crawl, or NULL
 *     while (crawl_next(c, &request) == CRAWL_FETCH) {
 *         ... fetch; for each record:
 *             crawl_record(c, &seen, e);
 *         ... it fails: crawl_failed(c, &failure) says what now; else
 *         switch (crawl_page(c, &answer, e)) {
 *         case CRAWL_KEEP:                   // commit the page, even an empty one, with
 *             crawl_position(c, &json, e);   // this and stats.complete_to
 *         case CRAWL_RETAKE:                 // take the page back, ask crawl_next again
 *         case CRAWL_PART:                   // leave the page as it is, ask crawl_next again
 *         case CRAWL_BROKEN:                 // the API does not do what it must; e names it
 *         }
 *     }
 *
 * Pages are committed in order: a position speaks for all pages before its own.
 *
 * Pages may be asked for ahead, before it is their turn (crawl_ahead), and be answered in any order. When crawl_next then
 * asks for one of them, the answer that is there is taken as another one is, but for crawl_page_ahead in place of crawl_page:
 *  - It is kept where it is full, joins on to what is kept, and the list goes on in the ordinary way. Else it counts for
 *    nothing: the crawl is as if it had never come, and the page is asked for when it is its turn. So an end, a gap or
 *    anything else out of the ordinary is proven by answers to requests that were made after all that they speak of.
 *  - That is no weaker than an answer in its turn. Only a list by key is asked for ahead, from its second page on. There
 *    each record has one place among the others for ever, so that two pages that overlap leave none out, whichever was made
 *    first; and all were made after the list was begun, from where on changes are read by time.
 *
 * What cannot be had (crawl_places.c). A page that failed twice is asked for by halves, down to 16 places, then taken
 * apart (extract/places/step_over.h), and comes as one page of two parts: the second `goes_on` where the first
 * ended, and answers to requests that only `look` are no part of it. In place of each record that was stepped over
 * the crawl sees one without a readable time, so that all that is said here of pages holds for this one: it is what
 * the list showed, but for records that it does not give. conf.places remembers them:
 *  - where a page is to be asked for that holds a known place, it is asked for around it, at once: one request
 *    more than without, and one more when it is tried again;
 *  - at a run's end, places that are due are tried again, as far as no page did it, until two requests brought nothing;
 *    where one brings a record, those that are not due yet are tried, too;
 *  - the place of a malformed record that came within its page (seen->aside) is remembered for that alone;
 *  - a place is closed when a page shows its neighbours with nothing stepped over between them, or its key.
 * Whether the API is there at all is asked with the last two tries that the caller has left: a record that it gave
 * before in this run, then one from behind the page; with the last three where it gave none. Any single one may be
 * another record that it does not give. Where all fail, crawl_failed says CRAWL_GIVE_UP.
 * The page size: one failure is enough to go back from a larger size that was tried (5 good pages after the last time,
 * then 10, 20 ... 320). The size that works is kept in the position.
 */
#ifndef NETTY_EXTRACT_CRAWL_CRAWL_H
#define NETTY_EXTRACT_CRAWL_CRAWL_H

#include "extract/places/places.h"
#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/time/when.h"

#define CRAWL_SKEW_MAX (INT64_C(26) * 3600 * WHEN_SECOND) /* UTC-12 to UTC+14 */
#define CRAWL_KEY_MAX  72
#define CRAWL_TIME_MAX 40 /* a source time's text; longer ones count as no time */

/* Why a table is not proven to be complete; bits. */
#define CRAWL_UNPROVEN_TIES     1u  /* more equal times than a page holds, and no other order */
#define CRAWL_UNPROVEN_TIMELESS 2u  /* the same of records without a time */
#define CRAWL_UNPROVEN_HIDDEN   4u  /* whole pages of records that the key may not see */
#define CRAWL_UNPROVEN_SINGLE   8u  /* pages of one record, and no other order */
#define CRAWL_UNPROVEN_UNFIT    32u /* pages by time that do not fit together, and no other order */
#define CRAWL_UNPROVEN_OFFSET   64u /* one short page, at whatever offset */
#define CRAWL_UNPROVEN_DIFFERS  128u /* answers lack records that others of the same list have */
#define CRAWL_UNPROVEN_BIRTHS   16u  /* new records without a time cannot be looked for */

struct crawl;

struct crawl_conf {
    unsigned limit;    /* page size to start with, 10 ... 100 */
    int64_t overlap;   /* a run starts this much before the last one's end; 61 minutes at least */
    int64_t margin;    /* what counts as complete stays this much behind the server's clock */
    struct zone *zone; /* of zone-less times; borrowed */
    bool full;         /* from the beginning, whatever the position says */
    int64_t since;     /* from here, whatever the position says; or WHEN_NONE */
    int64_t floor; /* without a position: what the catalog says the database has; or WHEN_NONE */
    int64_t now;   /* the local clock, so that a floor in the future is known for one; 0: unknown */
    bool keyed;    /* the key's name is known: the list can be asked for by key */
    bool by_time;  /* ... but only where it must be: complete_to is to grow on the way */
    struct places
        *places; /* what the list does not give; borrowed; NULL: none, and they are forgotten */
};

enum crawl_sort {
    CRAWL_BY_TIME,
    CRAWL_BY_KEY,
    CRAWL_BY_KEY_DOWN
};

/* What to ask for next. */
struct crawl_request {
    enum crawl_sort sort;
    char after[CRAWL_TIME_MAX]; /* the filter's value in the API's form; "" = no filter */
    char equal[CRAWL_TIME_MAX]; /* the same for records of one time */
    uint64_t offset;
    unsigned limit;
    bool goes_on; /* its records belong to the page that was begun; else that is taken back */
    bool looks;   /* its records belong to no page, and the one that was begun stays */
    bool alone;   /* one record that may be what cannot be had: its bytes are worth keeping */
    bool apart;   /* a malformed record fails it, so that its place becomes known */
    unsigned gap; /* goes_on: so many records are stepped over */
};

/* One record of the answer, in the answer's order. */
struct crawl_seen {
    uint64_t identity; /* hash of the key's text; of the whole record where it has none */
    const char *time;  /* outermost time_modified as sent, without quotes; NULL or "" for none */
    size_t time_len;
    int64_t key; /* an integer key that a database's column can hold */
    bool keyed;  /* there is one */
    bool odd;    /* an element that is no record */
    bool aside;  /* a record whose bytes were set aside as they came, and that may be mended; */
    bool hinted; /* ... and what seems to be its key (keyed is for those that came) */
};

struct crawl_answer {
    int64_t date;  /* the server's Date, or WHEN_NONE */
    int64_t now;   /* the local clock, used where there is no Date; 0: unknown */
    int64_t count; /* the answer's `count`, -1: none */
};

enum crawl_next {
    CRAWL_FETCH,
    CRAWL_DONE
};
enum crawl_verdict {
    CRAWL_KEEP,
    CRAWL_RETAKE,
    CRAWL_PART, /* of a page, or of what must be known of it */
    CRAWL_BROKEN
};

struct crawl_stats {
    uint64_t pages;      /* kept */
    uint64_t overlaps;   /* pages whose overlap was seen */
    uint64_t step_backs; /* pages taken back for want of it */
    uint64_t timeless;   /* records without a time seen */
    int64_t complete_to; /* all that the API showed up to here is kept; WHEN_NONE: not known yet */
    int64_t reached;     /* greatest time kept so far (not later than the server's clock) */
    int64_t lead;      /* how much earlier than the records' times the filter must be; 0: no skew */
    unsigned unproven; /* CRAWL_UNPROVEN_*: why completeness cannot be proven; 0: it is */
    int64_t
        births_to; /* records without a time are all kept that were there then; WHEN_NONE: no claim */
    uint64_t lacking; /* records that the API does not give: complete but for these; */
    uint64_t stepped; /* of them, new in this run */
    unsigned
        in_a_row;  /* so many records in a row are not given: the next run goes on behind them */
    bool ended;    /* the list has been read to its end */
    bool whole;    /* from its beginning, in this run or the one gone on with */
    bool counted;  /* `count` has proven to be how many records there are */
    uint64_t seen; /* distinct records, about */
    bool thinned;  /* the API leaves records out of its pages */
    bool filter_ignored; /* the API does not filter by time: the whole list is paged through; warn
                            of it */
};

enum err_code crawl_open(struct crawl **c, const struct crawl_conf *conf, const char *position,
                         struct err *e) MUST_CHECK;
void crawl_close(struct crawl *c);

enum crawl_next crawl_next(struct crawl *c, struct crawl_request *request);
enum err_code crawl_record(struct crawl *c, const struct crawl_seen *seen,
                           struct err *e) MUST_CHECK;
enum crawl_verdict crawl_page(struct crawl *c, const struct crawl_answer *answer, struct err *e);

/* What the crawl will ask for `further` requests (1: the next one) behind the one that crawl_next gave, if the list does not
 * change. False: nobody knows. Only in crawls from the beginning. */
bool crawl_ahead(const struct crawl *c, unsigned further, struct crawl_request *request);
/* crawl_page for an answer that was asked for ahead: CRAWL_KEEP, or CRAWL_RETAKE, and all is as before. answer->now and
 * date are those of when it came. */
enum crawl_verdict crawl_page_ahead(struct crawl *c, const struct crawl_answer *answer);

/* The request was refused (for good), or failed. True: it was of a form that the crawl can do without, and
 * that it will not use again, or not in this run; ask crawl_next. */
bool crawl_refused(struct crawl *c, bool for_good);

/* The page is read again from its beginning, though nothing has failed. */
void crawl_page_restart(struct crawl *c);

/* The request failed, and may succeed later, or in another size. */
struct crawl_failure {
    bool too_large;  /* a smaller page is what it takes: a time-out, a size beyond some limit */
    unsigned left;   /* tries in a row that remain */
    int64_t now;     /* the clock; 0: unknown */
    const char *why; /* for a person */
    /* request.alone: the record's bytes are at hand, and what can be made out of them; or NULL */
    const struct crawl_seen *seen;
};
enum crawl_after_failure {
    CRAWL_AGAIN, /* the same request, after the longer pause of a retry; else ask crawl_next after a short one: */
    CRAWL_OTHER,     /* another request */
    CRAWL_OTHER_WAY, /* ... of another form than the one that failed */
    CRAWL_SET_ASIDE, /* ... and the bytes belong to what is set aside with the page that was begun */
    CRAWL_GIVE_UP    /* the API is down */
};
enum crawl_after_failure crawl_failed(struct crawl *c, const struct crawl_failure *f);

/* After CRAWL_KEEP: the position to store with the page, JSON text of at most about 4 KB. */
enum err_code crawl_position(const struct crawl *c, struct buf *json, struct err *e) MUST_CHECK;
void crawl_stats(const struct crawl *c, struct crawl_stats *stats);

/* The key's name, which records have shown. It is kept in the position; another one makes lists by key unknown again. */
void crawl_learn_key(struct crawl *c, const char *name);
const char *crawl_key(const struct crawl *c); /* "": not known */

/* The reasons in words, for a person: "" for none. */
#define CRAWL_UNPROVEN_TEXT 512
/* As words for a program, with blanks between: ties timeless hidden single births unfit offset differs. */
const char *crawl_unproven_words(unsigned unproven, char *out, size_t room);
const char *crawl_unproven_text(unsigned unproven, char out[CRAWL_UNPROVEN_TEXT]);

#endif

/*
 * The crawl of one table: a pure state machine that takes answers and says what to request next. No clock, no network, no disk. It reads a
 * list that changes while it is read (NETTY.md), and must miss nothing. extract/README.md has the proof and the costs; tests/model plays the
 * crawl against random histories.
 *
 * What holds:
 *  - A run that has ended (CRAWL_DONE) with stats.unproven 0 has kept, in its newest version, every record with a time that the API showed when
 *    the run began and that lies after the run's start. What changes during the run is kept by it or by the next one. A run that was left
 *    (killed, throttled, --max-pages) is continued from its last position, and counts as begun when it was first started. If nothing can prove
 *    this, stats.unproven has the reasons.
 *  - Records without a time are kept by runs from the beginning (the first run, and with conf.full). New ones are kept by the runs that claim
 *    so (stats.births_to).
 *  - stats.complete_to. Within a run: all is kept that was changed before this time and shows a time before it. At the end: all that was changed
 *    before it. It is never later than the clock less margin, nor than what is proven, nor, if there are records of the future, than the clock
 *    when the run came to them. Without any clock nothing is claimed.
 *  - Every run ends. Each kept page comes further unless the list changed, and after 200 step-backs that led nowhere the crawl gives up. If a list
 *    changes as fast as it is read, the crawl leaves it after 60 answers that came no nearer to the present, and reads what is behind by key;
 *    after 500 such answers the run is CRAWL_BROKEN with ERR_UNAVAILABLE, and the next run goes on. (New keys, a page of them for each request,
 *    are followed for as long as they come.) The same ends a run in which 1,500 answers came no further in the list than some before, or 10,500
 *    came further by offset only, and one that led back 60 times to records that it stepped over. If the API ignores the filter, its whole list is
 *    paged through by offset (stats.filter_ignored). An API that sends one full page for ever, or does not sort, is CRAWL_BROKEN.
 *
 * What the crawl relies on, beyond NETTY.md:
 *  - A key belongs to one record for ever. The crawl does not rely on an order by key, on an order among equal times, or on a short page being the
 *    last one.
 *  - Behind the last record shown, at most 8 pages of records are hidden from the API key. (If there are more, the list has a `count`, or has shown
 *    holes.)
 *  - Filter and records differ by at most CRAWL_SKEW_MAX. Times as shown order as the list does, but for an hour (clocks that are put back).
 *  - A record shows up at most half the overlap after its time (a transaction that takes so long). A second edit within one second shows nothing
 *    new, but is read again with the overlap.
 *  - If records show times behind the server's Date, a record of the future within that very gap cannot be told from a present one. A few of
 *    these do no harm.
 *
 * Calling sequence:
 *
 *     crawl_open(&c, &conf, position, e);    // JSON text of an earlier crawl, or NULL
 *     while (crawl_next(c, &request) == CRAWL_FETCH) {
 *         ... fetch; for each record:
 *             crawl_record(c, &seen, e);
 *         ... if the request fails: crawl_failed(c, &failure) says what to do; else
 *         switch (crawl_page(c, &answer, e)) {
 *         case CRAWL_KEEP:                   // commit the page, even an empty one, with
 *             crawl_position(c, &json, e);   // ... this position, and stats.complete_to
 *         case CRAWL_RETAKE:                 // take the page back, call crawl_next again
 *         case CRAWL_PART:                   // leave the page as it is, call crawl_next again
 *         case CRAWL_BROKEN:                 // the API does not do what it must; e says what
 *         }
 *     }
 *
 * Pages are committed in order: a position speaks for all pages before its own.
 *
 * Pages ahead of their turn. Pages may be requested before it is their turn (crawl_ahead), and be answered in any order. When crawl_next asks for
 * such a page, the answer that is there is handed in as any other, but with crawl_page_ahead in place of crawl_page:
 *  - The answer is kept if the page is full, joins on to what is kept, and the list goes on in the ordinary way. Otherwise it counts for nothing:
 *    the crawl is as if it had never come, and the page is requested in its turn. So an end, a gap or anything else out of the ordinary is proven
 *    by answers to requests that were made after everything they speak of.
 *  - This proves as much as an answer in its turn. Pages are requested ahead only of a list by key, from its second page on. There each record has
 *    one place among the others for ever, so two pages that overlap leave none out, whichever was made first. And all of them were made after the
 *    list was begun, from where on changes are read by time.
 *
 * Records that cannot be had (crawl_places.c). A page that failed twice is requested by halves, down to 16 places, and then taken apart
 * (extract/places/step_over.h). It then comes as one page of two parts: the second part `goes_on` where the first ended; answers to requests
 * that only `look` are no part of it. In place of each record that was stepped over, the crawl sees one without a readable time. So all that is
 * said here of pages holds for this page, too: it is what the list showed, but for records that it does not give. conf.places remembers the
 * places of these records:
 *  - A page that holds a known place is at once requested around it: one request more than without, and one more when the place is tried again.
 *  - At a run's end, places that are due are tried again, unless some page did so, until two requests brought nothing. If one brings a record,
 *    places that are not due yet are tried, too.
 *  - The place of a malformed record that came within its page (seen->aside) is remembered only to be tried again.
 *  - A place is closed when a page shows its neighbours with nothing stepped over between them, or its key.
 * With the last two tries that the caller has left, the crawl finds out whether the API is there at all. It requests a record that the API gave
 * before in this run, then one from behind the page; if the API gave none yet, three from behind the page, with the last three tries. A single
 * one may be another record that it does not give. If all fail, crawl_failed returns CRAWL_GIVE_UP. The bytes of a record are an answer,
 * too, though they are no JSON, if the same come twice (crawl_heard).
 * Page size: a larger size is tried after 5 good pages, then after 10, 20 ... 320. One failure is enough to go back from it. The size that works is
 * kept in the position.
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
#define CRAWL_UNPROVEN_TIMELESS 2u  /* the same for records without a time */
#define CRAWL_UNPROVEN_HIDDEN   4u  /* whole pages of records that the API key may not see */
#define CRAWL_UNPROVEN_SINGLE   8u  /* pages of one record, and no other order */
#define CRAWL_UNPROVEN_UNFIT    32u /* pages by time that do not fit together, and no other order */
#define CRAWL_UNPROVEN_OFFSET   64u /* one short page, at whatever offset */
#define CRAWL_UNPROVEN_DIFFERS  128u /* answers lack records that others of the same list have */
#define CRAWL_UNPROVEN_BIRTHS   16u  /* new records without a time cannot be looked for */
#define CRAWL_UNPROVEN_SILENT                                                                      \
    256u /* no bytes in any answer, though other tables are answered; set by the caller */

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
    bool by_time;  /* ... but only where nothing else helps, so that complete_to grows on the way */
    struct places *
        places; /* the known places of records that cannot be had; borrowed; NULL: they are not remembered */
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
    bool goes_on; /* the answer continues the page that was begun; false: that page is taken back */
    bool looks;   /* the answer belongs to no page, and the page that was begun stays */
    bool alone;   /* asks for one record that may be the one that cannot be had: keep its bytes */
    bool apart;   /* a malformed record fails the request, so that its place becomes known */
    unsigned gap; /* goes_on: how many records are stepped over before the answer */
};

/* One record of the answer, in the answer's order. */
struct crawl_seen {
    uint64_t identity; /* hash of the key's text; of the whole record where it has none */
    const char *time;  /* outermost time_modified as sent, without quotes; NULL or "" for none */
    size_t time_len;
    int64_t key; /* an integer key that a database's column can hold */
    bool keyed;  /* `key` is set */
    bool odd;    /* an element that is no record */
    bool aside;  /* a record that became a dead letter as it came, and that the source may mend */
    bool hinted; /* aside: `key` is what seems to be its key */
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
    CRAWL_PART, /* the answer was a part of the page, or of what must be known of it */
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
        births_to; /* all records without a time are kept that were there then; WHEN_NONE: no claim */
    uint64_t lacking; /* records that the API does not give: complete but for these */
    uint64_t stepped; /* how many of them are new in this run */
    unsigned
        in_a_row; /* more records in a row are not given than a run steps over: so many so far; the next run goes on behind them */
    bool ended;   /* the list has been read to its end */
    bool whole;   /* from its beginning, in this run or the one gone on with */
    bool counted; /* `count` has proven to be how many records there are */
    uint64_t seen;       /* distinct records, about */
    bool thinned;        /* the API leaves records out of its pages */
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

/* Says what the crawl will request `further` requests (1: the next one) behind the one that crawl_next returned, if the list does not change.
 * Returns false if that is not known. Only in crawls from the beginning. */
bool crawl_ahead(const struct crawl *c, unsigned further, struct crawl_request *request);
/* crawl_page for an answer that was requested ahead. Returns CRAWL_KEEP, or CRAWL_RETAKE and then all is as before. answer->now and date are those
 * of the moment when the answer came. */
enum crawl_verdict crawl_page_ahead(struct crawl *c, const struct crawl_answer *answer);

/* Tells that the request was refused (for good), or failed. Returns true if the crawl can do without this form of request: it will not use it again,
 * or not in this run; call crawl_next then. */
bool crawl_refused(struct crawl *c, bool for_good);

/* Tells that the page is read again from its beginning, though nothing has failed. */
void crawl_page_restart(struct crawl *c);

/* A request that failed, and may succeed later, or in another size. */
struct crawl_failure {
    bool too_large;  /* a smaller page may succeed: after a time-out, or a size beyond some limit */
    unsigned left;   /* how many tries in a row remain */
    int64_t now;     /* the clock; 0: unknown */
    const char *why; /* for a person */
    /* request.alone: the record's bytes are at hand, and what can be made out of them; or NULL */
    const struct crawl_seen *seen;
    uint64_t sum; /* ... a checksum of them */
};
enum crawl_after_failure {
    CRAWL_AGAIN, /* make the same request after the long pause of a retry; with all below, call crawl_next after a short one */
    CRAWL_OTHER, /* another request follows */
    CRAWL_OTHER_WAY, /* another request follows, of another form than the one that failed */
    CRAWL_SET_ASIDE, /* the same; and the bytes become a dead letter with the page that was begun */
    CRAWL_GIVE_UP    /* the API is down */
};
enum crawl_after_failure crawl_failed(struct crawl *c, const struct crawl_failure *f);
/* Returns true if the failure that was told last shows that the API is there: the same bytes of a record came twice, though nobody
 * can read them. The caller's tries begin anew then. */
bool crawl_heard(const struct crawl *c);

/* After CRAWL_KEEP: the position to store with the page, JSON text of at most about 4 KB. */
enum err_code crawl_position(const struct crawl *c, struct buf *json, struct err *e) MUST_CHECK;
void crawl_stats(const struct crawl *c, struct crawl_stats *stats);

/* Sets the key's name, which records have shown. It is kept in the position. With another name than before, it is unknown again whether there are
 * lists by key. */
void crawl_learn_key(struct crawl *c, const char *name);
const char *crawl_key(const struct crawl *c); /* "": not known */

/* crawl_unproven_text tells the reasons in words for people; "" for none. crawl_unproven_words tells them for programs, with blanks between: ties
 * timeless hidden single births unfit offset differs silent. */
#define CRAWL_UNPROVEN_TEXT 512
const char *crawl_unproven_words(unsigned unproven, char *out, size_t room);
const char *crawl_unproven_text(unsigned unproven, char out[CRAWL_UNPROVEN_TEXT]);

#endif

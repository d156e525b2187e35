/*
 * The crawl of one table as a pure state machine: answers in, requests out; no clock, no network,
 * no disk.
 *
 * It reads a list that changes while it is read (NETTY.md) and must miss nothing:
 *  - The list is sorted by time_modified. An edit moves a record to the end, so later records move
 * up.
 *  - The filter is `time_modified` strictly greater than an anchor, perhaps read in another zone
 * than the records show (a skew of up to CRAWL_SKEW_MAX either way, which may change with the
 * season).
 *  - So each page must overlap what was seen before it: it must hold a record (same key, same time)
 * of the last kept page, or start at or before the time up to which all has been seen. Where it
 * does not, the crawl steps back (an earlier anchor, or a lower offset), never on; an anchor
 * CRAWL_SKEW_MAX early covers any skew, so stepping back ends there.
 *  - The next anchor is the greatest time on the page below its last one: a group of equal times is
 * always re-read. Where that does not advance (a group larger than a page, or a lead larger than a
 * page), it pages by offset under the same anchor, overlapping.
 *  - Records without a time are in no filtered list: a full crawl starts unfiltered and ends with a
 * look at the unfiltered list's end (they may sort first or last).
 *
 * Calling sequence:
 *     crawl_open(&c, &conf, position, e);             // position: JSON text of an earlier crawl,
 * or NULL while (crawl_next(c, &request) == CRAWL_FETCH) {
 *         ... fetch; for each record: crawl_record(c, &seen);   (crawl_page_restart(c) when the
 * body is taken back) switch (crawl_page(c, &answer, &error)) { case CRAWL_KEEP:   commit the page
 * with crawl_position(c) and stats.complete_to case CRAWL_RETAKE: take the page back; ask
 * crawl_next again case CRAWL_BROKEN: the API does not do what it must; e names it
 *         }
 *     }
 * A crawl that is left anywhere (killed, throttled, --max-pages) is gone on with from its last
 * position.
 */
#ifndef NETTY_EXTRACT_CRAWL_H
#define NETTY_EXTRACT_CRAWL_H

#include "shared/buf.h"
#include "shared/err.h"
#include "shared/when.h"

#define CRAWL_SKEW_MAX (INT64_C(26) * 3600 * WHEN_SECOND) /* UTC-12 to UTC+14 */
#define CRAWL_TIME_MAX 40 /* a source time's text; longer ones count as no time */

struct crawl;

struct crawl_conf {
    unsigned limit;  /* page size to start with, 10 ... 100 */
    int64_t overlap; /* an incremental crawl starts this much before where the last was complete */
    int64_t margin;  /* what counts as complete stays this much behind the server's clock */
    struct zone *zone; /* of zone-less times; borrowed */
    bool full;         /* from the beginning, whatever the position says */
    int64_t since;     /* from here, whatever the position says; or WHEN_NONE */
    int64_t floor; /* without a position: what the catalog says the database has; or WHEN_NONE */
    int64_t now;   /* the local clock, so that a floor in the future is known for one; 0: unknown */
};

/* What to ask for next. */
struct crawl_request {
    char after[CRAWL_TIME_MAX]; /* the filter's value in the API's form; "" = no filter */
    uint64_t offset;
    unsigned limit;
};

/* One record of the answer, in the answer's order. */
struct crawl_seen {
    uint64_t identity; /* hash of the key's text; of the whole record where it has none */
    const char *time;  /* outermost time_modified as sent, without quotes; NULL or "" for none */
    size_t time_len;
};

struct crawl_answer {
    int64_t date; /* the server's Date, or WHEN_NONE */
    int64_t now;  /* the local clock, used where there is no Date; 0: unknown */
};

enum crawl_next {
    CRAWL_FETCH,
    CRAWL_DONE
};
enum crawl_verdict {
    CRAWL_KEEP,
    CRAWL_RETAKE,
    CRAWL_BROKEN
};

struct crawl_stats {
    uint64_t pages;      /* kept */
    uint64_t overlaps;   /* pages whose overlap was seen */
    uint64_t step_backs; /* pages taken back for want of it */
    uint64_t timeless;   /* records without a time seen */
    int64_t complete_to; /* all that the API showed up to here is kept; WHEN_NONE: not known yet */
    int64_t reached;     /* greatest time kept so far (not later than the server's clock) */
    int64_t lead; /* how much earlier than the records' times the filter must be; 0: no skew */
    bool filter_ignored; /* the API does not filter by time: the whole list is paged through; warn
                            of it */
};

enum err_code crawl_open(struct crawl **c, const struct crawl_conf *conf, const char *position,
                         struct err *e) MUST_CHECK;
void crawl_close(struct crawl *c);

enum crawl_next crawl_next(struct crawl *c, struct crawl_request *request);
enum err_code crawl_record(struct crawl *c, const struct crawl_seen *seen,
                           struct err *e) MUST_CHECK;
void crawl_page_restart(struct crawl *c); /* the same request will be made again */
enum crawl_verdict crawl_page(struct crawl *c, const struct crawl_answer *answer, struct err *e);

/* The request timed out or came through: the page size halves (down to 10) or grows back. */
void crawl_timed_out(struct crawl *c);

/* After CRAWL_KEEP: the position to store with the page, JSON text (cap PAGE_POSITION_MAX). */
enum err_code crawl_position(const struct crawl *c, struct buf *json, struct err *e) MUST_CHECK;
void crawl_stats(const struct crawl *c, struct crawl_stats *stats);

#endif

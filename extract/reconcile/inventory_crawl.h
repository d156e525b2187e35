/*
 * The reconcile of one table: finding the records that the source no longer has (extract/README.md, "The reconcile").
 *
 * First a crawl of everything. Its pages are not kept: their keys are written to the inventory, called the roll
 * (spool/inventory/inventory.h), together with the crawl's position. The budget of requests bounds each run, and the next run
 * goes on. After the crawl's end, what changed meanwhile is read, too. Then the loader says which records of the database the
 * roll lacks (spool/inventory/missing_records.h). The next run takes the second look: it requests these records one by one, if
 * the source can be asked so. If it cannot, or if they are many, the next roll is the second look.
 *
 *     inventory_crawl_open(&r, &conf, e);             // takes the roll's lock
 *     switch (inventory_crawl_next(r, left, &want, e)) {    // what to ask
 *     case INVENTORY_CRAWL_ASK:    ... hand the answer's records to inventory_crawl_sink(r) ...
 *                            then inventory_crawl_answer(r, clock, count, e); or if the request failed
 *                            inventory_crawl_again(r), and crawl_failed for a page
 *     case INVENTORY_CRAWL_DONE:   all is done that can be done
 *     case INVENTORY_CRAWL_WAIT:   the loader's turn, or a person's
 *     case INVENTORY_CRAWL_FAILED:
 *     }
 *     inventory_crawl_stop(r, e);                     // the run ends, whether or not all is done
 *     inventory_crawl_close(r);
 *
 * After a kill at any point, the next run goes on behind the last page that was acknowledged.
 */
#ifndef NETTY_EXTRACT_RECONCILE_INVENTORY_CRAWL_H
#define NETTY_EXTRACT_RECONCILE_INVENTORY_CRAWL_H

#include "extract/crawl/crawl.h"
#include "extract/page/fetched_page.h"
#include "spool/inventory/inventory.h"
#include "spool/inventory/missing_records.h"
#include "spool/store/spool.h"

struct inventory_crawl;

struct inventory_crawl_conf {
    const struct spool *spool;
    const char *table;
    struct crawl_conf crawl; /* crawl.full: begin a new roll, whatever is under way */
};

enum inventory_crawl_next {
    INVENTORY_CRAWL_ASK,
    INVENTORY_CRAWL_DONE,
    INVENTORY_CRAWL_WAIT,
    INVENTORY_CRAWL_FAILED
};
struct inventory_crawl_want {
    bool lookup;                  /* true: one key is to be requested; false: a page */
    int64_t key;                  /* the key of a lookup */
    struct crawl_request request; /* for a page */
};
enum inventory_crawl_verdict {
    INVENTORY_CRAWL_KEPT,
    INVENTORY_CRAWL_RETAKE,
    INVENTORY_CRAWL_PART, /* a part of a page: what came of it stays, and the rest is requested next */
    INVENTORY_CRAWL_BROKEN
};

enum err_code inventory_crawl_open(struct inventory_crawl **r,
                                   const struct inventory_crawl_conf *conf,
                                   struct err *e) MUST_CHECK;
void inventory_crawl_close(struct inventory_crawl *r);

/* Says what to request next. left: how many requests the run may still make. */
enum inventory_crawl_next inventory_crawl_next(struct inventory_crawl *r, uint64_t left,
                                               struct inventory_crawl_want *want, struct err *e);
const struct fetched_page_sink *inventory_crawl_sink(const struct inventory_crawl *r);
/* Takes an answer that has ended. clock: the server's Date, or the local clock without it; count: the answer's `count`, or -1. */
enum inventory_crawl_verdict inventory_crawl_answer(struct inventory_crawl *r, int64_t clock,
                                                    int64_t count, struct err *e);
void inventory_crawl_again(
    struct inventory_crawl *r); /* the request failed and will be made again */
bool inventory_crawl_looks_up(const struct inventory_crawl *r); /* the request is for one key */
/* Tells that the request was refused for good. Returns true if it was a lookup: the source then does not know such filters. */
bool inventory_crawl_refused(struct inventory_crawl *r);
/* Writes how far the run came. */
enum err_code inventory_crawl_stop(struct inventory_crawl *r, struct err *e) MUST_CHECK;

struct crawl *inventory_crawl_crawl(const struct inventory_crawl *r); /* changes between requests */
const struct inventory_state *inventory_crawl_state(const struct inventory_crawl *r);

/* What a run would do, and why; for people. Reads only. */
struct inventory_crawl_plan {
    const char *what;              /* "crawl", "look", "wait" */
    uint64_t lookups;              /* keys to ask for */
    bool anew;                     /* a new roll */
    struct inventory_state *state; /* of the present roll; the caller's memory */
};
enum err_code inventory_crawl_look_ahead(const struct inventory_crawl_conf *conf,
                                         struct inventory_crawl_plan *plan,
                                         struct err *e) MUST_CHECK;

#endif

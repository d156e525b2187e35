/*
 * The reconcile of one table: finding what the source no longer has (README.md, "Reconcile").
 *
 * A crawl of everything whose pages are not kept: their keys go onto a roll (spool/inventory/inventory.h), with the
 * crawl's position, as far as the budget goes; the next run goes on. Once it has come to its end,
 * what changed meanwhile is read too. The loader then says which records of the database the roll
 * lacks (spool/inventory/missing_records.h), and the next run takes the second look: it asks for them one by one, as
 * long as the source can be asked so. Where it cannot, or they are many, the next roll is the look.
 *
 *     inventory_crawl_open(&r, &conf, e);             // takes the roll's lock
 *     switch (inventory_crawl_next(r, left, &want, e)) {    // what to ask
 *     case INVENTORY_CRAWL_ASK:    ... records of the answer through inventory_crawl_sink(r) ...
 *                            inventory_crawl_answer(r, clock, count, e), or it failed: inventory_crawl_again(r),
 *                            and crawl_failed for a page
 *     case INVENTORY_CRAWL_DONE:   all is done that can be done
 *     case INVENTORY_CRAWL_WAIT:   it is the loader's turn, or a person's
 *     case INVENTORY_CRAWL_FAILED:
 *     }
 *     inventory_crawl_stop(r, e);                     // the run ends, whether or not all is done
 *     inventory_crawl_close(r);
 *
 * Killed at any point, the next run goes on behind the last page that was acknowledged.
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
    struct crawl_conf crawl; /* full: begin anew, whatever is under way */
};

enum inventory_crawl_next {
    INVENTORY_CRAWL_ASK,
    INVENTORY_CRAWL_DONE,
    INVENTORY_CRAWL_WAIT,
    INVENTORY_CRAWL_FAILED
};
struct inventory_crawl_want {
    bool lookup;                  /* for one key; else a page of the crawl */
    int64_t key;                  /* of a lookup */
    struct crawl_request request; /* else */
};
enum inventory_crawl_verdict {
    INVENTORY_CRAWL_KEPT,
    INVENTORY_CRAWL_RETAKE,
    INVENTORY_CRAWL_PART, /* of a page: what came of it stays */
    INVENTORY_CRAWL_BROKEN
};

enum err_code inventory_crawl_open(struct inventory_crawl **r,
                                   const struct inventory_crawl_conf *conf,
                                   struct err *e) MUST_CHECK;
void inventory_crawl_close(struct inventory_crawl *r);

/* left: requests that the run may still make. */
enum inventory_crawl_next inventory_crawl_next(struct inventory_crawl *r, uint64_t left,
                                               struct inventory_crawl_want *want, struct err *e);
const struct fetched_page_sink *inventory_crawl_sink(const struct inventory_crawl *r);
/* clock: the server's Date, or ours where there is none; count: the answer's, -1: none. */
enum inventory_crawl_verdict inventory_crawl_answer(struct inventory_crawl *r, int64_t clock,
                                                    int64_t count, struct err *e);
void inventory_crawl_again(
    struct inventory_crawl *r); /* the request failed and will be made again */
bool inventory_crawl_looks_up(const struct inventory_crawl *r); /* the request is for one key */
/* A lookup was refused for good: the source does not know such filters. False: it was none. */
bool inventory_crawl_refused(struct inventory_crawl *r);
/* Marks how far the run came. */
enum err_code inventory_crawl_stop(struct inventory_crawl *r, struct err *e) MUST_CHECK;

struct crawl *inventory_crawl_crawl(const struct inventory_crawl *r); /* changes between requests */
const struct inventory_state *inventory_crawl_state(const struct inventory_crawl *r);

/* What a run would do, and why; for a person. Reads only. */
struct inventory_crawl_plan {
    const char *what;              /* "crawl", "look", "wait" */
    uint64_t lookups;              /* keys to ask for */
    bool anew;                     /* a new roll */
    struct inventory_state *state; /* of the roll that there is; the caller's */
};
enum err_code inventory_crawl_look_ahead(const struct inventory_crawl_conf *conf,
                                         struct inventory_crawl_plan *plan,
                                         struct err *e) MUST_CHECK;

#endif

/*
 * The reconcile of one table: finding what the source no longer has (README.md, "Reconcile").
 *
 * A crawl of everything whose pages are not kept: their keys go onto a roll (spool/inventory/inventory.h), with the
 * crawl's position, as far as the budget goes; the next run goes on. Once it has come to its end,
 * what changed meanwhile is read too. The loader then says which records of the database the roll
 * lacks (spool/inventory/missing_records.h), and the next run takes the second look: it asks for them one by one, as
 * long as the source can be asked so. Where it cannot, or they are many, the next roll is the look.
 *
 *     reconcile_open(&r, &conf, e);             // takes the roll's lock
 *     switch (reconcile_next(r, left, &want, e)) {    // what to ask
 *     case RECONCILE_ASK:    ... records of the answer through reconcile_sink(r) ...
 *                            reconcile_answer(r, clock, e) or reconcile_again(r)
 *     case RECONCILE_DONE:   all is done that can be done
 *     case RECONCILE_WAIT:   it is the loader's turn, or a person's
 *     case RECONCILE_FAILED:
 *     }
 *     reconcile_stop(r, e);                     // the run ends, whether or not all is done
 *     reconcile_close(r);
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

struct reconcile;

struct reconcile_conf {
    const struct spool *spool;
    const char *table;
    struct crawl_conf crawl; /* full: begin anew, whatever is under way */
};

enum reconcile_next {
    RECONCILE_ASK,
    RECONCILE_DONE,
    RECONCILE_WAIT,
    RECONCILE_FAILED
};
struct reconcile_want {
    bool look;                    /* for one key; else a page of the crawl */
    int64_t key;                  /* of a look */
    struct crawl_request request; /* else */
};
enum reconcile_verdict {
    RECONCILE_KEPT,
    RECONCILE_RETAKE,
    RECONCILE_BROKEN
};

enum err_code reconcile_open(struct reconcile **r, const struct reconcile_conf *conf,
                             struct err *e) MUST_CHECK;
void reconcile_close(struct reconcile *r);

/* left: requests that the run may still make. */
enum reconcile_next reconcile_next(struct reconcile *r, uint64_t left, struct reconcile_want *want,
                                   struct err *e);
const struct fetched_page_sink *reconcile_sink(const struct reconcile *r);
/* clock: the server's Date, or ours where there is none. */
enum reconcile_verdict reconcile_answer(struct reconcile *r, int64_t clock, struct err *e);
void reconcile_again(struct reconcile *r); /* the request failed and will be made again */
/* A look was refused for good: the source does not know such filters. False: it was no look. */
bool reconcile_refused(struct reconcile *r);
/* Marks how far the run came. */
enum err_code reconcile_stop(struct reconcile *r, struct err *e) MUST_CHECK;

struct crawl *reconcile_crawl(const struct reconcile *r); /* changes between requests */
const struct inventory_state *reconcile_state(const struct reconcile *r);

/* What a run would do, and why; for a person. Reads only. */
struct reconcile_plan {
    const char *what;              /* "crawl", "look", "wait" */
    uint64_t looks;                /* keys to ask for */
    bool anew;                     /* a new roll */
    struct inventory_state *state; /* of the roll that there is; the caller's */
};
enum err_code reconcile_look_ahead(const struct reconcile_conf *conf, struct reconcile_plan *plan,
                                   struct err *e) MUST_CHECK;

#endif

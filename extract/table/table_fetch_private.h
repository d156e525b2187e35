/*
 * The inside of a table's run, shared by the files table_fetch*.c only:
 *   table_fetch.c            requests, answers, and what comes of them
 *   table_fetch_open.c       where it begins
 *   table_fetch_answer.c     answers that are odd and can be read all the same
 *   table_fetch_elements.c   how many elements a page has that cannot be read, and has no `count`
 *   table_fetch_ahead.c      pages that are asked for before it is their turn
 *   table_fetch_trouble.c    a page that cannot be had, and records that are stepped over
 *   table_fetch_refusal.c    a table, or the key, that is refused
 *   table_fetch_backfill.c   a backfill beside the regular sync
 *   table_fetch_inventory.c  the same for a reconcile, which keeps no pages
 */
#ifndef NETTY_EXTRACT_TABLE_TABLE_FETCH_PRIVATE_H
#define NETTY_EXTRACT_TABLE_TABLE_FETCH_PRIVATE_H

#include "extract/ahead/ahead_answers.h"
#include "extract/ahead/ahead_level.h"
#include "extract/page/fetched_page.h"
#include "extract/reconcile/inventory_crawl.h"
#include "extract/table/table_fetch.h"
#include "shared/base/buf.h"
#include "shared/base/table_names.h"
#include "spool/attempt/failed_try.h"
#include "spool/control/refetch.h"
#include "spool/format/fetch_position.h"

struct table_fetch {
    const struct table_fetch_env *env;
    char name[NAMES_TABLE_MAX + 1];
    const char *given;    /* the database's key column, or NULL */
    struct page_key *key; /* the name of its records' key */
    struct table_fetch_handler handler;
    void *ctx;

    struct crawl *crawl;
    struct writer *writer;
    struct inventory_crawl *reconcile; /* instead of the writer */
    struct fetched_page *page;
    struct buf url;
    struct crawl_request asked; /* what the url asks for; limit 0: not known */
    struct places *places;      /* what the list does not give, as the spool has it */
    uint64_t malformed_sum;     /* of the last answer */
    struct table_fetch_elements {
        bool asks;                           /* the request under way is for the last one */
        struct crawl_request page;           /* of which page; limit 0: none */
        uint64_t n, last_sum, malformed_sum; /* what it seems to have */
        bool proven;                         /* the last one stands where n says */
        bool tried;                          /* that was found out since the page failed */
    } elements;
    struct crawl_request told; /* what the last answer with records was asked by; limit 0: none */
    uint64_t told_end;         /* where its `count` says that the list ends; UINT64_MAX: nowhere */
    bool told_more; /* it, or one before it in that list, told of records behind its end */
    bool spoke;     /* an answer had bytes, or another status than 200, or did not come */
    bool odd_told;  /* a warning says that the answers are odd, though they are read */
    struct buf position;

    struct rate_limit_turn turn;
    struct refusal_gate_turn gate;
    struct {
        long status;
        int64_t retry_after;
        struct err err; /* where the key is the reason */
        char words[SERVER_WORDS_TEXT];
    } refusal;                    /* that waits for what it means */
    bool welcome;                 /* it was answered in this run */
    bool in_turn;                 /* on_turn is at work */
    struct http_request *request; /* under way, or NULL */
    struct table_fetch_ahead {
        struct ahead_level level;
        struct ahead_answers answers;
        struct rate_limit_turn turn;  /* for the next of them */
        struct ahead_answer *awaited; /* which the crawl has asked for meanwhile; or NULL */
        struct ahead_answer *taken;   /* ... and is here */
        bool taking;
        bool leaving;               /* what is here is used, and no more asked for */
        struct crawl_request last;  /* what the crawl asked for last */
        struct crawl_request guess; /* ... and what it would ask for next */
        bool guessed;
    } ahead;
    uv_timer_t timer;    /* until the next try */
    unsigned attempt;    /* retries of the request at hand */
    int64_t retry_after; /* by Retry-After */

    struct fetch_position *at; /* the positions, the backfill's, too */
    struct buf own_position; /* of the crawl at hand, where it is a backfill with one of its own */
    struct backfill_state before; /* the backfill as this run found it */
    uint64_t kept;                /* its pages in this run */
    uint64_t left; /* of the list behind the last answer, by its count; UINT64_MAX: not told */
    uint64_t begun_with; /* records that the crawl had seen when this run began */
    int64_t regular_to;  /* complete by the regular crawl */
    bool own;            /* the crawl at hand is a backfill beside the regular one */
    bool counts;         /* ... or is one because the table had no regular one */
    bool reopened;       /* others have had the table in between */
    bool leaving;        /* the writer is being closed for that */
    uint64_t letters;    /* new ones until then */
    enum table_fetch_status closing;

    struct refetch refetch; /* from where pages that were lost are fetched again */
    bool refetching;        /* the spool still holds that wish */
    bool started;
    struct err
        stop;    /* the run is to end for this, once what is on its way is here; OK: it is not */
    bool ending; /* no further request; ended() once nothing is pending */
    bool ended;
    size_t stalled; /* waits for the writer to have fewer pages than this pending; 0: it does not */
    bool warned;    /* that the filter is ignored */
    int64_t began;
    int64_t complete_to; /* by the last durable page: the crawl itself is ahead of the disk */
    struct table_fetch_result result;
    struct failed_try tries; /* what result.trying tells, for those who look at the spool */
};

/* table_fetch.c */
void table_fetch_next(struct table_fetch *t); /* what to do now that nothing is under way */
void table_fetch_fail(struct table_fetch *t, const struct err *why);
/* why: NULL when the crawl is done. The first reason counts. */
void table_fetch_end(struct table_fetch *t, const struct err *why, enum table_fetch_status status);
/* Asks for t->url when it is the table's turn. */
void table_fetch_ask(struct table_fetch *t);
/* The API took the key: for those who wait for that. False: the table has failed. */
bool table_fetch_answered(struct table_fetch *t);
void table_fetch_free(struct table_fetch *t);
/* Goes on after a pause, in microseconds. */
void table_fetch_next_later(struct table_fetch *t, int64_t wait);
/* A page is here. */
void table_fetch_took(struct table_fetch *t, const struct http_result *result,
                      const struct page_parser_result *parsed);
/* Makes it durable, and goes on. */
void table_fetch_keep(struct table_fetch *t);

/* table_fetch_ahead.c */
void table_fetch_ahead_open(struct table_fetch *t);
/* How many may be lost by a kill, by the backfill as the run before left it and by what is known of its size. */
void table_fetch_ahead_bound(struct table_fetch *t, const struct crawl_stats *stats);
/* A request is under way: perhaps others are made meanwhile. */
void table_fetch_ahead_more(struct table_fetch *t);
/* t->asked is here already, or on its way. */
bool table_fetch_ahead_serves(struct table_fetch *t);
/* So is what the crawl asks for next: until that is no longer so, nothing more is asked for ahead. */
bool table_fetch_ahead_holds(struct table_fetch *t);
/* A request was refused, or failed. */
void table_fetch_ahead_failed(struct table_fetch *t);
void table_fetch_ahead_drop(struct table_fetch *t);

/* table_fetch_answer.c */
/* How an answer in its turn is understood: result and page are OK and 200 for what counts as a page. */
void table_fetch_read(struct table_fetch *t, struct http_result *result,
                      struct page_parser_result *parsed, struct err *page);
/* Of each page, be it in its turn or one that was asked for ahead: what is odd about it, and what its `count` says of the end. */
void table_fetch_note_answer(struct table_fetch *t, const struct http_result *result,
                             const struct page_parser_result *parsed);

/* table_fetch_elements.c */
/* Begins the answer to t->asked. */
void table_fetch_elements_start(struct table_fetch *t);
/* To be told of each answer, and of what is said where it is no page. Returns true if it has dealt with it: another request is made, or the table has failed. */
bool table_fetch_elements_heard(struct table_fetch *t, const struct page_parser_result *parsed,
                                enum verdict verdict, const struct err *why);

/* table_fetch_trouble.c */
/* What is tried again from now on; OK: nothing. */
void table_fetch_trying(struct table_fetch *t, enum err_code code);
/* The page was not to be had: the crawl says what to ask for next, after a pause. */
void table_fetch_retry(struct table_fetch *t, const struct http_result *result,
                       const struct err *why, bool smaller);
enum err_code table_fetch_read_places(struct table_fetch *t, struct err *e) MUST_CHECK;
/* What was stepped over is durable before the page that passes it by; what came only once it is. */
enum err_code table_fetch_write_places(struct table_fetch *t, bool durable,
                                       struct err *e) MUST_CHECK;
/* A page that says nothing new need not be written. */
bool table_fetch_may_leave_out(const struct table_fetch *t);

/* Nothing is under way any more, perhaps. */
void table_fetch_committed(struct table_fetch *t);

/* table_fetch_open.c */
enum err_code table_fetch_open_parts(struct table_fetch *t, int64_t floor,
                                     struct err *e) MUST_CHECK;

/* table_fetch_backfill.c */
/* Where the backfill's crawl begins, or goes on. */
enum err_code table_fetch_backfill_open(struct table_fetch *t, struct crawl_conf *conf,
                                        const char **position, struct err *e) MUST_CHECK;
/* t->position becomes what stands in the journal with the page at hand. */
enum err_code table_fetch_position(struct table_fetch *t, const struct crawl_stats *stats,
                                   struct err *e) MUST_CHECK;
int64_t table_fetch_page_complete_to(const struct table_fetch *t, const struct crawl_stats *stats);
/* Of how many, about, done are; 0: nobody knows. */
uint64_t table_fetch_total(const struct table_fetch *t, const struct crawl_stats *stats,
                           uint64_t done);
void table_fetch_note_count(struct table_fetch *t, const struct page_parser_result *parsed);
void table_fetch_backfill_close(struct table_fetch *t, enum table_fetch_status status);
void table_fetch_backfill_cancel(struct table_fetch *t);
void table_fetch_backfill_tell(const struct table_fetch *t);
/* Gives the table's lock to who waits for it, and goes on when that has ended. */
void table_fetch_yield(struct table_fetch *t);
/* A backfill's table whose turn has not come: others have it when they ask for it, until it is started. */
void table_fetch_lend(struct table_fetch *t);
/* Ends that, as it is started. False: another run has the table, and once that has ended the fetch begins by itself. */
bool table_fetch_take_back(struct table_fetch *t);

/* table_fetch_refusal.c */
/* *apart says whether and how the table was refused last; ERR_DENIED or ERR_CONFIG: less than an hour ago. */
enum err_code table_fetch_look_refused(const struct table_fetch_env *env, const char *name,
                                       enum table_fetch_apart *apart, struct err *e) MUST_CHECK;
/* Is the API to be left alone? Another process may have been told so since the last request. */
enum err_code table_fetch_look_at_breaker(const struct table_fetch_env *env,
                                          struct err *e) MUST_CHECK;
void table_fetch_throttled(struct table_fetch *t, long status, int64_t retry_after,
                           struct err *why);
/* 401 or 403: waits until it is known whether others are answered. why: what is said where they are not. */
void table_fetch_refused(struct table_fetch *t, const struct http_result *result,
                         const struct err *why);
void table_fetch_unknown(struct table_fetch *t, const struct err *why);
void table_fetch_not_refused(struct table_fetch *t);

/* table_fetch_inventory.c */
enum err_code table_fetch_reconcile_open(struct table_fetch *t, struct err *e) MUST_CHECK;
void table_fetch_reconcile_next(struct table_fetch *t);
void table_fetch_reconcile_answer(struct table_fetch *t, const struct http_result *result,
                                  const struct page_parser_result *parsed);

#endif

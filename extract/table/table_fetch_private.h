/*
 * The inside of a table's run, shared by the files table*.c only:
 *   table_fetch.c            requests, answers, and what comes of them
 *   table_fetch_open.c       where it begins
 *   table_fetch_trouble.c    a page that cannot be had, and records that are stepped over
 *   table_fetch_refusal.c    a table, or the key, that is refused
 *   table_fetch_inventory.c  the same for a reconcile, which keeps no pages
 */
#ifndef NETTY_EXTRACT_TABLE_TABLE_FETCH_PRIVATE_H
#define NETTY_EXTRACT_TABLE_TABLE_FETCH_PRIVATE_H

#include "extract/page/fetched_page.h"
#include "extract/reconcile/inventory_crawl.h"
#include "extract/table/table_fetch.h"
#include "shared/base/buf.h"
#include "shared/base/table_names.h"
#include "spool/store/refetch.h"

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
    uv_timer_t timer;             /* until the next try */
    unsigned attempt;             /* retries of the request at hand */
    int64_t retry_after;          /* by Retry-After */

    struct refetch refetch; /* from where pages that were lost are fetched again */
    bool refetching;        /* the spool still holds that wish */
    bool started;
    bool ending; /* no further request; ended() once nothing is pending */
    bool ended;
    bool stalled; /* waits for the writer to catch up */
    bool warned;  /* that the filter is ignored */
    int64_t began;
    int64_t complete_to; /* by the last durable page: the crawl itself is ahead of the disk */
    struct table_fetch_result result;
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
void table_fetch_next_later(struct table_fetch *t, int64_t wait);

/* table_fetch_trouble.c */
/* The page was not to be had: the crawl says what to ask for next, after a pause. */
void table_fetch_retry(struct table_fetch *t, const struct http_result *result,
                       const struct err *why, bool smaller);
enum err_code table_fetch_read_places(struct table_fetch *t, struct err *e) MUST_CHECK;
/* What was stepped over is durable before the page that passes it by; what came only once it is. */
enum err_code table_fetch_write_places(struct table_fetch *t, bool durable,
                                       struct err *e) MUST_CHECK;

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

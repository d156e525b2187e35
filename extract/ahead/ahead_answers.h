/*
 * Pages that are asked for ahead: requests that are under way, and answers that are held until the crawl asks for them.
 *
 *     ahead_answers_init(&all, http, memory, done, ctx);
 *     ahead_answers_room(&all)                         // is there memory for another page?
 *     ahead_answers_ask(&all, &request, url, e);
 *     ... done(ctx, answer)                            // from the loop: it came, or failed
 *     a = ahead_answers_find(&all, &request);          // NULL: it was not asked for
 *     ahead_answers_drop(&all, a);                     // also ends a request that is under way
 *     ahead_answers_drop_all(&all);
 *
 * Memory: bodies are held as they came, decompressed, AHEAD_MEMORY bytes at most over all tables of a process. What a page
 * may need is set aside before it is asked for, by the largest one so far; one that needs more than is left fails with
 * ERR_TOO_BIG. The caller owns the struct; an answer lives until it is dropped.
 */
#ifndef NETTY_EXTRACT_AHEAD_AHEAD_ANSWERS_H
#define NETTY_EXTRACT_AHEAD_AHEAD_ANSWERS_H

#include "extract/api/http_client.h"
#include "extract/crawl/crawl.h"
#include "shared/base/buf.h"

#define AHEAD_MEMORY ((size_t)4 << 20)

/* What all tables of a process hold together. */
struct ahead_memory {
    size_t used;
};

struct ahead_answers;
struct ahead_answer {
    struct crawl_request asked;
    bool came; /* else it failed, or is under way: */
    bool failed;
    struct http_result result; /* where it came or failed */
    int64_t at;                /* the clock then */
    struct buf body;           /* where it came */
    /* Of ahead_answers.c. */
    struct ahead_answers *all;
    struct http_request *request;
    size_t reserved;
    struct ahead_answer *next;
};

typedef void ahead_done_fn(void *ctx, struct ahead_answer *a);
struct ahead_answers {
    struct http *http;
    struct ahead_memory *memory;
    ahead_done_fn *done;
    void *ctx;
    struct ahead_answer *first;
    size_t count;
    size_t largest; /* page so far, in bytes */
};

void ahead_answers_init(struct ahead_answers *all, struct http *http, struct ahead_memory *memory,
                        ahead_done_fn *done, void *ctx);
/* A page of so many bytes was seen. */
void ahead_answers_note(struct ahead_answers *all, size_t bytes);
bool ahead_answers_room(const struct ahead_answers *all);
enum err_code ahead_answers_ask(struct ahead_answers *all, const struct crawl_request *request,
                                const char *url, struct err *e) MUST_CHECK;
struct ahead_answer *ahead_answers_find(const struct ahead_answers *all,
                                        const struct crawl_request *request);
void ahead_answers_drop(struct ahead_answers *all, struct ahead_answer *a);
void ahead_answers_drop_all(struct ahead_answers *all);

/* Do both ask for the same? */
bool ahead_same_request(const struct crawl_request *a, const struct crawl_request *b);

#endif

/*
 * Pages that are requested ahead of their turn: the open requests, and the answers that are held until the crawl asks for
 * these pages.
 *
 *     ahead_answers_init(&all, http, memory, done, ctx);
 *     ahead_answers_room(&all)                         // is there memory for another page?
 *     ahead_answers_ask(&all, &request, url, e);
 *     ... done(ctx, answer)                            // from the loop: the answer came, or the request failed
 *     a = ahead_answers_find(&all, &request);          // NULL: this page was not requested ahead
 *     ahead_answers_drop(&all, a);                     // also ends a request that is under way
 *     ahead_answers_drop_all(&all);
 *
 * Memory: bodies are held decompressed, at most AHEAD_MEMORY bytes over all tables of a process. Before a page is
 * requested, as much is reserved for it as the largest page so far took. A page that needs more than is left fails with
 * ERR_TOO_BIG. The caller owns the structs; an answer lives until it is dropped.
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
    bool came; /* the body is here; if neither this nor `failed`, the request is under way */
    bool failed;
    struct http_result result; /* once it came or failed */
    int64_t at;                /* the wall clock then */
    struct buf body;           /* once it came */
    /* Private to ahead_answers.c: */
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
/* Tells how large a page was, in bytes. */
void ahead_answers_note(struct ahead_answers *all, size_t bytes);
/* Returns true if there is memory for one more page. */
bool ahead_answers_room(const struct ahead_answers *all);
enum err_code ahead_answers_ask(struct ahead_answers *all, const struct crawl_request *request,
                                const char *url, struct err *e) MUST_CHECK;
struct ahead_answer *ahead_answers_find(const struct ahead_answers *all,
                                        const struct crawl_request *request);
void ahead_answers_drop(struct ahead_answers *all, struct ahead_answer *a);
void ahead_answers_drop_all(struct ahead_answers *all);

/* Returns true if both requests are for the same page. */
bool ahead_same_request(const struct crawl_request *a, const struct crawl_request *b);

#endif

/*
 * An answer of the model's API, as the list was when it was made; it may be read later.
 */
#ifndef NETTY_TESTS_MODEL_REPLY_H
#define NETTY_TESTS_MODEL_REPLY_H

#include "extract/crawl/crawl.h"
#include "tests/model/world.h"

#define REPLY_MAX 64
#define HELD_MAX  6

struct reply_record {
    unsigned short record;
    unsigned version;
    bool given;   /* its text can be read */
    bool timed;   /* it shows a time that can be read */
    int64_t time; /* ... of this second */
    char text[WHEN_TEXT];
};

struct reply {
    struct crawl_request request;
    bool refused;
    bool failed; /* because of its size, or of a record */
    bool hangs;
    int64_t clock;
    int64_t count;
    size_t n;
    struct reply_record records[REPLY_MAX];
};

void reply_make(struct world *w, const struct crawl_request *request, struct reply *reply);

/* Those that were made and not read yet. */
struct held {
    struct reply at[HELD_MAX];
    unsigned count;
};
struct reply *held_find(struct held *h, const struct crawl_request *request); /* or NULL */
void held_drop(struct held *h, struct reply *reply);

#endif

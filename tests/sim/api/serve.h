/*
 * The API itself: a request for a table, and the answer to it. No sockets here: what is to be sent,
 * and how, comes out as a struct reply.
 */
#ifndef NETTY_TESTS_SIM_API_SERVE_H
#define NETTY_TESTS_SIM_API_SERVE_H

#include "shared/base/buf.h"
#include "tests/sim/api/world.h"
#include "tests/sim/base/args.h"
#include <stdbool.h>

struct request {
    const char *table; /* the URL's path, without what comes before the table */
    struct args args;
    const char *key; /* the x-netty-api-key header or NULL */
    bool gzip;       /* accepted */
    uint64_t connection;
};

enum delivery {
    DELIVER_WHOLE,
    DELIVER_CUT,   /* half the body, then the end of the connection */
    DELIVER_RESET, /* a reset instead of an answer */
    DELIVER_STALL, /* half the body, a long wait, the rest */
};

#define REPLY_TEXT 64

struct reply {
    unsigned status;
    struct buf body;
    const char *type; /* Content-Type */
    bool zipped;      /* body is gzip */
    enum delivery delivery;
    int64_t wait_ms;              /* before anything is sent */
    int64_t stall_ms;             /* of DELIVER_STALL */
    char date[REPLY_TEXT];        /* "": no such header */
    char retry_after[REPLY_TEXT]; /* "": no such header */
    char location[REPLY_TEXT];    /* "": no such header */
};

void reply_init(struct reply *reply);
void reply_free(struct reply *reply);

/* Takes the lock itself. Fails only for want of memory (or a cap): the server's 500 then. */
enum err_code serve(struct world *w, const struct request *request, struct reply *reply,
                    struct err *e) MUST_CHECK;

#endif

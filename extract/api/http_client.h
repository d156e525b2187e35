/*
 * GET requests over kept-alive connections: libcurl's multi-socket interface on the libuv loop.
 *
 * TLS certificates are verified. Redirects are never followed: a 3xx answer is an error that names the target. gzip is
 * accepted and decompressed, HTTP/2 is used where the server offers it. The API key goes into one header and nowhere
 * else. A request has one time limit for everything.
 *
 * For each http_get, done() is called exactly once, from the loop, unless http_cancel is called before. body() gets the
 * bytes as they arrive, for status 200 only. 203 counts as 200, and so does 204 ("no content"), whose body is [].
 * body() may fail, which ends the request with its error. Within body() no function of this header may be called;
 * within done() all of them may.
 */
#ifndef NETTY_EXTRACT_API_HTTP_CLIENT_H
#define NETTY_EXTRACT_API_HTTP_CLIENT_H

#include "extract/api/server_words.h"
#include "shared/base/err.h"
#include "shared/log/secret.h"
#include <uv.h>

struct http;
struct http_request;

struct http_conf {
    const struct secret *key; /* x-netty-api-key; borrowed */
    int64_t timeout;          /* microseconds, the whole request */
    unsigned connections;     /* kept alive */
    const char *ca_file;      /* NULL: the system's */
};

/* How an exchange ended. err.code OK and status 200: a whole body was handed to body(). */
struct http_result {
    struct err err; /* ERR_UNAVAILABLE: no answer or one cut short; ERR_REFUSED: a redirect;
                       body()'s own error */
    bool timed_out;
    bool cut; /* the connection ended within the body; harmless if the JSON had come to its end */
    long status;         /* 0 when there was no answer */
    int64_t date;        /* the Date header, or WHEN_NONE */
    int64_t retry_after; /* microseconds from now (seconds or HTTP date, never negative), or -1 */
    uint64_t bytes;      /* received, as sent (compressed) */
    int64_t elapsed;     /* microseconds */
    char words
        [SERVER_WORDS_TEXT]; /* what the server said, where the answer is no page; "": nothing */
};

struct http_handler {
    enum err_code (*body)(void *ctx, const char *bytes, size_t n, struct err *e);
    void (*done)(void *ctx, const struct http_result *result);
};

enum err_code http_open(struct http **h, uv_loop_t *loop, const struct http_conf *conf,
                        struct err *e) MUST_CHECK;
/* Cancels all requests without calling done(), and closes. The memory is freed once the loop has closed the handles. */
void http_close(struct http *h);

/* url must hold no secret, since it may appear in messages. */
enum err_code http_get(struct http *h, struct http_request **r, const char *url,
                       const struct http_handler *handler, void *ctx, struct err *e) MUST_CHECK;
void http_cancel(struct http_request *r);

#endif

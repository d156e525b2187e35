/*
 * A small HTTP server on the program's own loop: GET and HEAD of a few paths, for those who watch.
 * libmicrohttpd's epoll descriptor is polled by libuv; there is no thread.
 *
 *     struct serve_conf conf = {.fn = answer, .ctx = ctx, .token = token};
 *     serve_address("127.0.0.1:9187", "--listen", ERR_USAGE, &conf.address, e);
 *     serve_open(&s, loop, &conf, e);       // listens; serve_name(s) tells where
 *     ... fn(ctx, path, reply)              // from the loop
 *     serve_close(s);                       // the memory goes with the loop's handles
 *
 * With a token each request needs `Authorization: Bearer TOKEN`, compared in constant time; without
 * one only loopback addresses are listened on (ERR_CONFIG), and only requests whose Host is
 * loopback's are answered, so that no page of somebody else's reads it by DNS tricks. What is not
 * allowed gets 401, and for "/" the body that conf.door makes, which must be the same for all.
 *
 * Bounds: SERVE_CONNECTIONS at a time, SERVE_MEMORY each for the whole request, SERVE_IDLE seconds
 * of silence, no request body. Answers carry headers that keep browsers from storing, sniffing,
 * framing and running anything but what has the reply's nonce.
 *
 * The handles do not keep the loop alive. Only netty-extract and netty-load may use this: it links
 * libmicrohttpd.
 */
#ifndef NETTY_SHARED_HTTP_HTTP_SERVER_H
#define NETTY_SHARED_HTTP_HTTP_SERVER_H

#include "shared/base/buf.h"
#include "shared/log/secret.h"
#include <netinet/in.h>
#include <uv.h>

#define SERVE_CONNECTIONS 32
#define SERVE_MEMORY      ((size_t)16 << 10)
#define SERVE_IDLE        15
#define SERVE_BODY_MAX    ((size_t)32 << 20)
#define SERVE_TOKEN_LEAST 16
#define SERVE_NONCE       33
#define SERVE_NAME        64

union serve_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* ADDR:PORT, [ADDR]:PORT, localhost:PORT, :PORT (127.0.0.1). Otherwise `code` with the setting's
 * origin. Port 0: one that is free. */
enum err_code serve_address(const char *text, const char *origin, enum err_code code,
                            union serve_address *address, struct err *e) MUST_CHECK;
bool serve_is_loopback(const union serve_address *address);

struct serve_reply {
    unsigned status;         /* 200 unless set */
    const char *type;        /* text/plain unless set; lives longer than the reply */
    struct buf body;         /* filled by the function */
    char nonce[SERVE_NONCE]; /* new for each reply; letters and digits */
};
/* Fills the reply; false: there is no such path. */
typedef bool serve_fn(void *ctx, const char *path, struct serve_reply *reply);
typedef void serve_door_fn(void *ctx, struct serve_reply *reply);

struct serve_conf {
    union serve_address address;
    const struct secret *token; /* borrowed; NULL: none */
    serve_fn *fn;
    serve_door_fn *door;
    void *ctx;
};

struct serve;
/* ERR_CONFIG when the address cannot be had, or may not without a token. */
enum err_code serve_open(struct serve **s, uv_loop_t *loop, const struct serve_conf *conf,
                         struct err *e) MUST_CHECK;
const char *serve_name(const struct serve *s); /* "127.0.0.1:9187" */
void serve_close(struct serve *s);

#endif

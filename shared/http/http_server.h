/*
 * A small HTTP server on the program's own loop: GET and HEAD of a few paths, for those who watch, and POST of one path.
 * A POST gets 403 unless the server has a token and the request gives it.
 * libuv polls libmicrohttpd's epoll descriptor; there is no thread.
 *
 *     struct http_server_conf conf = {.fn = answer, .ctx = ctx, .token = token};
 *     http_server_address("127.0.0.1:9187", "--listen", ERR_USAGE, &conf.address, e);
 *     http_server_open(&s, loop, &conf, e);       // listens; http_server_name(s) tells where
 *     ... fn(ctx, path, reply)              // from the loop
 *     http_server_close(s);                       // the memory goes with the loop's handles
 *
 * With a token each request needs `Authorization: Bearer TOKEN`, which is compared in constant time. A
 * request without it gets 401, and for a page (a path that ends in "/") the body that conf.door makes, which must be the
 * same for everybody. Without a token the server listens on loopback addresses only (ERR_CONFIG for others), and
 * answers only requests whose Host is loopback's, so that a foreign web page cannot read the answers by
 * DNS rebinding.
 *
 * Bounds: HTTP_CONNECTIONS connections at a time, HTTP_SERVER_MEMORY bytes each for the whole request, no request body. A
 * connection is closed HTTP_SERVER_IDLE seconds after it was accepted or its last request was answered. One connection too
 * many closes the one that has been idle for longest, so that slow clients keep nobody out. Answers have headers that forbid
 * browsers to store, sniff or frame them, and to run any script but those with the reply's nonce.
 *
 * The handles do not keep the loop alive. Only netty-extract and netty-load use the server, because it
 * needs libmicrohttpd.
 */
#ifndef NETTY_SHARED_HTTP_HTTP_SERVER_H
#define NETTY_SHARED_HTTP_HTTP_SERVER_H

#include "shared/base/buf.h"
#include "shared/log/secret.h"
#include <netinet/in.h>
#include <uv.h>

#define HTTP_SERVER_MEMORY      ((size_t)16 << 10)
#define HTTP_SERVER_IDLE        10
#define HTTP_SERVER_BODY_MAX    ((size_t)32 << 20)
#define HTTP_SERVER_TOKEN_LEAST 16
#define HTTP_SERVER_NONCE       33
#define HTTP_SERVER_NAME        64

union http_server_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Reads ADDR:PORT, [ADDR]:PORT, localhost:PORT or :PORT (127.0.0.1). Port 0 stands for any free port. Fails with `code`; the
 * message has origin, which says where the setting came from. */
enum err_code http_server_address(const char *text, const char *origin, enum err_code code,
                                  union http_server_address *address, struct err *e) MUST_CHECK;
bool http_server_is_loopback(const union http_server_address *address);

struct http_server_reply {
    unsigned status;               /* 200 unless set */
    const char *type;              /* text/plain unless set; lives longer than the reply */
    struct buf body;               /* filled by the function */
    char nonce[HTTP_SERVER_NONCE]; /* new for each reply; letters and digits */
};
/* Fills the reply to a GET. Returns false where there is no such path. */
typedef bool http_server_fn(void *ctx, const char *path, struct http_server_reply *reply);
/* Fills the reply to a GET of "/" without the token. */
typedef void http_server_door_fn(void *ctx, const char *path, struct http_server_reply *reply);

/* Fills the reply to a POST of conf.post_path. table is the query's parameter of that name, "" without one. */
typedef void http_server_post_fn(void *ctx, const char *table, struct http_server_reply *reply);

struct http_server_conf {
    union http_server_address address;
    const struct secret *token; /* borrowed; NULL: none */
    http_server_fn *fn;
    http_server_door_fn *door;
    http_server_post_fn *post; /* or NULL: nothing can be asked for */
    const char *post_path;
    void *ctx;
};

struct http_server;
/* Listens. Fails with ERR_CONFIG when the address is taken or cannot be used, or must not be used without a token. */
enum err_code http_server_open(struct http_server **s, uv_loop_t *loop,
                               const struct http_server_conf *conf, struct err *e) MUST_CHECK;
const char *http_server_name(const struct http_server *s); /* "127.0.0.1:9187" */
void http_server_close(struct http_server *s);

#endif

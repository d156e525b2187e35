#include "shared/http/http_server.h"

#include "shared/http/http_connections.h"
#include "shared/log/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_MOST 64 /* before others on the loop have their turn */
#define TICK_MS     1000

struct http_server {
    struct http_server_conf conf;
    struct MHD_Daemon *daemon;
    int fd;              /* listens */
    uv_poll_t listening; /* fd */
    uv_poll_t poll;      /* the daemon's epoll descriptor */
    uv_timer_t timer;    /* the daemon's next time-out */
    uv_timer_t tick;     /* looks for connections that have had their time */
    struct http_connections connections;
    unsigned handles;
    char name[HTTP_SERVER_NAME];
};

/* ---- answering ---- */

static bool draw_nonce(char out[HTTP_SERVER_NONCE])
{
    unsigned char random[(HTTP_SERVER_NONCE - 1) / 2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return false;
    for (size_t i = 0; i < sizeof random; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", random[i]);
    return true;
}

/* Takes as long for a wrong token as for the right one, if both have the same length. */
static bool same_secret(const char *a, const char *b)
{
    size_t n = strlen(b);
    unsigned char differs = strlen(a) != n;
    for (size_t i = 0; i < n; i++)
        differs |= (unsigned char)((unsigned char)a[differs ? 0 : i] ^ (unsigned char)b[i]);
    return differs == 0;
}

static bool host_is_loopback(const char *host)
{
    char name[HTTP_SERVER_NAME];
    union http_server_address address;
    size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (n == 0 || n + 3 > sizeof name)
        return false;
    memcpy(name, host, n);
    memcpy(name + n, ":0", 3);
    return http_server_address(name, "", ERR_DATA, &address, NULL) == OK &&
           http_server_is_loopback(&address);
}

static bool allowed(const struct http_server *s, struct MHD_Connection *c)
{
    static const char scheme[] = "Bearer ";
    if (s->conf.token == NULL) {
        const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host");
        return host != NULL && host_is_loopback(host);
    }
    const char *given = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
    if (given == NULL || strncasecmp(given, scheme, sizeof scheme - 1) != 0)
        return false;
    return same_secret(given + sizeof scheme - 1, secret_reveal(s->conf.token));
}

static bool add_headers(struct MHD_Response *r, const struct http_server_reply *reply)
{
    char policy[400];
    (void)snprintf(policy, sizeof policy,
                   "default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; "
                   "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                   "frame-ancestors 'none'",
                   reply->nonce, reply->nonce);
    const char *const headers[][2] = {
        {"Content-Type", reply->type},
        {"Content-Security-Policy", policy},
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {reply->status == 401 ? "WWW-Authenticate" : NULL, "Bearer realm=\"netty\""},
        {reply->status == 405 ? "Allow" : NULL, "GET, HEAD"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        if (headers[i][0] != NULL &&
            MHD_add_response_header(r, headers[i][0], headers[i][1]) != MHD_YES)
            return false;
    return true;
}

static enum MHD_Result send_reply(struct MHD_Connection *c, const struct http_server_reply *reply)
{
    enum MHD_Result rc = MHD_NO;
    struct MHD_Response *r =
        MHD_create_response_from_buffer(reply->body.len, reply->body.data, MHD_RESPMEM_MUST_COPY);
    if (r == NULL)
        return MHD_NO;
    if (add_headers(r, reply))
        rc = MHD_queue_response(c, reply->status, r);
    MHD_destroy_response(r);
    return rc;
}

static void set_text(struct http_server_reply *reply, unsigned status, const char *text)
{
    buf_reset(&reply->body);
    reply->type = "text/plain; charset=utf-8";
    reply->status = status;
    if (buf_adds(&reply->body, text) != OK)
        buf_reset(&reply->body); /* the status says it too */
}

static void refuse(struct http_server *s, const char *path, struct http_server_reply *reply)
{
    if (s->conf.token == NULL) {
        set_text(reply, 403,
                 "This listens for loopback addresses only; give NETTY_LISTEN_TOKEN to be "
                 "reached by another name.\n");
        return;
    }
    set_text(reply, 401,
             "This needs the token of NETTY_LISTEN_TOKEN: Authorization: Bearer TOKEN\n");
    if (path[0] != '\0' && path[strlen(path) - 1] == '/' && s->conf.door != NULL) {
        buf_reset(&reply->body);
        s->conf.door(s->conf.ctx, path, reply);
        reply->status = 401;
    }
}

/* A foreign web page can make a browser send a POST to this machine, so a loopback address alone allows nothing. */
static void make_post_reply(struct http_server *s, struct MHD_Connection *c, bool body,
                            struct http_server_reply *reply)
{
    const char *table = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "table");
    if (s->conf.token == NULL || !allowed(s, c))
        set_text(reply, 403,
                 "This needs the token of NETTY_LISTEN_TOKEN: Authorization: Bearer TOKEN\n");
    else if (body)
        set_text(reply, 413, "No request with a body.\n");
    else
        s->conf.post(s->conf.ctx, table != NULL ? table : "", reply);
}

static void make_reply(struct http_server *s, struct MHD_Connection *c, const char *path,
                       const char *method, struct http_server_reply *reply)
{
    const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");
    bool body = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Transfer-Encoding") != NULL ||
                (length != NULL && strcmp(length, "0") != 0);
    if (strcmp(method, "POST") == 0 && s->conf.post != NULL &&
        strcmp(path, s->conf.post_path) == 0) {
        make_post_reply(s, c, body, reply);
        return;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        set_text(reply, 405, "Only GET and HEAD.\n");
    else if (body)
        set_text(reply, 413, "No request with a body.\n");
    else if (!allowed(s, c))
        refuse(s, path, reply);
    else if (!s->conf.fn(s->conf.ctx, path, reply))
        set_text(reply, 404, "There are /, /metrics, /healthz and /status.json.\n");
}

/* libmicrohttpd calls this once the headers are there; nothing more of a request is waited for. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    static int seen;
    struct http_server *s = cls;
    struct http_server_reply reply = {.status = 200, .type = "text/plain; charset=utf-8"};
    (void)version, (void)upload;
    *upload_size = 0; /* there is none, or it gets no further */
    if (*request != NULL)
        return MHD_NO;
    *request = &seen;
    if (!draw_nonce(reply.nonce))
        return MHD_NO;
    buf_init(&reply.body, HTTP_SERVER_BODY_MAX);
    make_reply(s, c, path, method, &reply);
    enum MHD_Result rc = send_reply(c, &reply);
    LOG(LOG_DEBUG, "request", "a request was answered", F_STR("path", path),
        F_INT("status", reply.status));
    buf_free(&reply.body);
    return rc;
}

/* ---- the loop ---- */

static void run_daemon(struct http_server *s);

static void on_timer(uv_timer_t *timer)
{
    run_daemon(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    run_daemon(poll->data);
}

static void run_daemon(struct http_server *s)
{
    MHD_UNSIGNED_LONG_LONG wait = 0;
    (void)MHD_run(s->daemon);
    if (MHD_get_timeout(s->daemon, &wait) == MHD_YES) {
        uv_update_time(s->timer.loop);
        (void)uv_timer_start(&s->timer, on_timer, wait, 0);
    } else {
        (void)uv_timer_stop(&s->timer);
    }
}

/* ---- connections: accepted here, for libmicrohttpd has no way to end one in favour of another ---- */

static int socket_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL ? info->connect_fd : -1;
}

static void on_connection(void *cls, struct MHD_Connection *c, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_server *s = cls;
    (void)context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        http_connections_add(&s->connections, socket_of(c), uv_now(s->tick.loop));
    else
        http_connections_remove(&s->connections, socket_of(c));
}

static void on_completed(void *cls, struct MHD_Connection *c, void **request,
                         enum MHD_RequestTerminationCode how)
{
    struct http_server *s = cls;
    (void)request;
    if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        http_connections_answered(&s->connections, socket_of(c), uv_now(s->tick.loop));
}

/* Shuts the connection down; the library then sees its end, and closes the descriptor. */
static void end_connection(struct http_server *s, int fd)
{
    (void)shutdown(fd, SHUT_RDWR);
    http_connections_remove(&s->connections, fd);
}

static void accept_one(struct http_server *s, int fd, const struct sockaddr *from, socklen_t n)
{
    uint64_t since = 0;
    if (http_connections_full(&s->connections)) {
        end_connection(s, http_connections_oldest(&s->connections, &since));
        (void)MHD_run(s->daemon);
    }
    if (MHD_add_connection(s->daemon, fd, from, n) != MHD_YES) /* which has closed it */
        LOG0(LOG_DEBUG, "http", "a connection was not accepted");
    /* Since 1.0 the library queues a connection, and on_connection counts it only when the queue is run: before the next accept. */
    (void)MHD_run(s->daemon);
}

/* Accepts connections. When descriptors or memory are short it stops until the next tick. */
static void on_listening(uv_poll_t *poll, int status, int events)
{
    struct http_server *s = poll->data;
    (void)status, (void)events;
    for (int i = 0; i < ACCEPT_MOST; i++) {
        union http_server_address from;
        socklen_t n = sizeof from;
        int fd = accept4(s->fd, &from.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accept_one(s, fd, &from.any, n);
            continue;
        }
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            (void)uv_poll_stop(&s->listening);
        if (errno != EINTR && errno != ECONNABORTED)
            break;
    }
    run_daemon(s);
}

static void on_tick(uv_timer_t *tick)
{
    struct http_server *s = tick->data;
    uint64_t now = uv_now(tick->loop);
    uint64_t since = 0;
    int fd;
    while ((fd = http_connections_oldest(&s->connections, &since)) >= 0 &&
           now - since >= HTTP_SERVER_IDLE * UINT64_C(1000))
        end_connection(s, fd);
    (void)uv_poll_start(&s->listening, UV_READABLE, on_listening);
    run_daemon(s);
}

/* ---- beginning and end ---- */

__attribute__((format(printf, 2, 0))) static void log_library(void *cls, const char *format,
                                                              va_list args)
{
    char text[256];
    (void)cls;
    (void)vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = 0;
    LOG(LOG_DEBUG, "http", "the HTTP library says something", F_STR("text", text));
}

static void name_socket(struct http_server *s, const union http_server_address *a)
{
    char host[INET6_ADDRSTRLEN] = "";
    bool v4 = a->any.sa_family == AF_INET;
    const void *from = v4 ? (const void *)&a->v4.sin_addr : (const void *)&a->v6.sin6_addr;
    unsigned port = ntohs(v4 ? a->v4.sin_port : a->v6.sin6_port);
    (void)inet_ntop(a->any.sa_family, from, host, sizeof host);
    (void)snprintf(s->name, sizeof s->name, v4 ? "%s:%u" : "[%s]:%u", host, port);
}

static enum err_code open_socket(struct http_server *s, int *fd, struct err *e)
{
    union http_server_address a = s->conf.address;
    socklen_t n = a.any.sa_family == AF_INET ? sizeof a.v4 : sizeof a.v6;
    int yes = 1;
    name_socket(s, &a);
    *fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return err_sys(e, ERR_CONFIG, "cannot listen on %s", s->name);
    if (setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(*fd, &a.any, n) == 0 && listen(*fd, SOMAXCONN) == 0 &&
        getsockname(*fd, &a.any, &n) == 0) {
        name_socket(s, &a);
        return OK;
    }
    /* A taken port is most often the process before this one, which is still ending. */
    enum err_code rc =
        err_sys(e, errno == EADDRINUSE ? ERR_BUSY : ERR_CONFIG, "cannot listen on %s", s->name);
    (void)close(*fd);
    *fd = -1;
    return rc;
}

static enum err_code open_daemon(struct http_server *s, struct err *e)
{
    enum err_code rc = open_socket(s, &s->fd, e);
    if (rc != OK)
        return rc;
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, s,
        MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL, MHD_OPTION_CONNECTION_LIMIT,
        2u * HTTP_CONNECTIONS, /* those that are ending, too */
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_SERVER_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)HTTP_SERVER_IDLE, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
    if (s->daemon != NULL)
        return OK;
    (void)close(s->fd);
    return err_set(e, ERR_INTERNAL, "cannot set up an HTTP server on %s", s->name);
}

static bool watch_socket(uv_loop_t *loop, struct http_server *s, uv_poll_t *poll, int fd,
                         uv_poll_cb on_ready)
{
    if (uv_poll_init(loop, poll, fd) != 0)
        return false;
    poll->data = s;
    s->handles++;
    uv_unref((uv_handle_t *)poll);
    return uv_poll_start(poll, UV_READABLE, on_ready) == 0;
}

static enum err_code watch(struct http_server *s, uv_loop_t *loop, struct err *e)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    (void)uv_timer_init(loop, &s->timer); /* cannot fail */
    (void)uv_timer_init(loop, &s->tick);
    s->timer.data = s->tick.data = s;
    s->handles = 2;
    uv_unref((uv_handle_t *)&s->timer);
    uv_unref((uv_handle_t *)&s->tick);
    if (info == NULL || !watch_socket(loop, s, &s->poll, info->epoll_fd, on_poll) ||
        !watch_socket(loop, s, &s->listening, s->fd, on_listening) ||
        uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS) != 0)
        return err_set(e, ERR_INTERNAL, "cannot watch the HTTP server");
    return OK;
}

enum err_code http_server_open(struct http_server **out, uv_loop_t *loop,
                               const struct http_server_conf *conf, struct err *e)
{
    *out = NULL;
    if (conf->token == NULL && !http_server_is_loopback(&conf->address))
        return err_set(e, ERR_CONFIG,
                       "listening on an address other than loopback needs a token: set "
                       "NETTY_LISTEN_TOKEN, or NETTY_LISTEN_TOKEN_FILE to the name of a file that "
                       "holds it");
    if (conf->token != NULL && strlen(secret_reveal(conf->token)) < HTTP_SERVER_TOKEN_LEAST)
        return err_set(e, ERR_CONFIG, "NETTY_LISTEN_TOKEN is too short: it needs %d characters",
                       HTTP_SERVER_TOKEN_LEAST);
    struct http_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    s->conf = *conf;
    (void)signal(SIGPIPE, SIG_IGN); /* a client that went away */
    enum err_code rc = open_daemon(s, e);
    if (rc != OK) {
        free(s);
        return rc;
    }
    if ((rc = watch(s, loop, e)) != OK) {
        http_server_close(s);
        return rc;
    }
    *out = s;
    return OK;
}

const char *http_server_name(const struct http_server *s)
{
    return s->name;
}

static void on_closed(uv_handle_t *h)
{
    struct http_server *s = h->data;
    if (--s->handles > 0)
        return;
    MHD_stop_daemon(s->daemon);
    (void)close(s->fd);
    free(s);
}

void http_server_close(struct http_server *s)
{
    if (s == NULL)
        return;
    if (s->poll.data != NULL)
        uv_close((uv_handle_t *)&s->poll, on_closed);
    if (s->listening.data != NULL)
        uv_close((uv_handle_t *)&s->listening, on_closed);
    uv_close((uv_handle_t *)&s->timer, on_closed);
    uv_close((uv_handle_t *)&s->tick, on_closed);
}

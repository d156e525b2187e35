#include "tests/sim/server.h"

#include "tests/sim/api/serve.h"
#include "tests/sim/control.h"
#include "tests/sim/delivery.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PREFIX_CONTROL "/_sim/"
#define PREFIX_TRUTH   "/_sim/truth/"
#define PREFIX_API     "/apiv1/"

struct server {
    struct world *w;
    struct MHD_Daemon *daemon;
    struct pause *pause;
    uint64_t connections; /* the lock is w's */
};

static enum MHD_Result collect(void *ctx, enum MHD_ValueKind kind, const char *name,
                               const char *value)
{
    (void)kind;
    struct args *args = ctx;
    return args_add(args, name, value != NULL ? value : "", NULL) == OK ? MHD_YES : MHD_NO;
}

/* Each connection's number, for the log; without memory it stays 0. */
static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    (void)connection;
    struct server *s = ctx;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        free(*socket_context);
        return;
    }
    uint64_t *number = *socket_context = malloc(sizeof *number);
    if (number == NULL)
        return;
    pthread_mutex_lock(&s->w->lock);
    *number = ++s->connections;
    pthread_mutex_unlock(&s->w->lock);
}

static uint64_t connection_number(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    const uint64_t *number = info != NULL ? info->socket_context : NULL;
    return number != NULL ? *number : 0;
}

static void read_request(struct MHD_Connection *connection, struct request *request)
{
    *request = (struct request){.connection = connection_number(connection)};
    (void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, collect, &request->args);
    request->key = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "x-netty-api-key");
    const char *accepted =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    request->gzip = accepted != NULL && strstr(accepted, "gzip") != NULL;
}

/* "/apiv1/contacts" and "/contacts" are the same table. */
static const char *table_of(const char *url)
{
    if (strncmp(url, PREFIX_API, strlen(PREFIX_API)) == 0)
        return url + strlen(PREFIX_API);
    return url + (*url == '/');
}

static enum MHD_Result send_truth(struct server *s, struct MHD_Connection *connection,
                                  const char *table)
{
    struct truth *truth;
    struct err e = ERR_INIT;
    if (truth_open(&truth, s->w, table, &e) != OK)
        return MHD_NO;
    return deliver_truth(connection, truth);
}

static enum MHD_Result answer(struct server *s, struct MHD_Connection *connection, const char *url,
                              bool post)
{
    struct request request;
    struct reply reply;
    struct err e = ERR_INIT;
    enum err_code rc;
    read_request(connection, &request);
    reply_init(&reply);
    if (strncmp(url, PREFIX_CONTROL, strlen(PREFIX_CONTROL)) == 0) {
        rc = control(s->w, url + strlen(PREFIX_CONTROL), post, &request, &reply, &e);
    } else {
        request.table = table_of(url);
        rc = serve(s->w, &request, &reply, &e);
    }
    if (rc != OK) {
        reply.status = 500;
        buf_reset(&reply.body);
    }
    return deliver(connection, &reply, s->pause);
}

/* Called once when the headers are there (first), then for each piece of a body, then to answer. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request_context)
{
    static char seen;
    (void)version;
    (void)upload;
    struct server *s = ctx;
    if (*request_context == NULL) {
        *request_context = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0; /* no command has a body */
        return MHD_YES;
    }
    bool post = strcasecmp(method, MHD_HTTP_METHOD_POST) == 0;
    bool get = strcasecmp(method, MHD_HTTP_METHOD_GET) == 0;
    bool is_control = strncmp(url, PREFIX_CONTROL, strlen(PREFIX_CONTROL)) == 0;
    if (!get && !(post && is_control))
        return deliver_refusal(connection, MHD_HTTP_METHOD_NOT_ALLOWED);
    if (get && strncmp(url, PREFIX_TRUTH, strlen(PREFIX_TRUTH)) == 0)
        return send_truth(s, connection, url + strlen(PREFIX_TRUTH));
    return answer(s, connection, url, post);
}

static enum err_code listen_on(struct server *s, uint16_t port, struct err *e)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                           MHD_USE_POLL | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    s->daemon = MHD_start_daemon(flags, port, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR,
                                 (struct sockaddr *)&address, MHD_OPTION_NOTIFY_CONNECTION,
                                 on_connection, s, MHD_OPTION_END);
    if (s->daemon == NULL)
        return err_sys(e, ERR_UNAVAILABLE, "cannot listen on 127.0.0.1:%u", port);
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (info == NULL)
        return err_set(e, ERR_INTERNAL, "libmicrohttpd does not tell its port");
    s->w->port = info->port;
    return OK;
}

enum err_code server_start(struct server **out, struct world *w, struct err *e)
{
    enum err_code rc;
    *out = NULL;
    struct server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(e, ERR_NOMEM, "no memory for a server");
    s->w = w;
    if ((rc = pause_open(&s->pause, e)) != OK || (rc = listen_on(s, w->conf->port, e)) != OK) {
        server_stop(s);
        return rc;
    }
    *out = s;
    return OK;
}

void server_stop(struct server *s)
{
    if (s == NULL)
        return;
    if (s->pause != NULL)
        pause_end(s->pause);
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon);
    pause_close(s->pause);
    free(s);
}

#include "tests/sim/delivery.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BLOCK ((size_t)128 << 10)

/* ---- waiting ---- */

struct pause {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool ended;
};

enum err_code pause_open(struct pause **out, struct err *e)
{
    pthread_condattr_t attr;
    struct pause *p = *out = calloc(1, sizeof *p);
    if (p == NULL)
        return err_set(e, ERR_NOMEM, "no memory to wait with");
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->wake, &attr);
    pthread_condattr_destroy(&attr);
    return OK;
}

void pause_for(struct pause *p, int64_t ms)
{
    struct timespec until;
    if (ms <= 0)
        return;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&p->lock);
    while (!p->ended && pthread_cond_timedwait(&p->wake, &p->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&p->lock);
}

void pause_end(struct pause *p)
{
    pthread_mutex_lock(&p->lock);
    p->ended = true;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

void pause_close(struct pause *p)
{
    if (p == NULL)
        return;
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

/* ---- a body on its way ---- */

struct outgoing {
    struct buf body;
    enum delivery delivery;
    int64_t stall_ms;
    struct pause *pause;
};

static ssize_t next_piece(void *ctx, uint64_t at, char *out, size_t max)
{
    struct outgoing *o = ctx;
    size_t half = o->body.len / 2;
    size_t left = o->body.len - (size_t)at;
    if (o->delivery != DELIVER_WHOLE && at < half) {
        left = half - (size_t)at;
    } else if (o->delivery == DELIVER_CUT) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (o->delivery == DELIVER_STALL) {
        o->delivery = DELIVER_WHOLE;
        pause_for(o->pause, o->stall_ms);
    }
    size_t n = left < max ? left : max;
    memcpy(out, o->body.data + at, n);
    return (ssize_t)n;
}

static void free_outgoing(void *ctx)
{
    struct outgoing *o = ctx;
    buf_free(&o->body);
    free(o);
}

/* The peer sees a reset: disconnecting a TCP socket sends one, where closing it would say goodbye.
 */
static enum MHD_Result reset(struct MHD_Connection *connection)
{
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info != NULL)
        (void)!connect(info->connect_fd, &none, sizeof none);
    return MHD_NO;
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (value[0] != '\0')
        (void)MHD_add_response_header(response, name, value);
}

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status,
                             struct MHD_Response *response)
{
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

/* A body that is sent as it is goes out from where it was made; libmicrohttpd frees it. */
static struct MHD_Response *whole(struct reply *reply)
{
    if (reply->body.len == 0) {
        reply_free(reply);
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(reply->body.len, reply->body.data, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        reply_free(reply);
    return response;
}

/* One that is cut, or stalls, is asked for piece by piece. */
static struct MHD_Response *in_pieces(struct reply *reply, struct pause *p)
{
    struct outgoing *o = calloc(1, sizeof *o);
    if (o == NULL) {
        reply_free(reply);
        return NULL;
    }
    *o = (struct outgoing){
        .body = reply->body, .delivery = reply->delivery, .stall_ms = reply->stall_ms, .pause = p};
    struct MHD_Response *response =
        MHD_create_response_from_callback(o->body.len, BLOCK, next_piece, o, free_outgoing);
    if (response == NULL)
        free_outgoing(o);
    return response;
}

enum MHD_Result deliver(struct MHD_Connection *connection, struct reply *reply, struct pause *p)
{
    pause_for(p, reply->wait_ms);
    if (reply->delivery == DELIVER_RESET) {
        reply_free(reply);
        return reset(connection);
    }
    struct MHD_Response *response =
        reply->delivery == DELIVER_WHOLE ? whole(reply) : in_pieces(reply, p);
    if (response == NULL)
        return MHD_NO;
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
    add_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, reply->zipped ? "gzip" : "");
    add_header(response, MHD_HTTP_HEADER_DATE, reply->date);
    add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, reply->retry_after);
    add_header(response, MHD_HTTP_HEADER_LOCATION, reply->location);
    return queue(connection, reply->status, response);
}

/* ---- the truth, of unknown length ---- */

static ssize_t next_truth(void *ctx, uint64_t at, char *out, size_t max)
{
    (void)at;
    size_t n;
    if (truth_read(ctx, out, max, &n) != OK)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return n > 0 ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_truth(void *ctx)
{
    truth_close(ctx);
}

enum MHD_Result deliver_truth(struct MHD_Connection *connection, struct truth *truth)
{
    if (truth == NULL)
        return deliver_refusal(connection, MHD_HTTP_NOT_FOUND);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, next_truth, truth, free_truth);
    if (response == NULL) {
        truth_close(truth);
        return MHD_NO;
    }
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/x-ndjson");
    return queue(connection, MHD_HTTP_OK, response);
}

enum MHD_Result deliver_refusal(struct MHD_Connection *connection, unsigned status)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    return response != NULL ? queue(connection, status, response) : MHD_NO;
}

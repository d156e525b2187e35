#include "extract/api/http_client.h"
#include "extract/api/http_headers.h"
#include "shared/time/when.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How much of the body is read if the status is not 200, so that the connection can be used again. */
#define DISCARD_MAX ((uint64_t)256 << 10)

/* How much is read from a socket at once, at most. Each request on its way has such a buffer, and there may be sixteen of them. libcurl
 * hands it on in pieces of 16 KiB all the same. */
#define RECEIVE (64L << 10)

struct http {
    uv_loop_t *loop;
    CURLM *multi;
    struct curl_slist *headers;
    struct http_conf conf;
    uv_timer_t timer;
    struct http_request *active; /* all requests under way */
    struct watch *watches;       /* all that libcurl has asked for */
    size_t handles;              /* the loop still knows */
    bool broken;                 /* multi has failed, and is replaced once no request is left */
    bool closing;
};

struct http_request {
    struct http *http;
    CURL *easy;
    struct http_handler handler;
    void *ctx;
    struct err err; /* body()'s */
    uint64_t discarded;
    char said[SERVER_WORDS_READ]; /* the body's beginning */
    size_t said_len;
    char text[CURL_ERROR_SIZE];
    struct http_request *next;
    struct http_request **link; /* what points to this one */
};

/* One socket that libcurl asked to watch. */
struct watch {
    struct http *http;
    uv_poll_t poll;
    curl_socket_t fd;
    struct watch *next;
    struct watch **link; /* what points to this one */
};

/* The headers hold the key. */
static void free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *l = headers; l != NULL; l = l->next)
        explicit_bzero(l->data, strlen(l->data));
    curl_slist_free_all(headers);
}

static void handle_closed(struct http *h)
{
    if (--h->handles > 0)
        return;
    free_headers(h->headers);
    free(h);
    curl_global_cleanup();
}

static void on_timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *w = handle->data;
    struct http *h = w->http;
    free(w);
    handle_closed(h);
}

static void request_free(struct http_request *r)
{
    *r->link = r->next;
    if (r->next != NULL)
        r->next->link = r->link;
    if (r->easy != NULL) {
        curl_multi_remove_handle(r->http->multi, r->easy);
        curl_easy_cleanup(r->easy);
    }
    free(r);
}

/* 203: a proxy has changed something about it. */
static bool is_page(long status)
{
    return status == 200 || status == 203;
}

/* libcurl reports a header line beyond its limit as lack of memory. */
static bool in_headers(const struct http_request *r)
{
    curl_off_t begun = 0;
    curl_easy_getinfo(r->easy, CURLINFO_STARTTRANSFER_TIME_T, &begun);
    return begun > 0 && r->said_len == 0;
}

static bool is_reused(const struct http_request *r)
{
    long connects = 1;
    long sent = 0;
    curl_easy_getinfo(r->easy, CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(r->easy, CURLINFO_REQUEST_SIZE, &sent);
    return connects == 0 && sent > 0;
}

static void classify_code(struct http_request *r, CURLcode code, struct http_result *result)
{
    char host[HTTP_HOST];
    const char *text = r->text[0] != 0 ? r->text : curl_easy_strerror(code);
    switch (code) {
    case CURLE_OK:
        break;
    case CURLE_WRITE_ERROR: /* body() failed, or enough was discarded */
        result->err = r->err;
        break;
    case CURLE_OUT_OF_MEMORY:
        if (in_headers(r))
            err_set(&result->err, ERR_UNAVAILABLE,
                    "no complete answer from %s: its header block is larger than libcurl takes",
                    http_host(r->easy, host));
        else
            err_set(&result->err, ERR_NOMEM, "out of memory for a request");
        break;
    case CURLE_UNSUPPORTED_PROTOCOL:
        if (is_reused(r)) {
            err_set(
                &result->err, ERR_UNAVAILABLE,
                "what %s sent is no HTTP answer: it may be the rest of the one before, which was "
                "longer than its Content-Length said",
                http_host(r->easy, host));
            break;
        }
        err_set(&result->err, ERR_CONFIG, "cannot ask %s: %s; check base-url",
                http_host(r->easy, host), text);
        break;
    case CURLE_URL_MALFORMAT:
    case CURLE_SSL_CACERT_BADFILE:
        err_set(&result->err, ERR_CONFIG, "cannot ask %s: %s", http_host(r->easy, host), text);
        break;
    case CURLE_BAD_CONTENT_ENCODING:
        err_set(&result->err, ERR_PROTOCOL, "%s sent a damaged body: %s", http_host(r->easy, host),
                text);
        break;
    default:
        result->timed_out = code == CURLE_OPERATION_TIMEDOUT;
        result->cut = is_page(result->status);
        err_set(&result->err, ERR_UNAVAILABLE, "no complete answer from %s: %s",
                http_host(r->easy, host), text);
    }
}

static struct http_result conclude(struct http_request *r, CURLcode code)
{
    struct http_result result = {.err = ERR_INIT};
    curl_off_t bytes = 0;
    curl_off_t elapsed = 0;
    curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &result.status);
    curl_easy_getinfo(r->easy, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
    curl_easy_getinfo(r->easy, CURLINFO_TOTAL_TIME_T, &elapsed);
    result.bytes = (uint64_t)bytes;
    result.elapsed = (int64_t)elapsed;
    result.date = http_date(r->easy);
    result.retry_after = http_retry_after(r->easy, result.date);
    /* JSON without an error may be records, which must not appear in messages. */
    bool error = result.status >= 300 && result.status < 600;
    server_words(r->said, r->said_len, !error, result.words);
    classify_code(r, code, &result);
    if (result.err.code == OK && result.status == 204)
        result.err.code = r->handler.body(r->ctx, "[]", 2, &result.err);
    if (result.status == 204 || is_page(result.status))
        result.status = 200;
    if (result.err.code == OK && result.status >= 300 && result.status < 400)
        http_redirect(r->easy, result.status, &result.err);
    return result;
}

/* done() may ask for more, cancel others, or close it all. */
static void take_answers(struct http *h)
{
    int left = 0;
    CURLMsg *msg = NULL;
    while (!h->closing && (msg = curl_multi_info_read(h->multi, &left)) != NULL) {
        struct http_request *r = NULL;
        if (msg->msg != CURLMSG_DONE ||
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &r) != CURLE_OK)
            continue;
        struct http_result result = conclude(r, msg->data.result);
        struct http_handler handler = r->handler;
        void *ctx = r->ctx;
        request_free(r);
        handler.done(ctx, &result);
    }
}

/* After such an error libcurl neither goes on with its requests nor ends them. */
static void give_up(struct http *h, CURLMcode code)
{
    bool memory = code == CURLM_OUT_OF_MEMORY || code == CURLM_ABORTED_BY_CALLBACK;
    h->broken = true;
    while (!h->closing && h->active != NULL) {
        struct http_request *r = h->active;
        struct http_handler handler = r->handler;
        void *ctx = r->ctx;
        struct http_result result = {.err = ERR_INIT, .date = WHEN_NONE, .retry_after = -1};
        err_set(&result.err, memory ? ERR_NOMEM : ERR_INTERNAL, "libcurl cannot go on: %s",
                memory ? "out of memory for a request" : curl_multi_strerror(code));
        h->active = r->next; /* request_free does so, too; clang-tidy does not see it there */
        request_free(r);
        handler.done(ctx, &result);
    }
}

static void advance(struct http *h, curl_socket_t fd, int flags)
{
    int running = 0;
    CURLMcode code = curl_multi_socket_action(h->multi, fd, flags, &running);
    take_answers(h);
    if (code != CURLM_OK && !h->closing)
        give_up(h, code);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    int flags = status < 0 ? CURL_CSELECT_ERR
                           : ((events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
                                 ((events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0);
    advance(w->http, w->fd, flags);
}

static void on_timer(uv_timer_t *timer)
{
    advance(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *ctx)
{
    struct http *h = ctx;
    (void)multi;
    if (h->closing)
        return 0;
    if (ms < 0)
        return uv_timer_stop(&h->timer) == 0 ? 0 : -1;
    uv_update_time(h->loop);
    return uv_timer_start(&h->timer, on_timer, (uint64_t)ms, 0) == 0 ? 0 : -1;
}

static struct watch *watch_open(struct http *h, curl_socket_t fd)
{
    struct watch *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->http = h;
    w->fd = fd;
    if (uv_poll_init_socket(h->loop, &w->poll, fd) != 0) {
        free(w);
        return NULL;
    }
    w->poll.data = w;
    w->next = h->watches;
    w->link = &h->watches;
    if (w->next != NULL)
        w->next->link = &w->next;
    h->watches = w;
    h->handles++;
    return w;
}

static void watch_close(struct watch *w)
{
    *w->link = w->next;
    if (w->next != NULL)
        w->next->link = w->link;
    uv_poll_stop(&w->poll);
    uv_close((uv_handle_t *)&w->poll, on_watch_closed);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *of_socket)
{
    struct http *h = ctx;
    struct watch *w = of_socket;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w != NULL) {
            watch_close(w);
            curl_multi_assign(h->multi, fd, NULL);
        }
        return 0;
    }
    if (w == NULL) {
        w = watch_open(h, fd);
        if (w == NULL)
            return -1;
        if (curl_multi_assign(h->multi, fd, w) != CURLM_OK) {
            watch_close(w);
            return -1;
        }
    }
    int events =
        (what != CURL_POLL_OUT ? UV_READABLE : 0) | (what != CURL_POLL_IN ? UV_WRITABLE : 0);
    return uv_poll_start(&w->poll, events, on_event) == 0 ? 0 : -1;
}

static void keep_beginning(struct http_request *r, const char *bytes, size_t n)
{
    size_t room = sizeof r->said - r->said_len;
    memcpy(r->said + r->said_len, bytes, n < room ? n : room);
    r->said_len += n < room ? n : room;
}

static size_t on_body(char *bytes, size_t one, size_t n, void *ctx)
{
    struct http_request *r = ctx;
    long status = 0;
    n *= one;
    curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
    keep_beginning(r, bytes, n);
    if (!is_page(status)) {
        r->discarded += n;
        return r->discarded > DISCARD_MAX ? 0 : n;
    }
    enum err_code rc = r->handler.body(r->ctx, bytes, n, &r->err);
    if (rc == OK)
        return n;
    r->err.code = rc;
    return 0;
}

static enum err_code make_headers(struct http *h, struct err *e)
{
    char line[8192] = "";
    int n = snprintf(line, sizeof line, "x-netty-api-key: %s", secret_reveal(h->conf.key));
    bool fits = n > 0 && (size_t)n < sizeof line;
    h->headers = curl_slist_append(NULL, "accept: application/json");
    struct curl_slist *more = fits ? curl_slist_append(h->headers, line) : NULL;
    explicit_bzero(line, sizeof line);
    if (!fits)
        return err_set(e, ERR_CONFIG, "the API key is too long");
    if (h->headers == NULL || more == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a request");
    return OK;
}

static enum err_code make_multi(struct http *h, struct err *e)
{
    h->multi = curl_multi_init();
    if (h->multi == NULL ||
        curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, set_socket) != CURLM_OK ||
        curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h) != CURLM_OK ||
        curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
        curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h) != CURLM_OK ||
        curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)h->conf.connections) != CURLM_OK)
        return err_set(e, ERR_NOMEM, "cannot set up libcurl");
    return OK;
}

/* Closes idle connections, which takes their watches back; where it had failed, not all of them. */
static void drop_multi(struct http *h)
{
    curl_multi_cleanup(h->multi);
    h->multi = NULL;
    while (h->watches != NULL)
        watch_close(h->watches);
}

static enum err_code mend_multi(struct http *h, struct err *e)
{
    if (h->active != NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a request");
    drop_multi(h);
    enum err_code rc = make_multi(h, e);
    h->broken = rc != OK;
    return rc;
}

enum err_code http_open(struct http **h, uv_loop_t *loop, const struct http_conf *conf,
                        struct err *e)
{
    *h = NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(e, ERR_INTERNAL, "cannot set up libcurl");
    struct http *made = calloc(1, sizeof *made);
    if (made == NULL || uv_timer_init(loop, &made->timer) != 0) {
        free(made);
        curl_global_cleanup();
        return err_set(e, ERR_NOMEM, "out of memory for requests");
    }
    made->loop = loop;
    made->conf = *conf;
    made->timer.data = made;
    made->handles = 1;
    enum err_code rc = make_headers(made, e);
    if (rc == OK)
        rc = make_multi(made, e);
    if (rc != OK)
        http_close(made);
    else
        *h = made;
    return rc;
}

void http_close(struct http *h)
{
    if (h == NULL || h->closing)
        return;
    h->closing = true;
    for (struct http_request *r = h->active, *following; r != NULL; r = following) {
        following = r->next;
        request_free(r);
    }
    drop_multi(h);
    uv_close((uv_handle_t *)&h->timer, on_timer_closed);
}

static CURLcode configure(struct http_request *r, const char *url)
{
    const struct http *h = r->http;
    CURLcode c = CURLE_OK;
#define SET(option, value) c = c != CURLE_OK ? c : curl_easy_setopt(r->easy, option, value)
    SET(CURLOPT_PRIVATE, r);
    SET(CURLOPT_ERRORBUFFER, r->text);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_URL, url);
    SET(CURLOPT_HTTPHEADER, h->headers);
    SET(CURLOPT_USERAGENT, "netty-extract/" NETTY_VERSION);
    SET(CURLOPT_ACCEPT_ENCODING, "gzip");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_BUFFERSIZE, RECEIVE);
    SET(CURLOPT_TIMEOUT_MS, (long)(h->conf.timeout / 1000));
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, r);
    if (h->conf.ca_file != NULL)
        SET(CURLOPT_CAINFO, h->conf.ca_file);
#undef SET
    return c;
}

enum err_code http_get(struct http *h, struct http_request **r, const char *url,
                       const struct http_handler *handler, void *ctx, struct err *e)
{
    enum err_code rc = OK;
    *r = NULL;
    if (h->broken && (rc = mend_multi(h, e)) != OK)
        return rc;
    struct http_request *made = calloc(1, sizeof *made);
    if (made == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a request");
    *made = (struct http_request){.http = h, .handler = *handler, .ctx = ctx};
    made->link = &h->active;
    made->next = h->active;
    if (made->next != NULL)
        made->next->link = &made->next;
    h->active = made;
    made->easy = curl_easy_init();
    CURLcode code = made->easy == NULL ? CURLE_OUT_OF_MEMORY : configure(made, url);
    if (code == CURLE_OK && curl_multi_add_handle(h->multi, made->easy) != CURLM_OK) {
        h->broken = true; /* of a multi handle and an easy one that are good only memory can fail */
        code = CURLE_OUT_OF_MEMORY;
    }
    if (code != CURLE_OK) {
        request_free(made);
        return err_set(e, code == CURLE_OUT_OF_MEMORY ? ERR_NOMEM : ERR_CONFIG,
                       "cannot ask for %s: %s", url, curl_easy_strerror(code));
    }
    *r = made;
    return OK;
}

void http_cancel(struct http_request *r)
{
    request_free(r);
}

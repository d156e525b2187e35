/* The HTTP client against a server on the same loop that says what it is told to, byte for byte. */
#include "extract/api/http_client.h"
#include "shared/base/buf.h"
#include "shared/time/when.h"
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum manner {
    ANSWER,
    ANSWER_AND_CLOSE,
    HANG,
    RESET
};

struct server {
    uv_tcp_t listener;
    struct buf heard;
    const char *answer;
    size_t answer_len;
    enum manner manner;
    unsigned connections;
    unsigned requests;
    char url[64];
};

struct peer {
    uv_tcp_t tcp;
    struct server *server;
    struct buf text;
    char bytes[4096];
};

struct world {
    uv_loop_t loop;
    struct server server;
    struct http *http;
    struct secret *key;
    struct http_request *request;
    struct buf body;
    struct http_result result;
    unsigned done;
    enum err_code refuse; /* what body() answers */
};

static void on_peer_closed(uv_handle_t *handle)
{
    struct peer *peer = handle->data;
    buf_free(&peer->text);
    free(peer);
}

static void hang_up(struct peer *peer)
{
    if (!uv_is_closing((uv_handle_t *)&peer->tcp))
        uv_close((uv_handle_t *)&peer->tcp, on_peer_closed);
}

static void on_written(uv_write_t *write, int status)
{
    struct peer *peer = write->data;
    (void)status;
    free(write);
    if (peer->server->manner == ANSWER_AND_CLOSE)
        hang_up(peer);
}

static void answer(struct peer *peer)
{
    struct server *s = peer->server;
    s->requests++;
    assert_int_equal(buf_add(&s->heard, peer->text.data, peer->text.len), OK);
    buf_reset(&peer->text);
    if (s->manner == HANG)
        return;
    if (s->manner == RESET) {
        assert_int_equal(uv_tcp_close_reset(&peer->tcp, on_peer_closed), 0);
        return;
    }
    uv_write_t *write = calloc(1, sizeof *write);
    assert_non_null(write);
    write->data = peer;
    uv_buf_t out = uv_buf_init((char *)(uintptr_t)s->answer, (unsigned)s->answer_len);
    assert_int_equal(uv_write(write, (uv_stream_t *)&peer->tcp, &out, 1, on_written), 0);
}

static void give_memory(uv_handle_t *handle, size_t n, uv_buf_t *out)
{
    struct peer *peer = handle->data;
    (void)n;
    *out = uv_buf_init(peer->bytes, sizeof peer->bytes);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *in)
{
    struct peer *peer = stream->data;
    if (n < 0) {
        hang_up(peer);
        return;
    }
    assert_int_equal(buf_add(&peer->text, in->base, (size_t)n), OK);
    if (strstr(peer->text.data, "\r\n\r\n") != NULL)
        answer(peer);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *s = listener->data;
    struct peer *peer = calloc(1, sizeof *peer);
    assert_int_equal(status, 0);
    assert_non_null(peer);
    s->connections++;
    peer->server = s;
    buf_init(&peer->text, 1 << 16);
    assert_int_equal(uv_tcp_init(listener->loop, &peer->tcp), 0);
    peer->tcp.data = peer;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&peer->tcp), 0);
    assert_int_equal(uv_read_start((uv_stream_t *)&peer->tcp, give_memory, on_read), 0);
    uv_unref((uv_handle_t *)&peer->tcp);
}

static void listen_somewhere(struct world *w)
{
    struct server *s = &w->server;
    struct sockaddr_in address;
    int len = sizeof address;
    buf_init(&s->heard, 1 << 20);
    assert_int_equal(uv_ip4_addr("127.0.0.1", 0, &address), 0);
    assert_int_equal(uv_tcp_init(&w->loop, &s->listener), 0);
    s->listener.data = s;
    assert_int_equal(uv_tcp_bind(&s->listener, (struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&s->listener, 16, on_connection), 0);
    assert_int_equal(uv_tcp_getsockname(&s->listener, (struct sockaddr *)&address, &len), 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d/contacts?offset=0",
             ntohs(address.sin_port));
    uv_unref((uv_handle_t *)&s->listener);
}

static int set_up(void **state)
{
    struct err e = ERR_INIT;
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    /* A proxy of this machine must not get between. */
    assert_int_equal(setenv("no_proxy", "127.0.0.1", 1), 0);
    assert_int_equal(uv_loop_init(&w->loop), 0);
    assert_int_equal(secret_from_text(&w->key, "the-key-1234", &e), OK);
    struct http_conf conf = {.key = w->key, .timeout = 300000, .connections = 4};
    assert_int_equal(http_open(&w->http, &w->loop, &conf, &e), OK);
    buf_init(&w->body, 1 << 20);
    listen_somewhere(w);
    *state = w;
    return 0;
}

static void close_all(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle))
        uv_close(handle, handle->type == UV_TCP && handle->data != NULL &&
                                 ((struct peer *)handle->data)->server != NULL
                             ? on_peer_closed
                             : NULL);
}

static int tear_down(void **state)
{
    struct world *w = *state;
    http_close(w->http);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    w->server.listener.data = NULL;
    uv_walk(&w->loop, close_all, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    buf_free(&w->server.heard);
    buf_free(&w->body);
    secret_free(w->key);
    free(w);
    return 0;
}

static enum err_code on_body(void *ctx, const char *bytes, size_t n, struct err *e)
{
    struct world *w = ctx;
    assert_int_equal(buf_add(&w->body, bytes, n), OK);
    return w->refuse == OK ? OK : err_set(e, w->refuse, "no more of it");
}

static void on_done(void *ctx, const struct http_result *result)
{
    struct world *w = ctx;
    w->done++;
    w->result = *result;
}

static const struct http_handler handler = {.body = on_body, .done = on_done};

static void serve(struct world *w, enum manner manner, const char *answer)
{
    w->server.manner = manner;
    w->server.answer = answer;
    w->server.answer_len = strlen(answer);
}

/* Until done() was called; a quarter of the loop's turns may be idle, but it must not wait for
 * ever. */
static void wait_done(struct world *w)
{
    unsigned before = w->done;
    int64_t end = when_tick() + 20 * WHEN_SECOND;
    while (w->done == before && when_tick() < end)
        uv_run(&w->loop, UV_RUN_ONCE);
    assert_int_equal(w->done, before + 1);
}

static void get(struct world *w)
{
    struct err e = ERR_INIT;
    buf_reset(&w->body);
    assert_int_equal(http_get(w->http, &w->request, w->server.url, &handler, w, &e), OK);
    wait_done(w);
}

static void hands_a_body_over(void **state)
{
    struct world *w = *state;
    serve(w, ANSWER,
          "HTTP/1.1 200 OK\r\nDate: Mon, 13 May 2024 10:22:33 GMT\r\nContent-Length: 11\r\n\r\n"
          "{\"data\":[]}");
    get(w);
    assert_int_equal(w->result.err.code, OK);
    assert_int_equal(w->result.status, 200);
    assert_string_equal(w->body.data, "{\"data\":[]}");
    assert_int_equal(w->result.bytes, 11);
    assert_int_equal(w->result.date, INT64_C(1715595753) * WHEN_SECOND);
    assert_int_equal(w->result.retry_after, -1);
    assert_false(w->result.timed_out);
    assert_non_null(strstr(w->server.heard.data, "GET /contacts?offset=0 HTTP/1.1\r\n"));
    assert_non_null(strstr(w->server.heard.data, "\r\nx-netty-api-key: the-key-1234\r\n"));
    assert_non_null(strstr(w->server.heard.data, "\r\naccept: application/json\r\n"));
    assert_non_null(strstr(w->server.heard.data, "\r\nAccept-Encoding: gzip\r\n"));
}

static void keeps_its_connection(void **state)
{
    struct world *w = *state;
    serve(w, ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    for (int i = 0; i < 5; i++)
        get(w);
    serve(w, ANSWER, "HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\nsorry");
    get(w);
    get(w);
    assert_int_equal(w->server.requests, 7);
    assert_int_equal(w->server.connections, 1);
}

static void discards_what_is_not_200(void **state)
{
    struct world *w = *state;
    static const int statuses[] = {206, 400, 401, 403, 404, 429, 500, 503};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        char text[128];
        snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nContent-Length: 6\r\n\r\nsecret",
                 statuses[i]);
        serve(w, ANSWER, text);
        get(w);
        assert_int_equal(w->result.status, statuses[i]);
        assert_int_equal(w->result.err.code, OK);
        assert_int_equal(w->body.len, 0);
    }
}

static void reads_no_endless_error_page(void **state)
{
    struct world *w = *state;
    size_t n = (size_t)4 << 20;
    char *text = calloc(1, n + 100);
    assert_non_null(text);
    memset(text, 'x', n);
    static const char head[] = "HTTP/1.1 502 Bad\r\n\r\n";
    memcpy(text, head, sizeof head - 1);
    serve(w, ANSWER_AND_CLOSE, text);
    get(w);
    assert_int_equal(w->result.status, 502);
    assert_int_equal(w->result.err.code, OK);
    assert_true(w->result.bytes < n / 2);
    free(text);
}

static void reads_retry_after(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *headers;
        int64_t expect;
    } cases[] = {
        {"Retry-After: 7\r\n", 7 * WHEN_SECOND},
        {"Retry-After: 0\r\n", 0},
        {"Retry-After: 99999999999999999999\r\n", INT64_C(366) * 86400 * WHEN_SECOND},
        {"Retry-After: soon\r\n", -1},
        {"Retry-After: -5\r\n", -1},
        {"Retry-After: 5 \r\n", 5 * WHEN_SECOND},
        {"Retry-After:\r\n", -1},
        {"Date: Mon, 13 May 2024 10:22:33 GMT\r\nRetry-After: Mon, 13 May 2024 10:24:33 GMT\r\n",
         120 * WHEN_SECOND},
        {"Date: Mon, 13 May 2024 10:22:33 GMT\r\nRetry-After: Mon, 13 May 2024 10:20:33 GMT\r\n",
         0},
        {"Retry-After: Mon, 13 May 2002 10:20:33 GMT\r\n", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, "HTTP/1.1 503 Later\r\n%sContent-Length: 0\r\n\r\n",
                 cases[i].headers);
        serve(w, ANSWER, text);
        get(w);
        assert_int_equal(w->result.retry_after, cases[i].expect);
    }
}

static void follows_no_redirect(void **state)
{
    struct world *w = *state;
    serve(w, ANSWER,
          "HTTP/1.1 302 Found\r\nLocation: http://evil.example/x?token=abc\r\n"
          "Content-Length: 0\r\n\r\n");
    get(w);
    assert_int_equal(w->result.status, 302);
    assert_int_equal(w->result.err.code, ERR_REFUSED);
    assert_non_null(strstr(w->result.err.msg, "evil.example"));
    assert_non_null(strstr(w->result.err.msg, "http://evil.example/x?token=abc"));
    assert_int_equal(w->server.requests, 1);
    serve(w, ANSWER, "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n");
    get(w);
    assert_int_equal(w->result.err.code, ERR_REFUSED);
    assert_non_null(strstr(w->result.err.msg, "nowhere"));
    serve(w, ANSWER,
          "HTTP/1.1 308 Moved\r\nLocation: https://new.example/api/x\r\nContent-Length: 0\r\n\r\n");
    get(w);
    assert_int_equal(w->result.err.code, ERR_CONFIG);
    assert_non_null(strstr(w->result.err.msg, "https://new.example/api/x"));
    serve(w, ANSWER, "HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n");
    get(w);
    assert_int_equal(w->result.status, 304);
    assert_int_equal(w->result.err.code, OK); /* an answer like any other that is no page */
}

static void reads_what_other_codes_say(void **state)
{
    struct world *w = *state;
    serve(w, ANSWER, "HTTP/1.1 204 No Content\r\n\r\n");
    get(w);
    assert_int_equal(w->result.status, 200);
    assert_string_equal(w->body.data, "[]");
    serve(w, ANSWER, "HTTP/1.1 203 By a proxy\r\nContent-Length: 2\r\n\r\n{}");
    get(w);
    assert_int_equal(w->result.status, 200);
    assert_string_equal(w->body.data, "{}");
    serve(w, ANSWER_AND_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}");
    get(w);
    assert_int_equal(w->result.err.code, ERR_UNAVAILABLE);
    assert_true(w->result.cut);
    serve(w, ANSWER,
          "HTTP/1.1 206 Partial\r\nContent-Length: 26\r\n\r\n{\"data\":[{\"name\":\"Paul\"}]}");
    get(w);
    assert_int_equal(w->result.status, 206);
    assert_string_equal(w->result.words, "");
}

static void names_a_timeout(void **state)
{
    struct world *w = *state;
    serve(w, HANG, "");
    get(w);
    assert_true(w->result.timed_out);
    assert_int_equal(w->result.err.code, ERR_UNAVAILABLE);
    assert_int_equal(w->result.status, 0);
    assert_true(w->result.elapsed >= 290000);
    /* and one in the middle of a body */
    serve(w, ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    get(w);
    assert_true(w->result.timed_out);
    assert_int_equal(w->result.err.code, ERR_UNAVAILABLE);
}

static void names_what_was_cut(void **state)
{
    struct world *w = *state;
    static const char *const cut[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"dat\r\n",
        "",
        "HTTP/1.1 200",
    };
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        serve(w, ANSWER_AND_CLOSE, cut[i]);
        get(w);
        assert_int_equal(w->result.err.code, ERR_UNAVAILABLE);
        assert_false(w->result.timed_out);
        assert_non_null(strstr(w->result.err.msg, "127.0.0.1"));
        assert_null(strstr(w->result.err.msg, "the-key"));
    }
    serve(w, RESET, "");
    get(w);
    assert_int_equal(w->result.err.code, ERR_UNAVAILABLE);
}

static void names_an_absent_server(void **state)
{
    struct world *w = *state;
    struct err e = ERR_INIT;
    assert_int_equal(http_get(w->http, &w->request, "http://127.0.0.1:1/x", &handler, w, &e), OK);
    wait_done(w);
    assert_int_equal(w->result.err.code, ERR_UNAVAILABLE);
    assert_int_equal(w->result.status, 0);
    assert_int_equal(http_get(w->http, &w->request, "file:///etc/passwd", &handler, w, &e), OK);
    wait_done(w);
    assert_int_equal(w->result.err.code, ERR_CONFIG);
}

static void refuses_a_damaged_gzip(void **state)
{
    struct world *w = *state;
    serve(w, ANSWER,
          "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\nnot gzip!!");
    get(w);
    assert_int_equal(w->result.err.code, ERR_PROTOCOL);
}

static void ends_when_body_fails(void **state)
{
    struct world *w = *state;
    w->refuse = ERR_FULL;
    serve(w, ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    get(w);
    assert_int_equal(w->result.err.code, ERR_FULL);
    assert_string_equal(w->result.err.msg, "no more of it");
}

static void cancels_without_done(void **state)
{
    struct world *w = *state;
    struct err e = ERR_INIT;
    struct http_request *other = NULL;
    serve(w, HANG, "");
    assert_int_equal(http_get(w->http, &other, w->server.url, &handler, w, &e), OK);
    for (int i = 0; i < 20 && w->server.requests == 0; i++)
        uv_run(&w->loop, UV_RUN_ONCE);
    http_cancel(other);
    serve(w, ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    get(w);
    assert_int_equal(w->done, 1);
    /* One under way when all is closed: tear_down does it. */
    serve(w, HANG, "");
    assert_int_equal(http_get(w->http, &other, w->server.url, &handler, w, &e), OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hands_a_body_over),          TEST(keeps_its_connection),
        TEST(discards_what_is_not_200),   TEST(reads_no_endless_error_page),
        TEST(reads_retry_after),          TEST(follows_no_redirect),
        TEST(reads_what_other_codes_say), TEST(names_a_timeout),
        TEST(names_what_was_cut),         TEST(names_an_absent_server),
        TEST(refuses_a_damaged_gzip),     TEST(ends_when_body_fails),
        TEST(cancels_without_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "extract/run/key_proof.h"
#include "extract/api/request_url.h"
#include "extract/api/response_verdict.h"
#include "extract/parser/page_parser.h"
#include "extract/run/known_records.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>

struct key_proof {
    const struct table_fetch_env *env;
    key_proof_fn *done;
    void *ctx;
    char **tables;
    size_t count;
    size_t at;     /* the table at hand */
    size_t tried;  /* tables that were asked for */
    size_t single; /* 0: its page; else which of its records is asked for by key, from 1 */
    bool answered; /* some request was */
    bool shown;    /* the answer at hand has a record that the spool holds */
    struct known_records known;
    struct page_parser *parser;
    struct buf url;
    struct rate_limit_turn turn;
    struct http_request *request;
    struct err err; /* how the last request that was not answered ended */
    bool ended;
};

static void ask(struct key_proof *p);

static void end(struct key_proof *p, const struct err *err)
{
    struct err why = *err;
    p->ended = true;
    p->request = NULL;
    p->done(p->ctx, &why); /* which frees p, perhaps */
}

static void end_unproven(struct key_proof *p)
{
    struct err e = p->err;
    if (p->tried == 0)
        e = (struct err)ERR_INIT; /* there is nothing that it could be unlike */
    else if (p->answered)
        err_set(&e, ERR_CONFIG,
                "the API key has changed, and this key shows other records than the spool %s "
                "holds: give "
                "the account's own key, or name another folder with --spool; if it is the same "
                "account all the same, give --rebind once",
                spool_dir(p->env->spool));
    else
        (void)err_prefix(&e, "the API key has changed, and nothing shows yet whose it is");
    end(p, &e);
}

/* ---- the answer ---- */

static enum err_code on_record(void *ctx, const struct page_parser_record *r, struct err *e)
{
    struct key_proof *p = ctx;
    return known_records_find(&p->known, r->line, r->len, &p->shown, e);
}

static enum err_code on_non_record(void *ctx, const char *raw, size_t n, uint64_t number,
                                   struct err *e)
{
    (void)ctx;
    (void)raw;
    (void)n;
    (void)number;
    (void)e;
    return OK;
}

static enum err_code on_body(void *ctx, const char *bytes, size_t n, struct err *e)
{
    struct key_proof *p = ctx;
    return page_parser_feed(p->parser, bytes, n, e);
}

/* Trips the breaker if the API throttles. Returns true then: no further request may be made. */
static bool is_refusal(struct key_proof *p, enum verdict v, const struct http_result *result)
{
    struct err none = ERR_INIT;
    if (v == VERDICT_THROTTLED &&
        circuit_breaker_trip(p->env->circuit_breaker, when_now(), result->status,
                             result->retry_after, &none) != OK)
        LOG(LOG_WARN, "breaker", "that the API throttles cannot be remembered for the next run",
            F_ERR(&none));
    return v == VERDICT_THROTTLED;
}

static void on_done(void *ctx, const struct http_result *result)
{
    struct key_proof *p = ctx;
    struct page_parser_result parsed;
    struct err page = ERR_INIT;
    p->request = NULL;
    if (result->err.code == OK && result->status == 200)
        page.code = page_parser_finish(p->parser, &parsed, &page);
    enum verdict v = response_verdict(p->tables[p->at], result, &page, false, &p->err);
    if (v == VERDICT_PAGE && p->shown) {
        LOG(LOG_INFO, "key", "the API key has changed, and shows records that the spool holds",
            F_STR("table", p->tables[p->at]));
        p->err = (struct err)ERR_INIT;
        end(p, &p->err);
        return;
    }
    p->answered = p->answered || v == VERDICT_PAGE;
    if (is_refusal(p, v, result)) {
        p->answered = false;
        end_unproven(p);
        return;
    }
    if (v == VERDICT_PAGE && p->single < KEY_PROOF_SINGLES && p->single < p->known.count) {
        p->single++;
    } else {
        p->at++;
        p->single = 0;
        known_records_free(&p->known);
    }
    ask(p);
}

/* ---- the request ---- */

static void on_turn(void *ctx)
{
    static const struct http_handler handler = {.body = on_body, .done = on_done};
    struct key_proof *p = ctx;
    struct err e = ERR_INIT;
    p->shown = false;
    page_parser_start(p->parser);
    if (http_get(p->env->http, &p->request, p->url.data, &handler, p, &e) != OK)
        end(p, &e);
}

/* The page that begins about where the regular crawl would: an overlap before the newest record's time. */
static enum err_code make_url(struct key_proof *p, struct err *e)
{
    const struct table_fetch_env *env = p->env;
    const char *table = p->tables[p->at];
    struct crawl_request request = {.limit = env->crawl.limit};
    char after[WHEN_TEXT];
    if (p->single > 0)
        return url_key(&p->url, env->base_url, table, p->known.key,
                       p->known.list[known_records_newest(&p->known, p->single - 1)].key, e);
    if (p->known.newest != WHEN_NONE) {
        const char *text = when_api(p->known.newest - env->crawl.overlap, after);
        memcpy(request.after, text, strnlen(text, sizeof request.after - 1));
    }
    return url_page(&p->url, env->base_url, table, "", &request, e);
}

/* The next table of which the spool has records. */
static enum err_code find_table(struct key_proof *p, struct err *e)
{
    enum err_code rc = OK;
    while (rc == OK && p->known.count == 0 && p->at < p->count && p->tried < KEY_PROOF_TABLES) {
        rc = known_records_read(&p->known, p->env->spool, p->tables[p->at], p->env->zone, e);
        if (rc == OK && p->known.count == 0) {
            known_records_free(&p->known);
            p->at++;
        } else if (rc == OK) {
            p->tried++;
        }
    }
    return rc;
}

static void ask(struct key_proof *p)
{
    struct err e = ERR_INIT;
    if (find_table(p, &e) != OK) {
        end(p, &e);
        return;
    }
    if (p->known.count == 0) {
        end_unproven(p);
        return;
    }
    page_parser_set_key(p->parser, p->known.key);
    if (make_url(p, &e) != OK)
        end(p, &e);
    else
        rate_limit_ask(p->env->rate_limit, &p->turn, on_turn, p);
}

enum err_code key_proof_start(struct key_proof **out, const struct table_fetch_env *env,
                              key_proof_fn *done, void *ctx, struct err *e)
{
    static const struct page_parser_handler handler = {.record = on_record,
                                                       .non_record = on_non_record};
    struct page_parser_conf conf = {
        .key = "", .record_max = env->record_max, .page_max = env->page_max};
    struct key_proof *p = calloc(1, sizeof *p);
    *out = NULL;
    if (p == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    *p = (struct key_proof){.env = env, .done = done, .ctx = ctx, .err = ERR_INIT};
    buf_init(&p->url, URL_MAX);
    enum err_code rc = page_parser_open(&p->parser, &conf, &handler, p, e);
    if (rc == OK)
        rc = spool_tables(env->spool, &p->tables, &p->count, e);
    if (rc != OK) {
        key_proof_stop(p);
        return rc;
    }
    *out = p;
    ask(p);
    return OK;
}

void key_proof_stop(struct key_proof *p)
{
    if (p == NULL)
        return;
    if (!p->ended)
        rate_limit_cancel(p->env->rate_limit, &p->turn);
    if (p->request != NULL)
        http_cancel(p->request);
    known_records_free(&p->known);
    if (p->parser != NULL)
        page_parser_close(p->parser);
    spool_tables_free(p->tables, p->count);
    buf_free(&p->url);
    free(p);
}

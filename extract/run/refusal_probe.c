#include "extract/run/refusal_probe.h"
#include "extract/api/request_url.h"

static void end(struct refusal_probe *p, bool answered)
{
    p->under_way = false;
    p->request = NULL;
    buf_free(&p->url);
    p->done(p->ctx, answered);
}

/* The record itself is of no interest. */
static enum err_code on_body(void *ctx, const char *bytes, size_t n, struct err *e)
{
    (void)ctx;
    (void)bytes;
    (void)n;
    (void)e;
    return OK;
}

static void on_done(void *ctx, const struct http_result *result)
{
    struct refusal_probe *p = ctx;
    end(p, result->err.code == OK && result->status == 200 && result->bytes > 0);
}

static void on_turn(void *ctx)
{
    static const struct http_handler handler = {.body = on_body, .done = on_done};
    struct refusal_probe *p = ctx;
    if (http_get(p->env->http, &p->request, p->url.data, &handler, p, NULL) != OK)
        end(p, false);
}

enum err_code refusal_probe_start(struct refusal_probe *p, const struct table_fetch_env *env,
                                  const char *table, refusal_probe_fn *done, void *ctx,
                                  struct err *e)
{
    static const struct crawl_request request = {.limit = 1};
    *p = (struct refusal_probe){.env = env, .done = done, .ctx = ctx};
    buf_init(&p->url, URL_MAX);
    enum err_code rc = url_page(&p->url, env->base_url, table, "", &request, e); /* by time */
    if (rc != OK) {
        buf_free(&p->url);
        return rc;
    }
    p->under_way = true;
    rate_limit_ask(env->rate_limit, &p->turn, on_turn, p);
    return OK;
}

void refusal_probe_stop(struct refusal_probe *p)
{
    if (!p->under_way)
        return;
    p->under_way = false;
    rate_limit_cancel(p->env->rate_limit, &p->turn);
    if (p->request != NULL)
        http_cancel(p->request);
    buf_free(&p->url);
}

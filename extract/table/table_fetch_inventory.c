/* A table's run that keeps no pages: it finds out which records the API has (extract/reconcile). */
#include "extract/api/request_url.h"
#include "extract/table/table_fetch_private.h"
#include "shared/time/when.h"

enum err_code table_fetch_reconcile_open(struct table_fetch *t, struct err *e)
{
    const struct table_fetch_env *env = t->env;
    struct inventory_crawl_conf conf = {.spool = env->spool, .table = t->name, .crawl = env->crawl};
    enum err_code rc = inventory_crawl_open(&t->reconcile, &conf, e);
    if (rc != OK)
        return rc;
    t->crawl = inventory_crawl_crawl(t->reconcile);
    rc = page_key_open(&t->key, t->name, t->given, crawl_key(t->crawl), e);
    if (rc != OK)
        return rc;
    struct fetched_page_parts parts = {
        .spool = env->spool,
        .table = t->name,
        .key = t->key,
        .sink = inventory_crawl_sink(t->reconcile),
        .crawl = t->crawl,
        .zone = env->zone,
        .record_max = env->record_max,
        .page_max = env->page_max,
    };
    return fetched_page_open(&t->page, &parts, e);
}

void table_fetch_reconcile_next(struct table_fetch *t)
{
    struct err e = ERR_INIT;
    struct inventory_crawl_want want;
    enum err_code rc = OK;
    uint64_t left = t->env->budget != NULL ? *t->env->budget : UINT64_MAX;
    enum inventory_crawl_next next = inventory_crawl_next(t->reconcile, left, &want, &e);
    t->crawl = inventory_crawl_crawl(t->reconcile); /* the second pass is another one */
    switch (next) {
    case INVENTORY_CRAWL_DONE:
        table_fetch_end(t, NULL, TABLE_FETCH_COMPLETE);
        return;
    case INVENTORY_CRAWL_WAIT:
        table_fetch_end(t, NULL, TABLE_FETCH_WAITING);
        return;
    case INVENTORY_CRAWL_FAILED:
        table_fetch_fail(t, &e);
        return;
    case INVENTORY_CRAWL_ASK:
        break;
    }
    if (!want.lookup && t->env->max_pages > 0 && t->result.pages >= t->env->max_pages) {
        table_fetch_end(t, NULL, TABLE_FETCH_PARTIAL);
        return;
    }
    t->asked = want.lookup ? (struct crawl_request){.limit = 0} : want.request;
    fetched_page_crawl(t->page, want.lookup ? NULL : t->crawl);
    if (want.lookup)
        rc = url_key(&t->url, t->env->base_url, t->name, page_key_name(t->key), want.key, &e);
    else
        rc = url_page(&t->url, t->env->base_url, t->name, page_key_name(t->key), &want.request, &e);
    if (rc != OK)
        table_fetch_fail(t, &e);
    else
        table_fetch_ask(t);
}

void table_fetch_reconcile_answer(struct table_fetch *t, const struct http_result *result,
                                  const struct page_parser_result *parsed)
{
    struct err e = ERR_INIT;
    int64_t clock = result->date != WHEN_NONE ? result->date : when_now();
    switch (inventory_crawl_answer(t->reconcile, clock, parsed->count, &e)) {
    case INVENTORY_CRAWL_BROKEN:
        table_fetch_fail(t, &e);
        return;
    case INVENTORY_CRAWL_KEPT:
        t->result.pages++;
        table_fetch_trying(t, OK);
        t->result.records += parsed->records;
        t->complete_to = inventory_crawl_state(t->reconcile)->page.complete_to;
        if (!table_fetch_answered(t))
            return;
        break;
    case INVENTORY_CRAWL_RETAKE:
    case INVENTORY_CRAWL_PART:
        break;
    }
    table_fetch_next(t);
}

/*
 * How many elements a page has, where that alone is in doubt: it is shorter than requested, some of it cannot be read, and no `count` tells.
 * The page's last element is requested by the place that the number gives it. If its bytes come, the number is right: with one element
 * more or less, another one would have that place, or none. The page is then requested again, and read.
 */
#include "extract/api/request_url.h"
#include "extract/table/table_fetch_private.h"
#include "shared/log/log.h"

/* Whether the page at hand is the one that the number is known of. */
static bool is_known(const struct table_fetch *t)
{
    return t->elements.page.limit > 0 && ahead_same_request(&t->elements.page, &t->asked);
}

void table_fetch_elements_start(struct table_fetch *t)
{
    fetched_page_start(t->page, &t->asked, t->malformed_sum);
    if (t->elements.proven && is_known(t))
        fetched_page_expect_elements(t->page, t->elements.n, t->elements.last_sum);
}

/* Whether another request may tell the page's number of elements. Not where one was made in vain. */
static bool may_ask(const struct table_fetch *t, const struct page_parser_result *parsed)
{
    const struct crawl_request *asked = &t->asked;
    bool plain = asked->limit > 0 && !asked->looks && !asked->goes_on && !asked->alone;
    bool same = is_known(t) && parsed->elements == t->elements.n &&
                parsed->last_sum == t->elements.last_sum;
    return plain && parsed->elements > 0 && parsed->elements <= asked->limit && !same &&
           !t->elements.tried && t->stop.code == OK;
}

/* Requests the last element, in the place that it should have. */
static void ask(struct table_fetch *t, const struct page_parser_result *parsed,
                const struct err *why)
{
    struct table_fetch_elements *el = &t->elements;
    struct err e = ERR_INIT;
    *el = (struct table_fetch_elements){.asks = true,
                                        .page = t->asked,
                                        .n = parsed->elements,
                                        .last_sum = parsed->last_sum,
                                        .malformed_sum = parsed->malformed_sum};
    table_fetch_ahead_failed(t);
    t->asked.offset += el->n - 1;
    t->asked.limit = 1;
    t->asked.looks = t->asked.alone = true;
    enum err_code rc = fetched_page_discard(t->page, &e);
    if (rc == OK)
        rc = url_page(&t->url, t->env->base_url, t->name, page_key_name(t->key), &t->asked, &e);
    if (rc != OK) {
        table_fetch_fail(t, &e);
        return;
    }
    fetched_page_crawl(t->page, NULL);
    t->result.retries++;
    LOG(LOG_WARN, "retry",
        "the page has records that cannot be read; its last one is requested, to see how many it "
        "has",
        F_STR("table", t->name), F_ERR(why));
    table_fetch_ask(t);
}

/* The answer about the last element is here. The page is requested again. */
static void answered(struct table_fetch *t, const struct page_parser_result *parsed)
{
    struct table_fetch_elements *el = &t->elements;
    el->asks = false;
    el->tried = true; /* until the page has come, or the crawl was told */
    el->proven = parsed->last_sum == el->last_sum;
    t->malformed_sum = el->malformed_sum;
    fetched_page_crawl(t->page, t->crawl);
    if (t->reconcile != NULL)
        inventory_crawl_again(t->reconcile);
    if (!t->ending)
        table_fetch_next(t);
}

bool table_fetch_elements_heard(struct table_fetch *t, const struct page_parser_result *parsed,
                                enum verdict verdict, const struct err *why)
{
    t->malformed_sum = parsed->malformed_sum;
    bool page = verdict == VERDICT_PAGE;
    if (verdict == VERDICT_REFUSED || verdict == VERDICT_THROTTLED || t->ending)
        return false;
    if (!t->elements.asks) {
        bool asks = (verdict == VERDICT_RETRY || verdict == VERDICT_SMALLER) && may_ask(t, parsed);
        t->elements.tried = false;
        if (asks)
            ask(t, parsed, why);
        return asks;
    }
    (page ? refusal_gate_answered : refusal_gate_failed)(t->env->gate, &t->gate);
    answered(t, parsed);
    return true;
}

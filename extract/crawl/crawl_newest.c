/*
 * New records that have no time yet: the greatest keys, downward. Keys are not committed in the order in
 * which they were given out, so that each look goes down to what was the greatest a day ago.
 */
#include "extract/crawl/crawl_private.h"
#include <string.h>

#define NEWEST_EMPTIES 8 /* pages in a row */
#define REPEATS_MAX    8

/* Then the crawl goes on as it stands. */
void crawl_newest_begin(struct crawl *c)
{
    c->keys = (struct crawl_keys){
        .list = CRAWL_NEWEST, .back = c->phase, .detour = true, .began = WHEN_NONE};
    c->phase = CRAWL_KEYS;
}

/* One that is older than a day is enough. */
void crawl_push_top(struct crawl_learned *l, int64_t at, int64_t key)
{
    struct crawl_top *tops = l->tops;
    l->top = key;
    if (l->top_count > 0 && at - tops[l->top_count - 1].at < CRAWL_DAY / (CRAWL_TOPS - 2))
        return;
    while (l->top_count == CRAWL_TOPS || (l->top_count > 1 && at - tops[1].at >= CRAWL_DAY))
        memmove(tops, tops + 1, --l->top_count * sizeof(*tops));
    tops[l->top_count++] = (struct crawl_top){at, key};
}

/* A page of known ones, down to a key that was the greatest a day ago: what is missing before it is not
 * under way any more. Where nothing is claimed yet (the crawl from the beginning went by time) and there are
 * records without a time, all are read once. */
static bool is_deep(const struct crawl *c)
{
    const struct crawl_learned *l = &c->learned;
    if (l->born == WHEN_NONE && (l->top_count == 0 || !l->thinned))
        return !l->timeless;
    return l->top_count > 0 && c->page.key_least <= l->tops[0].key && c->page.key_most <= l->top;
}

void crawl_newest_read(struct crawl *c)
{
    c->learned.sorts = c->learned.downs = CRAWL_YES;
    bool all = c->page.n == 0 || !is_deep(c);
    if (!c->keys.gap && (all || c->learned.born != WHEN_NONE))
        c->learned.born = c->keys.began;
    if (c->keys.begun)
        crawl_push_top(&c->learned, c->keys.began, c->keys.most);
    crawl_back_to_time(c);
}

static bool newest_ends(const struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    if (page->n > 0 && is_deep(c))
        return true;
    if (crawl_count_ends(c, c->keys.offset))
        return true;
    bool nothing = page->n == 0 || (page->beyond == 0 && page->n < c->asked && !crawl_capped(c));
    return nothing && (!c->learned.thinned || c->keys.empties >= NEWEST_EMPTIES);
}

enum crawl_verdict crawl_newest_page(struct crawl *c, struct err *e)
{
    struct crawl_keys *k = &c->keys;
    const struct crawl_facts *page = &c->page;
    enum crawl_verdict verdict = CRAWL_RETAKE;
    if (k->offset > 0 && !crawl_keys_reach_back(c)) {
        if (!c->learned.thinned && page->n > 0 && !crawl_singles(c)) {
            crawl_keys_step_back(c);
            return crawl_retake(c, e);
        }
        k->gap = true;
    }
    k->step = 0;
    k->pages++;
    k->empties = page->n > 0 ? 0 : k->empties + 1;
    if (page->n > 0) {
        crawl_keys_take(c);
        verdict = crawl_keys_keep(c);
        k->last = page->key_least;
        k->begun = true;
    }
    /* The same again and again: the API ignores the offset. */
    k->repeats = page->n > 0 && page->beyond == 0 && k->pages > 1 ? k->repeats + 1 : 0;
    k->gap |= k->repeats > REPEATS_MAX;
    if (newest_ends(c) || k->repeats > REPEATS_MAX)
        crawl_newest_read(c);
    else
        k->offset += page->n > 1                        ? page->n - 1
                     : page->n == 1 && page->beyond > 0 ? 1
                                                        : crawl_window(c);
    return verdict;
}

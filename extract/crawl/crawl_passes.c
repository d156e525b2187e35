/*
 * Records of one time (or of none), more than a page holds, from an API that has no other order: their
 * places may be drawn anew for each request. They are read again and again, each time in other pages,
 * until QUIET passes in a row bring nothing new. Were the places drawn evenly, a record that is on none
 * of the pages of one pass with a probability of 1/e would still be missing after QUIET such passes with
 * one of e^-QUIET: below one in a thousand. That is no proof, and the table is unproven.
 */
#include "extract/crawl/crawl_private.h"
#include <stdlib.h>

#define QUIET       7
#define PASSES_MAX  40
#define SAMES_MAX   5    /* pages at other offsets that hold the same records */
#define CHASED      60   /* answers, at least */
#define PLACES_EACH 8    /* places for a record that was seen, at most, as others may be hidden, */
#define PLACES_MORE 1000 /* and so many more */
#define SET_FIRST   ((size_t)1024)
#define SET_MAX     ((size_t)1 << 22)

/* Open addressing; 0 stands for a free place, and for the number 0 itself. */
struct crawl_set {
    uint64_t *places;
    size_t size;
    size_t count;
    bool zero;
};

static enum err_code crawl_set_open(struct crawl_set **out)
{
    struct crawl_set *set = calloc(1, sizeof *set);
    *out = NULL;
    if (set == NULL)
        return ERR_NOMEM;
    set->size = SET_FIRST;
    set->places = calloc(set->size, sizeof *set->places);
    if (set->places == NULL) {
        free(set);
        return ERR_NOMEM;
    }
    *out = set;
    return OK;
}

static void crawl_set_close(struct crawl_set *set)
{
    if (set == NULL)
        return;
    free(set->places);
    free(set);
}

static bool put(uint64_t *places, size_t size, uint64_t id)
{
    size_t i = (size_t)id & (size - 1);
    while (places[i] != 0 && places[i] != id)
        i = (i + 1) & (size - 1);
    bool fresh = places[i] == 0;
    places[i] = id;
    return fresh;
}

static bool grow(struct crawl_set *set)
{
    size_t size = set->size * 2;
    uint64_t *places = size > SET_MAX ? NULL : calloc(size, sizeof *places);
    if (places == NULL)
        return false;
    for (size_t i = 0; i < set->size; i++)
        if (set->places[i] != 0)
            (void)put(places, size, set->places[i]);
    free(set->places);
    set->places = places;
    set->size = size;
    return true;
}

/* A set that cannot grow takes nothing more, and calls all the rest known. */
static bool crawl_set_add(struct crawl_set *set, uint64_t id)
{
    if (id == 0) {
        bool fresh = !set->zero;
        set->zero = true;
        return fresh;
    }
    if (set->count >= set->size / 2 && !grow(set))
        return false;
    bool fresh = put(set->places, set->size, id);
    set->count += fresh;
    return fresh;
}

void crawl_passes_free(struct crawl *c)
{
    crawl_set_close(c->passes.seen);
    c->passes = (struct crawl_passes){.on = false};
}

/* What was seen before is not known any more. */
void crawl_passes_resume(struct crawl *c)
{
    if (c->passes.on && crawl_set_open(&c->passes.seen) != OK)
        crawl_passes_free(c);
}

static void end_passes(struct crawl *c)
{
    crawl_loosen(c, c->passes.timeless, c->passes.time);
    c->learned.passed = !c->passes.timeless;
    c->learned.passed_time = c->passes.time;
    c->ask = c->place;
    c->ask.jump = false;
    c->ask.offset = c->passes.reach;
    c->place_run = 0;
    crawl_passes_free(c);
}

void crawl_passes_begin(struct crawl *c)
{
    const struct crawl_entry *last = crawl_last_known(c);
    if (c->chase > 0 && !crawl_is_back(c)) /* another group of the present, and then another */
        c->chase += CHASED;
    uint64_t start = c->place.offset + c->place_n - c->place_run;
    c->passes = (struct crawl_passes){.on = true,
                                      .timeless = last->kind == CRAWL_TIMELESS,
                                      .time = last->time,
                                      .start = start > 0 ? start - 1 : 0,
                                      .reach = start};
    c->ask = c->place;
    c->ask.jump = false;
    c->ask.offset = c->passes.start;
    if (crawl_set_open(&c->passes.seen) != OK)
        end_passes(c);
}

static bool is_member(const struct crawl *c, const struct crawl_entry *entry)
{
    if (c->passes.timeless)
        return entry->kind == CRAWL_TIMELESS;
    return entry->kind == CRAWL_UNREADABLE ||
           (entry->kind == CRAWL_TIMED && entry->time == c->passes.time);
}

/* Whether the group's end is on the page. A time that cannot be read may be the group's. */
static bool take_members(struct crawl *c, bool *fresh)
{
    bool inside = false;
    bool over = false;
    for (size_t i = 0; i < c->page.count; i++) {
        const struct crawl_entry *entry = &c->page.entries[i];
        bool member = is_member(c, entry);
        if (member)
            *fresh |= crawl_set_add(c->passes.seen, entry->id);
        over |= inside && !member;
        inside |= member && entry->kind != CRAWL_UNREADABLE;
    }
    bool behind =
        c->page.timed + c->page.timeless > 0 && !inside && c->ask.offset > c->passes.start;
    return over || behind;
}

static void end_pass(struct crawl *c)
{
    struct crawl_passes *p = &c->passes;
    p->quiet = p->news ? 0 : p->quiet + 1;
    p->news = false;
    p->pages = 0;
    p->reach = c->ask.offset;
    if (++p->pass >= PASSES_MAX || p->quiet >= QUIET) {
        end_passes(c);
        return;
    }
    uint64_t shift = p->pass % (crawl_window(c) / 2 + 1);
    c->ask.offset = p->start > shift ? p->start - shift : 0;
}

/* Returns true if a pass has gone through more places than a list of these records can have: the API may give any of them at any offset, so that
 * no page is the last one. */
static bool is_endless(const struct crawl *c)
{
    const struct crawl_passes *p = &c->passes;
    return c->ask.offset > p->start + PLACES_MORE + PLACES_EACH * (uint64_t)p->seen->count;
}

enum crawl_verdict crawl_passes_page(struct crawl *c)
{
    struct crawl_passes *p = &c->passes;
    bool fresh = false;
    bool over = take_members(c, &fresh);
    uint64_t n = c->page.n;
    p->news |= fresh;
    crawl_learn_longest(c);
    bool same = p->pages > 0 && c->page.set_sum == p->last_set;
    if (p->pages++ > 0)
        p->sames = same && n > 2 ? p->sames + 1 : 0;
    /* It may well be all there is, or an order that shows the same at each of these places. That the API ignores offset is
     * found out behind. */
    if (p->sames >= SAMES_MAX) {
        end_passes(c);
        return CRAWL_RETAKE;
    }
    over |= same || is_endless(c);
    p->last_set = c->page.set_sum;
    if (over || n == 0 || (crawl_room(c) && !c->learned.thinned)) {
        end_pass(c);
    } else {
        uint64_t less = p->pass * 7 % (n / 2 + 1);
        c->ask.offset += n > 1 + less ? n - 1 - less : 1;
    }
    if (!fresh)
        return CRAWL_RETAKE;
    c->stats.pages++;
    c->timeless += c->page.timeless;
    return CRAWL_KEEP;
}

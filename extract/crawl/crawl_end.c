/*
 * Where a list ends. A page that is shorter than asked for says nothing by itself: the API may have a
 * page size of its own (its pages are equally short), or leave records out of pages (they are not).
 */
#include "extract/crawl/crawl_private.h"

#define FULLS_PROOF  20 /* full pages in a row: this API leaves nothing out */
#define AGAIN_PROOF  4
#define WINDOWS      8 /* pages behind the end that must be empty */
#define CAME_BEFORE  8 /* records with lesser keys, at most, from one request to the next */
#define WINDOWS_MOST 24
#define FEW_MAX      8

uint64_t crawl_window(const struct crawl *c)
{
    const struct crawl_learned *l = &c->learned;
    uint64_t window = l->longest > l->window ? l->longest : l->window;
    return window == 0 || window > c->asked ? c->asked : window;
}

bool crawl_singles(const struct crawl *c)
{
    return c->learned.longest < 2 && c->learned.window < 2;
}

bool crawl_room(const struct crawl *c)
{
    return c->page.n < c->asked && c->page.n < c->learned.longest;
}

bool crawl_capped(const struct crawl *c, uint64_t n)
{
    const struct crawl_learned *l = &c->learned;
    return !l->thinned && l->least > 0 && n >= l->least && n == l->longest;
}

static uint64_t overlap(uint64_t from, uint64_t n, uint64_t offset)
{
    return from + n > offset ? from + n - offset : 0;
}

/* More records of the last page are on this one than their places allow: its offset was not heeded. Records
 * of one time come into their list anywhere, so that there it tells nothing. */
static bool elsewhere(const struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    const struct crawl_ask *from = &c->place;
    uint64_t known = c->page.n - c->page.beyond;
    if (c->phase != CRAWL_KEYS)
        return c->placed && c->ask.filtered == from->filtered &&
               c->ask.base_time == from->base_time && c->ask.lead == from->lead &&
               c->ask.offset > from->offset && c->page.again + 2 >= c->page.n &&
               c->page.again > overlap(from->offset, c->place_n, c->ask.offset);
    if (k->list == CRAWL_GROUP || k->list == CRAWL_SINCE || k->pages == 0)
        return false;
    if (k->list == CRAWL_NEWEST)
        return known > 1 && known + 2 >= c->page.n;
    return known > overlap(k->previous_at, k->previous, k->offset) && known + 2 >= c->page.n;
}

/* What `count` means: NETTY.md does not tell. It is the total where it once equalled the place behind the list's last
 * record, which an empty page there must show: by chance it equals the place behind any other. Where records are left out
 * of pages, an empty one is no end by itself, until it was once looked behind. */
void crawl_learn_count(struct crawl *c, uint64_t offset, bool looks)
{
    uint64_t to = offset + c->page.n;
    bool all = c->phase == CRAWL_KEYS && c->keys.list == CRAWL_ALL;
    bool holes = c->learned.thinned || (all && c->keys.seen < offset);
    bool shows = !holes || c->learned.looked != WHEN_NONE;
    c->elsewhere = elsewhere(c) || (looks && c->page.n > 0);
    if (c->count < 0 || c->learned.counted == CRAWL_NO)
        return;
    if (c->page.n > 0 && (uint64_t)c->count < to)
        c->learned.counted = CRAWL_NO;
    else if (shows && offset > 0 && c->page.n == 0 && (uint64_t)c->count == to && !c->elsewhere)
        c->learned.counted = CRAWL_YES;
}

/* So many records there are, by the count. */
static bool is_counted(const struct crawl *c, uint64_t n)
{
    return c->count >= 0 && c->learned.counted == CRAWL_YES && (uint64_t)c->count == n;
}

/* The page behind the last one is empty, and the count says that it is. It can say so of a list that has
 * become shorter meanwhile, too, so that the last one must have had room for more. */
bool crawl_count_agrees(const struct crawl *c, uint64_t offset)
{
    return offset > 0 && is_counted(c, offset);
}

/* A count can be one of before, so that a page which may have been cut needs the one behind: any that is as long as the
 * longest so far, and any at all where records are left out of them. */
bool crawl_count_ends(const struct crawl *c, uint64_t offset)
{
    if (!crawl_room(c) || c->learned.thinned)
        return false;
    /* Where the same records stand elsewhere, offsets tell nothing. */
    bool again = c->phase == CRAWL_KEYS
                     ? c->keys.again
                     : (c->placed && c->page.set_sum == c->kept_set && offset != c->place.offset) ||
                           (c->resumed && !c->placed);
    again |= c->elsewhere;
    again &= c->page.n > 0;
    return c->count >= 0 && !again && c->learned.counted == CRAWL_YES && c->page.n > 0 &&
           (uint64_t)c->count == offset + c->page.n;
}

/* The last page, of so many records where so many were asked for, turned out to be followed by
 * others. */
void crawl_learn_page(struct crawl *c, uint64_t previous, unsigned asked, bool news)
{
    struct crawl_learned *l = &c->learned;
    bool is_short = previous < asked && previous < l->longest;
    if (!news)
        return;
    if (previous < asked && previous > 0 && (l->least == 0 || previous < l->least))
        l->least = previous;
    if (!is_short) {
        l->fulls++;
        return;
    }
    /* Records that came in meanwhile follow a last page, too; but they are new. */
    bool old = c->page.peak != WHEN_NONE && c->clock != WHEN_NONE &&
               c->page.peak < c->clock - CRAWL_LEAD_MAX;
    l->fulls = 0;
    l->shorts++;
    l->thinned |= old || l->shorts >= 2;
}

/* A record was seen again in a page that begins so many places further on, so that the first of the two
 * covered as many and one. Once or twice that is a record that came in before. */
void crawl_learn_window(struct crawl *c, uint64_t further)
{
    struct crawl_learned *l = &c->learned;
    if (further == 0 || ++l->again < AGAIN_PROOF)
        return;
    if (further + 1 > l->window)
        l->window = further + 1;
}

/* The page that should have been empty is not. A record of the last page that stands behind it has others
 * before it which that page did not show. */
void crawl_learn_behind(struct crawl *c)
{
    if (!c->behind || c->page.n == 0 || crawl_group_goes_on(c))
        return;
    if (c->page.met > 0) {
        c->learned.thinned = true;
        if (c->ask.offset > c->place.offset)
            crawl_learn_window(c, c->ask.offset - c->place.offset);
    } else {
        crawl_learn_page(c, c->place_part, c->place_asked, true);
    }
}

/* The list goes on with records of the very time that fills the last page. */
bool crawl_group_goes_on(const struct crawl *c)
{
    if (!c->behind || c->place_run < c->known_count)
        return false;
    const struct crawl_entry *last = crawl_last_known(c);
    for (size_t i = 0; i < c->page.count; i++) {
        const struct crawl_entry *entry = &c->page.entries[i];
        if (entry->kind == last->kind && entry->time == last->time)
            return true;
    }
    return false;
}

static bool proven_full(const struct crawl *c)
{
    const struct crawl_learned *l = &c->learned;
    return l->fulls > FULLS_PROOF && !l->thinned && l->looked != WHEN_NONE &&
           c->clock != WHEN_NONE && c->clock - l->looked < CRAWL_DAY;
}

/* A list by key that grows with each answer never shows an empty page. Page after page that has room for far more, and
 * nothing further behind, tells that what was there when it was begun has been read. */
bool crawl_only_grows(struct crawl *c, bool *look)
{
    struct crawl_keys *k = &c->keys;
    bool few = k->list == CRAWL_ALL && k->offset > 0 && c->page.beyond > 0 && crawl_room(c) &&
               c->page.n <= c->asked / 4;
    k->few = few ? k->few + 1 : 0;
    bool many = k->few >= FEW_MAX;
    bool ends = many && k->grows;
    *look = many && !ends;
    if (many)
        k->few = 0;
    k->grows = k->grows || *look; /* unless something is found there */
    return ends;
}

bool crawl_look_due(const struct crawl *c)
{
    const struct crawl_learned *l = &c->learned;
    if (c->phase == CRAWL_KEYS && c->keys.list == CRAWL_ALL)
        return true;
    if (c->sure != WHEN_NONE)
        return l->thinned;
    return l->thinned || c->everything || c->clock == WHEN_NONE || l->looked == WHEN_NONE ||
           c->clock - l->looked >= CRAWL_DAY;
}

static enum crawl_after at_end(const struct crawl *c)
{
    if (c->page.n == 0 && crawl_count_agrees(c, c->ask.offset))
        return CRAWL_ENDED;
    if (c->everything && c->ask.filtered && !c->learned.thinned)
        return CRAWL_ENDED; /* the list without a filter goes on there */
    if (!crawl_look_due(c))
        return CRAWL_ENDED;
    return crawl_since_possible(c, false) ? CRAWL_SHOW : CRAWL_LOOK;
}

/* The page behind is empty. Where the last one was as long as any, it may have been cut, and the
 * list have moved up meanwhile: it must be there still. */
static enum crawl_after after_empty(const struct crawl *c)
{
    if (c->ask.offset == 0 && c->count == 0 && c->learned.counted == CRAWL_YES)
        return CRAWL_ENDED;
    if (c->ask.offset == 0 || !c->behind)
        return at_end(c);
    bool room = c->place_n < c->learned.longest || c->learned.least > 0;
    /* Where the order is drawn anew each time, the same page never comes again. */
    bool loose = c->known_count > 0 && crawl_is_loose(c, crawl_last_known(c));
    return room || loose ? at_end(c) : CRAWL_VERIFY;
}

/* The page that was asked for once more is as it was, in whatever order. */
bool crawl_same_page(const struct crawl *c)
{
    return c->verify && c->page.n == c->place_n && c->page.set_sum == c->kept_set;
}

/* The page shows the greatest time that was known when this list was begun. */
static bool reaches_goal(const struct crawl *c)
{
    return c->goal != WHEN_NONE && c->page.peak != WHEN_NONE && c->page.peak >= c->goal;
}

enum crawl_after crawl_after_page(const struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    bool news = page->news > 0;
    if (crawl_count_ends(c, c->ask.offset))
        return CRAWL_ENDED;
    if (crawl_same_page(c)) /* and the page behind it was empty */
        return is_counted(c, c->ask.offset + c->page.n) ? CRAWL_ENDED : at_end(c);
    if (c->single && page->n > 0)
        return CRAWL_ON;
    if (page->n == 0)
        return c->blind > 0 || c->single ? CRAWL_ENDED : after_empty(c);
    if (page->n >= c->asked || crawl_capped(c, c->page.n) || c->blind > 0)
        return CRAWL_ON;
    if (c->phase == CRAWL_BODY && crawl_room(c) && proven_full(c) && !c->everything &&
        reaches_goal(c))
        return CRAWL_ENDED;
    if (c->learned.thinned && !page->alike && (news || !page->reached))
        return CRAWL_ON;
    if (c->learned.thinned)
        return crawl_since_possible(c, false) ? CRAWL_SHOW : CRAWL_LOOK;
    if (c->sure != WHEN_NONE && c->phase == CRAWL_BODY && crawl_room(c) && reaches_goal(c))
        return CRAWL_REST;
    return CRAWL_BEHIND;
}

/* ---- looking behind the end ----
 *
 * From further on downward: what has its place there only moves up, so that no record can slip from a
 * page that is still to be read to one that was. */

/* The first of them begins where the last page, as far as is known, has ended. */
static uint64_t look_at(const struct crawl *c, uint64_t base, unsigned windows, unsigned pages)
{
    return base + crawl_window(c) + (uint64_t)(windows - 1) * pages;
}

void crawl_look_begin(struct crawl *c, uint64_t base)
{
    const struct crawl_learned *l = &c->learned;
    unsigned pages = c->asked < c->limit ? c->asked : c->limit;
    unsigned windows = WINDOWS;
    /* Of pages that were never as long as was asked for nobody knows that they cover more than was seen of one. */
    if (l->thinned && l->longest < c->asked) {
        pages = (unsigned)crawl_window(c);
        windows = (WINDOWS * c->asked + pages - 1) / pages;
    }
    if (windows > WINDOWS_MOST)
        windows = WINDOWS_MOST;
    c->chase += c->chase > 0 && !crawl_is_back(c) ? windows : 0;
    c->look_behind = (struct crawl_look){.windows = windows,
                                         .pages = pages,
                                         .base = base,
                                         .offset = look_at(c, base, windows, pages)};
}

/* On downward, page by page as long as nothing is found; then so that no place between two pages is left out. False: the
 * last one was the lowest. */
static bool look_lower(struct crawl *c)
{
    struct crawl_look *look = &c->look_behind;
    uint64_t window = crawl_window(c);
    if (look->bottom) {
        look->offset = look->offset > window ? look->offset - window : 0;
        return true;
    }
    if (look->found) {
        look->bottom = look->offset <= look->base + window;
        look->offset = look->bottom ? look->base : look->offset - window;
        return true;
    }
    bool each = c->learned.thinned || (c->phase == CRAWL_KEYS && c->keys.further > 0);
    look->windows = each ? look->windows - 1 : look->windows / 2;
    look->bottom = look->windows == 0;
    look->offset = look->bottom ? look->base : look_at(c, look->base, look->windows, look->pages);
    return !look->bottom || each;
}

static void look_ended(struct crawl *c)
{
    c->look_behind = (struct crawl_look){.windows = 0};
    c->learned.looked = c->clock;
}

/* In a list by time. There, records of one time may stand anywhere among each other, so what is found
 * is not proven by going down: another order is needed. */
enum crawl_verdict crawl_look_page(struct crawl *c, struct err *e)
{
    struct crawl_look *look = &c->look_behind;
    if (!look->bottom && c->page.n > 0) {
        c->blind = look->offset;
        c->learned.thinned = true;
        look_ended(c);
        crawl_trouble(c, CRAWL_UNPROVEN_HIDDEN);
        return crawl_retake(c, e);
    }
    bool lost = look->bottom && c->page.met == 0 && look->offset > 0;
    if ((!look->bottom || lost) && look_lower(c))
        return CRAWL_RETAKE;
    bool anew = look->bottom && c->page.fresh > 0;
    look_ended(c);
    if (anew)
        return crawl_retake(c, e); /* the list goes on where it ended */
    c->stats.pages++;
    crawl_finish(c);
    return CRAWL_KEEP;
}

static enum crawl_verdict no_such_list(struct crawl *c, struct err *e)
{
    crawl_keys_fail(c);
    return crawl_retake(c, e);
}

/* Records come anywhere into a list of those of one time, or behind one. */
static enum crawl_verdict list_moved(struct crawl *c, struct err *e)
{
    if (!crawl_keys_begin_again(c, 1))
        return no_such_list(c, e);
    c->look_behind = (struct crawl_look){.windows = 0};
    return crawl_retake(c, e);
}

/* Downward the pages overlap: what a page further on has shown was counted there. */
static uint64_t found_first(struct crawl *c)
{
    struct crawl_look *look = &c->look_behind;
    uint64_t n = 0;
    int64_t least = look->found ? look->least : INT64_MAX;
    for (size_t i = 0; i < c->page.count; i++) {
        const struct crawl_entry *entry = &c->page.entries[i];
        bool beyond = entry->keyed && (!c->keys.begun || entry->key > c->keys.last);
        n += beyond && (!look->found || entry->key < look->least);
        if (beyond && entry->key < least)
            least = entry->key;
    }
    look->least = least;
    return n;
}

/* In a list by key. */
enum crawl_verdict crawl_look_keys_page(struct crawl *c, struct err *e)
{
    struct crawl_keys *k = &c->keys;
    struct crawl_look *look = &c->look_behind;
    const struct crawl_facts *page = &c->page;
    bool more = false;
    bool on = true;
    /* What stands behind the last key can only be greater. */
    unsigned close =
        page->n > 1 ? 1 : 4; /* windows in which a few that came in before are enough */
    bool same = page->n > 0 && look->windows > close && page->set_sum == k->previous_set;
    bool far = k->list == CRAWL_ALL && look->offset > look->base + CAME_BEFORE;
    bool others = (page->n > 1 && look->windows > 2) || (page->n > 0 && far);
    if (page->beyond == 0 && !look->found && (same || others) && k->list != CRAWL_ALL)
        return list_moved(c, e);
    if (page->beyond == 0 && !look->found && same)
        return crawl_ignores_offset(c, k->previous_at, look->offset, e);
    if (page->beyond == 0 && !look->found && others)
        return no_such_list(c, e); /* another order, or another offset */
    if (page->n > 0 && look->shown && page->key_first > look->beyond)
        return no_such_list(c, e);
    if (page->n > 0) {
        look->shown = true;
        look->beyond = page->key_most;
    }
    uint64_t first = found_first(c);
    if (page->beyond > 0 && !look->bottom && !look->found) {
        k->grows = false;
        look->found = true;
        /* Where pages hold one record, it may be the next one. */
        c->learned.thinned |= !crawl_singles(c) || look->offset > look->base + 1;
        look->found_at = look->offset + page->n - 1;
        look->found_last = page->key_most;
    }
    if (page->n > 0)
        crawl_keys_take(c);
    k->seen += first;
    enum crawl_verdict verdict = page->n > 0 ? crawl_keys_keep(c) : CRAWL_RETAKE;
    if (look->bottom && (look->offset == 0 || crawl_keys_reach_back(c))) {
        on = false;
        more = look->found || page->beyond > 0;
        k->offset = look->found ? look->found_at : look->offset + page->n - 1;
        if (more)
            k->last = look->found ? look->found_last : page->key_most;
        k->begun |= more;
    } else {
        on = look_lower(c);
    }
    if (on)
        return verdict;
    c->look_behind = (struct crawl_look){.windows = 0};
    c->learned.looked = c->clock;
    k->shown_count = 0;
    k->previous_at =
        k->offset; /* the next page tells nothing of how many places the last one covered */
    if (!more)
        crawl_keys_read(c);
    return verdict;
}

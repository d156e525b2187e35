/*
 * Where a list ends. A page that is shorter than requested proves nothing by itself. The API may have a page size of its own: then
 * all its pages are equally short. Or it leaves records out of pages: then their lengths differ.
 */
#include "extract/crawl/crawl_private.h"

#define FULLS_PROOF  20 /* more full pages in a row show that the API leaves nothing out */
#define AGAIN_PROOF  4
#define WINDOWS      8 /* pages behind the end, which must be empty */
#define CAME_BEFORE  8 /* lower keys that may come in between two requests, at most */
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

/* Returns true if the API seems to have ignored the page's offset: more records of the last page are on this one than their positions
 * allow. In a list of one time, or of what changed last, it proves nothing, since records come in anywhere. */
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

/* Learns what `count` is, which the API does not document. It is the total if it once equalled the position behind the list's last record,
 * and an empty page showed that this was the last one; it may equal the position behind any other record by chance. If the API leaves
 * records out of pages, an empty page is no end until pages further behind were seen to be empty, too. */
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

/* Returns true if `count` is a total, and is n. */
static bool is_counted(const struct crawl *c, uint64_t n)
{
    return c->count >= 0 && c->learned.counted == CRAWL_YES && (uint64_t)c->count == n;
}

/* Returns true if `count` says that the list ends at offset. The page there is empty. The list may also have become shorter meanwhile: the
 * caller sees to that. */
bool crawl_count_agrees(const struct crawl *c, uint64_t offset)
{
    return offset > 0 && is_counted(c, offset);
}

/* Returns true if `count` says that the page is the list's last one. `count` may be an old one. So a page that may have been cut does not
 * count: one that is as long as the longest so far, and any page if the API leaves records out of pages. */
bool crawl_count_ends(const struct crawl *c, uint64_t offset)
{
    if (!crawl_room(c) || c->learned.thinned)
        return false;
    /* the same records at another offset: then offsets show nothing */
    bool again = c->phase == CRAWL_KEYS
                     ? c->keys.again
                     : (c->placed && c->page.set_sum == c->kept_set && offset != c->place.offset) ||
                           (c->resumed && !c->placed);
    again |= c->elsewhere;
    again &= c->page.n > 0;
    return c->count >= 0 && !again && c->learned.counted == CRAWL_YES && c->page.n > 0 &&
           (uint64_t)c->count == offset + c->page.n;
}

/* Learns from the last page, which had `previous` records of `asked` that were requested, and was followed by more if news. */
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
    /* new records may have come in behind the last page meanwhile, old ones cannot */
    bool old = c->page.peak != WHEN_NONE && c->clock != WHEN_NONE &&
               c->page.peak < c->clock - CRAWL_LEAD_MAX;
    l->fulls = 0;
    l->shorts++;
    l->thinned |= old || l->shorts >= 2;
}

/* Learns how many positions a page covers. A record of the last page is on one that begins `further` positions behind it, so the last page
 * covered one more than that. It must be seen several times, since a record that comes in before looks the same. */
void crawl_learn_window(struct crawl *c, uint64_t further)
{
    struct crawl_learned *l = &c->learned;
    if (further == 0 || ++l->again < AGAIN_PROOF)
        return;
    if (further + 1 > l->window)
        l->window = further + 1;
}

/* Learns from a page that should have been empty and is not. If it has a record of the last page, that page did not show all records before
 * it: the API leaves records out. */
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

/* Returns true if the list goes on with records of the one time that all of the last page has. */
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

/* Returns true if a list by key only grows now, so that it never shows an empty page. If several pages in a row had room for many more
 * records, and nothing stands further behind (*look: this must be looked for), all that was there when the list was begun has been read. */
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
    k->grows = k->grows || *look; /* it is set back if something is found there */
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
        return CRAWL_ENDED; /* the list without a filter is read from there on */
    if (!crawl_look_due(c))
        return CRAWL_ENDED;
    return crawl_since_possible(c, false) ? CRAWL_SHOW : CRAWL_LOOK;
}

/* Says what follows an empty page. If the page before it was as long as any, it may have been cut, and the list may have moved up
 * meanwhile. Then that page is requested again, and must be unchanged. */
static enum crawl_after after_empty(const struct crawl *c)
{
    if (c->ask.offset == 0 && c->count == 0 && c->learned.counted == CRAWL_YES)
        return CRAWL_ENDED;
    if (c->ask.offset == 0 || !c->behind)
        return at_end(c);
    bool room = c->place_n < c->learned.longest || c->learned.least > 0;
    /* in an order that changes with each request the same page never comes again */
    bool loose = c->known_count > 0 && crawl_is_loose(c, crawl_last_known(c));
    return room || loose ? at_end(c) : CRAWL_VERIFY;
}

/* Returns true if the page that was requested again has the same records, in whatever order. */
bool crawl_same_page(const struct crawl *c)
{
    return c->verify && c->page.n == c->place_n && c->page.set_sum == c->kept_set;
}

/* Returns true if the page has the greatest time that was known when the list was begun, or a later one. */
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
    if (crawl_same_page(c)) /* the page behind it was empty */
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
 * Pages behind the end are requested from the farthest to the nearest. Records only move up the list, so none can move from a page that is
 * still to be requested to one that was requested already. */

/* Returns the offset of a page behind the end. The first one begins where the last page ends, as far as is known. */
static uint64_t look_at(const struct crawl *c, uint64_t base, unsigned windows, unsigned pages)
{
    return base + crawl_window(c) + (uint64_t)(windows - 1) * pages;
}

void crawl_look_begin(struct crawl *c, uint64_t base)
{
    const struct crawl_learned *l = &c->learned;
    unsigned pages = c->asked < c->limit ? c->asked : c->limit;
    unsigned windows = WINDOWS;
    /* pages that were never as long as requested may cover no more positions than were seen on one */
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

/* Goes on to a nearer page: by whole pages as long as nothing was found, then so that pages leave no position out. Returns false if the last
 * one was the nearest. */
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

/* Takes a page behind the end of a list by time. Records of one time may stand in any order there. So if one is found, going on toward the
 * end proves nothing, and a list by key is needed. */
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
        return crawl_retake(c, e); /* the list goes on where it had ended */
    c->stats.pages++;
    crawl_finish(c);
    return CRAWL_KEEP;
}

static enum crawl_verdict no_such_list(struct crawl *c, struct err *e)
{
    crawl_keys_fail(c);
    return crawl_retake(c, e);
}

/* Reads the list again, once: into a list of one time, or of what changed last, records come in anywhere. */
static enum crawl_verdict list_moved(struct crawl *c, struct err *e)
{
    if (!crawl_keys_begin_again(c, 1))
        return no_such_list(c, e);
    c->look_behind = (struct crawl_look){.windows = 0};
    return crawl_retake(c, e);
}

/* Returns how many records were found for the first time. The pages overlap; what a farther page has shown was counted there. */
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

/* Takes a page behind the end of a list by key. */
enum crawl_verdict crawl_look_keys_page(struct crawl *c, struct err *e)
{
    struct crawl_keys *k = &c->keys;
    struct crawl_look *look = &c->look_behind;
    const struct crawl_facts *page = &c->page;
    bool more = false;
    bool on = true;
    /* behind the last key only greater keys can stand */
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
        return no_such_list(c, e); /* not in order, or the offset was ignored */
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
        /* of pages of one record it may simply be the next one */
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
        k->offset; /* the next page shows nothing of how many positions the last one covered */
    if (!more)
        crawl_keys_read(c);
    return verdict;
}

/* What the keys of a page tell: whether the API sorts by them, and whether the page begins early enough. And which pages
 * come next in a list by key, as long as they are full and nothing changes. */
#include "extract/crawl/crawl_private.h"
#include <stdlib.h>
#include <string.h>

#define FURTHER_MAX 3 /* times that is looked for further behind */
#define CAME_BEFORE 2 /* so many records may come in before a page from one request to the next */
#define MANY        8 /* records of a page, whose order is no chance */
#define ANEW_MOST   2
#define TORN        2 /* answers that do not agree */
#define CONTRAST_MOST                                                                              \
    100 /* places, among which two are given: else it is not known whether the list falls */
#define AHEAD_LEAST                                                                                \
    4 /* records of a page: smaller ones do not lead far enough to be asked for ahead */

/* Keys as if all lists went upward. */
static int64_t up(const struct crawl *c, int64_t key)
{
    return c->keys.list == CRAWL_NEWEST ? -key : key;
}

bool crawl_keys_in_order(const struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    if (page->keyed == 0)
        return false;
    if ((c->keys.list == CRAWL_GROUP || c->keys.list == CRAWL_SINCE) && page->strangers > 0)
        return false;
    return page->keyed < 2 || (c->keys.list == CRAWL_NEWEST ? page->falling : page->rising);
}

static bool shows_two(const struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    if (page->keyed > 1 && !crawl_keys_in_order(c)) /* one key in two places is none */
        return false;
    return c->keys.list == CRAWL_NEWEST ? c->keys.ordered || page->keyed > 1
                                        : c->keys.seen + page->beyond > 1;
}

/* The page steps over records, of which nothing tells whether they are good ones, unless the list is one by key. An empty list,
 * or one record, would be the same in any order. Where two or more in a row are stepped over, good ones of one time may be among
 * them: then two keys must have come upward, and two downward, in this list or in one that was read before. For in a list by time
 * that was never edited keys rise, too. */
bool crawl_keys_may_lack(const struct crawl *c, bool several)
{
    const struct crawl_facts *page = &c->page;
    const struct crawl_learned *l = &c->learned;
    bool down = c->keys.list == CRAWL_NEWEST;
    bool two = shows_two(c);
    bool up = l->sorts == CRAWL_YES || (!down && two);
    bool downward = l->downs == CRAWL_YES || (down && two);
    if (c->keys.contrast) /* its records are not kept */
        return false;
    if (several)
        return (page->keyed > 1 && !two) || !up || !downward;
    return c->keys.pages > 0 && !(down ? downward : up);
}

/* The list may well be one by key, and its first page downward has not been seen. False: that would tell nothing. */
bool crawl_keys_compare(struct crawl *c)
{
    bool tells = c->phase == CRAWL_KEYS && c->keys.list != CRAWL_NEWEST && !c->keys.contrast &&
                 c->learned.downs != CRAWL_YES && shows_two(c);
    if (tells)
        c->keys.contrast = 1;
    return tells;
}

static bool on_page(const struct crawl *c, int64_t key)
{
    for (size_t i = 0; i < c->page.count; i++)
        if (c->page.entries[i].keyed && c->page.entries[i].key == key)
            return true;
    return false;
}

/* What must have happened to the last answer's records, so that the page begins at its place at[]: so many came
 * in before, and so many between the page's first and last went. */
static size_t moved(const struct crawl *c, size_t at)
{
    const struct crawl_keys *k = &c->keys;
    size_t first = 0;
    size_t gone = 0;
    while (first < k->shown_count && up(c, k->shown[first]) < up(c, c->page.key_first))
        first++;
    for (size_t i = first; i < k->shown_count && up(c, k->shown[i]) < up(c, c->page.key_last); i++)
        gone += !on_page(c, k->shown[i]);
    return (first < at ? at - first : 0) + gone;
}

/* So many came in before the last answer's first record. */
static size_t came_first(const struct crawl *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->page.count; i++)
        n += c->page.entries[i].keyed && up(c, c->page.entries[i].key) < up(c, c->keys.shown[0]);
    return n;
}

/* From page to page, too: with each record that comes in before, keys move down by one place. */
bool crawl_keys_fall_back(const struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    if (k->shown_count == 0 || k->offset < k->shown_at)
        return false;
    if (crawl_singles(c) && k->begun && !k->verify && k->offset > k->shown_at)
        return up(c, c->page.key_first) < up(c, k->last);
    if (up(c, c->page.key_first) < up(c, k->shown[0]))
        return k->offset > k->shown_at || came_first(c) > CAME_BEFORE;
    /* Where records may be left out of a page, it tells of no places. */
    uint64_t further = k->shown_whole ? k->offset - k->shown_at : 0;
    size_t at = further < k->shown_count ? (size_t)further : k->shown_count - 1;
    return moved(c, at) > CAME_BEFORE;
}

static bool came_before(const struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    /* Where records are left out of pages, they tell of no places. */
    if (crawl_singles(c) || c->learned.thinned || k->verify || k->step > 0)
        return false;
    if (k->shown_count ==
        0) { /* the run is gone on with: the page begins as many places before the last key */
        size_t before = 0;
        for (size_t i = 0; i < c->page.count; i++)
            before += c->page.entries[i].keyed && c->page.entries[i].key < k->last;
        return k->begun && k->offset > 0 && before > c->drift;
    }
    if (k->offset < k->shown_at)
        return false;
    uint64_t further = k->shown_whole ? k->offset - k->shown_at : 0;
    size_t first = 0;
    while (first < k->shown_count && up(c, k->shown[first]) < up(c, c->page.key_first))
        first++;
    return came_first(c) > 0 || first < further;
}

/* More keys came in before others than may. A list by time does that, when it is edited; so does one by key, where many records
 * are committed late at once, or another server answers, which has others. Pages of a few records do not tell which. */
bool crawl_keys_unsteady(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    if (!crawl_keys_fall_back(c))
        return false;
    bool tells = k->list == CRAWL_ALL && k->shown_whole && k->shown_count >= MANY &&
                 c->page.keyed >= MANY && c->page.key_first >= k->shown[0];
    if (tells && c->learned.downs != CRAWL_YES && k->anew == 0)
        k->anew =
            1; /* it is compared: where its first page downward does not fall, it is not read anew */
    return !tells;
}

/* Keys came in before others. They are not committed in order, so that a few may; or the API does not sort by key, and what
 * is edited goes to the end of a list by time whose keys happen to rise. Where it does sort, the list is read anew, and once
 * that did not help its answers are not of one table. */
bool crawl_keys_doubtful(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    bool all = c->page.n > 0 && k->list == CRAWL_ALL;
    k->contrast = all && c->learned.downs != CRAWL_YES && came_before(c) ? 1 : 0;
    if (k->contrast > 0 || !all || !crawl_keys_fall_back(c))
        return k->contrast > 0;
    if (crawl_keys_begin_again(c, ANEW_MOST))
        return true;
    k->torn += TORN;
    return false;
}

/* What nobody proves is read anew, once: then nothing may come in before. */
void crawl_keys_doubt(struct crawl *c)
{
    c->keys.contrast = 0;
    if (!crawl_keys_begin_again(c, 1))
        crawl_keys_fail(c);
}

/* The first page downward falls; that of an API which heeds no order is what it was. Where it is one of records that are not
 * given, the next one tells. */
void crawl_keys_contrast(struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    const struct step *step = &c->trial.step;
    struct crawl_keys *k = &c->keys;
    if (page->keyed < 2 && c->trial.parts && k->contrast < CONTRAST_MOST) {
        k->contrast += step->low + step->gap + step->after.n;
        return;
    }
    k->contrast = 0;
    if (page->keyed > 1 && page->keyed + page->odd >= page->n && page->falling)
        c->learned.downs = CRAWL_YES;
    else
        crawl_keys_doubt(c);
}

/* Between two records of the last answer, which did not have it, though it is older than the list: the two answers are not of
 * one table. */
static bool was_lacking(const struct crawl *c, const struct crawl_entry *entry)
{
    const struct crawl_keys *k = &c->keys;
    if (!entry->keyed || entry->gap || entry->kind != CRAWL_TIMED ||
        entry->time > k->began - CRAWL_LEAD_MAX || entry->key < k->shown[0] ||
        entry->key > k->shown[k->shown_count - 1])
        return false;
    for (size_t i = 0; i < k->shown_count; i++)
        if (k->shown[i] == entry->key)
            return false;
    return true;
}

/* Does each record that is seen again stand where it stood? A malformed one has its place in the order by what seems to be its
 * key. */
static void note_places(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    const struct crawl_entry *before = NULL;
    uint64_t covered = k->pages > 0 ? k->previous_at + k->previous : k->offset;
    uint64_t again = covered > k->offset ? covered - k->offset : 0;
    bool resumed = k->pages == 0 && k->offset > 0;
    k->unread |= resumed && c->conf.places != NULL && c->conf.places->n > 0;
    k->unread |= c->limit < c->conf.limit; /* larger pages failed */
    for (size_t i = 0; i < c->page.count; i++) {
        const struct crawl_entry *at = &c->page.entries[i];
        bool beyond = !k->begun || up(c, at->key) > up(c, k->last);
        k->unread |= !at->keyed;
        if (!at->keyed && !at->hinted)
            continue;
        k->shifted |= before != NULL && up(c, at->key) <= up(c, before->key);
        k->shifted |= i >= again ? !beyond : at->keyed && beyond;
        before = at;
    }
}

/* Fewer than eight keys may come in their order by chance. Where others cannot be read, a list of so few counts only if nothing
 * in it has changed its place. */
bool crawl_keys_disturbed(const struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    return k->list != CRAWL_NEWEST && k->unread && k->shifted && k->seen < MANY &&
           !crawl_singles(c) && !c->learned.thinned;
}

void crawl_keys_note(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    note_places(c);
    bool tells = k->list == CRAWL_ALL && k->shown_whole && k->shown_count > 0;
    for (size_t i = 0; tells && i < c->page.count; i++)
        k->torn += was_lacking(c, &c->page.entries[i]);
    k->shown_at = k->offset;
    k->shown_whole = c->page.n == c->asked && c->page.keyed == c->page.n;
    k->shown_count = 0;
    for (size_t i = 0; i < c->page.count; i++)
        if (c->page.entries[i].keyed)
            k->shown[k->shown_count++] = c->page.entries[i].key;
}

bool crawl_keys_reach_back(const struct crawl *c)
{
    return c->page.n > 0 && (!c->keys.begun || up(c, c->page.key_first) <= up(c, c->keys.last));
}

/* The greatest key of what the list by time shows: on the page at hand, and the last one that was kept. */
int64_t crawl_key_shown(const struct crawl *c)
{
    int64_t most = c->page.keyed > 0 ? c->page.key_most : WHEN_NONE;
    for (size_t i = 0; i < c->known_count; i++)
        if (c->known[i].keyed && !c->known[i].gap && c->known[i].key > most)
            most = c->known[i].key;
    return most;
}

/* It seems to end before a record that the list by time has shown: more is hidden from the key than was looked behind,
 * unless that record was the last one and is deleted. */
bool crawl_keys_fall_short(const struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    return k->further < FURTHER_MAX && k->must != WHEN_NONE && (!k->begun || k->most < k->must);
}

/* The greatest times, for what is read by time afterwards. */
void crawl_note_latest(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    for (size_t i = 0; i < c->page.count; i++) {
        const struct crawl_entry *entry = &c->page.entries[i];
        if (entry->kind != CRAWL_TIMED || entry->time > k->began + CRAWL_LEAD_MAX)
            continue;
        size_t at = 0;
        while (at < k->latest_count && k->latest[at] < entry->time)
            at++;
        /* More of one time tell nothing, and would leave no room for lesser ones. */
        if (at + CRAWL_FUTURE <= k->latest_count && k->latest[at + CRAWL_FUTURE - 1] == entry->time)
            continue;
        if (k->latest_count < CRAWL_LATEST) {
            memmove(k->latest + at + 1, k->latest + at,
                    (k->latest_count++ - at) * sizeof(*k->latest));
            k->latest[at] = entry->time;
        } else if (at > 0) {
            memmove(k->latest, k->latest + 1, (at - 1) * sizeof(*k->latest));
            k->latest[at - 1] = entry->time;
        }
    }
}

/* The same version; of a list of what changed, the same record. */
static bool is_known(const struct crawl_entry *known, const struct crawl_entry *entry, bool changed)
{
    return known->id == entry->id ||
           (changed && known->keyed && entry->keyed && known->key == entry->key);
}

/* Members of the group that the list by time had shown. */
void crawl_note_met(struct crawl *c)
{
    for (size_t i = 0; i < c->page.count; i++)
        for (size_t j = 0; j < c->known_count; j++)
            if (is_known(&c->known[j], &c->page.entries[i], c->keys.list == CRAWL_SINCE))
                c->known[j].tied = false;
}

/* Known members of the group that the list by key did not have: they were edited, or it is another
 * list. What the list by time shows next will tell: they are in doubt again. */
bool crawl_group_is_whole(const struct crawl *c)
{
    for (size_t i = 0; i < c->known_count; i++)
        if (c->known[i].tied && c->known[i].kind == CRAWL_TIMED)
            return false;
    return true;
}

/* From its beginning: what was seen does not fit together, because of what came in meanwhile, or because it is
 * no such list. False: this was done before, so many times. */
bool crawl_keys_begin_again(struct crawl *c, unsigned most)
{
    struct crawl_keys *k = &c->keys;
    if (++k->anew > most)
        return false;
    k->offset = k->seen = k->pages = k->step = 0;
    k->shown_count = 0;
    k->repeats = 0;
    k->begun = k->behind = k->verify = k->holds = k->unread = k->shifted = false;
    return true;
}

/* ---- pages that are asked for ahead ---- */

uint64_t crawl_keys_stride(const struct crawl *c, uint64_t n)
{
    uint64_t overlap = 1 + (c->drift < n / 2 ? c->drift : n / 2);
    return n > overlap ? n - overlap : 1;
}

/* Everything is being read by key, in the ordinary way, and page after page was as it should be. A list of another
 * kind, where one ends, and whatever goes wrong in it, is asked about when it is time. */
static bool goes_on_by_key(const struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    const struct crawl_trial *t = &c->trial;
    bool list = !c->broken && c->phase == CRAWL_KEYS && k->list == CRAWL_ALL && !k->detour;
    bool plain = k->begun && k->pages > 0 && !k->behind && !k->verify && !k->contrast &&
                 k->step == 0 && k->repeats == 0 && !crawl_singles(c) && !c->learned.thinned;
    bool looks = c->look_behind.windows > 0 || c->look_behind.bottom;
    bool trouble =
        t->step.state != STEP_NONE || t->probe > 0 || t->again > 0 || t->shrunk || t->grown;
    return list && plain && !looks && !trouble && !c->passes.on;
}

/* How many records a full page has: as many as are asked for, or as the API gives at most. */
static uint64_t full_page(const struct crawl *c)
{
    const struct crawl_learned *l = &c->learned;
    bool capped = l->least > 0 && l->longest >= l->least && l->longest < c->limit;
    return capped ? l->longest : c->limit;
}

bool crawl_ahead(const struct crawl *c, unsigned further, struct crawl_request *request)
{
    const struct crawl_learned *l = &c->learned;
    const struct place list = {.sort = CRAWL_BY_KEY};
    uint64_t n = full_page(c);
    if (!goes_on_by_key(c) || n < AHEAD_LEAST)
        return false;
    uint64_t offset = c->keys.offset + further * crawl_keys_stride(c, n);
    if (c->limit < c->conf.limit && c->good + further >= crawl_grow_after(c))
        return false; /* another size is tried then */
    /* The page that ends the list is no guess, nor is one behind the end, as far as `count` can be trusted. */
    if (c->count >= 0 && l->counted != CRAWL_NO && (uint64_t)c->count <= offset + n)
        return false;
    if (c->conf.places != NULL && places_within(c->conf.places, &list, offset, c->limit) != NULL)
        return false;
    *request = (struct crawl_request){.sort = CRAWL_BY_KEY, .offset = offset, .limit = c->limit};
    return true;
}

/* The crawl as it was before an answer, so that it can be as if there had been none. */
struct crawl_before {
    struct crawl crawl;
    struct crawl_entry known[CRAWL_KNOWN];
};

static void as_before(struct crawl *c, const struct crawl_before *before)
{
    crawl_passes_free(c);
    *c = before->crawl;
    memcpy(c->known, before->known, sizeof before->known);
    crawl_facts_reset(&c->page);
}

enum crawl_verdict crawl_page_ahead(struct crawl *c, const struct crawl_answer *answer)
{
    struct crawl_before *before = malloc(sizeof *before);
    if (before == NULL || !goes_on_by_key(c)) {
        free(before);
        crawl_facts_reset(&c->page);
        return CRAWL_RETAKE;
    }
    before->crawl = *c;
    memcpy(before->known, c->known, sizeof before->known);
    const struct crawl *was = &before->crawl;
    uint64_t n = full_page(c);
    uint64_t next = was->keys.offset + crawl_keys_stride(c, n);
    c->conf.places = NULL; /* nothing is known of them until the page is kept */
    bool good = crawl_page(c, answer, NULL) == CRAWL_KEEP && goes_on_by_key(c) &&
                c->keys.pages == was->keys.pages + 1 && c->page.n == n && c->keys.offset == next;
    good &= c->keys.torn == was->keys.torn; /* what the last answer lacked was deleted meanwhile */
    c->conf.places = was->conf.places;
    if (good)
        crawl_places_read(c);
    if (good)
        places_settle(c->conf.places, true);
    else
        as_before(c, before);
    free(before);
    return good ? CRAWL_KEEP : CRAWL_RETAKE;
}

/* What a page's keys show: whether the API sorts by key, and whether the page begins early enough. And which pages of a list by key
 * come next as long as they are full and nothing changes. */
#include "extract/crawl/crawl_private.h"
#include "extract/places/place_hint.h"
#include <stdlib.h>
#include <string.h>

#define FURTHER_MAX 3 /* looks further behind the end for a missing key */
#define CAME_BEFORE 2 /* records that may come in before a page between two requests */
#define MANY        8 /* so many records are not in order by chance */
#define ANEW_MOST   2
#define TORN        2 /* for answers that do not agree: enough for `differs` */
#define CONTRAST_MOST                                                                              \
    100 /* positions, among which two records must be given, else nothing is shown */
#define AHEAD_LEAST                                                                                \
    4 /* records of a page: smaller ones do not lead far enough to be asked for ahead */

/* Returns the key so that it rises in every list: negated in a list that goes downward. */
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

/* Returns true if the page may have stepped over good records: if it is not shown that the list is one by key. An empty list or a
 * single record looks the same in any order. If two or more in a row were stepped over, good records of one time may be among them.
 * Then two keys must have risen in a list upward and two must have fallen in a list downward, now or earlier, since keys also rise
 * in a list by time that was never edited. */
bool crawl_keys_may_lack(const struct crawl *c, bool several)
{
    const struct crawl_facts *page = &c->page;
    const struct crawl_learned *l = &c->learned;
    bool down = c->keys.list == CRAWL_NEWEST;
    bool two = shows_two(c);
    bool up = l->sorts == CRAWL_YES || (!down && two);
    bool downward = l->downs == CRAWL_YES || (down && two);
    if (c->keys.contrast) /* the contrast page's records are not kept */
        return false;
    if (several)
        return (page->keyed > 1 && !two) || !up || !downward;
    return c->keys.pages > 0 && !(down ? downward : up);
}

/* Requests the first page downward for comparison, if this list seems to be one by key. Returns false if that would show nothing. */
bool crawl_keys_compare(struct crawl *c)
{
    bool tells = c->phase == CRAWL_KEYS && c->keys.list != CRAWL_NEWEST && !c->keys.contrast &&
                 c->learned.downs != CRAWL_YES && shows_two(c);
    if (tells)
        c->keys.contrast = 1;
    return tells;
}

/* Compares a list that has been read anew, if chance may still have put its keys in order: they are few, and some had changed their places
 * before. */
bool crawl_keys_few_compared(struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    return k->anew > 0 && k->unread && k->seen < MANY && crawl_keys_compare(c);
}

static bool on_page(const struct crawl *c, int64_t key)
{
    for (size_t i = 0; i < c->page.count; i++)
        if (c->page.entries[i].keyed && c->page.entries[i].key == key)
            return true;
    return false;
}

/* Returns how many records must have come in before the page, or have gone from between its first and last record, if the page begins
 * with what stood at position `at` of the last answer. */
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

/* Returns how many records of the page stand before the last answer's first one. */
static size_t came_first(const struct crawl *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->page.count; i++)
        n += c->page.entries[i].keyed && up(c, c->page.entries[i].key) < up(c, c->keys.shown[0]);
    return n;
}

/* Returns true if keys have moved back by more than a few positions. Each record that comes in before them moves them by one. */
bool crawl_keys_fall_back(const struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    if (k->shown_count == 0 || k->offset < k->shown_at)
        return false;
    if (crawl_singles(c) && k->begun && !k->verify && k->offset > k->shown_at)
        return up(c, c->page.key_first) < up(c, k->last);
    if (up(c, c->page.key_first) < up(c, k->shown[0]))
        return k->offset > k->shown_at || came_first(c) > CAME_BEFORE;
    /* a page from which records may be missing shows no positions */
    uint64_t further = k->shown_whole ? k->offset - k->shown_at : 0;
    size_t at = further < k->shown_count ? (size_t)further : k->shown_count - 1;
    return moved(c, at) > CAME_BEFORE;
}

static bool came_before(const struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    /* pages from which records are left out show no positions */
    if (crawl_singles(c) || c->learned.thinned || k->verify || k->step > 0)
        return false;
    if (k->shown_count ==
        0) { /* the run was resumed: the page begins so many positions before the last key */
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

/* Returns true if more keys came in before others than may, and pages are too short to show why. It happens in a list by time that is
 * edited, and in a list by key if many records are committed late at once, or if a server with other records answers. */
bool crawl_keys_unsteady(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    if (!crawl_keys_fall_back(c))
        return false;
    bool tells = k->list == CRAWL_ALL && k->shown_whole && k->shown_count >= MANY &&
                 c->page.keyed >= MANY && c->page.key_first >= k->shown[0];
    if (tells && c->learned.downs != CRAWL_YES && k->anew == 0)
        k->anew =
            1; /* it will be compared; if its first page downward does not fall it is not read anew */
    return !tells;
}

/* Decides what to do after keys came in before others. A few may, since keys are not committed in order. Or the API does not sort by
 * key, and edited records go to the end of a list by time whose keys happen to rise. If it does sort, the list is read anew; if that
 * does not help, its answers are not of one table. */
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

/* Reads a list anew, once, that the comparison did not prove. If keys come in before others again, there is no such list. */
void crawl_keys_doubt(struct crawl *c)
{
    c->keys.contrast = 0;
    if (!crawl_keys_begin_again(c, 1))
        crawl_keys_fail(c);
}

/* Judges the first page downward. It falls if the API sorts by key; otherwise it is the same as upward. If fewer than two of its records
 * are given, the next page is requested. */
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

/* Returns true if the last answer had records before and behind this one but not this one, though it is older than the list. Then the
 * two answers are not of one table. */
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

/* Notes whether each record that is seen again stands where it stood. A malformed record has its position in the order by what seems to
 * be its key. If records are left out of pages, a page shows only that those of the last one stand no further on than it was long. */
static void note_places(struct crawl *c)
{
    struct crawl_keys *k = &c->keys;
    const struct crawl_entry *before = NULL;
    bool thinned = c->learned.thinned;
    uint64_t places = thinned ? k->previous_asked : k->previous;
    uint64_t covered = k->pages > 0 ? k->previous_at + places : k->offset;
    uint64_t again = covered > k->offset ? covered - k->offset : 0;
    /* in a resumed run it is not known any more; where a look behind the end found more, nothing is known yet */
    bool resumed = k->pages == 0 && k->offset > 0 && k->previous_at == 0 && k->anew == 0;
    bool tells = k->pages > 0 || resumed;
    k->unread |= resumed;
    k->unread |= c->limit < c->conf.limit || c->trial.parts; /* larger pages failed */
    for (size_t i = 0; i < c->page.count; i++) {
        const struct crawl_entry *at = &c->page.entries[i];
        bool beyond = !k->begun || up(c, at->key) > up(c, k->last);
        k->unread |= !at->keyed;
        if (!at->keyed && !at->hinted)
            continue;
        k->shifted |= before != NULL && up(c, at->key) <= up(c, before->key);
        k->shifted |= tells && (i >= again ? !beyond : !thinned && at->keyed && beyond);
        before = at;
    }
}

/* Returns true if the list must not count as one by key. Fewer than eight keys may be in order by chance. If other records cannot be
 * read, a list of so few counts only if none of them has changed its position. */
bool crawl_keys_disturbed(const struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    return k->list != CRAWL_NEWEST && k->unread && k->shifted && k->seen < MANY &&
           !crawl_singles(c);
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

/* Returns the greatest key that the list by time has shown, on the current page or the last kept one. */
int64_t crawl_key_shown(const struct crawl *c)
{
    int64_t most = c->page.keyed > 0 ? c->page.key_most : WHEN_NONE;
    for (size_t i = 0; i < c->known_count; i++)
        if (c->known[i].keyed && !c->known[i].gap && c->known[i].key > most)
            most = c->known[i].key;
    return most;
}

/* Returns true if the list seems to end before a record that the list by time has shown. Then more records are hidden than it was looked
 * behind, unless that record was the last one and has been deleted. */
bool crawl_keys_fall_short(const struct crawl *c)
{
    const struct crawl_keys *k = &c->keys;
    return k->further < FURTHER_MAX && k->must != WHEN_NONE && (!k->begun || k->most < k->must);
}

/* Notes the page's greatest times: the crawl catches up by time from before them. */
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
        /* more records of one time show nothing, and would leave no room for earlier times */
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

/* Guesses where a place that was met in another order of the list stands on the page that was asked for: by time from the times that the
 * list by key showed, among the greatest keys from the keys. Returns false if there is none. */
bool crawl_hint(const struct crawl *c, struct step_known *known)
{
    const struct crawl_request *page = &c->trial.page;
    bool by_time = c->phase == CRAWL_BODY && c->ask.filtered;
    bool down = c->phase == CRAWL_KEYS && c->keys.list == CRAWL_NEWEST;
    struct place_hint hint = {.sort = (unsigned)page->sort,
                              .offset = page->offset,
                              .limit = page->limit,
                              .from = by_time ? crawl_ask_after(&c->ask) : WHEN_NONE,
                              .times = c->keys.latest,
                              .n = c->keys.latest_count,
                              .top = c->learned.top_count > 0 ? c->learned.top : WHEN_NONE,
                              .zone = c->conf.zone};
    return (by_time || down) && places_hint(c->conf.places, &hint, known);
}

/* Returns true if both are the same version or, with `changed`, versions of the same record. */
static bool is_known(const struct crawl_entry *known, const struct crawl_entry *entry, bool changed)
{
    return known->id == entry->id ||
           (changed && known->keyed && entry->keyed && known->key == entry->key);
}

/* Notes which records that the list by time had shown are on the page. */
void crawl_note_met(struct crawl *c)
{
    for (size_t i = 0; i < c->page.count; i++)
        for (size_t j = 0; j < c->known_count; j++) {
            if (!is_known(&c->known[j], &c->page.entries[i], c->keys.list == CRAWL_SINCE))
                continue;
            c->keys.early |= c->known[j].tied && c->known[j].id == c->page.entries[i].id;
            c->known[j].tied = false;
        }
}

/* Returns false if the list by key lacked records that the list by time had shown. Either they were edited, or it is another list. What
 * the list by time shows next decides, and they are in doubt again. */
bool crawl_group_is_whole(const struct crawl *c)
{
    for (size_t i = 0; i < c->known_count; i++)
        if (c->known[i].tied && c->known[i].kind == CRAWL_TIMED)
            return false;
    return true;
}

/* Reads the list again from its beginning, since its pages do not fit together: records came in meanwhile, or it is no such list. Returns
 * false if this was done `most` times before. */
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

/* ---- pages that are requested ahead ---- */

uint64_t crawl_keys_stride(const struct crawl *c, uint64_t n)
{
    uint64_t overlap = 1 + (c->drift < n / 2 ? c->drift : n / 2);
    return n > overlap ? n - overlap : 1;
}

/* Returns true if everything is being read by key and each page was in order. Other lists, the end of a list, and anything out of the
 * ordinary are requested in their turn. */
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

/* Returns how many records a full page has: as many as are requested, or as the API gives at most. */
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
        return false; /* another page size is tried then */
    /* the list's last page, and any page behind it, is not requested ahead, if `count` can be trusted */
    if (c->count >= 0 && l->counted != CRAWL_NO && (uint64_t)c->count <= offset + n)
        return false;
    if (c->conf.places != NULL && places_within(c->conf.places, &list, offset, c->limit) != NULL)
        return false;
    *request = (struct crawl_request){.sort = CRAWL_BY_KEY, .offset = offset, .limit = c->limit};
    return true;
}

/* The crawl before an answer, to restore it if the answer is not used. */
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
    c->conf.places = NULL; /* places are not touched until the page is kept */
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

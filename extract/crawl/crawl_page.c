#include "extract/crawl/crawl_private.h"
#include <string.h>
#include <xxhash.h>

#define STUCK_SOME 4   /* pages taken back in a row */
#define NO_TIME    "?" /* of a record that was stepped over */

static uint64_t mix(uint64_t h)
{
    h ^= h >> 30;
    h *= UINT64_C(0xbf58476d1ce4e5b9);
    h ^= h >> 27;
    h *= UINT64_C(0x94d049bb133111eb);
    return h ^ (h >> 31);
}

uint64_t crawl_version_id(const struct crawl_seen *seen)
{
    uint64_t h = mix(seen->identity + UINT64_C(0x9e3779b97f4a7c15));
    for (size_t i = 0; seen->time != NULL && i < seen->time_len; i++)
        h = (h ^ (unsigned char)seen->time[i]) * UINT64_C(0x100000001b3);
    return mix(h);
}

void crawl_facts_reset(struct crawl_facts *page)
{
    struct crawl_entry *entries = page->entries;
    *page = (struct crawl_facts){.entries = entries, .first = WHEN_NONE, .peak = WHEN_NONE};
}

static void read_time(struct crawl_entry *entry, const struct crawl_seen *seen, struct zone *zone)
{
    entry->time = WHEN_NONE;
    entry->text[0] = '\0';
    entry->kind = CRAWL_TIMELESS;
    if (seen->time == NULL || seen->time_len == 0)
        return;
    entry->kind = CRAWL_UNREADABLE;
    if (seen->time_len >= sizeof(entry->text) ||
        when_parse(seen->time, seen->time_len, zone, &entry->time) != OK) {
        entry->time = WHEN_NONE;
        return;
    }
    entry->kind = entry->time == WHEN_NONE ? CRAWL_TIMELESS : CRAWL_TIMED;
    memcpy(entry->text, seen->time, seen->time_len);
    entry->text[seen->time_len] = '\0';
}

/* What a known record proves. A record without a time, behind those with one, proves nothing, since edits come in before it. Nor does a record
 * of a time whose records were cut by the last page's end: it may stand in another place among these, unless the page begins with the first of
 * them, as pages at offset 0 do. */
enum match {
    MATCH_NONE,
    MATCH_TIED, /* known, and proves nothing */
    MATCH_KNOWN
};

/* Whether the record proves as much as a known one: it has a time of which all records were read, or that is no longer in doubt, and so stands
 * before the records in doubt, too. Two times an hour apart can look the same, so the first is used only if the crawl would not come further
 * otherwise: if such records change their places from page to page. */
static bool equals_settled(const struct crawl *c, const struct crawl_entry *entry)
{
    bool loose = crawl_is_loose(c, entry);
    if (entry->kind == CRAWL_UNREADABLE || (!loose && c->stuck < STUCK_SOME))
        return false;
    for (size_t i = c->known_count; i > 0; i--) {
        const struct crawl_entry *known = &c->known[i - 1];
        if (!known->tied && known->kind == entry->kind && known->time == entry->time)
            return true;
    }
    return false;
}

static enum match match(struct crawl *c, const struct crawl_entry *entry)
{
    bool before = c->known_count > 0 && c->known[c->known_count - 1].kind != CRAWL_TIMELESS;
    if (c->phase == CRAWL_BODY && entry->kind == CRAWL_TIMELESS && !before)
        return MATCH_NONE;
    for (size_t i = c->known_count; i > 0; i--) {
        if (c->known[i - 1].id != entry->id)
            continue;
        c->page.again++;
        c->page.reached |= i == c->known_count || c->known[i - 1].tied;
        return c->known[i - 1].tied && c->ask.offset > 0 ? MATCH_TIED : MATCH_KNOWN;
    }
    return c->phase != CRAWL_KEYS && equals_settled(c, entry) ? MATCH_KNOWN : MATCH_NONE;
}

static void count_kind(struct crawl_facts *page, const struct crawl_entry *entry)
{
    switch (entry->kind) {
    case CRAWL_TIMELESS:
        page->timeless++;
        page->ends_timeless = page->timed + page->unreadable > 0;
        return;
    case CRAWL_UNREADABLE:
        page->unreadable++;
        page->ends_unreadable = true;
        page->ends_timeless = false;
        return;
    case CRAWL_TIMED:
        break;
    }
    page->timed++;
    page->ends_timeless = page->ends_unreadable = false;
    if (page->first == WHEN_NONE)
        page->first = entry->time;
    if (page->peak == WHEN_NONE || entry->time > page->peak)
        page->peak = entry->time;
    if (page->peak - entry->time > page->fall)
        page->fall = page->peak - entry->time;
}

static void count_key(struct crawl *c, const struct crawl_seen *seen)
{
    struct crawl_facts *page = &c->page;
    bool down = c->keys.list == CRAWL_NEWEST;
    if (!seen->keyed)
        return;
    if (page->keyed++ == 0) {
        page->key_first = page->key_least = page->key_most = seen->key;
        page->rising = page->falling = true;
    } else {
        page->rising &= seen->key > page->key_last;
        page->falling &= seen->key < page->key_last;
    }
    page->key_last = seen->key;
    if (seen->key < page->key_least)
        page->key_least = seen->key;
    if (seen->key > page->key_most)
        page->key_most = seen->key;
    if (!c->keys.begun || (down ? seen->key < c->keys.last : seen->key > c->keys.last))
        page->beyond++;
}

static bool is_stranger(const struct crawl_keys *k, int64_t time)
{
    int64_t lead = k->lead > 0 ? k->lead : 0;
    return k->list == CRAWL_SINCE ? time <= k->time - lead - CRAWL_LEAD_MAX : time != k->time;
}

void crawl_facts_add(struct crawl *c, const struct crawl_seen *seen)
{
    struct crawl_facts *page = &c->page;
    if (page->count == CRAWL_KNOWN) {
        page->count--;
        memmove(page->entries, page->entries + 1, page->count * sizeof(*page->entries));
    }
    struct crawl_entry *entry = &page->entries[page->count++];
    read_time(entry, seen, c->conf.zone);
    entry->id = crawl_version_id(seen);
    entry->key = seen->key;
    entry->keyed = seen->keyed;
    entry->tied = entry->gap = false;
    entry->aside = seen->aside;
    entry->hinted = seen->hinted;
    page->n++;
    page->odd += seen->odd;
    page->sum = mix(page->sum + entry->id);
    page->set_sum += mix(entry->id);
    count_key(c, seen);
    if (entry->kind == CRAWL_TIMELESS)
        page->timeless_sum += mix(entry->id);
    if (entry->kind == CRAWL_TIMELESS ||
        (entry->kind == CRAWL_TIMED && is_stranger(&c->keys, entry->time)))
        page->strangers++;
    count_kind(page, entry);
    enum match found = match(c, entry);
    page->met += found != MATCH_NONE;
    page->fresh = found != MATCH_NONE ? 0 : page->fresh + 1;
    if (found == MATCH_KNOWN) {
        page->late_hit |= page->hits == 0 && page->timed + page->unreadable > 0;
        page->hits++;
        page->news = 0;
    } else if (found == MATCH_TIED) {
        return;
    } else if (c->phase != CRAWL_BODY || entry->kind != CRAWL_TIMELESS) {
        page->news++;
    }
}

static bool all_alike(const struct crawl_facts *page)
{
    const struct crawl_entry *timed = NULL;
    for (size_t i = 0; i < page->count; i++) {
        const struct crawl_entry *entry = &page->entries[i];
        if (entry->kind != CRAWL_TIMED)
            continue;
        if (timed != NULL && timed->time != entry->time)
            return false;
        timed = entry;
    }
    return page->timeless == 0 || page->timeless == page->n;
}

/* Finds out which of the last records are in doubt: those that may have the last record's time. A time that cannot be read may equal any, and
 * a record that was stepped over may have none, too. */
void crawl_facts_run(struct crawl *c)
{
    struct crawl_facts *page = &c->page;
    const struct crawl_entry *last = NULL; /* with a time that can be read */
    const struct crawl_entry *came = NULL; /* not stepped over */
    page->run = 0;
    page->alike = all_alike(page);
    for (size_t i = page->count; i > 0; i--, page->run++) {
        const struct crawl_entry *entry = &page->entries[i - 1];
        bool timeless = entry->kind == CRAWL_TIMELESS;
        if (crawl_is_loose(c, entry))
            break;
        if (!entry->gap && came != NULL && timeless != (came->kind == CRAWL_TIMELESS))
            break;
        came = entry->gap ? came : entry;
        if (entry->kind != CRAWL_TIMED)
            continue;
        if (last != NULL && entry->time != last->time)
            break;
        last = entry;
    }
}

int64_t crawl_facts_last(const struct crawl_facts *page)
{
    for (size_t i = page->count; i > 0; i--)
        if (page->entries[i - 1].kind == CRAWL_TIMED)
            return page->entries[i - 1].time;
    return WHEN_NONE;
}

const struct crawl_entry *crawl_facts_below(const struct crawl_facts *page, size_t *behind)
{
    const struct crawl_entry *best = NULL;
    int64_t last = crawl_facts_last(page);
    for (size_t i = 0; i < page->count; i++) {
        const struct crawl_entry *entry = &page->entries[i];
        if (entry->kind != CRAWL_TIMED || entry->time >= last)
            continue;
        if (best == NULL || entry->time >= best->time) {
            best = entry;
            *behind = page->count - i - 1;
        }
    }
    return best;
}

/* Learns the longest page. Of a page that was put together, each part counts as a page. */
void crawl_learn_longest(struct crawl *c)
{
    const struct step *step = &c->trial.step;
    uint64_t n = c->page.n;
    if (c->trial.parts)
        n = step->before.n > step->after.n ? step->before.n : step->after.n;
    if (n > c->learned.longest)
        c->learned.longest = n;
}

/* Of a place that nothing stands before on its page: another one on another page. */
static uint64_t beginning(const struct crawl_trial *t)
{
    const struct crawl_request *page = &t->page;
    uint64_t list = XXH3_64bits(page->after, strlen(page->after)) ^
                    XXH3_64bits(page->equal, strlen(page->equal)) * PLACES_MIX;
    return list + t->step.offset + t->step.low + (uint64_t)page->sort * PLACES_MIX;
}

void crawl_trial_gap(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    if (t->step.low == 0) {
        crawl_facts_reset(&c->page);
        t->before = (struct place_side){.there = false};
    }
    t->after = (struct place_side){.there = false};
    for (unsigned i = 0; i < t->step.gap; i++) {
        static const struct step_gap unseen = {.seen = false};
        const struct step_gap *gap = i < STEP_GAP_MAX ? &t->gaps[i] : &unseen;
        uint64_t identity = (t->before.there ? t->before.id : beginning(t)) + (i + 1) * PLACES_MIX;
        struct crawl_seen seen = {.identity = gap->seen ? gap->identity : identity,
                                  .time = gap->seen && gap->time[0] != '\0' ? gap->time : NO_TIME,
                                  .key = gap->key,
                                  .keyed = gap->seen && gap->keyed,
                                  .odd = true};
        seen.time_len = strlen(seen.time);
        crawl_facts_add(c, &seen);
        c->page.entries[c->page.count - 1].gap = true;
    }
}

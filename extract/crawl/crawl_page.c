#include "extract/crawl/crawl_private.h"
#include <string.h>

static uint64_t mix(uint64_t h)
{
    h ^= h >> 30;
    h *= UINT64_C(0xbf58476d1ce4e5b9);
    h ^= h >> 27;
    h *= UINT64_C(0x94d049bb133111eb);
    return h ^ (h >> 31);
}

static uint64_t version_id(const struct crawl_seen *seen)
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

/* A record without a time proves nothing among those with: edits come in before it. */
static bool is_known(const struct crawl *c, const struct crawl_entry *entry)
{
    if (c->phase == CRAWL_BODY && entry->kind == CRAWL_TIMELESS)
        return false;
    for (size_t i = c->known_count; i > 0; i--)
        if (c->known[i - 1].id == entry->id)
            return true;
    return false;
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

void crawl_facts_add(struct crawl *c, const struct crawl_seen *seen)
{
    struct crawl_facts *page = &c->page;
    if (page->count == CRAWL_KNOWN) {
        page->count--;
        memmove(page->entries, page->entries + 1, page->count * sizeof(*page->entries));
    }
    struct crawl_entry *entry = &page->entries[page->count++];
    read_time(entry, seen, c->conf.zone);
    entry->id = version_id(seen);
    page->n++;
    page->sum = mix(page->sum + entry->id);
    count_kind(page, entry);
    if (is_known(c, entry)) {
        page->late_hit |= page->hits == 0 && page->timed + page->unreadable > 0;
        page->hits++;
        page->news = 0;
    } else if (c->phase != CRAWL_BODY || entry->kind != CRAWL_TIMELESS) {
        page->news++;
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

#include "extract/crawl/crawl_private.h"
#include <stdlib.h>
#include <string.h>

/* Which versions a position names, so that the next run recognizes what it must overlap: one in
 * each sixteenth of the overlap, each first one after a gap, and the last few. Times that may lie
 * in the future are left out: edits come in before them. */

#define SPACING 16

int64_t crawl_cap(const struct crawl *c)
{
    int64_t last = c->ending != WHEN_NONE ? c->ending : c->last;
    int64_t clock = c->turn != WHEN_NONE ? c->turn : c->doubt != WHEN_NONE ? c->doubt : last;
    /* Within the clock's own second an edit may still take a place before one that was read. */
    int64_t margin = c->conf.margin > WHEN_SECOND ? c->conf.margin : WHEN_SECOND;
    return clock == WHEN_NONE ? INT64_MAX : clock - margin;
}

/* Returns the overlap: never less than what it takes to tell a page's continuity by times alone. */
int64_t crawl_overlap(const struct crawl *c)
{
    int64_t least = CRAWL_FOLD + 60 * WHEN_SECOND;
    return c->conf.overlap > least ? c->conf.overlap : least;
}

static size_t keep_before(struct crawl_mark *marks, size_t n, int64_t time)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (marks[i].time < time)
            marks[kept++] = marks[i];
    return kept;
}

/* From the first page on everything is read again: marks from there on are set anew, those before stay. */
void crawl_marks_begin(struct crawl *c)
{
    if (c->page.first == WHEN_NONE)
        return;
    c->mark_count = keep_before(c->marks, c->mark_count, c->page.first);
    c->recent_count = keep_before(c->recent, c->recent_count, c->page.first);
}

static void drop_first(struct crawl_mark *marks, size_t *n)
{
    memmove(marks, marks + 1, --*n * sizeof(*marks));
}

static void add_mark(struct crawl *c, const struct crawl_mark *mark)
{
    if (c->mark_count > 0 &&
        mark->time - c->marks[c->mark_count - 1].time < crawl_overlap(c) / SPACING)
        return;
    while (c->mark_count > 2 && c->marks[1].time < mark->time - crawl_overlap(c) * 2)
        drop_first(c->marks, &c->mark_count);
    if (c->mark_count == CRAWL_MARKS)
        drop_first(c->marks, &c->mark_count);
    c->marks[c->mark_count++] = *mark;
}

static void add_recent(struct crawl *c, const struct crawl_mark *mark)
{
    if (c->recent_count == CRAWL_RECENT)
        drop_first(c->recent, &c->recent_count);
    c->recent[c->recent_count++] = *mark;
}

void crawl_marks_add(struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    int64_t cap = crawl_cap(c);
    /* What was kept before is counted already. */
    uint64_t again = page->hits > 0 && page->n > page->news ? page->n - page->news : 0;
    c->ordinal -= again < c->ordinal ? again : c->ordinal;
    c->ordinal += page->n - page->count;
    for (size_t i = 0; i < page->count; i++) {
        const struct crawl_entry *entry = &page->entries[i];
        c->ordinal++;
        if (entry->kind != CRAWL_TIMED || entry->time > cap)
            continue;
        struct crawl_mark mark = {entry->id, entry->time, c->ordinal};
        add_mark(c, &mark);
        add_recent(c, &mark);
        c->rest = c->ask;
        c->rest.jump = false;
        uint64_t at = c->ask.offset + (page->n - page->count) + i + 1;
        c->rest.offset = at > CRAWL_RECENT / 2 ? at - CRAWL_RECENT / 2
                                               : at > 1; /* less than all of it: room for more */
        c->rests = c->ask.filtered;
    }
}

static int by_time(const void *a, const void *b)
{
    const struct crawl_mark *x = a;
    const struct crawl_mark *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static size_t all_marks(const struct crawl *c, struct crawl_mark all[CRAWL_MARKS + CRAWL_RECENT])
{
    memcpy(all, c->marks, c->mark_count * sizeof(*all));
    memcpy(all + c->mark_count, c->recent, c->recent_count * sizeof(*all));
    size_t n = c->mark_count + c->recent_count;
    qsort(all, n, sizeof(*all), by_time);
    return n;
}

void crawl_marks_known(struct crawl *c)
{
    struct crawl_mark all[CRAWL_MARKS + CRAWL_RECENT];
    c->known_count = all_marks(c, all);
    for (size_t i = 0; i < c->known_count; i++)
        c->known[i] =
            (struct crawl_entry){.id = all[i].id, .time = all[i].time, .kind = CRAWL_TIMED};
    c->frontier = c->known_count > 0 ? all[c->known_count - 1].time : WHEN_NONE;
}

uint64_t crawl_marks_first(const struct crawl *c, int64_t after)
{
    struct crawl_mark all[CRAWL_MARKS + CRAWL_RECENT];
    size_t n = all_marks(c, all);
    for (size_t i = 0; i < n; i++)
        if (all[i].time > after)
            return all[i].ordinal;
    return 0;
}

/* Returns how many records at most stand from the time of all[i] on. */
static uint64_t records_from(const struct crawl_mark *all, size_t n, size_t i)
{
    size_t before = i;
    while (before > 0 && all[before].time == all[i].time)
        before--;
    return all[n - 1].ordinal - all[before].ordinal + (all[before].time == all[i].time);
}

/* Chooses where the run starts: early enough for the overlap; at a known version, whose presence proves that; and with a few known versions
 * behind it, since one may have been edited meanwhile. The last only if it costs no further page: neither the next one, nor one behind a page
 * that is as long as any. */
void crawl_marks_start(struct crawl *c)
{
    struct crawl_mark all[CRAWL_MARKS + CRAWL_RECENT];
    size_t n = all_marks(c, all);
    if (n == 0)
        return;
    int64_t start = all[n - 1].time - crawl_overlap(c);
    size_t i = n;
    while (i > 0 && all[i - 1].time > start)
        i--;
    uint64_t behind = i < n ? all[i].ordinal : all[n - 1].ordinal;
    if (i > 0 && behind - all[i - 1].ordinal <= c->conf.limit / 2)
        start = all[i - 1].time - 1;
    for (i = n; i > 0 && n - i < CRAWL_RECENT; i--) {
        uint64_t more = records_from(all, n, i - 1);
        if (more > c->conf.limit / 2 || (i < n && more >= c->learned.longest))
            break;
        if (all[i - 1].time - 1 < start)
            start = all[i - 1].time - 1;
    }
    if (c->low != WHEN_NONE && c->low < start)
        start = c->low;
    int64_t needed = crawl_overlap(c) / 2;
    c->covered = all[n - 1].time - needed;
    if (c->low != WHEN_NONE && c->low + needed < c->covered)
        c->covered = c->low + needed;
    crawl_ask_time(&c->ask, start, c->lead);
    crawl_start_at_place(c, start);
}

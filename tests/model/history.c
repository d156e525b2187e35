#include "tests/model/history.h"
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define HOUR (INT64_C(3600) * WHEN_SECOND)

static int64_t some_hours(struct rng *r, int most)
{
    return ((int64_t)rng_below(r, (unsigned)(2 * most + 1)) - most) * HOUR;
}

static void make_world(struct world_conf *w, struct rng *r)
{
    *w = (struct world_conf){.fold = WHEN_NONE, .seed = rng_next(r)};
    w->records = rng_below(r, rng_chance(r, 30) ? 60 : 20);
    w->ties = rng_chance(r, 40) ? rng_below(r, 100) : 0;
    w->dense = rng_below(r, 101);
    w->form = (enum world_form)rng_below(r, FORMS);
    w->fine = rng_chance(r, 20);
    if (rng_chance(r, 30))
        w->timeless = rng_below(r, w->records + 1);
    w->timeless_last = rng_chance(r, 50);
    if (rng_chance(r, 40))
        w->shown = some_hours(r, 12);
    if (rng_chance(r, 10))
        w->fold = WORLD_FROM - rng_below(r, 100000) * WHEN_SECOND;
    if (rng_chance(r, 20) && w->records > w->timeless)
        w->future = rng_below(r, (w->records - w->timeless) / 2 + 1);
    if (rng_chance(r, 20) && w->records > w->timeless && w->shown >= 0)
        w->soon = rng_below(r, (w->records - w->timeless) / 2 + 1);
    if (rng_chance(r, 5) && w->shown == 0)
        w->daily = true;
    if (rng_chance(r, 5))
        w->garbled = 2 + rng_below(r, 8);
    if (rng_chance(r, 5))
        w->ignores_filter = true;
    if (rng_chance(r, 3))
        w->ignores_offset = true;
    if (rng_chance(r, 40) && !w->ignores_offset)
        w->order = rng_chance(r, 50) ? TIES_DRAWN : TIES_TOP_N;
    w->by_key = (enum world_form_kind)rng_below(r, rng_chance(r, 50) ? 1 : FORM_KINDS);
    w->by_equal = (enum world_form_kind)rng_below(r, rng_chance(r, 50) ? 1 : FORM_KINDS);
    w->count_is = (enum world_count)rng_below(r, COUNTS);
    w->births = rng_chance(r, 20);
}

/* What came to the model later is drawn by itself, so that the histories of before stay what they were. */
static void make_more(struct history *h, uint64_t seed)
{
    struct rng r = {seed ^ UINT64_C(0x636f756e74)};
    struct world_conf *w = &h->world;
    if (rng_chance(&r, 15))
        w->count_is = (enum world_count)(COUNTS + rng_below(&r, COUNT_KINDS - COUNTS));
    if (rng_chance(&r, 5) && h->clock != CLOCK_NONE)
        w->rush = 1 + rng_below(&r, 12);
    if (w->rush > 0)
        w->tick = rng_below(&r, 3);
    w->other_name = rng_chance(&r, 10);
    if (w->hidden > 0 && rng_chance(&r, 25)) /* a size of its own, and records left out of it */
        w->cap = 4 + rng_below(&r, 4);
}

/* Where nothing stands still, or pages hold a few records only, nothing tells what was stepped over: no order of equal
 * times that is drawn anew, and pages of ten records at least, unless they fail above a size. */
static void steady(struct history *h)
{
    struct world_conf *w = &h->world;
    w->order = w->order == TIES_DRAWN ? TIES_BY_KEY : w->order;
    w->rush = w->block = w->hidden = 0;
    if (w->cap > 0 && w->cap < 10)
        w->cap += 10;
    for (unsigned i = 0; i < HISTORY_RUNS; i++)
        h->limit[i] = h->limit[i] < 10 ? h->limit[i] + 7 : h->limit[i];
}

/* Records that are not given, pages that fail above a size, both. */
static void make_bad(struct history *h, uint64_t seed)
{
    static const unsigned percent[] = {2, 4, 6};
    struct rng r = {seed ^ UINT64_C(0xbad)};
    struct world_conf *w = &h->world;
    w->bad_is = (enum world_bad)rng_below(&r, BAD_KINDS);
    if (rng_chance(&r, 10))
        w->one = 1 + rng_below(&r, w->records + 1);
    else if (rng_chance(&r, 12))
        w->bad = percent[rng_below(&r, sizeof percent / sizeof *percent)];
    if (w->one > 0 && rng_chance(&r, 50))
        h->event_count = 0;
    if (w->bad > 0 || w->one > 0)
        steady(h);
    if (rng_chance(&r, 8))
        w->above = 2 + rng_below(&r, 5);
    if ((w->bad > 0 || w->one > 0) && rng_chance(&r, 30))
        h->mends = 1 + rng_below(&r, HISTORY_RUNS);
}

/* Records that the key may not see: so many, that a crawl cannot but notice. */
static void hide(struct history *h, struct rng *r)
{
    h->world.ignores_offset = false;
    h->world.hidden = 35 + rng_below(r, 25);
    if (h->world.records < 30)
        h->world.records = 30 + rng_below(r, 30);
    for (unsigned i = 0; i < HISTORY_RUNS; i++)
        h->limit[i] = h->limit[i] < 5 ? 5 : h->limit[i];
    /* Some pages behind the end are looked at, so that a stretch that nothing long follows can be missed. */
    if (rng_chance(r, 30)) {
        h->world.records = 60;
        h->world.block = rng_below(r, 2 * h->limit[0]);
    }
}

static void make_event(struct history *h, struct rng *r, unsigned horizon, bool late)
{
    static const enum event_type mix[] = {
        EVENT_EDIT, EVENT_EDIT,   EVENT_EDIT, EVENT_EDIT, EVENT_EDIT,    EVENT_BULK, EVENT_INSERT,
        EVENT_LATE, EVENT_DELETE, EVENT_PASS, EVENT_FAIL, EVENT_TIMEOUT, EVENT_KILL, EVENT_STOP};
    struct event ev = {.at = rng_below(r, horizon),
                       .type = mix[rng_below(r, sizeof(mix) / sizeof(*mix))],
                       .a = rng_below(r, WORLD_MAX),
                       .b = rng_below(r, 12)};
    if (ev.type == EVENT_LATE && !late)
        ev.type = EVENT_INSERT;
    if (ev.type == EVENT_LATE)
        ev.b = 1 + rng_below(r, 600);
    if (ev.type == EVENT_PASS)
        ev.b = rng_below(r, rng_chance(r, 50) ? 5 : 5000);
    h->events[h->event_count++] = ev;
}

static void make_runs(struct history *h, struct rng *r, bool *late)
{
    int64_t read = !h->world.daily && rng_chance(r, 40) ? some_hours(r, 13) : 0;
    h->runs = 1 + rng_below(r, HISTORY_RUNS);
    *late = h->overlap >= HOUR / 2;
    for (unsigned i = 0; i < h->runs; i++) {
        if (i > 0 && rng_chance(r, 10) && !h->world.daily) {
            read = some_hours(r, 13);
            *late = false;
        }
        h->read[i] = read;
        h->gap[i] = rng_chance(r, 70) ? 600 * WHEN_SECOND : (int64_t)rng_below(r, 40) * HOUR;
    }
}

/* A list that is read by key, and long enough that pages of it are asked for ahead. */
static void lengthen(struct history *h, struct rng *r)
{
    h->world.records = 50 + rng_below(r, 70);
    h->world.by_key = h->world.by_equal = FORM_WORKS;
    h->by_time = false;
    for (unsigned i = 0; i < HISTORY_RUNS; i++)
        h->limit[i] = h->limit[i] < 4 ? 4 : h->limit[i];
}

void history_make(struct history *h, uint64_t seed)
{
    static const int64_t overlaps[] = {2 * HOUR, 2 * HOUR, HOUR / 2, 0};
    struct rng r = {seed};
    bool late;
    *h = (struct history){.seed = seed};
    make_world(&h->world, &r);
    bool capped = rng_chance(&r, 20);
    h->world.cap = capped ? 1 + rng_below(&r, 14) : 0;
    unsigned limit = capped ? 14 : 3 + rng_below(&r, 5);
    bool varies = !capped && rng_chance(&r, 20);
    for (unsigned i = 0; i < HISTORY_RUNS; i++)
        h->limit[i] = varies ? 3 + rng_below(&r, 5) : limit;
    if (!capped && rng_chance(&r, 12))
        hide(h, &r);
    h->full = rng_chance(&r, 10) ? rng_below(&r, HISTORY_RUNS) : 0;
    h->overlap = overlaps[rng_below(&r, 4)];
    h->margin = rng_below(&r, 3) * 30 * WHEN_SECOND;
    if (rng_chance(&r, 15))
        h->clock = CLOCK_LOCAL;
    else if (rng_chance(&r, 5) && h->world.future + h->world.soon == 0)
        h->clock = CLOCK_NONE;
    if (rng_chance(&r, 15) && h->world.hidden == 0) {
        h->start = rng_chance(&r, 50) ? START_SINCE : START_FLOOR;
        h->from = WORLD_FROM - rng_below(&r, 500000) * WHEN_SECOND;
    }
    make_runs(h, &r, &late);
    unsigned events = rng_below(&r, rng_chance(&r, 50) ? 6 : HISTORY_EVENTS);
    unsigned horizon = 5 + rng_below(&r, 60);
    while (h->event_count < events)
        make_event(h, &r, horizon, late);
    h->by_time = rng_chance(&r, 30);
    struct rng more = {seed ^ UINT64_C(0x5a17)}; /* the rest is what it was without */
    h->ahead = rng_chance(&more, 70) ? rng_below(&more, HISTORY_AHEAD + 1) : 0;
    if (h->ahead > 0 && rng_chance(&more, 30) && h->world.block == 0 && h->world.cap == 0)
        lengthen(h, &more);
    make_more(h, seed);
    make_bad(h, seed);
}

void history_make_lacking(struct history *h, uint64_t seed)
{
    struct rng r = {seed ^ UINT64_C(0xf0c5)};
    struct world_conf *w = &h->world;
    history_make(h, seed);
    w->records = rng_below(&r, rng_chance(&r, 50) ? 4 : 12);
    w->hidden = w->block = w->rush = w->future = w->soon = 0;
    w->timeless = w->timeless > w->records ? w->records : w->timeless;
    w->ignores_filter = w->ignores_offset = false;
    w->by_key = (enum world_form_kind)rng_below(&r, FORM_KINDS);
    w->order = rng_chance(&r, 60) ? TIES_TOP_N : TIES_BY_KEY;
    w->ties = 50 + rng_below(&r, 51);
    w->bad_is = (enum world_bad)rng_below(&r, BAD_KINDS);
    w->one = w->bad = 0;
    if (rng_chance(&r, 50))
        w->one = 1 + rng_below(&r, w->records + 2);
    else
        w->bad = 10 + rng_below(&r, 60);
    w->cap = w->cap < 10 ? 0 : w->cap;
    for (unsigned i = 0; i < HISTORY_RUNS; i++)
        h->limit[i] = 10 + rng_below(&r, 5);
}

void history_make_lone(struct history *h, uint64_t seed)
{
    struct rng r = {seed ^ UINT64_C(0x10e)};
    struct world_conf *w = &h->world;
    history_make(h, seed);
    h->lone = true;
    h->event_count = h->ahead = h->mends = 0;
    w->ignores_filter = w->ignores_offset = false;
    w->bad = w->above = w->timeless = 0;
    w->by_key = FORM_WORKS;
    w->order = TIES_BY_KEY;
    w->bad_is = (enum world_bad)rng_below(&r, BAD_KINDS);
    w->one = 1 + rng_below(&r, w->records + 1);
    steady(h);
    if (rng_chance(&r, 25))
        return;
    w->shown = 0;
    w->fold = WHEN_NONE;
    w->daily = false;
    w->cap = w->garbled = w->future = w->soon = 0;
    h->start = START_FULL;
    memset(h->read, 0, sizeof h->read);
}

void history_happen(const struct event *ev, struct world *w)
{
    switch (ev->type) {
    case EVENT_EDIT:
        world_edit(w, ev->a);
        break;
    case EVENT_BULK:
        for (unsigned i = 0; i <= ev->b; i++)
            world_edit(w, ev->a + i);
        break;
    case EVENT_INSERT:
        world_insert(w, 0);
        break;
    case EVENT_LATE:
        world_insert(w, ev->b * WHEN_SECOND);
        break;
    case EVENT_DELETE:
        world_delete(w, ev->a);
        break;
    case EVENT_PASS:
        world_pass(w, ev->b * WHEN_SECOND);
        break;
    case EVENT_FAIL:
    case EVENT_TIMEOUT:
    case EVENT_KILL:
    case EVENT_STOP:
    case EVENT_TYPES:
        break;
    }
}

static bool fails(const struct history *h)
{
    struct history_result r;
    history_play(h, &r);
    return r.violation[0] != '\0';
}

/* Keeps the change when the history still fails. */
static bool try_change(struct history *h, const struct history *changed)
{
    if (!fails(changed))
        return false;
    *h = *changed;
    return true;
}

static bool drop_events(struct history *h)
{
    bool any = false;
    for (unsigned i = h->event_count; i > 0; i--) {
        struct history c = *h;
        c.event_count--;
        memmove(&c.events[i - 1], &c.events[i], (c.event_count - (i - 1)) * sizeof(*c.events));
        memset(&c.events[c.event_count], 0, sizeof(*c.events));
        any |= try_change(h, &c);
    }
    return any;
}

static bool drop_run(struct history *h)
{
    struct history c = *h;
    if (c.runs == 1)
        return false;
    c.runs--;
    return try_change(h, &c);
}

/* What of a history can be made simpler by one value, and that value. */
struct knob {
    size_t at;
    size_t size;
    int64_t simple; /* its first `size` bytes: little-endian machines only */
};
#define KNOB(member, simple)                                                                       \
    {                                                                                              \
        offsetof(struct history, member), sizeof(((struct history *)0)->member), simple            \
    }
static const struct knob knobs[] = {
    KNOB(world.timeless, 0),
    KNOB(world.future, 0),
    KNOB(world.soon, 0),
    KNOB(world.fine, false),
    KNOB(world.fold, WHEN_NONE),
    KNOB(world.shown, 0),
    KNOB(world.form, FORM_API),
    KNOB(world.ties, 0),
    KNOB(world.dense, 100),
    KNOB(world.cap, 0),
    KNOB(world.daily, false),
    KNOB(world.garbled, 0),
    KNOB(full, 0),
    KNOB(ahead, 0),
    KNOB(margin, 0),
    KNOB(overlap, 2 * HOUR),
    KNOB(clock, CLOCK_DATE),
    KNOB(start, START_FULL),
    KNOB(world.ignores_filter, false),
    KNOB(world.ignores_offset, false),
    KNOB(world.order, TIES_BY_KEY),
    KNOB(world.by_key, FORM_REFUSED),
    KNOB(world.by_key, FORM_WORKS),
    KNOB(world.by_equal, FORM_WORKS),
    KNOB(world.count_is, COUNT_ABSENT),
    KNOB(world.hidden, 0),
    KNOB(world.block, 0),
    KNOB(world.births, false),
    KNOB(world.rush, 0),
    KNOB(world.tick, 0),
    KNOB(world.other_name, false),
    KNOB(world.bad, 0),
    KNOB(world.one, 0),
    KNOB(world.above, 0),
    KNOB(world.bad_is, BAD_FAILS),
    KNOB(mends, 0),
};

static bool turn_knobs(struct history *h)
{
    bool any = false;
    for (size_t i = 0; i < sizeof(knobs) / sizeof(*knobs); i++) {
        const struct knob *knob = &knobs[i];
        struct history c = *h;
        if (memcmp((char *)&c + knob->at, &knob->simple, knob->size) == 0)
            continue;
        memcpy((char *)&c + knob->at, &knob->simple, knob->size);
        any |= try_change(h, &c);
    }
    return any;
}

static bool drop_records(struct history *h)
{
    struct history c = *h;
    if (h->world.records == 0)
        return false;
    c.world.records = h->world.records / 2;
    if (try_change(h, &c))
        return true;
    c.world.records = h->world.records - 1;
    return try_change(h, &c);
}

static bool calm_runs(struct history *h)
{
    bool any = false;
    for (unsigned i = 0; i < h->runs; i++) {
        struct history c = *h;
        c.read[i] = 0;
        any |= h->read[i] != 0 && try_change(h, &c);
        c = *h;
        c.gap[i] = 600 * WHEN_SECOND;
        any |= h->gap[i] != c.gap[i] && try_change(h, &c);
    }
    return any;
}

void history_shrink(struct history *h)
{
    bool again = true;
    for (unsigned round = 0; again && round < 50; round++) {
        again = drop_events(h);
        again |= drop_run(h);
        again |= drop_records(h);
        again |= turn_knobs(h);
        again |= calm_runs(h);
    }
}

bool history_provable(const struct history *h)
{
    return h->world.by_key == FORM_WORKS && !h->world.ignores_filter && !h->world.ignores_offset &&
           h->clock != CLOCK_NONE;
}

bool history_honest(const struct history *h)
{
    return !h->world.ignores_filter && !h->world.ignores_offset;
}

bool history_readable(const struct history *h)
{
    const struct world_conf *w = &h->world;
    bool hidden = w->hidden > 0 || w->block > 0;
    bool by_key = w->by_key == FORM_WORKS && h->clock != CLOCK_NONE;
    bool plain = !hidden && w->order == TIES_BY_KEY && !w->births && (w->cap == 0 || w->cap >= 10);
    return history_honest(h) && w->rush == 0 && (by_key || plain);
}

void history_print(const struct history *h, FILE *out)
{
    static const char *const starts[] = {"everything", "since", "floor"};
    static const char *const clocks[] = {"Date", "local", "none"};
    static const char *const orders[] = {"by key", "drawn", "top-N"};
    static const char *const kinds[] = {"works", "ignored", "refused"};
    static const char *const counts[] = {"total", "page",  "absent", "visible",
                                         "all",   "stale", "round"};
    const struct world_conf *w = &h->world;
    (void)fprintf(out,
                  "seed %" PRIu64 ": %u records (%u timeless %s, %u in 2099, %u soon), form %d%s, "
                  "shown %+dh%s, page size %u%s%s%s, garbled %u, limit %u, full %u, overlap %ds, "
                  "margin %ds, clock %s, "
                  "start %s, ties %s, hidden %u%% and %u, by key %s, by equal time %s, count %s%s, "
                  "%u ahead, rush %u in %us%s, bad %u%% and %u by %d, above %u, mends %u, %u "
                  "runs",
                  h->seed, w->records, w->timeless, w->timeless_last ? "last" : "first", w->future,
                  w->soon, (int)w->form, w->fine ? " fine" : "", (int)(w->shown / HOUR),
                  w->fold != WHEN_NONE ? " with a fold" : "", w->cap,
                  w->ignores_filter ? ", ignores the filter" : "",
                  w->ignores_offset ? ", ignores the offset" : "",
                  w->daily ? ", filters by day" : "", w->garbled, h->limit[0], h->full,
                  (int)(h->overlap / WHEN_SECOND), (int)(h->margin / WHEN_SECOND), clocks[h->clock],
                  starts[h->start], orders[w->order], w->hidden, w->block, kinds[w->by_key],
                  kinds[w->by_equal], counts[w->count_is], w->births ? ", born without a time" : "",
                  h->ahead, w->rush, w->tick, w->other_name ? ", another key" : "", w->bad, w->one,
                  (int)w->bad_is, w->above, h->mends, h->runs);
    for (unsigned i = 0; i < h->runs; i++)
        (void)fprintf(out, "; run %u after %ds reads filters %+dh", i,
                      (int)(h->gap[i] / WHEN_SECOND), (int)(h->read[i] / HOUR));
    (void)fprintf(out, "\n");
}

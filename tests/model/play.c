#include "extract/crawl/crawl.h"
#include "tests/model/history.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS_MAX 1500
#define NEVER        UINT64_MAX

struct player {
    const struct history *h;
    struct history_result *result;
    FILE *trace;
    struct world world;
    struct zone *zone;
    struct crawl *crawl;
    struct buf position;
    bool positioned;
    unsigned kept[WORLD_MAX]; /* the newest version in the spool */
    unsigned requests;        /* over all runs */
    unsigned in_run;
    unsigned run;
    bool everything;  /* the run is one from the beginning */
    bool open;        /* a run is under way, perhaps over several starts */
    uint64_t begin;   /* world.steps when it began */
    int64_t complete; /* the last claim */
    bool begun;       /* and has kept a page */
    bool quiet;       /* nothing happens any more */
    bool fail, timeout, kill, stop;
    bool timeless; /* a record without a time was shown */
    bool unproven; /* the last run that ended */
};

static void tell(struct player *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void tell(struct player *p, const char *fmt, ...)
{
    if (p->trace == NULL)
        return;
    va_list args;
    va_start(args, fmt);
    (void)vfprintf(p->trace, fmt, args);
    va_end(args);
}

static void violated(struct player *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void violated(struct player *p, const char *fmt, ...)
{
    if (p->result->violation[0] != '\0')
        return;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(p->result->violation, sizeof(p->result->violation), fmt, args);
    va_end(args);
    tell(p, "VIOLATION: %s\n", p->result->violation);
}

static bool failed(const struct player *p)
{
    return p->result->violation[0] != '\0';
}

static bool in_scope(const struct player *p, unsigned i)
{
    return p->h->start == START_FULL ||
           (world_shown(&p->world, i) > p->h->from && !world_garbled(&p->world, i));
}

/* Every version that was there before step `begin` is kept. */
static void check_kept(struct player *p, uint64_t begin, const char *when)
{
    for (unsigned i = 0; i < p->world.count; i++) {
        const struct world_record *r = &p->world.records[i];
        char text[WHEN_TEXT];
        if (!r->alive || r->hidden || r->changed >= begin || p->kept[i] == r->version)
            continue;
        if (r->timed ? in_scope(p, i) : p->everything)
            violated(p, "%s: record %u (%s) is not kept", when, i, world_show(&p->world, i, text));
    }
}

static void check_claim(struct player *p, int64_t complete, bool end)
{
    if (complete == p->complete)
        return;
    p->complete = complete;
    for (unsigned i = 0; i < p->world.count; i++) {
        const struct world_record *r = &p->world.records[i];
        bool claimed = r->visible <= complete && (end || world_shown(&p->world, i) <= complete);
        char text[WHEN_TEXT];
        if (world_garbled(&p->world, i))
            continue;
        if (r->alive && !r->hidden && r->timed && !r->late && claimed && in_scope(p, i) &&
            p->kept[i] != r->version)
            violated(p,
                     "record %u.%u of second %" PRId64
                     " is not kept, but all is claimed complete up to %s",
                     i, r->version, (r->time - WORLD_FROM) / WHEN_SECOND, when_iso(complete, text));
    }
}

/* Records without a time are claimed to be kept as of some look. */
static void check_births(struct player *p, int64_t births_to)
{
    if (p->h->start != START_FULL || p->h->world.ignores_offset || births_to == WHEN_NONE)
        return;
    for (unsigned i = 0; i < p->world.count; i++) {
        const struct world_record *r = &p->world.records[i];
        if (r->alive && !r->hidden && !r->timed && r->visible < births_to &&
            p->kept[i] != r->version)
            violated(p, "record %u without a time is not kept, but claimed to be", i);
    }
}

/* Nothing keeps the crawl from proving that it is complete. */
static bool provable(const struct history *h)
{
    return h->world.by_key == FORM_WORKS && !h->world.ignores_filter && !h->world.ignores_offset &&
           h->clock != CLOCK_NONE;
}

static void happen(struct player *p, const struct event *ev)
{
    struct world *w = &p->world;
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
        p->fail = true;
        break;
    case EVENT_TIMEOUT:
        p->timeout = true;
        break;
    case EVENT_KILL:
        p->kill = true;
        break;
    case EVENT_STOP:
        p->stop = true;
        break;
    case EVENT_TYPES:
        break;
    }
}

static void happen_now(struct player *p)
{
    static const char *const words[] = {"edit", "bulk", "insert",  "late", "delete",
                                        "pass", "fail", "timeout", "kill", "stop"};
    p->fail = p->timeout = p->kill = p->stop = false;
    for (unsigned i = 0; i < p->h->event_count && !p->quiet; i++) {
        const struct event *ev = &p->h->events[i];
        if (ev->at != p->requests)
            continue;
        tell(p, "  ~ %s %u %u\n", words[ev->type], ev->a, ev->b);
        happen(p, ev);
    }
}

static void open_crawl(struct player *p)
{
    struct err e = ERR_INIT;
    struct crawl_conf conf = {
        .limit = p->h->limit[p->run],
        .overlap = p->h->overlap,
        .margin = p->h->margin,
        .zone = p->zone,
        .since = WHEN_NONE,
        .floor = WHEN_NONE,
        .now = p->h->clock == CLOCK_NONE ? 0 : p->world.clock,
        .keyed = true,
        .by_time = p->h->by_time,
    };
    if (!p->positioned && p->h->start == START_SINCE)
        conf.since = p->h->from;
    /* A run that was left after a page goes on from there; one that left nothing is started anew.
     */
    if (!p->begun)
        p->open = false;
    conf.full = !p->open && p->run > 0 && p->run == p->h->full;
    if (p->h->start == START_FLOOR)
        conf.floor = p->h->from + p->h->overlap;
    if (!p->open) {
        p->open = true;
        p->begun = false;
        p->begin = p->world.steps + 1;
        p->everything = conf.full || (!p->positioned && p->h->start == START_FULL);
    }
    if (crawl_open(&p->crawl, &conf, p->positioned ? p->position.data : NULL, &e) != OK)
        violated(p, "cannot open: %s", e.msg);
}

static void send_records(struct player *p, const unsigned short *records, size_t n)
{
    struct err e = ERR_INIT;
    for (size_t i = 0; i < n; i++) {
        char text[WHEN_TEXT];
        struct crawl_seen seen = {.identity = records[i],
                                  .time = world_show(&p->world, records[i], text),
                                  .key = records[i] + 1,
                                  .keyed = true};
        p->timeless |= !p->world.records[records[i]].timed;
        seen.time_len = strlen(seen.time);
        tell(p, " %u.%u@%s%s", records[i], p->world.records[records[i]].version,
             text[0] == '\0'  ? "-"
             : text[0] == 't' ? "garbled"
                              : text + 5,
             p->world.records[records[i]].late ? "(late)" : "");
        if (crawl_record(p->crawl, &seen, &e) != OK)
            violated(p, "cannot take a record: %s", e.msg);
    }
}

static void keep(struct player *p, const unsigned short *records, size_t n)
{
    struct err e = ERR_INIT;
    struct crawl_request request;
    struct crawl_stats stats;
    for (size_t i = 0; i < n; i++)
        p->kept[records[i]] = p->world.records[records[i]].version;
    buf_reset(&p->position);
    p->positioned = p->begun = true;
    if (crawl_position(p->crawl, &p->position, &e) != OK)
        violated(p, "no position: %s", e.msg);
    bool end = crawl_next(p->crawl, &request) == CRAWL_DONE;
    crawl_stats(p->crawl, &stats);
    check_claim(p, stats.complete_to, end && p->h->clock != CLOCK_NONE);
    p->result->pages++;
    if (!end)
        return;
    p->open = false;
    p->unproven = stats.unproven != 0;
    check_births(p, stats.births_to);
    if (stats.unproven == 0)
        check_kept(p, p->begin, "end of run");
    else if (provable(p->h))
        violated(p, "called unproven (%u)", stats.unproven);
    else
        p->result->unproven++;
}

static bool honest(const struct history *h)
{
    return !h->world.ignores_filter && !h->world.ignores_offset;
}

/* Nobody can read a list of which places are drawn anew and some are hidden, but by key. */
static bool readable(const struct history *h)
{
    const struct world_conf *w = &h->world;
    bool hidden = w->hidden > 0 || w->block > 0;
    bool by_key = w->by_key == FORM_WORKS && h->clock != CLOCK_NONE;
    bool plain = !hidden && w->order == TIES_BY_KEY && !w->births && (w->cap == 0 || w->cap >= 10);
    return honest(h) && (by_key || plain);
}

static void answer(struct player *p, const struct crawl_request *request)
{
    struct err e = ERR_INIT;
    struct world_answer a;
    struct world_request q = {.after = request->after,
                              .equal = request->equal,
                              .sort = request->sort == CRAWL_BY_TIME  ? SORT_TIME
                                      : request->sort == CRAWL_BY_KEY ? SORT_KEY
                                                                      : SORT_KEY_DOWN,
                              .offset = request->offset,
                              .limit = request->limit};
    world_list(&p->world, &q, &a);
    const unsigned short *records = a.records;
    size_t n = a.n;
    tell(p, "%3u > %s%s%s%s +%" PRIu64 " /%u:", p->requests, request->after,
         request->equal[0] != '\0' ? "=" : "", request->equal,
         q.sort == SORT_TIME  ? ""
         : q.sort == SORT_KEY ? " by key"
                              : " by key down",
         request->offset, request->limit);
    if (a.refused) {
        tell(p, " REFUSED\n");
        if (!crawl_refused(p->crawl, true))
            violated(p, "a refused request is no optional one");
        return;
    }
    if (p->fail || p->timeout) {
        send_records(p, records, n / 2);
        tell(p, " FAILS\n");
        struct crawl_failure failure = {
            .too_large = p->timeout, .left = 5, .now = p->world.clock, .why = "fails"};
        if (crawl_failed(p->crawl, &failure) == CRAWL_GIVE_UP)
            violated(p, "given up after one failure");
        return;
    }
    send_records(p, records, n);
    struct crawl_answer shown = {.date = p->h->clock == CLOCK_DATE ? p->world.clock : WHEN_NONE,
                                 .now = p->h->clock == CLOCK_NONE ? 0 : p->world.clock,
                                 .count = a.count};
    switch (crawl_page(p->crawl, &shown, &e)) {
    case CRAWL_KEEP:
        tell(p, " KEEP\n");
        keep(p, records, n);
        break;
    case CRAWL_RETAKE:
        tell(p, " RETAKE\n");
        p->result->retakes++;
        break;
    case CRAWL_PART:
        tell(p, " PART\n");
        break;
    case CRAWL_BROKEN:
        tell(p, " BROKEN %s\n", e.msg);
        if (readable(p->h) || e.code == OK)
            violated(p, "called broken: %s", e.msg);
        break;
    }
}

/* True when there is something left to do. */
static bool step(struct player *p)
{
    struct crawl_request request;
    happen_now(p);
    if (p->stop || p->kill) {
        crawl_close(p->crawl);
        p->crawl = NULL;
        p->requests++; /* so that it does not happen again at once */
        if (p->stop)
            return false;
        open_crawl(p);
        return !failed(p);
    }
    if (crawl_next(p->crawl, &request) == CRAWL_DONE)
        return false;
    p->requests++;
    if (++p->in_run > REQUESTS_MAX)
        violated(p, "no end after %u requests", REQUESTS_MAX);
    answer(p, &request);
    return !failed(p);
}

static void run(struct player *p)
{
    p->in_run = 0;
    tell(p, "run, the clock shows %" PRId64 "s\n", (p->world.clock - WORLD_FROM) / WHEN_SECOND);
    open_crawl(p);
    while (!failed(p) && step(p))
        ;
    crawl_close(p->crawl);
    p->crawl = NULL;
    if (p->in_run > p->result->worst)
        p->result->worst = p->in_run;
}

static void play(struct player *p)
{
    const struct history *h = p->h;
    for (unsigned i = 0; i < h->runs && !failed(p); i++) {
        world_pass(&p->world, h->gap[i]);
        p->world.conf.read = h->read[i];
        p->run = i;
        run(p);
    }
    p->quiet = true;
    for (unsigned i = 0; i < 2 && !failed(p) && honest(h); i++) {
        world_pass(&p->world, 600 * WHEN_SECOND);
        run(p);
        p->result->quiet = p->in_run;
    }
    p->everything = false;
    if (!failed(p) && honest(h) && !p->unproven)
        check_kept(p, NEVER, "after silence");
}

static void play_traced(const struct history *h, struct history_result *r, FILE *trace)
{
    static struct player p;
    struct err e = ERR_INIT;
    memset(&p, 0, sizeof(p));
    memset(r, 0, sizeof(*r));
    p.h = h;
    p.result = r;
    p.trace = trace;
    p.complete = WHEN_NONE;
    buf_init(&p.position, 8192);
    if (zone_open(&p.zone, "UTC", &e) != OK) {
        violated(&p, "no zone: %s", e.msg);
        return;
    }
    world_init(&p.world, &h->world);
    play(&p);
    r->requests = p.requests;
    crawl_close(p.crawl);
    zone_close(p.zone);
    buf_free(&p.position);
}

void history_play(const struct history *h, struct history_result *r)
{
    play_traced(h, r, NULL);
}

void history_trace(const struct history *h, FILE *out)
{
    struct history_result r;
    play_traced(h, &r, out);
}

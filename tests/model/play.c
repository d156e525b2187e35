#include "extract/crawl/crawl.h"
#include "tests/model/history.h"
#include "tests/model/reply.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS_MAX  1500
#define REQUESTS_RUSH 4000 /* where the list is longer, or never stands still */
#define NEVER         UINT64_MAX

struct player {
    const struct history *h;
    struct history_result *result;
    FILE *trace;
    struct world world;
    struct zone *zone;
    struct crawl *crawl;
    struct buf position;
    bool positioned;
    unsigned kept[WORLD_MAX]; /* the version that the database would have */
    int64_t kept_time[WORLD_MAX];
    struct held held;  /* answers to what was asked for ahead */
    struct rng order;  /* in which requests are made */
    unsigned requests; /* over all runs */
    unsigned in_run;
    unsigned run;
    bool everything;  /* the run is one from the beginning */
    bool open;        /* a run is under way, perhaps over several starts */
    uint64_t begin;   /* world.steps when it began */
    int64_t complete; /* the last claim */
    bool begun;       /* and has kept a page */
    bool quiet;       /* nothing happens any more */
    bool fail, timeout, kill, stop;
    bool killed, stopped; /* while something was asked for ahead */
    bool timeless;        /* a record without a time was shown */
    bool unproven;        /* the last run that ended */
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

/* A list that never stands still. */
static void rush(struct player *p)
{
    struct world *w = &p->world;
    struct rng r = {p->h->seed + p->requests * UINT64_C(7919)};
    if (p->quiet || w->conf.rush == 0)
        return;
    world_pass(w, w->conf.tick * WHEN_SECOND);
    for (unsigned i = 0; i < w->conf.rush; i++)
        world_edit(w, rng_below(&r, WORLD_MAX));
}

static void happen_now(struct player *p)
{
    static const char *const words[] = {"edit", "bulk", "insert",  "late", "delete",
                                        "pass", "fail", "timeout", "kill", "stop"};
    p->fail = p->timeout = false;
    p->kill = p->killed;
    p->stop = p->stopped;
    p->killed = p->stopped = false;
    rush(p);
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

static void send_records(struct player *p, const struct reply *reply, size_t n)
{
    struct err e = ERR_INIT;
    for (size_t i = 0; i < n; i++) {
        const struct reply_record *r = &reply->records[i];
        struct crawl_seen seen = {.identity = r->record,
                                  .time = r->text,
                                  .time_len = strlen(r->text),
                                  .key = r->record + 1,
                                  .keyed = true};
        p->timeless |= !r->timed;
        tell(p, " %u.%u@%s%s", r->record, r->version,
             r->text[0] == '\0'  ? "-"
             : r->text[0] == 't' ? "garbled"
                                 : r->text + 5,
             p->world.records[r->record].late ? "(late)" : "");
        if (crawl_record(p->crawl, &seen, &e) != OK)
            violated(p, "cannot take a record: %s", e.msg);
    }
}

/* A version that was fetched before a newer one and comes behind it does not go over it, where its time is the lesser one:
 * the loader sees to that. Else the later page counts. */
static void load(struct player *p, const struct reply_record *r)
{
    int64_t *time = &p->kept_time[r->record];
    bool stale = r->version < p->kept[r->record];
    if (stale && r->timed && *time != WHEN_NONE && r->time < *time)
        return;
    p->kept[r->record] = r->version;
    *time = r->timed ? r->time : WHEN_NONE;
}

static void keep(struct player *p, const struct reply *reply)
{
    struct err e = ERR_INIT;
    struct crawl_request request;
    struct crawl_stats stats;
    for (size_t i = 0; i < reply->n; i++)
        load(p, &reply->records[i]);
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
    else if (history_provable(p->h))
        violated(p, "called unproven (%u)", stats.unproven);
    else
        p->result->unproven++;
}

static void tell_request(struct player *p, const struct crawl_request *request)
{
    tell(p, "%3u > %s%s%s%s +%" PRIu64 " /%u:", p->requests, request->after,
         request->equal[0] != '\0' ? "=" : "", request->equal,
         request->sort == CRAWL_BY_TIME  ? ""
         : request->sort == CRAWL_BY_KEY ? " by key"
                                         : " by key down",
         request->offset, request->limit);
}

static struct crawl_answer shown(const struct player *p, const struct reply *reply)
{
    return (struct crawl_answer){.date = p->h->clock == CLOCK_DATE ? reply->clock : WHEN_NONE,
                                 .now = p->h->clock == CLOCK_NONE ? 0 : reply->clock,
                                 .count = reply->count};
}

/* ---- pages that are asked for ahead ---- */

/* Some of the pages that come next, before the one at hand is answered, or while its answer is on its way. */
static void ask_ahead(struct player *p)
{
    struct crawl_request request;
    bool fail = p->fail;
    bool timeout = p->timeout;
    for (unsigned i = 1; i <= p->h->ahead && crawl_ahead(p->crawl, i, &request); i++) {
        if (p->held.count == HELD_MAX || held_find(&p->held, &request) != NULL ||
            !rng_chance(&p->order, 50))
            continue;
        happen_now(p);
        p->killed = p->kill;
        p->stopped = p->stop;
        p->requests++;
        tell_request(p, &request);
        tell(p, " AHEAD%s\n", p->fail || p->timeout ? " FAILS" : "");
        if (!p->fail && !p->timeout)
            reply_make(&p->world, &request, &p->held.at[p->held.count++]);
    }
    p->fail = fail;
    p->timeout = timeout;
}

/* True: the page is kept. */
static bool take_held(struct player *p, const struct crawl_request *request)
{
    struct reply *held = held_find(&p->held, request);
    if (held == NULL)
        return false;
    struct reply reply = *held;
    held_drop(&p->held, held);
    if (rng_chance(&p->order, 10)) /* there was no memory for it */
        return false;
    struct crawl_answer answer = shown(p, &reply);
    tell_request(p, request);
    send_records(p, &reply, reply.n);
    bool good = crawl_page_ahead(p->crawl, &answer) == CRAWL_KEEP;
    tell(p, good ? " KEEP, asked for ahead\n" : " IS NOT USED\n");
    if (!good)
        return false;
    p->result->taken++;
    keep(p, &reply);
    return true;
}

static void answer(struct player *p, const struct crawl_request *request)
{
    struct err e = ERR_INIT;
    struct reply reply;
    struct crawl_request again;
    ask_ahead(p);
    if (take_held(p, request))
        return;
    (void)crawl_next(p->crawl, &again);
    if (again.offset != request->offset || again.limit != request->limit)
        violated(p, "an answer that was not used has changed what is asked for");
    reply_make(&p->world, request, &reply);
    ask_ahead(p);
    tell_request(p, request);
    if (reply.refused) {
        tell(p, " REFUSED\n");
        if (!crawl_refused(p->crawl, true))
            violated(p, "a refused request is no optional one");
        return;
    }
    if (p->fail || p->timeout) {
        send_records(p, &reply, reply.n / 2);
        tell(p, " FAILS\n");
        struct crawl_failure failure = {
            .too_large = p->timeout, .left = 5, .now = p->world.clock, .why = "fails"};
        if (crawl_failed(p->crawl, &failure) == CRAWL_GIVE_UP)
            violated(p, "given up after one failure");
        return;
    }
    send_records(p, &reply, reply.n);
    if (p->h->world.other_name && reply.n > 0 && crawl_key(p->crawl)[0] == '\0') {
        tell(p, " ITS KEY IS CALLED OTHERWISE\n");
        crawl_learn_key(p->crawl, "other");
        crawl_page_restart(p->crawl);
        return;
    }
    struct crawl_answer to = shown(p, &reply);
    switch (crawl_page(p->crawl, &to, &e)) {
    case CRAWL_KEEP:
        tell(p, " KEEP\n");
        keep(p, &reply);
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
        if (history_readable(p->h) || e.code == OK)
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
        p->held.count = 0;
        p->requests++; /* so that it does not happen again at once */
        if (p->stop)
            return false;
        open_crawl(p);
        return !failed(p);
    }
    if (crawl_next(p->crawl, &request) == CRAWL_DONE)
        return false;
    p->requests++;
    bool rush = p->h->world.rush > 0 || p->h->world.records > 60;
    unsigned most = rush ? REQUESTS_RUSH : REQUESTS_MAX;
    if (++p->in_run > most)
        violated(p, "no end after %u requests", most);
    answer(p, &request);
    return !failed(p);
}

static void run(struct player *p)
{
    p->in_run = p->held.count = 0;
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
    for (unsigned i = 0; i < 2 && !failed(p) && history_honest(h); i++) {
        world_pass(&p->world, 600 * WHEN_SECOND);
        run(p);
        p->result->quiet = p->in_run;
    }
    p->everything = false;
    if (!failed(p) && history_honest(h) && !p->unproven)
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
    p.order = (struct rng){h->seed ^ UINT64_C(0xa4ead)};
    for (unsigned i = 0; i < WORLD_MAX; i++)
        p.kept_time[i] = WHEN_NONE;
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

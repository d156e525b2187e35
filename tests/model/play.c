#include "extract/crawl/crawl.h"
#include "tests/model/player.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LATER_RUNS    4 /* so that what failed by chance is tried again */
#define REQUESTS_MAX  1500
#define REQUESTS_LACK 3000 /* where some records are not given */
#define REQUESTS_RUSH 4000 /* where the list is longer, or never stands still */

static bool failed(const struct player *p)
{
    return p->result->violation[0] != '\0';
}

static void happen(struct player *p, const struct event *ev)
{
    history_happen(ev, &p->world);
    p->fail |= ev->type == EVENT_FAIL;
    p->timeout |= ev->type == EVENT_TIMEOUT;
    p->kill |= ev->type == EVENT_KILL;
    p->stop |= ev->type == EVENT_STOP;
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
        player_tell(p, "  ~ %s %u %u\n", words[ev->type], ev->a, ev->b);
        happen(p, ev);
    }
}

static void open_crawl(struct player *p)
{
    struct err e = ERR_INIT;
    player_places_open(p);
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
        .places = p->places,
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
        p->begun = p->otherwise = false;
        p->begin = p->world.steps + 1;
        p->everything = conf.full || (!p->positioned && p->h->start == START_FULL);
    }
    if (crawl_open(&p->crawl, &conf, p->positioned ? p->position.data : NULL, &e) != OK)
        player_violated(p, "cannot open: %s", e.msg);
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
                                  .keyed = r->given,
                                  .aside = !r->given,
                                  .hinted = !r->given};
        p->timeless |= !r->timed;
        player_tell(p, " %u.%u@%s%s", r->record, r->version,
                    r->text[0] == '\0'  ? "-"
                    : r->text[0] == 't' ? "garbled"
                                        : r->text + 5,
                    p->world.records[r->record].late ? "(late)" : "");
        if (crawl_record(p->crawl, &seen, &e) != OK)
            player_violated(p, "cannot take a record: %s", e.msg);
    }
}

/* A version that was fetched before a newer one and comes behind it does not go over it, where its time is the lesser one:
 * the loader sees to that. Else the later page counts. */
static void load(struct player *p, const struct reply_record *r)
{
    int64_t *time = &p->kept_time[r->record];
    if (!r->given)
        return;
    bool stale = r->version < p->kept[r->record];
    if (stale && r->timed && *time != WHEN_NONE && r->time < *time)
        return;
    p->alone[r->record] = 0;
    p->kept[r->record] = r->version;
    *time = r->timed ? r->time : WHEN_NONE;
}

/* The run has come to its end. */
static void ended(struct player *p)
{
    struct crawl_stats stats;
    crawl_stats(p->crawl, &stats);
    p->open = false;
    p->unproven = stats.unproven != 0;
    player_check_births(p, stats.births_to);
    p->owes = stats.unproven != 0 && (p->otherwise || p->owes);
    if (stats.unproven == 0)
        player_check_lacking(p, stats.lacking);
    if (stats.unproven == 0)
        player_check_kept(p, p->begin, "end of run");
    else if (history_provable(p->h) && !player_lacks(p) &&
             (!p->owes || (p->quiet && !p->otherwise)))
        player_violated(p, "called unproven (%u)", stats.unproven);
    else
        p->result->unproven++;
}

static void keep(struct player *p)
{
    struct err e = ERR_INIT;
    struct crawl_request request;
    struct crawl_stats stats;
    for (size_t i = 0; i < p->page_n; i++)
        load(p, &p->page[i]);
    player_page_discard(p);
    player_places_save(p, false);
    buf_reset(&p->position);
    p->positioned = p->begun = true;
    if (crawl_position(p->crawl, &p->position, &e) != OK)
        player_violated(p, "no position: %s", e.msg);
    bool end = crawl_next(p->crawl, &request) == CRAWL_DONE;
    crawl_stats(p->crawl, &stats);
    p->noticed = stats.thinned;
    p->result->blank += end && player_is_blank(p);
    player_check_claim(p, stats.complete_to, end && p->h->clock != CLOCK_NONE);
    p->result->pages++;
    if (end && p->open)
        ended(p);
}

static void tell_request(struct player *p, const struct crawl_request *request)
{
    player_tell(p, "%3u > %s%s%s%s +%" PRIu64 " /%u:", p->requests, request->after,
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
        player_tell(p, " AHEAD%s\n", p->fail || p->timeout ? " FAILS" : "");
        if (p->fail || p->timeout)
            continue;
        reply_make(&p->world, &request, &p->held.at[p->held.count]);
        p->held.count += !p->held.at[p->held.count].failed;
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
    player_page_begin(p, request);
    player_page_add(p, &reply);
    send_records(p, &reply, reply.n);
    bool good = crawl_page_ahead(p->crawl, &answer) == CRAWL_KEEP;
    player_tell(p, good ? " KEEP, asked for ahead\n" : " IS NOT USED\n");
    if (!good)
        return false;
    p->result->taken++;
    p->attempt = 0;
    keep(p);
    return true;
}

static void watch(struct player *p, const struct reply *reply)
{
    for (size_t i = 0; i < reply->n && p->made < HISTORY_RUNS + 2; i++) {
        bool here = (unsigned)reply->records[i].record + 1 == p->h->watch;
        p->result->met[p->made] += here;
        p->result->grouped[p->made] |= here && reply->request.equal[0] != '\0';
    }
}

/* False: the run is given up. */
/* What the crawl makes of the page. False: it has given up. */
static bool take_page(struct player *p, struct reply *reply)
{
    struct err e = ERR_INIT;
    struct crawl_answer to = shown(p, reply);
    watch(p, reply);
    switch (crawl_page(p->crawl, &to, &e)) {
    case CRAWL_KEEP:
        player_tell(p, " KEEP\n");
        keep(p);
        break;
    case CRAWL_RETAKE:
        player_tell(p, " RETAKE\n");
        p->result->retakes++;
        player_page_discard(p);
        break;
    case CRAWL_PART:
        player_tell(p, " PART\n");
        break;
    case CRAWL_BROKEN:
        player_tell(p, " BROKEN %s\n", e.msg);
        p->unproven = true;
        if ((history_readable(p->h) && !player_lacks(p)) || e.code == OK)
            player_violated(p, "called broken: %s", e.msg);
        return false;
    }
    return true;
}

static bool answer(struct player *p, const struct crawl_request *request)
{
    struct reply reply;
    struct crawl_request again;
    ask_ahead(p);
    if (take_held(p, request))
        return true;
    (void)crawl_next(p->crawl, &again);
    if (again.offset != request->offset || again.limit != request->limit)
        player_violated(p, "an answer that was not used has changed what is asked for");
    reply_make(&p->world, request, &reply);
    ask_ahead(p);
    tell_request(p, request);
    player_page_begin(p, request);
    if (reply.refused) {
        p->attempt = 0;
        player_page_discard(p);
        player_tell(p, " REFUSED\n");
        if (!crawl_refused(p->crawl, true))
            player_violated(p, "a refused request is no optional one");
        return true;
    }
    if (p->fail || p->timeout || reply.failed) {
        send_records(p, &reply, reply.n / 2);
        player_tell(p, reply.failed ? " IS NOT GIVEN\n" : " FAILS\n");
        p->by_chance |= !reply.failed;
        if (!reply.failed && request->limit == 1 && reply.n == 1)
            p->alone[reply.records[0].record]++;
        return player_failed(p, &reply, p->timeout || (reply.failed && reply.hangs));
    }
    p->attempt = 0;
    p->by_chance = false;
    player_page_add(p, &reply);
    send_records(p, &reply, reply.n);
    if (p->h->world.other_name && reply.n > 0 && crawl_key(p->crawl)[0] == '\0') {
        player_tell(p, " ITS KEY IS CALLED OTHERWISE\n");
        crawl_learn_key(p->crawl, "other");
        player_page_discard(p);
        crawl_page_restart(p->crawl);
        return true;
    }
    return take_page(p, &reply);
}

static void leave(struct player *p, bool in_order)
{
    crawl_close(p->crawl);
    p->crawl = NULL;
    if (in_order && p->places != NULL)
        player_places_save(p, true);
    player_places_close(p);
    player_page_discard(p);
    p->held.count = p->attempt = 0;
    p->by_chance = false;
}

/* True when there is something left to do. */
static bool step(struct player *p)
{
    struct crawl_request request;
    happen_now(p);
    if (p->stop || p->kill) {
        leave(p, p->stop);
        p->requests++; /* so that it does not happen again at once */
        if (p->stop)
            return false;
        open_crawl(p);
        return !failed(p);
    }
    if (crawl_next(p->crawl, &request) == CRAWL_DONE) {
        if (p->open)
            ended(p);
        return false;
    }
    p->requests++;
    bool rush = p->h->world.rush > 0 || p->h->world.records > 60;
    unsigned most = rush ? REQUESTS_RUSH : player_lacks(p) ? REQUESTS_LACK : REQUESTS_MAX;
    if (++p->in_run > most)
        player_violated(p, "no end after %u requests", most);
    return answer(p, &request) && !failed(p);
}

static void run(struct player *p)
{
    p->in_run = p->held.count = 0;
    player_tell(p, "run, the clock shows %" PRId64 "s\n",
                (p->world.clock - WORLD_FROM) / WHEN_SECOND);
    uint64_t places = player_places_sum(p);
    bool knew = p->saved_n > 0;
    open_crawl(p);
    while (!failed(p) && step(p))
        ;
    leave(p, true);
    if (p->made < HISTORY_RUNS + 2) {
        p->result->knew[p->made] = knew;
        p->result->still[p->made] = knew && places == player_places_sum(p);
        p->result->run[p->made++] = p->in_run;
    }
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
        p->world.mended |= h->mends != 0 && i == h->mends;
        run(p);
    }
    p->quiet = true;
    for (unsigned i = 0; i < 2 && !failed(p) && history_honest(h); i++) {
        world_pass(&p->world, 600 * WHEN_SECOND);
        run(p);
        p->result->quiet = p->in_run;
    }
    for (unsigned i = 0; i < LATER_RUNS && !failed(p) && player_excuses(p); i++) {
        world_pass(&p->world, 8 * 86400 * WHEN_SECOND);
        run(p);
    }
    memset(p->alone, 0, sizeof p->alone);
    p->everything = false;
    bool comes = history_honest(h) && !p->unproven && (!player_lacks(p) || history_readable(h));
    if (!failed(p) && comes)
        player_check_kept(p, NEVER, "after silence");
    bool noted = h->world.bad_is != BAD_WITHIN || h->world.bad == 0;
    if (!failed(p) && comes && noted && h->mends && h->world.one > 0 && h->world.cap == 0 &&
        h->event_count == 0 && h->world.by_key == FORM_WORKS && h->clock != CLOCK_NONE &&
        h->start == START_FULL)
        player_mend(p, run);
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
        player_violated(&p, "no zone: %s", e.msg);
        return;
    }
    world_init(&p.world, &h->world);
    play(&p);
    r->requests = p.requests;
    crawl_close(p.crawl);
    zone_close(p.zone);
    buf_free(&p.position);
    free(p.saved);
}

/* One record is not given, and nothing else happens. */
static bool costs_one(const struct history *h)
{
    const struct world_conf *w = &h->world;
    return w->one > 0 && h->event_count == 0 && w->order == TIES_BY_KEY && w->hidden == 0 &&
           w->block == 0 && w->rush == 0 && w->above == 0 && w->by_key == FORM_WORKS &&
           w->timeless == 0 && h->ahead == 0 && h->mends == 0 && history_honest(h);
}

void history_play(const struct history *h, struct history_result *r)
{
    play_traced(h, r, NULL);
    if (r->violation[0] != '\0' || !costs_one(h))
        return;
    struct history plain = *h;
    struct history_result without;
    plain.world.one = 0;
    plain.watch = h->world.one;
    play_traced(&plain, &without, NULL);
    player_check_costs(&(struct player){.h = h, .result = r}, &without);
}

void history_trace(const struct history *h, FILE *out)
{
    struct history_result r;
    play_traced(h, &r, out);
}

/* Requests that fail, and records that are not given: what the program does beside the crawl. */
#include "tests/model/player.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TRIES     5
#define DAYS      8
#define MEND_RUNS 20

/* ---- places ---- */

void player_places_open(struct player *p)
{
    struct err e = ERR_INIT;
    if (places_open(&p->places, &e) != OK)
        player_violated(p, "no places: %s", e.msg);
    for (size_t i = 0; i < p->saved_n && p->places != NULL; i++)
        if (places_add(p->places, &p->saved[i]) == NULL)
            player_violated(p, "no memory for places");
}

static void tell_side(struct player *p, const struct place_side *side)
{
    if (side->there)
        player_tell(p, " %" PRId64 "@%s", side->key - 1,
                    side->time[0] != '\0' ? side->time + 5 : "-");
    else
        player_tell(p, " nothing");
}

static void tell_places(struct player *p)
{
    static const char *const orders[] = {"by time", "by key", "by key down"};
    for (size_t i = 0; i < p->places->n; i++) {
        const struct place *place = &p->places->at[i];
        player_tell(p, "  place: %u, %u elsewhere%s%s, %s > %s%s%s +%" PRIu64 ", between",
                    place->count, place->twins, place->aside ? ", aside" : "",
                    place->doubtful ? ", doubtful" : "", orders[place->sort], place->from,
                    place->equal[0] != '\0' ? "=" : "", place->equal, place->offset);
        tell_side(p, &place->before);
        player_tell(p, " and");
        tell_side(p, &place->after);
        player_tell(p, "\n");
    }
}

/* What unreadable.json does not hold is not known to the next run. */
void player_places_save(struct player *p, bool ended)
{
    struct places *places = p->places;
    if (ended) {
        places_sweep(places);
        tell_places(p);
    }
    if (ended ? !places->changed && places->noted == 0 : !places_unsaved(places))
        return;
    places->changed = false;
    places->noted = 0;
    free(p->saved);
    p->saved = calloc(places->n + 1, sizeof *p->saved);
    p->saved_n = p->saved != NULL ? places->n : 0;
    for (size_t i = 0; i < p->saved_n; i++) {
        p->saved[i] = places->at[i];
        p->saved[i].fresh = p->saved[i].told = p->saved[i].closed = p->saved[i].lost = false;
        p->saved[i].latest = p->saved[i].earliest = 0;
    }
}

void player_places_close(struct player *p)
{
    places_close(p->places);
    p->places = NULL;
}

uint64_t player_places_sum(const struct player *p)
{
    struct rng sum = {p->saved_n};
    for (size_t i = 0; i < p->saved_n; i++) {
        const struct place *place = &p->saved[i];
        sum.state ^= place->before.id + 3 * place->after.id + 5 * place->offset + 7 * place->tries;
        for (const char *from = place->from; *from != '\0'; from++)
            sum.state = sum.state * 31 + (unsigned char)*from;
        sum.state = rng_next(&sum) + place->sort;
    }
    return sum.state;
}

/* ---- the page, which may come in parts ---- */

void player_page_discard(struct player *p)
{
    p->page_open = false;
    p->page_n = 0;
}

void player_page_begin(struct player *p, const struct crawl_request *request)
{
    if ((request->looks || request->goes_on) && p->page_open)
        return;
    p->page_open = true;
    p->page_n = 0;
}

void player_page_add(struct player *p, const struct reply *reply)
{
    for (size_t i = 0; i < reply->n && !reply->request.looks; i++)
        if (p->page_n < sizeof p->page / sizeof *p->page)
            p->page[p->page_n++] = reply->records[i];
}

/* ---- failures ---- */

/* The bytes of a record that was asked for alone, and what they show. */
static bool made_out(const struct player *p, const struct reply *reply, struct crawl_seen *seen)
{
    const struct reply_record *r = reply->records;
    if (p->h->world.bad_is != BAD_TEXT || !reply->request.alone || reply->n != 1 || r->given)
        return false;
    *seen = (struct crawl_seen){.identity = r->record,
                                .time = r->text,
                                .time_len = strlen(r->text),
                                .key = r->record + 1,
                                .keyed = true};
    return true;
}

bool player_failed(struct player *p, const struct reply *reply, bool hangs)
{
    struct crawl_seen seen;
    struct crawl_failure f = {.too_large = hangs,
                              .left = TRIES > p->attempt ? TRIES - p->attempt : 0,
                              .now = p->h->clock == CLOCK_NONE ? 0 : p->world.clock,
                              .why = "fails"};
    if (made_out(p, reply, &seen)) {
        f.seen = &seen;
        f.sum = 1 + seen.identity;
    }
    if (!reply->request.looks)
        player_page_discard(p);
    enum crawl_after_failure after = crawl_failed(p->crawl, &f);
    p->attempt = crawl_heard(p->crawl) ? 1 : p->attempt + 1;
    p->otherwise |= after == CRAWL_OTHER_WAY && p->by_chance;
    if (after != CRAWL_GIVE_UP)
        return true;
    p->unproven = true;
    if (!p->by_chance && !player_lacks(p))
        player_violated(p, "given up after %u failures, though the API is there", p->attempt);
    return false;
}

/* ---- what must hold ---- */

bool player_lacks(const struct player *p)
{
    const struct history *h = p->h;
    return h->world.bad > 0 || h->world.one > 0 || h->world.above > 0;
}

void player_mend(struct player *p, void (*run)(struct player *p))
{
    p->world.mended = true;
    for (unsigned i = 0; i < MEND_RUNS; i++) {
        bool all = true;
        for (unsigned r = 0; r < p->world.count; r++) {
            const struct world_record *record = &p->world.records[r];
            all &=
                !record->alive || record->hidden || !record->bad || p->kept[r] == record->version;
        }
        if (all || p->result->violation[0] != '\0')
            return;
        world_pass(&p->world, DAYS * 86400 * WHEN_SECOND);
        run(p);
    }
    player_violated(p, "a record that was mended does not come");
}

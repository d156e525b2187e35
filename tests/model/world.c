#include "tests/model/world.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY (INT64_C(86400) * WHEN_SECOND)

uint64_t rng_next(struct rng *r)
{
    r->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = r->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

unsigned rng_below(struct rng *r, unsigned n)
{
    return (unsigned)(rng_next(r) % n);
}

bool rng_chance(struct rng *r, unsigned percent)
{
    return rng_below(r, 100) < percent;
}

static bool stands_before(const struct world *w, unsigned a, unsigned b)
{
    const struct world_record *x = &w->records[a];
    const struct world_record *y = &w->records[b];
    if (x->timed != y->timed)
        return x->timed == w->conf.timeless_last;
    if (x->timed && x->time != y->time)
        return x->time < y->time;
    return a < b;
}

static void list_remove(struct world *w, unsigned record)
{
    unsigned i = 0;
    while (i < w->length && w->list[i] != record)
        i++;
    if (i == w->length)
        return;
    w->length--;
    memmove(&w->list[i], &w->list[i + 1], (w->length - i) * sizeof(*w->list));
}

static void list_add(struct world *w, unsigned record)
{
    unsigned i = w->length;
    while (i > 0 && stands_before(w, record, w->list[i - 1]))
        i--;
    memmove(&w->list[i + 1], &w->list[i], (w->length - i) * sizeof(*w->list));
    w->list[i] = (unsigned short)record;
    w->length++;
}

static int64_t grain(const struct world *w, int64_t time)
{
    int64_t unit = w->conf.fine ? WHEN_SECOND / 1000 : WHEN_SECOND;
    return time - time % unit;
}

static void put(struct world *w, unsigned record, bool timed, int64_t time)
{
    struct world_record *r = &w->records[record];
    r->alive = true;
    r->timed = timed;
    r->time = grain(w, time);
    r->version++;
    r->changed = w->steps;
    r->visible = w->clock;
    r->late = false;
    list_add(w, record);
}

static int64_t gap(const struct world_conf *conf, struct rng *r)
{
    if (rng_chance(r, conf->ties))
        return 0;
    if (rng_chance(r, conf->dense))
        return rng_below(r, 5) * WHEN_SECOND;
    switch (rng_below(r, 3)) {
    case 0:
        return rng_below(r, 600) * WHEN_SECOND;
    case 1:
        return rng_below(r, 36000) * WHEN_SECOND;
    default:
        return rng_below(r, 10) * DAY;
    }
}

void world_init(struct world *w, const struct world_conf *conf)
{
    struct rng r = {conf->seed};
    memset(w, 0, sizeof(*w));
    w->conf = *conf;
    w->clock = WORLD_FROM;
    int64_t time = WORLD_FROM - rng_below(&r, 7200) * WHEN_SECOND;
    for (; w->count < conf->records; w->count++) {
        bool timed = w->count >= conf->timeless;
        int64_t t = time;
        if (timed && w->count < conf->timeless + conf->future)
            t = WORLD_FROM + 27000 * DAY + w->count / 2 * WHEN_SECOND;
        else if (timed && w->count < conf->timeless + conf->future + conf->soon)
            t = WORLD_FROM + rng_below(&r, 48 * 3600) * WHEN_SECOND;
        else
            time -= gap(conf, &r);
        put(w, w->count, timed, t);
    }
}

void world_edit(struct world *w, unsigned record)
{
    if (w->count == 0 || !w->records[record % w->count].alive)
        return;
    w->steps++;
    list_remove(w, record % w->count);
    put(w, record % w->count, true, w->clock);
}

void world_delete(struct world *w, unsigned record)
{
    if (w->count == 0)
        return;
    w->steps++;
    list_remove(w, record % w->count);
    w->records[record % w->count].alive = false;
}

void world_insert(struct world *w, int64_t late)
{
    if (w->count == WORLD_MAX)
        return;
    w->steps++;
    put(w, w->count, true, w->clock - late);
    w->records[w->count].late = late > 0;
    w->count++;
}

void world_pass(struct world *w, int64_t time)
{
    w->clock += time;
}

bool world_garbled(const struct world *w, unsigned record)
{
    return w->conf.garbled > 0 && w->records[record].timed && record % w->conf.garbled == 1;
}

int64_t world_shown(const struct world *w, unsigned record)
{
    const struct world_record *r = &w->records[record];
    int64_t t = r->time - r->time % WHEN_SECOND + w->conf.shown;
    if (w->conf.form == FORM_MICROS || w->conf.form == FORM_API)
        t += r->time % WHEN_SECOND;
    if (w->conf.fold != WHEN_NONE && r->time >= w->conf.fold)
        t -= 3600 * WHEN_SECOND;
    return t;
}

const char *world_show(const struct world *w, unsigned record, char out[WHEN_TEXT])
{
    out[0] = '\0';
    if (!w->records[record].timed)
        return out;
    int64_t t = world_shown(w, record);
    if (world_garbled(w, record)) {
        (void)snprintf(out, WHEN_TEXT, "t%" PRId64 "/%u", w->records[record].time,
                       w->records[record].version);
        return out;
    }
    if (w->conf.form == FORM_API)
        return when_api(t, out);
    (void)when_iso(w->conf.form == FORM_OFFSET ? t + 7200 * WHEN_SECOND : t, out);
    if (w->conf.form == FORM_SPACE || w->conf.form == FORM_MICROS)
        out[10] = ' ';
    if (w->conf.form == FORM_OFFSET)
        memcpy(out + 19, "+02:00", 7);
    else if (w->conf.form != FORM_MICROS)
        out[19] = '\0';
    return out;
}

size_t world_list(const struct world *w, const char *after, uint64_t offset, unsigned limit,
                  unsigned short out[WORLD_MAX])
{
    int64_t cut = WHEN_NONE;
    bool filtered = after[0] != '\0' && !w->conf.ignores_filter;
    size_t n = 0;
    if (filtered && when_parse(after, strlen(after), NULL, &cut) != OK)
        return 0;
    cut += filtered ? w->conf.read : 0;
    if (filtered && w->conf.daily)
        cut += DAY - cut % DAY - 1;
    if (w->conf.cap > 0 && limit > w->conf.cap)
        limit = w->conf.cap;
    if (w->conf.ignores_offset)
        offset = 0;
    for (unsigned i = 0; i < w->length && n < limit; i++) {
        const struct world_record *r = &w->records[w->list[i]];
        if (filtered && (!r->timed || r->time <= cut))
            continue;
        if (w->conf.forgets && i % 7 == 3)
            continue;
        if (offset > 0)
            offset--;
        else
            out[n++] = w->list[i];
    }
    return n;
}

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
    struct rng draw = {w->conf.seed + record * UINT64_C(977)};
    r->alive = true;
    r->hidden =
        rng_chance(&draw, w->conf.hidden) || (w->conf.block > 0 && record >= w->conf.records / 3 &&
                                              record < w->conf.records / 3 + w->conf.block);
    struct rng luck = {w->conf.seed ^ (record * UINT64_C(31337) + 1)};
    r->bad = rng_chance(&luck, w->conf.bad) || record + 1 == w->conf.one;
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

/* Keys are taken in order, and not committed in order. */
void world_insert(struct world *w, int64_t late)
{
    unsigned waits = 0;
    while (waits < w->count && !w->records[waits].reserved)
        waits++;
    if (w->count + 1 >= WORLD_MAX)
        return;
    w->steps++;
    if (waits < w->count) {
        w->records[waits].reserved = false;
        put(w, waits, !w->conf.births, w->clock);
    } else if (w->conf.births && w->steps % 4 == 0) {
        w->records[w->count++].reserved = true;
    }
    put(w, w->count, !w->conf.births, w->clock - late);
    w->records[w->count].late = late > 0;
    w->count++;
}

void world_pass(struct world *w, int64_t time)
{
    w->clock += time;
}

bool world_gives(const struct world *w, unsigned record)
{
    return w->mended || !w->records[record].bad;
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

static bool tied(const struct world *w, unsigned a, unsigned b)
{
    const struct world_record *x = &w->records[a];
    const struct world_record *y = &w->records[b];
    return x->timed == y->timed && (!x->timed || x->time == y->time);
}

static void shuffle(unsigned short *from, unsigned n, struct rng *r)
{
    for (unsigned i = n; i > 1; i--) {
        unsigned j = rng_below(r, i);
        unsigned short swap = from[i - 1];
        from[i - 1] = from[j];
        from[j] = swap;
    }
}

static void order_ties(struct world *w, const struct world_request *q, unsigned short *all,
                       unsigned n)
{
    struct rng r = {w->conf.order == TIES_DRAWN ? w->draws : q->offset + q->limit};
    r.state += w->conf.seed;
    for (unsigned i = 0, j; i < n && w->conf.order != TIES_BY_KEY; i = j) {
        for (j = i + 1; j < n && tied(w, all[i], all[j]); j++)
            ;
        shuffle(all + i, j - i, &r);
    }
}

static void order_keys(unsigned short *all, unsigned n, bool down)
{
    for (unsigned i = 1; i < n; i++)
        for (unsigned j = i; j > 0 && (down ? all[j] > all[j - 1] : all[j] < all[j - 1]); j--) {
            unsigned short swap = all[j];
            all[j] = all[j - 1];
            all[j - 1] = swap;
        }
}

static bool read_cut(const struct world *w, const char *text, int64_t *cut)
{
    if (text[0] == '\0' || w->conf.ignores_filter)
        return false;
    if (when_parse(text, strlen(text), NULL, cut) != OK)
        return false;
    *cut += w->conf.read;
    return true;
}

/* All that matches, in the list's order by time. */
static unsigned match(const struct world *w, const struct world_request *q, unsigned short *all)
{
    int64_t cut = 0;
    int64_t equal = 0;
    bool filtered = read_cut(w, q->after, &cut);
    bool equals = w->conf.by_equal == FORM_WORKS && read_cut(w, q->equal, &equal);
    unsigned n = 0;
    if (w->conf.daily) {
        cut += DAY - cut % DAY - 1;
        equal -= equal % DAY;
    }
    for (unsigned i = 0; i < w->length; i++) {
        const struct world_record *r = &w->records[w->list[i]];
        int64_t t = r->time - (w->conf.daily ? r->time % DAY : 0);
        if (filtered && (!r->timed || r->time <= cut))
            continue;
        if (equals && (!r->timed || t != equal))
            continue;
        if (w->conf.forgets && i % 7 == 3)
            continue;
        all[n++] = w->list[i];
    }
    return n;
}

static int64_t count_of(struct world *w, const unsigned short *all, unsigned n, size_t shown)
{
    int64_t visible = 0;
    int64_t before = w->draws % 7 == 1 ? n : w->stale;
    for (unsigned i = 0; i < n; i++)
        visible += w->records[all[i]].hidden ? 0 : 1;
    w->stale = before;
    switch (w->conf.count_is) {
    case COUNT_TOTAL:
        return n;
    case COUNT_PAGE:
        return (int64_t)shown;
    case COUNT_VISIBLE:
        return visible;
    case COUNT_ALL:
        return w->length;
    case COUNT_STALE:
        return before;
    case COUNT_ROUND:
        return (n + 4) / 5 * 5;
    case COUNT_ABSENT:
    case COUNT_KINDS:
        break;
    }
    return -1;
}

static bool is_empty(const struct world *w, unsigned from, unsigned places)
{
    for (unsigned i = from; i < from + places && i < w->length; i++)
        if (!w->records[w->list[i]].hidden)
            return false;
    return true;
}

bool world_is_blank(const struct world *w, unsigned limit)
{
    static const unsigned pages[] = {0, 1, 3, 7};
    unsigned places = w->conf.cap > 0 && w->conf.cap < limit ? w->conf.cap : limit;
    if (w->conf.hidden == 0 && w->conf.block == 0)
        return false;
    for (unsigned at = 0; !is_empty(w, at, w->length); at++) {
        unsigned n = sizeof pages / sizeof *pages;
        while (n > 0 && is_empty(w, at + pages[n - 1] * limit, places))
            n--;
        if (n == 0)
            return true;
    }
    return false;
}

void world_list(struct world *w, const struct world_request *q, struct world_answer *out)
{
    unsigned short all[WORLD_MAX];
    unsigned limit = w->conf.cap > 0 && q->limit > w->conf.cap ? w->conf.cap : q->limit;
    uint64_t offset = w->conf.ignores_offset ? 0 : q->offset;
    *out = (struct world_answer){.count = -1};
    w->draws++;
    out->refused = (q->sort != SORT_TIME && w->conf.by_key == FORM_REFUSED) ||
                   (q->equal[0] != '\0' && w->conf.by_equal == FORM_REFUSED);
    if (out->refused)
        return;
    unsigned n = match(w, q, all);
    order_ties(w, q, all, n);
    if (q->sort != SORT_TIME && w->conf.by_key == FORM_WORKS)
        order_keys(all, n, q->sort == SORT_KEY_DOWN);
    for (uint64_t i = offset; i < n && i - offset < limit; i++)
        if (!w->records[all[i]].hidden)
            out->records[out->n++] = all[i];
    out->count = count_of(w, all, n, out->n);
}

#include "tests/sim/record/table.h"

#include "tests/sim/base/stamp.h"

#include <stdlib.h>
#include <string.h>

#define SECOND     INT64_C(1000000)
#define HOUR       (3600 * SECOND)
#define YEAR       (365 * 24 * HOUR)
#define FAR_FUTURE INT64_C(4070908800000000) /* 2099-01-01 */

struct table {
    struct table_conf conf;
    char key[NAMES_TABLE_MAX + 8];
    uint64_t seed;
    struct rec *recs; /* in order */
    size_t count;
    size_t room;
    uint32_t next_id;
    struct rec *gone; /* deleted, the last one last */
    size_t gone_count;
    size_t *by_id; /* positions, made when they are asked for; NULL since the last change */
};

static int by_time(const void *pa, const void *pb)
{
    const struct rec *a = pa, *b = pb;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

static int by_id(const void *pa, const void *pb)
{
    const struct rec *a = pa, *b = pb;
    return (a->id > b->id) - (a->id < b->id);
}

static int64_t resolved(const struct table *t, int64_t time)
{
    return t->conf.fine ? time : time - time % SECOND;
}

static int64_t future_time(const struct table *t, struct rng *r)
{
    return resolved(t, FAR_FUTURE + (int64_t)rng_below(r, (uint64_t)YEAR));
}

/* A record as the world begins: one in sixteen was changed on the hour, as imports do. */
static struct rec first_state(const struct table *t, uint32_t id)
{
    struct rng r = rng_seed(t->seed, id, 0);
    int64_t back = 1 + (int64_t)rng_below(&r, (uint64_t)t->conf.span);
    struct rec rec = {.id = id, .version = 1};
    rec.time = resolved(t, t->conf.start - back);
    if (rng_chance(&r, 1, 16) && back < t->conf.span - HOUR)
        rec.time -= rec.time % HOUR;
    rec.created = resolved(t, rec.time - (int64_t)rng_below(&r, 3 * (uint64_t)YEAR));
    if (rng_chance(&r, 3, 100))
        rec.flags |= REC_DELETED;
    return rec;
}

/* The special ones are the first ids: ties, then timeless, then future. */
static void set_special(struct table *t)
{
    struct rng r = rng_seed(t->seed, 1, 1);
    int64_t tie = resolved(t, t->conf.start - t->conf.span / 2);
    size_t i = 0;
    for (uint32_t n = 0; n < t->conf.ties && i < t->count; n++)
        t->recs[i++].time = tie;
    for (uint32_t n = 0; n < t->conf.timeless && i < t->count; n++)
        t->recs[i++].time = t->conf.no_time;
    for (uint32_t n = 0; n < t->conf.future && i < t->count; n++)
        t->recs[i++].time = future_time(t, &r);
}

static enum err_code reserve(struct table *t, size_t more, struct err *e)
{
    size_t need = t->count + more;
    if (more > TABLE_MAX_RECORDS || need > TABLE_MAX_RECORDS)
        return err_set(e, ERR_TOO_BIG, "table %s: more than %u records", t->conf.name,
                       TABLE_MAX_RECORDS);
    if (need <= t->room)
        return OK;
    size_t room = need + need / 8 + 64;
    struct rec *recs = realloc(t->recs, room * sizeof *recs);
    if (recs == NULL)
        return err_set(e, ERR_NOMEM, "table %s: no memory for %zu records", t->conf.name, room);
    t->recs = recs;
    t->room = room;
    return OK;
}

enum err_code table_open(struct table **out, const struct table_conf *conf, struct err *e)
{
    enum err_code rc;
    *out = NULL;
    struct table *t = calloc(1, sizeof *t);
    if (t == NULL)
        return err_set(e, ERR_NOMEM, "no memory for a table");
    t->conf = *conf;
    t->seed = rng_text(conf->seed, conf->name);
    names_key(conf->name, t->key);
    if ((rc = reserve(t, conf->records, e)) != OK) {
        table_close(t);
        return rc;
    }
    for (uint32_t id = 1; id <= conf->records; id++)
        t->recs[t->count++] = first_state(t, id);
    t->next_id = conf->records + 1;
    set_special(t);
    if (t->count > 0)
        qsort(t->recs, t->count, sizeof *t->recs, by_time);
    *out = t;
    return OK;
}

void table_close(struct table *t)
{
    if (t == NULL)
        return;
    free(t->recs);
    free(t->gone);
    free(t->by_id);
    free(t);
}

const char *table_name(const struct table *t)
{
    return t->conf.name;
}

const char *table_key(const struct table *t)
{
    return t->key;
}

uint64_t table_seed(const struct table *t)
{
    return t->seed;
}

uint32_t table_next_id(const struct table *t)
{
    return t->next_id;
}

size_t table_count(const struct table *t)
{
    return t->count;
}

const struct rec *table_at(const struct table *t, size_t i)
{
    return &t->recs[i];
}

/* The first position whose time > time, timeless ones included. */
static size_t first_beyond(const struct table *t, int64_t time)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (t->recs[mid].time > time)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

size_t table_timed_begin(const struct table *t)
{
    return first_beyond(t, TIMELESS_FIRST);
}

size_t table_timed_end(const struct table *t)
{
    return first_beyond(t, TIMELESS_LAST - 1);
}

size_t table_after(const struct table *t, int64_t time)
{
    return first_beyond(t, time < TIMELESS_LAST ? time : TIMELESS_LAST - 1);
}

/* Ids are numbers from 1 on, each once: so each has a place of its own, and those without a record are left out. */
const size_t *table_by_id(struct table *t)
{
    if (t->by_id != NULL)
        return t->by_id;
    size_t *at = malloc(((size_t)t->next_id + 1) * sizeof *at);
    if (at == NULL)
        return NULL;
    for (size_t id = 0; id <= t->next_id; id++)
        at[id] = SIZE_MAX;
    for (size_t i = 0; i < t->count; i++)
        at[t->recs[i].id] = i;
    size_t n = 0;
    for (size_t id = 0; id <= t->next_id; id++)
        if (at[id] != SIZE_MAX)
            at[n++] = at[id];
    t->by_id = at;
    return at;
}

struct rec *table_copy(const struct table *t)
{
    if (t->count == 0)
        return NULL;
    struct rec *copy = malloc(t->count * sizeof *copy);
    if (copy == NULL)
        return NULL;
    memcpy(copy, t->recs, t->count * sizeof *copy);
    qsort(copy, t->count, sizeof *copy, by_id);
    return copy;
}

/* ---- changes: take the chosen out of the order, change them, and merge them back in ---- */

/* n different positions out of `count`, each set of them as likely as any other (Floyd's way). */
static void choose(unsigned char *chosen, size_t count, size_t n, struct rng *r)
{
    for (size_t j = count - n; j < count; j++) {
        size_t pick = (size_t)rng_below(r, j + 1);
        if (chosen[pick / 8] & (1u << pick % 8))
            pick = j;
        chosen[pick / 8] = (unsigned char)(chosen[pick / 8] | (1u << pick % 8));
    }
}

static void take_out(struct table *t, const unsigned char *chosen, struct rec *taken)
{
    size_t i = 0;
    while (i + 8 <= t->count && chosen[i / 8] == 0)
        i += 8;
    size_t kept = i;
    for (; i < t->count; i++) {
        if (chosen[i / 8] & (1u << i % 8))
            *taken++ = t->recs[i];
        else
            t->recs[kept++] = t->recs[i];
    }
    t->count = kept;
}

/* There is room for them. */
static void merge_in(struct table *t, struct rec *in, size_t n)
{
    qsort(in, n, sizeof *in, by_time);
    size_t from = t->count, to = t->count + n;
    t->count = to;
    while (n > 0) {
        if (from > 0 && by_time(&t->recs[from - 1], &in[n - 1]) > 0)
            t->recs[--to] = t->recs[--from];
        else
            t->recs[--to] = in[--n];
    }
}

static int64_t new_time(const struct table *t, const struct change *c, struct rng *r)
{
    switch (c->kind) {
    case CHANGE_TIMELESS:
        return t->conf.no_time;
    case CHANGE_FUTURE:
        return future_time(t, r);
    case CHANGE_TIE:
        return resolved(t, c->now);
    default:
        break;
    }
    int64_t width = c->spread + c->ahead;
    int64_t shift = width > 0 ? (int64_t)rng_below(r, (uint64_t)width + 1) : 0;
    return resolved(t, c->now - c->spread + shift);
}

static enum err_code insert(struct table *t, const struct change *c, size_t *changed, struct err *e)
{
    enum err_code rc;
    struct rng r = rng_seed(t->seed, c->seed, 2);
    if ((rc = reserve(t, c->n, e)) != OK)
        return rc;
    struct rec *fresh = calloc(c->n + 1, sizeof *fresh);
    if (fresh == NULL)
        return err_set(e, ERR_NOMEM, "no memory for %zu new records", c->n);
    for (size_t i = 0; i < c->n; i++) {
        int64_t time = new_time(t, c, &r);
        fresh[i] = (struct rec){.time = c->timeless ? t->conf.no_time : time,
                                .created = time,
                                .id = t->next_id++,
                                .version = 1};
    }
    merge_in(t, fresh, c->n);
    free(fresh);
    *changed = c->n;
    return OK;
}

static enum err_code bury(struct table *t, const struct rec *dead, size_t n, struct err *e)
{
    struct rec *more = realloc(t->gone, (t->gone_count + n) * sizeof *more);
    if (more == NULL)
        return err_set(e, ERR_NOMEM, "no memory for %zu deleted records", n);
    t->gone = more;
    memcpy(more + t->gone_count, dead, n * sizeof *dead);
    t->gone_count += n;
    return OK;
}

static enum err_code restore(struct table *t, const struct change *c, size_t *changed,
                             struct err *e)
{
    size_t n = c->n < t->gone_count ? c->n : t->gone_count;
    size_t from = t->gone_count - n;
    if (c->id != 0) {
        for (from = 0; from < t->gone_count && t->gone[from].id != c->id; from++)
            ;
        n = from < t->gone_count;
    }
    enum err_code rc = reserve(t, n, e);
    if (rc != OK || n == 0)
        return rc;
    struct rec *back = calloc(n, sizeof *back);
    if (back == NULL)
        return err_set(e, ERR_NOMEM, "no memory for %zu records", n);
    memcpy(back, t->gone + from, n * sizeof *back);
    memmove(t->gone + from, t->gone + from + n, (t->gone_count - from - n) * sizeof *back);
    t->gone_count -= n;
    merge_in(t, back, n);
    free(back);
    *changed = n;
    return OK;
}

static size_t choose_id(const struct table *t, uint32_t id, unsigned char *chosen)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->recs[i].id == id) {
            chosen[i / 8] = (unsigned char)(1u << i % 8);
            return 1;
        }
    }
    return 0;
}

enum err_code table_change(struct table *t, const struct change *c, size_t *changed, struct err *e)
{
    *changed = 0;
    free(t->by_id);
    t->by_id = NULL;
    if (c->kind == CHANGE_INSERT)
        return insert(t, c, changed, e);
    if (c->kind == CHANGE_RESTORE)
        return restore(t, c, changed, e);
    enum err_code rc = OK;
    struct rng r = rng_seed(t->seed, c->seed, 3 + (uint64_t)c->kind);
    size_t n = c->n < t->count ? c->n : t->count;
    if (c->id != 0)
        n = 1;
    unsigned char *chosen = calloc(t->count / 8 + 1, 1);
    struct rec *taken = calloc(n + 1, sizeof *taken);
    if (chosen == NULL || taken == NULL) {
        rc = err_set(e, ERR_NOMEM, "no memory to change %zu records", n);
        goto done;
    }
    if (c->id != 0)
        n = choose_id(t, c->id, chosen);
    else
        choose(chosen, t->count, n, &r);
    if (n == 0)
        goto done;
    take_out(t, chosen, taken);
    if (c->kind == CHANGE_DELETE && (rc = bury(t, taken, n, e)) != OK)
        goto done;
    for (size_t i = 0; i < n; i++) {
        taken[i].version++;
        taken[i].time = new_time(t, c, &r);
        if (c->kind == CHANGE_MARK)
            taken[i].flags |= REC_DELETED;
    }
    if (c->kind != CHANGE_DELETE)
        merge_in(t, taken, n);
    *changed = n;
done:
    free(taken);
    free(chosen);
    return rc;
}

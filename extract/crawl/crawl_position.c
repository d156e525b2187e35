#include "extract/crawl/crawl_position_private.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One JSON object, {"netty_crawl":1,...}. Times are microseconds or null; versions are [id, time,
 * ordinal] with the id in hex; a cursor is the source's own string. */

const char *const crawl_phases[] = {"head", "body", "tail", "end", "keys"};

#define FIELD(name, type, member)                                                                  \
    {                                                                                              \
        name, type, offsetof(struct crawl, member), false                                          \
    }
#define LATER(name, type, member)                                                                  \
    {                                                                                              \
        name, type, offsetof(struct crawl, member), true                                           \
    }
const struct field crawl_fields[] = {
    FIELD("full", FIELD_FLAG, everything),
    FIELD("look", FIELD_FLAG, look),
    FIELD("limit", FIELD_SIZE, limit),
    FIELD("proven", FIELD_COUNT, learned.longest),
    FIELD("lead", FIELD_TIME, lead),
    FIELD("frontier", FIELD_TIME, frontier),
    FIELD("began", FIELD_TIME, began),
    FIELD("last", FIELD_TIME, last),
    FIELD("turn", FIELD_TIME, turn),
    FIELD("doubt", FIELD_TIME, doubt),
    FIELD("complete", FIELD_TIME, complete),
    FIELD("seen", FIELD_COUNT, seen),
    FIELD("timeless", FIELD_COUNT, timeless),
    FIELD("ordinal", FIELD_COUNT, ordinal),
    FIELD("unfiltered", FIELD_FLAG, unfiltered),
    FIELD("rests", FIELD_FLAG, rests),
    FIELD("settled", FIELD_FLAG, settled),
    FIELD("base", FIELD_TIME, base),
    FIELD("based", FIELD_TIME, based),
    FIELD("low", FIELD_TIME, low),
    LATER("grow_after", FIELD_NUMBER, grow_after),
    LATER("single", FIELD_FLAG, single),
    LATER("blind", FIELD_COUNT, blind),
    LATER("ending", FIELD_TIME, ending),
    LATER("sure", FIELD_TIME, sure),
    LATER("limited", FIELD_FLAG, limited),
    LATER("loose_timeless", FIELD_FLAG, loose_timeless),
    LATER("loose_time", FIELD_TIME, loose_time),
    LATER("goal", FIELD_TIME, goal),
    LATER("covered", FIELD_TIME, covered),
    LATER("again", FIELD_NUMBER, learned.again),
    LATER("window", FIELD_COUNT, learned.window),
    LATER("least", FIELD_COUNT, learned.least),
    LATER("fulls", FIELD_COUNT, learned.fulls),
    LATER("shorts", FIELD_COUNT, learned.shorts),
    LATER("thinned", FIELD_FLAG, learned.thinned),
    LATER("looked", FIELD_TIME, learned.looked),
    LATER("counted", FIELD_NUMBER, learned.counted),
    LATER("sorts", FIELD_NUMBER, learned.sorts),
    LATER("downs", FIELD_NUMBER, learned.downs),
    LATER("equals", FIELD_NUMBER, learned.equals),
    LATER("equal_lead", FIELD_TIME, learned.equal_lead),
    LATER("some_timeless", FIELD_FLAG, learned.timeless),
    LATER("born", FIELD_TIME, learned.born),
    LATER("top", FIELD_TIME, learned.top),
    LATER("unproven", FIELD_NUMBER, learned.unproven),
    LATER("hold", FIELD_TIME, learned.hold),
    LATER("retry", FIELD_TIME, learned.retry),
    LATER("passed", FIELD_FLAG, learned.passed),
    LATER("passed_time", FIELD_TIME, learned.passed_time),
};
/* Of a list by key; in the position while one is read. */
const struct field crawl_key_fields[] = {
    LATER("list", FIELD_NUMBER, keys.list),    LATER("back", FIELD_NUMBER, keys.back),
    LATER("detour", FIELD_FLAG, keys.detour),  LATER("why", FIELD_NUMBER, keys.why),
    LATER("offset", FIELD_COUNT, keys.offset), LATER("last", FIELD_TIME, keys.last),
    LATER("begun", FIELD_FLAG, keys.begun),    LATER("seen", FIELD_COUNT, keys.seen),
    LATER("began", FIELD_TIME, keys.began),    LATER("time", FIELD_TIME, keys.time),
    LATER("lead", FIELD_TIME, keys.lead),      LATER("place", FIELD_COUNT, keys.place),
    LATER("most", FIELD_TIME, keys.most),      LATER("prior", FIELD_TIME, keys.prior),
    LATER("edge", FIELD_TIME, keys.edge),      LATER("edged", FIELD_FLAG, keys.edged),
    LATER("must", FIELD_TIME, keys.must),      LATER("torn", FIELD_NUMBER, keys.torn),
};
/* Of passes over records of one time. */
const struct field crawl_pass_fields[] = {
    LATER("on", FIELD_FLAG, passes.on),        LATER("timeless", FIELD_FLAG, passes.timeless),
    LATER("time", FIELD_TIME, passes.time),    LATER("start", FIELD_COUNT, passes.start),
    LATER("reach", FIELD_COUNT, passes.reach), LATER("pass", FIELD_NUMBER, passes.pass),
};
const size_t crawl_fields_count = sizeof(crawl_fields) / sizeof(*crawl_fields);
const size_t crawl_key_fields_count = sizeof(crawl_key_fields) / sizeof(*crawl_key_fields);
const size_t crawl_pass_fields_count = sizeof(crawl_pass_fields) / sizeof(*crawl_pass_fields);

/* By hand: a position has some two hundred numbers, and every page has one. */
static enum err_code add_count(struct buf *b, uint64_t n)
{
    char digits[20];
    size_t i = sizeof digits;
    do
        digits[--i] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    return buf_add(b, digits + i, sizeof digits - i);
}

static enum err_code add_int(struct buf *b, int64_t t)
{
    enum err_code rc = t < 0 ? buf_addc(b, '-') : OK;
    return rc == OK ? add_count(b, t < 0 ? -(uint64_t)t : (uint64_t)t) : rc;
}

static enum err_code add_time(struct buf *b, int64_t t)
{
    return t == WHEN_NONE ? buf_adds(b, "null") : add_int(b, t);
}

static enum err_code add_field(struct buf *b, const struct crawl *c, const struct field *f)
{
    const char *p = (const char *)c + f->at;
    int64_t time;
    uint64_t count;
    unsigned size;
    bool flag;
    enum err_code rc;
    if ((rc = buf_adds(b, ",\"")) != OK || (rc = buf_adds(b, f->name)) != OK ||
        (rc = buf_adds(b, "\":")) != OK)
        return rc;
    switch (f->type) {
    case FIELD_TIME:
        memcpy(&time, p, sizeof(time));
        return add_time(b, time);
    case FIELD_COUNT:
        memcpy(&count, p, sizeof(count));
        return add_count(b, count);
    case FIELD_SIZE: /* the page's: not one that is only tried */
        size = c->trial.grown && !c->trial.stepped ? c->trial.fallback : c->limit;
        return add_count(b, size);
    case FIELD_NUMBER:
        memcpy(&size, p, sizeof(size));
        return add_count(b, size);
    case FIELD_FLAG:
        memcpy(&flag, p, sizeof(flag));
        return buf_adds(b, flag ? "true" : "false");
    }
    return ERR_INTERNAL;
}

static enum err_code add_ask(struct buf *b, const char *name, const struct crawl_ask *ask)
{
    enum err_code rc;
    if ((rc = buf_addf(b, ",\"%s\":{\"after\":", name)) != OK)
        return rc;
    rc = ask->filtered ? buf_add_json(b, ask->base, strlen(ask->base)) : buf_adds(b, "null");
    if (rc != OK)
        return rc;
    return buf_addf(b, ",\"lead\":%" PRId64 ",\"offset\":%" PRIu64 ",\"jump\":%s}", ask->lead,
                    ask->offset, ask->jump ? "true" : "false");
}

static enum err_code add_mark(struct buf *b, size_t i, const struct crawl_mark *m)
{
    static const char hex[] = "0123456789abcdef";
    char id[] = ",[\"0000000000000000\",";
    enum err_code rc;
    for (size_t digit = 0; digit < 16; digit++)
        id[3 + digit] = hex[m->id >> (60 - 4 * digit) & 0xF];
    if ((rc = buf_adds(b, i > 0 ? id : id + 1)) != OK || (rc = add_time(b, m->time)) != OK ||
        (rc = buf_addc(b, ',')) != OK || (rc = add_count(b, m->ordinal)) != OK)
        return rc;
    return buf_addc(b, ']');
}

static enum err_code add_marks(struct buf *b, const char *name, const struct crawl_mark *marks,
                               size_t n)
{
    enum err_code rc;
    if ((rc = buf_addf(b, ",\"%s\":[", name)) != OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        if ((rc = add_mark(b, i, &marks[i])) != OK)
            return rc;
    return buf_addc(b, ']');
}

/* The last page's last versions, and as many before those that are in doubt; a finished run needs none.
 * The ordinal says what kind it is, and with EDGE_TIED added, that it is in doubt. */
static enum err_code add_edge(struct buf *b, const struct crawl *c)
{
    struct crawl_mark edge[CRAWL_EDGE];
    size_t count = c->phase == CRAWL_END ? 0 : c->known_count;
    size_t settled = count;
    size_t n = 0;
    while (settled > 0 && c->known[settled - 1].tied)
        settled--;
    for (size_t i = 0; i < count; i++) {
        const struct crawl_entry *entry = &c->known[i];
        bool named = i < settled ? settled - i <= CRAWL_EDGE / 2 : count - i <= CRAWL_EDGE / 2;
        if (named)
            edge[n++] = (struct crawl_mark){entry->id, entry->time,
                                            (uint64_t)entry->kind + (entry->tied ? EDGE_TIED : 0)};
    }
    return add_marks(b, "edge", edge, n);
}

static enum err_code add_fields(struct buf *b, const struct crawl *c, const struct field *some,
                                size_t n)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < n && rc == OK; i++)
        rc = add_field(b, c, &some[i]);
    return rc;
}

static enum err_code add_numbers(struct buf *b, const char *name, const int64_t *t, size_t n)
{
    enum err_code rc = buf_addf(b, ",\"%s\":[", name);
    for (size_t i = 0; i < n && rc == OK; i++)
        if ((rc = i > 0 ? buf_addc(b, ',') : OK) == OK)
            rc = add_int(b, t[i]);
    return rc == OK ? buf_addc(b, ']') : rc;
}

/* A list by key, or passes, that are under way. */
static enum err_code add_parts(struct buf *b, const struct crawl *c)
{
    enum err_code rc = OK;
    if (c->phase == CRAWL_KEYS) {
        if ((rc = buf_adds(b, ",\"keys\":{\"netty_keys\":1")) != OK ||
            (rc = add_fields(b, c, crawl_key_fields, crawl_key_fields_count)) != OK ||
            (rc = add_numbers(b, "latest", c->keys.latest, c->keys.latest_count)) != OK ||
            (rc = buf_addc(b, '}')) != OK)
            return rc;
    }
    if (c->passes.on) {
        if ((rc = buf_adds(b, ",\"passes\":{\"netty_passes\":1")) != OK ||
            (rc = add_fields(b, c, crawl_pass_fields, crawl_pass_fields_count)) != OK ||
            (rc = buf_addc(b, '}')) != OK)
            return rc;
    }
    return OK;
}

/* The greatest keys of the last day, and the sums of the pages of the newest records. */
static enum err_code add_births(struct buf *b, const struct crawl *c)
{
    const struct crawl_learned *l = &c->learned;
    int64_t tops[2 * CRAWL_TOPS];
    int64_t sums[CRAWL_BIRTH_PAGES];
    for (size_t i = 0; i < l->top_count; i++) {
        tops[2 * i] = l->tops[i].at;
        tops[2 * i + 1] = l->tops[i].key;
    }
    size_t n = 0;
    for (size_t i = 0; i < CRAWL_BIRTH_PAGES; i++) {
        sums[i] = (int64_t)(l->sums[i] & INT64_MAX);
        n = sums[i] != 0 ? i + 1 : n;
    }
    enum err_code rc = add_numbers(b, "tops", tops, 2 * l->top_count);
    return rc == OK ? add_numbers(b, "births", sums, n) : rc;
}

static enum err_code add_all(struct buf *b, const struct crawl *c)
{
    enum err_code rc;
    if ((rc = buf_addf(b, "{\"netty_crawl\":%d,\"phase\":\"%s\"", CRAWL_POSITION_VERSION,
                       crawl_phases[c->phase])) != OK)
        return rc;
    if ((rc = add_fields(b, c, crawl_fields, crawl_fields_count)) != OK ||
        (rc = add_parts(b, c)) != OK || (rc = add_births(b, c)) != OK ||
        (rc = buf_adds(b, ",\"key\":")) != OK ||
        (rc = buf_add_json(b, c->learned.key, strlen(c->learned.key))) != OK ||
        (rc = buf_adds(b, ",\"below\":")) != OK ||
        (rc = buf_add_json(b, c->below, strlen(c->below))) != OK ||
        (rc = add_ask(b, "next", &c->ask)) != OK || (rc = add_ask(b, "rest", &c->rest)) != OK ||
        (rc = add_edge(b, c)) != OK ||
        (rc = add_marks(b, "marks", c->marks, c->mark_count)) != OK ||
        (rc = add_marks(b, "recent", c->recent, c->recent_count)) != OK)
        return rc;
    return buf_addc(b, '}');
}

enum err_code crawl_position(const struct crawl *c, struct buf *json, struct err *e)
{
    enum err_code rc = add_all(json, c);
    return rc == OK ? OK : buf_err(e, rc, json, "the crawl's position");
}

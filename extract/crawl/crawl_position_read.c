#include "extract/crawl/crawl_position_private.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_tree.h>

static yajl_val member(yajl_val object, const char *name, yajl_type type)
{
    const char *path[] = {name, NULL};
    return yajl_tree_get(object, path, type);
}

static bool read_int(yajl_val v, int64_t *t)
{
    if (!YAJL_IS_INTEGER(v))
        return false;
    *t = YAJL_GET_INTEGER(v);
    return true;
}

static bool read_time(yajl_val v, int64_t *t)
{
    *t = WHEN_NONE;
    return YAJL_IS_NULL(v) || read_int(v, t);
}

static bool read_count(yajl_val v, uint64_t *n)
{
    int64_t t;
    if (!read_int(v, &t) || t < 0)
        return false;
    *n = (uint64_t)t;
    return true;
}

static bool read_field(struct crawl *c, yajl_val root, const struct field *f)
{
    char *p = (char *)c + f->at;
    yajl_val v = member(root, f->name, yajl_t_any);
    int64_t time;
    uint64_t count;
    if (v == NULL && f->later)
        return true;
    switch (f->type) {
    case FIELD_TIME:
        if (!read_time(v, &time))
            return false;
        memcpy(p, &time, sizeof(time));
        return true;
    case FIELD_COUNT:
        if (!read_count(v, &count))
            return false;
        memcpy(p, &count, sizeof(count));
        return true;
    case FIELD_SIZE:
        if (!read_count(v, &count) || count == 0 || count > UINT32_MAX)
            return false;
        memcpy(p, &(unsigned){(unsigned)count}, sizeof(unsigned));
        return true;
    case FIELD_NUMBER:
        if (!read_count(v, &count) || count > UINT32_MAX)
            return false;
        memcpy(p, &(unsigned){(unsigned)count}, sizeof(unsigned));
        return true;
    case FIELD_FLAG:
        memcpy(p, &(bool){YAJL_IS_TRUE(v)}, sizeof(bool));
        return YAJL_IS_TRUE(v) || YAJL_IS_FALSE(v);
    }
    return false;
}

static bool read_text(yajl_val v, char out[CRAWL_TIME_MAX])
{
    const char *s = YAJL_GET_STRING(v);
    size_t n = s == NULL ? CRAWL_TIME_MAX : strlen(s);
    if (n >= CRAWL_TIME_MAX)
        return false;
    memcpy(out, s, n + 1);
    return true;
}

static bool read_ask(const struct crawl *c, yajl_val v, struct crawl_ask *ask)
{
    *ask = (struct crawl_ask){.jump = YAJL_IS_TRUE(member(v, "jump", yajl_t_any))};
    yajl_val after = member(v, "after", yajl_t_any);
    ask->filtered = !YAJL_IS_NULL(after);
    if (!read_int(member(v, "lead", yajl_t_any), &ask->lead) ||
        !read_count(member(v, "offset", yajl_t_any), &ask->offset) || after == NULL ||
        ask->lead > CRAWL_LEAD_MAX || ask->lead < -CRAWL_LEAD_MAX)
        return false;
    return !ask->filtered ||
           (read_text(after, ask->base) &&
            when_parse(ask->base, strlen(ask->base), c->conf.zone, &ask->base_time) == OK &&
            ask->base_time != WHEN_NONE);
}

static bool read_hex(yajl_val v, uint64_t *id)
{
    const char *s = YAJL_GET_STRING(v);
    if (s == NULL || strlen(s) != 16 || strspn(s, "0123456789abcdef") != 16)
        return false;
    *id = strtoull(s, NULL, 16);
    return true;
}

static bool read_mark(yajl_val v, struct crawl_mark *m)
{
    return YAJL_IS_ARRAY(v) && v->u.array.len == 3 && read_hex(v->u.array.values[0], &m->id) &&
           read_time(v->u.array.values[1], &m->time) &&
           read_count(v->u.array.values[2], &m->ordinal);
}

static bool read_marks(yajl_val v, struct crawl_mark *marks, size_t max, size_t *n)
{
    *n = 0;
    if (!YAJL_IS_ARRAY(v) || v->u.array.len > max)
        return false;
    for (size_t i = 0; i < v->u.array.len; i++)
        if (!read_mark(v->u.array.values[i], &marks[i]))
            return false;
    *n = v->u.array.len;
    return true;
}

static bool read_edge(struct crawl *c, yajl_val v)
{
    struct crawl_mark edge[CRAWL_EDGE];
    if (!read_marks(v, edge, CRAWL_EDGE, &c->known_count))
        return false;
    for (size_t i = 0; i < c->known_count; i++) {
        uint64_t kind = edge[i].ordinal % EDGE_TIED;
        if (edge[i].ordinal > EDGE_TIED + CRAWL_UNREADABLE || kind > CRAWL_UNREADABLE)
            return false;
        c->known[i] = (struct crawl_entry){.id = edge[i].id,
                                           .time = edge[i].time,
                                           .kind = (enum crawl_kind)kind,
                                           .tied = edge[i].ordinal >= EDGE_TIED};
    }
    return true;
}

static bool read_numbers(yajl_val v, int64_t *t, size_t max, size_t *n)
{
    *n = 0;
    if (v == NULL)
        return true;
    if (!YAJL_IS_ARRAY(v) || v->u.array.len > max)
        return false;
    for (size_t i = 0; i < v->u.array.len; i++)
        if (!read_int(v->u.array.values[i], &t[i]))
            return false;
    *n = v->u.array.len;
    return true;
}

static bool read_fields(struct crawl *c, yajl_val root, const struct field *some, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!read_field(c, root, &some[i]))
            return false;
    return true;
}

static bool read_parts(struct crawl *c, yajl_val root)
{
    yajl_val keys = member(root, "keys", yajl_t_object);
    yajl_val passes = member(root, "passes", yajl_t_object);
    if (c->phase == CRAWL_KEYS && keys == NULL)
        return false;
    if (keys != NULL && (!read_fields(c, keys, crawl_key_fields, crawl_key_fields_count) ||
                         !read_numbers(member(keys, "latest", yajl_t_any), c->keys.latest,
                                       CRAWL_LATEST, &c->keys.latest_count)))
        return false;
    if (c->keys.list > CRAWL_SINCE || c->keys.back >= CRAWL_KEYS)
        return false;
    return passes == NULL || read_fields(c, passes, crawl_pass_fields, crawl_pass_fields_count);
}

static bool read_births(struct crawl *c, yajl_val root)
{
    struct crawl_learned *l = &c->learned;
    int64_t tops[2 * CRAWL_TOPS];
    int64_t sums[CRAWL_BIRTH_PAGES];
    size_t n = 0;
    if (!read_numbers(member(root, "tops", yajl_t_any), tops, 2 * CRAWL_TOPS, &n) || n % 2 > 0)
        return false;
    l->top_count = n / 2;
    for (size_t i = 0; i < l->top_count; i++)
        l->tops[i] = (struct crawl_top){tops[2 * i], tops[2 * i + 1]};
    if (!read_numbers(member(root, "births", yajl_t_any), sums, CRAWL_BIRTH_PAGES, &n))
        return false;
    for (size_t i = 0; i < n; i++)
        l->sums[i] = (uint64_t)sums[i];
    return true;
}

static bool read_phase(struct crawl *c, yajl_val root)
{
    const char *word = YAJL_GET_STRING(member(root, "phase", yajl_t_string));
    for (size_t i = 0; word != NULL && i < CRAWL_PHASES; i++)
        if (strcmp(word, crawl_phases[i]) == 0) {
            c->phase = (enum crawl_phase)i;
            return true;
        }
    return false;
}

static bool read_key(struct crawl *c, yajl_val v)
{
    const char *s = YAJL_GET_STRING(v);
    size_t n = s == NULL ? 0 : strlen(s);
    if (n >= CRAWL_KEY_MAX)
        return false;
    memcpy(c->learned.key, s != NULL ? s : "", n + 1);
    return true;
}

static bool read_below(struct crawl *c, yajl_val v)
{
    if (!read_text(v, c->below))
        return false;
    c->below_time = WHEN_NONE;
    return c->below[0] == '\0' ||
           when_parse(c->below, strlen(c->below), c->conf.zone, &c->below_time) == OK;
}

static bool read_all(struct crawl *c, yajl_val root)
{
    if (!read_fields(c, root, crawl_fields, crawl_fields_count))
        return false;
    if (c->limit > c->conf.limit)
        c->limit = c->conf.limit;
    return read_phase(c, root) && read_key(c, member(root, "key", yajl_t_string)) &&
           read_below(c, member(root, "below", yajl_t_any)) &&
           read_ask(c, member(root, "next", yajl_t_object), &c->ask) &&
           read_ask(c, member(root, "rest", yajl_t_object), &c->rest) &&
           read_edge(c, member(root, "edge", yajl_t_any)) && read_parts(c, root) &&
           read_births(c, root) &&
           read_marks(member(root, "marks", yajl_t_any), c->marks, CRAWL_MARKS, &c->mark_count) &&
           read_marks(member(root, "recent", yajl_t_any), c->recent, CRAWL_RECENT,
                      &c->recent_count);
}

enum err_code crawl_position_read(struct crawl *c, const char *json, struct err *e)
{
    enum err_code rc = ERR_DAMAGED;
    char why[128];
    int64_t version;
    yajl_val root = yajl_tree_parse(json, why, sizeof(why));
    if (root == NULL || !read_int(member(root, "netty_crawl", yajl_t_any), &version)) {
        (void)err_set(e, rc,
                      "the crawl's position in the spool cannot be read; "
                      "read the table anew with --full");
    } else if (version > CRAWL_POSITION_VERSION) {
        (void)err_set(e, rc,
                      "the crawl's position in the spool has version %" PRId64
                      ", this program knows up to %d; use the newer program, or read the table "
                      "anew with --full",
                      version, CRAWL_POSITION_VERSION);
    } else if (!read_all(c, root)) {
        (void)err_set(e, rc,
                      "the crawl's position in the spool lacks what it must have; "
                      "read the table anew with --full");
    } else {
        rc = OK;
    }
    yajl_tree_free(root);
    return rc;
}

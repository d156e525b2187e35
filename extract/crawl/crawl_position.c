#include "extract/crawl/crawl_private.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_tree.h>

/* One JSON object, {"netty_crawl":1,...}. Times are microseconds or null; versions are [id, time,
 * ordinal] with the id in hex; a cursor is the source's own string. */

#define VERSION 1

static const char *const phases[] = {"head", "body", "tail", "end"};

/* What the position holds of a crawl, once for writing and reading. */
enum field_type {
    FIELD_TIME,
    FIELD_COUNT,
    FIELD_SIZE,
    FIELD_FLAG
};
struct field {
    const char *name;
    enum field_type type;
    size_t at;
};
#define FIELD(name, type, member)                                                                  \
    {                                                                                              \
        name, type, offsetof(struct crawl, member)                                                 \
    }
static const struct field fields[] = {
    FIELD("full", FIELD_FLAG, everything),
    FIELD("look", FIELD_FLAG, look),
    FIELD("limit", FIELD_SIZE, limit),
    FIELD("proven", FIELD_COUNT, proven),
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
};
#define FIELDS (sizeof(fields) / sizeof(*fields))

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
    case FIELD_SIZE:
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

/* The last page's last versions; a finished run needs none. The ordinal says what kind it is. */
static enum err_code add_edge(struct buf *b, const struct crawl *c)
{
    struct crawl_mark edge[CRAWL_EDGE];
    size_t n = c->known_count < CRAWL_EDGE ? c->known_count : CRAWL_EDGE;
    if (c->phase == CRAWL_END)
        n = 0;
    for (size_t i = 0; i < n; i++) {
        const struct crawl_entry *entry = &c->known[c->known_count - n + i];
        edge[i] = (struct crawl_mark){entry->id, entry->time, (uint64_t)entry->kind};
    }
    return add_marks(b, "edge", edge, n);
}

static enum err_code add_all(struct buf *b, const struct crawl *c)
{
    enum err_code rc;
    if ((rc = buf_addf(b, "{\"netty_crawl\":%d,\"phase\":\"%s\"", VERSION, phases[c->phase])) != OK)
        return rc;
    for (size_t i = 0; i < FIELDS; i++)
        if ((rc = add_field(b, c, &fields[i])) != OK)
            return rc;
    if ((rc = buf_adds(b, ",\"below\":")) != OK ||
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
        if (edge[i].ordinal > CRAWL_UNREADABLE)
            return false;
        c->known[i] = (struct crawl_entry){
            .id = edge[i].id, .time = edge[i].time, .kind = (enum crawl_kind)edge[i].ordinal};
    }
    return true;
}

static bool read_phase(struct crawl *c, yajl_val root)
{
    const char *word = YAJL_GET_STRING(member(root, "phase", yajl_t_string));
    for (size_t i = 0; word != NULL && i < sizeof(phases) / sizeof(*phases); i++)
        if (strcmp(word, phases[i]) == 0) {
            c->phase = (enum crawl_phase)i;
            return true;
        }
    return false;
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
    for (size_t i = 0; i < FIELDS; i++)
        if (!read_field(c, root, &fields[i]))
            return false;
    if (c->limit > c->conf.limit)
        c->limit = c->conf.limit;
    return read_phase(c, root) && read_below(c, member(root, "below", yajl_t_any)) &&
           read_ask(c, member(root, "next", yajl_t_object), &c->ask) &&
           read_ask(c, member(root, "rest", yajl_t_object), &c->rest) &&
           read_edge(c, member(root, "edge", yajl_t_any)) &&
           read_marks(member(root, "marks", yajl_t_any), c->marks, CRAWL_MARKS, &c->mark_count) &&
           read_marks(member(root, "recent", yajl_t_any), c->recent, CRAWL_EDGE, &c->recent_count);
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
    } else if (version > VERSION) {
        (void)err_set(e, rc,
                      "the crawl's position in the spool has version %" PRId64
                      ", this program knows up to %d; use the newer program, or read the table "
                      "anew with --full",
                      version, VERSION);
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

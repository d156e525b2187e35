#include "tests/sim/record/body.h"

#include "tests/sim/base/mood.h"
#include "tests/sim/record/members.h"
#include "tests/sim/record/words.h"

#include <string.h>

#define CREATED_FROM 150u  /* records set to be smaller do without time_created */
#define BARE_BELOW   1500u /* records set to be smaller have only the essential members and notes */

static bool is_full(const struct body_conf *conf)
{
    return conf->bytes == 0 || conf->bytes >= BARE_BELOW;
}

static void member_name(struct writing *w, const char *name)
{
    pen_put(&w->pen, ",\"");
    pen_put(&w->pen, name);
    pen_put(&w->pen, "\":");
}

static void stamp(struct writing *w, int64_t time)
{
    char text[STAMP_TEXT];
    size_t n = stamp_text(w->conf->format, w->rec->id, time, text);
    pen_put(&w->pen, "\"");
    pen_raw(&w->pen, text, n);
    pen_put(&w->pen, "\"");
}

static enum body_odd odd_kind(const struct writing *w)
{
    if (w->conf->odd == 0 || w->rec->id % w->conf->odd != 0)
        return ODD_NONE;
    if (w->conf->odd_kind != ODD_ANY)
        return w->conf->odd_kind;
    return (enum body_odd)(ODD_NUL + w->rec->id / w->conf->odd % (ODD_ANY - ODD_NUL));
}

static void key(struct writing *w, enum body_odd odd)
{
    bool quotes = odd == ODD_TEXT_KEY || w->conf->key_text;
    pen_put(&w->pen, "{\"");
    pen_put(&w->pen, odd == ODD_NO_KEY ? "no_key" : table_key(w->table));
    pen_put(&w->pen, quotes ? "\":\"" : "\":");
    pen_uint(&w->pen, odd == ODD_BIG_KEY ? (UINT64_C(1) << 33) + w->rec->id : w->rec->id);
    if (quotes)
        pen_put(&w->pen, "\"");
    w->extra += w->conf->key_text ? 2 : 0;
}

/* No time comes in three ways: null, MySQL's zero, and no member at all. */
static void modified(struct writing *w)
{
    if (!rec_timeless(w->rec)) {
        member_name(w, "time_modified");
        stamp(w, w->rec->time);
    } else if (w->rec->id % 3 != 0) {
        member_name(w, "time_modified");
        pen_put(&w->pen, w->rec->id % 3 == 1 ? "null" : "\"0000-00-00 00:00:00\"");
    }
}

static void deleted(struct writing *w)
{
    bool marked = w->rec->flags & REC_DELETED;
    if (!marked && w->rec->id % 5 < 3)
        return;
    static const char *const values[][2] = {[DELETED_BOOL] = {"false", "true"},
                                            [DELETED_NUMBER] = {"0", "1"},
                                            [DELETED_TEXT] = {"\"0\"", "\"1\""},
                                            [DELETED_NULL] = {"null", "\"true\""}};
    member_name(w, "deleted");
    pen_put(&w->pen, values[w->conf->deleted_is][marked]);
    w->extra += strlen(values[w->conf->deleted_is][marked]) - strlen(values[DELETED_BOOL][marked]);
}

static void members(struct writing *w)
{
    size_t n;
    const struct member_def *defs = members_of(table_name(w->table), &n);
    uint64_t seed = table_seed(w->table);
    for (size_t i = 0; i < n; i++) {
        const struct member_def *def = &defs[i];
        if (w->conf->vanish && def->vanishes && (w->rec->version + i) % 3 == 0)
            continue;
        uint64_t generation = def->period > 0 ? w->rec->version / def->period : 0;
        w->pen.rng = rng_seed(seed ^ (i << 32), w->rec->id, generation);
        member_name(w, def->name);
        def->write(w);
    }
}

static void sentence(struct writing *w)
{
    pen_plain(&w->pen, words_pick(WORDS_SENTENCE, rng_next(&w->pen.rng)));
}

/* More sentences while they fit, then dots: the record ends at `target` bytes if it can. */
static void fill(struct writing *w, size_t begin, size_t target)
{
    const size_t closing = 2, longest = 96;
    const struct buf *out = w->pen.out;
    while (w->pen.rc == OK && out->len - begin + longest + closing < target) {
        pen_put(&w->pen, " ");
        sentence(w);
    }
    while (w->pen.rc == OK && out->len - begin + closing < target)
        pen_put(&w->pen, ".");
}

static void notes(struct writing *w, size_t begin, size_t target, enum body_odd odd)
{
    w->pen.rng =
        rng_seed(table_seed(w->table) ^ UINT64_C(0x6e6f746573), w->rec->id, w->rec->version);
    member_name(w, "notes");
    pen_put(&w->pen, "\"");
    if (odd == ODD_NUL)
        pen_put(&w->pen, "a\\u0000b");
    else if (odd == ODD_SURROGATE)
        pen_put(&w->pen, "\\ud83d");
    else if (is_full(w->conf))
        sentence(w);
    fill(w, begin, target);
    pen_put(&w->pen, "\"");
}

static size_t target_size(const struct writing *w)
{
    uint64_t which = (uint64_t)w->rec->id << 32 | w->rec->version;
    if (w->conf->bytes != 0)
        return w->conf->bytes;
    return 1000 + (size_t)(rng_mix(table_seed(w->table), which) % 500);
}

enum err_code body_text(const struct body_conf *conf, const struct table *t, const struct rec *rec,
                        struct buf *out)
{
    struct writing w = {.pen = {.out = out}, .conf = conf, .table = t, .rec = rec};
    size_t begin = out->len;
    enum body_odd odd = odd_kind(&w);
    key(&w, odd);
    if (conf->bytes == 0 || conf->bytes >= CREATED_FROM) {
        member_name(&w, "time_created");
        stamp(&w, rec->created);
    }
    modified(&w);
    deleted(&w);
    member_name(&w, "revision");
    pen_uint(&w.pen, rec->version);
    if (is_full(conf))
        members(&w);
    notes(&w, begin, target_size(&w) + w.extra, odd);
    pen_put(&w.pen, "}");
    return w.pen.rc;
}

/* The end of the value that begins at i; text is known to be good. */
static size_t value_end(const char *text, size_t n, size_t i)
{
    unsigned depth = 0;
    bool quoted = false;
    for (; i < n; i++) {
        char c = text[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (c == '{' || c == '[')
            depth++;
        else if (depth == 0 && (c == ',' || c == '}'))
            return i;
        else if (c == '}' || c == ']')
            depth--;
    }
    return n;
}

bool body_member(const char *text, size_t n, const char *name, const char **value, size_t *len)
{
    size_t want = strlen(name);
    size_t i = 1; /* after `{` */
    while (i < n && text[i] == '"') {
        size_t name_end = i + 1;
        while (name_end < n && text[name_end] != '"')
            name_end += text[name_end] == '\\' ? 2 : 1;
        size_t begin = name_end + 2; /* after `":` */
        size_t end = value_end(text, n, begin);
        if (name_end - i - 1 == want && memcmp(text + i + 1, name, want) == 0) {
            *value = text + begin;
            *len = end - begin;
            return true;
        }
        i = end + 1;
    }
    return false;
}

static void new_line(struct pen *p, unsigned depth)
{
    pen_put(p, "\n");
    for (unsigned i = 0; i < depth; i++)
        pen_put(p, "    ");
}

enum err_code body_pretty(struct buf *out, const char *text, size_t n, unsigned depth)
{
    struct pen p = {.out = out};
    bool quoted = false;
    for (size_t i = 0; i < n && p.rc == OK; i++) {
        char c = text[i];
        bool opens = !quoted && (c == '{' || c == '['), closes = !quoted && (c == '}' || c == ']');
        if (closes)
            new_line(&p, --depth);
        pen_raw(&p, &c, 1);
        if (quoted && c == '\\' && i + 1 < n)
            pen_raw(&p, &text[++i], 1);
        else if (c == '"')
            quoted = !quoted;
        else if (opens)
            new_line(&p, ++depth);
        else if (!quoted && c == ',')
            new_line(&p, depth);
        else if (!quoted && c == ':')
            pen_put(&p, " ");
    }
    return p.rc;
}

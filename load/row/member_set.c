#include "load/row/member_set_private.h"
#include "load/row/row_shape.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define PLACES_LEAST 1024u /* room for some hundred members, as most tables have */

uint64_t member_hash(uint64_t parent, const char *name, size_t n)
{
    uint64_t hash = XXH3_64bits_withSeed(name, n, parent);

    return hash > 1 ? hash : 2; /* 0 is no member */
}

enum err_code member_set_open(struct member_set **out, const char *file, unsigned depth,
                              struct err *e)
{
    struct member_set *s = calloc(1, sizeof *s);
    enum err_code rc = OK;

    *out = NULL;
    if (s == NULL || (s->places = calloc(PLACES_LEAST, sizeof *s->places)) == NULL ||
        (s->file = strdup(file)) == NULL) {
        rc = err_set(e, ERR_NOMEM, "out of memory");
        goto done;
    }
    s->room = PLACES_LEAST;
    s->depth = depth < LEVELS_MAX ? depth : LEVELS_MAX;
    for (unsigned i = 0; i < s->depth; i++)
        if ((rc = json_splitter_open(&s->splitters[i], e)) != OK)
            goto done;
    member_set_read(s);
    *out = s;
    s = NULL;
done:
    member_set_close(s);
    return rc;
}

void member_set_close(struct member_set *s)
{
    if (s == NULL)
        return;
    for (unsigned i = 0; i < s->depth; i++)
        json_splitter_close(s->splitters[i]);
    free(s->places);
    free(s->news);
    free(s->file);
    free(s);
}

/* ---- the set ---- */

struct seen *member_set_place(struct member_set *s, uint64_t hash)
{
    size_t at = hash % s->room;

    while (s->places[at].member.hash != 0 && s->places[at].member.hash != hash)
        at = (at + 1) % s->room;
    return &s->places[at];
}

/* Makes room for one more member. */
static bool make_room(struct member_set *s)
{
    struct seen *before = s->places;
    size_t n = s->room;

    if (3 * (s->count + 1) <= n || n == PLACES_MOST)
        return true;
    struct seen *more = calloc(2 * n, sizeof *more);
    if (more == NULL)
        return false;
    s->places = more;
    s->room = 2 * n;
    for (size_t i = 0; i < n; i++)
        if (before[i].member.hash != 0)
            *member_set_place(s, before[i].member.hash) = before[i];
    free(before);
    return true;
}

static bool note_new(struct member_set *s, struct member_new member)
{
    if (s->news_count == s->news_room) {
        size_t room = s->news_room == 0 ? 64 : s->news_room * 2;
        struct member_new *more = reallocarray(s->news, room, sizeof *more);
        if (more == NULL)
            return false;
        s->news = more;
        s->news_room = room;
    }
    s->news[s->news_count++] = member;
    return true;
}

void member_set_put(struct member_set *s, struct member_new member, bool known)
{
    if (member_set_place(s, member.hash)->member.hash != 0 || s->count >= MEMBER_SET_MOST)
        return;
    if (!make_room(s) || (!known && !note_new(s, member))) {
        s->broken = true;
        LOG(LOG_WARN, "members", "out of memory: the next run looks for new members again",
            F_STR("file", s->file));
        return;
    }
    *member_set_place(s, member.hash) = (struct seen){.member = member, .known = known};
    s->count++;
}

void member_set_count(struct member_set *s, struct member_new member)
{
    struct seen *parent = member.parent != MEMBER_ROOT ? member_set_place(s, member.parent) : NULL;

    if (parent != NULL && parent->member.hash != 0)
        parent->below++;
}

/* ---- looking ---- */

static bool is_wide(struct member_set *s, uint64_t hash)
{
    return hash != MEMBER_ROOT && member_set_place(s, hash)->below > MEMBER_SET_WIDE;
}

static void add(struct member_set *s, struct member_new member)
{
    size_t before = s->count;

    member_set_put(s, member, false);
    if (s->count > before)
        member_set_count(s, member);
}

static void look_below(struct member_set *s, const struct member *m, uint64_t hash, unsigned level);

/* Looks at the members of an object; at level 0 without those that are columns of the table. */
static void look_at(struct member_set *s, const struct record *r, const struct shape *shape,
                    uint64_t parent, unsigned level)
{
    bool names = shape == NULL || shape->id != 0;

    for (size_t i = 0; shape != NULL && i < SHAPES && names; i++)
        names = s->shapes[i] != shape->id;
    for (size_t i = 0; i < r->count && !s->broken; i++) {
        const struct member *m = &r->members[i];
        bool object = m->kind == JSON_OBJECT && level < s->depth;
        if ((!names && !object) || (shape != NULL && (i == shape->key || i == shape->created ||
                                                      i == shape->modified || i == shape->deleted)))
            continue;
        uint64_t hash = member_hash(parent, m->name, m->name_len);
        if (names && !is_wide(s, parent))
            add(s, (struct member_new){hash, parent});
        if (object && !is_wide(s, hash))
            look_below(s, m, hash, level);
    }
    if (shape != NULL && names) {
        s->shapes[s->next_shape] = shape->id;
        s->next_shape = (s->next_shape + 1) % SHAPES;
    }
}

/* The text is JSON: the record was taken apart. */
static void look_below(struct member_set *s, const struct member *m, uint64_t hash, unsigned level)
{
    struct record r;
    struct err none = ERR_INIT;

    if (json_splitter_run(s->splitters[level], m->value, m->value_len, &r, &none) == OK)
        look_at(s, &r, NULL, hash, level + 1);
}

/* Writes the file before the record is committed. */
static void note(struct member_set *s)
{
    if (s->news_count == 0 || s->noted)
        return;
    s->noted = true;
    member_set_write(s, true);
}

void member_set_look(struct member_set *s, const struct record *r, const struct shape *shape)
{
    if (s == NULL || s->broken)
        return;
    look_at(s, r, shape, MEMBER_ROOT, 0);
    note(s);
}

void member_set_adopt(struct member_set *s, const struct member_set *other)
{
    for (size_t i = 0; other != NULL && i < other->news_count; i++)
        add(s, other->news[i]);
    note(s);
}

bool member_set_is_due(const struct member_set *s)
{
    return s != NULL && (s->due || s->news_count > 0) && when_now() >= s->not_before;
}

bool member_set_is_whole(const struct member_set *s)
{
    return !s->due;
}

void member_set_postpone(struct member_set *s, int64_t us)
{
    s->not_before = when_now() + us;
    member_set_write(s, true);
}

const struct member_new *member_set_news(const struct member_set *s, size_t *n)
{
    *n = s->news_count;
    return s->news;
}

void member_set_learn(struct member_set *s, const struct member_new *news, size_t n)
{
    size_t kept = 0;

    if (s == NULL)
        return;
    for (size_t i = 0; i < n; i++)
        member_set_place(s, news[i].hash)->known = true;
    for (size_t i = 0; i < s->news_count; i++)
        if (!member_set_place(s, s->news[i].hash)->known)
            s->news[kept++] = s->news[i];
    s->news_count = kept;
    s->due = false;
    s->not_before = 0;
    s->noted = kept > 0;
    member_set_write(s, s->noted);
}

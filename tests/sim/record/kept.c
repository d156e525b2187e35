#include "tests/sim/record/kept.h"

#include <stdlib.h>
#include <string.h>

/* A text, and all of the record and of the moods that it was made from. */
struct text {
    struct rec rec;
    unsigned deleted_is;
    bool key_text;
    size_t len;
    char data[];
};

struct shelf {
    const struct table *table;
    struct text **texts; /* by id */
    size_t room;
};

struct kept {
    size_t limit;
    size_t bytes;
    struct shelf *shelves;
    size_t n;
};

struct kept *kept_open(size_t limit)
{
    struct kept *k = calloc(1, sizeof *k);
    if (k != NULL)
        k->limit = limit;
    return k;
}

void kept_close(struct kept *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; i < k->n; i++) {
        for (size_t id = 0; id < k->shelves[i].room; id++)
            free(k->shelves[i].texts[id]);
        free(k->shelves[i].texts);
    }
    free(k->shelves);
    free(k);
}

size_t kept_bytes(const struct kept *k)
{
    return k->bytes;
}

static struct shelf *shelf_of(struct kept *k, const struct table *t)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->shelves[i].table == t)
            return &k->shelves[i];
    struct shelf *more = realloc(k->shelves, (k->n + 1) * sizeof *more);
    if (more == NULL)
        return NULL;
    k->shelves = more;
    k->shelves[k->n] = (struct shelf){.table = t};
    return &k->shelves[k->n++];
}

/* The place of a record's text, or NULL when memory is short. */
static struct text **place_of(struct kept *k, const struct table *t, uint32_t id)
{
    struct shelf *s = shelf_of(k, t);
    if (s == NULL)
        return NULL;
    if (id >= s->room) {
        size_t room = (size_t)table_next_id(t) + 1;
        if (id >= room)
            return NULL;
        room += room / 8;
        struct text **texts = realloc(s->texts, room * sizeof(struct text *));
        if (texts == NULL)
            return NULL;
        for (size_t i = s->room; i < room; i++)
            texts[i] = NULL;
        s->texts = texts;
        s->room = room;
    }
    return &s->texts[id];
}

static bool is_of(const struct text *text, const struct body_conf *conf, const struct rec *rec)
{
    return text->rec.time == rec->time && text->rec.created == rec->created &&
           text->rec.id == rec->id && text->rec.version == rec->version &&
           text->rec.flags == rec->flags && text->deleted_is == conf->deleted_is &&
           text->key_text == conf->key_text;
}

static void forget(struct kept *k, struct text **place)
{
    if (*place == NULL)
        return;
    k->bytes -= (*place)->len;
    free(*place);
    *place = NULL;
}

static void keep(struct kept *k, struct text **place, const struct text *what, const char *data)
{
    if (what->len > k->limit - k->bytes)
        return;
    struct text *text = malloc(sizeof *text + what->len);
    if (text == NULL)
        return;
    *text = *what;
    memcpy(text->data, data, what->len);
    k->bytes += what->len;
    *place = text;
}

enum err_code kept_text(struct kept *k, const struct body_conf *conf, const struct table *t,
                        const struct rec *rec, struct buf *out)
{
    struct text **place = k != NULL && k->limit > 0 ? place_of(k, t, rec->id) : NULL;
    if (place == NULL)
        return body_text(conf, t, rec, out);
    if (*place != NULL && is_of(*place, conf, rec))
        return buf_add(out, (*place)->data, (*place)->len);
    forget(k, place);
    size_t begin = out->len;
    enum err_code rc = body_text(conf, t, rec, out);
    if (rc != OK)
        return rc;
    const struct text text = {.rec = *rec,
                              .deleted_is = conf->deleted_is,
                              .key_text = conf->key_text,
                              .len = out->len - begin};
    keep(k, place, &text, out->data + begin);
    return OK;
}

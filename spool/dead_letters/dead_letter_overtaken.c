#include "spool/dead_letters/dead_letter_overtaken.h"

#include "shared/json/json_hint.h"
#include <stdlib.h>
#include <string.h>

#define LEAST 64u

enum mark {
    NONE,
    OVERTAKEN,
    IN, /* the very line has gone in */
};

struct watched {
    struct dead_version version;
    int64_t at;
    bool used;
    enum mark mark;
};

/* An open hash table by key; the dead letters of one key are in slots that follow each other. */
struct dead_overtaken {
    const struct spool *spool;
    enum dead_side side;
    char *table;
    const char *key_name;
    struct zone *zone;
    int64_t opened;
    struct dead_position position;
    bool anew;
    struct watched *letters;
    size_t room; /* a power of two, or 0 */
    size_t count;
    size_t marks[IN + 1]; /* how many have which */
    enum mark removing;
    uint64_t recent;
};

enum err_code dead_overtaken_open(struct dead_overtaken **out, const struct spool *s,
                                  const char *table, enum dead_side side, const char *key_name,
                                  struct zone *zone, struct err *e)
{
    struct dead_overtaken *x = calloc(1, sizeof *x);
    *out = NULL;
    if (x == NULL || (x->table = strdup(table)) == NULL) {
        free(x);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    x->spool = s;
    x->side = side;
    x->key_name = key_name;
    x->zone = zone;
    x->opened = when_now();
    *out = x;
    return OK;
}

void dead_overtaken_close(struct dead_overtaken *x)
{
    if (x == NULL)
        return;
    free(x->letters);
    free(x->table);
    free(x);
}

size_t dead_overtaken_watched(const struct dead_overtaken *x)
{
    return x->count;
}

/* -- versions */

bool dead_version_read(struct dead_version *v, const struct dead_letter *letter,
                       const char *key_name, struct zone *zone)
{
    char digits[24];
    struct json_hint hint = json_hint_read(key_name, letter->raw, letter->raw_len);
    if (hint.key_len == 0 || hint.key_len >= sizeof digits)
        return false;
    memcpy(digits, hint.key, hint.key_len);
    digits[hint.key_len] = 0;
    *v = (struct dead_version){.key = strtoll(digits, NULL, 10),
                               .time = WHEN_NONE,
                               .place = letter->place,
                               .line = letter->line};
    if (hint.time_len == 0 || when_parse(hint.time, hint.time_len, zone, &v->time) != OK)
        v->time = WHEN_NONE;
    return true;
}

bool dead_version_overtakes(const struct dead_version *in, const struct dead_version *dead)
{
    if (in->key != dead->key)
        return false;
    if (in->time != WHEN_NONE && dead->time != WHEN_NONE && in->time != dead->time)
        return in->time > dead->time;
    int c = page_compare(in->place, dead->place);
    return c > 0 || (c == 0 && in->line >= dead->line);
}

static bool same(const struct dead_version *a, const struct dead_version *b)
{
    return a->key == b->key && a->time == b->time && page_compare(a->place, b->place) == 0 &&
           a->line == b->line;
}

/* -- the table */

static size_t place_of(const struct dead_overtaken *x, int64_t key)
{
    return (size_t)((uint64_t)key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (x->room - 1);
}

static void put(struct dead_overtaken *x, const struct watched *w)
{
    size_t i = place_of(x, w->version.key);
    while (x->letters[i].used)
        i = (i + 1) & (x->room - 1);
    x->letters[i] = *w;
}

/* At most half full. */
static enum err_code make_room(struct dead_overtaken *x, struct err *e)
{
    if (2 * (x->count + 1) <= x->room)
        return OK;
    struct watched *before = x->letters;
    size_t n = x->room;
    size_t room = n > 0 ? 2 * n : LEAST;
    struct watched *more = calloc(room, sizeof *more);
    if (more == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    x->letters = more;
    x->room = room;
    for (size_t i = 0; i < n; i++)
        if (before[i].used)
            put(x, &before[i]);
    free(before);
    return OK;
}

static void forget(struct dead_overtaken *x)
{
    if (x->count > 0)
        memset(x->letters, 0, x->room * sizeof *x->letters);
    x->count = x->marks[OVERTAKEN] = x->marks[IN] = 0;
}

static enum err_code watch(void *ctx, const struct dead_letter *letter, struct err *e)
{
    struct dead_overtaken *x = ctx;
    struct watched w = {.at = letter->at, .used = true};
    if (x->anew)
        forget(x);
    x->anew = false;
    if (letter->state != DEAD_LISTED || x->count == DEAD_OVERTAKEN_MAX ||
        !dead_version_read(&w.version, letter, x->key_name, x->zone))
        return OK;
    enum err_code rc = make_room(x, e);
    if (rc != OK)
        return rc;
    put(x, &w);
    x->count++;
    return OK;
}

enum err_code dead_overtaken_refresh(struct dead_overtaken *x, struct err *e)
{
    enum err_code rc =
        dead_each_since(x->spool, x->table, x->side, &x->position, &x->anew, watch, x, e);
    if (rc == OK && x->anew) /* there is none (any more) */
        forget(x);
    return rc;
}

void dead_overtaken_note(struct dead_overtaken *x, const struct dead_version *in)
{
    if (x->count == 0)
        return;
    for (size_t i = place_of(x, in->key); x->letters[i].used; i = (i + 1) & (x->room - 1)) {
        struct watched *w = &x->letters[i];
        bool itself = x->side == DEAD_EXTRACT || (page_compare(in->place, w->version.place) == 0 &&
                                                  in->line == w->version.line);
        if (w->mark == NONE && dead_version_overtakes(in, &w->version)) {
            w->mark = itself ? IN : OVERTAKEN;
            x->marks[w->mark]++;
        }
    }
}

void dead_overtaken_unmark(struct dead_overtaken *x)
{
    if (x->marks[OVERTAKEN] + x->marks[IN] == 0)
        return;
    for (size_t i = 0; i < x->room; i++)
        x->letters[i].mark = NONE;
    x->marks[OVERTAKEN] = x->marks[IN] = 0;
}

/* A dead letter that is not watched stays: one that was added since, for instance. */
static bool stays(void *ctx, const struct dead_letter *letter)
{
    struct dead_overtaken *x = ctx;
    struct dead_version v;
    if (!dead_version_read(&v, letter, x->key_name, x->zone))
        return true;
    for (size_t i = place_of(x, v.key); x->letters[i].used; i = (i + 1) & (x->room - 1))
        if (x->letters[i].mark == x->removing && same(&x->letters[i].version, &v)) {
            x->recent += letter->at >= x->opened;
            return false;
        }
    return true;
}

/* A dead letter whose very line has gone in is removed: that line is loaded. One that was overtaken keeps its place, because its
 * line is not. The extractor's dead letters are of no line, and are removed. */
enum err_code dead_overtaken_remove(struct dead_overtaken *x, uint64_t *recent, struct err *e)
{
    enum err_code rc = OK;
    bool any = x->marks[OVERTAKEN] + x->marks[IN] > 0;
    x->recent = 0;
    for (x->removing = OVERTAKEN; x->removing <= IN && rc == OK; x->removing++)
        if (x->marks[x->removing] > 0)
            rc = dead_unlist(x->spool, x->table, x->side,
                             x->removing == OVERTAKEN ? DEAD_OVERTAKEN : DEAD_LISTED, stays, x, e);
    *recent = x->recent;
    dead_overtaken_unmark(x);
    return rc == OK && any ? dead_overtaken_refresh(x, e) : rc;
}

#include "spool/dead_letters/dead_letter_versions.h"

#include "spool/dead_letters/dead_letter_line.h"
#include <stdlib.h>
#include <string.h>

#define LEAST 1024u

/* An open hash table of 64-bit hashes; 0 is an empty place. */
struct dead_versions {
    const struct spool *spool;
    enum dead_side side;
    char *table;
    struct dead_position position;
    bool anew;
    uint64_t *hashes;
    size_t room; /* a power of two, or 0 */
    size_t count;
};

enum err_code dead_versions_open(struct dead_versions **out, const struct spool *s,
                                 const char *table, enum dead_side side, struct err *e)
{
    struct dead_versions *x = calloc(1, sizeof *x);
    *out = NULL;
    if (x == NULL || (x->table = strdup(table)) == NULL) {
        free(x);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    x->spool = s;
    x->side = side;
    *out = x;
    return OK;
}

void dead_versions_close(struct dead_versions *x)
{
    if (x == NULL)
        return;
    free(x->hashes);
    free(x->table);
    free(x);
}

static size_t place_of(const uint64_t *hashes, size_t room, uint64_t hash)
{
    size_t i = (size_t)hash & (room - 1);
    while (hashes[i] != 0 && hashes[i] != hash)
        i = (i + 1) & (room - 1);
    return i;
}

/* Makes room so that the table is at most half full. Returns false, and nothing more is remembered, without memory or at the cap. */
static bool make_room(struct dead_versions *x)
{
    if (2 * (x->count + 1) <= x->room)
        return true;
    size_t room = x->room > 0 ? 2 * x->room : LEAST;
    uint64_t *more = room <= 2 * DEAD_VERSIONS_MAX ? calloc(room, sizeof *more) : NULL;
    if (more == NULL)
        return false;
    for (size_t i = 0; i < x->room; i++)
        if (x->hashes[i] != 0)
            more[place_of(more, room, x->hashes[i])] = x->hashes[i];
    free(x->hashes);
    x->hashes = more;
    x->room = room;
    return true;
}

static bool add_hash(struct dead_versions *x, uint64_t hash)
{
    if (x->room > 0 && x->hashes[place_of(x->hashes, x->room, hash)] == hash)
        return false;
    if (make_room(x)) {
        x->hashes[place_of(x->hashes, x->room, hash)] = hash;
        x->count++;
    }
    return true;
}

bool dead_versions_add(struct dead_versions *x, const char *raw, size_t n)
{
    return add_hash(x, dead_letter_hash(raw, n));
}

static void forget(struct dead_versions *x)
{
    if (x->room > 0)
        memset(x->hashes, 0, x->room * sizeof *x->hashes);
    x->count = 0;
}

void dead_versions_reset(struct dead_versions *x)
{
    forget(x);
    x->position = (struct dead_position){0};
}

static enum err_code note(void *ctx, const struct dead_letter *letter, struct err *e)
{
    struct dead_versions *x = ctx;
    (void)e;
    if (x->anew)
        forget(x);
    x->anew = false;
    if (letter->state == DEAD_DISMISSED && letter->hash != 0)
        (void)add_hash(x, letter->hash);
    else if (letter->state == DEAD_LISTED && letter->raw_len > 0)
        (void)dead_versions_add(x, letter->raw, letter->raw_len);
    return OK;
}

enum err_code dead_versions_refresh(struct dead_versions *x, struct err *e)
{
    enum err_code rc =
        dead_each_since(x->spool, x->table, x->side, &x->position, &x->anew, note, x, e);
    if (rc == OK && x->anew) /* there is none (any more) */
        forget(x);
    return rc;
}

/* The log of lines (unchanged_cache.h): the window of it that is in memory, looking up and adding lines. */
#include "load/unchanged/unchanged_cache_private.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

void unchanged_rewind(struct unchanged *u)
{
    u->cursor = u->header.appended - unchanged_kept(u);
    u->elsewhere[BACK] = u->header.appended;
    u->has[BACK] = true;
    u->has[SAMPLE] = false;
    u->level = LEVEL_MIN;
    while (unchanged_kept(u) >> u->level > SLOTS)
        u->level++;
}

static uint64_t entry_at(const struct unchanged *u, uint64_t n)
{
    return LOG_AT + n % u->header.capacity * sizeof(struct entry);
}

/* Returns how many of n entries from `first` on lie in one piece of the ring. */
static size_t piece(const struct unchanged *u, uint64_t first, size_t n)
{
    uint64_t left = u->header.capacity - first % u->header.capacity;

    return n < left ? n : (size_t)left;
}

static bool valid(const struct unchanged *u, const struct entry *n, const uint64_t digest[2])
{
    return n->digest[0] == digest[0] && n->digest[1] == digest[1] && n->xid != 0 &&
           n->check == unchanged_check(u, n, offsetof(struct entry, check));
}

static bool have_window(struct unchanged *u)
{
    if (u->window == NULL && !u->broken) {
        u->window = calloc(1, sizeof *u->window);
        u->use = IDLE;
    }
    return u->window != NULL && !u->broken;
}

/* Fills the window's hash table. The newest entries come first, so that of two with one digest the newer is found. Invalidated entries have no
 * digest. */
static void find_places(struct window *w, size_t count)
{
    memset(w->places, 0, sizeof w->places);
    for (size_t i = count; i-- > 0;) {
        if (w->entries[i].xid == 0)
            continue;
        size_t at = w->entries[i].digest[0] % PLACES;
        while (w->places[at] != 0)
            at = (at + 1) % PLACES;
        w->places[at] = (uint16_t)(i + 1);
    }
}

/* Reads a window around an entry: a few entries before it, most behind it. */
static void read_around(struct unchanged *u, uint64_t cursor)
{
    uint64_t end = u->header.appended;
    uint64_t oldest = end - unchanged_kept(u);
    uint64_t first = cursor < oldest + WINDOW / 8 ? oldest : cursor - WINDOW / 8;

    if (first + WINDOW > end)
        first = unchanged_kept(u) < WINDOW ? oldest : end - WINDOW;
    u->first = first;
    u->count = end - first < WINDOW ? (size_t)(end - first) : WINDOW;
    struct entry *entries = u->window->entries;
    size_t n = piece(u, first, u->count);
    u->use = IDLE;
    if (!unchanged_read(u, entries, n * sizeof *entries, entry_at(u, first)) ||
        (n < u->count && !unchanged_read(u, entries + n, (u->count - n) * sizeof *entries, LOG_AT)))
        return;
    find_places(u->window, u->count);
    u->use = READING;
}

static const struct entry *in_window(const struct unchanged *u, const uint64_t digest[2])
{
    const struct window *w = u->window;

    if (u->use != READING)
        return NULL;
    for (size_t at = digest[0] % PLACES; w->places[at] != 0; at = (at + 1) % PLACES)
        if (valid(u, &w->entries[w->places[at] - 1], digest))
            return &w->entries[w->places[at] - 1];
    return NULL;
}

/* Finds an entry by the index, and reads it from the log into u->single. Returns it, or NULL. */
static const struct entry *by_index(struct unchanged *u, const uint64_t digest[2], uint64_t *at)
{
    return unchanged_index_find(u, digest, at) &&
                   unchanged_read(u, &u->single, sizeof u->single, entry_at(u, *at)) &&
                   valid(u, &u->single, digest)
               ? &u->single
               : NULL;
}

/* ---- what is known ---- */

void unchanged_append(struct unchanged *u)
{
    uint64_t first = u->header.appended;

    if (u->use != WRITING || u->window == NULL)
        return;
    const struct entry *entries = u->window->entries;
    u->use = IDLE;
    size_t n = piece(u, first, u->count);
    if (!unchanged_write(u, entries, n * sizeof *entries, entry_at(u, first)) ||
        (n < u->count &&
         !unchanged_write(u, entries + n, (u->count - n) * sizeof *entries, LOG_AT)))
        return;
    unchanged_index_begin(u);
    u->header.appended += u->count;
    while (unchanged_kept(u) >> u->level > SLOTS)
        u->level++;
    for (size_t i = 0; i < u->count; i++)
        unchanged_index_add(u, entries[i].digest, first + i);
}

void unchanged_add(struct unchanged *u, const struct unchanged_seen *seen)
{
    struct entry n = {.digest = {seen->digest[0], seen->digest[1]},
                      .key = seen->row.key,
                      .time_created = seen->row.time_created,
                      .time_modified = seen->row.time_modified,
                      .shape = seen->row.shape,
                      .xid = seen->xid};

    if (u == NULL || seen->xid == 0 || !have_window(u))
        return;
    n.check = unchanged_check(u, &n, offsetof(struct entry, check));
    if (u->use != WRITING)
        u->count = 0;
    u->use = WRITING;
    u->window->entries[u->count++] = n;
    if (u->count == WINDOW)
        unchanged_append(u);
}

/* Looks for the line around the cursor, then elsewhere. */
static const struct entry *search(struct unchanged *u, const uint64_t digest[2], uint64_t *at)
{
    bool away = false;

    if (u->use != READING)
        read_around(u, u->cursor);
    const struct entry *found = in_window(u, digest);
    for (unsigned i = 0; i < PLACES_ELSEWHERE && found == NULL; i++) {
        if (!u->has[i])
            continue;
        away = true;
        u->has[i] = false;
        read_around(u, u->elsewhere[i]);
        found = in_window(u, digest);
    }
    u->has[SAMPLE] = false;
    if (found == NULL) {
        u->use = away ? IDLE : u->use;
        return NULL;
    }
    if (away) {
        u->elsewhere[BACK] = u->cursor;
        u->has[BACK] = true;
    }
    size_t i = (size_t)(found - u->window->entries);
    *at = u->cursor = u->first + i;
    if (i >= WINDOW / 2 && u->first + u->count < u->header.appended)
        u->use = IDLE; /* on to the entries behind it, with the next line */
    return found;
}

bool unchanged_lookup(struct unchanged *u, const char *line, size_t n, struct unchanged_seen *seen)
{
    uint64_t at = 0;

    *seen = (struct unchanged_seen){0};
    if (u == NULL || u->broken)
        return false;
    XXH128_hash_t h = XXH3_128bits_withSeed(line, n, u->header.seed);
    seen->digest[0] = h.low64;
    seen->digest[1] = h.high64;
    unchanged_append(u);
    if (u->header.appended == 0 || !have_window(u))
        return false;
    const struct entry *found = search(u, seen->digest, &at);
    if (found == NULL && (found = by_index(u, seen->digest, &at)) != NULL) {
        u->elsewhere[SAMPLE] = at;
        u->has[SAMPLE] = true;
    }
    if (found == NULL)
        return false;
    seen->row = (struct row){.key = found->key,
                             .time_created = found->time_created,
                             .time_modified = found->time_modified,
                             .shape = found->shape};
    seen->xid = found->xid;
    seen->at = at;
    return true;
}

void unchanged_invalidate(struct unchanged *u, uint64_t at)
{
    static const struct entry none;

    if (u == NULL || u->broken)
        return;
    unchanged_append(u);
    u->use = IDLE; /* the window may have it */
    if (at < u->header.appended && u->header.appended - at <= u->header.capacity)
        (void)unchanged_write(u, &none, sizeof none, entry_at(u, at));
}

void unchanged_seek(struct unchanged *u, uint64_t at)
{
    if (u == NULL || u->broken || at >= u->header.appended)
        return;
    unchanged_append(u);
    u->use = IDLE;
    u->cursor = at;
}

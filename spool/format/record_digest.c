#include "spool/format/record_digest.h"

#include "shared/time/when.h"
#include "spool/format/md5.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct entry {
    int64_t key;
    int64_t time;
};

struct record_digest {
    struct entry *entries; /* open addressing */
    bool *taken;
    size_t capacity;
    size_t count;
    uint64_t parts; /* a power of two: how many passes there are, each for a part of the keys */
    uint64_t part;  /* the pass at hand */
    bool full;      /* there are too many for one pass */
    uint64_t records;
    uint32_t lanes[4];
};

enum err_code record_digest_open(struct record_digest **out, size_t capacity, struct err *e)
{
    struct record_digest *d = calloc(1, sizeof *d);
    *out = NULL;
    if (!d)
        return err_set(e, ERR_NOMEM, "out of memory");
    d->capacity = capacity;
    d->parts = 1;
    d->entries = calloc(capacity, sizeof *d->entries);
    d->taken = calloc(capacity, sizeof *d->taken);
    if (!d->entries || !d->taken) {
        record_digest_close(d);
        return err_set(e, ERR_NOMEM, "out of memory for %zu records", capacity);
    }
    *out = d;
    return OK;
}

void record_digest_close(struct record_digest *d)
{
    if (!d)
        return;
    free(d->entries);
    free(d->taken);
    free(d);
}

void record_digest_begin(struct record_digest *d)
{
    memset(d->taken, 0, d->capacity * sizeof *d->taken);
    d->count = 0;
    d->full = false;
}

void record_digest_add(struct record_digest *d, int64_t key, int64_t time)
{
    uint64_t hash = XXH3_64bits(&key, sizeof key);
    if (d->full || (hash & (d->parts - 1)) != d->part)
        return;
    size_t at = (size_t)((hash >> 20) % d->capacity);
    while (d->taken[at] && d->entries[at].key != key)
        at = (at + 1) % d->capacity;
    if (d->taken[at]) {
        /* WHEN_NONE is less than any time. */
        if (time > d->entries[at].time)
            d->entries[at].time = time;
        return;
    }
    if (d->count >= d->capacity - d->capacity / 4 - 1) {
        d->full = true;
        return;
    }
    d->taken[at] = true;
    d->entries[at] = (struct entry){key, time};
    d->count++;
}

static void take(struct record_digest *d, const struct entry *entry)
{
    char text[MD5_SHORT + 1];
    uint32_t hash[4];
    int n = entry->time == WHEN_NONE
                ? snprintf(text, sizeof text, "%" PRId64 "|", entry->key)
                : snprintf(text, sizeof text, "%" PRId64 "|%" PRId64, entry->key, entry->time);
    md5_short(text, (size_t)n, hash);
    for (size_t i = 0; i < 4; i++)
        d->lanes[i] += hash[i];
    d->records++;
}

bool record_digest_again(struct record_digest *d)
{
    if (d->full) {
        d->parts *= 2;
        d->part = 0;
        d->records = 0;
        memset(d->lanes, 0, sizeof d->lanes);
        return true;
    }
    for (size_t i = 0; i < d->capacity; i++)
        if (d->taken[i])
            take(d, &d->entries[i]);
    return ++d->part < d->parts;
}

void record_digest_result(const struct record_digest *d, char text[RECORD_DIGEST_TEXT],
                          uint64_t *records)
{
    (void)snprintf(text, RECORD_DIGEST_TEXT, "%08" PRIx32 "%08" PRIx32 "%08" PRIx32 "%08" PRIx32,
                   d->lanes[0], d->lanes[1], d->lanes[2], d->lanes[3]);
    *records = d->records;
}

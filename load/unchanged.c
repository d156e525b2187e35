#include "load/unchanged.h"
#include "shared/io.h"
#include "shared/log.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define MAGIC       UINT64_C(0x31636e7579747465) /* and the file's version */
#define HEADER      4096
#define WAYS        8u
#define CHOICES     2u
#define BUCKETS_MIN (UINT64_C(1) << 10)
#define BUCKETS_MAX (UINT64_C(1) << 19) /* 256 MiB, four million lines; then the oldest go */
#define FULL        6u                  /* of WAYS, on the average: time to grow */

struct entry {
    uint64_t digest[2];
    int64_t key;
    int64_t time_created, time_modified;
    uint64_t shape;
    uint64_t xid;
    uint64_t check; /* of all before it */
};

struct header {
    uint64_t magic;
    uint64_t seed;
    uint64_t identity[2];
    uint64_t buckets;
    uint64_t used; /* entries, roughly */
    struct {
        uint64_t xid, segment, page, line;
    } lanes[LANES];
    uint64_t check;
};

struct unchanged {
    int fd;
    char path[IO_PATH];
    struct header header;
    struct unchanged_custody custody[LANES];
    struct entry bucket[WAYS];
    bool broken; /* no disk, no cache */
};

static uint64_t check_of(const struct unchanged *u, const void *p, size_t n)
{
    return XXH3_64bits_withSeed(p, n, u->header.seed);
}

static void give_up(struct unchanged *u, const struct err *why)
{
    if (!u->broken)
        LOG(LOG_DEBUG, "unchanged", "going on without the cache of unchanged lines", F_ERR(why));
    u->broken = true;
    if (ftruncate(u->fd, 0) != 0)
        (void)unlink(u->path);
}

static bool write_at(struct unchanged *u, const void *p, size_t n, uint64_t at)
{
    struct err e = ERR_INIT;

    if (u->broken)
        return false;
    if (io_pwrite(u->fd, p, n, (int64_t)at, u->path, &e) == OK)
        return true;
    give_up(u, &e);
    return false;
}

/* What the file does not have is zeroes, which are no entries. */
static bool read_at(struct unchanged *u, void *p, size_t n, uint64_t at)
{
    struct err e = ERR_INIT;
    size_t got = 0;

    memset(p, 0, n);
    if (u->broken)
        return false;
    if (io_pread(u->fd, p, n, (int64_t)at, &got, u->path, &e) == OK)
        return true;
    give_up(u, &e);
    return false;
}

static void write_header(struct unchanged *u)
{
    struct header *h = &u->header;

    for (unsigned i = 0; i < LANES; i++) {
        h->lanes[i].xid = u->custody[i].xid;
        h->lanes[i].segment = u->custody[i].at.place.segment;
        h->lanes[i].page = u->custody[i].at.place.page;
        h->lanes[i].line = u->custody[i].at.line;
    }
    h->check = check_of(u, h, offsetof(struct header, check));
    (void)write_at(u, h, sizeof *h, 0);
}

static void read_lanes(struct unchanged *u)
{
    const struct header *h = &u->header;

    for (unsigned i = 0; i < LANES; i++)
        u->custody[i] = (struct unchanged_custody){
            h->lanes[i].xid, {{h->lanes[i].segment, h->lanes[i].page}, h->lanes[i].line}};
}

void unchanged_drop(struct unchanged *u)
{
    uint64_t identity[2];

    if (u == NULL || u->broken)
        return;
    memcpy(identity, u->header.identity, sizeof identity);
    u->header = (struct header){.magic = MAGIC, .buckets = BUCKETS_MIN};
    memcpy(u->header.identity, identity, sizeof identity);
    memset(u->custody, 0, sizeof u->custody);
    if (getrandom(&u->header.seed, sizeof u->header.seed, 0) != sizeof u->header.seed ||
        ftruncate(u->fd, 0) != 0) {
        struct err e = ERR_INIT;
        err_sys(&e, ERR_IO, "cannot empty %s", u->path);
        give_up(u, &e);
        return;
    }
    write_header(u);
}

static bool identify(struct unchanged *u, const struct unchanged_id *id)
{
    XXH128_hash_t of_settings = XXH3_128bits(id->settings, strlen(id->settings));
    XXH128_hash_t h = XXH3_128bits_withSeed(id->database, strlen(id->database), of_settings.low64);
    uint64_t identity[2] = {h.low64, h.high64 ^ of_settings.high64};
    struct header *head = &u->header;
    bool same = head->magic == MAGIC && memcmp(head->identity, identity, sizeof identity) == 0 &&
                head->check == check_of(u, head, offsetof(struct header, check)) &&
                head->buckets >= BUCKETS_MIN && head->buckets <= BUCKETS_MAX &&
                (head->buckets & (head->buckets - 1)) == 0;

    memcpy(head->identity, identity, sizeof identity);
    return same;
}

enum err_code unchanged_open(struct unchanged **out, const char *dir, const struct unchanged_id *id,
                             struct err *e)
{
    struct unchanged *u = calloc(1, sizeof *u);
    char name[64];
    enum err_code rc;

    *out = NULL;
    if (u == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    (void)snprintf(name, sizeof name, "unchanged-%016" PRIx64,
                   (uint64_t)XXH3_64bits(id->database, strlen(id->database)));
    u->fd = -1;
    if ((rc = io_path(u->path, dir, name, e)) != OK)
        goto done;
    u->fd = open(u->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (u->fd < 0 || flock(u->fd, LOCK_EX | LOCK_NB) != 0) {
        rc = err_sys(e, ERR_IO, "cannot use %s", u->path);
        goto done;
    }
    (void)read_at(u, &u->header, sizeof u->header, 0);
    if (identify(u, id))
        read_lanes(u);
    else
        unchanged_drop(u);
    *out = u;
    u = NULL;
done:
    unchanged_close(u);
    return rc;
}

void unchanged_close(struct unchanged *u)
{
    if (u == NULL)
        return;
    if (u->fd >= 0)
        (void)close(u->fd);
    free(u);
}

/* ---- entries ---- */

static uint64_t bucket_at(uint64_t n)
{
    return HEADER + n * sizeof(struct entry) * WAYS;
}

/* An entry has two buckets that it may be in, so that they can be nearly full. */
static uint64_t bucket_of(const struct unchanged *u, const uint64_t digest[2], unsigned choice)
{
    return digest[choice] & (u->header.buckets - 1);
}

static bool valid(const struct unchanged *u, const struct entry *n)
{
    return n->xid != 0 && n->check == check_of(u, n, offsetof(struct entry, check));
}

/* Its place in that bucket, which is then in u->bucket; or WAYS. */
static unsigned look_in(struct unchanged *u, const uint64_t digest[2], unsigned choice)
{
    if (!read_at(u, u->bucket, sizeof u->bucket, bucket_at(bucket_of(u, digest, choice))))
        return WAYS;
    for (unsigned i = 0; i < WAYS; i++)
        if (u->bucket[i].digest[0] == digest[0] && u->bucket[i].digest[1] == digest[1] &&
            valid(u, &u->bucket[i]))
            return i;
    return WAYS;
}

static bool has_room(const struct unchanged *u)
{
    for (unsigned i = 0; i < WAYS; i++)
        if (u->bucket[i].xid == 0)
            return true;
    return false;
}

bool unchanged_find(struct unchanged *u, const char *line, size_t n, struct unchanged_seen *seen)
{
    unsigned i = WAYS;

    *seen = (struct unchanged_seen){0};
    if (u == NULL || u->broken)
        return false;
    XXH128_hash_t h = XXH3_128bits_withSeed(line, n, u->header.seed);
    seen->digest[0] = h.low64;
    seen->digest[1] = h.high64;
    for (unsigned choice = 0; choice < CHOICES && i == WAYS; choice++) {
        i = look_in(u, seen->digest, choice);
        if (i == WAYS && has_room(u)) /* then it is not in the other one, as a rule */
            break;
    }
    if (i == WAYS)
        return false;
    const struct entry *found = &u->bucket[i];
    seen->row = (struct row){.key = found->key,
                             .time_created = found->time_created,
                             .time_modified = found->time_modified,
                             .shape = found->shape};
    seen->xid = found->xid;
    return true;
}

/* Where an entry may be put: its own place, a free one, or that of the oldest. That an older one of the same
 * line stays in the other bucket does no harm: it is not what it was, and will be forgotten. */
static uint64_t place_for(struct unchanged *u, const uint64_t digest[2], bool *free_one)
{
    uint64_t oldest_at = 0;
    uint64_t oldest = UINT64_MAX;

    *free_one = false;
    for (unsigned choice = 0; choice < CHOICES; choice++) {
        unsigned at = look_in(u, digest, choice);
        uint64_t start = bucket_at(bucket_of(u, digest, choice));
        for (unsigned i = 0; at == WAYS && i < WAYS; i++) {
            if (!valid(u, &u->bucket[i])) {
                *free_one = true;
                at = i;
            } else if (u->bucket[i].xid < oldest) {
                oldest = u->bucket[i].xid;
                oldest_at = start + i * sizeof(struct entry);
            }
        }
        if (at < WAYS)
            return start + at * sizeof(struct entry);
    }
    return oldest_at;
}

/* Each bucket's entries stay or move to the one that many buckets behind; a crash between the two loses some. */
static void grow(struct unchanged *u)
{
    uint64_t half = u->header.buckets;
    struct entry moved[WAYS];

    for (uint64_t n = 0; n < half && read_at(u, u->bucket, sizeof u->bucket, bucket_at(n)); n++) {
        unsigned count = 0;
        memset(moved, 0, sizeof moved);
        for (unsigned i = 0; i < WAYS; i++) {
            const uint64_t *digest = u->bucket[i].digest;
            unsigned choice = bucket_of(u, digest, 0) == n ? 0 : 1;
            if ((digest[choice] & half) == 0)
                continue;
            moved[count++] = u->bucket[i];
            u->bucket[i] = (struct entry){0};
        }
        if (count == 0)
            continue;
        if (!write_at(u, moved, sizeof moved, bucket_at(n + half)) ||
            !write_at(u, u->bucket, sizeof u->bucket, bucket_at(n)))
            return;
    }
    u->header.buckets = 2 * half;
    write_header(u);
}

void unchanged_learn(struct unchanged *u, const struct unchanged_seen *seen)
{
    struct entry n = {.digest = {seen->digest[0], seen->digest[1]},
                      .key = seen->row.key,
                      .time_created = seen->row.time_created,
                      .time_modified = seen->row.time_modified,
                      .shape = seen->row.shape,
                      .xid = seen->xid};
    bool free_one;

    if (u == NULL || u->broken || seen->xid == 0)
        return;
    n.check = check_of(u, &n, offsetof(struct entry, check));
    uint64_t at = place_for(u, seen->digest, &free_one);
    if (at < HEADER || !write_at(u, &n, sizeof n, at))
        return;
    u->header.used += free_one;
    if (u->header.used > u->header.buckets * FULL && u->header.buckets < BUCKETS_MAX)
        grow(u);
}

void unchanged_forget(struct unchanged *u, const struct unchanged_seen *seen)
{
    static const struct entry none;

    if (u == NULL || u->broken)
        return;
    for (unsigned choice = 0; choice < CHOICES; choice++) {
        unsigned i = look_in(u, seen->digest, choice);
        if (i < WAYS)
            (void)write_at(u, &none, sizeof none,
                           bucket_at(bucket_of(u, seen->digest, choice)) + i * sizeof none);
    }
}

void unchanged_vouch(struct unchanged *u, unsigned lanes, uint64_t xid, const struct progress *at)
{
    if (u == NULL || u->broken)
        return;
    for (unsigned i = 0; i < LANES; i++)
        if ((lanes >> i & 1u) != 0)
            u->custody[i] = (struct unchanged_custody){xid, *at};
    write_header(u);
}

const struct unchanged_custody *unchanged_custody(const struct unchanged *u)
{
    return u == NULL || u->broken ? NULL : u->custody;
}

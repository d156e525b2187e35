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

#define MAGIC      UINT64_C(0x32636e7579747465) /* and the file's version */
#define HEADER     4096
#define ENTRIES    64u /* of a block, which is read at once */
#define BLOCKS_MIN (UINT64_C(1) << 7)
#define BLOCKS_MAX (UINT64_C(1) << 16) /* 256 MiB, four million lines; then the oldest go */
#define FULL       40u                 /* entries of a block, on the average: time to grow */

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
    uint64_t blocks;
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
    struct entry block[ENTRIES];
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

    if (!u->broken && io_pread(u->fd, p, n, (int64_t)at, &got, u->path, &e) != OK)
        give_up(u, &e);
    memset((char *)p + got, 0, n - got);
    return !u->broken;
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
    u->header = (struct header){.magic = MAGIC, .blocks = BLOCKS_MIN};
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
                head->blocks >= BLOCKS_MIN && head->blocks <= BLOCKS_MAX &&
                (head->blocks & (head->blocks - 1)) == 0;

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

static uint64_t block_at(uint64_t n)
{
    return HEADER + n * sizeof(struct entry) * ENTRIES;
}

static uint64_t block_of(const struct unchanged *u, const uint64_t digest[2])
{
    return digest[0] & (u->header.blocks - 1);
}

/* The i-th place of the block to look for it. */
static struct entry *entry_at(struct unchanged *u, const uint64_t digest[2], unsigned i)
{
    return &u->block[(digest[1] + i) % ENTRIES];
}

static bool valid(const struct unchanged *u, const struct entry *n)
{
    return n->xid != 0 && n->check == check_of(u, n, offsetof(struct entry, check));
}

static bool read_block(struct unchanged *u, uint64_t n)
{
    return read_at(u, u->block, sizeof u->block, block_at(n));
}

/* Its entry, in u->block, or NULL; its block is there in any case, or the cache broken. */
static struct entry *look_up(struct unchanged *u, const uint64_t digest[2])
{
    if (!read_block(u, block_of(u, digest)))
        return NULL;
    for (unsigned i = 0; i < ENTRIES; i++) {
        struct entry *at = entry_at(u, digest, i);
        if (at->digest[0] == digest[0] && at->digest[1] == digest[1] && valid(u, at))
            return at;
    }
    return NULL;
}

bool unchanged_find(struct unchanged *u, const char *line, size_t n, struct unchanged_seen *seen)
{
    *seen = (struct unchanged_seen){0};
    if (u == NULL || u->broken)
        return false;
    XXH128_hash_t h = XXH3_128bits_withSeed(line, n, u->header.seed);
    seen->digest[0] = h.low64;
    seen->digest[1] = h.high64;
    const struct entry *found = look_up(u, seen->digest);
    if (found == NULL)
        return false;
    seen->row = (struct row){.key = found->key,
                             .time_created = found->time_created,
                             .time_modified = found->time_modified,
                             .shape = found->shape};
    seen->xid = found->xid;
    return true;
}

/* Where an entry may be put in the block: a free place (xid 0), or that of the oldest. */
static struct entry *place_for(struct unchanged *u, const uint64_t digest[2])
{
    struct entry *oldest = entry_at(u, digest, 0);

    for (unsigned i = 0; i < ENTRIES; i++) {
        struct entry *at = entry_at(u, digest, i);
        if (!valid(u, at)) {
            at->xid = 0;
            return at;
        }
        if (at->xid < oldest->xid)
            oldest = at;
    }
    return oldest;
}

/* Each block's entries stay, or move to the same place of the block that many blocks behind; a crash meanwhile loses
 * some. */
static void grow(struct unchanged *u)
{
    uint64_t half = u->header.blocks;
    struct entry moved[ENTRIES];

    for (uint64_t n = 0; n < half && read_block(u, n); n++) {
        memset(moved, 0, sizeof moved);
        for (unsigned i = 0; i < ENTRIES; i++) {
            if ((u->block[i].digest[0] & half) == 0)
                continue;
            moved[i] = u->block[i];
            u->block[i] = (struct entry){0};
        }
        if (!write_at(u, moved, sizeof moved, block_at(n + half)) ||
            !write_at(u, u->block, sizeof u->block, block_at(n)))
            return;
    }
    u->header.blocks = 2 * half;
    write_header(u);
}

/* An entry, to where one of that digest lies (or may lie) in u->block. */
static bool put(struct unchanged *u, const uint64_t digest[2], const struct entry *at,
                const struct entry *n)
{
    size_t offset = (size_t)((const char *)at - (const char *)u->block);

    return write_at(u, n, sizeof *n, block_at(block_of(u, digest)) + offset);
}

void unchanged_learn(struct unchanged *u, const struct unchanged_seen *seen)
{
    struct entry n = {.digest = {seen->digest[0], seen->digest[1]},
                      .key = seen->row.key,
                      .time_created = seen->row.time_created,
                      .time_modified = seen->row.time_modified,
                      .shape = seen->row.shape,
                      .xid = seen->xid};
    struct entry *at;

    if (u == NULL || u->broken || seen->xid == 0)
        return;
    n.check = check_of(u, &n, offsetof(struct entry, check));
    if ((at = look_up(u, seen->digest)) == NULL)
        at = place_for(u, seen->digest);
    if (!put(u, seen->digest, at, &n))
        return;
    u->header.used += at->xid == 0;
    if (u->header.used > u->header.blocks * FULL && u->header.blocks < BLOCKS_MAX)
        grow(u);
}

void unchanged_forget(struct unchanged *u, const struct unchanged_seen *seen)
{
    static const struct entry none;
    struct entry *at;

    if (u == NULL || u->broken)
        return;
    while ((at = look_up(u, seen->digest)) != NULL && put(u, seen->digest, at, &none))
        ;
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

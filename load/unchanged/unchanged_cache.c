#include "load/unchanged/unchanged_cache_private.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
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

#define MAGIC UINT64_C(0x33636e7579747465) /* and the file's version */

uint64_t unchanged_check(const struct unchanged *u, const void *p, size_t n)
{
    return XXH3_64bits_withSeed(p, n, u->header.seed);
}

static void give_up(struct unchanged *u, const struct err *why)
{
    if (!u->broken)
        LOG(LOG_DEBUG, "unchanged", "going on without the cache of unchanged lines", F_ERR(why));
    u->broken = true;
    if (ftruncate(u->fd, 0) != 0)
        (void)safe_remove(u->path, NULL);
}

bool unchanged_write(struct unchanged *u, const void *p, size_t n, uint64_t at)
{
    struct err e = ERR_INIT;

    if (u->broken)
        return false;
    if (io_pwrite(u->fd, p, n, (int64_t)at, u->path, &e) == OK)
        return true;
    give_up(u, &e);
    return false;
}

bool unchanged_read(struct unchanged *u, void *p, size_t n, uint64_t at)
{
    struct err e = ERR_INIT;
    size_t got = 0;

    if (!u->broken && io_pread(u->fd, p, n, (int64_t)at, &got, u->path, &e) != OK)
        give_up(u, &e);
    memset((char *)p + got, 0, n - got);
    return !u->broken;
}

static bool resize(struct unchanged *u, uint64_t size)
{
    struct err e = ERR_INIT;

    if (ftruncate(u->fd, (off_t)size) == 0)
        return true;
    err_sys(&e, ERR_IO, "cannot cut %s", u->path);
    give_up(u, &e);
    return false;
}

/* ---- the header ---- */

static void write_header(struct unchanged *u)
{
    struct header *h = &u->header;

    for (unsigned i = 0; i < LANES; i++) {
        h->lanes[i].xid = u->validity[i].xid;
        h->lanes[i].segment = u->validity[i].at.place.segment;
        h->lanes[i].page = u->validity[i].at.place.page;
        h->lanes[i].line = u->validity[i].at.line;
    }
    h->check = unchanged_check(u, h, offsetof(struct header, check));
    u->saved = h->appended;
    (void)unchanged_write(u, h, sizeof *h, 0);
}

static void read_lanes(struct unchanged *u)
{
    const struct header *h = &u->header;

    for (unsigned i = 0; i < LANES; i++)
        u->validity[i] = (struct unchanged_validity){
            .xid = h->lanes[i].xid,
            .at = {.place = {h->lanes[i].segment, h->lanes[i].page}, .line = h->lanes[i].line}};
}

static void begin_anew(struct unchanged *u)
{
    struct header *h = &u->header;

    h->magic = MAGIC;
    h->appended = 0;
    unchanged_index_reset(u);
    memset(u->validity, 0, sizeof u->validity);
    if (getrandom(&h->seed, sizeof h->seed, 0) != sizeof h->seed) {
        struct err e = ERR_INIT;
        err_sys(&e, ERR_IO, "no random number can be had");
        give_up(u, &e);
    } else if (resize(u, 0)) {
        write_header(u);
    }
}

static uint64_t capacity_of(const struct unchanged_id *id)
{
    if (id->entries == 0 || id->entries > UNCHANGED_ENTRIES)
        return UNCHANGED_ENTRIES;
    return id->entries > WINDOW ? id->entries : WINDOW;
}

static bool identify(struct unchanged *u, const struct unchanged_id *id)
{
    XXH128_hash_t of_settings = XXH3_128bits(id->settings, strlen(id->settings));
    XXH128_hash_t h = XXH3_128bits_withSeed(id->database, strlen(id->database), of_settings.low64);
    uint64_t identity[2] = {h.low64, h.high64 ^ of_settings.high64};
    struct header *head = &u->header;
    bool same = head->magic == MAGIC && memcmp(head->identity, identity, sizeof identity) == 0 &&
                head->check == unchanged_check(u, head, offsetof(struct header, check)) &&
                head->capacity == capacity_of(id);

    memcpy(head->identity, identity, sizeof identity);
    head->capacity = capacity_of(id);
    return same;
}

uint64_t unchanged_kept(const struct unchanged *u)
{
    const struct header *h = &u->header;

    return h->appended < h->capacity ? h->appended : h->capacity;
}

enum err_code unchanged_open(struct unchanged **out, const char *dir, const struct unchanged_id *id,
                             struct err *e)
{
    struct unchanged *u = calloc(1, sizeof *u);
    char name[64];
    char path[IO_PATH];
    enum err_code rc;

    *out = NULL;
    if (u == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    (void)snprintf(name, sizeof name, "unchanged-%016" PRIx64,
                   (uint64_t)XXH3_64bits(id->database, strlen(id->database)));
    u->fd = -1;
    u->broken = true; /* until it is ours */
    if ((rc = io_path(path, dir, name, e)) != OK)
        goto done;
    if ((u->path = strdup(path)) == NULL) {
        rc = err_set(e, ERR_NOMEM, "out of memory");
        goto done;
    }
    if ((rc = safe_open(&u->fd, u->path, O_RDWR | O_CREAT, e)) != OK)
        goto done;
    if (flock(u->fd, LOCK_EX | LOCK_NB) != 0) {
        rc = err_sys(e, ERR_IO, "cannot use %s", u->path);
        goto done;
    }
    u->broken = false;
    (void)futimens(u->fd, NULL); /* used: not to be pruned (spool/maintenance/stale_caches.h) */
    (void)unchanged_read(u, &u->header, sizeof u->header, 0);
    /* Behind an end that is none any more may be entries that nobody vouched for. */
    if (!identify(u, id) || u->header.appended == 0) {
        begin_anew(u);
    } else {
        read_lanes(u);
        u->saved = u->header.appended;
        if (u->header.appended < u->header.capacity)
            (void)resize(u, LOG_AT + u->header.appended * sizeof(struct entry));
    }
    unchanged_rewind(u);
    *out = u;
    u = NULL;
done:
    unchanged_close(u);
    return rc;
}

bool unchanged_clear(struct unchanged *u)
{
    if (u == NULL || u->broken || (u->header.appended == 0 && u->use != WRITING))
        return false;
    u->use = IDLE;
    begin_anew(u);
    unchanged_rewind(u);
    return true;
}

void unchanged_validate(struct unchanged *u, unsigned lanes, uint64_t xid,
                        const struct progress *at)
{
    if (u == NULL || u->broken)
        return;
    unchanged_append(u);
    unchanged_index_flush(u);
    for (unsigned i = 0; i < LANES; i++)
        if ((lanes >> i & 1u) != 0)
            u->validity[i] = (struct unchanged_validity){xid, *at};
    write_header(u);
}

const struct unchanged_validity *unchanged_validity(const struct unchanged *u)
{
    return u == NULL || u->broken ? NULL : u->validity;
}

void unchanged_release(struct unchanged *u)
{
    if (u == NULL)
        return;
    unchanged_append(u);
    unchanged_index_flush(u);
    unchanged_index_reset(u);
    if (!u->broken && u->saved != u->header.appended)
        write_header(u);
    unchanged_rewind(u);
    u->use = IDLE;
    free(u->window);
    u->window = NULL;
}

void unchanged_close(struct unchanged *u)
{
    unchanged_release(u);
    if (u == NULL)
        return;
    if (u->fd >= 0)
        (void)close(u->fd);
    free(u->path);
    free(u);
}

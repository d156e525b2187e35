/*
 * What unchanged_cache.c (the file: whose it is, its header, who vouches), unchanged_cache_log.c (the entries: where they are
 * looked for, and written) and unchanged_cache_index.c (the samples) share. Nobody else includes this.
 */
#ifndef NETTY_LOAD_UNCHANGED_UNCHANGED_CACHE_PRIVATE_H
#define NETTY_LOAD_UNCHANGED_UNCHANGED_CACHE_PRIVATE_H

#include "load/unchanged/unchanged_cache.h"
#include "shared/files/file_io.h"

/* The file: the header, the index, the log. */
#define HEADER    4096u
#define SLOTS     UINT64_C(65536) /* of the index: a sample each, the last one of its slot */
#define LOG_AT    (HEADER + SLOTS * sizeof(uint64_t))
#define LEVEL_MIN 3u /* one line of 2^level is a sample; so many that the slots are not all taken */
#define WINDOW    256u /* entries that are read, or written, at once */
#define PLACES    512u

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
    uint64_t capacity; /* entries; entry n lies at n % capacity */
    uint64_t appended; /* since the log began */
    struct {
        uint64_t xid, segment, page, line;
    } lanes[LANES];
    uint64_t check;
};

enum use {
    IDLE,
    READING, /* [first, first + count) of the log, and where each is */
    WRITING, /* count entries that are still to be appended */
};

/* Where to look once for a line that is not around the cursor. */
enum elsewhere {
    SAMPLE, /* the line before was found there by itself */
    BACK,   /* where the cursor was before it jumped */
    PLACES_ELSEWHERE
};

struct window {
    struct entry entries[WINDOW];
    uint16_t places[PLACES]; /* open addressing by digest: entry + 1, 0 = free */
};

struct sample_index;

struct unchanged {
    int fd;
    char *path;
    struct header header;
    uint64_t saved; /* header.appended, in the file */
    struct unchanged_validity validity[LANES];
    struct window *window;      /* or NULL */
    struct sample_index *index; /* or NULL: no sample waits */
    enum use use;
    size_t count;
    uint64_t first;
    uint64_t cursor; /* the entry found last */
    uint64_t elsewhere[PLACES_ELSEWHERE];
    bool has[PLACES_ELSEWHERE];
    struct entry single; /* found by itself */
    unsigned level;
    unsigned singles; /* slots that were asked for, since the index began */
    bool broken;      /* no disk, no cache */
};

/* unchanged_cache.c. Where the file cannot be read or written any more, u->broken is set. */
uint64_t unchanged_check(const struct unchanged *u, const void *p, size_t n);
bool unchanged_write(struct unchanged *u, const void *p, size_t n, uint64_t at);
/* What the file does not have is zeroes, which are no entries. */
bool unchanged_read(struct unchanged *u, void *p, size_t n, uint64_t at);
uint64_t unchanged_kept(const struct unchanged *u); /* entries that the log has */

/* unchanged_cache_log.c */
void unchanged_append(struct unchanged *u); /* what was learned, and waits */
/* A load begins to look at the log's beginning, and then at its end. */
void unchanged_rewind(struct unchanged *u);

/* unchanged_cache_index.c. The first is called before entries go to the log; the second adds the log's entry n, if it is a sample; it is in the file after unchanged_index_flush. */
void unchanged_index_begin(struct unchanged *u);
void unchanged_index_add(struct unchanged *u, const uint64_t digest[2], uint64_t n);
void unchanged_index_flush(struct unchanged *u);
/* Sets *at to where in the log the sample may be. */
bool unchanged_index_find(struct unchanged *u, const uint64_t digest[2], uint64_t *at);
/* Frees the memory; samples that wait are dropped. */
void unchanged_index_reset(struct unchanged *u);

#endif

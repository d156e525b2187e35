/* What status.c (the spool) and status_table.c (one table) share. Nobody else includes this. */
#ifndef NETTY_SPOOL_STATUS_STATUS_PRIVATE_H
#define NETTY_SPOOL_STATUS_STATUS_PRIVATE_H

#include "spool/reader/reader.h"
#include "spool/status/status.h"
#include <sys/stat.h>

/* Pages read so far. */
struct track {
    struct reader *reader;
    int64_t pages;
    int64_t records;
    int64_t bytes;
    int64_t complete_to;
};

/* A file as it was when it was read last. */
struct seen {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec changed;
};

struct watched {
    struct status_table table; /* first: what status.tables points to */
    struct track head;         /* to the end; */
    struct track tail;         /* to what all databases have. In between is what waits */
    bool opened;
    struct page_place least; /* the tail's goal */
    bool held;               /* the tail's reader is one page ahead: this one */
    struct page_info next;
    int64_t fetched;             /* the newest page's, and ... */
    struct page_place newest;    /* ... its place */
    uint64_t newest_chain;       /* ... and its chain */
    struct seen dead_letters[2]; /* enum dead_side */
    struct seen run_history[2];  /* enum run_history_side */
    struct seen missing;
    bool there; /* in this look */
};

/* Brings the table up to date, and adds the databases that load it. ERR_DAMAGED does not come: it
 * is counted. */
enum err_code watched_look(struct watched *w, const struct spool *s, const struct status_conf *conf,
                           struct loaded *databases, struct err *e) MUST_CHECK;
void watched_free(struct watched *w);

#endif

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
    struct track head;         /* all pages, to the end */
    struct track tail;         /* the pages that all databases have; those in between wait */
    bool opened;
    struct page_place least; /* up to where the tail reads */
    bool held;               /* the tail's reader is one page ahead, which is `next` */
    struct page_info next;
    int64_t fetched;             /* when the newest page was fetched */
    struct page_place newest;    /* its place */
    uint64_t newest_chain;       /* its chain */
    struct seen dead_letters[2]; /* enum dead_side */
    struct seen run_history[2];  /* enum run_history_side */
    struct seen missing;
    bool there; /* the table is there in this look */
};

/* Brings the table up to date, and adds the databases that load it. Damage is counted and is no failure. */
enum err_code watched_look(struct watched *w, const struct spool *s, const struct status_conf *conf,
                           struct loaded *databases, struct err *e) MUST_CHECK;
void watched_free(struct watched *w);

#endif

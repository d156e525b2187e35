/*
 * Is all well? The one verdict: the page, /healthz, the metrics, netty-spool status and its exit code all show it. It depends on
 * the status alone, and on what the asking program has just seen itself (struct health_last).
 *
 * Not well is: a table that is complete, or loaded, only up to a time longer ago than stale_after; a table whose last run of
 * either program failed, or whose current run tries again after a failure; a table that the API refuses to the key, or does not
 * have; an API that asked to be left alone; a full disk or spool; damage; pages that a database lacks because they were pruned or
 * unreadable; deletions that wait for a person; a pulled spool of which nothing was pulled that is newer than stale_after and the hour
 * between two signs of life, or that lacks an object. A pulled table is late by what was pushed last, since no more can be known. A table that is no longer worked on is never late. The worst reason comes first.
 */
#ifndef NETTY_SPOOL_STATUS_HEALTH_H
#define NETTY_SPOOL_STATUS_HEALTH_H

#include "shared/base/buf.h"
#include "spool/status/status.h"

#define HEALTH_MOST  64 /* reasons that are kept; further ones are only counted */
#define HEALTH_STALE (INT64_C(3600) * 1000000)

enum health_code {
    HEALTH_TABLE_STALE, /* not complete up to a recent time */
    HEALTH_NEVER_COMPLETE,
    HEALTH_LOAD_STALE, /* fetched, and not loaded */
    HEALTH_NEVER_LOADED,
    HEALTH_FAILING,  /* the last run failed */
    HEALTH_TRYING,   /* the current run tries again after a failure */
    HEALTH_UNPROVEN, /* nothing proves that the table is complete */
    HEALTH_THROTTLED,
    HEALTH_FORBIDDEN,     /* the API refuses the table to the key */
    HEALTH_UNKNOWN_TABLE, /* the API has no such table */
    HEALTH_FULL,          /* the disk, or the spool */
    HEALTH_GAP,           /* a database lacks pages that were pruned */
    HEALTH_HOLE,          /* a database lacks pages that could not be read */
    HEALTH_HELD,          /* more deletions than --max-deletes: a person decides */
    HEALTH_DAMAGED,
    HEALTH_WRONG,          /* netty-load check found rows that are not as they should be */
    HEALTH_NOT_PUSHED,     /* a pulled spool: no sign of life has come for long */
    HEALTH_OBJECT_MISSING, /* ... what is behind a missing object cannot be pulled */
    HEALTH_NO_TABLES,
    HEALTH_UNREADABLE /* a table's files, or all of the spool */
};

struct health_reason {
    enum health_code code;
    char table[NAMES_TABLE_MAX + 1]; /* "": the whole spool */
    char error
        [RUN_HISTORY_REASON]; /* HEALTH_FAILING, HEALTH_TRYING, HEALTH_UNREADABLE: err_word; HEALTH_UNPROVEN: why */
    uint64_t count; /* HEALTH_HELD: how many records */
    const char *
        text; /* points into the status: HEALTH_WRONG: what was found; HEALTH_UNREADABLE of a table: why;
                 HEALTH_NOT_PUSHED, HEALTH_OBJECT_MISSING: the place; else NULL */
    int64_t time; /* complete up to; or until when; or since when; or WHEN_NONE */
};

/* How a table's last run ended, by what this process knows itself: the spool's history may lack it. */
struct health_last {
    char table[NAMES_TABLE_MAX + 1];
    enum err_code code;   /* of the last run that ended in this process */
    bool none;            /* no run has ended in this process */
    enum err_code trying; /* the failure after which the run tries again now; or OK */
};

struct health_conf {
    enum run_history_side side; /* which program the struct health_last are of */
    int64_t stale_after;        /* microseconds */
    int64_t
        since; /* when the program began; a table that never was complete is late stale_after later. WHEN_NONE: by its first run */
};

/* The verdict on a status. It points into that status. */
struct health {
    const struct loaded *databases;
    struct health_reason reasons[HEALTH_MOST];
    size_t count; /* of reasons kept */
    size_t total; /* of all reasons; 0: all is well */
    enum err_code
        gravest; /* what netty-spool status ends with: OK where all is well, or only unproven */
};

void health_check(struct health *h, const struct health_conf *conf, const struct status *s,
                  const struct health_last *last, size_t lasts);
/* The verdict where the spool's status could not be read at all, for that reason. */
void health_unreadable(struct health *h, enum err_code code);

/* Returns --stale-after, in microseconds; HEALTH_STALE where it is not given. */
int64_t health_stale_after(const struct options *o);

/* Returns the reason's stable word, for JSON and metrics. */
const char *health_word(enum health_code code);
/* Appends a sentence with what to do, without a full stop. */
enum err_code health_sentence(struct buf *b, const struct health_reason *r, const struct health *h,
                              const struct health_conf *conf) MUST_CHECK;

/* Appends one line for a person, without a line end: "ok", or the reasons. */
enum err_code health_line(struct buf *b, const struct health *h,
                          const struct health_conf *conf) MUST_CHECK;

#endif

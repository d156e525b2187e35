/*
 * Is all well? The one verdict: of the page, /healthz, the metrics, netty-spool status and its exit code. Who asks makes no
 * difference, but for what the asking program has just seen itself (struct health_last).
 *
 * Not well is: a table that is not complete, or not loaded, up to less than stale_after ago; a table whose last run of either
 * program failed, or whose run under way tries again what failed; one that the API refuses to the key, or does not have; an API that asked to be left alone; a full disk or
 * spool; damage; pages that a database lacks and the spool holds no more, or that could not be read; deletions that wait
 * for a person. A table that is not
 * worked on any more is never late. The worst comes first.
 */
#ifndef NETTY_SPOOL_STATUS_HEALTH_H
#define NETTY_SPOOL_STATUS_HEALTH_H

#include "shared/base/buf.h"
#include "spool/status/status.h"

#define HEALTH_MOST  64 /* reasons told; more are only counted */
#define HEALTH_STALE (INT64_C(3600) * 1000000)

enum health_code {
    HEALTH_TABLE_STALE, /* fetched, or complete, only up to then */
    HEALTH_NEVER_COMPLETE,
    HEALTH_LOAD_STALE, /* fetched, and not loaded */
    HEALTH_NEVER_LOADED,
    HEALTH_FAILING,
    HEALTH_TRYING,   /* a run under way tries again what failed */
    HEALTH_UNPROVEN, /* nothing proves that the table is complete */
    HEALTH_THROTTLED,
    HEALTH_FORBIDDEN,     /* the API refuses the table to the key */
    HEALTH_UNKNOWN_TABLE, /* the API has no such table */
    HEALTH_FULL,
    HEALTH_GAP,
    HEALTH_HOLE,
    HEALTH_HELD, /* deletions, more than --max-deletes: a person decides */
    HEALTH_DAMAGED,
    HEALTH_WRONG, /* netty-load check found rows that are not as they should be */
    HEALTH_NO_TABLES,
    HEALTH_UNREADABLE /* a table's files, or all of the spool */
};

struct health_reason {
    enum health_code code;
    char table[NAMES_TABLE_MAX + 1]; /* "": all of it */
    char error
        [RUN_HISTORY_REASON]; /* HEALTH_FAILING, HEALTH_TRYING, HEALTH_UNREADABLE: err_word; HEALTH_UNPROVEN: why */
    uint64_t count; /* HEALTH_HELD: of records */
    const char *
        text; /* of the status: HEALTH_WRONG: what was found; HEALTH_UNREADABLE of a table: why; else NULL */
    int64_t time; /* complete up to; or until when; or since when; or WHEN_NONE */
};

/* How a table's last run ended, where the spool could not be told. */
struct health_last {
    char table[NAMES_TABLE_MAX + 1];
    enum err_code code;   /* of the last run that ended, if one has: */
    bool none;            /* no run has, in this process */
    enum err_code trying; /* what failed, and is tried again now; or OK */
};

struct health_conf {
    enum run_history_side side; /* whose `lasts` there are */
    int64_t stale_after;        /* microseconds */
    int64_t
        since; /* when the program began: what never was complete is given that long. WHEN_NONE: since its first run */
};

/* Of the status that was checked, and good as long as that: */
struct health {
    const struct loaded *databases;
    struct health_reason reasons[HEALTH_MOST];
    size_t count; /* in reasons */
    size_t total; /* 0: all is well */
    enum err_code
        gravest; /* what netty-spool status ends with: OK where all is well, or only unproven */
};

void health_check(struct health *h, const struct health_conf *conf, const struct status *s,
                  const struct health_last *last, size_t lasts);
/* The status itself could not be had. */
void health_unreadable(struct health *h, enum err_code code);

const char *health_word(enum health_code code);
/* A sentence with what to do, without a full stop. */
enum err_code health_sentence(struct buf *b, const struct health_reason *r, const struct health *h,
                              const struct health_conf *conf) MUST_CHECK;

/* One line for a person, without a line end: "ok", or the reasons. */
enum err_code health_line(struct buf *b, const struct health *h,
                          const struct health_conf *conf) MUST_CHECK;

#endif

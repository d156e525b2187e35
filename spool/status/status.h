/*
 * How all of it stands, for those who watch: `netty-spool status` and `report`, /status.json, the
 * metrics, /healthz. How far each table is fetched and loaded, what waits, what was set aside and
 * why, what the last runs did; the spool as a whole; the databases that load it.
 *
 *     status_open(&w, spool, &conf, e);
 *     status_look(w, e);              // now, and again whenever it is wanted
 *     const struct status *s = status_of(w);      // until the next look
 *     status_close(w);
 *
 * A further look costs what is new since the last one: journals are read on, files that did not
 * change are not read again. What is loaded is the loader's last word (loaded.h). No content of a
 * record and no record's key is in it.
 */
#ifndef NETTY_SPOOL_STATUS_STATUS_H
#define NETTY_SPOOL_STATUS_STATUS_H

#include "shared/base/table_names.h"
#include "shared/options/options.h"
#include "spool/control/loaded.h"
#include "spool/control/refused_tables.h"
#include "spool/dead_letters/dead_letters.h"
#include "spool/format/fetch_position.h"
#include "spool/status/run_history.h"

#define STATUS_REASONS    24 /* kept apart; further ones count as "other" */
#define STATUS_REASON     32
#define STATUS_CLOSED     sizeof((struct err *)NULL)->msg
#define STATUS_CHECK_LATE ((int64_t)45 * 86400 * 1000000)
#define STATUS_HISTORY    144 /* runs of each program: a day, at one each ten minutes */

struct status_reason {
    enum dead_side side;
    char reason[STATUS_REASON];
    char sqlstate[6]; /* "" where the database had no say */
    int64_t count;
};

struct status_table {
    char name[NAMES_TABLE_MAX + 1];
    int64_t fetched;     /* when its newest page was; these four or WHEN_NONE */
    int64_t complete_to; /* by that page */
    int64_t loaded_to;   /* complete_to of what all databases have */
    int64_t since;       /* when the oldest page that waits was fetched */
    int64_t pages;       /* that wait, */
    int64_t records;     /* theirs, */
    int64_t bytes;       /* and theirs as NDJSON */
    int64_t set_aside;
    struct status_reason reasons[STATUS_REASONS];
    size_t reasons_count;
    uint64_t damaged;
    uint64_t unreadable;      /* records that the API does not give: complete but for these, */
    int64_t unreadable_since; /* the oldest of them; or WHEN_NONE */
    uint64_t holes; /* runs of pages that some database lacks because they could not be read; */
    uint64_t gaps;  /* ... that the spool holds no more */
    int64_t holes_since; /* or WHEN_NONE */
    uint64_t wrong;      /* findings of netty-load check --share that something is wrong; */
    int64_t wrong_at;    /* ... when the last was found, or WHEN_NONE; */
    char wrong_text[LOADED_WRONG]; /* ... and what it says */
    int64_t checked;   /* when netty-load check --share last looked at it, or WHEN_NONE: never */
    bool check_late;   /* ... and that is longer than STATUS_CHECK_LATE ago */
    int64_t unchecked; /* since when some database's table has to be checked, or WHEN_NONE */
    bool backfill;     /* one is under way: */
    struct backfill_state filled;
    uint64_t held; /* deletions that wait for a person (held_deletions.h) */
    enum err_code
        closed; /* its files cannot be read, for that reason; what else stands here is of before; or OK */
    char closed_text[STATUS_CLOSED];
    bool loaded_unknown; /* loaded.json is damaged */
    bool unlisted; /* not one of the tables to work on any more: it stands still, and is not late */
    struct run_history extract;
    struct run_history load;
    enum err_code trying[2]; /* by enum run_history_side: what a run under way tries again, or OK */
};

struct status {
    int64_t at;
    struct status_table *const *tables; /* sorted by name */
    size_t count;
    int64_t bytes;         /* of all the spool's files */
    int64_t disk_free;     /* what its disk has left for us */
    int64_t breaker_until; /* the API is left alone until then; WHEN_NONE: it is not */
    int64_t
        next_run; /* when the extractor's next run is due, as it told, or by its last runs; or WHEN_NONE */
    struct refused_tables refused; /* that the API does not give us */
    struct loaded databases;       /* each once; at: of its oldest word */
    uint64_t damaged;
};

typedef void status_damage_fn(void *ctx, const char *table, const struct err *what);
struct status_conf {
    const char *const *tables; /* only these, each of which is there; NULL: all there are */
    size_t count;
    bool whole;               /* look for damage in all journals, not only in what is not loaded */
    status_damage_fn *damage; /* each once; may be NULL */
    void *ctx;
    const struct options *options; /* whose tables are to be worked on; NULL: all */
    bool named;                    /* ... those that the command line names, if it does */
    bool
        catalog; /* ... where there is no list, those of the catalog, if there is one: the extractor's */
};

struct status_watch;
/* The spool is borrowed. */
enum err_code status_open(struct status_watch **w, const struct spool *s,
                          const struct status_conf *conf, struct err *e) MUST_CHECK;
enum err_code status_look(struct status_watch *w, struct err *e) MUST_CHECK;
const struct status *status_of(const struct status_watch *w);
void status_close(struct status_watch *w);

/* Requests of the extractor's kept runs for each row that the loader's kept runs changed, over the
 * time that both cover; negative where there is nothing to divide. */
double status_requests_per_change(const struct status_table *t);

#endif

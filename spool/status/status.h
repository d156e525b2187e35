/*
 * How the copy stands: how far each table is fetched and loaded, what waits, how many dead letters there
 * are and why, what the last runs did; the spool as a whole; the databases that load it. `netty-spool
 * status` and `report`, /status.json, the metrics and /healthz are made from this.
 *
 *     status_open(&w, spool, &conf, e);
 *     status_look(w, e);              // now, and again whenever it is wanted
 *     const struct status *s = status_of(w);      // until the next look
 *     status_close(w);
 *
 * A further look costs only what is new since the last one: journals are read on from there, and files
 * that have not changed are not read again. What is loaded is taken from loaded.json (loaded.h). The
 * status has no content of a record and no record's key.
 */
#ifndef NETTY_SPOOL_STATUS_STATUS_H
#define NETTY_SPOOL_STATUS_STATUS_H

#include "shared/base/table_names.h"
#include "shared/options/options.h"
#include "spool/control/loaded.h"
#include "spool/control/refused_tables.h"
#include "spool/dead_letters/dead_letters.h"
#include "spool/format/fetch_position.h"
#include "spool/remote/ship_note.h"
#include "spool/status/run_history.h"

#define STATUS_REASONS    24 /* reasons of a table; further ones are counted as "other" */
#define STATUS_REASON     32
#define STATUS_CLOSED     sizeof((struct err *)NULL)->msg
#define STATUS_CHECK_LATE ((int64_t)45 * 86400 * 1000000)
#define STATUS_HISTORY    144 /* runs of each program: a day, at one each ten minutes */

struct status_reason {
    enum dead_side side;
    char reason[STATUS_REASON];
    char sqlstate[6]; /* "" where the database was not asked */
    int64_t count;
};

struct status_table {
    char name[NAMES_TABLE_MAX + 1];
    /* These four can be WHEN_NONE. */
    int64_t fetched;     /* when the newest page was fetched */
    int64_t complete_to; /* that page's complete_to */
    int64_t loaded_to;   /* complete_to of the last page that all databases have */
    int64_t since;       /* when the oldest page that waits to be loaded was fetched */
    int64_t pages;       /* how many pages wait to be loaded */
    int64_t records;     /* records of these pages */
    int64_t bytes;       /* bytes of these records as NDJSON */
    int64_t set_aside;   /* dead letters that are listed */
    struct status_reason reasons[STATUS_REASONS];
    size_t reasons_count;
    uint64_t damaged;
    uint64_t unreadable;      /* records that the table lacks because the API does not give them */
    int64_t unreadable_since; /* since when it lacks the first of them; or WHEN_NONE */
    uint64_t holes;      /* runs of pages that some database lacks because they were unreadable */
    uint64_t gaps;       /* runs of pages that some database lacks because they were pruned */
    int64_t holes_since; /* the oldest of both; or WHEN_NONE */
    uint64_t wrong;      /* findings of netty-load check --share that something is wrong */
    int64_t wrong_at;    /* when the last finding was made, or WHEN_NONE */
    char wrong_text[LOADED_WRONG]; /* what that finding says */
    int64_t checked;   /* when netty-load check --share last looked at it, or WHEN_NONE: never */
    bool check_late;   /* ... and that is longer than STATUS_CHECK_LATE ago */
    int64_t unchecked; /* since when some database's table has to be checked, or WHEN_NONE */
    bool backfill;     /* one is under way, and filled says how far it is */
    struct backfill_state filled;
    uint64_t held; /* deletions that wait for a person (held_deletions.h) */
    enum err_code
        closed; /* why its files cannot be read now; the other members are then of an earlier look; or OK */
    char closed_text[STATUS_CLOSED];
    bool loaded_unknown; /* loaded.json is damaged */
    bool unlisted; /* not one of the tables to work on any more: it stands still, and is not late */
    struct run_history extract;
    struct run_history load;
    enum err_code trying[2]; /* by enum run_history_side: what the current run tries again, or OK */
};

/* Of a spool that is pulled from where another machine pushes it. */
struct status_pulled {
    bool is;
    char remote[REMOTE_NAME_MAX]; /* the place */
    int64_t
        pushed;   /* when the last object that was pulled was written there; WHEN_NONE: none was */
    uint64_t gap; /* the object that is missing while later ones are there; 0: none */
};

struct status {
    int64_t at;
    struct status_table *const *tables; /* sorted by name */
    size_t count;
    int64_t bytes;         /* of all files in the spool */
    int64_t disk_free;     /* bytes that the disk has left for this user */
    int64_t breaker_until; /* the API is left alone until then; WHEN_NONE: it is not */
    int64_t
        next_run; /* when the extractor's next run is due, by next.json, or by its last runs; or WHEN_NONE */
    struct refused_tables refused; /* tables that the API does not give */
    struct loaded databases;       /* each once; `at` is the oldest of its entries' */
    struct status_pulled pulled;
    uint64_t damaged;
};

typedef void status_damage_fn(void *ctx, const char *table, const struct err *what);
struct status_conf {
    const char *const *tables; /* only these, each of which is there; NULL: all there are */
    size_t count;
    bool whole;               /* look for damage in all journals, not only in pages that wait */
    status_damage_fn *damage; /* called once for each damage; may be NULL */
    void *ctx;
    /* Which tables are worked on; others are `unlisted`. */
    const struct options *options; /* the tables that the settings list; NULL: all */
    bool named;                    /* the tables on the command line count, if there are any */
    bool
        catalog; /* without a list, the list of the database's tables counts, if there is one: for the extractor */
};

struct status_watch;
/* s is borrowed. */
enum err_code status_open(struct status_watch **w, const struct spool *s,
                          const struct status_conf *conf, struct err *e) MUST_CHECK;
enum err_code status_look(struct status_watch *w, struct err *e) MUST_CHECK;
const struct status *status_of(const struct status_watch *w);
void status_close(struct status_watch *w);

/* Returns the number of requests of the extractor's kept runs for each row that the loader's kept runs changed, over the time that
 * both cover; negative where no row was changed. */
double status_requests_per_change(const struct status_table *t);

#endif

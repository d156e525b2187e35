/*
 * The inventory of a table: the keys that the source was seen to hold. Rows of the database whose keys are
 * not in it may have been deleted in the source. The file is <table>/roll.ndjson, "the roll" in FORMAT.md, 16.
 * `netty-extract --reconcile` writes it, under a lock of its own, so that a writer of the table's segments
 * can work beside it; the loader reads it.
 *
 * One roll is one crawl of all keys, however many runs it takes. It is a file of checksummed lines that
 * grows only at its end:
 *   - a page: the keys of one answer, and the crawl's position after it, as one durable step;
 *   - a window: a run has ended here; says what the crawl has read completely by now;
 *   - a lookup: keys that were asked for one by one, and which of them the source has.
 * A last line without its line end is cut off by the next writer. After any other damage a new roll is begun.
 *
 *     inventory_open(&r, spool, "contacts", fn, ctx, e);    // locks, and calls fn for each line there is
 *     inventory_state(r)
 *     inventory_begin(r, e);                                // a new roll, in place of the one that is there
 *       inventory_key(r, 4711, false, e); ...
 *       inventory_page(r, &page, e);                        // or inventory_discard_page(r)
 *     inventory_window(r, &window, e); inventory_lookup(r, &lookup, e);
 *     inventory_close(r);
 *
 * When inventory_page, inventory_window or inventory_lookup returns OK the line survives a crash of the machine. After an
 * error nothing more can be written; lines that were acknowledged stay.
 */
#ifndef NETTY_SPOOL_INVENTORY_INVENTORY_H
#define NETTY_SPOOL_INVENTORY_INVENTORY_H

#include "spool/format/page.h"
#include "spool/store/spool.h"

#define INVENTORY_FILE "roll.ndjson"
#define INVENTORY_LOCK "roll.lock"

/* A record of the database, named by its key and its time_modified. */
struct inventory_pair {
    int64_t key;
    int64_t time; /* or WHEN_NONE */
};

struct inventory_page {
    int64_t fetched;     /* this machine's time when the answer was complete */
    int64_t clock;       /* the server's time then; this machine's if the server sent none */
    uint64_t records;    /* in the answer */
    uint64_t unkeyed;    /* records whose key is no integer */
    uint64_t pass;       /* 1: the crawl of everything; 2: what has changed meanwhile */
    int64_t complete_to; /* by the crawl (extract/crawl/crawl.h); or WHEN_NONE */
    const char *position;
};
struct inventory_window {
    int64_t at;    /* this machine's time */
    int64_t clock; /* the server's time at the last page */
    int64_t to;    /* all records with an earlier time are on the roll; or WHEN_NONE */
    bool ended;    /* the crawl has come to its end: all records are on the roll */
};
struct inventory_lookup {
    int64_t at;
    int64_t clock;
    const struct inventory_pair *absent; /* records that the source does not have */
    size_t absent_count;
    const int64_t *present; /* keys that it has */
    size_t present_count;
    bool useless; /* the source cannot be asked for single keys */
};

/* What all lines of a roll say together. */
struct inventory_state {
    bool there;
    int64_t began; /* this machine's time; names the roll, and a later roll's is greater */
    int64_t last;  /* when the roll before it had ended, or WHEN_NONE */
    int64_t clock; /* the server's time at the first page; WHEN_NONE before that */
    uint64_t pages;
    uint64_t records;
    uint64_t unkeyed;
    uint64_t lookups;
    uint64_t absent;
    uint64_t present;
    bool useless;
    uint64_t windows;
    uint64_t behind;                /* pages since the last window */
    struct inventory_window window; /* the last one */
    struct inventory_page page;     /* the last one; its position is the next member */
    char position[PAGE_POSITION_MAX + 1];
};

enum inventory_kind {
    INVENTORY_PAGE,
    INVENTORY_WINDOW,
    INVENTORY_LOOKUP
};
/* One line. The pointers are valid until fn returns. */
struct inventory_line {
    enum inventory_kind kind;
    uint64_t number; /* among those of its kind, from 1 */
    const int64_t *keys;
    size_t count;
    const int64_t *deleted; /* those of the keys that the source shows as deleted */
    size_t deleted_count;
    const struct inventory_page *page;
    const struct inventory_window *window;
    const struct inventory_lookup *lookup;
};
typedef enum err_code inventory_fn(void *ctx, const struct inventory_line *line, struct err *e);

/* Reads the roll without a lock, and calls fn (which may be NULL) for each line that counts. The file is synced first, so that
 * lines which the caller acts on are durable. Without a roll: OK, and state->there is false. ERR_DAMAGED: the roll is unusable;
 * ERR_CONFIG: it has a newer format. Stops, and returns fn's result, when that is not OK. */
enum err_code inventory_read(const struct spool *s, const char *table,
                             struct inventory_state *state, inventory_fn *fn, void *ctx,
                             struct err *e) MUST_CHECK;

struct inventory;
/* Makes the table's folder, and takes the lock. ERR_BUSY: another process reconciles the table. A damaged roll is logged, and
 * counts as none. */
enum err_code inventory_open(struct inventory **r, const struct spool *s, const char *table,
                             inventory_fn *fn, void *ctx, struct err *e) MUST_CHECK;
void inventory_close(struct inventory *r);
const struct inventory_state *inventory_state(const struct inventory *r);

enum err_code inventory_begin(struct inventory *r, struct err *e) MUST_CHECK;
enum err_code inventory_key(struct inventory *r, int64_t key, bool deleted,
                            struct err *e) MUST_CHECK;
void inventory_discard_page(struct inventory *r);
enum err_code inventory_page(struct inventory *r, const struct inventory_page *page,
                             struct err *e) MUST_CHECK;
enum err_code inventory_window(struct inventory *r, const struct inventory_window *window,
                               struct err *e) MUST_CHECK;
enum err_code inventory_lookup(struct inventory *r, const struct inventory_lookup *lookup,
                               struct err *e) MUST_CHECK;

#endif

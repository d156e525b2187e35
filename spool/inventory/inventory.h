/*
 * The roll of a table: which keys the source was seen to hold, for finding those that it no longer
 * holds (<table>/roll.ndjson; FORMAT.md, 16). Written by `netty-extract --reconcile` alone, under a
 * lock of its own, beside a writer of the table's segments; read by the loader.
 *
 * One roll is one crawl of everything, however many runs it takes. It is a file of lines that vouch
 * for themselves, and grows only at its end:
 *   - a page: the keys of one answer, and the crawl's position behind it: one durable step;
 *   - a window: a run has ended here; what the crawl proves to have read completely by now;
 *   - a lookup: keys that were asked for one by one: which of them the source has, which not.
 * A last line without its end is cut off by the next writer; any other damage gives the roll up.
 *
 *     inventory_open(&r, spool, "contacts", fn, ctx, e);    // the lock, and what there is: each line once
 *     inventory_state(r)
 *     inventory_begin(r, e);                                // a new one, in place of what there was
 *       inventory_key(r, 4711, false, e); ...
 *       inventory_page(r, &page, e);                        // or inventory_discard_page(r)
 *     inventory_window(r, &window, e); inventory_lookup(r, &lookup, e);
 *     inventory_close(r);
 *
 * When inventory_page, inventory_window and inventory_lookup answer OK the line survives a crash of the machine. After
 * an error of theirs nothing more can be written; what was acknowledged stays.
 */
#ifndef NETTY_SPOOL_INVENTORY_INVENTORY_H
#define NETTY_SPOOL_INVENTORY_INVENTORY_H

#include "spool/format/page.h"
#include "spool/store/spool.h"

#define INVENTORY_FILE "roll.ndjson"
#define INVENTORY_LOCK "roll.lock"

/* A record of the database, by what must not change: its key and time_modified. */
struct inventory_pair {
    int64_t key;
    int64_t time; /* or WHEN_NONE */
};

struct inventory_page {
    int64_t fetched;     /* our clock when the answer was complete */
    int64_t clock;       /* the server's then, or ours where it tells none */
    uint64_t records;    /* of the answer */
    uint64_t unkeyed;    /* of them, those whose key is no integer */
    uint64_t pass;       /* 1: the crawl of everything; 2: what changed meanwhile */
    int64_t complete_to; /* the crawl's claim (extract/crawl/crawl.h), or WHEN_NONE */
    const char *position;
};
struct inventory_window {
    int64_t at;    /* our clock */
    int64_t clock; /* the server's at the last page */
    int64_t to;    /* all that shows an earlier time is on the roll; or WHEN_NONE */
    bool ended;    /* the crawl has come to its end: everything is */
};
struct inventory_lookup {
    int64_t at;
    int64_t clock;
    const struct inventory_pair *absent; /* the source does not have these */
    size_t absent_count;
    const int64_t *present; /* it has these */
    size_t present_count;
    bool useless; /* the source cannot be asked for single keys */
};

/* What a roll amounts to. */
struct inventory_state {
    bool there;
    int64_t began; /* our clock; tells one roll from another, and later ones are greater */
    int64_t last;  /* when the one before it had ended, or WHEN_NONE */
    int64_t clock; /* the server's at its first page; WHEN_NONE before that */
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
    struct inventory_page page;     /* the last one, but for its position: */
    char position[PAGE_POSITION_MAX + 1];
};

enum inventory_kind {
    INVENTORY_PAGE,
    INVENTORY_WINDOW,
    INVENTORY_LOOKUP
};
/* What lives until fn returns. */
struct inventory_line {
    enum inventory_kind kind;
    uint64_t number; /* among those of its kind, from 1 */
    const int64_t *keys;
    size_t count;
    const int64_t *deleted; /* of them, those that the source shows as deleted */
    size_t deleted_count;
    const struct inventory_page *page;
    const struct inventory_window *window;
    const struct inventory_lookup *lookup;
};
typedef enum err_code inventory_fn(void *ctx, const struct inventory_line *line, struct err *e);

/* Without a lock, each line that counts; all of it is synced before, so that what is acted on stays. fn may be
 * NULL. No roll: OK, with nothing there. ERR_DAMAGED: it is to be begun anew; ERR_CONFIG: of a newer
 * format. What fn answers ends it. */
enum err_code inventory_read(const struct spool *s, const char *table,
                             struct inventory_state *state, inventory_fn *fn, void *ctx,
                             struct err *e) MUST_CHECK;

struct inventory;
/* Makes the table's folder. ERR_BUSY: another process reconciles the table. A damaged roll is
 * logged and then as good as none. */
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

/*
 * A table's position as the journal holds it: the position of the regular crawl and, if a backfill is under way, the
 * backfill's state and its own position (FORMAT.md, 5, "progress").
 *
 *     fetch_position_read(p, text, e);               // of the last page; NULL or "": none yet
 *     ... the regular crawl begins at p->regular, the backfill's at p->own ...
 *     fetch_position_add(&text, p, own, e);          // text: the regular crawl's new position
 *
 * The regular crawl's part is kept byte for byte. A position that an older version wrote has only that part.
 */
#ifndef NETTY_SPOOL_FORMAT_FETCH_POSITION_H
#define NETTY_SPOOL_FORMAT_FETCH_POSITION_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "spool/format/page.h"

/* How far a backfill is. The counts are those of all its runs together. */
struct backfill_state {
    int64_t began; /* when its first run began */
    int64_t since; /* records from that time on are fetched; WHEN_NONE: all */
    uint64_t runs;
    uint64_t requests;
    uint64_t pages;
    uint64_t bytes;
    uint64_t records; /* found so far, each counted once, about */
    uint64_t of;      /* how many it will find, about; 0: not known */
};

struct fetch_position {
    uint64_t records; /* found by the last crawl of everything; 0: not known */
    int64_t proven; /* complete up to here by a backfill, beyond the regular crawl; or WHEN_NONE */
    bool backfill;  /* a backfill is under way: state and has_own count */
    struct backfill_state state;
    bool
        has_own; /* the backfill has a position of its own; else the table's first regular crawl is the backfill */
    char regular[PAGE_POSITION_MAX + 1];
    char own[PAGE_POSITION_MAX + 1];
};

enum err_code fetch_position_read(struct fetch_position *p, const char *text,
                                  struct err *e) MUST_CHECK;

/* Adds p's other parts to the regular crawl's new position in text. own, the backfill's new position, is used instead of
 * p->own. */
enum err_code fetch_position_add(struct buf *text, const struct fetch_position *p, const char *own,
                                 struct err *e) MUST_CHECK;

/* Is a backfill under way, according to this position? fetch_position_has_backfill looks at the text only;
 * fetch_position_state also reads the backfill's state if *there is true. */
bool fetch_position_has_backfill(const char *text);
enum err_code fetch_position_state(const char *text, struct backfill_state *s, bool *there,
                                   struct err *e) MUST_CHECK;

#endif

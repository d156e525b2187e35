/*
 * A table's position as the journal holds it: the regular crawl's own, and beside it the backfill
 * that is under way, with a position of its own (FORMAT.md, 5, "progress").
 *
 *     fetch_position_read(p, text, e);               // of the last page; NULL or "": none yet
 *     ... p->regular goes to the regular crawl, p->own to the backfill's ...
 *     fetch_position_add(&text, p, own, e);          // text: the regular crawl's new position
 *
 * The regular part is kept byte for byte. A position of an older version has no other part.
 */
#ifndef NETTY_SPOOL_FORMAT_FETCH_POSITION_H
#define NETTY_SPOOL_FORMAT_FETCH_POSITION_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "spool/format/page.h"

/* How far a backfill is. The counts are of all its runs. */
struct backfill_state {
    int64_t began; /* its first run */
    int64_t since; /* from when on; WHEN_NONE: everything */
    uint64_t runs;
    uint64_t requests;
    uint64_t pages;
    uint64_t bytes;
    uint64_t records; /* found so far, each once, about */
    uint64_t of;      /* of about so many; 0: not known */
};

struct fetch_position {
    uint64_t records; /* found by the last crawl of everything; 0: not known */
    int64_t proven; /* complete up to here by a backfill, beyond the regular crawl; or WHEN_NONE */
    bool backfill;  /* one is under way: */
    struct backfill_state state;
    bool
        has_own; /* with a position of its own; else the regular crawl, the table's first, is the backfill */
    char regular[PAGE_POSITION_MAX + 1];
    char own[PAGE_POSITION_MAX + 1];
};

enum err_code fetch_position_read(struct fetch_position *p, const char *text,
                                  struct err *e) MUST_CHECK;

/* Adds to a regular position what p knows beside it. own: the backfill's new position, in place of p->own. */
enum err_code fetch_position_add(struct buf *text, const struct fetch_position *p, const char *own,
                                 struct err *e) MUST_CHECK;

/* Is a backfill under way, by this position? The first looks at the text only; *there false: none is. */
bool fetch_position_has_backfill(const char *text);
enum err_code fetch_position_state(const char *text, struct backfill_state *s, bool *there,
                                   struct err *e) MUST_CHECK;

#endif

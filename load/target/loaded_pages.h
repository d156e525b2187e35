/*
 * The pages that a transaction brings in, and the holes: pages that it has to pass over. The database remembers both beside its
 * progress (netty_sync.loaded_page, netty_sync.hole).
 *
 *     loaded_pages_add(&p, page, e); ...         // each page whose last line is in the batch
 *     loaded_pages_hole(&p, after, place, why);
 *     loaded_pages_sql(&p, pages, key, sql, e);  // the statements, to go with COMMIT
 *
 * Why: after a restore or in a fork, another page may have the same place in the spool. The chains of the pages
 * (spool/journal/journal_codec.h) tell up to where spool and database have the same history.
 */
#ifndef NETTY_LOAD_TARGET_LOADED_PAGES_H
#define NETTY_LOAD_TARGET_LOADED_PAGES_H

#include "load/database/sql.h"
#include "spool/format/page.h"
#include <stdbool.h>

#define LOADED_PAGES_HOLES 16u
#define LOADED_PAGES_WHY   300

struct page_hole {
    struct page_place after, place; /* the pages behind `after`, up to and with `place` */
    bool gap;                       /* the spool no longer holds these pages */
    char why[LOADED_PAGES_WHY];
};

struct loaded_pages {
    struct buf segments, pages,
        chains; /* texts of arrays; each element is a run of pages of one segment */
    struct page_place last;
    uint64_t begun;  /* the last segment whose first page is among these; 0: none */
    int64_t fetched; /* when the newest page was fetched, or WHEN_NONE */
    struct page_hole holes[LOADED_PAGES_HOLES];
    size_t holes_count;
};

void loaded_pages_init(struct loaded_pages *p);
void loaded_pages_free(struct loaded_pages *p);
void loaded_pages_reset(struct loaded_pages *p);
enum err_code loaded_pages_add(struct loaded_pages *p, const struct page_info *page,
                               struct err *e) MUST_CHECK;
/* Adds a hole. Not to be called if loaded_pages_full. */
void loaded_pages_hole(struct loaded_pages *p, struct page_place after, struct page_place place,
                       const char *why);
/* Returns true if one transaction should not take more. */
bool loaded_pages_full(const struct loaded_pages *p);

/* Adds the statements to sql. key: the variables spool, schema, table_name, branch. Pages are written only if `pages` is true: of
 * several transactions that share a batch, one writes them. */
enum err_code loaded_pages_sql(const struct loaded_pages *p, bool pages,
                               const struct sql_var key[4], struct buf *sql,
                               struct err *e) MUST_CHECK;
enum err_code page_hole_sql(const struct page_hole *h, const struct sql_var key[4], struct buf *sql,
                            struct err *e) MUST_CHECK;

#endif

/*
 * The extractor's position since a table's last page: <table>/moved.json (FORMAT.md, 19). When the API shows the last page
 * once more, or nothing, no page is written; only the position changes, and it is kept here.
 *
 *     moved_write(&fd, dir, &info, changes, n, e);      // by the holder of the table's lock; fd is -1 at first
 *     moved_read(dir, &m, e);
 *     if (moved_is_of(&m, &page)) ...                   // else it is about a page that is no longer the last
 *     moved_close(&fd);
 *
 * A hint file (hint_file.h): written in place, never synced. Its loss does no harm: the position is then that of the page, and
 * the extractor asks once more from there and is shown the page again.
 */
#ifndef NETTY_SPOOL_JOURNAL_MOVED_H
#define NETTY_SPOOL_JOURNAL_MOVED_H

#include "spool/format/hint_file.h"
#include "spool/format/page.h"
#include <stdbool.h>

#define MOVED_FILE "moved.json"
/* When a position's changes are longer than this, a page is written for them. */
#define MOVED_CHANGES_MAX 1536

struct moved {
    uint64_t chain;                      /* of the page that was met again (journal_codec.h) */
    int64_t fetched;                     /* when it was met last */
    int64_t complete_to;                 /* the table is complete up to here, or WHEN_NONE */
    bool damaged;                        /* there is a file, and it is damaged */
    size_t n;                            /* bytes of changes; 0: the file says nothing */
    char changes[MOVED_CHANGES_MAX + 1]; /* to the page's own position (position_change.h) */
};

/* A missing or damaged file is OK, with n 0. A newer format is ERR_CONFIG. */
enum err_code moved_read(const char *dir, struct moved *m, struct err *e) MUST_CHECK;
/* Writes the changes, with the chain, fetched and complete_to of page. */
enum err_code moved_write(int *fd, const char *dir, const struct page_info *page,
                          const char *changes, size_t n, struct err *e) MUST_CHECK;
void moved_close(int *fd);

/* Is m about this very page, in the same history of the spool? */
bool moved_is_of(const struct moved *m, const struct page_info *page);
/* Replaces the content of now by the position: the page's own position `own` with the changes of m. Where the changes do not fit
 * that position, now becomes `own`. */
enum err_code moved_position(struct buf *now, const struct moved *m, const char *own,
                             struct err *e) MUST_CHECK;

#endif

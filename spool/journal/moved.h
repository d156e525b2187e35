/*
 * Where the extractor stands since a table's last page, when it has met but that page again:
 * <table>/moved.json (FORMAT.md, 19). A page that repeats the one before is not written again.
 *
 *     moved_write(&fd, dir, &info, changes, n, e);      // by the holder of the table's lock; fd is -1 at first
 *     moved_read(dir, &m, e);
 *     if (moved_is_of(&m, &page)) ...                   // else it is of a page that is the last no more
 *     moved_close(&fd);
 *
 * A hint file (hint_file.h): written in place, never synced. Losing it is harmless: the position is
 * that of the page, the list is asked for once more from there, and shows the page again.
 */
#ifndef NETTY_SPOOL_JOURNAL_MOVED_H
#define NETTY_SPOOL_JOURNAL_MOVED_H

#include "spool/format/hint_file.h"
#include "spool/format/page.h"
#include <stdbool.h>

#define MOVED_FILE "moved.json"
/* Changes of a position that are longer go with a page of their own. */
#define MOVED_CHANGES_MAX 1536

struct moved {
    uint64_t chain;                      /* of the page that was met again (journal_codec.h) */
    int64_t fetched;                     /* when, the last time */
    int64_t complete_to;                 /* the table is complete up to here, or WHEN_NONE */
    bool damaged;                        /* there is a file, and it cannot be read */
    size_t n;                            /* 0: there is no such word */
    char changes[MOVED_CHANGES_MAX + 1]; /* of the page's position (position_change.h) */
};

/* ERR_CONFIG for a newer format. */
enum err_code moved_read(const char *dir, struct moved *m, struct err *e) MUST_CHECK;
/* Of page's chain, fetched and complete_to. */
enum err_code moved_write(int *fd, const char *dir, const struct page_info *page,
                          const char *changes, size_t n, struct err *e) MUST_CHECK;
void moved_close(int *fd);

/* The very page, of the same history of the spool. */
bool moved_is_of(const struct moved *m, const struct page_info *page);
/* now is emptied, and becomes what it says of the page's own position; that itself, where it says what cannot be. */
enum err_code moved_position(struct buf *now, const struct moved *m, const char *own,
                             struct err *e) MUST_CHECK;

#endif

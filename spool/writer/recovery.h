/*
 * What a writer finds when it takes a table over: where the table stands, and whether its newest
 * segment can be gone on with. Removes what no reader can see (files of segments and compressions
 * that never came to be).
 */
#ifndef NETTY_SPOOL_WRITER_RECOVERY_H
#define NETTY_SPOOL_WRITER_RECOVERY_H

#include "spool/journal/journal.h"
#include "spool/journal/moved.h"

struct recovery {
    uint64_t number;        /* the greatest that a segment has, or has had; 0: none yet */
    struct page_place last; /* the last page that counts */
    uint64_t chain;         /* its chain (journal_codec.h); 0: not known */
    bool go_on;             /* the newest segment is whole and open, and all of it acknowledged */
    bool acked;             /* all its pages that count were acknowledged before */
    bool sealed;            /* it has its footer */
    uint64_t bytes;         /* of its records */
    uint64_t lines;
    uint64_t journal;                     /* bytes */
    int64_t since;                        /* when its first page was fetched, or WHEN_NONE */
    char position[PAGE_POSITION_MAX + 1]; /* to go on from; "" for the beginning */
    struct page_info page; /* the last before any damage; its place is {0, 0} where there is none */
    struct moved moved;    /* where that page was met again (moved.h) */
};

/* The position is that of the last page before any damage: what was lost behind it is fetched
 * again. Where the extractor has met the last page again since, it is the caller's to go on from
 * there (moved.h). Lines that were never acknowledged (acked.h) count once they have been written anew
 * (journal_rewrite.h), and then a new segment follows. */
enum err_code recover_table(struct recovery *r, const char *dir, const char *table,
                            struct err *e) MUST_CHECK;

#endif

/*
 * What a writer finds when it takes a table over: the table's position, and whether its newest segment
 * can be continued. Removes the files that no reader sees (segment_tidy).
 */
#ifndef NETTY_SPOOL_WRITER_RECOVERY_H
#define NETTY_SPOOL_WRITER_RECOVERY_H

#include "spool/journal/journal.h"
#include "spool/journal/moved.h"

struct recovery {
    uint64_t number;        /* the greatest number that a segment has, or has had; 0: none yet */
    struct page_place last; /* the last page that counts */
    uint64_t chain;         /* its chain (journal_codec.h); 0: not known */
    bool go_on;             /* continue the newest segment: whole, open, and all acknowledged */
    bool acked;             /* all its pages that count were acknowledged before */
    bool sealed;            /* it has its footer */
    uint64_t bytes;         /* of its records */
    uint64_t lines;
    uint64_t journal;                     /* bytes */
    int64_t since;                        /* when its first page was fetched, or WHEN_NONE */
    char position[PAGE_POSITION_MAX + 1]; /* to go on from; "": from the beginning */
    struct page_info page; /* the last page before any damage; place {0, 0}: there is none */
    struct moved moved;    /* moved.json, if that page was met again */
};

/* Fills r. The position is that of the last page before any damage, so what was lost behind it is fetched again. If the
 * extractor has met the last page again since, the caller applies r->moved to the position. Lines that were not acknowledged
 * (acked.h) count once the journal was written anew (journal_rewrite.h); a new segment follows then. */
enum err_code recover_table(struct recovery *r, const char *dir, const char *table,
                            struct err *e) MUST_CHECK;

#endif

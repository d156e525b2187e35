/*
 * What a database knows of one spool's table in one schema: how far each branch has been loaded, and what is missing (from a row set of
 * sql_progress_find).
 *
 * A branch is one way in which the spool has gone on. There are several only after a spool was restored or forked: then each is
 * named by the chain of the first page that differs; the first has no name.
 */
#ifndef NETTY_LOAD_TARGET_KNOWN_PROGRESS_H
#define NETTY_LOAD_TARGET_KNOWN_PROGRESS_H

#include "load/row/lane.h"
#include "shared/base/err.h"
#include <libpq-fe.h>

#define BRANCH_NAME 17 /* of a branch, with its end */
#define KNOWN_SPOOL 33 /* of a spool's identity */

struct known_branch {
    char name[BRANCH_NAME];
    struct lanes at;
    int64_t fetched; /* its newest page, or WHEN_NONE */
};

struct known_hole {
    char branch[BRANCH_NAME];
    struct page_place after, place;
    bool gap;
    bool seen; /* a reader has told of it again */
    int64_t since;
};

struct known_progress {
    struct known_branch *branches;
    size_t branches_count;
    struct known_hole *holes;
    size_t holes_count;
    char other[KNOWN_SPOOL]; /* another spool that the table was loaded from, or "" */
    int64_t other_at;        /* ... when last */
    char stored_in[64];      /* which table it was that was loaded last: its identity, or "" */
    bool foreign;            /* some of it is not yet the present table's: sql_progress_adopt */
};

/* The rows that are the table's. */
enum err_code known_progress_read(struct known_progress *k, const PGresult *r, const char *table,
                                  struct err *e) MUST_CHECK;
void known_progress_free(struct known_progress *k);

/* 16 digits, or 0 for none. */
uint64_t chain_parse(const char *text);
/* "" for none. */
const char *chain_text(char text[BRANCH_NAME], uint64_t chain);
/* The columns segment, page, line, chain from that one on. */
struct progress known_place(const PGresult *r, int row, int column);

#endif

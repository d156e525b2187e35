/*
 * What a database knows of one spool's table in one schema: how far each branch has been loaded, and which pages are missing (read
 * from the rows of sql_progress_find).
 *
 * A branch is one history of the spool. There are several only after a spool was restored or forked: then each branch is named by the
 * chain of its first page that differs from the others. The first branch has no name.
 */
#ifndef NETTY_LOAD_TARGET_KNOWN_PROGRESS_H
#define NETTY_LOAD_TARGET_KNOWN_PROGRESS_H

#include "load/row/lane.h"
#include "shared/base/err.h"
#include <libpq-fe.h>

#define BRANCH_NAME 17 /* of a branch's name, with its closing 0 */
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
    int64_t other_at;        /* when that was last */
    char
        stored_in[64]; /* the identity of the table that was loaded last (struct relation), or "" */
    bool foreign; /* some of this progress is not yet the present table's: sql_progress_adopt */
};

/* Takes those rows of the result that are about the table. */
enum err_code known_progress_read(struct known_progress *k, const PGresult *r, const char *table,
                                  struct err *e) MUST_CHECK;
void known_progress_free(struct known_progress *k);

/* Reads a chain of 16 digits; 0 for none. */
uint64_t chain_parse(const char *text);
/* Writes a chain as text; "" for none. Returns text. */
const char *chain_text(char text[BRANCH_NAME], uint64_t chain);
/* Reads the columns segment, page, line, chain, which begin at `column`. */
struct progress known_place(const PGresult *r, int row, int column);

#endif

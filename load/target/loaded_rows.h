/*
 * What a database has of a spool, table by table (from sql_loaded_progress): of the history that the spool now holds, in all schemas or
 * in one.
 *
 *     while (row < PQntuples(r) && loaded_rows_next(r, spool_dir, NULL, &row, &one, e) == OK) ...
 */
#ifndef NETTY_LOAD_TARGET_LOADED_ROWS_H
#define NETTY_LOAD_TARGET_LOADED_ROWS_H

#include "shared/base/err.h"
#include "shared/base/table_names.h"
#include "spool/format/page.h"
#include <libpq-fe.h>

struct loaded_row {
    char table[NAMES_TABLE_MAX + 1];
    struct page_place place; /* the pages up to and with that one are in, but for those that ... */
    uint64_t holes, gaps;    /* ... could not be read, and those that the spool holds no more; */
    struct page_place hole;  /* the first of the holes is behind that page */
    int64_t since;           /* the oldest of them, or WHEN_NONE */
    int64_t
        unchecked; /* since when check has to look at it (load/check/unchecked_mark.h), or WHEN_NONE */
    char book[64]; /* the bookkeeping's identity */
};

/* The table that row *row tells of; *row is moved behind its rows. schema: that one's alone, or NULL: what all have. */
enum err_code loaded_rows_next(const PGresult *r, const char *spool_dir, const char *schema,
                               int *row, struct loaded_row *out, struct err *e) MUST_CHECK;

#endif

/*
 * What a database has loaded of a spool, table by table (from the rows of sql_loaded_progress): of the history that the spool now
 * holds, in all schemas or in one.
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
    struct page_place place; /* the pages up to and with this one are in, but for holes and gaps */
    uint64_t holes, gaps;    /* how often pages could not be read; were no longer in the spool */
    struct page_place hole;  /* the first hole is behind this page */
    int64_t since;           /* the oldest hole, or WHEN_NONE */
    int64_t
        unchecked; /* since when check has to look at it (load/check/unchecked_mark.h), or WHEN_NONE */
    char book[64]; /* the bookkeeping's identity */
};

/* Reads the table that begins at row *row, and moves *row behind its rows. schema: only what this schema has; NULL: what all
 * schemas have. */
enum err_code loaded_rows_next(const PGresult *r, const char *spool_dir, const char *schema,
                               int *row, struct loaded_row *out, struct err *e) MUST_CHECK;

#endif

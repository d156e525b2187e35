/*
 * How one account stands, in a row: its verdict, how far it is, and its last runs.
 *
 *     rc = overview_row_look(&r, options, i, e);     // of the i-th account; what cannot be looked at has its row with the reason
 *     qsort(rows, n, sizeof *rows, overview_row_by_worst);
 *     overview_row_free(&r);
 *
 * Memory alone is a failure. The account's name is borrowed from the options.
 */
#ifndef NETTY_SPOOL_OVERVIEW_OVERVIEW_ROW_H
#define NETTY_SPOOL_OVERVIEW_OVERVIEW_ROW_H

#include "shared/options/options.h"
#include "spool/status/status.h"

struct overview_run {
    int64_t ended; /* WHEN_NONE: no run has ended */
    size_t tables; /* how many tables it had */
    size_t failed; /* how many of them failed */
    int64_t records;
    enum err_code code;              /* the gravest failure */
    char table[NAMES_TABLE_MAX + 1]; /* the table that failed so */
};

struct overview_row {
    const char *account;
    enum err_code code;
    const char *verdict;
    char *says; /* on the heap */
    size_t reasons;
    int64_t tables, pages, records, bytes, set_aside;
    int64_t complete_to, loaded_to; /* of the table that is furthest behind, or WHEN_NONE */
    struct overview_run runs[2];    /* enum run_history_side */
};

enum err_code overview_row_look(struct overview_row *r, const struct options *o, size_t i,
                                struct err *e) MUST_CHECK;
int overview_row_by_worst(const void *x, const void *y);
void overview_row_free(struct overview_row *r);

#endif

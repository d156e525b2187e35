/*
 * Tables for which the API sends no bytes at all, in each answer (table_fetch_result.silent). Where it answers for another table after
 * that, it is there, and trying again mends nothing: nothing proves that such a table is complete, and the run is none that failed. Where
 * it does not, the API is down.
 *
 *     silent_tables_other(rows, n)            // at the run's end: which table to request; NULL: there is nothing to find out
 *     silent_tables_judge(rows, n, answered)  // whether that was answered; false, too, where nothing could be requested
 */
#ifndef NETTY_EXTRACT_RUN_SILENT_TABLES_H
#define NETTY_EXTRACT_RUN_SILENT_TABLES_H

#include "extract/run/fetch_run_row.h"

/* Returns a table that this run has read. NULL: no table is silent, or none has been read. */
const char *silent_tables_other(const struct fetch_run_row *rows, size_t n);
void silent_tables_judge(struct fetch_run_row *rows, size_t n, bool answered);

#endif

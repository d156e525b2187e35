/*
 * Tables of a run that the API does not have (404): told at its end, with the nearest known name, or, where it
 * has none of them, as one message about --base-url; and remembered in the spool, so that they are not asked for in
 * each run.
 */
#ifndef NETTY_EXTRACT_RUN_UNKNOWN_TABLES_H
#define NETTY_EXTRACT_RUN_UNKNOWN_TABLES_H

#include "extract/run/fetch_run_row.h"

/* Fills in what the rows' errors say. True: the API has none of the run's tables, and all that is told. */
bool unknown_tables_explain(struct fetch_run_row *rows, size_t n,
                            const struct table_fetch_env *env);

#endif

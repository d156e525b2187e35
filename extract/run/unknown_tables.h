/*
 * The tables of a run that the API does not have (404). At the run's end each gets a message with the nearest known name; or,
 * if the API has none of the run's tables, all of them one message about --base-url. They are remembered in the spool, so that
 * they are not requested in each run.
 */
#ifndef NETTY_EXTRACT_RUN_UNKNOWN_TABLES_H
#define NETTY_EXTRACT_RUN_UNKNOWN_TABLES_H

#include "extract/run/fetch_run_row.h"

/* Completes the errors of the rows. Returns true if the API has none of the run's tables. */
bool unknown_tables_explain(struct fetch_run_row *rows, size_t n,
                            const struct table_fetch_env *env);

#endif

/*
 * Which tables a run fetches: those named on the command line, else the configured ones, else the
 * catalog that the loader last left in the spool. The catalog also tells how far the database is,
 * for a table that the spool knows nothing of.
 */
#ifndef NETTY_EXTRACT_RUN_FETCH_PLAN_H
#define NETTY_EXTRACT_RUN_FETCH_PLAN_H

#include "extract/run/fetch_run.h"
#include "shared/options/options.h"
#include "spool/control/catalog.h"
#include "spool/store/spool.h"

struct fetch_plan {
    struct fetch_run_want *wants;
    size_t count;
    struct catalog catalog;
};

/* spool may be NULL where there is none yet. ERR_USAGE, saying how to go on, when there is no table
 * to fetch. */
enum err_code fetch_plan_make(struct fetch_plan *p, const struct options *o,
                              const struct spool *spool, struct err *e) MUST_CHECK;
/* Leaves in the spool which tables a regular run was asked for, for those who look (asked_tables.h). A failure is logged only. */
void fetch_plan_tell(const struct fetch_plan *p, const struct options *o,
                     const struct spool *spool);
void fetch_plan_free(struct fetch_plan *p);

/* --dry-run: what would be asked first for each table, from where; to standard output. Writes
 * nothing else. */
enum err_code fetch_plan_show(const struct fetch_plan *p, const struct options *o,
                              const struct spool *spool, const struct table_fetch_env *env,
                              struct err *e) MUST_CHECK;

#endif

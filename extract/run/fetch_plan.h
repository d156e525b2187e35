/*
 * Which tables a run fetches: those named on the command line, else the configured ones, else those of the catalog (the list
 * of the database's tables) that the loader last wrote into the spool. The catalog also says how far the database is, for a
 * table of which the spool has nothing yet.
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

/* spool may be NULL if there is none yet. Fails with ERR_USAGE, and says how to go on, if there is no table to fetch. */
enum err_code fetch_plan_make(struct fetch_plan *p, const struct options *o,
                              const struct spool *spool, struct err *e) MUST_CHECK;
/* Writes into the spool which tables a regular run was asked for, so that the status can tell which ones are late
 * (asked_tables.h). A failure is only logged. */
void fetch_plan_tell(const struct fetch_plan *p, const struct options *o,
                     const struct spool *spool);
void fetch_plan_free(struct fetch_plan *p);

/* For --dry-run: prints what would be requested first for each table, and from where. Writes nothing. */
enum err_code fetch_plan_show(const struct fetch_plan *p, const struct options *o,
                              const struct spool *spool, const struct table_fetch_env *env,
                              struct err *e) MUST_CHECK;

#endif

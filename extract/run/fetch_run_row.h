/*
 * One table within a run.
 */
#ifndef NETTY_EXTRACT_RUN_FETCH_RUN_ROW_H
#define NETTY_EXTRACT_RUN_FETCH_RUN_ROW_H

#include "extract/table/table_fetch.h"
#include "spool/store/spool.h"

struct fetch_run_row {
    const char *name;
    struct table_fetch *table; /* while it is open */
    struct table_fetch_result result;
    bool started;
    bool ended;
    bool refused; /* waits until it is known what its refusal means (refusal_gate.h) */
    bool locked;  /* another run has the table, and is expected to end or to yield it soon */
    struct spool_wait *wait; /* tells that other run that somebody waits */
    unsigned looks;  /* how often the lock was found held by a run that seems not to yield it */
    int64_t floor;   /* see struct fetch_run_want */
    const char *key; /* the database's key column, or NULL */
};

#endif

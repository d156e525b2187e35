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
    bool refused;            /* waits for what its refusal means */
    bool locked;             /* another run has the table, and is to end, or to yield it, soon */
    struct spool_wait *wait; /* ... which sees that it is waited for */
    unsigned looks;          /* at a lock that others have, and do not yield as it seems */
    int64_t floor;
    const char *key; /* the database's own, or NULL */
};

#endif

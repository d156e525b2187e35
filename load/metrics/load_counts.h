/* What the loads of one table came to, summed up since the table was opened. Counts are of what is committed. */
#ifndef NETTY_LOAD_METRICS_LOAD_COUNTS_H
#define NETTY_LOAD_METRICS_LOAD_COUNTS_H

#include "load/database/db_decide.h"
#include <stdbool.h>
#include <stdint.h>

#define TABLE_TROUBLES (DB_FAULT + 1)
struct load_counts {
    uint64_t read, inserted, updated, unchanged, stale, folded, dead_letters;
    uint64_t new_letters; /* dead_letters that were not in the spool before */
    uint64_t batches;
    uint64_t retries;
    enum err_code trying; /* how the attempt failed that is being repeated; or OK */
    uint64_t
        troubles[TABLE_TROUBLES]; /* connections and transactions that failed, by enum db_trouble */
    uint64_t damaged;             /* pages passed over */
    int64_t busy;                 /* microseconds between table_load and done */
    int64_t
        greatest; /* the greatest time_modified that went in and is not in the future, or WHEN_NONE */
    bool whole;   /* the table was empty before */
};

#endif

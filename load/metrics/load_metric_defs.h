/* The loader's metrics: names, units, help (shared/metrics/metrics.h). */
#ifndef NETTY_LOAD_METRICS_LOAD_METRIC_DEFS_H
#define NETTY_LOAD_METRICS_LOAD_METRIC_DEFS_H

#include "shared/metrics/metrics.h"

enum meter {
    METER_BUILD,
    METER_LOADS,
    METER_LOAD_SECONDS,
    METER_ROWS,
    METER_READ,
    METER_BATCHES,
    METER_RETRIES,
    METER_DATABASE_ERRORS,
    METER_DAMAGED,
    METER_LAST_DURATION,
    METER_LAST_TIMESTAMP,
    METER_LAST_SUCCESS,
    METER_COMPLETE_TO,
    METER_WAITING_BYTES,
    METER_WAITING_RECORDS,
    METER_WAITING_PAGES,
    METER_WAITING_AGE,
    METER_ASIDE,
    METER_RATIO,
    METER_SPOOL_BYTES,
    METER_EXIT,
    METERS
};
extern const struct metric_def load_metric_defs[METERS];

#endif

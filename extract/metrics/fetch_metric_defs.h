/* The extractor's metrics: names, units, help (shared/metrics/metrics.h). */
#ifndef NETTY_EXTRACT_METRICS_FETCH_METRIC_DEFS_H
#define NETTY_EXTRACT_METRICS_FETCH_METRIC_DEFS_H

#include "shared/metrics/metrics.h"

enum meter {
    METER_BUILD,
    METER_RUNS,
    METER_RUN_SECONDS,
    METER_REQUESTS,
    METER_REQUEST_SECONDS,
    METER_PAGES,
    METER_RECORDS,
    METER_BYTES,
    METER_RECEIVED,
    METER_RETRIES,
    METER_API_ERRORS,
    METER_ODD,
    METER_LAST_DURATION,
    METER_LAST_TIMESTAMP,
    METER_LAST_SUCCESS,
    METER_COMPLETE_TO,
    METER_FETCHED,
    METER_ASIDE,
    METER_DAMAGED,
    METER_SPOOL_BYTES,
    METER_DISK_FREE,
    METER_BREAKER_OPEN,
    METER_BREAKER_UNTIL,
    METER_EXIT,
    METERS
};
extern const struct metric_def fetch_metric_defs[METERS];

#endif

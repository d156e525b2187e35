#include "extract/metrics/fetch_account_metrics.h"

#define P "netty_extract_"

/* clang-format off */
const struct metric_def fetch_account_metrics[ACCOUNT_METRICS] = {
    [ACCOUNT_METRIC_COUNT] = {P "requests_total", METRIC_COUNTER, {"account"},
        .help = "Requests made to the API."},
    [ACCOUNT_METRIC_COUNT + 1] = {P "pages_total", METRIC_COUNTER, {"account"},
        .help = "Pages that are durable in the spool."},
    [ACCOUNT_METRIC_COUNT + 2] = {P "records_total", METRIC_COUNTER, {"account"},
        .help = "Records in these pages."},
    [ACCOUNT_METRIC_COUNT + 3] = {P "bytes_total", METRIC_COUNTER, {"account"},
        .help = "Bytes of these records as lines of the spool."},
    [ACCOUNT_METRIC_COUNT + 4] = {P "retries_total", METRIC_COUNTER, {"account"},
        .help = "Requests that were made again."},
    ACCOUNT_METRICS_COMMON(P),
};

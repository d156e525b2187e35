#include "load/metrics/load_account_metrics.h"

#define P "netty_load_"

/* clang-format off */
const struct metric_def load_account_metrics[ACCOUNT_METRICS] = {
    [ACCOUNT_METRIC_COUNT] = {P "records_read_total", METRIC_COUNTER, {"account"},
        .help = "Records read from the spool."},
    [ACCOUNT_METRIC_COUNT + 1] = {P "rows_inserted_total", METRIC_COUNTER, {"account"},
        .help = "Records that became a new row."},
    [ACCOUNT_METRIC_COUNT + 2] = {P "rows_updated_total", METRIC_COUNTER, {"account"},
        .help = "Records that changed a row."},
    [ACCOUNT_METRIC_COUNT + 3] = {P "rows_unchanged_total", METRIC_COUNTER, {"account"},
        .help = "Records whose row was like them already."},
    [ACCOUNT_METRIC_COUNT + 4] = {P "rows_dead_total", METRIC_COUNTER, {"account"},
        .help = "Records that became dead letters."},
    ACCOUNT_METRICS_COMMON(P),
};
